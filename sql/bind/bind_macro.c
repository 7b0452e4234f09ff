/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that are queries over the catalog (macro.def), and casts to regclass and its kin, which are such functions:
 *
 *     pg_get_userbyid(c.relowner)     (with args as (select c.relowner as a1) select u.usename from args join ...)
 *     '...'::regclass                 coalesce(to_regclass('...'), no_such('42P01', 'relation', '...'))
 *     c.oid::regclass                 regclass_name(c.oid)
 */
#include "sql/bind/make_node.h"

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

/* (with args as (rows) query), its one column called `column` if that is not NULL. */
static Error *bind_over(Binder *binder, Scope *scope, const char *query, PgQuery__SelectStmt *rows, const char *column,
                        int32_t location, Expr **out)
{
    Arena *arena = binder->arena;
    ParseList *list;
    TRY(parse_statements(arena, query, &list));
    PgQuery__SelectStmt *select = arena_memdup(arena, list->statements[0].node->select_stmt, sizeof *select);
    PgQuery__CommonTableExpr *cte = NODE_NEW(arena, PgQuery__CommonTableExpr, PG_QUERY__COMMON_TABLE_EXPR__INIT);
    PgQuery__SubLink *link = NODE_NEW(arena, PgQuery__SubLink, PG_QUERY__SUB_LINK__INIT);
    cte->ctename = arena_strdup(arena, ARGS_NAME);
    cte->ctequery = node_of_select(arena, rows);
    cte->ctematerialized = PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever;
    if (column != NULL)
    {
        Node *name = node_string_make(arena, column);
        cte->n_aliascolnames = 1;
        cte->aliascolnames = arena_memdup(arena, &name, sizeof name);
    }
    Node *node = NODE_NEW(arena, Node, PG_QUERY__NODE__INIT);
    node->node_case = PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR;
    node->common_table_expr = cte;
    if (rows->n_target_list > 0)
    {
        select->with_clause = NODE_NEW(arena, PgQuery__WithClause, PG_QUERY__WITH_CLAUSE__INIT);
        select->with_clause->n_ctes = 1;
        select->with_clause->ctes = arena_memdup(arena, &node, sizeof node);
    }
    link->sub_link_type = PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK;
    link->subselect = node_of_select(arena, select);
    link->location = location;
    return bind_sublink(binder, scope, link, out);
}

Error *bind_macro(Binder *binder, Scope *scope, const char *name, size_t count, Node *const *args, int32_t location,
                  Expr **out)
{
    PgQuery__SelectStmt *row = node_select_make(binder->arena, args, count, "a");
    return bind_over(binder, scope, macro_find(name, count)->query, row, NULL, location, out);
}

Error *bind_array(Binder *binder, Scope *scope, PgQuery__SelectStmt *rows, int32_t location, Expr **out)
{
    return bind_over(binder, scope,
                     "SELECT '{' || COALESCE(pg_catalog.listagg(args.a1::varchar, ','), '') || '}' FROM args", rows, "a1",
                     location, out);
}

/* --- casts to what stands for a catalog's rows ------------------------------------------- */

typedef struct Alias
{
    const char *type, *from_text, *from_number;
    SqlState state; /* of a name of nothing, which is such a */
    const char *what;
} Alias;

static const Alias aliases[] = {
    {"regclass", "to_regclass", "regclass_name", SQLSTATE_UNDEFINED_TABLE, "relation"},
    {"regnamespace", "to_regnamespace", "regnamespace_name", SQLSTATE_INVALID_SCHEMA_NAME, "schema"},
    {"regproc", "to_regproc", "regproc_name", SQLSTATE_UNDEFINED_FUNCTION, "function"},
    {"regprocedure", "to_regprocedure", "regprocedure_name", SQLSTATE_UNDEFINED_FUNCTION, "function"},
    {"regrole", "to_regrole", "regrole_name", SQLSTATE_UNDEFINED_OBJECT, "role"},
    {"regtype", "to_regtype", "regtype_name", SQLSTATE_UNDEFINED_OBJECT, "type"},
};

static const Alias *alias_find(const PgQuery__TypeCast *cast)
{
    const PgQuery__TypeName *name = cast->type_name;
    const char *type = name->n_names > 0 ? node_string(name->names[name->n_names - 1]) : NULL;
    for (size_t i = 0; type != NULL && i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].type, type) == 0)
            return &aliases[i];
    return NULL;
}

bool bind_is_alias_cast(const PgQuery__TypeCast *cast)
{
    return alias_find(cast) != NULL;
}

/* A text, or what is told to be one; '16384' is a number. */
static bool is_name(const Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF)
        return true;
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST || node->a_const->isnull ||
        node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return false;
    const char *text = node->a_const->sval->sval;
    return text[0] == '\0' || text[strspn(text, "0123456789")] != '\0';
}

static Expr *text_constant(Binder *binder, const char *text)
{
    Str value = {text, (int64_t) strlen(text)};
    return expr_constant(binder->arena, type_varchar((int32_t) value.len), (Datum){.str = value});
}

/* What there is by that name, else an error. */
static Error *must_be_found(Binder *binder, Scope *scope, const Alias *alias, const Node *name, Expr **found)
{
    Arena *arena = binder->arena;
    Expr *args[3] = {text_constant(binder, sqlstate_code(alias->state)), text_constant(binder, alias->what)};
    TRY(bind_expr(binder, scope, name, &args[2]));
    TRY(coerce(binder, args[2], type_varchar(args[2]->type.length), CAST_IMPLICIT, &args[2]));
    Expr *none = expr_func(arena, FUNC_NO_SUCH, (*found)->type, 3, args), *const either[2] = {*found, none};
    *found = expr_new(arena, EXPR_COALESCE, (*found)->type, 2, either);
    (*found)->nullable = none->nullable;
    return NULL;
}

Error *bind_alias_cast(Binder *binder, Scope *scope, const PgQuery__TypeCast *cast, Expr **out)
{
    const Alias *alias = alias_find(cast);
    bool name = is_name(cast->arg);
    TRY(bind_macro(binder, scope, name ? alias->from_text : alias->from_number, 1, &cast->arg, cast->location, out));
    return name ? must_be_found(binder, scope, alias, cast->arg, out) : NULL;
}
