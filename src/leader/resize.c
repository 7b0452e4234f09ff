/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/resize.h"
#include "base/core/trace.h"
#include "src/leader/background.h"

static Error *table_resize(Session *session, const CatalogTable *table, int32_t slice_count)
{
    Arena *arena = arena_new("resize");
    Statement statement = {.session = session, .arena = arena, .time = session_clock(), .first = true};
    Error *error = background_begin(session, &statement);
    if (error == NULL)
        error = vacuum_rewrite(&statement, table, NULL, NULL);
    if (error == NULL)
        trace(TRACE_LOG, "table %s.%s: %lld rows on %d slices", table->schema, table->name, (long long) table->row_count, slice_count);
    arena_free(arena);
    return error;
}

static Error *tables_resize(Session *session, const CatalogSnapshot *snapshot, int32_t slice_count)
{
    TRY(catalog_set_slice_count(session_txn(session), slice_count));
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (snapshot->tables[i]->segment_count > 0)
            TRY(table_resize(session, snapshot->tables[i], slice_count));
    return session_commit(session);
}

Error *resize_run(Leader *leader, int32_t slice_count)
{
    Session *session;
    if (world_size(leader->world) > 1)
        return error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "a warehouse is resized by one rank"),
                          "Run \"stoa resize\", or stoad without mpirun.");
    TRY(background_session(leader, &session));
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    Error *error = NULL;
    if (snapshot->slice_count != slice_count)
        error = tables_resize(session, snapshot, slice_count);
    catalog_release(leader->catalog, snapshot);
    session_rollback(session); /* nothing, if it is committed */
    background_end(session);
    if (error == NULL)
        trace(TRACE_LOG, "the warehouse has %d slices", slice_count);
    return error;
}
