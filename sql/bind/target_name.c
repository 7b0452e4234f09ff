/* SPDX-License-Identifier: Apache-2.0 */
/* What a column of a select list is called. */
#include "sql/bind/binder.h"

#include <string.h>

static const char *value_function_name(PgQuery__SQLValueFunctionOp op)
{
    switch (op)
    {
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE:
        return "current_date";
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
        return "current_timestamp";
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER:
        return "session_user";
    case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA:
        return "current_schema";
    default:
        return "current_user";
    }
}

static const char *figure_name(const Binder *binder, const Node *node);

/* After what is cast, else after the type. */
static const char *cast_name(const Binder *binder, const Node *arg, const PgQuery__TypeName *type)
{
    const char *name = figure_name(binder, arg);
    return strcmp(name, "?column?") != 0 || type->n_names == 0 ? name : node_string(type->names[type->n_names - 1]);
}

static bool is_try_cast(const PgQuery__FuncCall *call)
{
    return strcmp(node_string(call->funcname[0]), TRY_CAST_NAME) == 0 && call->n_args == 2 &&
           call->args[1]->node_case == PG_QUERY__NODE__NODE_TYPE_CAST;
}

/* How PostgreSQL calls a column without AS (FigureColname). */
static const char *figure_name(const Binder *binder, const Node *node)
{
    const char *name;
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        name = node_string(node->column_ref->fields[node->column_ref->n_fields - 1]);
        return name == NULL ? "?column?" : name_fold(binder, name);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        if (is_try_cast(node->func_call))
            return cast_name(binder, node->func_call->args[0], node->func_call->args[1]->type_cast->type_name);
        return name_fold(binder, node_string(node->func_call->funcname[node->func_call->n_funcname - 1]));
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return cast_name(binder, node->type_cast->arg, node->type_cast->type_name);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return "case";
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return "coalesce";
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return "grouping";
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest";
    case PG_QUERY__NODE__NODE_A_EXPR:
        return node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF ? "nullif" : "?column?";
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return value_function_name(node->sqlvalue_function->op);
    case PG_QUERY__NODE__NODE_SUB_LINK:
        if (node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
            return "exists";
        return "?column?";
    default:
        return "?column?";
    }
}

const char *target_name(const Binder *binder, const PgQuery__ResTarget *target)
{
    bool named = target->name != NULL && target->name[0] != '\0';
    return named ? name_fold(binder, target->name) : figure_name(binder, target->val);
}
