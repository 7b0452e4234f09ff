/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings into chunks: one value, a sorted dictionary with codes, or lengths and bytes.  A null row is "".
 * CHAR loses its trailing blanks here if it still has some.
 */
#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/value.h"
#include "hdf5store/chunk_writer.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Guesses for comparing the two ways: what zstd leaves of text and of dictionary entries, in percent. */
#define TEXT_LEFT_PERCENT      40
#define ENTRIES_LEFT_PERCENT   60
#define DICT_PART_COMPRESS_MIN 256

/* ---- strings as they are stored ---- */

static Str row_string(const ChunkInput *input, int32_t row)
{
    if (input->nulls != NULL && input->nulls[row])
        return (Str){"", 0};
    Str s = ((const Str *) input->values)[row];
    if (input->type.id == TYPE_CHAR)
        s.len = str_trimmed(s);
    return s;
}

static bool same(Str a, Str b)
{
    return a.len == b.len && memcmp(a.data, b.data, (size_t) a.len) == 0;
}

/* memcmp of bytes, shorter first. */
static int compare(Str a, Str b)
{
    int64_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.data, b.data, (size_t) shorter) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The first bytes tell that s lies between min and max.  (A blank might be the end of the string.) */
static bool surely_between(Str s, Str min, Str max)
{
    if (s.len == 0 || min.len == 0 || max.len == 0)
        return false;
    unsigned char first = (unsigned char) s.data[0];
    return first > ' ' && first > (unsigned char) min.data[0] && first < (unsigned char) max.data[0];
}

/* Nulls, lengths, and the range in SQL's order (trailing blanks do not count). */
static void look_at(ChunkWriter *writer, const ChunkInput *input, ChunkOutput *output)
{
    for (int32_t i = 0; i < input->rows; i++)
    {
        Str s = row_string(input, i);
        ASSERT(s.len >= 0 && s.len <= VARCHAR_LENGTH_MAX);
        writer->lengths[i] = (uint32_t) s.len;
        if (input->nulls != NULL && input->nulls[i])
        {
            output->nulls++;
            continue;
        }
        output->length_total += s.len;
        output->length_max = s.len > output->length_max ? (int32_t) s.len : output->length_max;
        if (output->has_range && surely_between(s, output->min.str, output->max.str))
            continue;
        if (!output->has_range || str_compare(s, output->min.str) < 0)
            output->min.str = s;
        if (!output->has_range || str_compare(s, output->max.str) > 0)
            output->max.str = s;
        output->has_range = true;
    }
}

/* ---- dictionary ---- */

static int32_t entry_find(ChunkWriter *writer, uint32_t mask, Str s, int32_t *count, int32_t limit)
{
    uint32_t slot = (uint32_t) XXH3_64bits(s.data, (size_t) s.len) & mask;
    for (;; slot = (slot + 1) & mask)
    {
        uint32_t entry = writer->slots[slot];
        if (entry == 0)
        {
            if (*count == limit)
                return -1;
            writer->string_entries[*count] = s;
            writer->slots[slot] = (uint32_t)++ * count;
            return *count - 1;
        }
        if (same(writer->string_entries[entry - 1], s))
            return (int32_t) entry - 1;
    }
}

static bool sample_repeats(ChunkWriter *writer, const ChunkInput *input)
{
    if (input->rows < 2 * CHUNK_SAMPLE_ROWS)
        return true;
    uint32_t mask = chunk_slots_clear(writer, CHUNK_SAMPLE_ROWS);
    int32_t count = 0;
    for (int64_t i = 0; i < CHUNK_SAMPLE_ROWS; i++)
        if (entry_find(writer, mask, row_string(input, (int32_t) (i * input->rows / CHUNK_SAMPLE_ROWS)), &count,
                       CHUNK_SAMPLE_ROWS * 3 / 4) < 0)
            return false;
    return true;
}

static int compare_entries(const void *a, const void *b, void *context)
{
    const Str *entries = context;
    return compare(entries[*(const uint32_t *) a], entries[*(const uint32_t *) b]);
}

/* Sorts string_entries and renumbers codes. */
static Error *dict_sort(ChunkWriter *writer, int32_t rows, int32_t count)
{
    TRY(buffer_room(&writer->part, (size_t) count * sizeof(Str)));
    for (int32_t i = 0; i < count; i++)
        writer->order[i] = (uint32_t) i;
    qsort_r(writer->order, (size_t) count, sizeof *writer->order, compare_entries, writer->string_entries);
    Str *sorted = (Str *) (void *) writer->part.data;
    uint32_t *rank = writer->slots; /* the table is done with */
    for (int32_t i = 0; i < count; i++)
    {
        sorted[i] = writer->string_entries[writer->order[i]];
        rank[writer->order[i]] = (uint32_t) i;
    }
    memcpy(writer->string_entries, sorted, (size_t) count * sizeof(Str));
    for (int32_t i = 0; i < rows; i++)
        writer->codes[i] = (uint16_t) rank[writer->codes[i]];
    return NULL;
}

/* Number of distinct values, codes and string_entries set; -1: too many.  Null rows take code 0 of what is found. */
static int32_t dict_build(ChunkWriter *writer, const ChunkInput *input, int32_t limit)
{
    uint32_t mask = chunk_slots_clear(writer, limit);
    int32_t count = 0;
    for (int32_t i = 0; i < input->rows; i++)
    {
        writer->codes[i] = 0;
        if (input->nulls != NULL && input->nulls[i])
            continue;
        int32_t entry = entry_find(writer, mask, row_string(input, i), &count, limit);
        if (entry < 0)
            return -1;
        writer->codes[i] = (uint16_t) entry;
    }
    return count;
}

static int64_t entries_bytes(const ChunkWriter *writer, int32_t count)
{
    int64_t bytes = count * (int64_t) sizeof(uint16_t);
    for (int32_t i = 0; i < count; i++)
        bytes += writer->string_entries[i].len;
    return bytes;
}

static Error *write_dict(ChunkWriter *writer, const ChunkInput *input, int32_t count)
{
    TRY(dict_sort(writer, input->rows, count));
    size_t size = (size_t) entries_bytes(writer, count);
    TRY(buffer_room(&writer->part, size));
    uint8_t *lengths = writer->part.data, *to = lengths + (size_t) count * sizeof(uint16_t);
    for (int32_t i = 0; i < count; i++)
    {
        Str s = writer->string_entries[i];
        uint16_t length = (uint16_t) s.len;
        memcpy(lengths + (size_t) i * sizeof length, &length, sizeof length);
        memcpy(to, s.data, (size_t) s.len);
        to += s.len;
    }
    int width = bit_width((uint64_t) count - 1);
    size_t packed = bit_packed_bytes((size_t) input->rows, width);
    TRY(chunk_begin(writer, CHUNK_STR, ENCODING_DICT, input->rows, chunk_part_bound(size) + packed));
    writer->header.count = (uint32_t) count;
    writer->header.width = (uint8_t) width;
    chunk_part(writer, writer->part.data, size, size < DICT_PART_COMPRESS_MIN ? COMPRESSION_NONE : COMPRESSION_ZSTD);
    for (int32_t i = 0; i < input->rows; i++)
        writer->numbers[i] = writer->codes[i];
    chunk_pack(writer, writer->numbers, (size_t) input->rows, 0, 1, width);
    return NULL;
}

/* ---- other encodings ---- */

static Error *write_const(ChunkWriter *writer, const ChunkInput *input, Str value)
{
    TRY(chunk_begin(writer, CHUNK_STR, ENCODING_CONST, input->rows, (size_t) value.len));
    chunk_part(writer, value.data, (size_t) value.len, COMPRESSION_NONE);
    return NULL;
}

static Error *write_str(ChunkWriter *writer, const ChunkInput *input, int64_t total, Compression compression)
{
    TRY(buffer_room(&writer->part, (size_t) total + 1));
    uint8_t *to = writer->part.data;
    uint32_t shortest = UINT32_MAX, longest = 0;
    for (int32_t i = 0; i < input->rows; i++)
    {
        Str s = row_string(input, i);
        memcpy(to, s.data, (size_t) s.len);
        to += s.len;
        shortest = writer->lengths[i] < shortest ? writer->lengths[i] : shortest;
        longest = writer->lengths[i] > longest ? writer->lengths[i] : longest;
        writer->numbers[i] = writer->lengths[i];
    }
    int width = bit_width(longest - shortest);
    size_t packed = bit_packed_bytes((size_t) input->rows, width);
    TRY(chunk_begin(writer, CHUNK_STR, ENCODING_STR, input->rows, packed + chunk_part_bound((size_t) total)));
    writer->header.base = shortest;
    writer->header.width = (uint8_t) width;
    chunk_pack(writer, writer->numbers, (size_t) input->rows, shortest, 1, width);
    chunk_part(writer, writer->part.data, (size_t) total, compression);
    return NULL;
}

/* ---- choosing ---- */

static bool dict_pays(const ChunkWriter *writer, const ChunkInput *input, const ChunkOutput *output, int32_t count)
{
    int64_t rows = input->rows;
    int64_t codes = rows * bit_width((uint64_t) count - 1) / 8;
    int64_t dict = entries_bytes(writer, count) * ENTRIES_LEFT_PERCENT / 100 + codes;
    int64_t text = output->length_total * TEXT_LEFT_PERCENT / 100 + rows * bit_width((uint64_t) output->length_max) / 8;
    return dict < text;
}

/* Whether a dictionary was made: count > 0. */
static Error *try_dict(ChunkWriter *writer, const ChunkInput *input, ChunkOutput *output, int32_t *count)
{
    bool wished = input->wish == ENCODING_DICT;
    bool free_choice = input->wish == ENCODING_AUTO || input->wish == ENCODING_RLE;
    *count = 0;
    if (!wished && !(free_choice && sample_repeats(writer, input)))
        return NULL;
    int32_t found = dict_build(writer, input, wished ? DICT_ENTRIES_MAX : CHUNK_ENTRIES_STRINGS);
    if (found <= 0 || (!wished && !dict_pays(writer, input, output, found)))
        return NULL;
    *count = found;
    return write_dict(writer, input, found);
}

static void count_distinct(const ChunkInput *input, const ChunkOutput *output, Hll *distinct)
{
    for (int32_t i = 0; i < output->entry_count; i++)
        hll_add(distinct, hash_str(output->entries[i]));
    if (output->entry_count > 0)
        return;
    for (int32_t i = 0; i < input->rows; i++)
        if (input->nulls == NULL || !input->nulls[i])
            hll_add(distinct, hash_str(row_string(input, i)));
}

static bool all_same(const ChunkInput *input, Str first)
{
    for (int32_t i = 0; i < input->rows; i++)
        if (!(input->nulls != NULL && input->nulls[i]) && !same(row_string(input, i), first))
            return false;
    return true;
}

Error *chunk_write_strings(ChunkWriter *writer, const ChunkInput *input, Hll *distinct, ChunkOutput *output)
{
    look_at(writer, input, output);
    int32_t count = 0;
    if (!output->has_range)
        TRY(write_const(writer, input, (Str){"", 0}));
    else if (all_same(input, output->min.str))
    {
        TRY(write_const(writer, input, output->min.str));
        writer->string_entries[0] = output->min.str;
        count = 1;
    }
    else
        TRY(try_dict(writer, input, output, &count));
    output->entries = writer->string_entries;
    output->entry_count = count;
    if (output->has_range && count == 0)
    {
        bool plain = input->wish == ENCODING_RAW;
        Compression wished = chunk_wished_compression(input->wish);
        Compression compression = plain ? COMPRESSION_NONE : wished != COMPRESSION_NONE ? wished : COMPRESSION_ZSTD;
        TRY(write_str(writer, input, output->length_total, compression));
    }
    chunk_end(writer, output);
    if (distinct != NULL)
        count_distinct(input, output, distinct);
    return NULL;
}
