/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/result.h"
#include "base/core/assert.h"
#include "src/leader/session.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_BETWEEN_CHECKS 64
#define KEPT_BYTES_MAX      ((size_t) 1 << 30) /* of one result */

/* Rows as they came, packed. */
typedef struct KeptBatch
{
    Text packed; /* owned */
    struct KeptBatch *next;
} KeptBatch;

struct KeptRows
{
    Arena *arena; /* columns and layout */
    int32_t column_count;
    WireColumn *columns;
    RowLayout *layout;
    size_t bytes;
    KeptBatch *first, *last;
    void *rows; /* of the first batch, once it is unpacked: those that are left; else NULL */
    int64_t row_count;
};

/* --- rows that are kept --------------------------------------------------------------- */
KeptRows *kept_rows_new(void)
{
    Arena *arena = arena_new("kept rows");
    KeptRows *kept = ARENA_NEW(arena, KeptRows);
    kept->arena = arena;
    return kept;
}

static void first_drop(KeptRows *kept)
{
    KeptBatch *batch = kept->first;
    kept->first = batch->next;
    kept->bytes -= batch->packed.length;
    kept->rows = NULL;
    kept->row_count = 0;
    text_free(&batch->packed);
    free(batch);
}

void kept_rows_free(KeptRows *kept)
{
    if (kept == NULL)
        return;
    while (kept->first != NULL)
        first_drop(kept);
    arena_free(kept->arena);
}

const WireColumn *kept_rows_columns(const KeptRows *kept, int32_t *count)
{
    *count = kept->column_count;
    return kept->columns;
}

static void columns_keep(KeptRows *kept, const WireColumn *columns, int32_t count)
{
    kept->column_count = count;
    kept->columns = arena_memdup(kept->arena, columns, sizeof *columns * (size_t) count);
    for (int32_t i = 0; i < count; i++)
        kept->columns[i].name = arena_strdup(kept->arena, columns[i].name);
}

static Error *rows_keep(KeptRows *kept, const RowLayout *layout, const void *rows, int64_t count)
{
    if (count == 0)
        return NULL;
    if (kept->layout == NULL)
    {
        kept->layout = arena_memdup(kept->arena, layout, sizeof *layout);
        kept->layout->fields =
            arena_memdup(kept->arena, layout->fields, sizeof *layout->fields * (size_t) layout->field_count);
    }
    ASSERT(kept->layout->stride == layout->stride && kept->layout->field_count == layout->field_count);
    KeptBatch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    text_init(&batch->packed, NULL);
    row_pack(layout, rows, count, &batch->packed);
    if (kept->first == NULL)
        kept->first = batch;
    else
        kept->last->next = batch;
    kept->last = batch;
    kept->bytes += batch->packed.length;
    if (kept->bytes <= KEPT_BYTES_MAX)
        return NULL;
    return error_new(SQLSTATE_OUT_OF_MEMORY, "the result of a cursor is larger than %zu bytes", KEPT_BYTES_MAX);
}

Error *kept_rows_take(KeptRows *kept, Result *result, int64_t limit, int64_t *taken)
{
    for (*taken = 0; *taken < limit && kept->first != NULL;)
    {
        if (kept->rows == NULL)
            TRY(row_unpack(kept->layout, kept->first->packed.data, kept->first->packed.length, &kept->rows,
                           &kept->row_count));
        int64_t count = kept->row_count < limit - *taken ? kept->row_count : limit - *taken;
        if (result != NULL)
            TRY(result_rows(result, kept->layout, kept->rows, count));
        *taken += count;
        kept->rows = (char *) kept->rows + count * kept->layout->stride;
        kept->row_count -= count;
        if (kept->row_count == 0)
            first_drop(kept);
    }
    return NULL;
}

/* --- on the way ----------------------------------------------------------------------- */
Error *result_formats(Arena *arena, int32_t format_count, const uint16_t *formats, int32_t count, uint16_t **out)
{
    *out = ARENA_ARRAY(arena, uint16_t, count);
    if (format_count > 1 && format_count != count)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "bind message has %d result formats but query has %d columns",
                         format_count, count);
    for (int32_t i = 0; i < count && format_count > 0; i++)
        (*out)[i] = formats[format_count == 1 ? 0 : i];
    return NULL;
}

Error *result_begin(Result *result, Arena *arena, const WireColumn *columns, int32_t count)
{
    TRY(result_formats(arena, result->format_count, result->formats, count, &result->column_formats));
    result->column_count = count;
    if (result->copy != NULL)
        return copy_out_begin(result->copy, arena, &result->session->wire, columns, count);
    if (result->kept != NULL)
        columns_keep(result->kept, columns, count);
    else if (result->describe)
        wire_row_description(&result->session->wire, columns, result->column_formats, count);
    return NULL;
}

Error *result_rows(Result *result, const RowLayout *layout, const void *rows, int64_t count)
{
    Session *session = result->session;
    const char *row = rows;
    ASSERT(layout->field_count >= result->column_count);
    TRY(session_check(session));
    if (result->kept != NULL)
        return rows_keep(result->kept, layout, rows, count);
    for (int64_t i = 0; i < count; i++, row += layout->stride)
    {
        if (result->copy != NULL)
            copy_out_row(result->copy, &session->wire, layout, row);
        else
            wire_row(&session->wire, layout, result->column_formats, result->column_count, row);
        if (i % ROWS_BETWEEN_CHECKS != ROWS_BETWEEN_CHECKS - 1)
            continue;
        Error *error = wire_relieve(&session->wire);
        session->closing = session->closing || error != NULL;
        TRY(error);
    }
    return NULL;
}

Error *result_texts(Result *result, Arena *arena, const char *const *values)
{
    RowLayout layout = {.field_count = result->column_count,
                        .fields = ARENA_ARRAY(arena, RowField, result->column_count)};
    for (int32_t i = 0; i < result->column_count; i++)
        layout.fields[i] = (RowField){.type = type_varchar(VARCHAR_LENGTH_MAX), .rep = REP_STR};
    row_layout_place(&layout);
    char *row = arena_zalloc(arena, (size_t) layout.stride);
    for (int32_t i = 0; i < result->column_count; i++)
    {
        Datum value = {.null = values[i] == NULL};
        if (values[i] != NULL)
            value.str = (Str){values[i], (int64_t) strlen(values[i])};
        row_set(&layout, row, i, &value);
    }
    return result_rows(result, &layout, row, 1);
}
