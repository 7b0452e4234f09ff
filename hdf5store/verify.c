/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/verify.h"

#include "base/data/value.h"
#include "hdf5store/opened.h"
#include "hdf5store/seal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one block against its zone ---- */

static bool outside(SqlType type, const Datum *value, const Zone *zone)
{
    return value_compare(type, value, &zone->min) < 0 || value_compare(type, value, &zone->max) > 0;
}

/* A vector of decoded values, as wide as any Rep. */
typedef union VerifyVector
{
    I128 wide[VECTOR_ROWS];
    Str strings[VECTOR_ROWS];
    uint8_t bytes[VECTOR_ROWS * 16];
} VerifyVector;

/* Is one of the values that are not null outside?  All of them are looked at, which is quicker than looking where to end. */
#define OUTSIDE_INTEGERS(Type)                                                                         \
    static bool outside_##Type(const Type *values, const uint8_t *nulls, int32_t count, const Zone *zone) \
    {                                                                                                  \
        int64_t least = zone->min.i, most = zone->max.i;                                               \
        bool bad = false;                                                                              \
        for (int32_t i = 0; i < count; i++)                                                            \
            bad |= (nulls[i] == 0) & ((values[i] < least) | (values[i] > most));                       \
        return bad;                                                                                    \
    }
OUTSIDE_INTEGERS(int8_t)
OUTSIDE_INTEGERS(int16_t)
OUTSIDE_INTEGERS(int32_t)
OUTSIDE_INTEGERS(int64_t)

static bool any_outside(SqlType type, const VerifyVector *values, const uint8_t *nulls, int32_t count, const Zone *zone)
{
    Rep rep = type_rep(type);
    switch (rep)
    {
    case REP_I8:
        return outside_int8_t((const int8_t *) values, nulls, count, zone);
    case REP_I16:
        return outside_int16_t((const int16_t *) values, nulls, count, zone);
    case REP_I32:
        return outside_int32_t((const int32_t *) values, nulls, count, zone);
    case REP_I64:
        return outside_int64_t((const int64_t *) values, nulls, count, zone);
    default:
        break;
    }
    bool bad = false;
    for (int32_t i = 0; i < count && !bad; i++)
    {
        Datum value = nulls[i] ? zone->min : value_load(type, rep, values->bytes + (size_t) i * (size_t) rep_size(rep));
        bad = outside(type, &value, zone);
    }
    return bad;
}

static const char *vector_verify(BlockReader *reader, SqlType type, const Zone *zone, int32_t from, int32_t count,
                                 int32_t *nulls_seen)
{
    VerifyVector values;
    uint8_t nulls[VECTOR_ROWS];
    Rep rep = type_rep(type);
    if (rep == REP_STR)
        block_decode_str(reader, 0, from, count, values.strings);
    else
        block_decode(reader, 0, from, count, rep, &values);
    (void) block_nulls(reader, 0, from, count, nulls);
    for (int32_t i = 0; i < count; i++)
        *nulls_seen += nulls[i] != 0;
    return zone->has_range && any_outside(type, &values, nulls, count, zone) ? "a value lies outside of the block's range" : NULL;
}

static Error *block_verify(BlockReader *reader, Segment *segment, int32_t column, int32_t block)
{
    TRY(block_load(reader, 0, segment, column, block));
    const Zone *zone = segment_zone(segment, column, block);
    const SegmentColumn *about = segment_column(segment, column);
    const char *problem = NULL;
    int32_t nulls = 0;
    for (int32_t from = 0; from < zone->rows && problem == NULL; from += VECTOR_ROWS)
    {
        int32_t count = zone->rows - from < VECTOR_ROWS ? zone->rows - from : VECTOR_ROWS;
        problem = vector_verify(reader, about->type, zone, from, count, &nulls);
    }
    if (problem == NULL && nulls != zone->nulls)
        problem = "the number of nulls differs from the index";
    return problem == NULL ? NULL : layout_damaged(segment->table_name, segment->path, about->name, block, problem);
}

static Error *file_verify(Segment *segment)
{
    int fd;
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    TRY(opened_fd_take(segment, &fd));
    Error *error = segment_body_digest(fd, segment->table_name, segment->path, segment->header.file_bytes, digest);
    opened_fd_give(segment);
    if (error == NULL && memcmp(digest, segment->header.body_digest, sizeof digest) != 0)
        error = layout_damaged(segment->table_name, segment->path, NULL, -1, "the digest of the whole file differs");
    return error;
}

/* Blocks first: they say where it is that something is wrong. */
static Error *segment_verify_all(Segment *segment)
{
    Arena *arena = arena_new("verify");
    BlockReader *reader = block_reader_new(arena, 1);
    Error *error = NULL;
    for (int32_t column = 0; column < segment_column_count(segment) && error == NULL; column++)
        for (int32_t block = 0; block < segment_block_count(segment) && error == NULL; block++)
            error = block_verify(reader, segment, column, block);
    if (error == NULL)
        error = file_verify(segment);
    arena_free(arena);
    return error;
}

Error *segment_verify(const SegmentRef *ref)
{
    SegmentCache *cache = segment_cache_new(1, 1, 0);
    Segment *segment = NULL;
    Error *error = segment_open(cache, ref, &segment);
    if (error == NULL)
        error = segment_verify_all(segment);
    segment_close(segment);
    segment_cache_free(cache);
    return error;
}

/* ---- orphans ---- */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), tail = strlen(suffix);
    return length > tail && strcmp(name + length - tail, suffix) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static Error *orphans_remove(DIR *folder, const char *directory, const char **sorted, int32_t count, int32_t *removed)
{
    struct dirent *entry;
    while (errno = 0, (entry = readdir(folder)) != NULL)
    {
        const char *name = entry->d_name;
        if (!has_suffix(name, SEGMENT_NAME_SUFFIX) && !has_suffix(name, ".tmp"))
            continue;
        if (count > 0 && bsearch(&name, sorted, (size_t) count, sizeof *sorted, compare_names) != NULL)
            continue;
        if (unlinkat(dirfd(folder), name, 0) != 0 && errno != ENOENT)
            return layout_io_error(name, "remove");
        (*removed)++;
    }
    return errno == 0 ? NULL : layout_io_error(directory, "read");
}

Error *segment_orphans_remove(const char *directory, const char *const *names, int32_t name_count, int32_t *removed)
{
    *removed = 0;
    DIR *folder = opendir(directory);
    if (folder == NULL)
        return errno == ENOENT ? NULL : layout_io_error(directory, "open");
    Arena *arena = arena_new("orphans");
    const char **sorted = ARENA_ARRAY(arena, const char *, name_count);
    for (int32_t i = 0; i < name_count; i++)
        sorted[i] = names[i];
    if (name_count > 0)
        qsort(sorted, (size_t) name_count, sizeof *sorted, compare_names);
    Error *error = orphans_remove(folder, directory, sorted, name_count, removed);
    arena_free(arena);
    (void) closedir(folder);
    return error;
}
