/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpi/ at work: mpirun -n 1|2|3|5 test_net.  The leader plays conductor, every compute node a task a
 * command.  Prints a line a test; nonzero if one failed.
 */
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "base/data/hash.h"
#include "mpi/agree.h"
#include "mpi/command.h"
#include "mpi/exchange.h"

#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef enum Op
{
    OP_ECHO,         /* reply = command */
    OP_SHUFFLE,      /* all to all, threads send and receive at once */
    OP_STORE_FIRST,  /* all to all, send everything, then receive */
    OP_SMALL,        /* many small buffers, one opens late */
    OP_BROADCAST,
    OP_GATHER,       /* to the leader, in order */
    OP_SCATTER,      /* from the leader */
    OP_FAIL,         /* node 0 fails in the middle */
    OP_NEVER_OPENED, /* the last node does not take part */
    OP_CANCEL,       /* nobody finishes until cancelled */
    OP_STARVE,       /* budget too small and nobody receives */
    OP_SQUEEZE,      /* budget too small, but somebody receives */
    OP_CPU           /* reply = CPU microseconds used so far */
} Op;

typedef struct Task
{
    int32_t op;
    int32_t buffers;  /* a sender and receiver */
    int64_t bytes;    /* a buffer, at most */
    uint64_t seed;
} Task;

typedef struct Sums
{
    uint64_t sent;
    uint64_t received;
    int64_t bytes;
    int64_t buffers;
} Sums;

static int failures;

static void check(bool good, const char *what)
{
    if (!good)
    {
        failures++;
        printf("  FAILED: %s\n", what);
        fflush(stdout);
    }
}

static void check_error(Error *error, const char *what)
{
    if (error != NULL)
        printf("  %s: %s %s\n", what, sqlstate_code(error->state), error->message);
    check(error == NULL, what);
    error_free(error);
}

/* ---- buffers with content that can be checked ---- */

static uint64_t bytes_sum(const ExchangeBuffer *buffer)
{
    uint64_t sum = buffer->length;
    for (size_t i = 0; i + 8 <= buffer->length; i += 8)
    {
        uint64_t word;
        memcpy(&word, buffer->data + i, 8);
        sum = sum * 31 + word;
    }
    return hash_u64(sum);
}

static Error *buffer_make(World *world, uint64_t seed, int64_t bytes_max, ExchangeBuffer **out)
{
    size_t length = (size_t) (hash_u64(seed) % (uint64_t) bytes_max);
    size_t capacity = length <= EXCHANGE_BUFFER_BYTES ? EXCHANGE_BUFFER_BYTES : length;
    TRY(exchange_buffer_new(world, capacity, out));
    (*out)->length = length;
    for (size_t i = 0; i < length; i += 8)
    {
        uint64_t word = seed + i * UINT64_C(0x9e3779b97f4a7c15);
        memcpy((*out)->data + i, &word, length - i < 8 ? length - i : 8);
    }
    return NULL;
}

/* ---- tasks of a compute node ---- */

static Error *send_share(World *world, Exchange *x, const Task *task, int32_t thread, int32_t threads, Sums *sums)
{
    int32_t count = world_compute_count(world), me = world_compute_index(world);
    for (int32_t i = thread; i < task->buffers; i += threads)
        for (int32_t step = 0; step < count; step++)
        {
            int32_t to = (me + step) % count;
            ExchangeBuffer *buffer;
            uint64_t seed = task->seed + (uint64_t) (i * 131 + to * 17 + me + 1) * 7919;
            TRY(buffer_make(world, seed, task->bytes, &buffer));
            sums->sent += bytes_sum(buffer);
            sums->bytes += (int64_t) buffer->length;
            sums->buffers++;
            TRY(exchange_send(x, to, buffer));
        }
    return NULL;
}

static Error *receive_all(World *world, Exchange *x, Sums *sums)
{
    for (;;)
    {
        ExchangeBuffer *buffer;
        TRY(exchange_receive(x, &buffer));
        if (buffer == NULL)
            return NULL;
        sums->received += bytes_sum(buffer);
        exchange_buffer_free(world, buffer);
    }
}

static void sums_add(Sums *to, const Sums *more)
{
    to->sent += more->sent;
    to->received += more->received;
    to->bytes += more->bytes;
    to->buffers += more->buffers;
}

/* Two threads send, two receive; or all send and then all receive. */
static Error *task_shuffle(World *world, Exchange *x, const Task *task, bool store_first, Sums *sums)
{
    Error *errors[4] = {NULL};
    Sums parts[4] = {{0}};
    int32_t sending = 2;
#pragma omp parallel num_threads(4)
    {
        int32_t t = omp_get_thread_num();
        if (t < 2)
        {
            errors[t] = send_share(world, x, task, t, 2, &parts[t]);
            int32_t left;
#pragma omp atomic capture
            left = --sending;
            if (left == 0 && errors[t] == NULL)
                errors[t] = exchange_finish(x, false);
        }
        if (store_first)
        {
#pragma omp barrier
        }
        if (t >= 2)
            errors[t] = receive_all(world, x, &parts[t]);
    }
    for (int32_t t = 0; t < 4; t++)
        sums_add(sums, &parts[t]);
    return errors_agree(errors, 4);
}

static Error *task_broadcast(World *world, Exchange *x, const Task *task, Sums *sums)
{
    for (int32_t i = 0; i < task->buffers; i++)
    {
        ExchangeBuffer *buffer;
        TRY(buffer_make(world, task->seed + (uint64_t) i, task->bytes, &buffer));
        sums->sent += bytes_sum(buffer) * (uint64_t) world_compute_count(world);
        TRY(exchange_broadcast(x, buffer));
    }
    TRY(exchange_finish(x, false));
    return receive_all(world, x, sums);
}

static Error *task_gather(World *world, Exchange *x, const Task *task)
{
    for (int32_t i = 0; i < task->buffers; i++)
    {
        ExchangeBuffer *buffer;
        TRY(exchange_buffer_new(world, EXCHANGE_BUFFER_BYTES, &buffer));
        memcpy(buffer->data, &i, sizeof i);
        buffer->length = sizeof i + (size_t) task->bytes * (size_t) (i % 3);
        TRY(exchange_send(x, LEADER_INDEX, buffer));
    }
    return exchange_finish(x, false);
}

static Error *task_starve(World *world, Exchange *x, const Task *task, Sums *sums)
{
    TRY(send_share(world, x, task, 0, 1, sums));
    TRY(exchange_finish(x, false));
    if (task->op == OP_STARVE)
        usleep(300000);
    return receive_all(world, x, sums);
}

static Error *task_cancel(World *world, Exchange *x)
{
    ExchangeBuffer *buffer = NULL;
    while (buffer == NULL)
        TRY(exchange_receive(x, &buffer));
    exchange_buffer_free(world, buffer);
    return NULL;
}

static Error *task_fail(World *world, Exchange *x, const Task *task, Sums *sums)
{
    if (world_compute_index(world) == 0)
    {
        Task half = *task;
        half.buffers = 2;
        TRY(send_share(world, x, &half, 0, 1, sums));
        return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    }
    TRY(send_share(world, x, task, 0, 1, sums));
    TRY(exchange_finish(x, false));
    return receive_all(world, x, sums);
}

static Error *task_exchange(World *world, uint64_t query, const Task *task, Sums *sums)
{
    int32_t me = world_compute_index(world);
    Budget budget;
    bool tight = task->op == OP_STARVE || task->op == OP_SQUEEZE;
    budget_init(&budget, tight ? 1024 * 1024 : INT64_C(1) << 40);
    if (task->op == OP_SMALL && me == 0)
        usleep(100000);
    ExchangeRoute route = task->op == OP_GATHER    ? EXCHANGE_COMPUTE_TO_LEADER
                          : task->op == OP_SCATTER ? EXCHANGE_LEADER_TO_COMPUTE
                                                   : EXCHANGE_COMPUTE_TO_COMPUTE;
    if (task->op == OP_NEVER_OPENED && world_compute_count(world) > 1 && me == world_compute_count(world) - 1)
        return error_new(SQLSTATE_IO_ERROR, "no such module");
    Exchange *x;
    TRY(exchange_open(world, query, 7, route, &budget, &x));
    Error *error = NULL;
    switch ((Op) task->op)
    {
    case OP_SHUFFLE:
    case OP_SMALL:
    case OP_SQUEEZE:
        error = task_shuffle(world, x, task, false, sums);
        break;
    case OP_STORE_FIRST:
        error = task_shuffle(world, x, task, true, sums);
        break;
    case OP_BROADCAST:
        error = task_broadcast(world, x, task, sums);
        break;
    case OP_GATHER:
        error = task_gather(world, x, task);
        break;
    case OP_SCATTER:
        error = receive_all(world, x, sums);
        break;
    case OP_CANCEL:
        error = task_cancel(world, x);
        break;
    case OP_NEVER_OPENED:
    case OP_STARVE:
        error = task_starve(world, x, task, sums);
        break;
    default:
        error = task_fail(world, x, task, sums);
    }
    exchange_close(x);
    return error;
}

static int64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * INT64_C(1000000) + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_sec * INT64_C(1000000) + usage.ru_stime.tv_usec;
}

static Error *task_run(World *world, const Command *command)
{
    Task task;
    ASSERT(command->length >= sizeof task);
    memcpy(&task, command->bytes, sizeof task);
    if (task.op == OP_ECHO)
        return reply_send(world, command->query, command->bytes, command->length);
    Sums sums = {0};
    Error *error = NULL;
    if (task.op == OP_CPU)
        sums.bytes = cpu_us();
    else
        error = task_exchange(world, command->query, &task, &sums);
    progress_send(world, command->query, 1, 1);
    if (error != NULL)
        command_cancel(world, command->query); /* as every task that fails: others may wait for it */
    Text reply;
    text_init(&reply, NULL);
    put_run(&reply, &sums, sizeof sums);
    error_write(&reply, error);
    error_free(error);
    Error *sent = reply_send(world, command->query, reply.data, reply.length);
    text_free(&reply);
    return sent;
}

static void *compute_day(void *context)
{
    World *world = context;
    for (;;)
    {
        Command command;
        Error *error = command_wait(world, &command);
        if (error == NULL && command.kind == COMMAND_WORK)
            error = task_run(world, &command);
        if (error == NULL)
            free(command.bytes);
        if (error != NULL)
            fprintf(stderr, "compute: %s\n", error->message);
        if (error != NULL || command.kind == COMMAND_STOP)
        {
            error_free(error);
            return NULL;
        }
    }
}

/* ---- the leader ---- */

static uint64_t next_query = 1000;

static void task_send(World *world, uint64_t query, const Task *task)
{
    check_error(command_send(world, query, task, sizeof *task), "command_send");
}

/* Sums and the verdict of all nodes. */
static Error *verdict_take(World *world, uint64_t query, Sums *sums)
{
    int32_t count = world_compute_count(world);
    Reply *replies = calloc((size_t) count, sizeof *replies);
    Error **errors = calloc((size_t) count, sizeof *errors);
    Error *verdict = reply_wait(world, query, replies, NULL, NULL, clock_us() + 60000000);
    if (verdict == NULL)
    {
        for (int32_t i = 0; i < count; i++)
        {
            ByteReader reader;
            size_t length;
            reader_init(&reader, replies[i].bytes, replies[i].length);
            const void *run = get_run(&reader, &length);
            Sums part;
            ASSERT(length == sizeof part);
            memcpy(&part, run, sizeof part);
            sums_add(sums, &part);
            check_error(error_read(&reader, &errors[i]), "error_read");
            free(replies[i].bytes);
        }
        verdict = errors_agree(errors, count);
    }
    free(replies);
    free(errors);
    return verdict;
}

static void test_shuffle(World *world, Op op, const char *name, int32_t buffers, int64_t bytes)
{
    uint64_t query = next_query++;
    Task task = {.op = op, .buffers = buffers, .bytes = bytes, .seed = query * 1000003};
    Sums sums = {0};
    int64_t began = clock_us();
    task_send(world, query, &task);
    check_error(verdict_take(world, query, &sums), name);
    int64_t us = clock_us() - began;
    query_end(world, query);
    check(sums.sent == sums.received && sums.sent != 0, name);
    printf("  %-12s %8.1f MB in %6lld buffers, %7.1f ms\n", name, (double) sums.bytes / 1e6, (long long) sums.buffers,
           (double) us / 1e3);
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static void test_latency(World *world, int32_t pause_us, size_t length)
{
    int64_t times[100];
    int32_t rounds = length > 1000000 ? 5 : 100;
    Task *task = calloc(1, length < sizeof *task ? sizeof *task : length);
    length = length < sizeof *task ? sizeof *task : length;
    task->op = OP_ECHO;
    Reply replies[64];
    for (int32_t i = 0; i < rounds; i++)
    {
        uint64_t query = next_query++;
        usleep((useconds_t) pause_us);
        task->seed = query;
        int64_t began = clock_us();
        check_error(command_send(world, query, task, length), "command_send");
        check_error(reply_wait(world, query, replies, NULL, NULL, clock_us() + 30000000), "reply_wait");
        times[i] = clock_us() - began;
        for (int32_t k = 0; k < world_compute_count(world); k++)
        {
            check(replies[k].length == length && memcmp(replies[k].bytes, task, length) == 0, "echo");
            free(replies[k].bytes);
        }
        query_end(world, query);
    }
    free(task);
    qsort(times, (size_t) rounds, sizeof *times, compare_i64);
    printf("  %zu bytes there and back, %d us pause: median %lld us, worst %lld us\n", length, pause_us,
           (long long) times[rounds / 2], (long long) times[rounds - 1]);
}

static void test_gather(World *world)
{
    uint64_t query = next_query++;
    Task task = {.op = OP_GATHER, .buffers = 200, .bytes = 40000};
    Exchange *x;
    check_error(exchange_open(world, query, 8, EXCHANGE_COMPUTE_TO_LEADER, NULL, &x), "exchange_open");
    exchange_close(x); /* of another number: nobody sends there; it stays until the query ends */
    check_error(query_begin(world, query), "query_begin");
    task_send(world, query, &task);
    if (world_size(world) == 1)
    {
        Sums none = {0}; /* sender and receiver are one: the task's own exchange was closed by it */
        check_error(verdict_take(world, query, &none), "gather");
        query_end(world, query);
        return;
    }
    check_error(exchange_open(world, query, 7, EXCHANGE_COMPUTE_TO_LEADER, NULL, &x), "exchange_open");
    int64_t total = 0;
    for (int32_t node = 0; node < world_compute_count(world); node++)
        for (int32_t expected = 0;; expected++)
        {
            ExchangeBuffer *buffer = NULL;
            Error *error = exchange_receive_from(x, node, &buffer);
            check(error == NULL, "exchange_receive_from");
            error_free(error);
            if (buffer == NULL)
            {
                check(expected == task.buffers, "all buffers of a node");
                break;
            }
            int32_t number;
            memcpy(&number, buffer->data, sizeof number);
            check(number == expected && buffer->from == node, "order of a lane");
            total += (int64_t) buffer->length;
            exchange_buffer_free(world, buffer);
        }
    exchange_close(x);
    Sums sums = {0};
    check_error(verdict_take(world, query, &sums), "gather");
    int64_t done, of;
    check(progress_get(world, query, &done, &of) && done == world_compute_count(world), "progress");
    query_end(world, query);
    printf("  gather       %8.1f MB in order\n", (double) total / 1e6);
}

static void test_scatter(World *world)
{
    if (world_size(world) == 1)
        return; /* one exchange a rank and number: the loop-back is what OP_SHUFFLE tests */
    uint64_t query = next_query++;
    Task task = {.op = OP_SCATTER};
    Exchange *x;
    task_send(world, query, &task);
    check_error(exchange_open(world, query, 7, EXCHANGE_LEADER_TO_COMPUTE, NULL, &x), "exchange_open");
    uint64_t sent = 0;
    for (int32_t i = 0; i < 300; i++)
    {
        ExchangeBuffer *buffer;
        check_error(buffer_make(world, query + (uint64_t) i, 300000, &buffer), "buffer_make");
        sent += bytes_sum(buffer);
        check_error(exchange_send(x, i % world_compute_count(world), buffer), "exchange_send");
    }
    check_error(exchange_finish(x, false), "exchange_finish");
    exchange_close(x);
    Sums sums = {0};
    check_error(verdict_take(world, query, &sums), "scatter");
    check(sums.received == sent, "scatter: what was sent has come");
    query_end(world, query);
    printf("  scatter      from the leader\n");
}

static void test_failing(World *world, Op op, const char *name, const char *code)
{
    uint64_t query = next_query++;
    /* a node alone sends few: it receives only after it has sent */
    Task task = {.op = op, .buffers = op == OP_STARVE ? 40 : 4, .bytes = 200000, .seed = query};
    Sums sums = {0};
    int64_t began = clock_us();
    task_send(world, query, &task);
    if (op == OP_CANCEL)
    {
        usleep(50000);
        began = clock_us();
        command_cancel(world, query);
    }
    Error *verdict = verdict_take(world, query, &sums);
    int64_t us = clock_us() - began;
    if (verdict != NULL && op != OP_CANCEL)
        check(query_cancelled(world, query), "a failing task cancels the query");
    check(verdict != NULL && strcmp(sqlstate_code(verdict->state), code) == 0, name);
    printf("  %-12s %s %s, %.1f ms\n", name, verdict == NULL ? "-" : sqlstate_code(verdict->state),
           verdict == NULL ? "no error" : verdict->message, (double) us / 1e3);
    error_free(verdict);
    query_end(world, query);
}

static void test_idle(World *world)
{
    Task task = {.op = OP_CPU};
    Sums before = {0}, after = {0};
    uint64_t query = next_query++;
    task_send(world, query, &task);
    check_error(verdict_take(world, query, &before), "cpu");
    query_end(world, query);
    int64_t mine = cpu_us();
    usleep(3000000);
    mine = cpu_us() - mine;
    query = next_query++;
    task_send(world, query, &task);
    check_error(verdict_take(world, query, &after), "cpu");
    query_end(world, query);
    double compute = (double) (after.bytes - before.bytes) / 3e6 * 100 / world_compute_count(world);
    double leader = (double) mine / 3e6 * 100;
    printf("  idle CPU     leader %.2f %%, a compute node %.2f %%\n", leader, compute);
    check(leader < 1 && compute < 1, "idle CPU below 1 %");
}

static void leader_day(World *world)
{
    const void *const *blobs;
    const size_t *lengths;
    char mine[64];
    int length = snprintf(mine, sizeof mine, "rank %d", world_rank(world));
    check_error(world_gather(world, mine, (size_t) length + 1, &blobs, &lengths), "world_gather");
    for (int32_t i = 0; i < world_size(world); i++)
    {
        snprintf(mine, sizeof mine, "rank %d", i);
        check(lengths[i] == strlen(mine) + 1 && strcmp(blobs[i], mine) == 0, "gathered blob");
    }
    int32_t count = world_compute_count(world);
    test_latency(world, 0, 0);
    test_latency(world, 5000, 0);
    test_latency(world, 0, 60000);
    test_latency(world, 0, 200000);
    test_latency(world, 0, 3000000);
    /* buffers of 256 KB at most, half of that on average: 200 MB in all */
    test_shuffle(world, OP_SHUFFLE, "shuffle", 1600 / count / count, 256 * 1024);
    test_shuffle(world, OP_STORE_FIRST, "store first", 400 / count / count, 256 * 1024);
    test_shuffle(world, OP_SMALL, "small", 2000 / count, 100);
    test_shuffle(world, OP_SHUFFLE, "large", 3, 20000000);
    test_shuffle(world, OP_BROADCAST, "broadcast", 4, 256 * 1024);
    test_shuffle(world, OP_SQUEEZE, "squeeze", 100, 256 * 1024);
    test_gather(world);
    test_scatter(world);
    test_failing(world, OP_FAIL, "fail", "22012");
    if (count > 1)
        test_failing(world, OP_NEVER_OPENED, "never opened", "58030");
    test_failing(world, OP_CANCEL, "cancel", "57014");
    if (count > 1)
        test_failing(world, OP_STARVE, "starve", "53200");
    test_shuffle(world, OP_SMALL, "small again", 500, 3000);
    test_idle(world);
}

int main(int argc, char **argv)
{
    World *world;
    int64_t began = clock_us();
    Error *error = world_start(&world, &argc, &argv);
    if (error != NULL)
    {
        fprintf(stderr, "test_net: %s\n", error->message);
        return 1;
    }
    trace_set(TRACE_LOG, world_rank(world));
    if (world_is_leader(world))
    {
        printf("world of %d, %d compute, started in %.0f ms\n", world_size(world), world_compute_count(world),
               (double) (clock_us() - began) / 1e3);
        pthread_t node;
        bool alone = world_size(world) == 1;
        if (alone)
            pthread_create(&node, NULL, compute_day, world);
        leader_day(world);
        command_stop(world);
        if (alone)
            pthread_join(node, NULL);
    }
    else
    {
        char mine[64];
        const void *const *blobs;
        const size_t *lengths;
        int length = snprintf(mine, sizeof mine, "rank %d", world_rank(world));
        check_error(world_gather(world, mine, (size_t) length + 1, &blobs, &lengths), "world_gather");
        compute_day(world);
    }
    bool leader = world_is_leader(world);
    began = clock_us();
    check_error(world_stop(world), "world_stop");
    if (leader)
        printf("stopped in %.0f ms: %s\n", (double) (clock_us() - began) / 1e3, failures == 0 ? "passed" : "FAILED");
    return failures != 0;
}
