/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flat encoding of structs for the wire between ranks and for catalog blobs:
 * little-endian fixed integers, strings and byte runs with a 32-bit length
 * (0xffffffff = NULL pointer).  A reader never runs past its end: it sets
 * `broken` and yields zeros, so callers check once, at the end.
 */
#ifndef BASE_CORE_BYTES_H
#define BASE_CORE_BYTES_H

#include "base/core/text.h"

typedef Text ByteWriter; /* put_* append to a Text */

void put_u8(ByteWriter *writer, uint8_t value);
void put_u16(ByteWriter *writer, uint16_t value);
void put_u32(ByteWriter *writer, uint32_t value);
void put_u64(ByteWriter *writer, uint64_t value);
void put_i32(ByteWriter *writer, int32_t value);
void put_i64(ByteWriter *writer, int64_t value);
void put_f64(ByteWriter *writer, double value);
void put_str(ByteWriter *writer, const char *string); /* NULL allowed */
void put_run(ByteWriter *writer, const void *bytes, size_t length);

typedef struct ByteReader
{
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
} ByteReader;

void reader_init(ByteReader *reader, const void *bytes, size_t length);
uint8_t get_u8(ByteReader *reader);
uint16_t get_u16(ByteReader *reader);
uint32_t get_u32(ByteReader *reader);
uint64_t get_u64(ByteReader *reader);
int32_t get_i32(ByteReader *reader);
int64_t get_i64(ByteReader *reader);
double get_f64(ByteReader *reader);
/* A count of things of at least a byte each: a wrong one must not become a huge allocation, it is broken and 0. */
int32_t get_count(ByteReader *reader);
char *get_str(ByteReader *reader, Arena *arena);                          /* copied; NULL if it was NULL */
const void *get_run(ByteReader *reader, size_t *length);                  /* borrowed from the input */
Error *reader_done(const ByteReader *reader, const char *what) MUST_USE; /* XX000 if broken or bytes are left */

#endif
