/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/portal.h"

#include <stdio.h>
#include <string.h>

#define PORTALS_MAX 100 /* of a session */

/* --- names ----------------------------------------------------------------------------- */
static void portal_free(Portal *portal)
{
    kept_rows_free(portal->rows);
    if (portal->prepared != NULL)
        prepared_release(portal->prepared);
    arena_free(portal->arena);
}

static Portal **portal_at(Session *session, const char *name, int32_t *count)
{
    Portal **at = &session->portals;
    for (*count = 0; *at != NULL && strcmp((*at)->name, name) != 0; ++*count)
        at = &(*at)->next;
    return at;
}

Error *portal_make(Session *session, const char *name, Portal **out)
{
    int32_t count;
    Portal **at = portal_at(session, name, &count);
    if (*at != NULL && name[0] == 0)
        portal_drop(session, *at);
    else if (*at != NULL)
        return error_new(SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
    if (count >= PORTALS_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a session may have %d cursors", PORTALS_MAX);
    Arena *arena = arena_new("portal");
    Portal *portal = ARENA_NEW(arena, Portal);
    portal->arena = arena;
    portal->name = arena_strdup(arena, name);
    portal->next = session->portals;
    session->portals = portal;
    *out = portal;
    return NULL;
}

Error *portal_find(Session *session, const char *name, Portal **out)
{
    int32_t count;
    *out = *portal_at(session, name, &count);
    return *out != NULL ? NULL : error_new(SQLSTATE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist", name);
}

/* One that runs is freed when it has. */
void portal_drop(Session *session, Portal *portal)
{
    int32_t count;
    Portal **at = portal_at(session, portal->name, &count);
    *at = portal->next;
    portal->dropped = true;
    if (!portal->running)
        portal_free(portal);
}

void portals_end(Session *session, bool committed)
{
    for (Portal *portal = session->portals, *next; portal != NULL; portal = next)
    {
        next = portal->next;
        portal->committed |= committed && portal->hold;
        if (!portal->committed)
            portal_drop(session, portal);
    }
}

void portals_drop_all(Session *session)
{
    while (session->portals != NULL)
        portal_drop(session, session->portals);
}

/* --- running --------------------------------------------------------------------------- */
static Error *ready_run(Statement *statement, Portal *portal, int64_t limit)
{
    statement->parse = portal->prepared->parse;
    statement->params = portal->params;
    statement->param_count = portal->prepared->param_count;
    statement->result.format_count = portal->format_count;
    statement->result.formats = portal->formats;
    if (limit > 0)
        statement->result.kept = portal->rows = kept_rows_new();
    portal->running = true;
    Error *error = statement_run(statement);
    portal->running = false;
    snprintf(portal->tag, sizeof portal->tag, "%s", statement->tag);
    portal->state = statement->result.column_count > 0 ? PORTAL_ROWS : PORTAL_DONE;
    return error;
}

/* Rows of one that has run; its own command tag counts those of all parts. */
static Error *rows_take(Statement *statement, Portal *portal, int64_t limit, bool *suspended)
{
    Session *session = statement->session;
    Result result = {.session = session, .format_count = portal->format_count, .formats = portal->formats};
    int64_t taken = 0;
    if (portal->rows != NULL)
    {
        int32_t count;
        const WireColumn *columns = kept_rows_columns(portal->rows, &count);
        TRY(result_begin(&result, statement->arena, columns, count));
        TRY(kept_rows_take(portal->rows, &result, limit > 0 ? limit : INT64_MAX, &taken));
    }
    *suspended = limit > 0 && taken == limit;
    if (strncmp(portal->tag, "SELECT", 6) == 0)
        snprintf(portal->tag, sizeof portal->tag, "SELECT %lld", (long long) taken);
    return NULL;
}

Error *portal_execute(Statement *statement, Portal *portal, int64_t limit)
{
    Wire *wire = &statement->session->wire;
    bool suspended = false;
    Error *error = NULL;
    if (portal->prepared != NULL && portal->prepared->parse == NULL)
    {
        wire_bare(wire, 'I');
        return NULL;
    }
    if (portal->state == PORTAL_DONE)
        return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"%s\" cannot be run", portal->name);
    bool ready = portal->state == PORTAL_READY;
    if (ready)
        error = ready_run(statement, portal, limit);
    if (error == NULL && portal->state == PORTAL_ROWS && !(ready && limit == 0))
        error = rows_take(statement, portal, limit, &suspended);
    if (error == NULL && suspended)
        wire_bare(wire, 's');
    else if (error == NULL)
        wire_complete(wire, portal->tag);
    if (portal->dropped)
        portal_free(portal);
    return error;
}
