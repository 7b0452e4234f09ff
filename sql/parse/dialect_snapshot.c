/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     CREATE SNAPSHOT s
 *     DROP SNAPSHOT [IF EXISTS] s
 *     RESTORE TABLE [schema.]t FROM SNAPSHOT s [AS [schema.]u]
 *
 * Redshift does these outside of SQL, PostgreSQL has none: read as a whole.
 */
#include "sql/parse/dialect.h"

static Error *read_restore(Dialect *dialect, SnapshotStatement *out)
{
    out->act = SNAPSHOT_RESTORE_TABLE;
    TRY(dialect_read_relation(dialect, &out->table));
    TRY(dialect_need(dialect, "from"));
    TRY(dialect_need(dialect, "snapshot"));
    TRY(dialect_read_name(dialect, &out->name));
    out->as = out->table;
    return dialect_take(dialect, "as") ? dialect_read_relation(dialect, &out->as) : NULL;
}

static Error *read_drop(Dialect *dialect, SnapshotStatement *out)
{
    out->act = SNAPSHOT_DROP;
    if (dialect_take(dialect, "if"))
    {
        TRY(dialect_need(dialect, "exists"));
        out->if_exists = true;
    }
    return dialect_read_name(dialect, &out->name);
}

Error *dialect_snapshot(Dialect *dialect, SnapshotStatement **out, const char **tag)
{
    const TokenList *tokens = &dialect->tokens;
    bool create = token_is(tokens, 0, "create"), drop = token_is(tokens, 0, "drop");
    bool restore = token_is(tokens, 0, "restore") && token_is(tokens, 1, "table");
    *out = NULL;
    if (!restore && !((create || drop) && token_is(tokens, 1, "snapshot")))
        return NULL;
    SnapshotStatement *snapshot = ARENA_NEW(dialect->arena, SnapshotStatement);
    dialect->at = 2;
    *tag = restore ? "RESTORE TABLE" : create ? "CREATE SNAPSHOT" : "DROP SNAPSHOT";
    snapshot->act = SNAPSHOT_CREATE;
    if (restore)
        TRY(read_restore(dialect, snapshot));
    else if (drop)
        TRY(read_drop(dialect, snapshot));
    else
        TRY(dialect_read_name(dialect, &snapshot->name));
    TRY(dialect_need_end(dialect));
    *out = snapshot;
    return NULL;
}
