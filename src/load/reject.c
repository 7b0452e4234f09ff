/* SPDX-License-Identifier: Apache-2.0 */
/* Records that did not become rows. */
#include "base/core/assert.h"
#include "src/load/record.h"

#include <stdlib.h>
#include <string.h>

LoadRejects *load_rejects_new(int64_t max_error)
{
    LoadRejects *rejects = calloc(1, sizeof *rejects);
    ASSERT(rejects != NULL);
    pthread_mutex_init(&rejects->lock, NULL);
    rejects->arena = arena_new("load rejects");
    rejects->max_error = max_error;
    return rejects;
}

void load_rejects_free(LoadRejects *rejects)
{
    if (rejects == NULL)
        return;
    arena_free(rejects->arena);
    pthread_mutex_destroy(&rejects->lock);
    free(rejects->rejects);
    free(rejects);
}

/* Under lock; strings are copied. */
static void reject_keep(LoadRejects *rejects, const LoadReject *reject)
{
    if (rejects->kept > rejects->max_error || rejects->kept > LOAD_MAXERROR_MAX)
        return;
    if (rejects->kept == rejects->capacity)
    {
        rejects->capacity = rejects->capacity * 2 + 16;
        rejects->rejects = realloc(rejects->rejects, (size_t) rejects->capacity * sizeof *reject);
        ASSERT(rejects->rejects != NULL);
    }
    LoadReject *kept = &rejects->rejects[rejects->kept++];
    *kept = *reject;
    kept->file = arena_strdup(rejects->arena, reject->file);
    kept->column = arena_strdup(rejects->arena, reject->column);
    kept->raw_line = arena_strdup(rejects->arena, reject->raw_line);
    kept->raw_field = arena_strdup(rejects->arena, reject->raw_field);
    kept->reason = arena_strdup(rejects->arena, reject->reason);
}

static Error *rejects_verdict(const LoadRejects *rejects)
{
    if (rejects->count <= rejects->max_error)
        return NULL;
    ASSERT(rejects->kept > 0);
    /* the one that was too much; of several ranks, the last that is kept */
    const LoadReject *r = &rejects->rejects[rejects->kept - 1];
    Error *error;
    if (r->column[0] != 0)
        error = error_new(SQLSTATE_BAD_COPY_FILE_FORMAT, "load of \"%s\" failed at line %lld, column \"%s\": %s (field \"%s\")", r->file,
                          (long long) r->line, r->column, r->reason, r->raw_field);
    else
        error = error_new(SQLSTATE_BAD_COPY_FILE_FORMAT, "load of \"%s\" failed at line %lld: %s (line \"%s\")", r->file,
                          (long long) r->line, r->reason, r->raw_line);
    if (rejects->max_error > 0)
        error = error_detail(error, "%lld records could not be loaded; MAXERROR is %lld.", (long long) rejects->count,
                             (long long) rejects->max_error);
    return error_hint(error, "See stl_load_errors.");
}

Error *rejects_add(LoadRejects *rejects, const LoadReject *reject)
{
    pthread_mutex_lock(&rejects->lock);
    rejects->count++;
    reject_keep(rejects, reject);
    Error *error = rejects_verdict(rejects);
    pthread_mutex_unlock(&rejects->lock);
    return error;
}

Error *load_rejects_error(const LoadRejects *rejects)
{
    return rejects_verdict(rejects);
}

void load_rejects_write(ByteWriter *writer, const LoadRejects *rejects)
{
    put_i64(writer, rejects->count);
    put_i64(writer, rejects->kept);
    for (int64_t i = 0; i < rejects->kept; i++)
    {
        const LoadReject *reject = &rejects->rejects[i];
        put_str(writer, reject->file);
        put_i64(writer, reject->line);
        put_i64(writer, reject->start_byte);
        put_i32(writer, reject->field);
        put_str(writer, reject->column);
        put_u8(writer, reject->type.id);
        put_u8(writer, reject->type.precision);
        put_u8(writer, reject->type.scale);
        put_i32(writer, reject->type.length);
        put_i32(writer, reject->position);
        put_str(writer, reject->raw_line);
        put_str(writer, reject->raw_field);
        put_i32(writer, reject->code);
        put_str(writer, reject->reason);
    }
}

static char *text_get(ByteReader *reader, Arena *arena)
{
    char *text = get_str(reader, arena);
    return text == NULL ? arena_strdup(arena, "") : text;
}

Error *load_rejects_read(ByteReader *reader, LoadRejects *rejects)
{
    Arena *arena = arena_new("load rejects read");
    int64_t count = get_i64(reader), kept = get_i64(reader);
    pthread_mutex_lock(&rejects->lock);
    for (int64_t i = 0; i < kept && !reader->broken; i++)
    {
        LoadReject reject = {.file = text_get(reader, arena)};
        reject.line = get_i64(reader);
        reject.start_byte = get_i64(reader);
        reject.field = get_i32(reader);
        reject.column = text_get(reader, arena);
        reject.type.id = get_u8(reader);
        reject.type.precision = get_u8(reader);
        reject.type.scale = get_u8(reader);
        reject.type.length = get_i32(reader);
        reject.position = get_i32(reader);
        reject.raw_line = text_get(reader, arena);
        reject.raw_field = text_get(reader, arena);
        reject.code = get_i32(reader);
        reject.reason = text_get(reader, arena);
        if (!reader->broken)
            reject_keep(rejects, &reject);
    }
    if (!reader->broken)
        rejects->count += count;
    pthread_mutex_unlock(&rejects->lock);
    arena_free(arena);
    return reader->broken ? error_new(SQLSTATE_INTERNAL_ERROR, "rejected records from another rank cannot be read") : NULL;
}
