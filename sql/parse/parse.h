/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to statements.
 *
 *     user's text --pg_query_scan--> tokens --limits, split at ';'--> one statement's tokens
 *        --dialect_*: clauses of Redshift lifted into side records--> text the grammar accepts
 *        --libpg_query--> PostgreSQL's parse tree (PgQuery__Node), kept for sql/bind
 *
 * Statements the leader carries out itself (SET, DROP, COPY...) come out as
 * plain structs: only sql/parse and sql/bind look into libpg_query's nodes.
 * A ParseStatement and all it points to live in the caller's arena and borrow
 * nothing.  Names are folded to lower case, quoted ones too (FEATURES 2.39),
 * and cut at 127 bytes.
 */
#ifndef SQL_PARSE_PARSE_H
#define SQL_PARSE_PARSE_H

#include "base/core/text.h"

#define PARSE_TEXT_BYTES_MAX (16 * 1024 * 1024) /* FEATURES 1.07; 54000 */
#define PARSE_DEPTH_MAX      1000               /* nesting plus chained operators on one path of the tree; 54001 */
#define PARSE_NAME_BYTES_MAX 127

typedef enum StatementKind
{
#define STATEMENT(id, tag, kind, type) STATEMENT_##id,
#include "sql/parse/statement.def"
#undef STATEMENT
    STATEMENT_COUNT
} StatementKind;

/* What kind of thing a statement is, as the history tells it. */
typedef enum StatementType
{
    STATEMENT_TYPE_SELECT,
    STATEMENT_TYPE_INSERT,
    STATEMENT_TYPE_UPDATE,
    STATEMENT_TYPE_COPY,
    STATEMENT_TYPE_CTAS,
    STATEMENT_TYPE_OTHER, /* these are queries */
    STATEMENT_TYPE_DDL,
    STATEMENT_TYPE_UTILITY
} StatementType;
StatementType parse_statement_type(StatementKind kind);

typedef struct ParseName
{
    char *schema; /* NULL: not said */
    char *name;
    int32_t position; /* 1-based character of the user's text */
} ParseName;

/* What Redshift adds to a column of CREATE TABLE. */
typedef struct TableColumnOptions
{
    int32_t location;  /* byte of the column's name in the user's text: what parse_column_options() looks for */
    int32_t position;  /* the same as a character */
    char *encoding;    /* lower case, NULL = not said */
    char *default_sql; /* text behind DEFAULT, NULL = none */
    bool dist_key;
    bool sort_key;
} TableColumnOptions;

typedef enum TableDist
{
    TABLE_DIST_UNSAID,
    TABLE_DIST_AUTO,
    TABLE_DIST_EVEN,
    TABLE_DIST_KEY,
    TABLE_DIST_ALL
} TableDist;

/* ALTER TABLE APPEND FROM: columns that only one of the tables has. */
typedef enum TableAppend
{
    TABLE_APPEND_SAME,         /* there may be none */
    TABLE_APPEND_IGNORE_EXTRA, /* the source's are left out */
    TABLE_APPEND_FILL_TARGET   /* the target's get their defaults */
} TableAppend;

/* ... and to the table. */
typedef struct TableOptions
{
    TableDist dist;
    char *dist_key; /* DISTKEY(name), NULL = not said */
    int32_t dist_position;
    int32_t sort_count;
    char **sort_keys; /* [COMPOUND] SORTKEY(...) */
    int32_t sort_position;
    bool no_backup;     /* BACKUP NO */
    bool altered;       /* ALTER TABLE says any of the above */
    bool sort_none;     /* ALTER SORTKEY NONE */
    TableAppend append; /* ALTER TABLE APPEND FROM */
    int32_t column_count;
    TableColumnOptions *columns; /* those that say anything */
} TableOptions;

typedef enum CopyCompression
{
    COPY_PLAIN,
    COPY_GZIP,
    COPY_ZSTD,
    COPY_BZIP2
} CopyCompression;

/* COPY's parameters with Redshift's defaults filled in (FEATURES 5); PostgreSQL's
 * (FORMAT csv, HEADER...) end in the same fields. */
typedef struct CopyOptions
{
    bool csv;
    CopyCompression compression;
    char delimiter;
    char quote; /* CSV */
    bool escape;
    bool remove_quotes;
    bool ignore_blank_lines;
    bool trim_blanks;
    bool fill_record;
    bool truncate_columns;
    bool accept_invalid_chars;
    char replacement_char;
    bool blanks_as_null;
    bool empty_as_null;
    bool accept_any_date;
    bool round_decimals;
    bool manifest;
    bool no_load;
    char *null_as;     /* never NULL; "\\N" unless said (CSV from STDIN: "") */
    char *date_format; /* NULL: not said */
    char *time_format;
    int32_t ignore_header;
    int64_t max_error;
    bool stat_update; /* false only after STATUPDATE OFF */
    bool comp_update; /* false only after COMPUPDATE OFF */
} CopyOptions;

typedef struct CopyStatement
{
    ParseName table;
    int32_t column_count; /* 0: all columns */
    ParseName *columns;
    bool from_stdin;
    char *path; /* as written; NULL for STDIN */
    int32_t path_position;
    CopyOptions options;
} CopyStatement;

typedef struct SetStatement
{
    char *name;  /* NULL: RESET ALL */
    char *value; /* list elements joined by ", "; NULL: DEFAULT */
    bool local;  /* SET LOCAL */
} SetStatement;

/* DROP TABLE, DROP SCHEMA, TRUNCATE, LOCK, CREATE SCHEMA. A schema's name is in `name`. */
typedef struct ObjectStatement
{
    int32_t name_count;
    ParseName *names;
    int32_t column_count; /* ANALYZE: of the one table it names */
    char **columns;
    bool verbose;   /* ANALYZE */
    bool if_exists; /* CREATE SCHEMA: IF NOT EXISTS */
    bool cascade;
} ObjectStatement;

typedef struct ParseStatement ParseStatement;

/* What CREATE VIEW keeps; its name and columns are in the node. */
typedef struct ViewStatement
{
    char *query;       /* as the user wrote it */
    int32_t position;  /* of its first character */
    bool late_binding; /* WITH NO SCHEMA BINDING */
} ViewStatement;

/* PREPARE, EXECUTE, DEALLOCATE. */
typedef struct PrepareStatement
{
    char *name;                /* NULL: DEALLOCATE ALL */
    ParseStatement *statement; /* PREPARE: its types are in the node */
} PrepareStatement;

/* DECLARE, FETCH, CLOSE. */
typedef struct CursorStatement
{
    char *name;                /* NULL: CLOSE ALL */
    int64_t count;             /* FETCH: rows; INT64_MAX: all that are left */
    ParseStatement *statement; /* DECLARE: the query */
} CursorStatement;

typedef struct ExplainStatement
{
    bool verbose;
    bool analyze;
    bool code; /* EXPLAIN (CODE): the generated C */
    ParseStatement *statement;
} ExplainStatement;

/* Users, groups and roles. */
typedef enum PrincipalWord
{
    PRINCIPAL_WORD_USER,
    PRINCIPAL_WORD_GROUP,
    PRINCIPAL_WORD_ROLE
} PrincipalWord;

typedef enum PrincipalAct
{
    PRINCIPAL_CREATE,
    PRINCIPAL_ALTER,
    PRINCIPAL_DROP,
    PRINCIPAL_RENAME,
    PRINCIPAL_SET,    /* SET and RESET */
    PRINCIPAL_ADD,    /* users to a group */
    PRINCIPAL_REMOVE, /* users from a group */
    PRINCIPAL_GRANT,  /* roles to others */
    PRINCIPAL_REVOKE
} PrincipalAct;

typedef enum PrincipalChoice
{
    PRINCIPAL_UNSAID,
    PRINCIPAL_YES,
    PRINCIPAL_NO
} PrincipalChoice;

typedef struct PrincipalName
{
    PrincipalWord word;
    ParseName name;
} PrincipalName;

typedef struct PrincipalStatement
{
    PrincipalAct act;
    PrincipalWord word; /* GRANT, REVOKE: of no use */
    int32_t name_count; /* DROP, GRANT, REVOKE: 1..; else 1 */
    PrincipalName *names;
    int32_t other_count; /* CREATE USER IN GROUP: groups; of groups: users; GRANT and REVOKE: who gets it */
    PrincipalName *others;
    bool if_exists;
    char *new_name;
    bool password_said;
    char *password; /* NULL: disabled */
    int32_t password_position;
    PrincipalChoice superuser, create_db, syslog;
    char *valid_until; /* NULL: unsaid */
    int32_t valid_until_position;
    bool connection_limit_said;
    int32_t connection_limit; /* -1: none */
    char *setting; /* SET */
    char *value;   /* NULL: it goes */
} PrincipalStatement;

typedef struct GrantGrantee
{
    bool public;
    PrincipalName name; /* if not */
} GrantGrantee;

/* GRANT and REVOKE on tables and views. */
typedef struct GrantStatement
{
    bool revoke;
    bool options;            /* WITH GRANT OPTION; GRANT OPTION FOR */
    bool cascade;            /* REVOKE */
    bool in_schemas;         /* ALL TABLES IN SCHEMA: the objects are schemas */
    int32_t privilege_count; /* 0: ALL */
    ParseName *privileges;
    int32_t object_count;
    ParseName *objects;
    int32_t grantee_count;
    GrantGrantee *grantees;
} GrantStatement;

typedef enum CommentWord
{
    COMMENT_ON_TABLE,
    COMMENT_ON_VIEW,
    COMMENT_ON_COLUMN,
    COMMENT_ON_CONSTRAINT,
    COMMENT_ON_SCHEMA,
    COMMENT_ON_DATABASE
} CommentWord;

typedef struct CommentStatement
{
    CommentWord word;
    ParseName object; /* the table or view; a schema's or database's name is in `name` */
    char *part;       /* the column or constraint; else NULL */
    char *text;       /* NULL: it goes */
} CommentStatement;

typedef enum SnapshotAct
{
    SNAPSHOT_CREATE,
    SNAPSHOT_DROP,
    SNAPSHOT_RESTORE_TABLE
} SnapshotAct;

/* Snapshots of the warehouse. */
typedef struct SnapshotStatement
{
    SnapshotAct act;
    ParseName name;
    bool if_exists;  /* DROP */
    ParseName table; /* RESTORE TABLE: as the snapshot calls it */
    ParseName as;    /* and as it is called from now on */
} SnapshotStatement;

/* ANALYZE COMPRESSION. */
typedef struct CompressionStatement
{
    ParseName table; /* name NULL: all tables */
    int32_t column_count; /* 0: all */
    ParseName *columns;
    int64_t sample_rows; /* 0: not said */
} CompressionStatement;

struct PgQuery__Node;
typedef struct ParseMap ParseMap; /* positions: text given to the grammar -> user's characters */

struct ParseStatement
{
    StatementKind kind;
    const char *tag;                  /* "CREATE TABLE"; UNSUPPORTED: its name, "UNLOAD" */
    char *text;                       /* this statement as the user wrote it, without the semicolon */
    int32_t position;                 /* of its first character in the user's text, 1-based */
    const struct PgQuery__Node *node; /* SELECT, INSERT, UPDATE, DELETE, MERGE, CREATE and ALTER TABLE; else NULL or of no use */
    const ParseMap *map;
    bool remove_duplicates; /* MERGE ... REMOVE DUPLICATES; its WHEN clause stands for nothing */
    int32_t notice_count;
    char **notices; /* clauses that were read and have no effect */
    union
    {
        TableOptions *table;       /* CREATE_TABLE, ALTER_TABLE (of views, and RENAME: NULL), CREATE_TABLE_AS (SELECT INTO: NULL) */
        CopyStatement *copy;       /* COPY */
        SetStatement *set;         /* SET, RESET, SHOW (name only; "all"); BEGIN: READ ONLY or READ WRITE, or NULL */
        ObjectStatement *object;   /* DROP_TABLE, DROP_VIEW, DROP_SCHEMA, TRUNCATE, LOCK, CREATE_SCHEMA */
        ExplainStatement *explain; /* EXPLAIN */
        ViewStatement *view;       /* CREATE_VIEW */
        PrincipalStatement *principal; /* PRINCIPAL */
        GrantStatement *grant;     /* GRANT */
        CompressionStatement *compression; /* ANALYZE_COMPRESSION */
        CommentStatement *comment; /* COMMENT */
        SnapshotStatement *snapshot; /* SNAPSHOT */
        CursorStatement *cursor;   /* DECLARE, FETCH, CLOSE */
        PrepareStatement *prepare; /* PREPARE, EXECUTE, DEALLOCATE */
    };
};

typedef struct ParseList
{
    int32_t count; /* 0 for a text of blanks and comments */
    ParseStatement *statements;
} ParseList;

/* Thread-safe; runs on a thread of its own with a large stack, for libpg_query recurses.
 * Trees that come out are at most PARSE_DEPTH_MAX (and a few) deep, so that walkers may recurse:
 * give their threads 8 MB of stack.
 * Errors: 42601 and what the grammar says, with position; 54000 text too long; 54001 too deep;
 * 0A000 for clauses that are known and not supported.  Unsupported statements parse; see below. */
Error *parse_statements(Arena *arena, const char *text, ParseList **out) MUST_USE;

/* May its text tell what is nobody else's business: a password, a key?  Rather too often than too seldom. */
bool parse_text_is_secret(const ParseStatement *statement);
/* The text with '***' for every string and a blank for comments. */
char *parse_masked_text(Arena *arena, const char *text);

/* 0A000 "UNLOAD is not supported yet" for UNSUPPORTED, else NULL. */
Error *parse_refusal(const ParseStatement *statement) MUST_USE;

/* A byte location in a node of `statement` as a position for error_at(); 0 for a location < 0. */
int32_t parse_position(const ParseStatement *statement, int32_t location);

/* CREATE and ALTER TABLE: what was said of the column whose ColumnDef has this location; never NULL. */
const TableColumnOptions *parse_column_options(const ParseStatement *statement, int32_t location);

/* Folds a name as the parser does: lower case (ASCII), cut at PARSE_NAME_BYTES_MAX on a character's border. */
char *parse_fold_name(Arena *arena, const char *name);

#endif
