/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement's result: its columns once, then its rows.  Who makes them does not know where they go:
 *
 *     simple query           RowDescription, DataRow...        to the client, as they come
 *     Execute                DataRow...                        Describe has told the columns
 *     COPY TO STDOUT         CopyOutResponse, CopyData...
 *     cursor, Execute with   kept as packed rows, and handed out in parts; encoded then, for each part may be
 *     a limit                asked for in another format
 */
#ifndef SRC_LEADER_RESULT_H
#define SRC_LEADER_RESULT_H

#include "base/data/row.h"
#include "src/leader/copy_out.h"
#include "src/leader/leader.h"

/* Rows that wait to be handed out. */
typedef struct KeptRows KeptRows;

typedef struct Result
{
    Session *session;
    bool describe;           /* RowDescription is sent before the rows */
    int32_t format_count;    /* as Bind says them: 0 all text, 1 for all columns, else one a column */
    const uint16_t *formats; /* borrowed: 0 text, 1 binary */
    KeptRows *kept;          /* not NULL: where the rows go instead of to the client */
    CopyOut *copy;           /* not NULL: they go there as CopyData */
    int32_t column_count;    /* set by result_begin() */
    uint16_t *column_formats;
} Result;

/* Columns are copied where they must be.  08P01 if there are not as many formats. */
Error *result_begin(Result *result, Arena *arena, const WireColumn *columns, int32_t count) MUST_USE;
/* `count` rows whose first fields are the columns.  57014 when cancelled, 08006; 53200 when more is kept than may be. */
Error *result_rows(Result *result, const RowLayout *layout, const void *rows, int64_t count) MUST_USE;
/* One row of text columns; NULL is null. */
Error *result_texts(Result *result, Arena *arena, const char *const *values) MUST_USE;

/* The formats of `count` columns as Bind says them; 08P01 if there are not as many. */
Error *result_formats(Arena *arena, int32_t format_count, const uint16_t *formats, int32_t count, uint16_t **out) MUST_USE;

KeptRows *kept_rows_new(void); /* freed by kept_rows_free() */
void kept_rows_free(KeptRows *kept); /* NULL is fine */
/* The columns of what is kept; NULL if result_begin() was not called. */
const WireColumn *kept_rows_columns(const KeptRows *kept, int32_t *count);
/* Up to `limit` rows go from the front of `kept` to `result`; NULL: to nobody. */
Error *kept_rows_take(KeptRows *kept, Result *result, int64_t limit, int64_t *taken) MUST_USE;

#endif
