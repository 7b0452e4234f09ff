/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that are queries over the catalog (macro.def), and casts to regclass and its kin, which are such functions:
 *
 *     pg_get_userbyid(c.relowner)     (with args as (select c.relowner as a1) select u.usename from args join ...)
 *     '...'::regclass                 to_regclass('...')
 *     c.oid::regclass                 regclass_name(c.oid)
 */
#include "sql/bind/binder.h"

#include <string.h>

#define ARGS_NAME "args"

static const struct Macro
{
    const char *name;
    size_t arg_count;
    const char *query;
} macros[] = {
#define MACRO(name, arg_count, query) {name, arg_count, query},
#include "sql/bind/macro.def"
#undef MACRO
};

static const struct Macro *macro_find(const char *name, size_t arg_count)
{
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (macros[i].arg_count == arg_count && strcmp(macros[i].name, name) == 0)
            return &macros[i];
    return NULL;
}

bool bind_is_macro(const char *name, size_t arg_count)
{
    return macro_find(name, arg_count) != NULL;
}

#define NEW_NODE(arena, Type, init) node_new(arena, &(Type) init, sizeof(Type))

static void *node_new(Arena *arena, const void *initial, size_t size)
{
    return arena_memdup(arena, initial, size);
}

/* args as (select arg1 as a1, arg2 as a2) */
static PgQuery__SelectStmt *args_query(Binder *binder, Node *const *args, size_t count)
{
    Arena *arena = binder->arena;
    PgQuery__SelectStmt *select = NEW_NODE(arena, PgQuery__SelectStmt, PG_QUERY__SELECT_STMT__INIT);
    select->op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select->limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select->n_target_list = count;
    select->target_list = ARENA_ARRAY(arena, Node *, count);
    for (size_t k = 0; k < count; k++)
    {
        Node *item = NEW_NODE(arena, Node, PG_QUERY__NODE__INIT);
        item->node_case = PG_QUERY__NODE__NODE_RES_TARGET;
        item->res_target = NEW_NODE(arena, PgQuery__ResTarget, PG_QUERY__RES_TARGET__INIT);
        item->res_target->name = arena_printf(arena, "a%zu", k + 1);
        item->res_target->val = args[k];
        select->target_list[k] = item;
    }
    return select;
}

static Node *select_node(Arena *arena, PgQuery__SelectStmt *select)
{
    Node *node = NEW_NODE(arena, Node, PG_QUERY__NODE__INIT);
    node->node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    node->select_stmt = select;
    return node;
}

/* (with args as (rows) query), its one column called `column` if that is not NULL. */
static Error *bind_over(Binder *binder, Scope *scope, const char *query, PgQuery__SelectStmt *rows, const char *column,
                        int32_t location, Expr **out)
{
    Arena *arena = binder->arena;
    ParseList *list;
    TRY(parse_statements(arena, query, &list));
    PgQuery__SelectStmt *select = arena_memdup(arena, list->statements[0].node->select_stmt, sizeof *select);
    PgQuery__CommonTableExpr *cte = NEW_NODE(arena, PgQuery__CommonTableExpr, PG_QUERY__COMMON_TABLE_EXPR__INIT);
    PgQuery__SubLink *link = NEW_NODE(arena, PgQuery__SubLink, PG_QUERY__SUB_LINK__INIT);
    cte->ctename = arena_strdup(arena, ARGS_NAME);
    cte->ctequery = select_node(arena, rows);
    cte->ctematerialized = PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever;
    if (column != NULL)
    {
        Node *name = NEW_NODE(arena, Node, PG_QUERY__NODE__INIT);
        name->node_case = PG_QUERY__NODE__NODE_STRING;
        name->string = NEW_NODE(arena, PgQuery__String, PG_QUERY__STRING__INIT);
        name->string->sval = arena_strdup(arena, column);
        cte->n_aliascolnames = 1;
        cte->aliascolnames = arena_memdup(arena, &name, sizeof name);
    }
    Node *node = NEW_NODE(arena, Node, PG_QUERY__NODE__INIT);
    node->node_case = PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR;
    node->common_table_expr = cte;
    if (rows->n_target_list > 0)
    {
        select->with_clause = NEW_NODE(arena, PgQuery__WithClause, PG_QUERY__WITH_CLAUSE__INIT);
        select->with_clause->n_ctes = 1;
        select->with_clause->ctes = arena_memdup(arena, &node, sizeof node);
    }
    link->sub_link_type = PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK;
    link->subselect = select_node(arena, select);
    link->location = location;
    return bind_sublink(binder, scope, link, out);
}

Error *bind_macro(Binder *binder, Scope *scope, const char *name, size_t count, Node *const *args, int32_t location,
                  Expr **out)
{
    return bind_over(binder, scope, macro_find(name, count)->query, args_query(binder, args, count), NULL, location,
                     out);
}

Error *bind_array(Binder *binder, Scope *scope, PgQuery__SelectStmt *rows, int32_t location, Expr **out)
{
    return bind_over(binder, scope,
                     "SELECT '{' || COALESCE(pg_catalog.listagg(args.a1::varchar, ','), '') || '}' FROM args", rows, "a1",
                     location, out);
}

/* --- casts to what stands for a catalog's rows ------------------------------------------- */

static const struct Alias
{
    const char *type, *from_text, *from_number;
} aliases[] = {
    {"regclass", "to_regclass", "regclass_name"},
    {"regproc", "to_regproc", "regproc_name"},
    {"regprocedure", "to_regproc", "regproc_name"},
    {"regtype", "to_regtype", "regtype_name"},
};

static bool is_text(const Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_A_CONST && !node->a_const->isnull &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
}

/* '16384' is a number. */
static bool is_digits(const Node *node)
{
    const char *text = node->a_const->sval->sval;
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

bool bind_is_alias_cast(const PgQuery__TypeCast *cast, const char **macro)
{
    const PgQuery__TypeName *name = cast->type_name;
    const char *type = name->n_names > 0 ? node_string(name->names[name->n_names - 1]) : NULL;
    bool text = is_text(cast->arg) || cast->arg->node_case == PG_QUERY__NODE__NODE_PARAM_REF;
    for (size_t i = 0; type != NULL && i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].type, type) == 0)
        {
            bool number = is_text(cast->arg) && is_digits(cast->arg);
            *macro = text && !number ? aliases[i].from_text : aliases[i].from_number;
            return *macro != NULL;
        }
    return false;
}
