/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY ... TO STDOUT: a query's rows as CopyData, one message a row.
 *
 *     CopyOutResponse, [the columns' names], rows..., [the trailer of the binary format], CopyDone
 *
 * Source of the formats: PostgreSQL 15, COPY, "File Formats".
 */
#ifndef SRC_LEADER_COPY_OUT_H
#define SRC_LEADER_COPY_OUT_H

#include "src/leader/wire.h"
#include "sql/parse/parse.h"

typedef struct CopyOut
{
    const CopyToStatement *said;
    int32_t column_count;
    bool *quoted; /* CSV, by column: always */
    Text value;   /* of one field */
} CopyOut;

/* 42703 if FORCE QUOTE names no column. */
Error *copy_out_begin(CopyOut *copy, Arena *arena, Wire *wire, const WireColumn *columns, int32_t count) MUST_USE;
void copy_out_row(CopyOut *copy, Wire *wire, const RowLayout *layout, const void *row);

#endif
