/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/background.h"

Error *background_session(Leader *leader, Session **out)
{
    Session *session = session_new(leader, -1);
    if (session == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    session->background = true;
    session->login_deadline_us = INT64_MAX;
    session->settings = settings_new(session->arena);
    session->user = arena_strdup(session->arena, "");
    session->database = arena_strdup(session->arena, "");
    session->temp_schema = TEMP_SCHEMA_PREFIX;
    if (!session_register(leader, session))
    {
        session_discard(session);
        return error_new(SQLSTATE_TOO_MANY_CONNECTIONS, "too many connections");
    }
    *out = session;
    return NULL;
}

Error *background_begin(Session *session, const Statement *statement)
{
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    const CatalogPrincipal *user = NULL;
    for (int32_t i = 0; i < snapshot->principals->count && user == NULL; i++)
        if (snapshot->principals->items[i].superuser)
            user = &snapshot->principals->items[i];
    if (user == NULL)
        return error_new(SQLSTATE_UNDEFINED_OBJECT, "there is no superuser");
    session->user_id = user->id;
    session->transaction_time = statement->time;
    ValueSession values;
    settings_values(session->settings, session->transaction_time, &values);
    value_session_set(&values);
    return NULL;
}

void background_end(Session *session)
{
    sessions_remove(session);
    session_discard(session);
}
