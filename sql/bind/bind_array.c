/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays as far as clients' questions to catalogs have them: they are texts, '{a,b}'.  One of type CHAR holds integers.
 *
 *     x[2]                      its second element
 *     (_pg_expandarray(x)).n    the number and (.x) the value of each element, one a row
 *     a = any(x)                a in (select unnest(x)), where x is no ARRAY[...]
 */
#include "sql/bind/make_node.h"

#include <string.h>

Error *bind_array_count(Binder *binder, Expr *array, int32_t position, Expr **out)
{
    return bind_call(binder, FUNC_ARRAY_COUNT, type_make(TYPE_BIGINT), &array, 1, position, out);
}

Error *bind_array_element(Binder *binder, Expr *array, Expr *number, int32_t position, Expr **out)
{
    bool integers = array->type.id == TYPE_CHAR;
    Expr *const args[2] = {array, number};
    TRY(bind_call(binder, FUNC_ARRAY_ELEMENT, array->type, args, 2, position, out));
    return integers ? coerce(binder, *out, type_make(TYPE_INTEGER), CAST_EXPLICIT, out) : NULL;
}

static Error *subscript(Binder *binder, Scope *scope, const PgQuery__AIndices *indices, int32_t position, Expr **value)
{
    Expr *number, *one = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = 1});
    if (indices->is_slice)
        return unsupported(position, "a slice of an array is");
    TRY(bind_expr(binder, scope, indices->uidx, &number));
    TRY(coerce(binder, number, type_make(TYPE_BIGINT), CAST_IMPLICIT, &number));
    TRY(bind_operator(binder, "-", number, one, position, &number));
    TRY(coerce(binder, *value, (*value)->type.id == TYPE_CHAR ? (*value)->type : type_varchar(0), CAST_IMPLICIT, value));
    return bind_array_element(binder, *value, number, position, value);
}

/* A row of _pg_expandarray() is the text of an array of the value and its number. */
static Error *field(Binder *binder, const char *name, int32_t position, Expr **value)
{
    bool is_value = strcmp(name, "x") == 0;
    if (!is_value && strcmp(name, "n") != 0)
        return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" not found in data type record", name),
                        position);
    Expr *number = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = is_value ? 0 : 1});
    TRY(bind_array_element(binder, *value, number, position, value));
    return coerce(binder, *value, type_make(TYPE_INTEGER), CAST_EXPLICIT, value);
}

Error *bind_indirection(Binder *binder, Scope *scope, const PgQuery__AIndirection *node, int32_t position, Expr **out)
{
    TRY(bind_expr(binder, scope, node->arg, out));
    for (size_t i = 0; i < node->n_indirection; i++)
    {
        const Node *step = node->indirection[i];
        const char *name = node_string(step);
        if (!type_is_string((*out)->type) || (name == NULL && step->node_case != PG_QUERY__NODE__NODE_A_INDICES))
            return unsupported(position, "navigation into values is");
        TRY(name != NULL ? field(binder, name_fold(binder, name), position, out)
                         : subscript(binder, scope, step->a_indices, position, out));
    }
    return NULL;
}

Error *bind_any_element(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, bool all, Expr **out)
{
    PgQuery__SubLink link = PG_QUERY__SUB_LINK__INIT;
    Arena *arena = binder->arena;
    Node *elements = node_call_make(arena, UNNEST_NAME, expr->rexpr);
    link.sub_link_type = all ? PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK : PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK;
    link.testexpr = expr->lexpr;
    link.n_oper_name = expr->n_name;
    link.oper_name = expr->name;
    link.subselect = node_of_select(arena, node_select_make(arena, &elements, 1, NULL));
    link.location = expr->location;
    return bind_sublink(binder, scope, &link, out);
}
