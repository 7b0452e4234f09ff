/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parsed statement means, against one catalog snapshot.
 *
 * Everything made lives in `arena` and borrows catalog tables from `snapshot`.
 * Errors carry positions in the user's text.  No I/O, no globals, thread-safe;
 * recursion is bounded by PARSE_DEPTH_MAX (sql/parse/parse.h).
 */
#ifndef SQL_BIND_BIND_H
#define SQL_BIND_BIND_H

#include "sql/bind/bound.h"
#include "sql/parse/parse.h"

/* A parameter's type and, when the statement is run, its value. */
typedef struct BindParam
{
    SqlType type; /* UNKNOWN: to be told from its place */
    bool open;    /* of a DECIMAL: nobody has said how many digits it has, so it keeps those it is given */
    Datum value;
} BindParam;

/* What the session knows.  Leader functions become constants from it (FEATURES 1.03). */
typedef struct BindContext
{
    const char *database;
    const char *user;
    const char *session_user; /* NULL: as user */
    int32_t user_id;
    int64_t acts_as; /* whose privileges count: the user's, in a view its owner's */
    bool keeps_identity; /* rows of the table itself are written anew: they have their numbers */
    const char *version;            /* what version() gives */
    int32_t search_path_count;      /* 0: "public" */
    const char *const *search_path; /* folded; pg_catalog is always searched first */
    const char *temp_schema;        /* of the session's temporary tables: searched before all; NULL: cannot have any */
    int32_t param_count;            /* of EXECUTE: what $1, $2... stand for */
    const BindParam *params;
    int64_t transaction_time;       /* now(), current_date: microseconds since 2000 */
    int64_t statement_time;         /* getdate() */
    int32_t backend_pid;
    int64_t last_copy_count;
    int32_t last_copy_id;
    int32_t last_query_id;
    /* Value of a setting by its folded name, borrowed until the statement ends; NULL = no such. May be NULL itself. */
    const char *(*setting)(void *session, const char *name);
    void *session;
} BindContext;

/* SELECT, INSERT, UPDATE, DELETE or MERGE (EXPLAIN: give it explain->statement); 0A000 for other kinds. */
Error *bind_statement(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                      const ParseStatement *statement, BoundStatement **out) MUST_USE;

typedef struct CreateTablePlan
{
    CatalogTable *table; /* id 0, no segments: for catalog_create_table() */
    bool exists;         /* IF NOT EXISTS, and it does: nothing to do but a notice */
    bool no_data;        /* AS ... WITH NO DATA */
} CreateTablePlan;

/* 42P07 if the table exists, 3F000 no schema, 42701 column twice, 42704 no such type or encoding, 42P16... */
Error *bind_create_table(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                         const ParseStatement *statement, CreateTablePlan **out) MUST_USE;

/* CREATE TABLE AS, SELECT INTO: the table.  When the catalog has it, bind_statement() gives what fills it. */
Error *bind_create_table_as(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                            const ParseStatement *statement, CreateTablePlan **out) MUST_USE;
/* Does a CREATE TABLE [AS] or SELECT INTO make a temporary table? */
bool bind_makes_temporary(const ParseStatement *statement);

/* Rows that must not be there for an ALTER TABLE. */
typedef struct AlterCheck
{
    int32_t ordinal;    /* column, of AlterTablePlan.table */
    int32_t bytes_most; /* values that are longer; -1: nulls */
} AlterCheck;

typedef struct AlterTablePlan
{
    const CatalogTable *table; /* NULL: IF EXISTS, and there is none */
    const char *skipped;       /* that one's name */
    CatalogTable *defined;     /* for catalog_alter_table() */
    bool renames;              /* tables or columns have other names, or there are others: views are to remember */
    bool breaks;               /* columns go or change their type: views may need them as they were */
    bool cascade;              /* then such views go, and foreign keys that refer to what goes */
    CatalogTable *placed;      /* NULL: rows stay; else they are written anew, as its keys and encodings say */
    int32_t check_count;
    AlterCheck *checks;
    int32_t fill_count; /* new columns, by their ids, whose defaults are not one value for all rows */
    int32_t *fill;
    const CatalogTable *append_from; /* APPEND FROM: NULL: no */
    int32_t append_count;
    int32_t *append_columns; /* by column of the table: that of the source, or -1: its default */
    int32_t notice_count;
    char **notices;
} AlterTablePlan;

/* ALTER TABLE, ALTER VIEW, and their RENAMEs. */
Error *bind_alter_table(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                        const ParseStatement *statement, AlterTablePlan **out) MUST_USE;
/* What the view's query says of the snapshot: an error if it does not give the columns the view has any more. */
Error *bind_check_view(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                       const CatalogTable *view) MUST_USE;

/* The view with what its text calls the table as it is now; NULL: it has that, or does not mind.  For catalog_alter_table(). */
CatalogTable *bind_view_remembering(Arena *arena, const CatalogTable *view, const CatalogTable *table);

typedef struct CreateViewPlan
{
    CatalogTable *table;         /* id 0 */
    const CatalogTable *replace; /* OR REPLACE: what is there; else NULL */
} CreateViewPlan;
/* 42P07, 42809 if a table has the name, 42P16 if REPLACE would change columns. */
Error *bind_create_view(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                        const ParseStatement *statement, CreateViewPlan **out) MUST_USE;

typedef struct BindResultColumn
{
    const char *name;
    SqlType type;
} BindResultColumn;

/* What is known of a statement before its parameters have values. */
typedef struct BindPrepared
{
    int32_t param_count;
    const BindParam *params; /* their types */
    int32_t column_count; /* of its rows; 0: it gives none */
    BindResultColumn *columns;
} BindPrepared;

/* The types a PREPARE declares. */
Error *bind_prepare_types(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                          const ParseStatement *prepare, BindParam **params, int32_t *count) MUST_USE;
/* Checks a statement with parameters; those that are not among the `count` declared ones, or UNKNOWN there, get the type
 * that their first place asks for.  42P18: it cannot be told. */
Error *bind_prepare(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *statement, const BindParam *declared, int32_t count,
                    BindPrepared *out) MUST_USE;
/* EXECUTE's arguments as values of `params`, whose types are known.  42601 if their number is wrong, 42804 if a type is. */
Error *bind_execute(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *execute, BindParam *params, int32_t count) MUST_USE;

typedef struct CopyColumn
{
    char *name;
    SqlType type;
    bool not_null;
    int32_t position; /* 0-based field of the record; -1: not in the file, takes fallback */
    Datum fallback;   /* DEFAULT, or null */
} CopyColumn;

typedef struct CopyPlan
{
    const CatalogTable *table;
    int32_t column_count;
    CopyColumn *columns; /* one a table column, in table order */
    int32_t identity;    /* the column that gets numbers, whose fallback means nothing; -1: none */
    bool from_stdin;
    const char *path;
    int32_t path_position;
    const CopyOptions *options;
} CopyPlan;

/* 42P01, 42703, 42701, 23502 for a NOT NULL column that is neither in the file nor has a default. */
Error *bind_copy(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                 const ParseStatement *statement, CopyPlan **out) MUST_USE;

/* The table a DROP, TRUNCATE... names; system views are refused (42809).  42P01 with position
 * and hint, or *table = NULL if if_exists; 42501 without the privileges. */
Error *bind_table_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                       bool if_exists, uint32_t privileges, const CatalogTable **table) MUST_USE;
/* Has the one the context acts as all these privileges of the table?  42501 */
Error *bind_may_use(const CatalogSnapshot *snapshot, const BindContext *context, const CatalogTable *table,
                    uint32_t privileges, int32_t position) MUST_USE;
/* Either kind, whatever one may do to it: what GRANT names. */
Error *bind_relation_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                          const CatalogTable **table) MUST_USE;
/* The same for DROP VIEW: tables are refused. */
Error *bind_view_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                      bool if_exists, uint32_t privileges, const CatalogTable **view) MUST_USE;

#endif
