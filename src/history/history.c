/* SPDX-License-Identifier: Apache-2.0 */
#include "src/history/history.h"
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "sql/catalog/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAITING_BYTES_MAX (INT64_C(16) << 20) /* what comes in beyond it is dropped */
#define PAUSE_MS          250                 /* what comes in meanwhile is written together */
#define TRIM_ROWS         1000                /* so many written, or... */
#define TRIM_US           INT64_C(600000000)  /* ... so long after the last time, and it is looked at what must go */
#define DAY_US            (INT64_C(86400) * 1000000)

struct HistoryRow
{
    HistoryRow *next;
    const char *view;
    int64_t at;
    Text bytes; /* u8 kind, value; ... */
};

struct History
{
    HistoryConfig config;
    _Atomic int64_t numbers[HISTORY_NUMBERS];
    pthread_t thread;
    bool running;
    pthread_mutex_t store_lock; /* taken first */
    Store *store;               /* NULL: nothing is kept */
    int64_t written;            /* rows since the last trim */
    int64_t trimmed_us;
    bool complained; /* of a write that failed, since one that worked */
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t woken;
    HistoryRow *first, **last;
    int64_t waiting_bytes;
    int64_t dropped;
    bool stopping;
};

static const char *const number_names[HISTORY_NUMBERS] = {[HISTORY_QUERY] = "query", [HISTORY_TRANSACTION] = "transaction"};

/* --- rows -------------------------------------------------------------------------------- */
HistoryRow *history_row(const char *view, int64_t at)
{
    HistoryRow *row = calloc(1, sizeof *row);
    if (row == NULL)
        return NULL; /* then it is not kept */
    row->view = view;
    row->at = at;
    text_init(&row->bytes, NULL);
    return row;
}

void history_int(HistoryRow *row, int64_t value)
{
    if (row == NULL)
        return;
    put_u8(&row->bytes, 'i');
    put_i64(&row->bytes, value);
}

void history_text(HistoryRow *row, const char *text)
{
    if (row == NULL)
        return;
    put_u8(&row->bytes, text == NULL ? 'n' : 's');
    if (text != NULL)
        put_str(&row->bytes, text);
}

void history_null(HistoryRow *row)
{
    history_text(row, NULL);
}

HistoryValue history_get(ByteReader *reader, Arena *arena)
{
    HistoryValue value = {.kind = reader->at < reader->end ? (char) get_u8(reader) : 0};
    if (value.kind == 'i')
        value.i = get_i64(reader);
    else if (value.kind == 's')
        value.s = get_str(reader, arena);
    else if (value.kind != 'n')
        value.kind = 0;
    if (reader->broken || (value.kind == 's' && value.s == NULL))
        value.kind = 0;
    return value;
}

void history_row_drop(HistoryRow *row)
{
    while (row != NULL)
    {
        HistoryRow *next = row->next;
        text_free(&row->bytes);
        free(row);
        row = next;
    }
}

void history_row_read(const HistoryRow *row, ByteReader *reader)
{
    reader_init(reader, row == NULL ? NULL : row->bytes.data, row == NULL ? 0 : row->bytes.length);
}

void history_chain(HistoryRow **chain, HistoryRow *row)
{
    while (*chain != NULL)
        chain = &(*chain)->next;
    *chain = row;
}

static void add_one(History *history, HistoryRow *row)
{
    int64_t bytes = (int64_t) (sizeof *row + row->bytes.capacity);
    pthread_mutex_lock(&history->lock);
    bool room = history->running && history->waiting_bytes + bytes <= WAITING_BYTES_MAX;
    bool wake = room && history->first == NULL;
    if (room)
    {
        *history->last = row;
        history->last = &row->next;
        history->waiting_bytes += bytes;
    }
    else
        history->dropped += history->running;
    if (wake)
        pthread_cond_signal(&history->woken);
    pthread_mutex_unlock(&history->lock);
    if (!room)
        history_row_drop(row);
}

void history_add(History *history, HistoryRow *row)
{
    while (row != NULL)
    {
        HistoryRow *next = row->next;
        row->next = NULL;
        add_one(history, row);
        row = next;
    }
}

/* --- the file ---------------------------------------------------------------------------- */
static Error *rows_add(History *history, const HistoryRow *rows)
{
    struct sqlite3_stmt *insert;
    Error *error = store_history_begin(history->store, &insert);
    for (const HistoryRow *row = rows; row != NULL && error == NULL; row = row->next)
    {
        StoreHistoryRow kept = {.view = row->view, .at = row->at, .bytes = row->bytes.data, .length = row->bytes.length};
        error = store_history_add(history->store, insert, &kept);
        history->written++;
    }
    store_history_end(insert);
    return error;
}

static Error *rows_write(History *history, const HistoryRow *rows)
{
    TRY(rows_add(history, rows));
    for (int32_t i = 0; i < HISTORY_NUMBERS; i++)
        TRY(store_history_keep_number(history->store, number_names[i], atomic_load(&history->numbers[i])));
    int64_t now = clock_us();
    if (history->written >= TRIM_ROWS || now - history->trimmed_us >= TRIM_US)
    {
        struct timespec wall;
        clock_gettime(CLOCK_REALTIME, &wall);
        int64_t since_2000 = (wall.tv_sec - INT64_C(946684800)) * 1000000;
        TRY(store_history_trim(history->store, since_2000 - history->config.days * DAY_US, history->config.bytes_max));
        history->written = 0;
        history->trimmed_us = now;
    }
    return store_run(history->store, "commit");
}

/* Takes the error. */
static void complain(History *history, Error *error)
{
    if (!history->complained)
        trace(TRACE_WARNING, "some history is not kept: %s%s%s", error->message, error->detail != NULL ? ": " : "",
              error->detail != NULL ? error->detail : "");
    history->complained = true;
    error_free(error);
}

/* Writes what waits.  store_lock is held. */
static void flush(History *history)
{
    pthread_mutex_lock(&history->lock);
    HistoryRow *rows = history->first;
    int64_t dropped = history->dropped;
    history->first = NULL;
    history->last = &history->first;
    history->waiting_bytes = history->dropped = 0;
    pthread_mutex_unlock(&history->lock);
    if (dropped > 0)
        trace(TRACE_WARNING, "%lld rows of history came faster than they could be written, and are not kept", (long long) dropped);
    if (rows == NULL || history->store == NULL)
        return;
    Error *error = rows_write(history, rows);
    if (error != NULL)
    {
        error_free(store_run(history->store, "rollback"));
        complain(history, error);
    }
    else
        history->complained = false;
    history_row_drop(rows);
}

Error *history_each(History *history, const char *view, Error *(*take)(void *context, const void *bytes, size_t length),
                    void *context)
{
    Error *error = NULL;
    pthread_mutex_lock(&history->store_lock);
    flush(history);
    if (history->store != NULL)
        error = store_history_each(history->store, view, take, context);
    pthread_mutex_unlock(&history->store_lock);
    return error;
}

/* --- the writer -------------------------------------------------------------------------- */
static void pause_until_stop(History *history)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!history->stopping && pthread_cond_timedwait(&history->woken, &history->lock, &until) == 0)
        ;
}

static void *writer_main(void *context)
{
    History *history = context;
    bool stopping = false;
    while (!stopping)
    {
        pthread_mutex_lock(&history->lock);
        while (history->first == NULL && !history->stopping)
            pthread_cond_wait(&history->woken, &history->lock);
        pause_until_stop(history);
        stopping = history->stopping;
        pthread_mutex_unlock(&history->lock);
        pthread_mutex_lock(&history->store_lock);
        flush(history);
        pthread_mutex_unlock(&history->store_lock);
    }
    return NULL;
}

/* --- its life ---------------------------------------------------------------------------- */
static Error *file_open(History *history)
{
    TRY(store_history_open(history->config.path, &history->store));
    for (int32_t i = 0; i < HISTORY_NUMBERS; i++)
    {
        int64_t number;
        TRY(store_history_number(history->store, number_names[i], &number));
        atomic_store(&history->numbers[i], number);
    }
    return NULL;
}

/* A damaged file stands aside, and another is begun. */
static Error *file_begin(History *history)
{
    Error *error = file_open(history);
    if (error == NULL || error->state != SQLSTATE_DATA_CORRUPTED)
        return error;
    store_close(history->store);
    history->store = NULL;
    Text aside;
    text_init(&aside, NULL);
    text_printf(&aside, "%s.damaged", history->config.path);
    trace(TRACE_WARNING, "the history is damaged: moved to \"%s\"", aside.data);
    bool moved = rename(history->config.path, aside.data) == 0;
    text_free(&aside);
    if (!moved)
        return error;
    error_free(error);
    return file_open(history);
}

History *history_open(const HistoryConfig *config)
{
    History *history = calloc(1, sizeof *history);
    if (history == NULL)
        return NULL;
    history->config = *config;
    history->config.path = strdup(config->path);
    history->last = &history->first;
    pthread_mutex_init(&history->store_lock, NULL);
    pthread_mutex_init(&history->lock, NULL);
    pthread_cond_init(&history->woken, NULL);
    Error *error = file_begin(history);
    if (error != NULL)
    {
        store_close(history->store);
        history->store = NULL;
        complain(history, error);
    }
    history->running = history->store != NULL && config->days > 0 &&
                       pthread_create(&history->thread, NULL, writer_main, history) == 0;
    return history;
}

void history_close(History *history)
{
    if (history == NULL)
        return;
    if (history->running)
    {
        pthread_mutex_lock(&history->lock);
        history->stopping = true;
        pthread_cond_signal(&history->woken);
        pthread_mutex_unlock(&history->lock);
        pthread_join(history->thread, NULL);
    }
    store_close(history->store);
    pthread_cond_destroy(&history->woken);
    pthread_mutex_destroy(&history->lock);
    pthread_mutex_destroy(&history->store_lock);
    free((char *) history->config.path);
    free(history);
}

int64_t history_next(History *history, HistoryNumber number)
{
    return atomic_fetch_add(&history->numbers[number], 1) + 1;
}
