/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: how values stand between the pipelines of a query: in hash tables,
 * sort buffers, aggregation tables, exchanges and results.  A row is `stride`
 * bytes; a field is a value in its Rep at a fixed offset, naturally aligned; a
 * field that may be null has one byte at null_offset (1 = null).
 *
 *     | field 0 | field 1 | ... | null bytes | padding to 8 |
 *
 * A STR field is a Str whose bytes live elsewhere and outlive the row; on the
 * wire between ranks the bytes follow the rows (row_pack, row_unpack).
 */
#ifndef BASE_DATA_ROW_H
#define BASE_DATA_ROW_H

#include "base/core/bytes.h"
#include "base/data/type.h"

typedef struct RowField
{
    SqlType type;
    uint8_t rep;         /* Rep, maybe narrower than type_rep(type) */
    int32_t offset;      /* bytes from the row's start */
    int32_t null_offset; /* -1: never null */
} RowField;

typedef struct RowLayout
{
    int32_t field_count;
    int32_t stride; /* multiple of 8 */
    RowField *fields;
} RowLayout;

/* Assigns offsets, widest fields first, and the stride; types, reps and
 * nullability (null_offset >= 0 in the input means nullable) are given. */
void row_layout_place(RowLayout *layout);
void row_layout_write(ByteWriter *writer, const RowLayout *layout);
RowLayout *row_layout_read(ByteReader *reader, Arena *arena);

Datum row_get(const RowLayout *layout, const void *row, int32_t field);
void row_set(const RowLayout *layout, void *row, int32_t field, const Datum *value);

/* One key of an ordering. */
typedef struct SortKey
{
    int32_t field;
    bool descending;
    bool nulls_first;
    int32_t packed;  /* of the first key: so many keys together make one number of 64 bits; 0: nothing is known */
    int64_t least;   /* of a packed key's values, which are integers */
    int64_t entries; /* how many values there are, null included if the field has one */
} SortKey;
int row_compare(const RowLayout *layout, const SortKey *keys, int32_t key_count, const void *a, const void *b);
uint64_t row_hash(const RowLayout *layout, const int32_t *fields, int32_t field_count, const void *row);

/* Packs `count` rows standing `layout->stride` apart into out (cleared first), and back. */
void row_pack(const RowLayout *layout, const void *rows, int64_t count, ByteWriter *out);
int64_t row_packed_count(const void *packed); /* rows in what row_pack() made */
/* Fixes the Str pointers in place: `packed` (8-byte aligned) becomes the rows' home and must outlive them. */
Error *row_unpack(const RowLayout *layout, void *packed, size_t length, void **rows, int64_t *count) MUST_USE;

#endif
