/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors in SQL: DECLARE runs its query into a portal, FETCH hands out of one (portal.h), forward only; one WITH HOLD outlives its
 * transaction, whose rows it has. */
#include "src/leader/portal.h"

#include <stdio.h>
#include <string.h>

static Error *cursor_fill(Statement *statement, Portal *portal)
{
    portal->rows = kept_rows_new();
    portal->hold = statement->parse->cursor->hold;
    statement->query = statement->parse->cursor->statement;
    statement->result.kept = portal->rows;
    statement->result.format_count = 0;
    TRY(conduct_query(statement));
    snprintf(portal->tag, sizeof portal->tag, "%s", statement->tag);
    snprintf(statement->tag, sizeof statement->tag, "%s", statement->parse->tag);
    portal->state = PORTAL_ROWS;
    statement->result.column_count = 0; /* DECLARE itself gives no rows */
    return NULL;
}

Error *cursor_declare(Statement *statement)
{
    Session *session = statement->session;
    Portal *portal;
    if (session->status != SESSION_BLOCK && !statement->parse->cursor->hold)
        return error_new(SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                         "DECLARE CURSOR can only be used in transaction blocks");
    TRY(portal_make(session, statement->parse->cursor->name, &portal));
    return cursor_fill(statement, portal); /* an error ends the transaction, and with it the portal */
}

Error *cursor_fetch(Statement *statement)
{
    const CursorStatement *fetch = statement->parse->cursor;
    Portal *portal;
    int32_t count;
    int64_t taken;
    TRY(portal_find(statement->session, fetch->name, &portal));
    if (portal->state != PORTAL_ROWS || portal->rows == NULL)
        return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"%s\" cannot be run", portal->name);
    const WireColumn *columns = kept_rows_columns(portal->rows, &count);
    if (!fetch->moves)
        TRY(result_begin(&statement->result, statement->arena, columns, count));
    TRY(kept_rows_take(portal->rows, fetch->moves ? NULL : &statement->result, fetch->count, &taken));
    snprintf(statement->tag, sizeof statement->tag, "%s %lld", statement->parse->tag, (long long) taken);
    return NULL;
}

Error *cursor_close(Statement *statement)
{
    Session *session = statement->session;
    const char *name = statement->parse->cursor->name;
    Portal *portal;
    if (name == NULL)
    {
        portals_drop_all(session);
        snprintf(statement->tag, sizeof statement->tag, "CLOSE CURSOR ALL");
        return NULL;
    }
    TRY(portal_find(session, name, &portal));
    portal_drop(session, portal);
    return NULL;
}
