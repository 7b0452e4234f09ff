/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that are kept, and their results that are handed out in parts.
 *
 *     PREPARE p, Parse "p"      Prepared: a parse tree, the types of its parameters, the columns of its rows
 *     Bind "c" to "p"           Portal: a Prepared with values
 *     DECLARE c                 Portal that has run
 *     Execute "c" 100, FETCH 100 FROM c        the next 100 rows of it
 *
 * SQL and the protocol share names, as in PostgreSQL; "" is the protocol's unnamed one.  Portals end with their
 * transaction, but for cursors WITH HOLD.
 */
#ifndef SRC_LEADER_PORTAL_H
#define SRC_LEADER_PORTAL_H

#include "src/leader/session.h"

typedef struct Prepared
{
    Arena *arena; /* itself and all below */
    const char *name;
    const ParseStatement *parse; /* NULL: a text without a statement */
    int32_t param_count;
    const BindParam *params;   /* their types */
    const uint32_t *oids;      /* as the client is told them */
    int32_t column_count;      /* of a query's rows; see prepared_columns() */
    const WireColumn *columns;
    int32_t references; /* its name and portals */
    struct Prepared *next;
} Prepared;

/* What to make one of; `declared`: types of the first parameters. */
typedef struct PrepareRequest
{
    const char *name;
    const char *text;
    bool inner; /* the text is a PREPARE: what it prepares is meant */
    int32_t declared_count;
    const BindParam *declared;
    const uint32_t *oids; /* of the declared ones, as the client says them; NULL: as the types have them */
} PrepareRequest;

/* Parses, checks and keeps a statement; in the place of another if it has no name.  42P05, 42601 for several statements in
 * the text, and whatever is wrong with it. */
Error *prepared_make(Statement *statement, const PrepareRequest *request) MUST_USE;
/* 26000 */
Error *prepared_find(Session *session, const char *name, Prepared **out) MUST_USE;
void prepared_drop(Session *session, const char *name); /* portals keep what they have */
/* The columns of the rows that the statement would give now; 0: none. */
int32_t prepared_columns(Session *session, Arena *arena, const Prepared *prepared, const WireColumn **columns);

typedef enum PortalState
{
    PORTAL_READY, /* has not run */
    PORTAL_ROWS,  /* its rows are kept, or all gone */
    PORTAL_DONE   /* has run, and gave no rows */
} PortalState;

typedef struct Portal
{
    Arena *arena; /* itself and all below */
    const char *name;
    Prepared *prepared;      /* held; NULL: of DECLARE */
    const BindParam *params; /* as many as `prepared` has, with values */
    int32_t format_count;    /* of the columns that Execute sends */
    const uint16_t *formats;
    PortalState state;
    KeptRows *rows; /* owned */
    char tag[64];   /* of what has run */
    bool hold;      /* WITH HOLD: outlives the commit of its transaction */
    bool committed; /* and has */
    bool running;
    bool dropped;   /* while it ran */
    struct Portal *next;
} Portal;

/* An empty one of that name; a portal without a name takes the place of the one before.  42P03, 54000. */
Error *portal_make(Session *session, const char *name, Portal **out) MUST_USE;
/* 34000 */
Error *portal_find(Session *session, const char *name, Portal **out) MUST_USE;
void portal_drop(Session *session, Portal *portal);
/* Runs one that is ready for at most `limit` rows (0: all), or gives the next ones of one that has run; ends with the
 * message that says how it came out.  The portal may be gone afterwards. */
Error *portal_execute(Statement *statement, Portal *portal, int64_t limit) MUST_USE;

#endif
