/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators: arithmetic, comparison, IN lists, LIKE.
 *
 * Comparisons keep a column as it is and bring the constant to its type, so
 * that zone maps and narrow kernels apply:
 *
 *     l_discount >= 0.05 - 0.01          l_discount >= 0.04, both DECIMAL(15,2)
 *     l_shipdate <  '1995-01-01'         both DATE
 *     l_shipdate <= date '1998-12-01' - interval '90' day      (a TIMESTAMP) both DATE
 *     n > 1.5                            n > 1, both INTEGER
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"
#include "sql/bind/number.h"

#include <string.h>

static Error *finish(Binder *binder, Expr *expr, int32_t position, Expr **out)
{
    if (position > 0)
        expr->position = position;
    return bind_fold(binder, expr, out);
}

/* --- arithmetic ------------------------------------------------------------------- */

static SqlType as_decimal(SqlType type)
{
    switch (type.id)
    {
    case TYPE_DECIMAL:
        return type;
    case TYPE_SMALLINT:
        return type_decimal(5, 0);
    case TYPE_INTEGER:
        return type_decimal(10, 0);
    default:
        return type_decimal(19, 0);
    }
}

/* The DECIMAL an operand of op becomes: its own for * and /, of the result's scale for + - %. */
static SqlType decimal_operand(char op, SqlType type, SqlType result)
{
    SqlType own = as_decimal(type);
    if (op == '*' || op == '/' || own.scale == result.scale)
        return own;
    int32_t precision = own.precision - own.scale + result.scale;
    return type_decimal(precision < 1                       ? 1
                        : precision > DECIMAL_PRECISION_MAX ? DECIMAL_PRECISION_MAX
                                                            : precision,
                        result.scale);
}

static SqlType operand_type(char op, SqlType own, SqlType result)
{
    return result.id == TYPE_DECIMAL ? decimal_operand(op, own, result) : result;
}

static Error *bind_arith(Binder *binder, char op, Expr *left, Expr *right, SqlType result, int32_t position, Expr **out)
{
    Expr *args[2];
    TRY(coerce(binder, left, operand_type(op, left->type, result), CAST_IMPLICIT, &args[0]));
    TRY(coerce(binder, right, operand_type(op, right->type, result), CAST_IMPLICIT, &args[1]));
    Expr *expr = expr_new(binder->arena, EXPR_ARITH, result, 2, args);
    expr->op = op;
    return finish(binder, expr, position, out);
}

static Error *bind_prefix(Binder *binder, const char *symbol, Expr *arg, int32_t position, Expr **out)
{
    OperMatch match;
    Error *error = oper_resolve(symbol, NULL, arg->type, &match);
    if (error != NULL)
        return error_at(error, position);
    TRY(coerce(binder, arg, match.right, CAST_IMPLICIT, &arg));
    if (match.row->func != FUNC_NONE)
        return finish(binder, expr_func(binder->arena, match.row->func, match.result, 1, &arg), position, out);
    *out = arg;
    if (symbol[0] == '+')
        return NULL;
    return finish(binder, expr_new(binder->arena, EXPR_NEGATE, match.result, 1, &arg), position, out);
}

static bool is_literal(const Expr *expr)
{
    return expr->type.id == TYPE_UNKNOWN && expr->kind == EXPR_CONST && !expr->value.null;
}

/* '1.15' beside a DECIMAL is the number it says, not one rounded to the other's scale. */
static Error *literal_beside_decimal(Binder *binder, Expr **literal, const Expr *other)
{
    if (is_literal(*literal) && other->type.id == TYPE_DECIMAL)
        return number_of_unknown(binder, *literal, literal);
    return NULL;
}

static char compare_op(const char *symbol)
{
    static const struct
    {
        const char *symbol;
        char op;
    } ops[] = {{"=", '='}, {"<>", '!'}, {"!=", '!'}, {"<", '<'}, {">", '>'}, {"<=", 'l'}, {">=", 'g'}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].symbol, symbol) == 0)
            return ops[i].op;
    return '\0';
}

Error *bind_operator(Binder *binder, const char *symbol, Expr *left, Expr *right, int32_t position, Expr **out)
{
    char op = compare_op(symbol);
    if (left == NULL)
        return bind_prefix(binder, symbol, right, position, out);
    if (op != '\0')
        return bind_compare(binder, op, left, right, position, out);
    TRY(literal_beside_decimal(binder, &left, right));
    TRY(literal_beside_decimal(binder, &right, left));
    OperMatch match;
    Error *error = oper_resolve(symbol, &left->type, right->type, &match);
    if (error != NULL)
        return error_at(error, position);
    TRY(coerce(binder, left, match.left, CAST_IMPLICIT, &left));
    TRY(coerce(binder, right, match.right, CAST_IMPLICIT, &right));
    if (match.row->func == FUNC_NONE)
        return bind_arith(binder, symbol[0], left, right, match.result, position, out);
    Expr *args[2] = {left, right};
    return finish(binder, expr_func(binder->arena, match.row->func, match.result, 2, args), position, out);
}

/* --- comparison --------------------------------------------------------------------- */

static char swapped(char op)
{
    switch (op)
    {
    case '<':
        return '>';
    case '>':
        return '<';
    case 'l':
        return 'g';
    case 'g':
        return 'l';
    default:
        return op;
    }
}

/* An untyped literal takes the type of the other side. */
static Error *literal_beside(Binder *binder, Expr **literal, const Expr *other)
{
    if ((*literal)->type.id != TYPE_UNKNOWN)
        return NULL;
    if (type_is_string(other->type))
    {
        *literal = coerce_unknown(binder, *literal);
        return NULL;
    }
    if (other->type.id == TYPE_DECIMAL && !(*literal)->value.null)
        return number_of_unknown(binder, *literal, literal);
    return coerce(binder, *literal, other->type, CAST_IMPLICIT, literal);
}

static bool is_value_const(const Expr *expr)
{
    return expr->kind == EXPR_CONST && !expr->value.null;
}

static Error *operator_missing(char op, const Expr *left, const Expr *right, int32_t position)
{
    const char *symbol = op == 'l' ? "<=" : op == 'g' ? ">=" : op == '!' ? "<>" : (char[2]){op, '\0'};
    return error_at(
        error_hint(error_new(SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: %s %s %s", type_name(left->type),
                             symbol, type_name(right->type)),
                   "No operator matches the given argument types. You might need to add explicit type casts."),
        position);
}

/* Brings both to a type in which they can be compared.  Strings of any kind and length
 * compare as they are, and so do DECIMALs of one scale. */
static Error *match_sides(Binder *binder, char *op, Expr **left, Expr **right, int32_t position)
{
    TRY(literal_beside(binder, left, *right));
    TRY(literal_beside(binder, right, *left));
    SqlType a = (*left)->type;
    SqlType b = (*right)->type;
    if (type_equal(a, b) || (type_is_string(a) && type_is_string(b)))
        return NULL;
    if (is_value_const(*right) && !is_value_const(*left) && coerce_constant_to(binder, *right, a, op, right))
        return NULL;
    *op = swapped(*op);
    bool done = is_value_const(*left) && !is_value_const(*right) && coerce_constant_to(binder, *left, b, op, left);
    *op = swapped(*op);
    if (done || (a.id == TYPE_DECIMAL && b.id == TYPE_DECIMAL && a.scale == b.scale))
        return NULL;
    SqlType common;
    Error *error = type_common(a, b, &common);
    if (error != NULL)
    {
        error_free(error);
        return operator_missing(*op, *left, *right, position);
    }
    if (!cast_allowed((TypeId) a.id, (TypeId) common.id, CAST_IMPLICIT) ||
        !cast_allowed((TypeId) b.id, (TypeId) common.id, CAST_IMPLICIT))
        return operator_missing(*op, *left, *right, position);
    TRY(coerce(binder, *left, common, CAST_IMPLICIT, left));
    return coerce(binder, *right, common, CAST_IMPLICIT, right);
}

Error *bind_compare(Binder *binder, char op, Expr *left, Expr *right, int32_t position, Expr **out)
{
    Expr *args[2] = {left, right};
    TRY(match_sides(binder, &op, &args[0], &args[1], position));
    Expr *expr = expr_new(binder->arena, EXPR_COMPARE, type_make(TYPE_BOOLEAN), 2, args);
    expr->op = op;
    return finish(binder, expr, position, out);
}

/* --- IN ( list ) ----------------------------------------------------------------------- */

/* One constant in the type of x; false if it must be compared on its own. */
static bool list_constant(Binder *binder, const Expr *x, Expr *item, Expr **out)
{
    char op = '=';
    if (!expr_is_const(item))
        return false;
    Error *error = literal_beside(binder, &item, x);
    error_free(error); /* said again, with its position, where it is compared */
    if (error != NULL)
        return false;
    *out = item;
    if (item->value.null)
        *out = expr_null(binder->arena, x->type);
    else if (!type_equal(item->type, x->type) && !(type_is_string(item->type) && type_is_string(x->type)))
        return coerce_constant_to(binder, item, x->type, &op, out);
    return true;
}

/* x IN (list) as `x IN constants OR x = item OR ...`. */
static Error *make_in_list(Binder *binder, Expr *x, Expr **items, int32_t count, int32_t position, Expr **out)
{
    Expr **args = ARENA_ARRAY(binder->arena, Expr *, count + 1);
    int32_t arg_count = 1;
    Expr *rest = NULL;
    args[0] = x;
    for (int32_t i = 0; i < count; i++)
    {
        Expr *one;
        if (count > 1 && !expr_is_const(x) && list_constant(binder, x, items[i], &args[arg_count]))
        {
            arg_count++;
            continue;
        }
        if ((rest != NULL || arg_count > 1) && expr_uses_subquery(x))
            return unsupported(position, "IN of a subquery's value among what is no constant is");
        TRY(bind_compare(binder, '=', x, items[i], position, &one));
        rest = expr_or(binder->arena, rest, one);
    }
    if (arg_count > 1 && rest != NULL && expr_uses_subquery(x))
        return unsupported(position, "IN of a subquery's value among what is no constant is");
    if (arg_count > 1)
    {
        Expr *list = expr_new(binder->arena, EXPR_IN_LIST, type_make(TYPE_BOOLEAN), arg_count, args);
        list->position = position;
        rest = expr_or(binder->arena, list, rest);
    }
    *out = rest;
    return NULL;
}

Error *bind_in_list(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    const char *symbol = node_string(expr->name[0]); /* "=" or "<>" */
    Expr *x;
    ASSERT(expr->rexpr->node_case == PG_QUERY__NODE__NODE_LIST);
    if (bind_is_row(expr->lexpr))
        return bind_row_in_list(binder, scope, expr, out);
    TRY(bind_expr(binder, scope, expr->lexpr, &x));
    const PgQuery__List *list = expr->rexpr->list;
    Expr **items = ARENA_ARRAY(binder->arena, Expr *, list->n_items);
    for (size_t i = 0; i < list->n_items; i++)
        TRY(bind_expr(binder, scope, list->items[i], &items[i]));
    if (x->type.id == TYPE_UNKNOWN && list->n_items > 0)
        TRY(literal_beside(binder, &x, items[0]));
    x = coerce_unknown(binder, x);
    TRY(make_in_list(binder, x, items, (int32_t) list->n_items, position, out));
    if (symbol != NULL && symbol[0] == '<')
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* --- op ANY (ARRAY[...]) ------------------------------------------------------------------ */

/* As the comparisons with each value, joined by OR; ALL: by AND. */
static Error *compare_each(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, const PgQuery__AArrayExpr *array,
                           Expr **out)
{
    PgQuery__AExpr one = *expr;
    Node node = PG_QUERY__NODE__INIT;
    bool all = expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL;
    const char *symbol = node_string(expr->name[expr->n_name - 1]);
    bool like = symbol != NULL && strstr(symbol, "~~") != NULL;
    node.node_case = PG_QUERY__NODE__NODE_A_EXPR;
    node.a_expr = &one;
    one.kind = like ? PG_QUERY__A__EXPR__KIND__AEXPR_LIKE : PG_QUERY__A__EXPR__KIND__AEXPR_OP;
    *out = NULL;
    for (size_t i = 0; i < array->n_elements; i++)
    {
        Expr *compared;
        one.rexpr = array->elements[i];
        TRY(bind_condition(binder, scope, &node, all ? "ALL" : "ANY", &compared));
        *out = all ? expr_and(binder->arena, *out, compared) : expr_or(binder->arena, *out, compared);
    }
    if (*out == NULL)
        *out = expr_bool(binder->arena, all);
    return NULL;
}

/* = ANY and <> ALL are IN and NOT IN. */
Error *bind_array_compare(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    if (expr->rexpr->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ||
        expr->rexpr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
        return bind_any_element(binder, scope, expr, expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL, out);
    if (expr->rexpr->node_case != PG_QUERY__NODE__NODE_A_ARRAY_EXPR)
        return error_at(error_hint(error_new(SQLSTATE_WRONG_OBJECT_TYPE,
                                             "op ANY/ALL (array) requires array on right side"),
                                   "Arrays are written ARRAY[...]."),
                        node_position(binder, expr->location));
    const PgQuery__AArrayExpr *array = expr->rexpr->a_array_expr;
    char op = bind_compare_op(node_string(expr->name[expr->n_name - 1]));
    bool all = expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL;
    if (op != (all ? '!' : '=') || array->n_elements == 0)
        return compare_each(binder, scope, expr, array, out);
    PgQuery__AExpr in = *expr;
    PgQuery__List list = PG_QUERY__LIST__INIT;
    Node node = PG_QUERY__NODE__INIT;
    node.node_case = PG_QUERY__NODE__NODE_LIST;
    node.list = &list;
    list.n_items = array->n_elements;
    list.items = array->elements;
    in.kind = PG_QUERY__A__EXPR__KIND__AEXPR_IN;
    in.rexpr = &node;
    return bind_in_list(binder, scope, &in, out);
}

/* --- LIKE ------------------------------------------------------------------------------ */

/* x LIKE p ESCAPE 'c': the grammar gives like_escape(p, 'c') as the pattern, a function as any other. */
Error *bind_like(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    const char *symbol = node_string(expr->name[0]); /* "~~", "!~~*"... */
    Expr *args[2];
    if (symbol == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "LIKE without an operator"), position);
    TRY(bind_expr(binder, scope, expr->lexpr, &args[0]));
    TRY(bind_expr(binder, scope, expr->rexpr, &args[1]));
    for (int32_t i = 0; i < 2; i++)
    {
        args[i] = coerce_unknown(binder, args[i]);
        if (!type_is_string(args[i]->type))
            TRY(coerce(binder, args[i], type_varchar(0), CAST_IMPLICIT, &args[i]));
    }
    Expr *like = expr_new(binder->arena, EXPR_LIKE, type_make(TYPE_BOOLEAN), 2, args);
    like->insensitive = symbol[strlen(symbol) - 1] == '*';
    TRY(finish(binder, like, position, out));
    if (symbol[0] == '!')
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}
