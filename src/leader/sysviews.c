/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the system views (sql/catalog/sysview.def) but those of sysviews_pg.c. */
#include "base/core/assert.h"
#include "src/leader/backup.h"
#include "src/leader/record.h"
#include "src/leader/sysview_rows.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES (1 << 20) /* sizes are told in blocks */

static void rows_put(Rows *rows, Datum value)
{
    ASSERT(rows->field < rows->layout->field_count);
    if (rows->field == 0)
    {
        memset(text_reserve(&rows->bytes, (size_t) rows->layout->stride), 0, (size_t) rows->layout->stride);
        rows->bytes.length += (size_t) rows->layout->stride;
    }
    char *row = rows->bytes.data + rows->bytes.length - rows->layout->stride;
    if (rows->layout->fields[rows->field].null_offset < 0)
        ASSERT(!value.null);
    row_set(rows->layout, row, rows->field++, &value);
}

void rows_int(Rows *rows, int64_t value)
{
    Datum datum = {.i = value};
    if (rows->layout->fields[rows->field].type.id == TYPE_DECIMAL &&
        type_rep(rows->layout->fields[rows->field].type) == REP_I128)
        datum.i128 = (I128){.lo = (uint64_t) value, .hi = value < 0 ? -1 : 0};
    rows_put(rows, datum);
}

void rows_str(Rows *rows, const char *text)
{
    int32_t most = rows->layout->fields[rows->field].type.length;
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > (size_t) most)
        for (length = (size_t) most; length > 0 && ((uint8_t) text[length] & 0xc0) == 0x80;)
            length--;
    rows_put(rows, (Datum){.str = {.data = arena_strndup(rows->arena, text == NULL ? "" : text, length),
                                   .len = (int64_t) length}});
}

void rows_null(Rows *rows)
{
    rows_put(rows, (Datum){.null = true});
}

void rows_real(Rows *rows, double value)
{
    rows_put(rows, (Datum){.f = value});
}

void rows_end(Rows *rows)
{
    ASSERT(rows->field == rows->layout->field_count);
    rows->field = 0;
    rows->count++;
}

/* --- tables ------------------------------------------------------------------- */

int64_t table_blocks(const CatalogTable *table)
{
    return (table->bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/* Redshift calls raw none. */
static const char *encoding_shown(const CatalogColumn *column)
{
    if (column->encoding == NULL)
        return "auto";
    return strcmp(column->encoding, "raw") == 0 ? "none" : column->encoding;
}

Error *rows_of_pg_table_def(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        for (int32_t c = 0; c < table->column_count; c++)
        {
            const CatalogColumn *column = &table->columns[c];
            Text type;
            text_init(&type, rows->arena);
            type_print(&type, column->type);
            rows_str(rows, table->schema);
            rows_str(rows, table->name);
            rows_str(rows, column->name);
            rows_str(rows, type.data);
            rows_str(rows, encoding_shown(column));
            rows_int(rows, table->dist_style == DIST_KEY && table->dist_column == c);
            rows_int(rows, table_sort_position(table, c));
            rows_int(rows, column->not_null);
            rows_end(rows);
        }
    }
    return NULL;
}

Error *rows_of_pg_tables(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        rows_str(rows, table->schema);
        rows_str(rows, table->name);
        rows_str(rows, table->owner);
        rows_str(rows, "");
        for (int32_t i = 0; i < 3; i++) /* indexes, rules, triggers: there are none */
            rows_int(rows, 0);
        rows_end(rows);
    }
    return NULL;
}

static const char *dist_style_text(Arena *arena, const CatalogTable *table)
{
    switch (table->dist_style)
    {
    case DIST_KEY:
        return arena_printf(arena, "KEY(%s)", table->columns[table->dist_column].name);
    case DIST_ALL:
        return "ALL";
    case DIST_AUTO:
        return "AUTO(EVEN)";
    case DIST_EVEN:
        break;
    }
    return "EVEN";
}

/* Rows of the fullest slice over rows of the emptiest, in hundredths. */
static int64_t skew_hundredths(Arena *arena, const CatalogTable *table, int32_t slice_count)
{
    int64_t *of_slice = ARENA_ARRAY(arena, int64_t, slice_count);
    for (int32_t i = 0; i < table->segment_count; i++)
        of_slice[table->segments[i].slice] += table->segments[i].rows;
    int64_t most = 0, least = INT64_MAX;
    for (int32_t i = 0; i < slice_count; i++)
    {
        most = of_slice[i] > most ? of_slice[i] : most;
        least = of_slice[i] < least ? of_slice[i] : least;
    }
    if (table->dist_style == DIST_ALL || most == 0)
        return 100;
    return (int64_t) (100.0 * (double) most / (double) (least > 0 ? least : 1));
}

int64_t table_dist_number(const CatalogTable *table)
{
    return table->dist_style == DIST_AUTO ? 11 : (int64_t) table->dist_style;
}

static int64_t rows_stored(const CatalogTable *table)
{
    int64_t rows = 0;
    for (int32_t i = 0; i < table->segment_count; i++)
        rows += table->segments[i].rows;
    return rows;
}

/* From its percentage of the disk on; percentages in units of their columns' scales. */
static void put_table_sizes(Rows *rows, const CatalogTable *table, int64_t capacity)
{
    double share = capacity > 0 ? (double) table_blocks(table) / (double) capacity : 0;
    rows_int(rows, (int64_t) (share * 1000000));
    rows_int(rows, 0);
    if (table->sort_count > 0)
        rows_int(rows, (int64_t) (table_unsorted_percent(rows->arena, table, rows->snapshot->slice_count) * 100));
    else
        rows_null(rows);
    rows_int(rows, 0); /* statistics come with every load */
    rows_int(rows, rows_stored(table));
    rows_null(rows);
    rows_int(rows, skew_hundredths(rows->arena, table, rows->snapshot->slice_count));
    rows_int(rows, table->row_count);
    for (int32_t i = 0; i < 3; i++) /* risk, benefit, time of creation: not known */
        rows_null(rows);
}

Error *rows_of_svv_table_info(Rows *rows)
{
    int64_t used, capacity;
    TRY(disk_blocks(rows, &used, &capacity));
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        if (table->row_count == 0)
            continue;
        int32_t longest = 0;
        bool encoded = false;
        for (int32_t c = 0; c < table->column_count; c++)
        {
            const CatalogColumn *column = &table->columns[c];
            if (column->type.id == TYPE_VARCHAR && column->type.length > longest)
                longest = column->type.length;
            encoded = encoded || column->encoding != NULL;
        }
        rows_str(rows, rows->snapshot->database);
        rows_str(rows, table->schema);
        rows_int(rows, table->id);
        rows_str(rows, table->name);
        rows_str(rows, encoded ? "Y" : "Y, AUTO(ENCODE)");
        rows_str(rows, dist_style_text(rows->arena, table));
        rows_str(rows, table->sort_count > 0 ? table->columns[table->sort_columns[0]].name : "");
        rows_int(rows, longest);
        rows_str(rows, table->sort_count > 0 ? encoding_shown(&table->columns[table->sort_columns[0]]) : "");
        rows_int(rows, table->sort_count);
        rows_int(rows, table_blocks(table));
        put_table_sizes(rows, table, capacity);
        rows_end(rows);
    }
    return NULL;
}

/* --- users ----------------------------------------------------------------------- */
static bool sees_all(const Rows *rows)
{
    return record_sees_all(rows->snapshot, rows->session);
}

Error *rows_of_pg_user(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
    {
        const CatalogPrincipal *user = &list->items[i];
        if (user->kind != PRINCIPAL_USER)
            continue;
        Text settings;
        text_init(&settings, rows->arena);
        for (int32_t k = 0; k < user->setting_count; k++)
            text_printf(&settings, "%s%s=%s", k > 0 ? "," : "", user->settings[k].name, user->settings[k].value);
        rows_str(rows, user->name);
        rows_int(rows, user->id);
        rows_int(rows, user->create_db);
        rows_int(rows, user->superuser);
        rows_int(rows, user->superuser);
        rows_str(rows, "********");
        if (user->valid_until == INT64_MAX)
            rows_null(rows);
        else
            rows_int(rows, user->valid_until);
        if (user->setting_count == 0)
            rows_null(rows);
        else
            rows_str(rows, arena_printf(rows->arena, "{%s}", settings.data));
        rows_end(rows);
    }
    return NULL;
}

static bool is_parent(const CatalogPrincipal *member, int64_t id)
{
    for (int32_t i = 0; i < member->parent_count; i++)
        if (member->parents[i] == id)
            return true;
    return false;
}

Error *rows_of_pg_group(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
    {
        if (list->items[i].kind != PRINCIPAL_GROUP)
            continue;
        Text members;
        text_init(&members, rows->arena);
        for (int32_t k = 0; k < list->count; k++)
            if (is_parent(&list->items[k], list->items[i].id))
                text_printf(&members, "%s%lld", members.length > 0 ? "," : "", (long long) list->items[k].id);
        rows_str(rows, list->items[i].name);
        rows_int(rows, list->items[i].id);
        if (members.length == 0)
            rows_null(rows);
        else
            rows_str(rows, arena_printf(rows->arena, "{%s}", members.data));
        rows_end(rows);
    }
    return NULL;
}

Error *rows_of_svv_roles(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
    {
        if (list->items[i].kind != PRINCIPAL_ROLE)
            continue;
        rows_int(rows, list->items[i].id);
        rows_str(rows, list->items[i].name);
        rows_null(rows); /* nobody owns them */
        rows_null(rows);
        rows_end(rows);
    }
    return NULL;
}

/* What `member` was given, if it is a user's own business or the asker's who sees all. */
static void put_grants(Rows *rows, const CatalogPrincipal *member)
{
    for (int32_t i = 0; i < member->parent_count; i++)
    {
        const CatalogPrincipal *role = principal_find_id(rows->snapshot->principals, member->parents[i]);
        if (role == NULL || role->kind != PRINCIPAL_ROLE)
            continue;
        rows_int(rows, member->id);
        rows_str(rows, member->name);
        rows_int(rows, role->id);
        rows_str(rows, role->name);
        if (member->kind == PRINCIPAL_USER)
            rows_int(rows, false); /* roles are not granted on */
        rows_end(rows);
    }
}

Error *rows_of_svv_role_grants(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i].kind == PRINCIPAL_ROLE)
            put_grants(rows, &list->items[i]);
    return NULL;
}

Error *rows_of_svv_user_grants(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i].kind == PRINCIPAL_USER && (list->items[i].id == rows->session->user_id || sees_all(rows)))
            put_grants(rows, &list->items[i]);
    return NULL;
}

/* Superusers see all users, others themselves. */
Error *rows_of_svv_user_info(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t i = 0; i < list->count; i++)
    {
        const CatalogPrincipal *user = &list->items[i];
        if (user->kind != PRINCIPAL_USER || (user->id != rows->session->user_id && !sees_all(rows)))
            continue;
        rows_str(rows, user->name);
        rows_int(rows, user->id);
        rows_int(rows, user->create_db);
        rows_int(rows, user->superuser);
        rows_int(rows, user->superuser);
        rows_str(rows, user->connection_limit < 0 ? "UNLIMITED" : arena_printf(rows->arena, "%d", user->connection_limit));
        rows_str(rows, user->superuser || user->syslog_unrestricted ? "UNRESTRICTED" : "RESTRICTED");
        rows_null(rows);
        rows_int(rows, 0);
        rows_null(rows);
        rows_end(rows);
    }
    return NULL;
}

/* "SELECT" */
static const char *privilege_text(Arena *arena, PrivilegeBit bit)
{
    Text word;
    text_init(&word, arena);
    for (const char *c = privilege_word(bit); *c != 0; c++)
        text_putc(&word, (char) (*c - 'a' + 'A'));
    return word.data;
}

static void row_of_privilege(Rows *rows, const CatalogTable *table, const CatalogGrant *grant, PrivilegeBit bit)
{
    const CatalogPrincipal *grantee = principal_find_id(rows->snapshot->principals, grant->grantee);
    rows_str(rows, table->schema);
    rows_str(rows, table->name);
    rows_str(rows, privilege_text(rows->arena, bit));
    rows_int(rows, grant->grantee);
    rows_str(rows, grantee == NULL ? "public" : grantee->name);
    rows_str(rows, grantee == NULL ? "public" : principal_kind_name(grantee->kind));
    rows_int(rows, (grant->options >> bit & 1) != 0);
    rows_end(rows);
}

/* What users may do who are neither owners nor superusers: has_table_privilege() asks here. */
Error *rows_of_stoa_table_privileges(Rows *rows)
{
    const PrincipalList *list = rows->snapshot->principals;
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        for (int32_t i = 0; i < list->count && table->grant_count > 0; i++)
            for (int32_t bit = 0; bit < PRIVILEGE_COUNT; bit++)
                if (list->items[i].kind == PRINCIPAL_USER && privilege_held(list, table, list->items[i].id, 1u << bit, false))
                {
                    rows_str(rows, list->items[i].name);
                    rows_int(rows, table_oid(table));
                    rows_str(rows, privilege_text(rows->arena, (PrivilegeBit) bit));
                    rows_end(rows);
                }
    }
    return NULL;
}

Error *rows_of_svv_relation_privileges(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        for (int32_t i = 0; i < table->grant_count; i++)
            for (int32_t bit = 0; bit < PRIVILEGE_COUNT; bit++)
                if ((table->grants[i].privileges >> bit & 1) != 0)
                    row_of_privilege(rows, table, &table->grants[i], (PrivilegeBit) bit);
    }
    return NULL;
}

/* --- the running warehouse ------------------------------------------------------ */
Error *rows_of_stv_slices(Rows *rows)
{
    int32_t nodes = world_compute_count(rows->session->leader->world);
    int32_t local = 0, before = -1;
    for (int32_t slice = 0; slice < rows->snapshot->slice_count; slice++)
    {
        int32_t node = slice_node(slice, rows->snapshot->slice_count, nodes);
        local = node == before ? local + 1 : 0;
        before = node;
        rows_int(rows, node);
        rows_int(rows, slice);
        rows_int(rows, local);
        rows_str(rows, "D");
        rows_end(rows);
    }
    return NULL;
}

static void row_of_segment(Rows *rows, const CatalogTable *table, const CatalogSegment *segment)
{
    char digest[2 * sizeof segment->digest + 1];
    for (size_t i = 0; i < sizeof segment->digest; i++)
        snprintf(digest + 2 * i, 3, "%02x", segment->digest[i]);
    rows_int(rows, table->id);
    rows_str(rows, table->schema);
    rows_str(rows, table->name);
    rows_int(rows, segment->slice);
    rows_str(rows, segment_path(rows->arena, NULL, table, segment));
    rows_int(rows, segment->rows);
    rows_int(rows, segment->deleted == NULL ? 0 : segment->deleted->count);
    rows_int(rows, segment->bytes);
    rows_str(rows, digest);
    rows_end(rows);
}

Error *rows_of_stv_segment_files(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count && sees_all(rows); t++)
        for (int32_t i = 0; i < rows->snapshot->tables[t]->segment_count; i++)
            row_of_segment(rows, rows->snapshot->tables[t], &rows->snapshot->tables[t]->segments[i]);
    return NULL;
}

/* A superuser sees them: whoever can read one reads all tables. */
Error *rows_of_stv_snapshots(Rows *rows)
{
    BackupPlace place = {.arena = rows->arena, .directory = rows->session->leader->directory};
    Backup *list;
    int32_t count;
    if (!sees_all(rows))
        return NULL;
    TRY(backup_list(&place, &list, &count));
    for (int32_t i = 0; i < count; i++)
    {
        rows_str(rows, list[i].name);
        rows_int(rows, (list[i].created - EPOCH_2000_SECONDS) * 1000000);
        rows_int(rows, list[i].slices);
        rows_int(rows, list[i].tables);
        rows_int(rows, list[i].rows);
        rows_int(rows, list[i].bytes);
        rows_end(rows);
    }
    return NULL;
}

Error *rows_of_stv_sessions(Rows *rows)
{
    Leader *leader = rows->session->leader;
    pthread_mutex_lock(&leader->lock);
    for (const Session *session = leader->sessions; session != NULL; session = session->next)
    {
        if (!session->admitted || (session->user_id != rows->session->user_id && !sees_all(rows)))
            continue;
        rows_int(rows, session->start_time);
        rows_int(rows, session->process);
        rows_str(rows, session->user);
        rows_str(rows, session->database);
        rows_int(rows, 0);
        rows_end(rows);
    }
    pthread_mutex_unlock(&leader->lock);
    return NULL;
}

Error *sysview_pack(Session *session, Arena *arena, const CatalogSnapshot *snapshot, const CatalogTable *view,
                    SpecValues *values)
{
    static Error *(*const producers[])(Rows *) = {
#define SYSVIEW(name) [SYSVIEW_##name] = rows_of_##name,
#define SYSVIEW_COLUMN(view_name, name, type, length, scale)
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
    };
    ASSERT(table_is_sysview(view) && values->layout->field_count == view->column_count);
    Rows rows = {.session = session, .snapshot = snapshot, .view = view, .arena = arena, .layout = values->layout};
    text_init(&rows.bytes, arena);
    TRY(producers[table_sysview(view)](&rows));
    Text packed;
    text_init(&packed, arena);
    row_pack(values->layout, rows.bytes.data, rows.count, &packed);
    values->packed = packed.data;
    values->packed_bytes = packed.length;
    return NULL;
}
