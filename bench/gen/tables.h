/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight tables of TPC-H, by the rules of clause 4.2.3.  A unit is what one
 * counter makes: a row, or for orders and lineitem an order with its lines, or
 * for partsupp a part with its four suppliers.
 */
#ifndef BENCH_GEN_TABLES_H
#define BENCH_GEN_TABLES_H

#include <stdint.h>

/* How many of each there are at a scale. */
typedef struct Scale
{
    int64_t suppliers;
    int64_t customers;
    int64_t parts;
    int64_t orders;
    int64_t clerks;
} Scale;

typedef struct Table
{
    const char *name;
    int64_t (*units)(const Scale *scale);
    /* Writes the rows of units from..to-1 to out; returns the end.  unit_max bytes a unit are enough. */
    char *(*put)(char *out, const Scale *scale, int64_t unit);
    int32_t unit_max;
} Table;

#define TABLE_COUNT 8
extern const Table tables[TABLE_COUNT]; /* largest last */

Scale scale_of(double factor);
/* Fills the tables of date texts and digits.  Once, after words_init. */
void tables_init(void);

#endif
