/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redshift's additions to the grammar, lifted out of one statement's tokens.
 * One file a clause; each looks at the tokens, records what it found, and
 * edits the text into what PostgreSQL's grammar accepts.
 */
#ifndef SQL_PARSE_DIALECT_H
#define SQL_PARSE_DIALECT_H

#include "sql/parse/edit.h"
#include "sql/parse/token.h"

#define DIALECT_NOTICES_MAX 16
#define DIALECT_ALIASES_MAX 512
#define DIALECT_NAMES_MAX   1000 /* of one list of GRANT and the like */

typedef struct Dialect
{
    Arena *arena;
    const CharIndex *chars;
    TokenList tokens; /* of this statement, without its ';' */
    EditList edits;
    int32_t at;          /* next token, for those read as a whole */
    TableOptions *table; /* CREATE TABLE, ALTER TABLE */
    ViewStatement *view; /* CREATE VIEW */
    int32_t alias_count;    /* derived tables that had none */
    bool remove_duplicates; /* MERGE ... REMOVE DUPLICATES */
    int32_t notice_count;
    char *notices[DIALECT_NOTICES_MAX];
} Dialect;

/* ANALYZE's PREDICATE COLUMNS and ALL COLUMNS. */
Error *dialect_analyze(Dialect *dialect) MUST_USE;
Error *dialect_vacuum(Dialect *dialect) MUST_USE;
/* SHOW DATABASES, SCHEMAS, TABLES, COLUMNS -> a query. */
Error *dialect_show(Dialect *dialect) MUST_USE;
/* TOP n -> LIMIT n at the end of its SELECT. */
Error *dialect_top(Dialect *dialect) MUST_USE;
/* MINUS -> EXCEPT. */
Error *dialect_minus(Dialect *dialect) MUST_USE;
/* DELETE t -> DELETE FROM t; MERGE ... REMOVE DUPLICATES. */
Error *dialect_write(Dialect *dialect) MUST_USE;
/* #name -> "#name": a temporary table. */
Error *dialect_temp(Dialect *dialect) MUST_USE;
/* The text of a CREATE VIEW's query; WITH NO SCHEMA BINDING. */
Error *dialect_view(Dialect *dialect) MUST_USE;
/* CONVERT(type, x) -> ((x)::type); VARCHAR(MAX), CHAR(MAX) -> the greatest length; TRY_CAST -> a call. */
Error *dialect_type(Dialect *dialect) MUST_USE;
/* IGNORE NULLS, LISTAGG ... WITHIN GROUP, APPROXIMATE, QUALIFY. */
Error *dialect_window(Dialect *dialect) MUST_USE;
/* * EXCLUDE (...), GROUP BY ALL. */
Error *dialect_list(Dialect *dialect) MUST_USE;
/* column (+) -> a call. */
Error *dialect_outer(Dialect *dialect) MUST_USE;
/* PIVOT, UNPIVOT -> a join with a call. */
Error *dialect_pivot(Dialect *dialect) MUST_USE;
/* DISTSTYLE, DISTKEY, SORTKEY, ENCODE, BACKUP, and what stands behind DEFAULT. Only for CREATE TABLE. */
Error *dialect_table(Dialect *dialect) MUST_USE;
/* The same of ALTER TABLE, and APPEND FROM. */
Error *dialect_alter(Dialect *dialect) MUST_USE;
/* COPY, read as a whole: the grammar never sees it. */
Error *dialect_copy(Dialect *dialect, CopyStatement **out) MUST_USE;
/* COPY t TO -> COPY (SELECT * FROM t) TO. */
Error *dialect_copy_to(Dialect *dialect) MUST_USE;
bool dialect_copies_to(const Dialect *dialect); /* is it COPY ... TO? */

/* CREATE, ALTER and DROP USER, GROUP and ROLE, GRANT and REVOKE ROLE, read as a whole too.  *out NULL: it is none. */
Error *dialect_principal(Dialect *dialect, PrincipalStatement **out, const char **tag) MUST_USE;

/* CREATE and DROP SNAPSHOT, RESTORE TABLE.  *out NULL: it is none. */
Error *dialect_snapshot(Dialect *dialect, SnapshotStatement **out, const char **tag) MUST_USE;

/* ANALYZE COMPRESSION, read as a whole.  *out NULL: it is none. */
Error *dialect_compression(Dialect *dialect, CompressionStatement **out) MUST_USE;

/* GRANT and REVOKE of privileges.  *out NULL: it is none. */
Error *dialect_grant(Dialect *dialect, GrantStatement **out) MUST_USE;

/* --- dialect_table.c: CREATE and ALTER TABLE -------------------------------- */

/* A column's definition in tokens [from, to): its attributes are kept in dialect->table, which has room, and erased. */
Error *dialect_table_column(Dialect *dialect, int32_t from, int32_t to) MUST_USE;
/* Reads one attribute of a table at *index, which moves behind it, or stays if there is none. */
Error *dialect_table_attribute(Dialect *dialect, int32_t *index) MUST_USE;

/* --- for the clauses ----------------------------------------------------- */

/* 1-based character of token `index`; of the statement's end beyond the last. */
int32_t dialect_position(const Dialect *dialect, int32_t index);
/* 42601 as PostgreSQL says it: syntax error at or near "x". */
Error *dialect_syntax_error(const Dialect *dialect, int32_t index) MUST_USE;
void dialect_erase(Dialect *dialect, int32_t from, int32_t to); /* tokens [from, to) */
void dialect_notice(Dialect *dialect, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- for those read as a whole: what is taken stands at dialect->at, and `at` goes behind it ---- */
bool dialect_take(Dialect *dialect, const char *word);
bool dialect_take_char(Dialect *dialect, char c);
/* 42601 at what stands there instead. */
Error *dialect_need(Dialect *dialect, const char *word) MUST_USE;
Error *dialect_need_end(const Dialect *dialect) MUST_USE;
Error *dialect_read_name(Dialect *dialect, ParseName *name) MUST_USE;
/* [[database.]schema.]name: the database is the session's own. */
Error *dialect_read_relation(Dialect *dialect, ParseName *name) MUST_USE;
Error *dialect_read_string(Dialect *dialect, char **string) MUST_USE;
/* Is there room for one more in a list of `count` names?  54000 */
Error *dialect_names_room(int32_t count) MUST_USE;

#endif
