/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: statements inside statements.
 *
 *     create view v as select ...     the catalog keeps the text and, unless it is bound late, the search path
 *     select * from v                 the text is parsed again and bound as a query in FROM
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

#define BEFORE_QUERY   "SELECT * FROM (" /* of a view with names for its columns */
#define VIEW_DEPTH_MAX 64 /* views of views */

Error *bind_into(Binder *binder, const Node *node, const PgQuery__IntoClause **into, const PgQuery__SelectStmt **select)
{
    const Node *query = node;
    if (node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT)
    {
        *into = node->create_table_as_stmt->into;
        query = node->create_table_as_stmt->query;
        if (query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
            return unsupported(binder->parse->position, "CREATE TABLE AS of a statement that is no SELECT is");
        *select = query->select_stmt;
        return NULL;
    }
    *into = node->select_stmt->into_clause;
    PgQuery__SelectStmt *plain = arena_memdup(binder->arena, node->select_stmt, sizeof *node->select_stmt);
    plain->into_clause = NULL;
    *select = plain;
    return NULL;
}

/* --- views ------------------------------------------------------------------------------ */

/* "a, b" as a path; it borrows from `text`, which is changed. */
static void path_read(Binder *binder, char *text, BindContext *context)
{
    const char **path = ARENA_ARRAY(binder->arena, const char *, strlen(text) / 2 + 2);
    char *name;
    context->search_path_count = 0;
    context->search_path = path;
    while ((name = strsep(&text, ",")) != NULL)
        path[context->search_path_count++] = name + strspn(name, " ");
}

static Error *view_parse(Binder *binder, const char *sql, const ParseStatement **out)
{
    ParseList *list;
    TRY(parse_statements(binder->arena, sql, &list));
    if (list->count != 1 || list->statements[0].kind != STATEMENT_SELECT)
        return unsupported(0, "a view of other than one SELECT is");
    *out = &list->statements[0];
    return NULL;
}

static Error *bind_elsewhere(Binder *binder, const CatalogTable *view, BoundQuery **out)
{
    BindContext context = *binder->context;
    const BindContext *outer = binder->context;
    const ParseStatement *parse = binder->parse;
    const ParseStatement *inner;
    TRY(view_parse(binder, view->view_sql, &inner));
    if (view->view_path != NULL)
        path_read(binder, arena_strdup(binder->arena, view->view_path), &context);
    context.param_count = 0;
    const CatalogPrincipal *owner = principal_find(binder->snapshot->principals, PRINCIPAL_USER, view->owner);
    if (owner != NULL)
        context.acts_as = owner->id;
    int32_t maybe_never = binder->maybe_never;
    const CatalogTable *around = binder->view;
    binder->view = view;
    binder->context = &context;
    binder->parse = inner;
    binder->maybe_never = 0;
    Error *error = bind_query(binder, NULL, false, NULL, inner->node->select_stmt, out);
    binder->maybe_never = maybe_never;
    binder->parse = parse;
    binder->context = outer;
    binder->view = around;
    return error;
}

Error *bind_view_query(Binder *binder, const CatalogTable *view, int32_t position, BoundQuery **out)
{
    if (binder->view_depth == VIEW_DEPTH_MAX)
        return error_at(error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "views are nested deeper than %d", VIEW_DEPTH_MAX),
                        position);
    binder->view_depth++;
    Error *error = bind_elsewhere(binder, view, out);
    binder->view_depth--;
    if (error == NULL && view->view_path != NULL && (*out)->visible_count != view->column_count)
        error = error_new(SQLSTATE_INTERNAL_ERROR, "view \"%s\" has other columns than it had", view->name);
    if (error == NULL)
        return NULL;
    error->position = position; /* it would point into the view's text */
    return error->detail != NULL ? error : error_detail(error, "This is said in view \"%s\".", view->name);
}

Error *bind_check_view(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context, const CatalogTable *view)
{
    ParseStatement none = {.position = 0};
    Binder binder = binder_make(arena, snapshot, context, &none);
    BoundQuery *query;
    TRY(bind_view_query(&binder, view, 0, &query));
    for (int32_t i = 0; i < view->column_count; i++)
        if (!type_equal(query->targets[i].expr->type, view->columns[i].type))
            return error_new(SQLSTATE_INTERNAL_ERROR, "view \"%s\" has columns of other types than it had", view->name);
    return NULL;
}

/* --- what a view calls the tables it is of ------------------------------------------------- */

/* The table as the view's text knows it, which was written before it was altered. */
static const CatalogTable *table_as_known(Arena *arena, const CatalogTable *table, const ViewSource *source)
{
    CatalogTable *known = arena_memdup(arena, table, sizeof *table);
    known->schema = source->schema;
    known->name = source->name;
    known->column_count = 0;
    known->columns = ARENA_ARRAY(arena, CatalogColumn, source->column_count);
    int32_t *place = ARENA_ARRAY(arena, int32_t, table->column_count); /* a column's in `known`, or -1 */
    for (int32_t i = 0; i < table->column_count; i++)
        place[i] = -1;
    for (int32_t i = 0; i < source->column_count; i++)
    {
        int32_t at = catalog_find_column_id(table, source->column_ids[i]);
        if (at < 0)
            continue; /* dropped: nothing of the view needed it */
        place[at] = known->column_count;
        known->columns[known->column_count] = table->columns[at];
        known->columns[known->column_count++].name = source->column_names[i];
    }
    known->dist_column = table->dist_column < 0 ? -1 : place[table->dist_column];
    if (table->dist_style == DIST_KEY && known->dist_column < 0)
        known->dist_style = DIST_EVEN; /* by a column the view does not know */
    known->sort_columns = ARENA_ARRAY(arena, int32_t, table->sort_count);
    known->sort_count = 0;
    for (int32_t i = 0; i < table->sort_count && place[table->sort_columns[i]] >= 0; i++)
        known->sort_columns[known->sort_count++] = place[table->sort_columns[i]];
    return known;
}

static const ViewSource *source_of(const CatalogTable *view, int64_t table_id)
{
    for (int32_t i = 0; i < view->source_count; i++)
        if (view->sources[i].table_id == table_id)
            return &view->sources[i];
    return NULL;
}

static bool goes_by(const char *its_schema, const char *its_name, const char *schema, const char *name)
{
    return strcmp(its_name, name) == 0 && (schema == NULL || strcmp(its_schema, schema) == 0);
}

/* schema NULL: any */
static const CatalogTable *dependency(const Binder *binder, const char *schema, const char *name)
{
    const CatalogTable *view = binder->view;
    for (int32_t i = 0; i < view->depend_count; i++)
    {
        const CatalogTable *table = catalog_find_table_id(binder->snapshot, view->depends[i]);
        const ViewSource *source = source_of(view, view->depends[i]);
        if (table != NULL && source != NULL && goes_by(source->schema, source->name, schema, name))
            return table_as_known(binder->arena, table, source);
        if (table != NULL && source == NULL && goes_by(table->schema, table->name, schema, name))
            return table;
    }
    return NULL;
}

const CatalogTable *bind_view_source(const Binder *binder, const char *schema, const char *name)
{
    const CatalogTable *found = NULL;
    if (binder->view == NULL || binder->view->view_path == NULL)
        return NULL;
    for (int32_t i = 0; schema == NULL && found == NULL && i < binder->context->search_path_count; i++)
        found = dependency(binder, binder->context->search_path[i], name);
    return found != NULL ? found : dependency(binder, schema, name);
}

CatalogTable *bind_view_remembering(Arena *arena, const CatalogTable *view, const CatalogTable *table)
{
    if (view->view_path == NULL || source_of(view, table->id) != NULL)
        return NULL;
    CatalogTable *copy = arena_memdup(arena, view, sizeof *view);
    copy->sources = ARENA_ARRAY(arena, ViewSource, view->source_count + 1);
    for (int32_t i = 0; i < view->source_count; i++)
        copy->sources[i] = view->sources[i];
    ViewSource *source = &copy->sources[copy->source_count++];
    *source = (ViewSource){.table_id = table->id, .schema = table->schema, .name = table->name, .column_count = table->column_count};
    source->column_ids = ARENA_ARRAY(arena, int32_t, table->column_count);
    source->column_names = ARENA_ARRAY(arena, char *, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
    {
        source->column_ids[i] = table->columns[i].id;
        source->column_names[i] = table->columns[i].name;
    }
    return copy;
}

static char *path_text(Binder *binder)
{
    const BindContext *context = binder->context;
    Text text;
    text_init(&text, binder->arena);
    for (int32_t i = 0; i < context->search_path_count; i++)
        text_printf(&text, "%s%s", i > 0 ? ", " : "", context->search_path[i]);
    if (context->search_path_count == 0)
        text_puts(&text, "public");
    return text.data;
}

/* The query's text; a list of column names goes around it. */
static Error *view_text(Binder *binder, const PgQuery__ViewStmt *node, CatalogTable *table)
{
    Text text;
    text_init(&text, binder->arena);
    if (node->n_aliases > 0)
        text_puts(&text, BEFORE_QUERY);
    text_puts(&text, binder->parse->view->query);
    if (node->n_aliases > 0)
        text_puts(&text, "\n) AS v (");
    for (size_t i = 0; i < node->n_aliases; i++)
    {
        const char *alias = node_string(node->aliases[i]);
        text_puts(&text, i > 0 ? ", \"" : "\"");
        for (const char *c = name_fold(binder, alias == NULL ? "" : alias); *c != '\0'; c++)
        {
            if (*c == '"')
                text_putc(&text, '"');
            text_putc(&text, *c);
        }
        text_putc(&text, '"');
    }
    if (node->n_aliases > 0)
        text_putc(&text, ')');
    table->view_sql = text.data;
    return NULL;
}

/* A position of the view's text as one of the statement's. */
static int32_t outer_position(const ParseStatement *statement, int32_t position)
{
    int32_t before = statement->node->view_stmt->n_aliases > 0 ? (int32_t) strlen(BEFORE_QUERY) : 0;
    return position > before ? statement->view->position + position - before - 1 : 0;
}

static Error *view_columns(Binder *binder, CatalogTable *table)
{
    BoundQuery *query;
    int32_t capacity = 0;
    const ParseStatement *outer = binder->parse, *inner;
    TRY(view_parse(binder, table->view_sql, &inner));
    binder->parse = inner;
    Error *error = bind_query(binder, NULL, false, NULL, inner->node->select_stmt, &query);
    binder->parse = outer;
    if (error != NULL)
    {
        error->position = outer_position(outer, error->position);
        return error;
    }
    for (int32_t i = 0; i < query->visible_count; i++)
    {
        CatalogColumn column = {.name = query->target_names[i], .type = query->targets[i].expr->type};
        if (catalog_find_column(table, column.name) >= 0)
            return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", column.name),
                            binder->parse->position);
        ARRAY_ADD(binder->arena, table->columns, table->column_count, capacity, column);
    }
    table->depend_count = binder->use_count;
    table->depends = binder->uses;
    return NULL;
}

/* The columns there are must stay as they are; others may follow. */
static Error *check_replace(const CatalogTable *old, const CatalogTable *new, int32_t position)
{
    if (old->view_sql == NULL)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view", old->name), position);
    if (old->view_path == NULL || new->view_path == NULL)
        return NULL;
    if (new->column_count < old->column_count)
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "cannot drop columns from view"), position);
    for (int32_t i = 0; i < old->column_count; i++)
    {
        const CatalogColumn *was = &old->columns[i], *is = &new->columns[i];
        if (strcmp(was->name, is->name) != 0)
            return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION,
                                      "cannot change name of view column \"%s\" to \"%s\"", was->name, is->name),
                            position);
        if (!type_equal(was->type, is->type))
            return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION,
                                      "cannot change data type of view column \"%s\" from %s to %s", was->name,
                                      type_name(was->type), type_name(is->type)),
                            position);
    }
    return NULL;
}

Error *bind_create_view(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                        const ParseStatement *statement, CreateViewPlan **out)
{
    Binder binder = binder_make(arena, snapshot, context, statement);
    const PgQuery__ViewStmt *node = statement->node->view_stmt;
    int32_t position = node_position(&binder, node->view->location);
    CreateViewPlan *plan = *out = ARENA_NEW(arena, CreateViewPlan);
    CatalogTable *table = plan->table = ARENA_NEW(arena, CatalogTable);
    table->schema = arena_strdup(arena, bind_target_schema(&binder, node->view));
    table->name = name_fold(&binder, node->view->relname);
    table->owner = arena_strdup(arena, context->user != NULL ? context->user : "");
    table->dist_column = -1;
    if (!catalog_has_schema(snapshot, table->schema))
        return error_at(error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", table->schema), position);
    TRY(view_text(&binder, node, table));
    if (!statement->view->late_binding)
    {
        table->view_path = path_text(&binder);
        TRY(view_columns(&binder, table));
    }
    plan->replace = catalog_find_table(snapshot, table->schema, table->name);
    if (plan->replace == NULL)
        return NULL;
    if (!node->replace)
        return error_at(error_new(SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", table->name), position);
    return check_replace(plan->replace, table, position);
}

void bind_note_use(Binder *binder, const CatalogTable *table)
{
    if (binder->view_depth == 0 && !table_is_sysview(table))
        ARRAY_ADD(binder->arena, binder->uses, binder->use_count, binder->use_capacity, table->id);
}
