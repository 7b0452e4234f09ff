/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VACUUM: a table with deleted rows, or with several small segments in a slice, is written anew, by the road of an INSERT
 * of its own rows.  Readers go on with what they see; the old files go when nobody reads them.
 */
#include "src/leader/session.h"

#define SEGMENT_SMALL (32 << 20) /* bytes: two of these in a slice are worth being one */

/* Is there anything that writing it anew would make better? */
static bool is_worth_it(Arena *arena, const CatalogSnapshot *snapshot, const CatalogTable *table)
{
    bool *seen = ARENA_ARRAY(arena, bool, snapshot->slice_count), worth = false;
    for (int32_t k = 0; k < table->segment_count && !worth; k++)
    {
        const CatalogSegment *segment = &table->segments[k];
        bool small = segment->bytes < SEGMENT_SMALL;
        worth = segment->deleted != NULL || (small && seen[segment->slice]);
        seen[segment->slice] |= small;
    }
    return worth;
}

/* insert into schema.table select * from schema.table */
Error *vacuum_rewrite(const Statement *statement, const CatalogTable *table, const SegmentMerge *merge, const CatalogTable *placed)
{
    const CatalogTable *now = catalog_find_table_id(catalog_txn_snapshot(session_txn(statement->session)), table->id);
    SegmentMerge all = {.segment_ids = ARENA_ARRAY(statement->arena, int64_t, now->segment_count)};
    Statement outer = *statement;
    int64_t rows;
    Text sql;
    for (; all.count < now->segment_count; all.count++)
        all.segment_ids[all.count] = now->segments[all.count].id;
    outer.merge = merge == NULL ? &all : merge;
    text_init(&sql, statement->arena);
    text_puts(&sql, "insert into ");
    sql_put_table(&sql, table);
    text_puts(&sql, " select * from ");
    sql_put_table(&sql, table);
    return conduct_inner(&outer, sql.data, placed, &rows);
}

static Error *vacuum_table(Statement *statement, int64_t id)
{
    Session *session = statement->session;
    bool renewed = false;
    (void) session_txn(session);
    TRY(session_lock(statement, id, LOCK_CHANGE, &renewed));
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    const CatalogTable *table = catalog_find_table_id(snapshot, id);
    if (table != NULL && table->view_sql == NULL && is_worth_it(statement->arena, snapshot, table))
        TRY(vacuum_rewrite(statement, table, NULL, NULL));
    return session_commit(session);
}

/* All that the user may: those of the others are passed over. */
static Error *vacuum_all(Statement *statement, const BindContext *context)
{
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(statement->session));
    int32_t count = snapshot->table_count;
    int64_t *ids = ARENA_ARRAY(statement->arena, int64_t, count);
    int32_t kept = 0;
    for (int32_t k = 0; k < count; k++)
    {
        Error *refusal = bind_may_use(snapshot, context, snapshot->tables[k], PRIVILEGE_OWNER, 0);
        if (refusal == NULL)
            ids[kept++] = snapshot->tables[k]->id;
        error_free(refusal);
    }
    for (int32_t k = 0; k < kept; k++)
        TRY(vacuum_table(statement, ids[k]));
    return NULL;
}

Error *utility_vacuum(Statement *statement)
{
    Session *session = statement->session;
    const ObjectStatement *object = statement->parse->object;
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    const CatalogTable *table;
    BindContext context;
    if (session->status == SESSION_BLOCK || !statement->first)
        return error_new(SQLSTATE_ACTIVE_SQL_TRANSACTION, "VACUUM cannot run inside a transaction block");
    session_bind_context(session, statement, &context);
    if (object->name_count == 0)
        return vacuum_all(statement, &context);
    TRY(bind_table_name(snapshot, &context, &object->names[0], false, PRIVILEGE_OWNER, &table));
    return vacuum_table(statement, table->id);
}
