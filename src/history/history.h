/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history: rows of system views that tell what has happened, kept in DIR/history.db over restarts.
 *
 *     session's thread                      writer's thread, four times a second at most
 *     history_row, history_int, ...
 *     history_add  --> waiting rows  -->    one transaction of SQLite
 *                                           what is too old or too much goes
 *     history_each <-- the file, after writing what waits
 *
 * A killed process loses what came in its last quarter of a second.
 */
#ifndef SRC_HISTORY_HISTORY_H
#define SRC_HISTORY_HISTORY_H

#include "base/core/bytes.h"

typedef struct History History;
typedef struct HistoryRow HistoryRow;

/* Counters that go on from job to job. */
typedef enum HistoryNumber
{
    HISTORY_QUERY,
    HISTORY_TRANSACTION,
    HISTORY_NUMBERS
} HistoryNumber;

typedef struct HistoryConfig
{
    const char *path;
    int32_t days;      /* 0: nothing is kept */
    int64_t bytes_max; /* of the file */
} HistoryConfig;

/* Always works: what hinders it is told in the log, and nothing is kept then.  The path is copied. */
History *history_open(const HistoryConfig *config);
/* Writes what waits.  NULL is fine. */
void history_close(History *history);

/* The next number. */
int64_t history_next(History *history, HistoryNumber number);

/* A row of the view: its columns follow in order, then history_add().  `view` is borrowed for good; at: microseconds since
 * 2000. */
HistoryRow *history_row(const char *view, int64_t at);
void history_int(HistoryRow *row, int64_t value);
void history_text(HistoryRow *row, const char *text); /* NULL is null */
void history_null(HistoryRow *row);
/* What it is so far; and its end, with its chain, without being handed over. */
void history_row_read(const HistoryRow *row, ByteReader *reader);
void history_row_drop(HistoryRow *row);
/* Puts it behind others that are handed over, or dropped, together; *chain is NULL at first. */
void history_chain(HistoryRow **chain, HistoryRow *row);
/* Hands it over, with its chain.  Local, and short. */
void history_add(History *history, HistoryRow *row);

/* A column of a kept row. */
typedef struct HistoryValue
{
    char kind; /* i, s, n; 0: there are no more, or the row is damaged */
    int64_t i;
    char *s; /* lives in the arena given */
} HistoryValue;
HistoryValue history_get(ByteReader *reader, Arena *arena);

/* The rows of a view, oldest first; take()'s error ends it. */
Error *history_each(History *history, const char *view, Error *(*take)(void *context, const void *bytes, size_t length),
                    void *context) MUST_USE;

#endif
