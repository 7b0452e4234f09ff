/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One description of a struct's fields for both ways: a function that visits
 * them in order writes them when the Wire has an output, and fills them when it
 * has an input.  So what is written and what is read cannot differ.
 *
 *     static void zone_wire(Wire *wire, SpecZone *zone)
 *     {
 *         wire_i32(wire, &zone->column);
 *         wire_u8(wire, &zone->op);
 *     }
 */
#ifndef SRC_RUN_WIRE_H
#define SRC_RUN_WIRE_H

#include "base/core/bytes.h"
#include "base/data/row.h"

/* Exactly one of out and in.  What is read lives in `arena`. Errors: in->broken, looked at once at the end. */
typedef struct Wire
{
    ByteWriter *out;
    ByteReader *in;
    Arena *arena;
} Wire;

void wire_u8(Wire *wire, uint8_t *value);
void wire_bool(Wire *wire, bool *value);
void wire_i32(Wire *wire, int32_t *value);
void wire_i64(Wire *wire, int64_t *value);
void wire_u64(Wire *wire, uint64_t *value);
void wire_f64(Wire *wire, double *value);
void wire_str(Wire *wire, char **string);                /* NULL allowed */
void wire_fixed(Wire *wire, void *bytes, size_t length); /* in place; another length is broken */
void wire_run(Wire *wire, void **bytes, size_t *length); /* NULL if there are none */
void wire_type(Wire *wire, SqlType *type);
void wire_datum(Wire *wire, SqlType type, Datum *value);
void wire_layout(Wire *wire, RowLayout **layout);
void wire_count(Wire *wire, int32_t *count); /* see get_count() */

/* `count` things behind `list`: made when reading, then each visited by one(wire, &list[i]). */
#define WIRE_LIST(wire, type, list, count, one)                                                                        \
    do                                                                                                                 \
    {                                                                                                                  \
        wire_count((wire), &(count));                                                                                  \
        if ((wire)->in != NULL)                                                                                        \
            (list) = ARENA_ARRAY((wire)->arena, type, (count));                                                        \
        for (int32_t wire_i = 0; wire_i < (count); wire_i++)                                                           \
            one((wire), &(list)[wire_i]);                                                                              \
    } while (0)

#endif
