/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making rows of system views.  A producer puts its columns in the order of
 * sysview.def, row by row:
 *
 *     rows_int(rows, node); rows_int(rows, slice); ... rows_end(rows);
 */
#ifndef SRC_LEADER_SYSVIEW_ROWS_H
#define SRC_LEADER_SYSVIEW_ROWS_H

#include "src/leader/session.h"

typedef struct Rows
{
    Session *session;
    const CatalogSnapshot *snapshot;
    const CatalogTable *view;
    Arena *arena;
    const RowLayout *layout;
    Text bytes; /* whole rows, and the one being made */
    int64_t count;
    int32_t field; /* next to be put */
} Rows;

/* Integers, booleans, timestamps, decimals (value in units of the column's scale). */
void rows_int(Rows *rows, int64_t value);
void rows_real(Rows *rows, double value);
/* Cut to the column's length; NULL gives an empty string. */
void rows_str(Rows *rows, const char *text);
void rows_null(Rows *rows);
void rows_end(Rows *rows);

int64_t table_oid(const CatalogTable *table);    /* of pg_class */
int64_t schema_oid(const char *name);            /* of pg_namespace */
bool relation_is_visible(const Rows *rows, const CatalogTable *table); /* by its name alone, for the session */
int64_t table_dist_number(const CatalogTable *table); /* of pg_class.releffectivediststyle */
/* Rows outside of the largest segment of each slice, which is what is sorted. */
double table_unsorted_percent(Arena *arena, const CatalogTable *table, int32_t slice_count);
Error *disk_blocks(const Rows *rows, int64_t *used, int64_t *capacity) MUST_USE; /* of the warehouse's file system */
int64_t table_blocks(const CatalogTable *table); /* its size in blocks of 1 MiB */

/* The producers, one a view of sysview.def. */
#define SYSVIEW(name) Error *rows_of_##name(Rows *rows) MUST_USE;
#define SYSVIEW_COLUMN(view, name, type, length, scale)
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN

#endif
