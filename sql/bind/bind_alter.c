/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALTER TABLE: from a table's definition and the actions to another definition.
 *
 *     table ──ADD, DROP, RENAME, TYPE, OWNER──> defined ──DISTSTYLE, SORTKEY, ENCODE──> placed
 *             segments stay as they are                   rows are written anew
 *
 * Values that no definition may have are for the leader to look for (AlterCheck).
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct Alter
{
    TableMaker maker; /* its table: plan->defined */
    AlterTablePlan *plan;
} Alter;

static Error *undefined_column(const Alter *alter, const char *name)
{
    return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist", name,
                              alter->plan->table->name),
                    alter->maker.binder->parse->position);
}

static Error *find_column(const Alter *alter, const char *said, int32_t *ordinal)
{
    const char *name = name_fold(alter->maker.binder, said);
    *ordinal = catalog_find_column(alter->maker.table, name);
    return *ordinal >= 0 ? NULL : undefined_column(alter, name);
}

static Error *not_a(const Alter *alter, const char *kind)
{
    return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a %s", alter->plan->table->name, kind),
                    alter->maker.binder->parse->position);
}

static Error *refused(const Alter *alter, const char *what)
{
    return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "%s", what), alter->maker.binder->parse->position);
}

static void add_check(Alter *alter, int32_t ordinal, int32_t bytes_most)
{
    AlterTablePlan *plan = alter->plan;
    int32_t column = catalog_find_column_id(plan->table, alter->maker.table->columns[ordinal].id);
    if (column >= 0) /* one that is added by this statement has no rows yet */
        plan->checks[plan->check_count++] = (AlterCheck){column, bytes_most};
}

/* --- columns ------------------------------------------------------------------------ */

/* The value that rows which are there have in a new column. */
static Error *value_for_old_rows(Alter *alter, int32_t ordinal)
{
    Binder *binder = alter->maker.binder;
    CatalogColumn *column = &alter->maker.table->columns[ordinal];
    Expr *expr;
    TRY(bind_default(binder, alter->maker.table, ordinal, &expr));
    if (expr->kind != EXPR_CONST)
        alter->plan->fill[alter->plan->fill_count++] = column->id;
    else if (!expr->value.null)
        column->missing = arena_memdup(binder->arena, &expr->value, sizeof expr->value);
    bool filled = expr->kind != EXPR_CONST || !expr->value.null;
    if (column->not_null && !filled && alter->plan->table->row_count > 0)
        return error_hint(error_at(error_new(SQLSTATE_NOT_NULL_VIOLATION, "column \"%s\" of relation \"%s\" contains null values",
                                             column->name, alter->plan->table->name),
                                   binder->parse->position),
                          "Give the column a DEFAULT.");
    return NULL;
}

static Error *add_column(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    const PgQuery__ColumnDef *definition = command->def->column_def;
    CatalogTable *table = alter->maker.table;
    const char *name = name_fold(alter->maker.binder, definition->colname);
    if (command->missing_ok && catalog_find_column(table, name) >= 0)
    {
        alter->plan->notices[alter->plan->notice_count++] = arena_printf(
            alter->maker.binder->arena, "column \"%s\" of relation \"%s\" already exists, skipping", name, table->name);
        return NULL;
    }
    int32_t sort_count = table->sort_count, dist_column = table->dist_column;
    if (catalog_find_column(table, name) >= 0)
        return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" of relation \"%s\" already exists", name, table->name),
                        node_position(alter->maker.binder, definition->location));
    table->dist_column = -1;
    CatalogIdentity identity = table->identity;
    table->identity.step = 0;
    TRY(table_read_column(&alter->maker, definition));
    if (table->identity.step != 0)
        return refused(alter, "an added column cannot be an IDENTITY column");
    table->identity = identity;
    bool keys = table->dist_column >= 0 || table->sort_count > sort_count;
    for (size_t i = 0; i < definition->n_constraints; i++)
        if (bind_is_key(definition->constraints[i]->constraint))
            return refused(alter, "an added column cannot be a key; use ADD CONSTRAINT after it");
    table->dist_column = dist_column;
    if (keys)
        return refused(alter, "an added column cannot be a DISTKEY or SORTKEY; use ALTER DISTKEY or ALTER SORTKEY after it");
    table->columns[table->column_count - 1].id = table->next_column_id++;
    alter->plan->renames = true;
    return value_for_old_rows(alter, table->column_count - 1);
}

/* Keys of the column; those that refer to it are the leader's. */
static void drop_keys_of(CatalogTable *table, int32_t id)
{
    for (int32_t i = table->key_count - 1; i >= 0; i--)
        if (key_has(&table->keys[i], id))
            key_remove(table, &table->keys[i]);
}

static Error *drop_column(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    CatalogTable *table = alter->maker.table;
    const char *name = name_fold(alter->maker.binder, command->name);
    int32_t ordinal = catalog_find_column(table, name);
    if (ordinal < 0 && command->missing_ok)
    {
        alter->plan->notices[alter->plan->notice_count++] = arena_printf(
            alter->maker.binder->arena, "column \"%s\" of relation \"%s\" does not exist, skipping", name, table->name);
        return NULL;
    }
    if (ordinal < 0)
        return undefined_column(alter, name);
    if (ordinal == table->dist_column || table_sort_position(table, ordinal) > 0)
        return refused(alter, "a column of the DISTKEY or SORTKEY cannot be dropped; use ALTER DISTSTYLE or ALTER SORTKEY before it");
    if (table->column_count == 1)
        return refused(alter, "the last column of a table cannot be dropped");
    drop_keys_of(table, table->columns[ordinal].id);
    table->column_count--;
    for (int32_t i = ordinal; i < table->column_count; i++)
        table->columns[i] = table->columns[i + 1];
    table->dist_column -= table->dist_column > ordinal;
    for (int32_t i = 0; i < table->sort_count; i++)
        table->sort_columns[i] -= table->sort_columns[i] > ordinal;
    alter->plan->renames = alter->plan->breaks = true;
    alter->plan->cascade |= command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    return NULL;
}

/* Only how long a VARCHAR may be: the files are as they would be for the other. */
static Error *change_type(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    Binder *binder = alter->maker.binder;
    const PgQuery__ColumnDef *definition = command->def->column_def;
    int32_t ordinal;
    SqlType type;
    TRY(find_column(alter, command->name, &ordinal));
    TRY(bind_type(binder, definition->type_name, true, &type));
    CatalogColumn *column = &alter->maker.table->columns[ordinal];
    if (column->type.id != TYPE_VARCHAR || type.id != TYPE_VARCHAR || definition->raw_default != NULL)
        return error_hint(error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot alter column \"%s\" from type %s to type %s",
                                             column->name, type_name(column->type), type_name(type)),
                                   binder->parse->position),
                          "Only the length of a VARCHAR can be altered; add a column, UPDATE it and drop the old one.");
    if (type.length < column->type.length)
        add_check(alter, ordinal, type.length);
    column->type = type;
    alter->plan->breaks = true;
    return NULL;
}

static Error *change_default(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    int32_t ordinal;
    TRY(find_column(alter, command->name, &ordinal));
    if (ordinal == table_identity(alter->maker.table))
        return refused(alter, "an identity column has no DEFAULT");
    if (command->def != NULL && command->def->node_case != PG_QUERY__NODE__NODE__NOT_SET)
        return unsupported(alter->maker.binder->parse->position, "ALTER COLUMN SET DEFAULT is");
    alter->maker.table->columns[ordinal].default_sql = NULL;
    return NULL;
}

static Error *change_not_null(Alter *alter, const PgQuery__AlterTableCmd *command, bool not_null)
{
    int32_t ordinal;
    TRY(find_column(alter, command->name, &ordinal));
    const CatalogTable *table = alter->maker.table;
    const CatalogKey *primary = key_primary(table);
    if (!not_null && primary != NULL && key_has(primary, table->columns[ordinal].id))
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "column \"%s\" is in a primary key", table->columns[ordinal].name),
                        alter->maker.binder->parse->position);
    if (!not_null && ordinal == table_identity(table))
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "column \"%s\" is an identity column", table->columns[ordinal].name),
                        alter->maker.binder->parse->position);
    if (not_null)
        add_check(alter, ordinal, -1);
    alter->maker.table->columns[ordinal].not_null = not_null;
    return NULL;
}

/* --- declared keys ----------------------------------------------------------------------- */

static Error *add_key(Alter *alter, const PgQuery__Constraint *constraint)
{
    const AlterTablePlan *plan = alter->plan;
    CatalogTable *table = alter->maker.table;
    if (!bind_is_key(constraint))
        return unsupported(node_position(alter->maker.binder, constraint->location), "this constraint is");
    TRY(bind_key(alter->maker.binder, table, constraint, -1));
    for (int32_t i = 0; i < table->column_count; i++)
    {
        int32_t was = catalog_find_column_id(plan->table, table->columns[i].id);
        if (table->columns[i].not_null && was >= 0 && !plan->table->columns[was].not_null)
            add_check(alter, i, -1);
    }
    return NULL;
}

static Error *drop_key(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    CatalogTable *table = alter->maker.table;
    AlterTablePlan *plan = alter->plan;
    const char *name = name_fold(alter->maker.binder, command->name);
    const CatalogKey *key = key_named(table, name);
    if (key == NULL && command->missing_ok)
    {
        plan->notices[plan->notice_count++] = arena_printf(
            alter->maker.binder->arena, "constraint \"%s\" of relation \"%s\" does not exist, skipping", name, table->name);
        return NULL;
    }
    if (key == NULL)
        return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "constraint \"%s\" of relation \"%s\" does not exist", name, table->name),
                        alter->maker.binder->parse->position);
    key_remove(table, key);
    plan->cascade |= command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    return NULL;
}

static Error *change_owner(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    Binder *binder = alter->maker.binder;
    const PgQuery__RoleSpec *role = command->newowner;
    bool named = role->roletype == PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CSTRING;
    const char *name = named ? name_fold(binder, role->rolename) : binder->context->user;
    if (principal_find(binder->snapshot->principals, PRINCIPAL_USER, name) == NULL)
        return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "user \"%s\" does not exist", name),
                        node_position(binder, role->location));
    alter->maker.table->owner = arena_strdup(binder->arena, name);
    return NULL;
}

/* --- where rows lie, and how ------------------------------------------------------------ */

static CatalogTable *table_for_change(Arena *arena, const CatalogTable *table, int32_t more_columns)
{
    CatalogTable *copy = arena_memdup(arena, table, sizeof *table);
    copy->columns = ARENA_ARRAY(arena, CatalogColumn, table->column_count + more_columns);
    memcpy(copy->columns, table->columns, sizeof(CatalogColumn) * (size_t) table->column_count);
    copy->keys = keys_copy(arena, table->keys, table->key_count);
    copy->sort_columns = ARENA_ARRAY(arena, int32_t, SORT_COLUMNS_MAX);
    if (table->sort_count > 0)
        memcpy(copy->sort_columns, table->sort_columns, sizeof(int32_t) * (size_t) table->sort_count);
    return copy;
}

static CatalogTable *placed_table(Alter *alter)
{
    AlterTablePlan *plan = alter->plan;
    if (plan->placed == NULL)
        plan->placed = table_for_change(alter->maker.binder->arena, plan->defined, 0);
    return plan->placed;
}

static Error *change_encoding(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    int32_t ordinal, position = alter->maker.binder->parse->position;
    char *encoding = name_fold(alter->maker.binder, node_string(command->def));
    TRY(find_column(alter, command->name, &ordinal));
    return table_set_encoding(&placed_table(alter)->columns[ordinal], encoding, position);
}

static Error *change_attributes(Alter *alter)
{
    const TableOptions *options = alter->maker.binder->parse->table;
    if (!options->altered)
        return unsupported(alter->maker.binder->parse->position, "ALTER TABLE RESET is");
    bool dist = options->dist != TABLE_DIST_UNSAID || options->dist_key != NULL;
    TableMaker maker = {.binder = alter->maker.binder, .table = placed_table(alter)};
    if (dist)
    {
        maker.table->dist_column = -1;
        TRY(table_read_distribution(&maker, options));
    }
    if (options->sort_none || options->sort_count > 0)
        maker.table->sort_count = 0;
    return table_read_sort_key(&maker, options);
}

/* --- APPEND FROM -------------------------------------------------------------------------- */

static Error *append_column(const Alter *alter, const CatalogTable *source, int32_t ordinal, int32_t *from)
{
    const CatalogColumn *column = &alter->plan->table->columns[ordinal];
    int32_t position = alter->maker.binder->parse->position;
    *from = catalog_find_column(source, column->name);
    if (*from < 0 && alter->maker.binder->parse->table->append != TABLE_APPEND_FILL_TARGET)
        return error_hint(error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "table \"%s\" has no column \"%s\"", source->name,
                                             column->name),
                                   position),
                          "FILLTARGET gives such columns their defaults.");
    if (*from >= 0 && !type_equal(source->columns[*from].type, column->type))
        return error_at(error_new(SQLSTATE_DATATYPE_MISMATCH, "column \"%s\" is %s in table \"%s\" and %s in table \"%s\"",
                                  column->name, type_name(source->columns[*from].type), source->name, type_name(column->type),
                                  alter->plan->table->name),
                        position);
    return NULL;
}

static Error *append_from(Alter *alter, const PgQuery__RangeVar *range)
{
    Binder *binder = alter->maker.binder;
    AlterTablePlan *plan = alter->plan;
    ParseName name = bind_range_name(binder, range);
    const CatalogTable *source;
    TRY(bind_table_name(binder->snapshot, binder->context, &name, false, PRIVILEGE_OWNER, &source));
    if (source == plan->table)
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "a table cannot be appended to itself"), name.position);
    if (table_is_temporary(source))
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "the source of APPEND FROM must be a permanent table"),
                        name.position);
    TRY(bind_may_use(binder->snapshot, binder->context, plan->table, PRIVILEGE(INSERT), binder->parse->position));
    plan->append_from = source;
    plan->append_count = plan->table->column_count;
    plan->append_columns = ARENA_ARRAY(binder->arena, int32_t, plan->append_count);
    for (int32_t i = 0; i < plan->append_count; i++)
        TRY(append_column(alter, source, i, &plan->append_columns[i]));
    for (int32_t i = 0; i < source->column_count && binder->parse->table->append != TABLE_APPEND_IGNORE_EXTRA; i++)
        if (catalog_find_column(plan->table, source->columns[i].name) < 0)
            return error_hint(error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "table \"%s\" has no column \"%s\"",
                                                 plan->table->name, source->columns[i].name),
                                       name.position),
                              "IGNOREEXTRA leaves such columns out.");
    return NULL;
}

/* --- the statement -------------------------------------------------------------------------- */

static Error *rename(Alter *alter, const PgQuery__RenameStmt *node)
{
    Binder *binder = alter->maker.binder;
    CatalogTable *table = alter->maker.table;
    char *name = name_fold(binder, node->newname);
    alter->plan->renames = true;
    TRY(bind_may_use(binder->snapshot, binder->context, alter->plan->table, PRIVILEGE(ALTER), binder->parse->position));
    if (node->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW && table->view_sql == NULL)
        return not_a(alter, "view");
    if (node->rename_type != PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
    {
        table->name = name; /* the catalog says if it is taken */
        return NULL;
    }
    if (table->view_sql != NULL)
        return not_a(alter, "table");
    int32_t ordinal;
    TRY(find_column(alter, node->subname, &ordinal));
    if (catalog_find_column(table, name) >= 0)
        return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" of relation \"%s\" already exists", name, table->name),
                        binder->parse->position);
    table->columns[ordinal].name = name;
    return NULL;
}

static Error *action(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    switch (command->subtype)
    {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        return add_column(alter, command);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
        return drop_column(alter, command);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
        return change_type(alter, command);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        return change_default(alter, command);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
        return change_not_null(alter, command, command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        return add_key(alter, command->def->constraint);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
        return drop_key(alter, command);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
        return change_owner(alter, command);
    default:
        return unsupported(alter->maker.binder->parse->position, "this form of %s is", alter->maker.binder->parse->tag);
    }
}

static bool is_placement(const PgQuery__AlterTableCmd *command)
{
    return command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage ||
           command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit ||
           command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions;
}

static Error *placement(Alter *alter, const PgQuery__AlterTableCmd *command)
{
    if (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage)
        return change_encoding(alter, command);
    if (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit)
        return append_from(alter, command->def->range_var);
    return change_attributes(alter);
}

static bool texts_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool lies_alike(const CatalogTable *a, const CatalogTable *b)
{
    bool even = a->dist_style == DIST_EVEN || a->dist_style == DIST_AUTO;
    bool alike = (a->dist_style == b->dist_style || (even && (b->dist_style == DIST_EVEN || b->dist_style == DIST_AUTO))) &&
                 a->dist_column == b->dist_column && a->sort_count == b->sort_count;
    for (int32_t i = 0; i < a->sort_count && alike; i++)
        alike = a->sort_columns[i] == b->sort_columns[i];
    for (int32_t i = 0; i < a->column_count && alike; i++)
        alike = texts_equal(a->columns[i].encoding, b->columns[i].encoding);
    return alike;
}

/* Actions on the definition come first, in whatever order they were written. */
static Error *actions(Alter *alter, const PgQuery__AlterTableStmt *node)
{
    AlterTablePlan *plan = alter->plan;
    for (size_t i = 0; i < node->n_cmds; i++)
    {
        const PgQuery__AlterTableCmd *command = node->cmds[i]->alter_table_cmd;
        bool owner = command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner;
        TRY(bind_may_use(alter->maker.binder->snapshot, alter->maker.binder->context, plan->table,
                         owner ? PRIVILEGE_OWNER : PRIVILEGE(ALTER), alter->maker.binder->parse->position));
        if (plan->table->view_sql != NULL && !owner)
            return not_a(alter, "table");
        if (!is_placement(command))
            TRY(action(alter, command));
    }
    for (size_t i = 0; i < node->n_cmds; i++)
        if (is_placement(node->cmds[i]->alter_table_cmd))
            TRY(placement(alter, node->cmds[i]->alter_table_cmd));
    if (plan->placed != NULL && lies_alike(plan->defined, plan->placed))
    {
        plan->defined = plan->placed;
        plan->placed = NULL;
    }
    return NULL;
}

static Error *find_table(Binder *binder, const PgQuery__RangeVar *range, bool if_exists, AlterTablePlan *plan)
{
    ParseName name = bind_range_name(binder, range);
    Error *error = bind_relation_name(binder->snapshot, binder->context, &name, &plan->table);
    if (error != NULL && if_exists && (error->state == SQLSTATE_UNDEFINED_TABLE || error->state == SQLSTATE_INVALID_SCHEMA_NAME))
    {
        error_free(error);
        plan->table = NULL;
        plan->skipped = name.name;
        return NULL;
    }
    return error;
}

Error *bind_alter_table(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                        const ParseStatement *statement, AlterTablePlan **out)
{
    Binder binder = binder_make(arena, snapshot, context, statement);
    const Node *node = statement->node;
    bool renames = node->node_case == PG_QUERY__NODE__NODE_RENAME_STMT;
    const PgQuery__RangeVar *range = renames ? node->rename_stmt->relation : node->alter_table_stmt->relation;
    size_t count = renames ? 0 : node->alter_table_stmt->n_cmds;
    AlterTablePlan *plan = *out = ARENA_NEW(arena, AlterTablePlan);
    TRY(find_table(&binder, range, renames ? node->rename_stmt->missing_ok : node->alter_table_stmt->missing_ok, plan));
    if (plan->table == NULL)
        return NULL;
    plan->checks = ARENA_ARRAY(arena, AlterCheck, count * (size_t) (1 + plan->table->column_count));
    plan->fill = ARENA_ARRAY(arena, int32_t, count);
    plan->notices = ARENA_ARRAY(arena, char *, count);
    plan->defined = table_for_change(arena, plan->table, (int32_t) count);
    Alter alter = {.maker = {.binder = &binder, .table = plan->defined, .capacity = plan->table->column_count + (int32_t) count},
                   .plan = plan};
    return renames ? rename(&alter, node->rename_stmt) : actions(&alter, node->alter_table_stmt);
}
