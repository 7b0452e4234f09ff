/* SPDX-License-Identifier: Apache-2.0 */
/* Users, groups and roles: rows of `principals`.  Settings are names and values, each with its zero. */
#include "base/core/text.h"
#include "sql/catalog/store.h"

#include <sqlite3.h>
#include <string.h>

static void settings_read(Arena *arena, const char *bytes, int32_t size, CatalogPrincipal *out)
{
    int32_t zeros = 0;
    for (int32_t i = 0; i < size; i++)
        zeros += bytes[i] == 0;
    out->settings = ARENA_ARRAY(arena, PrincipalSetting, zeros / 2);
    for (const char *at = bytes; out->setting_count < zeros / 2;)
    {
        PrincipalSetting *setting = &out->settings[out->setting_count++];
        setting->name = arena_strdup(arena, at);
        at += strlen(at) + 1;
        setting->value = arena_strdup(arena, at);
        at += strlen(at) + 1;
    }
}

static CatalogPrincipal principal_read(sqlite3_stmt *row, Arena *arena)
{
    CatalogPrincipal out = {.id = sqlite3_column_int64(row, 0),
                            .kind = (PrincipalKind) sqlite3_column_int(row, 1),
                            .version = sqlite3_column_int64(row, 3),
                            .superuser = sqlite3_column_int(row, 5) != 0,
                            .create_db = sqlite3_column_int(row, 6) != 0,
                            .syslog_unrestricted = sqlite3_column_int(row, 7) != 0,
                            .valid_until = sqlite3_column_int64(row, 8),
                            .connection_limit = sqlite3_column_int(row, 9)};
    out.name = arena_strdup(arena, (const char *) sqlite3_column_text(row, 2));
    if (sqlite3_column_type(row, 4) == SQLITE_TEXT)
        out.scram = arena_strdup(arena, (const char *) sqlite3_column_text(row, 4));
    const void *settings = sqlite3_column_blob(row, 10), *parents = sqlite3_column_blob(row, 11);
    settings_read(arena, settings, settings == NULL ? 0 : sqlite3_column_bytes(row, 10), &out);
    out.parent_count = parents == NULL ? 0 : sqlite3_column_bytes(row, 11) / (int32_t) sizeof(int64_t);
    out.parents = arena_memdup(arena, parents == NULL ? "" : parents, sizeof(int64_t) * (size_t) out.parent_count);
    return out;
}

typedef struct PrincipalReader
{
    Arena *arena;
    SnapshotVersion *version;
} PrincipalReader;

static Error *take_principal(sqlite3_stmt *row, void *context)
{
    PrincipalReader *reader = context;
    CatalogPrincipal principal = principal_read(row, reader->arena);
    snapshot_put_principal(reader->version, &principal);
    return NULL;
}

Error *store_read_principals(Store *store, SnapshotVersion *version)
{
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows,
                      "select id, kind, name, version, scram, superuser, create_db, syslog_unrestricted, valid_until,"
                      " connection_limit, settings, parents from principals order by id", ""));
    PrincipalReader reader = {arena_new("catalog read"), version};
    Error *error = store_each(store, rows, take_principal, &reader);
    arena_free(reader.arena);
    return error;
}

Error *store_put_principal(Store *store, const CatalogPrincipal *principal)
{
    Text settings;
    text_init(&settings, NULL);
    for (int32_t i = 0; i < principal->setting_count; i++)
    {
        text_append(&settings, principal->settings[i].name, strlen(principal->settings[i].name) + 1);
        text_append(&settings, principal->settings[i].value, strlen(principal->settings[i].value) + 1);
    }
    Error *error = store_do(store, "update tables set owner = ?2 where ?3 = 0 and"
                                   " owner = (select name from principals where id = ?1)",
                            "isi", principal->id, principal->name, (int64_t) principal->kind);
    if (error == NULL)
        error = store_do(store, "insert or replace into principals(id, kind, name, version, scram, superuser, create_db,"
                                " syslog_unrestricted, valid_until, connection_limit, settings, parents)"
                                " values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                         "iisisiiiiibb", principal->id, (int64_t) principal->kind, principal->name, principal->version,
                         principal->scram, (int64_t) principal->superuser, (int64_t) principal->create_db,
                         (int64_t) principal->syslog_unrestricted, principal->valid_until,
                         (int64_t) principal->connection_limit, (const void *) settings.data, settings.length,
                         (const void *) principal->parents, sizeof(int64_t) * (size_t) principal->parent_count);
    text_free(&settings);
    return error;
}

Error *store_drop_principal(Store *store, int64_t id, const SnapshotVersion *version)
{
    TRY(store_do(store, "delete from principals where id = ?1", "i", id));
    for (int32_t i = 0; i < version->snapshot.principals->count; i++) /* whose parent it was */
        TRY(store_put_principal(store, &version->snapshot.principals->items[i]));
    return NULL;
}
