/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of pg_class, pg_attribute and what else of pg_catalog is no query over
 * them (sql/catalog/view.def): tables, views and system views alike.
 *
 * Numbers of objects: tables and views have their own; system views, schemas
 * and functions those below, from PostgreSQL where clients know them.
 */
#include "base/kernel/window.h"
#include "base/data/encode.h"
#include "src/leader/sysview_rows.h"

#include <string.h>

#define OID_PG_CATALOG         11
#define OID_INFORMATION_SCHEMA 13000
#define OID_PG_CLASS           1259
#define OID_PG_PROC            1255
#define OID_PG_REWRITE         2618
#define OID_BTREE              403
#define OID_PUBLIC             2200
#define OID_SCHEMA_FIRST       1000000000 /* and a hash of the name */
#define OID_SYSVIEW_FIRST      14000
#define OID_ARRAY_IN           750
#define OID_ARRAY_OUT          751
#define OID_FUNC_FIRST         100000
#define OID_AGG_FIRST          200000
#define OID_WINDOW_FIRST       300000
#define LANGUAGE_INTERNAL      12
#define COLLATION_DEFAULT      100

int64_t schema_oid(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    if (strcmp(name, "pg_catalog") == 0)
        return OID_PG_CATALOG;
    if (strcmp(name, "information_schema") == 0)
        return OID_INFORMATION_SCHEMA;
    if (strcmp(name, "public") == 0)
        return OID_PUBLIC;
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (uint8_t) *c) * 16777619u;
    return OID_SCHEMA_FIRST + hash % OID_SCHEMA_FIRST;
}

int64_t table_oid(const CatalogTable *table)
{
    static const struct
    {
        const char *name;
        int64_t oid;
    } known[] = {{"pg_am", 2601},         {"pg_attrdef", 2604}, {"pg_attribute", 1249},   {"pg_class", OID_PG_CLASS},
                 {"pg_constraint", 2606}, {"pg_database", 1262}, {"pg_depend", 2608},     {"pg_description", 2609},
                 {"pg_index", 2610},      {"pg_language", 2612}, {"pg_namespace", 2615},  {"pg_proc", OID_PG_PROC},
                 {"pg_rewrite", OID_PG_REWRITE}, {"pg_type", 1247}};
    for (size_t i = 0; i < sizeof known / sizeof *known && table_is_sysview(table); i++)
        if (strcmp(known[i].name, table->name) == 0)
            return known[i].oid;
    return table_is_sysview(table) ? OID_SYSVIEW_FIRST - 1 - table->id : table->id;
}

/* All relations: those of the catalog, then the system views; NULL behind the last. */
static const CatalogTable *relation_at(const Rows *rows, int32_t index)
{
    int32_t count = rows->snapshot->table_count;
    return index < count ? rows->snapshot->tables[index] : catalog_sysview(index - count);
}

/* Is it what its name alone stands for? */
static bool is_visible(const Rows *rows, const BindContext *context, const CatalogTable *table)
{
    if (context->temp_schema != NULL && strcmp(context->temp_schema, table->schema) == 0)
        return true;
    if (strcmp(table->schema, "pg_catalog") == 0)
        return true;
    for (int32_t i = 0; i < context->search_path_count; i++)
    {
        if (strcmp(context->search_path[i], table->schema) == 0)
            return true;
        if (catalog_has_schema(rows->snapshot, context->search_path[i]) &&
            catalog_find_table(rows->snapshot, context->search_path[i], table->name) != NULL)
            return false;
    }
    return false;
}

static int64_t owner_id(const Rows *rows, const CatalogTable *table)
{
    const CatalogPrincipal *owner = principal_find(rows->snapshot->principals, PRINCIPAL_USER, table->owner);
    return owner != NULL ? owner->id : FIRST_USER_ID;
}

/* As pg_attrdef has it, that of an identity column as Redshift writes it; NULL: none. */
static const char *default_text(const Rows *rows, const CatalogTable *table, int32_t c)
{
    const CatalogIdentity *identity = &table->identity;
    if (c != table_identity(table))
        return table->columns[c].default_sql;
    return arena_printf(rows->arena, "%s(%lld, %d, '%lld,%lld'::text)", identity->by_default ? "default_identity" : "\"identity\"",
                        (long long) table_oid(table), c, (long long) identity->seed, (long long) identity->step);
}

static bool has_default(const CatalogTable *table)
{
    for (int32_t c = 0; c < table->column_count; c++)
        if (table->columns[c].default_sql != NULL)
            return true;
    return table_identity(table) >= 0;
}

bool relation_is_visible(const Rows *rows, const CatalogTable *table)
{
    BindContext context = {.temp_schema = rows->session->temp_schema};
    session_search_path(rows->session, rows->arena, &context);
    return is_visible(rows, &context, table);
}

static bool has_key(const CatalogTable *table, bool unique)
{
    for (int32_t i = 0; i < table->key_count; i++)
        if (key_is_unique(&table->keys[i]) == unique)
            return true;
    return false;
}

/* A table or view or, with `index`, the index PostgreSQL would have for that key of it. */
static void put_relation(Rows *rows, const BindContext *context, const CatalogTable *table, const CatalogKey *index)
{
    bool view = table->view_sql != NULL || table_is_sysview(table);
    const CatalogTable *referrer;
    bool triggers = index == NULL && (has_key(table, false) || catalog_find_referrer(rows->snapshot, table->id, &referrer) != NULL);
    int64_t oid = index != NULL ? index->id : table_oid(table);
    bool temporary = strncmp(table->schema, TEMP_SCHEMA_PREFIX, strlen(TEMP_SCHEMA_PREFIX)) == 0;
    rows_int(rows, oid);
    rows_str(rows, index != NULL ? index->name : table->name);
    rows_int(rows, schema_oid(table->schema));
    rows_int(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, owner_id(rows, table));
    rows_int(rows, index != NULL ? OID_BTREE : 0);
    rows_int(rows, view ? 0 : oid);
    rows_int(rows, 0);
    rows_int(rows, index != NULL ? 0 : table_blocks(table));
    rows_real(rows, (double) table->row_count);
    for (int32_t i = 0; i < 3; i++) /* all visible, toast */
        rows_int(rows, 0);
    rows_int(rows, index == NULL && has_key(table, true)); /* index */
    rows_int(rows, false); /* shared */
    rows_str(rows, temporary ? "t" : "p");
    rows_str(rows, index != NULL ? "i" : view ? "v" : "r");
    rows_int(rows, index != NULL ? index->column_count : table->column_count);
    rows_int(rows, 0);     /* checks */
    rows_int(rows, false); /* oids */
    rows_int(rows, index == NULL && key_primary(table) != NULL);
    rows_int(rows, table->view_sql != NULL && !table_is_sysview(table));
    rows_int(rows, triggers); /* PostgreSQL's foreign keys are made of some: psql asks for them then */
    for (int32_t i = 0; i < 3; i++) /* subclasses, row security, partition */
        rows_int(rows, false);
    rows_null(rows);
    rows_null(rows);
    rows_int(rows, view ? 0 : table->dist_style == DIST_AUTO ? 9 : (int64_t) table->dist_style);
    rows_int(rows, view ? 0 : table_dist_number(table));
    rows_int(rows, is_visible(rows, context, table));
    rows_int(rows, OID_PG_CLASS);
    rows_end(rows);
}

Error *rows_of_pg_class(Rows *rows)
{
    const CatalogTable *table;
    BindContext context = {.temp_schema = rows->session->temp_schema};
    session_search_path(rows->session, rows->arena, &context);
    for (int32_t t = 0; (table = relation_at(rows, t)) != NULL; t++)
    {
        put_relation(rows, &context, table, NULL);
        for (int32_t i = 0; i < table->key_count; i++)
            if (key_is_unique(&table->keys[i]))
                put_relation(rows, &context, table, &table->keys[i]);
    }
    return NULL;
}

static int64_t encoding_number(const CatalogColumn *column)
{
    return encode_number(column->encoding == NULL ? ENCODE_auto : encode_find(column->encoding));
}

/* A column of the table as that of `relation`, the table or an index of it. */
static void put_column(Rows *rows, const CatalogTable *table, int32_t ordinal, int64_t relation, int32_t number)
{
    const CatalogColumn *column = &table->columns[ordinal];
    bool index = relation != table_oid(table);
    rows_int(rows, relation);
    rows_str(rows, column->name);
    rows_int(rows, type_oid(column->type));
    rows_int(rows, -1);
    rows_int(rows, type_wire_length(column->type));
    rows_int(rows, number);
    rows_int(rows, 0);
    rows_int(rows, -1);
    rows_int(rows, type_typmod(column->type));
    rows_int(rows, type_wire_length(column->type) > 0);
    rows_str(rows, "p");
    rows_str(rows, "i");
    rows_int(rows, !index && column->not_null);
    bool numbered = !index && ordinal == table_identity(table);
    rows_int(rows, !index && (column->default_sql != NULL || numbered));
    rows_int(rows, false); /* dropped */
    rows_int(rows, true);  /* local */
    rows_int(rows, 0);
    rows_int(rows, type_is_string(column->type) ? COLLATION_DEFAULT : 0);
    rows_str(rows, !numbered ? "" : table->identity.by_default ? "d" : "a");
    rows_str(rows, "");
    rows_null(rows);
    rows_null(rows);
    rows_int(rows, encoding_number(column));
    rows_int(rows, !index && table->dist_style == DIST_KEY && table->dist_column == ordinal);
    rows_int(rows, index ? 0 : table_sort_position(table, ordinal));
    rows_end(rows);
}

/* Not of views that are queries of the catalog itself or bound late: their columns are known where they are used. */
Error *rows_of_pg_attribute(Rows *rows)
{
    const CatalogTable *table;
    for (int32_t t = 0; (table = relation_at(rows, t)) != NULL; t++)
    {
        for (int32_t c = 0; c < table->column_count; c++)
            put_column(rows, table, c, table_oid(table), c + 1);
        for (int32_t i = 0; i < table->key_count; i++)
            for (int32_t c = 0; key_is_unique(&table->keys[i]) && c < table->keys[i].column_count; c++)
                put_column(rows, table, catalog_find_column_id(table, table->keys[i].columns[c]), table->keys[i].id, c + 1);
    }
    return NULL;
}

Error *rows_of_pg_attrdef(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        for (int32_t c = 0; has_default(table) && c < table->column_count; c++)
        {
            const char *text = default_text(rows, table, c);
            if (text == NULL)
                continue;
            rows_int(rows, table_oid(table) + c);
            rows_int(rows, table_oid(table));
            rows_int(rows, c + 1);
            rows_str(rows, text);
            rows_str(rows, text);
            rows_end(rows);
        }
    }
    return NULL;
}

/* The first user owns what nobody is known to own. */
static void put_schema(Rows *rows, const char *name)
{
    rows_int(rows, schema_oid(name));
    rows_str(rows, name);
    rows_int(rows, FIRST_USER_ID);
    rows_null(rows);
    rows_end(rows);
}

Error *rows_of_pg_namespace(Rows *rows)
{
    put_schema(rows, "pg_catalog");
    put_schema(rows, "information_schema");
    for (int32_t s = 0; s < rows->snapshot->schema_count; s++)
        put_schema(rows, rows->snapshot->schemas[s]);
    return NULL;
}

Error *rows_of_pg_rewrite(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        if (table->view_sql == NULL)
            continue;
        rows_int(rows, table_oid(table));
        rows_str(rows, "_RETURN");
        rows_int(rows, table_oid(table));
        rows_str(rows, "1");
        rows_int(rows, true);
        rows_str(rows, table->view_sql);
        rows_int(rows, OID_PG_REWRITE);
        rows_end(rows);
    }
    return NULL;
}

/* --- functions ------------------------------------------------------------------- */

typedef struct Proc
{
    int64_t oid;
    const char *name;
    bool aggregate, window, strict;
    char volatility;
    int32_t arg_count;
    const uint8_t *args; /* TypeIds, or rules */
    uint8_t result;
} Proc;

static const char *operand_name(uint8_t type)
{
    return type < TYPE_COUNT ? type_name(type_make((TypeId) type)) : type == ARG_PART ? "date part" : "any";
}

static void put_proc(Rows *rows, const Proc *proc)
{
    Text types, names;
    text_init(&types, rows->arena);
    text_init(&names, rows->arena);
    for (int32_t k = 0; k < proc->arg_count; k++)
    {
        text_printf(&types, "%s%u", k > 0 ? " " : "",
                    proc->args[k] < TYPE_COUNT ? type_oid(type_make((TypeId) proc->args[k])) : 0);
        text_printf(&names, "%s%s", k > 0 ? ", " : "", operand_name(proc->args[k]));
    }
    rows_int(rows, proc->oid);
    rows_str(rows, proc->name);
    rows_int(rows, OID_PG_CATALOG);
    rows_int(rows, FIRST_USER_ID);
    rows_int(rows, LANGUAGE_INTERNAL);
    rows_real(rows, 1);
    rows_real(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, proc->aggregate);
    rows_int(rows, proc->window);
    rows_int(rows, false);
    rows_int(rows, proc->strict);
    rows_int(rows, false);
    rows_str(rows, (char[2]){proc->volatility, '\0'});
    rows_int(rows, proc->arg_count);
    rows_int(rows, proc->result < TYPE_COUNT ? type_oid(type_make((TypeId) proc->result)) : 0);
    rows_str(rows, types.data);
    rows_null(rows);
    rows_null(rows);
    rows_str(rows, proc->name);
    rows_null(rows);
    rows_null(rows);
    rows_str(rows, operand_name(proc->result));
    rows_str(rows, names.data);
    rows_int(rows, OID_PG_PROC);
    rows_end(rows);
}

/* Whoever looks for types of arrays asks which of them array_in() reads. */
static void put_array_procs(Rows *rows)
{
    static const uint8_t text = TYPE_VARCHAR, any = RULE_FIRST;
    put_proc(rows, &(Proc){.oid = OID_ARRAY_IN, .name = "array_in", .strict = true, .volatility = 's', .arg_count = 1,
                           .args = &text, .result = any});
    put_proc(rows, &(Proc){.oid = OID_ARRAY_OUT, .name = "array_out", .strict = true, .volatility = 's', .arg_count = 1,
                           .args = &any, .result = text});
}

Error *rows_of_pg_proc(Rows *rows)
{
    put_array_procs(rows);
    for (int32_t id = FUNC_NONE + 1; id < FUNC_COUNT; id++)
    {
        const FuncRow *func = func_row((FuncId) id);
        Proc proc = {.oid = OID_FUNC_FIRST + id,
                     .name = func->name,
                     .strict = true,
                     .volatility = func->volatility == VOLATILITY_VOLATILE    ? 'v'
                                   : func->volatility == VOLATILITY_IMMUTABLE ? 'i'
                                                                              : 's',
                     .arg_count = func->arg_count,
                     .args = func->args,
                     .result = func->result};
        if (func->name[0] != '\0')
            put_proc(rows, &proc);
    }
    for (int32_t id = AGG_NONE + 1; id < AGG_COUNT_OF; id++)
    {
        const AggRow *agg = agg_row((AggId) id);
        put_proc(rows, &(Proc){.oid = OID_AGG_FIRST + id,
                               .name = agg->name,
                               .aggregate = true,
                               .volatility = 'i',
                               .arg_count = agg->arg != TYPE_NONE,
                               .args = &agg->arg,
                               .result = agg->result});
    }
    for (int32_t id = WINDOW_NONE + 1; id < WINDOW_COUNT; id++)
    {
        const WindowRow *window = window_row((WindowId) id);
        put_proc(rows, &(Proc){.oid = OID_WINDOW_FIRST + id,
                               .name = window->name,
                               .window = true,
                               .volatility = 'i',
                               .arg_count = window->arg_count,
                               .args = window->args,
                               .result = window->result});
    }
    return NULL;
}

Error *rows_of_pg_settings(Rows *rows)
{
    const char *name, *value, *description, *reported;
    for (int32_t i = 0; setting_at(rows->session->settings, i, &name, &value, &description, &reported); i++)
    {
        rows_str(rows, name);
        rows_str(rows, value);
        rows_null(rows);
        rows_str(rows, "");
        rows_str(rows, description);
        rows_null(rows);
        rows_str(rows, "user");
        rows_str(rows, "string");
        rows_str(rows, "session");
        for (int32_t k = 0; k < 4; k++) /* least, most, at start, after RESET */
            rows_null(rows);
        rows_end(rows);
    }
    return NULL;
}
