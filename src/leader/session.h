/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: one client, one thread that mostly sleeps in recv.  Its stack is deep, for binder and planner recurse.
 *
 *     startup_run()      who is it, may he in
 *     session_main()     messages until Terminate
 *       query_run()      a query string: its statements, implicit transaction
 *       query_message()  a message of the extended protocol, query_sync() the end of its implicit transaction
 *         statement_run()  one statement: conduct, copy, utility...
 */
#ifndef SRC_LEADER_SESSION_H
#define SRC_LEADER_SESSION_H

#include "sql/bind/bind.h"
#include "sql/parse/parse.h"
#include "src/leader/leader.h"
#include "src/leader/lock.h"
#include "src/leader/result.h"
#include "src/leader/setting.h"
#include "src/leader/wire.h"

#define EPOCH_2000_SECONDS INT64_C(946684800) /* from 1970 to 2000 */
#define SESSION_STACK_BYTES ((size_t) 32 * 1024 * 1024) /* address space; only what is touched is memory */

typedef enum SessionStatus
{
    SESSION_IDLE = 'I',   /* no transaction block */
    SESSION_BLOCK = 'T',  /* in a block */
    SESSION_FAILED = 'E'  /* in a failed block */
} SessionStatus;

struct Session
{
    Leader *leader;
    Session *next;
    Arena *arena; /* session's life */
    int fd;
    Wire wire;
    uint32_t process;
    uint32_t secret; /* the cancel key */
    bool admitted;   /* logged in; under the leader's lock */
    int64_t login_deadline_us; /* then a connection that is no session yet is shut */
    char *user;
    char *database;
    int64_t user_id;
    int32_t connection_limit; /* of the user; -1: none */
    Settings *settings;
    int64_t start_time; /* microseconds since 2000 */
    bool background; /* no client: it merges segments (merge.h) */
    _Atomic(SessionStatus) status; /* others look at it, as at the next but one */
    CatalogTxn *txn;             /* open transaction, NULL before its first statement */
    int64_t transaction_time;    /* its now(); 0: none is open */
    int64_t transaction;         /* its number */
    _Atomic bool transaction_seen; /* a statement has run in it; one that was only parsed has not */
    bool extended;               /* messages of the extended protocol have come since the last Sync */
    bool skipping;               /* one of them failed: passes over all up to Sync */
    _Atomic uint64_t query;      /* running, for cancel; 0 = none */
    _Atomic bool cancelled;      /* asked for while a query string runs */
    _Atomic bool timed_out;      /* by statement_timeout */
    _Atomic int64_t deadline_us; /* of the running statement, 0 = none */
    bool closing;                /* the connection is broken or ends */
    const char *temp_schema;       /* "pg_temp_<process>" */
    const char *driver_version, *os_version, *plugin_name; /* as the client said; NULL: it did not */
    HistoryRow *uncommitted; /* chain: of the history if the transaction commits */
    bool temp_made;                /* a transaction has made it: dropped when the session ends */
    struct Prepared *prepared;     /* list, owned (prepare.c) */
    struct Portal *portals;        /* list, owned (portal.h) */
    int64_t last_query;
    struct Record *record;       /* of the statement that runs (record.h); changed under the leader's lock */
    int64_t last_copy_rows;
    int64_t last_copy_query;
};

/* One statement on its way. */
typedef struct Statement
{
    Session *session;
    Arena *arena;
    const ParseStatement *parse;
    int64_t time; /* getdate() */
    bool first;   /* of its transaction */
    int32_t param_count; /* EXECUTE, and portals */
    const BindParam *params;
    const ParseStatement *query; /* what EXECUTE and DECLARE stand for; else NULL */
    int64_t acts_as;             /* whose privileges count: 0: the session's user's */
    const CatalogTable *placed;  /* rows it writes are placed and encoded as this definition of their table says; NULL: as it is */
    const SegmentMerge *merge; /* it copies these segments of its table, and its rows take their place; else NULL */
    Result result;               /* where its rows go */
    char tag[64]; /* of CommandComplete; empty: none is sent */
} Statement;

/* Thread function: takes over the Session (from session_new) and its socket. */
void *session_main(void *session);
Session *session_new(Leader *leader, int fd); /* NULL: no memory */
void session_discard(Session *session);       /* one that never ran */

/* Microseconds since 2000-01-01 UTC, now. */
int64_t session_clock(void);

/* startup.c: from the first packet to ReadyForQuery.  *served false: it was a cancel request, or nothing. */
Error *startup_run(Session *session, bool *served) MUST_USE;

/* query.c */
void query_run(Session *session, const char *text);
/* Parse, Bind, Describe, Execute, Close; and the Sync behind them. */
void query_message(Session *session, uint8_t type, WireReader *payload);
void query_sync(Session *session);
/* Takes an error: the transaction is over, the client is told. */
void query_failed(Session *session, Error *error);
bool session_is_serializable(const Session *session); /* its transaction, or the next */
CatalogTxn *session_txn(Session *session); /* opened if none is */
Error *session_commit(Session *session) MUST_USE;
void session_rollback(Session *session);
/* The table's lock for the transaction.  *renewed is set if the transaction has begun anew meanwhile, or sees the table's
 * segments merged: what was read of the catalog, the table too, is to be read again. */
Error *session_lock(Statement *statement, int64_t table, LockMode mode, bool *renewed) MUST_USE;
/* 57014 if somebody asked for it, 57P01 if the server stops, else NULL. */
Error *session_check(const Session *session) MUST_USE;
/* "$user", public: the names into the context, folded, without quotes. */
void session_search_path(Session *session, Arena *arena, BindContext *context);
void session_bind_context(Session *session, const Statement *statement, BindContext *context);

/* statement.c */
Error *statement_run(Statement *statement) MUST_USE;
/* 25P02 in a failed block, for all but what ends it. */
Error *statement_allowed(const Session *session, const ParseStatement *parse) MUST_USE;

/* 25006 in a transaction that only reads, unless the table is temporary; table NULL: it is no table's rows. */
Error *session_may_write(const Session *session, const CatalogTable *table, const char *what) MUST_USE;

/* extended.c: one message of the extended protocol. */
Error *extended_run(Statement *statement, uint8_t type, WireReader *payload) MUST_USE;

/* utility.c: what needs no compute node. */
Error *utility_create_table(Statement *statement) MUST_USE;
Error *utility_create_table_as(Statement *statement) MUST_USE;
Error *utility_create_schema(Statement *statement) MUST_USE;
Error *utility_truncate(Statement *statement) MUST_USE;
Error *utility_lock(Statement *statement) MUST_USE;
Error *utility_analyze(Statement *statement) MUST_USE;
Error *utility_set(Statement *statement) MUST_USE;
Error *utility_reset(Statement *statement) MUST_USE;
Error *utility_show(Statement *statement) MUST_USE;
#define SHOW_COLUMNS_MAX 3
int32_t show_columns(const SetStatement *set, WireColumn columns[SHOW_COLUMNS_MAX]); /* of SHOW's rows: their number */
/* Tells the client, if it wants to know, that a setting has changed. */
void session_report_setting(Session *session, const char *reported);

/* alter.c */
Error *alter_table(Statement *statement) MUST_USE;
void sql_put_table(Text *sql, const CatalogTable *table); /* "schema"."table" */
/* vacuum.c; commits table after table. */
Error *utility_vacuum(Statement *statement) MUST_USE;
/* Writes the live rows of some segments of the table anew, as a part of the transaction; NULL: of all.  placed: see Statement.
 * The table's LOCK_CHANGE is held. */
Error *vacuum_rewrite(const Statement *statement, const CatalogTable *table, const SegmentMerge *merge,
                      const CatalogTable *placed) MUST_USE;

/* snapshot.c */
Error *snapshot_run(Statement *statement) MUST_USE;

/* compression.c: ANALYZE COMPRESSION. */
#define COMPRESSION_COLUMNS 4
int32_t compression_columns(WireColumn columns[COMPRESSION_COLUMNS]); /* of its rows: their number */
Error *compression_run(Statement *statement) MUST_USE;

/* comment.c */
Error *comment_run(Statement *statement) MUST_USE;

/* object.c: views, dropping with what depends, the session's temporary tables. */
Error *object_create_view(Statement *statement) MUST_USE;
Error *object_drop_table(Statement *statement) MUST_USE;
/* The object and, with `cascade`, the views that are of it and the foreign keys that refer to it; else 2BP01 if there are any. */
Error *object_drop(Statement *statement, const CatalogTable *table, bool cascade) MUST_USE;
Error *object_drop_view(Statement *statement) MUST_USE;
Error *object_drop_schema(Statement *statement) MUST_USE;
/* Makes the schema of the session's temporary tables in its transaction, if it is not there. */
Error *object_temp_schema(Session *session) MUST_USE;
/* The session ends: its temporary tables go. */
void object_forget_temporary(Session *session);

/* prepare.c */
Error *prepare_make(Statement *statement) MUST_USE;
/* `execute`: the statement itself, or what an EXPLAIN explains. */
Error *prepare_execute(Statement *statement, const ParseStatement *execute) MUST_USE;
Error *prepare_forget(Statement *statement) MUST_USE;
void prepare_forget_all(Session *session);
struct Prepared;
void prepared_release(struct Prepared *prepared); /* frees it if nobody else holds it */

/* principal.c: users, groups, roles. */
Error *principal_run(Statement *statement) MUST_USE;
/* The session's user as its transaction sees him; NULL: dropped. */
const CatalogPrincipal *session_principal(Session *session);
/* Whom a statement names, as the transaction sees him; 42704 at the name. */
Error *session_find_principal(Session *session, const PrincipalName *name, const CatalogPrincipal **out) MUST_USE;
bool session_is_superuser(Session *session);
/* 42501 "permission denied to <what>" */
Error *session_need_superuser(Session *session, const char *what) MUST_USE;
/* May the session's user make tables and views there?  42501 */
Error *session_may_create(Session *session, const char *schema) MUST_USE;

/* grant.c */
Error *grant_run(Statement *statement) MUST_USE;

/* cursor.c */
Error *cursor_declare(Statement *statement) MUST_USE;
Error *cursor_fetch(Statement *statement) MUST_USE;
Error *cursor_close(Statement *statement) MUST_USE;

/* portal.c: the transaction ends; the session does, or CLOSE ALL. */
void portals_end(Session *session, bool committed);
void portals_drop_all(Session *session);

/* conduct.c: SELECT, INSERT, EXPLAIN. */
Error *conduct_query(Statement *statement) MUST_USE;
/* Another statement within this one, which the client does not see.  placed: see Statement; *number: of a SELECT its first
 * value, a BIGINT, else the rows it changed. */
Error *conduct_inner(const Statement *outer, const char *sql, const CatalogTable *placed, int64_t *number) MUST_USE;
/* A query within the statement: its rows to the sink. */
Error *conduct_rows(const Statement *outer, const char *sql, const RowSink *sink) MUST_USE;
WireColumn explain_column(void); /* of EXPLAIN's rows */

/* copy.c */
Error *copy_run(Statement *statement) MUST_USE;
Error *copy_out_run(Statement *statement) MUST_USE; /* COPY TO STDOUT */

/* commit.c: what the ranks have written becomes part of the transaction.
 * table: index into the Spec's tables.  *rows: added. */
Error *commit_segments(Statement *statement, const CatalogTable *table, const RunResult *result, int64_t *rows) MUST_USE;
/* The numbers that the identity column's rows have taken: those of the result, and all below counted_end; 0: none. */
Error *commit_numbers(Statement *statement, const CatalogTable *table, const RunResult *result, int64_t counted_end) MUST_USE;

/* What only the leader knows of a target: encodings and the stamp of its new files. */
Error *spec_table_complete(Leader *leader, Arena *arena, const CatalogTable *table, SpecTable *target) MUST_USE;

/* Runs a Spec for this session, so that it can be cancelled; notes its number.  feed, sink may be NULL. */
Error *session_engine_run(Session *session, Spec *spec, Arena *arena, const RunFeed *feed, const RowSink *sink,
                          RunResult *result) MUST_USE;

/* sysviews.c: all rows of a system view, packed into `values` (its layout is given). */
Error *sysview_pack(Session *session, Arena *arena, const CatalogSnapshot *snapshot, const CatalogTable *view,
                    SpecValues *values) MUST_USE;

/* server.c: registry. */
bool session_register(Leader *leader, Session *session); /* before its thread starts; false: there are too many */
/* Takes over a registered session; on error it is gone. */
Error *session_thread(Session *session, void *(*main)(void *)) MUST_USE;
void session_interrupt(Session *session); /* asks its query string to end; the session must not end meanwhile */
Error *sessions_add(Session *session) MUST_USE; /* admits it: 53300; gives the secret */
void sessions_remove(Session *session);
/* A cancel request: finds the session by its key; silent if there is none. */
void sessions_cancel(Leader *leader, uint32_t process, uint32_t secret);

#endif
