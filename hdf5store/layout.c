/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/layout.h"

#include "base/data/value.h"
#include "hdf5store/bitpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

void layout_digest(const void *bytes, size_t size, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
    memcpy(digest, canonical.digest, SEGMENT_DIGEST_SIZE);
}

/* ---- ranges ---- */

/* The smallest bound over everything that begins with these bytes: the last byte that can be raised is.
 * A bound must not end in a blank, which comparisons would not see.  Returns the length, -1: no bound. */
static int32_t bound_raise(uint8_t *prefix, int32_t length)
{
    while (length > 0 && prefix[length - 1] == 0xff)
        length--;
    if (length == 0)
        return -1;
    prefix[length - 1]++;
    if (prefix[length - 1] == ' ')
        prefix[length - 1]++;
    return length;
}

static bool range_put_strings(IndexEntry *entry, Str min, Str max)
{
    min.len = str_trimmed(min);
    max.len = str_trimmed(max);
    int32_t min_length = min.len < ZONE_PREFIX ? (int32_t) min.len : ZONE_PREFIX;
    int32_t max_length = max.len < ZONE_PREFIX ? (int32_t) max.len : ZONE_PREFIX;
    memcpy(entry->min, min.data, (size_t) min_length);
    memcpy(entry->max, max.data, (size_t) max_length);
    if (max.len > ZONE_PREFIX)
        max_length = bound_raise(entry->max, max_length);
    if (max_length < 0)
    {
        entry->flags &= (uint8_t) ~INDEX_HAS_RANGE;
        return true;
    }
    entry->min_length = (uint8_t) min_length;
    entry->max_length = (uint8_t) max_length;
    return min.len > ZONE_PREFIX || max.len > ZONE_PREFIX;
}

bool layout_range_put(IndexEntry *entry, SqlType type, const Datum *min, const Datum *max)
{
    entry->flags |= INDEX_HAS_RANGE;
    Rep rep = type_rep(type);
    if (rep == REP_STR)
        return range_put_strings(entry, min->str, max->str);
    size_t size = rep == REP_I128 ? sizeof(I128) : sizeof(int64_t);
    memcpy(entry->min, &min->i128, size);
    memcpy(entry->max, &max->i128, size);
    return false;
}

void layout_range_get(const IndexEntry *entry, SqlType type, Datum *min, Datum *max)
{
    memset(min, 0, sizeof *min);
    memset(max, 0, sizeof *max);
    Rep rep = type_rep(type);
    if (rep == REP_STR)
    {
        min->str = (Str){(const char *) entry->min, entry->min_length};
        max->str = (Str){(const char *) entry->max, entry->max_length};
        return;
    }
    size_t size = rep == REP_I128 ? sizeof(I128) : sizeof(int64_t);
    memcpy(&min->i128, entry->min, size);
    memcpy(&max->i128, entry->max, size);
}

/* ---- meta ---- */

static void write_type(ByteWriter *writer, SqlType type)
{
    /* by PostgreSQL's oid: our own numbers follow the order of type.def */
    put_u32(writer, type_oid(type));
    put_u8(writer, type.precision);
    put_u8(writer, type.scale);
    put_i32(writer, type.length);
}

static SqlType read_type(ByteReader *reader)
{
    SqlType type = type_make(TYPE_NONE);
    uint32_t oid = get_u32(reader);
    for (int id = TYPE_NONE + 1; id < TYPE_COUNT; id++)
        if (type_oid(type_make((TypeId) id)) == oid)
            type.id = (uint8_t) id;
    type.precision = get_u8(reader);
    type.scale = get_u8(reader);
    type.length = get_i32(reader);
    return type;
}

static void write_dictionary(ByteWriter *writer, const Dictionary *dictionary, int32_t block_count)
{
    put_i32(writer, dictionary->count);
    if (dictionary->count == 0)
        return;
    for (int32_t i = 0; i < dictionary->count; i++)
        put_run(writer, dictionary->entries[i].data, (size_t) dictionary->entries[i].len);
    for (int32_t block = 0; block < block_count; block++)
    {
        const uint16_t *map = dictionary->maps[block];
        int32_t count = map != NULL ? dictionary->map_counts[block] : 0;
        put_i32(writer, count);
        for (int32_t i = 0; i < count; i++)
            put_u16(writer, map[i]);
    }
}

/* A block's map, padded to a power of two, so that no code of its width is out of bounds. */
static Error *read_map(Arena *arena, ByteReader *reader, int32_t entries, const uint16_t **map, int32_t *count)
{
    *map = NULL;
    *count = get_i32(reader);
    if (*count == 0)
        return NULL;
    if (*count < 0 || *count > entries)
        return error_new(SQLSTATE_INTERNAL_ERROR, "impossible dictionary of a block");
    size_t padded = (size_t) 1 << bit_width((uint64_t) *count - 1);
    uint16_t *codes = ARENA_ARRAY(arena, uint16_t, padded);
    for (int32_t i = 0; i < *count; i++)
    {
        codes[i] = get_u16(reader);
        if (codes[i] >= entries)
            return error_new(SQLSTATE_INTERNAL_ERROR, "code beyond the dictionary");
    }
    *map = codes;
    return NULL;
}

static Error *read_dictionary(Arena *arena, ByteReader *reader, int32_t block_count, Dictionary *dictionary)
{
    dictionary->count = get_i32(reader);
    if (dictionary->count == 0 || reader->broken)
        return NULL;
    if (dictionary->count < 0 || dictionary->count > DICT_ENTRIES_MAX)
        return error_new(SQLSTATE_INTERNAL_ERROR, "impossible dictionary");
    Str *entries = ARENA_ARRAY(arena, Str, dictionary->count);
    for (int32_t i = 0; i < dictionary->count && !reader->broken; i++)
    {
        size_t length = 0;
        const void *bytes = get_run(reader, &length);
        entries[i] = (Str){arena_memdup(arena, length > 0 ? bytes : "", length), (int64_t) length};
    }
    dictionary->entries = entries;
    dictionary->maps = ARENA_ARRAY(arena, const uint16_t *, block_count);
    dictionary->map_counts = ARENA_ARRAY(arena, int32_t, block_count);
    for (int32_t block = 0; block < block_count && !reader->broken; block++)
        TRY(read_map(arena, reader, dictionary->count, &dictionary->maps[block], &dictionary->map_counts[block]));
    return NULL;
}

void meta_write(ByteWriter *writer, const SegmentMeta *meta, int32_t column_count, int32_t block_count)
{
    put_str(writer, meta->schema_name);
    put_str(writer, meta->table_name);
    put_i32(writer, meta->slice);
    for (int32_t i = 0; i < column_count; i++)
    {
        const SegmentColumn *column = &meta->columns[i];
        put_str(writer, column->name);
        put_i32(writer, column->id);
        write_type(writer, column->type);
        put_u8(writer, column->nullable);
        put_u8(writer, (uint8_t) column->encoding);
        write_dictionary(writer, &meta->dictionaries[i], block_count);
    }
}

Error *meta_read(Arena *arena, const void *bytes, size_t size, int32_t column_count, int32_t block_count,
                 SegmentMeta *meta)
{
    ByteReader reader;
    reader_init(&reader, bytes, size);
    meta->schema_name = get_str(&reader, arena);
    meta->table_name = get_str(&reader, arena);
    meta->slice = get_i32(&reader);
    meta->columns = ARENA_ARRAY(arena, SegmentColumn, column_count);
    meta->dictionaries = ARENA_ARRAY(arena, Dictionary, column_count);
    for (int32_t i = 0; i < column_count && !reader.broken; i++)
    {
        SegmentColumn *column = &meta->columns[i];
        column->name = get_str(&reader, arena);
        column->id = get_i32(&reader);
        column->type = read_type(&reader);
        column->nullable = get_u8(&reader) != 0;
        column->encoding = (Encoding) get_u8(&reader);
        if (column->type.id == TYPE_NONE || column->name == NULL)
            return error_new(SQLSTATE_INTERNAL_ERROR, "column of unknown type");
        TRY(read_dictionary(arena, &reader, block_count, &meta->dictionaries[i]));
    }
    return reader_done(&reader, "segment description");
}

/* ---- errors and reading ---- */

Error *layout_damaged(const char *table_name, const char *path, const char *column, int32_t block, const char *what)
{
    Error *error = error_new(SQLSTATE_DATA_CORRUPTED, "table \"%s\": file \"%s\" is damaged",
                             table_name != NULL ? table_name : "?", path);
    if (column == NULL)
        error = error_detail(error, "What is wrong: %s.", what);
    else
        error = error_detail(error, "Column \"%s\", block %d: %s.", column, block, what);
    return error_hint(error,
                      "Restore the file from a copy, or load the table again; \"stoa check\" examines every file.");
}

Error *layout_io_error(const char *path, const char *act)
{
    int reason = errno;
    return error_new(sqlstate_from_errno(reason), "could not %s file \"%s\": %s", act, path, strerror(reason));
}

Error *layout_read(int fd, const char *table_name, const char *path, uint64_t offset, void *to, size_t size)
{
    size_t done = 0;
    while (done < size)
    {
        ssize_t got = pread(fd, (uint8_t *) to + done, size - done, (off_t) (offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return layout_io_error(path, "read");
        if (got == 0)
            return layout_damaged(table_name, path, NULL, -1, "it ends too early");
        done += (size_t) got;
    }
    return NULL;
}
