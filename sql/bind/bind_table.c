/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE TABLE: from the grammar's tree and the dialect's TableOptions to a table for the catalog. */
#include "base/core/assert.h"
#include "base/data/encode.h"
#include "sql/bind/binder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static Error *definition_error(int32_t position, const char *format, ...) PRINTF_LIKE(2, 3);

static Error *definition_error(int32_t position, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char message[256];
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "%s", message), position);
}

/* --- columns ---------------------------------------------------------------------------- */

Error *table_set_encoding(CatalogColumn *column, const char *keyword, int32_t position)
{
    Encode encode;
    Error *error = encode_parse(keyword, column->type, &encode);
    if (error != NULL)
        return error_at(error, position);
    column->encoding = encode == ENCODE_auto ? NULL : (char *) encode_keyword(encode);
    return NULL;
}

/* Who says an encoding chooses them all: the columns without one get Redshift's defaults, not the warehouse's choice. */
static void settle_encodings(CatalogTable *table)
{
    bool said = false;
    for (int32_t i = 0; i < table->column_count; i++)
        said = said || table->columns[i].encoding != NULL;
    for (int32_t i = 0; i < table->column_count && said; i++)
        if (table->columns[i].encoding == NULL)
            table->columns[i].encoding =
                (char *) encode_keyword(encode_default(table->columns[i].type, table_sort_position(table, i) > 0));
}

static Error *read_constraint(TableMaker *maker, const PgQuery__Constraint *constraint, CatalogColumn *column)
{
    int32_t position = node_position(maker->binder, constraint->location);
    switch (constraint->contype)
    {
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
        column->not_null = true;
        return NULL;
    case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY: /* read_keys() */
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return NULL;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        return error_hint(
            error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "CHECK constraints are not supported"), position),
            "Check the data as it is loaded, with a query after COPY.");
    default:
        return unsupported(position, "this constraint is");
    }
}

static Error *check_null(const TableMaker *maker, const PgQuery__ColumnDef *definition, const CatalogColumn *column)
{
    for (size_t i = 0; i < definition->n_constraints; i++)
    {
        const PgQuery__Constraint *constraint = definition->constraints[i]->constraint;
        if (constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NULL && column->not_null)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"",
                                      column->name, maker->table->name),
                            node_position(maker->binder, constraint->location));
    }
    return NULL;
}

/* The default must be an expression that means something now; its value is made anew at each INSERT. */
static Error *read_default(TableMaker *maker, const PgQuery__ColumnDef *definition, const TableColumnOptions *options,
                           CatalogColumn *column)
{
    Binder *binder = maker->binder;
    const Node *node = definition->raw_default;
    for (size_t i = 0; i < definition->n_constraints && node == NULL; i++)
        if (definition->constraints[i]->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
            node = definition->constraints[i]->constraint->raw_expr;
    if (node == NULL || options->default_sql == NULL)
        return NULL;
    Scope scope = {.no_aggregates = "DEFAULT expressions", .query = ARENA_NEW(binder->arena, BoundQuery)};
    Expr *expr;
    Error *error = bind_expr(binder, &scope, node, &expr);
    if (error != NULL && error->state == SQLSTATE_UNDEFINED_COLUMN)
    {
        int32_t position = error->position;
        error_free(error);
        return error_at(
            error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use column references in a DEFAULT expression"),
            position);
    }
    TRY(error);
    if (expr->kind == EXPR_SUBQUERY)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use a subquery in a DEFAULT expression"),
                        expr->position);
    TRY(coerce(binder, expr, column->type, CAST_ASSIGNMENT, &expr));
    column->default_sql = options->default_sql;
    return NULL;
}

/* Behind NULL and DEFAULT, which it does not go with. */
static Error *read_identity(const TableMaker *maker, const TableColumnOptions *options, CatalogColumn *column, int32_t position)
{
    if (options->identity_step == 0)
        return NULL;
    if (column->type.id != TYPE_INTEGER && column->type.id != TYPE_BIGINT)
        return definition_error(position, "identity column type must be integer or bigint");
    if (column->default_sql != NULL)
        return definition_error(position, "both default and identity specified for column \"%s\" of table \"%s\"", column->name,
                                maker->table->name);
    if (maker->table->identity.step != 0)
        return definition_error(position, "table \"%s\" can have only one IDENTITY column", maker->table->name);
    column->not_null = true;
    maker->table->identity = (CatalogIdentity){.seed = options->identity_seed,
                                               .step = options->identity_step,
                                               .column_id = maker->table->column_count,
                                               .by_default = options->identity_by_default};
    return NULL;
}

static Error *add_column(TableMaker *maker, const CatalogColumn *column, int32_t position)
{
    CatalogTable *table = maker->table;
    if (catalog_find_column(table, column->name) >= 0)
        return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", column->name),
                        position);
    if (table->column_count == BIND_COLUMNS_MAX)
        return error_at(
            error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "tables can have at most %d columns", BIND_COLUMNS_MAX),
            position);
    CatalogColumn numbered = *column;
    numbered.id = table->column_count; /* as catalog_create_table() will: keys have columns by number */
    ARRAY_ADD(maker->binder->arena, table->columns, table->column_count, maker->capacity, numbered);
    return NULL;
}

static Error *set_dist_column(TableMaker *maker, int32_t ordinal, int32_t position)
{
    CatalogTable *table = maker->table;
    if (table->dist_column >= 0)
        return definition_error(position, "a table can have only one DISTKEY");
    table->dist_column = ordinal;
    return NULL;
}

static Error *add_sort_column(TableMaker *maker, int32_t ordinal, int32_t position)
{
    CatalogTable *table = maker->table;
    if (table->sort_count == SORT_COLUMNS_MAX)
        return definition_error(position, "a SORTKEY can have at most %d columns", SORT_COLUMNS_MAX);
    if (table_sort_position(table, ordinal) > 0)
        return definition_error(position, "column \"%s\" is twice in the SORTKEY", table->columns[ordinal].name);
    table->sort_columns[table->sort_count++] = ordinal;
    return NULL;
}

Error *table_read_column(TableMaker *maker, const PgQuery__ColumnDef *definition)
{
    Binder *binder = maker->binder;
    int32_t position = node_position(binder, definition->location);
    const TableColumnOptions *options = parse_column_options(binder->parse, definition->location);
    CatalogColumn column = {.name = name_fold(binder, definition->colname), .not_null = definition->is_not_null};
    if (definition->type_name == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "column \"%s\" has no type", column.name), position);
    TRY(bind_type(binder, definition->type_name, true, &column.type));
    for (size_t i = 0; i < definition->n_constraints; i++)
        TRY(read_constraint(maker, definition->constraints[i]->constraint, &column));
    TRY(read_default(maker, definition, options, &column));
    TRY(read_identity(maker, options, &column, position));
    TRY(check_null(maker, definition, &column));
    if (options->encoding != NULL)
        TRY(table_set_encoding(&column, options->encoding, position));
    TRY(add_column(maker, &column, position));
    int32_t ordinal = maker->table->column_count - 1;
    if (options->dist_key)
        TRY(set_dist_column(maker, ordinal, position));
    return options->sort_key ? add_sort_column(maker, ordinal, position) : NULL;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* UNIQUE without a name says nothing new where the columns are a key already. */
static bool is_again(const CatalogTable *table)
{
    const CatalogKey *last = &table->keys[table->key_count - 1];
    for (int32_t i = 0; i < table->key_count - 1; i++)
    {
        const CatalogKey *key = &table->keys[i];
        if (key_is_unique(key) && key->column_count == last->column_count &&
            memcmp(key->columns, last->columns, sizeof(int32_t) * (size_t) key->column_count) == 0)
            return last->kind == KEY_UNIQUE;
    }
    return false;
}

static Error *read_key(TableMaker *maker, PgQuery__ConstrType type, const PgQuery__Constraint *constraint, int32_t column)
{
    CatalogTable *table = maker->table;
    if (constraint->contype != type)
        return NULL;
    TRY(bind_key(maker->binder, table, constraint, column));
    if (type == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE && constraint->conname[0] == '\0' && is_again(table))
        table->key_count--;
    return NULL;
}

/* All of one type, those of columns and those of the table as they stand. */
static Error *read_keys(TableMaker *maker, const PgQuery__CreateStmt *create, PgQuery__ConstrType type)
{
    for (size_t i = 0; i < create->n_table_elts; i++)
    {
        const Node *node = create->table_elts[i];
        if (node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            TRY(read_key(maker, type, node->constraint, -1));
        if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
            continue;
        int32_t column = catalog_find_column(maker->table, name_fold(maker->binder, node->column_def->colname));
        for (size_t k = 0; k < node->column_def->n_constraints; k++)
            TRY(read_key(maker, type, node->column_def->constraints[k]->constraint, column));
    }
    for (size_t i = 0; i < create->n_constraints; i++)
        TRY(read_key(maker, type, create->constraints[i]->constraint, -1));
    return NULL;
}

static Error *check_table_constraint(const TableMaker *maker, const Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_CONSTRAINT || bind_is_key(node->constraint))
        return NULL;
    return unsupported(node_position(maker->binder, node->constraint->location), "this constraint is");
}

/* LIKE parent [INCLUDING DEFAULTS]: columns, NOT NULL, distribution and sort key (FEATURES 3.12). */
static Error *read_like(TableMaker *maker, const PgQuery__TableLikeClause *like)
{
    const uint32_t defaults = 1u << 3; /* CREATE_TABLE_LIKE_DEFAULTS of PostgreSQL 15 */
    Binder *binder = maker->binder;
    const PgQuery__RangeVar *range = like->relation;
    ParseName name = bind_range_name(binder, range);
    int32_t position = name.position;
    int32_t before = maker->table->column_count;
    const CatalogTable *parent;
    TRY(bind_table(binder, name.schema, name.name, PRIVILEGE(SELECT), position, &parent));
    for (int32_t i = 0; i < parent->column_count; i++)
    {
        const CatalogColumn *from = &parent->columns[i];
        CatalogColumn column = {
            .name = from->name, .type = from->type, .not_null = from->not_null, .encoding = from->encoding};
        if ((like->options & defaults) != 0)
            column.default_sql = from->default_sql;
        if ((like->options & defaults) != 0 && i == table_identity(parent))
        {
            if (maker->table->identity.step != 0)
                return definition_error(position, "table \"%s\" can have only one IDENTITY column", maker->table->name);
            maker->table->identity = parent->identity;
            maker->table->identity.column_id = maker->table->column_count;
            maker->table->identity.next = 0;
        }
        TRY(add_column(maker, &column, position));
    }
    maker->table->no_backup = parent->no_backup;
    maker->table->dist_style = parent->dist_style;
    if (parent->dist_column >= 0)
        TRY(set_dist_column(maker, before + parent->dist_column, position));
    for (int32_t i = 0; i < parent->sort_count; i++)
        TRY(add_sort_column(maker, before + parent->sort_columns[i], position));
    return NULL;
}

static Error *read_elements(TableMaker *maker, const PgQuery__CreateStmt *create)
{
    for (size_t i = 0; i < create->n_table_elts; i++)
    {
        const Node *node = create->table_elts[i];
        if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            TRY(table_read_column(maker, node->column_def));
        else if (node->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            TRY(read_like(maker, node->table_like_clause));
    }
    for (size_t i = 0; i < create->n_table_elts; i++)
        TRY(check_table_constraint(maker, create->table_elts[i]));
    for (size_t i = 0; i < create->n_constraints; i++)
        TRY(check_table_constraint(maker, create->constraints[i]));
    TRY(read_keys(maker, create, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)); /* keys may name columns that come behind them */
    TRY(read_keys(maker, create, PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE));
    TRY(read_keys(maker, create, PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN));
    if (maker->table->column_count == 0)
        return definition_error(maker->binder->parse->position, "a table needs at least one column");
    return NULL;
}

/* --- table attributes ---------------------------------------------------------------------- */

static Error *key_column(const TableMaker *maker, const char *name, const char *what, int32_t position,
                         int32_t *ordinal)
{
    *ordinal = catalog_find_column(maker->table, name);
    if (*ordinal >= 0)
        return NULL;
    return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" named in %s does not exist", name, what),
                    position);
}

Error *table_read_distribution(TableMaker *maker, const TableOptions *options)
{
    static const DistStyle styles[] = {[TABLE_DIST_UNSAID] = DIST_AUTO,
                                       [TABLE_DIST_AUTO] = DIST_AUTO,
                                       [TABLE_DIST_EVEN] = DIST_EVEN,
                                       [TABLE_DIST_KEY] = DIST_KEY,
                                       [TABLE_DIST_ALL] = DIST_ALL};
    CatalogTable *table = maker->table;
    int32_t position = options->dist_position;
    if (options->dist_key != NULL)
    {
        int32_t ordinal;
        TRY(key_column(maker, options->dist_key, "DISTKEY", position, &ordinal));
        TRY(set_dist_column(maker, ordinal, position));
    }
    if (options->dist != TABLE_DIST_UNSAID)
        table->dist_style = styles[options->dist];
    else if (table->dist_column >= 0)
        table->dist_style = DIST_KEY;
    if (table->dist_style == DIST_KEY && table->dist_column < 0)
        return definition_error(position, "DISTSTYLE KEY requires a DISTKEY column");
    if (table->dist_style != DIST_KEY && table->dist_column >= 0)
        return definition_error(position, "a DISTKEY column cannot be specified for DISTSTYLE %s",
                                table->dist_style == DIST_ALL    ? "ALL"
                                : table->dist_style == DIST_EVEN ? "EVEN"
                                                                 : "AUTO");
    return NULL;
}

Error *table_read_sort_key(TableMaker *maker, const TableOptions *options)
{
    for (int32_t i = 0; i < options->sort_count; i++)
    {
        int32_t ordinal;
        TRY(key_column(maker, options->sort_keys[i], "SORTKEY", options->sort_position, &ordinal));
        TRY(add_sort_column(maker, ordinal, options->sort_position));
    }
    return NULL;
}

/* BACKUP, distribution and sort key. */
static Error *read_attributes(TableMaker *maker, const TableOptions *options)
{
    maker->table->no_backup = maker->table->no_backup || options->no_backup;
    TRY(table_read_distribution(maker, options));
    return table_read_sort_key(maker, options);
}

static Error *refuse_clauses(const Binder *binder, const PgQuery__CreateStmt *create)
{
    int32_t position = binder->parse->position;
    if (create->n_inh_relations > 0)
        return unsupported(position, "INHERITS is");
    if (create->partspec != NULL || create->partbound != NULL)
        return unsupported(position, "PARTITION BY is");
    if (create->tablespacename != NULL && create->tablespacename[0] != '\0')
        return unsupported(position, "TABLESPACE is");
    if (create->of_typename != NULL)
        return unsupported(position, "CREATE TABLE OF is");
    return NULL;
}

static bool is_temporary(const PgQuery__RangeVar *range)
{
    return range->relname[0] == '#' || (range->relpersistence != NULL && range->relpersistence[0] == 't');
}

static const PgQuery__RangeVar *into_of(const Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT)
        return node->create_table_as_stmt->into->rel;
    if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT && node->select_stmt->into_clause != NULL)
        return node->select_stmt->into_clause->rel;
    return node->node_case == PG_QUERY__NODE__NODE_CREATE_STMT ? node->create_stmt->relation : NULL;
}

bool bind_makes_temporary(const ParseStatement *statement)
{
    const PgQuery__RangeVar *range = statement->node == NULL ? NULL : into_of(statement->node);
    return range != NULL && is_temporary(range);
}

const char *bind_target_schema(const Binder *binder, const PgQuery__RangeVar *range)
{
    const BindContext *context = binder->context;
    bool named = range->schemaname != NULL && range->schemaname[0] != '\0';
    if (context->temp_schema != NULL && (named ? strcasecmp(range->schemaname, "pg_temp") == 0 : is_temporary(range)))
        return context->temp_schema;
    if (named)
        return name_fold(binder, range->schemaname);
    for (int32_t i = 0; i < context->search_path_count; i++)
        if (catalog_has_schema(binder->snapshot, context->search_path[i]))
            return context->search_path[i];
    return "public";
}

static Error *check_name(Binder *binder, const PgQuery__RangeVar *range, bool if_not_exists, CreateTablePlan *plan)
{
    const CatalogTable *table = plan->table;
    int32_t position = node_position(binder, range->location);
    bool temporary = binder->context->temp_schema != NULL && strcmp(table->schema, binder->context->temp_schema) == 0;
    if (is_temporary(range) && !temporary)
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema"),
                        position);
    if (strcmp(table->schema, "pg_catalog") == 0 || strcmp(table->schema, "information_schema") == 0)
        return error_at(error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "schema \"%s\" is the system's", table->schema),
                        position);
    if (!catalog_has_schema(binder->snapshot, table->schema))
        return error_at(error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", table->schema),
                        position);
    plan->exists = catalog_find_table(binder->snapshot, table->schema, table->name) != NULL;
    if (plan->exists && !if_not_exists)
        return error_at(error_new(SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", table->name), position);
    return NULL;
}

static void begin_table(Binder *binder, const PgQuery__RangeVar *range, CatalogTable *table)
{
    const char *user = binder->context->user;
    table->schema = arena_strdup(binder->arena, bind_target_schema(binder, range));
    table->name = name_fold(binder, range->relname);
    table->owner = arena_strdup(binder->arena, user != NULL ? user : "");
    table->dist_style = DIST_AUTO;
    table->dist_column = -1;
    table->sort_columns = ARENA_ARRAY(binder->arena, int32_t, SORT_COLUMNS_MAX);
}

/* --- CREATE TABLE AS ------------------------------------------------------------------------ */

SqlType bind_stored_type(SqlType type)
{
    if (type_is_string(type) && type.length == 0)
        return type_varchar(VARCHAR_LENGTH_MAX);
    return type;
}

static Error *columns_of_query(TableMaker *maker, const BoundQuery *query, size_t name_count, Node *const *names)
{
    Binder *binder = maker->binder;
    int32_t position = binder->parse->position;
    if (name_count > (size_t) query->visible_count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "too many column names were specified"), position);
    for (int32_t i = 0; i < query->visible_count; i++)
    {
        const char *own = (size_t) i < name_count ? node_string(names[i]) : NULL;
        CatalogColumn column = {.name = own != NULL ? name_fold(binder, own) : query->target_names[i],
                                .type = bind_stored_type(query->targets[i].expr->type)};
        TRY(add_column(maker, &column, position));
    }
    return NULL;
}

Error *bind_create_table_as(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                            const ParseStatement *statement, CreateTablePlan **out)
{
    Binder binder = binder_make(arena, snapshot, context, statement);
    const PgQuery__IntoClause *into;
    const PgQuery__SelectStmt *select;
    TableMaker maker = {.binder = &binder, .table = ARENA_NEW(arena, CatalogTable)};
    CreateTablePlan *plan = *out = ARENA_NEW(arena, CreateTablePlan);
    bool if_not_exists = statement->node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT &&
                         statement->node->create_table_as_stmt->if_not_exists;
    TRY(bind_into(&binder, statement->node, &into, &select));
    plan->table = maker.table;
    plan->no_data = into->skip_data;
    begin_table(&binder, into->rel, plan->table);
    TRY(check_name(&binder, into->rel, if_not_exists, plan));
    if (plan->exists)
        return NULL;
    BoundQuery *query;
    TRY(bind_query(&binder, NULL, false, NULL, select, &query));
    TRY(columns_of_query(&maker, query, into->n_col_names, into->col_names));
    if (plan->table->column_count == 0)
        return definition_error(statement->position, "a table needs at least one column");
    bind_inherit(plan->table, query, statement->table);
    return statement->table == NULL ? NULL : read_attributes(&maker, statement->table);
}

Error *bind_create_table(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                         const ParseStatement *statement, CreateTablePlan **out)
{
    ASSERT(statement->kind == STATEMENT_CREATE_TABLE);
    Binder binder = binder_make(arena, snapshot, context, statement);
    const PgQuery__CreateStmt *create = statement->node->create_stmt;
    TableMaker maker = {.binder = &binder, .table = ARENA_NEW(arena, CatalogTable)};
    CreateTablePlan *plan = ARENA_NEW(arena, CreateTablePlan);
    plan->table = maker.table;
    TRY(refuse_clauses(&binder, create));
    begin_table(&binder, create->relation, plan->table);
    TRY(check_name(&binder, create->relation, create->if_not_exists, plan));
    *out = plan;
    if (plan->exists)
        return NULL;
    TRY(read_elements(&maker, create));
    TRY(read_attributes(&maker, statement->table));
    settle_encodings(plan->table);
    return NULL;
}
