/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/team.h"

#include "base/core/assert.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct Team
{
    int32_t threads;
    _Atomic uint64_t turn; /* number of the current job */
    _Atomic int32_t busy;  /* workers that have not finished it, without worker 0 */
    _Atomic bool end;
    int32_t count;
    TeamJob *job;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t begin;
    pthread_cond_t done;
    int32_t sleepers;   /* under lock */
    bool master_sleeps; /* under lock */
    bool spin;          /* more than one processor: watching is worth it */
};

#define SPIN_US 30

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Watches *word for a while; true when it is no longer `old`. */
static bool turn_watch(Team *team, uint64_t old)
{
    if (!team->spin)
        return atomic_load(&team->turn) != old;
    int64_t until = now_ns() + SPIN_US * 1000;
    do
    {
        for (int i = 0; i < 32; i++)
        {
            if (atomic_load_explicit(&team->turn, memory_order_acquire) != old)
                return true;
            pause_cpu();
        }
    } while (now_ns() < until);
    return false;
}

static void worker_work(Team *team, int32_t worker)
{
    uint64_t seen = 0;
    for (;;)
    {
        if (!turn_watch(team, seen))
        {
            pthread_mutex_lock(&team->lock);
            team->sleepers++;
            while (atomic_load(&team->turn) == seen)
                pthread_cond_wait(&team->begin, &team->lock);
            team->sleepers--;
            pthread_mutex_unlock(&team->lock);
        }
        seen = atomic_load(&team->turn);
        if (atomic_load(&team->end))
            return;
        if (worker < team->count)
            team->job(team->context, worker);
        if (atomic_fetch_sub(&team->busy, 1) == 1)
        {
            pthread_mutex_lock(&team->lock);
            if (team->master_sleeps)
                pthread_cond_signal(&team->done);
            pthread_mutex_unlock(&team->lock);
        }
    }
}

static void team_wake(Team *team)
{
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->turn, 1);
    if (team->sleepers > 0)
        pthread_cond_broadcast(&team->begin);
    pthread_mutex_unlock(&team->lock);
}

static void team_wait(Team *team)
{
    int64_t until = now_ns() + SPIN_US * 1000;
    while (team->spin && atomic_load(&team->busy) > 0 && now_ns() < until)
        for (int i = 0; i < 32 && atomic_load(&team->busy) > 0; i++)
            pause_cpu();
    if (atomic_load(&team->busy) == 0)
        return;
    pthread_mutex_lock(&team->lock);
    team->master_sleeps = true;
    while (atomic_load(&team->busy) > 0)
        pthread_cond_wait(&team->done, &team->lock);
    team->master_sleeps = false;
    pthread_mutex_unlock(&team->lock);
}

void team_run(Team *team, int32_t count, TeamJob *job, void *context)
{
    if (team == NULL || count <= 1)
    {
        job(context, 0);
        return;
    }
    ASSERT(count <= team->threads);
    team->count = count;
    team->job = job;
    team->context = context;
    atomic_store(&team->busy, team->threads - 1);
    team_wake(team);
    job(context, 0);
    team_wait(team);
}

void team_open(int32_t threads, void (*main_)(Team *team, void *context), void *context)
{
    ASSERT(threads >= 1 && threads <= TEAM_THREADS_MAX);
    Team team = {.threads = threads, .spin = sysconf(_SC_NPROCESSORS_ONLN) > 1};
    pthread_mutex_init(&team.lock, NULL);
    pthread_cond_init(&team.begin, NULL);
    pthread_cond_init(&team.done, NULL);
    omp_set_dynamic(0);
#pragma omp parallel num_threads(threads)
    {
        if (omp_get_thread_num() == 0)
        {
            team.threads = omp_get_num_threads(); /* fewer where a thread limit says so */
            main_(&team, context);
            atomic_store(&team.end, true);
            team_wake(&team);
        }
        else
            worker_work(&team, omp_get_thread_num());
    }
    pthread_cond_destroy(&team.begin);
    pthread_cond_destroy(&team.done);
    pthread_mutex_destroy(&team.lock);
}

int32_t team_threads(const Team *team)
{
    return team == NULL ? 1 : team->threads;
}

/* ---- how many ---- */

static int32_t number_in_env(const char *name)
{
    const char *text = getenv(name);
    long value = text == NULL ? 0 : strtol(text, NULL, 10);
    return value > 0 && value < 1000000 ? (int32_t) value : 0;
}

/* Cores granted by cgroup v2's cpu.max ("200000 100000"), 0 if unlimited or not told. */
static int32_t cgroup_cores(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file == NULL)
        return 0;
    long long quota = 0, period = 0;
    int fields = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return fields == 2 && period > 0 && quota > 0 ? (int32_t) ((quota + period - 1) / period) : 0;
}

/* The leader of several hardly computes. */
int32_t team_ranks_here(void)
{
    int32_t local = number_in_env("OMPI_COMM_WORLD_LOCAL_SIZE");
    if (local == 0)
        local = number_in_env("MPI_LOCALNRANKS");
    int32_t world = number_in_env("OMPI_COMM_WORLD_SIZE");
    if (world > 1 && local == world)
        local--;
    return local > 0 ? local : 1;
}

int32_t team_size(int32_t asked)
{
    int32_t threads = asked > 0 ? asked : number_in_env("OMP_NUM_THREADS");
    if (threads == 0)
    {
        cpu_set_t set;
        CPU_ZERO(&set);
        int32_t online = (int32_t) sysconf(_SC_NPROCESSORS_ONLN);
        int32_t mine = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : online;
        int32_t granted = cgroup_cores();
        threads = granted > 0 && granted < mine ? granted : mine;
        if (mine >= online) /* not bound: the ranks of this machine share it */
            threads /= team_ranks_here();
    }
    return threads < 1 ? 1 : threads > TEAM_THREADS_MAX ? TEAM_THREADS_MAX : threads;
}
