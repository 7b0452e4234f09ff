/* SPDX-License-Identifier: Apache-2.0 */
/* One change of a transaction: made on its private snapshot when asked for, and replayed on the newest one at commit. */
#ifndef SQL_CATALOG_CHANGE_H
#define SQL_CATALOG_CHANGE_H

#include "sql/catalog/snapshot.h"

typedef enum ChangeKind
{
    CHANGE_CREATE_SCHEMA,
    CHANGE_DROP_SCHEMA,
    CHANGE_PUT_PRINCIPAL,
    CHANGE_DROP_PRINCIPAL,
    CHANGE_GRANTS,
    CHANGE_COMMENT,
    CHANGE_COMMENT_SCHEMA,
    CHANGE_SLICE_COUNT,
    CHANGE_CREATE_TABLE,
    CHANGE_ALTER_TABLE,
    CHANGE_DROP_TABLE,
    CHANGE_TRUNCATE_TABLE,
    CHANGE_ADD_SEGMENTS,
    CHANGE_DELETE_ROWS,
    CHANGE_MERGE_SEGMENTS,
    CHANGE_TAKE_NUMBERS
} ChangeKind;

/* Of a segment: DELETE_ROWS: these rows; MERGE_SEGMENTS: all but these, which were gone already. */
typedef struct SegmentLoss
{
    int64_t segment_id;
    const DeletedRows *rows; /* a reference of the transaction's arena; NULL: none */
} SegmentLoss;

typedef struct Change
{
    ChangeKind kind;
    char *schema;           /* CREATE/DROP SCHEMA, COMMENT_SCHEMA */
    bool cascade;           /* DROP SCHEMA */
    int32_t slice_count;    /* SLICE_COUNT */
    GrantChange grant;      /* GRANTS */
    CatalogComment comment; /* COMMENT; COMMENT_SCHEMA: its text */
    CatalogPrincipal principal; /* PUT; DROP: its id */
    int64_t table_id;       /* all of tables */
    int64_t definition;     /* ALTER_TABLE, ADD_SEGMENTS, DELETE_ROWS, MERGE_SEGMENTS: the table's when the change was made */
    TableVersion *table;    /* CREATE_TABLE, ALTER_TABLE: a reference of its own */
    SegmentRecord *records; /* ADD_SEGMENTS, MERGE_SEGMENTS */
    int32_t record_count;
    struct SegmentLoss *losses; /* DELETE_ROWS, MERGE_SEGMENTS */
    int32_t loss_count;
    int64_t numbers_end;    /* TAKE_NUMBERS */
    bool yields;            /* MERGE_SEGMENTS: see catalog_merge_is_held_back() */
    struct Change *next;
} Change;

#endif
