/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CREATE SNAPSHOT and DROP SNAPSHOT: files, and no part of a transaction.
 * RESTORE TABLE: a new table, and the snapshot's files under its name; it comes with the transaction's commit.
 */
#include "src/leader/backup.h"
#include "src/leader/session.h"

static Error *session_goes_on(const void *session)
{
    return session_check(session);
}

static Error *no_block(const Statement *statement)
{
    if (statement->session->status == SESSION_BLOCK || !statement->first)
        return error_new(SQLSTATE_ACTIVE_SQL_TRANSACTION, "%s cannot run inside a transaction block", statement->parse->tag);
    return NULL;
}

static Error *snapshot_drop_named(const BackupPlace *place, Session *session, const SnapshotStatement *said)
{
    Error *error = backup_drop(place, said->name.name);
    if (error == NULL || error->state != SQLSTATE_UNDEFINED_OBJECT || !said->if_exists)
        return error;
    wire_notice(&session->wire, WIRE_NOTICE, "%s, skipping", error->message);
    error_free(error);
    return NULL;
}

/* --- RESTORE TABLE ------------------------------------------------------------------------- */
static Error *table_find(const OpenBackup *backup, const SnapshotStatement *said, int32_t slice_count, const CatalogTable **table)
{
    *table = catalog_find_table(backup->snapshot, said->table.schema, said->table.name);
    if (*table == NULL || table_is_sysview(*table))
        return error_at(error_new(SQLSTATE_UNDEFINED_TABLE, "snapshot \"%s\" has no table \"%s\"", said->name.name, said->table.name),
                        said->table.position);
    if ((*table)->view_sql != NULL)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is a view", said->table.name), said->table.position);
    if (backup->snapshot->slice_count != slice_count)
        return error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "snapshot \"%s\" has %d slices, the warehouse %d", said->name.name,
                                    backup->snapshot->slice_count, slice_count),
                          "Restore the whole snapshot into a directory of its own, with \"stoa snapshot restore\".");
    return NULL;
}

/* What the table is from now on: its definition and statistics; keys, comments and privileges are of the old one. */
static CatalogTable table_anew(Session *session, const CatalogTable *from, const ParseName *as)
{
    const CatalogPrincipal *owner = principal_find(catalog_txn_snapshot(session_txn(session))->principals, PRINCIPAL_USER, from->owner);
    CatalogTable table = *from;
    table.id = table.definition = table.row_count = table.bytes = 0;
    table.changed = table.taken = 0;
    table.segment_count = table.grant_count = table.key_count = table.comment_count = 0;
    table.schema = as->schema != NULL ? as->schema : from->schema;
    table.name = as->name;
    table.owner = owner != NULL ? owner->name : session_principal(session)->name;
    return table;
}

static Error *table_restore(Statement *statement, const OpenBackup *backup)
{
    const SnapshotStatement *said = statement->parse->snapshot;
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogTable *from;
    TRY(table_find(backup, said, catalog_txn_snapshot(txn)->slice_count, &from));
    CatalogTable table = table_anew(statement->session, from, &said->as);
    Error *refused = catalog_create_table(txn, &table);
    if (refused != NULL)
        return error_at(refused, said->as.position);
    SegmentRecord *records = ARENA_ARRAY(statement->arena, SegmentRecord, from->segment_count);
    for (int32_t i = 0; i < from->segment_count; i++)
        records[i].segment = from->segments[i];
    TRY(backup_take_files(backup, from, table.id));
    return from->segment_count == 0 ? NULL : catalog_add_segments(txn, table.id, records, from->segment_count);
}

static Error *restore_run(Statement *statement, const BackupPlace *place)
{
    OpenBackup backup;
    Error *error = backup_open(place, statement->parse->snapshot->name.name, &backup);
    if (error == NULL)
        error = table_restore(statement, &backup);
    backup_close(&backup);
    return error;
}

Error *snapshot_run(Statement *statement)
{
    Session *session = statement->session;
    Leader *leader = session->leader;
    const SnapshotStatement *said = statement->parse->snapshot;
    BackupPlace place = {
        .arena = statement->arena, .directory = leader->directory, .check = session_goes_on, .context = session};
    Error *error = NULL;
    TRY(session_need_superuser(session, said->act == SNAPSHOT_RESTORE_TABLE ? "restore tables" : "make and drop snapshots"));
    if (said->act != SNAPSHOT_RESTORE_TABLE)
        TRY(no_block(statement));
    switch (said->act)
    {
    case SNAPSHOT_CREATE:
        error = backup_create(&place, leader->catalog, said->name.name);
        break;
    case SNAPSHOT_DROP:
        error = snapshot_drop_named(&place, session, said);
        break;
    case SNAPSHOT_RESTORE_TABLE:
        error = restore_run(statement, &place);
        break;
    }
    bool named = error != NULL && (error->state == SQLSTATE_UNDEFINED_OBJECT || error->state == SQLSTATE_INVALID_NAME ||
                                   error->state == SQLSTATE_DUPLICATE_OBJECT);
    return named ? error_at(error, said->name.position) : error;
}
