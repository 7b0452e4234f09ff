/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by kind of node. */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"
#include "sql/bind/number.h"

#include <ctype.h>
#include <string.h>

/* --- constants ------------------------------------------------------------------ */

static Error *bind_constant(Binder *binder, const PgQuery__AConst *constant, Expr **out)
{
    int32_t position = node_position(binder, constant->location);
    Datum value = {.null = constant->isnull};
    SqlType type = type_make(TYPE_UNKNOWN);
    if (!constant->isnull)
        switch (constant->val_case)
        {
        case PG_QUERY__A__CONST__VAL_IVAL:
            type = type_make(TYPE_INTEGER);
            value.i = constant->ival->ival;
            break;
        case PG_QUERY__A__CONST__VAL_FVAL:
            return number_literal(binder, constant->fval->fval, position, out);
        case PG_QUERY__A__CONST__VAL_BOOLVAL:
            type = type_make(TYPE_BOOLEAN);
            value.i = constant->boolval->boolval != 0;
            break;
        case PG_QUERY__A__CONST__VAL_SVAL:
            value.str = (Str){constant->sval->sval, (int64_t) strlen(constant->sval->sval)};
            type.length = (int32_t) value.str.len;
            break;
        default:
            return unsupported(position, "bit strings are");
        }
    *out = expr_constant(binder->arena, type, value);
    (*out)->position = position;
    return NULL;
}

/* --- casts ---------------------------------------------------------------------- */

static bool has_letters(Str text)
{
    for (int64_t i = 0; i < text.len; i++)
        if (isalpha((unsigned char) text.data[i]))
            return true;
    return false;
}

/* INTERVAL '90' DAY: the unit goes into the text. */
static Error *bind_interval(Binder *binder, SqlType type, Expr *arg, Expr **out)
{
    if (arg->kind == EXPR_CONST && arg->type.id == TYPE_UNKNOWN && !arg->value.null && !has_letters(arg->value.str))
        arg = bind_interval_text(binder, arg, type);
    return coerce(binder, arg, type, CAST_EXPLICIT, out);
}

static Error *cast_to(Binder *binder, Expr *arg, SqlType type, int32_t position, Expr **out)
{
    if (type.id == TYPE_INTERVAL)
        return bind_interval(binder, type, arg, out);
    if (arg->position == 0)
        arg->position = position;
    /* VARCHAR without a length is as long as what it is made of (FEATURES 2.06) */
    if (type.id == TYPE_VARCHAR && type.length == 0 && type_is_string(arg->type) && arg->type.id != TYPE_UNKNOWN)
        type.length = arg->type.length;
    Error *error = coerce(binder, arg, type, CAST_EXPLICIT, out);
    if (error != NULL && error->state == SQLSTATE_CANNOT_COERCE)
        error->position = position;
    return error;
}

static Error *bind_cast(Binder *binder, Scope *scope, const PgQuery__TypeCast *cast, Expr **out)
{
    Expr *arg;
    SqlType type;
    if (bind_is_alias_cast(cast))
        return bind_alias_cast(binder, scope, cast, out);
    TRY(bind_expr(binder, scope, cast->arg, &arg));
    TRY(bind_type(binder, cast->type_name, false, &type));
    return cast_to(binder, arg, type, node_position(binder, cast->location), out);
}

Error *bind_try_cast(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, int32_t position, Expr **out)
{
    Expr *arg;
    SqlType type;
    if (call->n_args != 2 || call->args[1]->node_case != PG_QUERY__NODE__NODE_TYPE_CAST)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "TRY_CAST needs a value and a type"), position);
    TRY(bind_expr(binder, scope, call->args[0], &arg));
    TRY(bind_type(binder, call->args[1]->type_cast->type_name, false, &type));
    Error *error = cast_to(binder, arg, type, position, out);
    if (error != NULL && error_is_data(error)) /* of a constant, which is cast here */
    {
        error_free(error);
        *out = expr_null(binder->arena, type);
        (*out)->position = position;
        return NULL;
    }
    if (error == NULL && *out != arg && (*out)->kind == EXPR_CAST)
        (*out)->cast_try = (*out)->nullable = true;
    return error;
}

/* --- AND, OR, NOT, IS -------------------------------------------------------------- */

static Error *to_boolean(Binder *binder, Expr *expr, const char *clause, Expr **out)
{
    if (expr->type.id != TYPE_UNKNOWN && !cast_allowed((TypeId) expr->type.id, TYPE_BOOLEAN, CAST_IMPLICIT))
        return error_at(error_new(SQLSTATE_DATATYPE_MISMATCH, "argument of %s must be type boolean, not type %s",
                                  clause, type_name(expr->type)),
                        expr->position);
    return coerce(binder, expr, type_make(TYPE_BOOLEAN), CAST_IMPLICIT, out);
}

Error *bind_condition(Binder *binder, Scope *scope, const Node *node, const char *clause, Expr **out)
{
    Expr *expr;
    TRY(bind_expr(binder, scope, node, &expr));
    return to_boolean(binder, expr, clause, out);
}

/* AND and OR at once, flat: constants that decide or change nothing drop out. */
static Error *bind_chain(Binder *binder, Scope *scope, const PgQuery__BoolExpr *expr, Expr **out)
{
    bool is_and = expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    ExprKind kind = is_and ? EXPR_AND : EXPR_OR;
    Expr **args = NULL;
    int32_t count = 0;
    int32_t capacity = 0;
    Expr *deciding = NULL;
    for (size_t i = 0; i < expr->n_args; i++)
    {
        Expr *arg;
        TRY(bind_condition(binder, scope, expr->args[i], is_and ? "AND" : "OR", &arg));
        if (arg->kind == EXPR_CONST && !arg->value.null)
        {
            if ((arg->value.i != 0) != is_and && deciding == NULL)
                deciding = arg;
            continue;
        }
        for (int32_t k = 0; k < (arg->kind == kind ? arg->arg_count : 1); k++)
            ARRAY_ADD(binder->arena, args, count, capacity, arg->kind == kind ? arg->args[k] : arg);
    }
    if (deciding != NULL)
        *out = deciding;
    else if (count == 0)
        *out = expr_bool(binder->arena, is_and);
    else if (count == 1)
        *out = args[0];
    else
        *out = expr_new(binder->arena, kind, type_make(TYPE_BOOLEAN), count, args);
    return NULL;
}

static Error *bind_bool(Binder *binder, Scope *scope, const PgQuery__BoolExpr *expr, Expr **out)
{
    if (expr->boolop != PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
        return bind_chain(binder, scope, expr, out);
    Expr *arg;
    TRY(bind_condition(binder, scope, expr->args[0], "NOT", &arg));
    *out = expr_not_of(binder->arena, arg);
    return NULL;
}

static Error *bind_null_test(Binder *binder, Scope *scope, const PgQuery__NullTest *test, Expr **out)
{
    Expr *arg;
    if (bind_is_row(test->arg))
        return bind_row_null_test(binder, scope, test, out);
    TRY(bind_expr(binder, scope, test->arg, &arg));
    *out = expr_is_null_test(binder->arena, arg);
    if (test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

static Error *bind_boolean_test(Binder *binder, Scope *scope, const PgQuery__BooleanTest *test, Expr **out)
{
    Arena *arena = binder->arena;
    Expr *arg;
    TRY(bind_condition(binder, scope, test->arg, "IS", &arg));
    switch (test->booltesttype)
    {
    case PG_QUERY__BOOL_TEST_TYPE__IS_TRUE:
        *out = expr_is_true_test(arena, arg);
        break;
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE:
        *out = expr_not_of(arena, expr_is_true_test(arena, arg));
        break;
    case PG_QUERY__BOOL_TEST_TYPE__IS_FALSE:
        *out = expr_is_true_test(arena, expr_not_of(arena, arg));
        break;
    case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE:
        *out = expr_not_of(arena, expr_is_true_test(arena, expr_not_of(arena, arg)));
        break;
    case PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN:
        *out = expr_is_null_test(arena, arg);
        break;
    default:
        *out = expr_not_of(arena, expr_is_null_test(arena, arg));
        break;
    }
    return NULL;
}

/* --- operators --------------------------------------------------------------------- */

static Error *bind_between(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Expr *x, *low, *high;
    if (bind_is_row(expr->lexpr))
        return bind_row_between(binder, scope, expr, out);
    ASSERT(expr->rexpr->node_case == PG_QUERY__NODE__NODE_LIST && expr->rexpr->list->n_items == 2);
    TRY(bind_expr(binder, scope, expr->lexpr, &x));
    TRY(bind_expr(binder, scope, expr->rexpr->list->items[0], &low));
    TRY(bind_expr(binder, scope, expr->rexpr->list->items[1], &high));
    TRY(bind_compare(binder, 'g', x, low, position, &low));
    TRY(bind_again(binder, scope, expr->lexpr, x, &x));
    TRY(bind_compare(binder, 'l', x, high, position, &high));
    *out = expr_and(binder->arena, low, high);
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* x BETWEEN SYMMETRIC a AND b: in one order or in the other. */
static Error *bind_symmetric(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    PgQuery__AExpr between = *expr;
    PgQuery__List ends = *expr->rexpr->list;
    Node list = *expr->rexpr;
    Expr *other;
    bool negated = expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    between.kind = PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN;
    between.rexpr = &list;
    list.list = &ends;
    ends.items = (Node *[]){expr->rexpr->list->items[1], expr->rexpr->list->items[0]};
    TRY(bind_between(binder, scope, &between, &other));
    ends.items = expr->rexpr->list->items;
    TRY(bind_between(binder, scope, &between, out));
    *out = expr_or(binder->arena, *out, other);
    if (negated)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

static Error *bind_distinct(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr *left, Expr *right,
                            Expr **out)
{
    DistinctSide sides[2] = {{expr->lexpr, left}, {expr->rexpr, right}};
    TRY(bind_distinct_test(binder, scope, &sides[0], &sides[1], node_position(binder, expr->location), out));
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* Kinds that take both sides as they are. */
static Error *bind_binary(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, const char *symbol, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Expr *left = NULL;
    Expr *right;
    if (node_is_missing(expr->rexpr))
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "postfix operators are not supported"), position);
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && !node_is_missing(expr->lexpr) &&
        (bind_is_row(expr->lexpr) || bind_is_row(expr->rexpr)))
        return bind_row_compare(binder, scope, expr, bind_compare_op(symbol), out);
    if ((expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT ||
         expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT) &&
        bind_is_row(expr->lexpr))
        return bind_row_distinct(binder, scope, expr, out);
    if (!node_is_missing(expr->lexpr))
        TRY(bind_expr(binder, scope, expr->lexpr, &left));
    TRY(bind_expr(binder, scope, expr->rexpr, &right));
    switch (expr->kind)
    {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR: /* the grammar gives ~ and similar_to_escape(pattern) */
        return bind_operator(binder, symbol, left, right, position, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
    {
        Expr *value;
        TRY(bind_again(binder, scope, expr->lexpr, left, &value));
        return bind_nullif(binder, left, right, value, position, out);
    }
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return bind_distinct(binder, scope, expr, left, right, out);
    default:
        ASSERT(false);
        return NULL;
    }
}

static Error *bind_a_expr(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    const char *symbol = expr->n_name > 0 ? node_string(expr->name[expr->n_name - 1]) : NULL;
    switch (expr->kind)
    {
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return bind_in_list(binder, scope, expr, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return bind_like(binder, scope, expr, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
        return bind_between(binder, scope, expr, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return bind_binary(binder, scope, expr, symbol == NULL ? "" : symbol, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        return bind_symmetric(binder, scope, expr, out);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
        return bind_array_compare(binder, scope, expr, out);
    default:
        return unsupported(position, "this operator is");
    }
}

/* --- one type for several ------------------------------------------------------------- */

Error *bind_common_of(Binder *binder, Expr *const *exprs, int32_t count, SqlType *type)
{
    *type = type_make(TYPE_NONE);
    for (int32_t i = 0; i < count; i++)
        if (exprs[i]->type.id != TYPE_UNKNOWN && type->id == TYPE_NONE)
            *type = exprs[i]->type;
        else if (exprs[i]->type.id != TYPE_UNKNOWN)
        {
            Error *error = type_common(*type, exprs[i]->type, type);
            if (error != NULL)
                return error_at(error, exprs[i]->position);
        }
    for (int32_t i = 0; i < count; i++) /* literals: text among texts, else what the others are */
        if (exprs[i]->type.id == TYPE_UNKNOWN && (type->id == TYPE_NONE || type_is_string(*type)))
        {
            SqlType text = coerce_unknown(binder, exprs[i])->type;
            if (type->id == TYPE_NONE)
                *type = text;
            else if (!expr_is_null_const(exprs[i]))
                TRY(type_common(*type, text, type));
        }
    return NULL;
}

Error *bind_common_type(Binder *binder, Expr **exprs, int32_t count, const char *what, SqlType *type)
{
    Error *error = bind_common_of(binder, exprs, count, type);
    if (error != NULL)
        return error_detail(error, "The values of %s must have one type.", what);
    for (int32_t i = 0; i < count; i++)
        TRY(coerce(binder, exprs[i], *type, CAST_IMPLICIT, &exprs[i]));
    return NULL;
}

Error *bind_again(Binder *binder, Scope *scope, const Node *node, Expr *expr, Expr **out)
{
    *out = expr;
    return expr_uses_subquery(expr) ? bind_expr(binder, scope, node, out) : NULL;
}

/* --- the switch ------------------------------------------------------------------------ */

static Error *bind_other(Binder *binder, const Node *node)
{
    int32_t position = node_position(binder, node_location(node));
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "DEFAULT is not allowed in this context"), position);
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return unsupported(node_position(binder, node->row_expr->location), "a row of values as an expression is");
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return unsupported(node_position(binder, node->a_array_expr->location), "ARRAY[...] is");
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return unsupported(node_position(binder, node->collate_clause->location), "COLLATE is");
    default:
        return unsupported(position, "this kind of expression is");
    }
}

Error *bind_expr(Binder *binder, Scope *scope, const Node *node, Expr **out)
{
    ASSERT(node != NULL);
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_A_CONST:
        return bind_constant(binder, node->a_const, out);
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return bind_column_ref(binder, scope, node->column_ref, out);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return bind_a_expr(binder, scope, node->a_expr, out);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return bind_bool(binder, scope, node->bool_expr, out);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return bind_func_call(binder, scope, node->func_call, out);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        return bind_indirection(binder, scope, node->a_indirection, node_position(binder, node_location(node)), out);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return bind_cast(binder, scope, node->type_cast, out);
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return bind_null_test(binder, scope, node->null_test, out);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return bind_boolean_test(binder, scope, node->boolean_test, out);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return bind_case(binder, scope, node->case_expr, out);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return bind_coalesce(binder, scope, node->coalesce_expr->n_args, node->coalesce_expr->args,
                             node_position(binder, node->coalesce_expr->location), out);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return bind_greatest(binder, scope, node->min_max_expr, out);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return bind_value_function(binder, node->sqlvalue_function, out);
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return bind_grouping_call(binder, scope, node->grouping_func->n_args, node->grouping_func->args,
                                  node_position(binder, node->grouping_func->location), out);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return bind_sublink(binder, scope, node->sub_link, out);
    case PG_QUERY__NODE__NODE_PARAM_REF:
        return bind_param(binder, node->param_ref, out);
    default:
        return bind_other(binder, node);
    }
}
