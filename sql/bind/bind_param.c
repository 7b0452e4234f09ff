/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements.
 *
 *     prepare p (integer) as select .. where a = $1 and b = $2     the statement is bound with nulls for $1 and $2;
 *                                                                  $2 has the type that its first place asks for
 *     execute p (1, 'a')                                           $1 and $2 are bound as constants of those types
 */
#include "sql/bind/binder.h"

#include <string.h>

#define PARAMS_MAX 65535 /* what the protocol can number */

/* Places of a parameter whose type is not known yet. */
typedef struct ParamPlace
{
    const Expr *expr;
    int32_t number;
} ParamPlace;

struct ParamTypes
{
    int32_t count;
    int32_t capacity;
    SqlType *types; /* UNKNOWN: not known yet */
    int32_t place_count;
    int32_t place_capacity;
    ParamPlace *places;
};

/* --- $n ------------------------------------------------------------------------------- */

static void param_take(Binder *binder, ParamTypes *params, int32_t number, Expr **out)
{
    while (params->count < number)
        ARRAY_ADD(binder->arena, params->types, params->count, params->capacity, type_make(TYPE_UNKNOWN));
    SqlType type = params->types[number - 1];
    *out = expr_null(binder->arena, type);
    if (type.id == TYPE_UNKNOWN)
        ARRAY_ADD(binder->arena, params->places, params->place_count, params->place_capacity,
                  ((ParamPlace){*out, number}));
}

Error *bind_param(Binder *binder, const PgQuery__ParamRef *ref, Expr **out)
{
    const BindContext *context = binder->context;
    int32_t position = node_position(binder, ref->location);
    int32_t most = binder->params != NULL ? PARAMS_MAX : context->param_count;
    if (ref->number < 1 || ref->number > most)
        return error_at(error_new(SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%d", ref->number), position);
    if (binder->params != NULL)
        param_take(binder, binder->params, ref->number, out);
    else
    {
        const BindParam *param = &context->params[ref->number - 1];
        *out = expr_constant(binder->arena, param->type, param->value);
    }
    (*out)->position = position;
    return NULL;
}

void bind_note_param(Binder *binder, const Expr *expr, SqlType type)
{
    ParamTypes *params = binder->params;
    for (int32_t i = 0; params != NULL && i < params->place_count; i++)
    {
        SqlType *known = &params->types[params->places[i].number - 1];
        if (params->places[i].expr == expr && known->id == TYPE_UNKNOWN)
            *known = type_is_string(type) ? type_varchar(0) : type;
    }
}

/* --- PREPARE -------------------------------------------------------------------------- */

Error *bind_prepare_types(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                          const ParseStatement *prepare, BindParam **params, int32_t *count)
{
    Binder binder = {.arena = arena, .snapshot = snapshot, .context = context, .parse = prepare};
    const PgQuery__PrepareStmt *node = prepare->node->prepare_stmt;
    *count = (int32_t) node->n_argtypes;
    *params = ARENA_ARRAY(arena, BindParam, *count);
    for (int32_t i = 0; i < *count; i++)
        TRY(bind_type(&binder, node->argtypes[i]->type_name, false, &(*params)[i].type));
    return NULL;
}

static bool types_known(const ParamTypes *params, int32_t *unknown)
{
    for (*unknown = 0; *unknown < params->count; ++*unknown)
        if (params->types[*unknown].id == TYPE_UNKNOWN)
            return false;
    return true;
}

static Error *params_bind(Binder *binder, const ParseStatement *statement)
{
    binder->statement = ARENA_NEW(binder->arena, BoundStatement);
    binder->params->place_count = 0;
    return bind_any(binder, statement);
}

static void columns_tell(Arena *arena, const BoundStatement *statement, BindPrepared *out)
{
    const BoundQuery *query = statement->query;
    if (statement->write != NULL)
        return;
    out->column_count = query->visible_count;
    out->columns = ARENA_ARRAY(arena, BindResultColumn, query->visible_count);
    for (int32_t i = 0; i < query->visible_count; i++)
        out->columns[i] = (BindResultColumn){query->target_names[i], query->targets[i].expr->type};
}

/* A second time when types were told: then all of the statement is bound with them. */
Error *bind_prepare(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *statement, const BindParam *declared, int32_t count, BindPrepared *out)
{
    ParamTypes params = {0};
    int32_t unknown;
    for (int32_t i = 0; i < count; i++)
        ARRAY_ADD(arena, params.types, params.count, params.capacity, declared[i].type);
    bool all_declared = types_known(&params, &unknown);
    Binder first = {.arena = arena, .snapshot = snapshot, .context = context, .parse = statement, .params = &params};
    Binder second = first;
    TRY(params_bind(&first, statement));
    if (!types_known(&params, &unknown))
        return error_new(SQLSTATE_INDETERMINATE_DATATYPE, "could not determine data type of parameter $%d", unknown + 1);
    bool again = !all_declared || params.count > count;
    if (again)
        TRY(params_bind(&second, statement));
    BindParam *told = ARENA_ARRAY(arena, BindParam, params.count);
    *out = (BindPrepared){.param_count = params.count, .params = told};
    for (int32_t i = 0; i < params.count; i++)
        told[i] = (BindParam){.type = params.types[i],
                              .open = i >= count || declared[i].open || declared[i].type.id == TYPE_UNKNOWN};
    columns_tell(arena, again ? second.statement : first.statement, out);
    return NULL;
}

/* --- EXECUTE -------------------------------------------------------------------------- */

static Error *wrong_type(Error *error, int32_t number, const Expr *given, SqlType wanted)
{
    if (error == NULL || error->state != SQLSTATE_DATATYPE_MISMATCH)
        return error;
    error_free(error);
    return error_at(error_hint(error_new(SQLSTATE_DATATYPE_MISMATCH,
                                         "parameter $%d of type %s cannot be coerced to the expected type %s", number,
                                         type_name(given->type), type_name(wanted)),
                               "You will need to rewrite or cast the expression."),
                    given->position);
}

static Error *execute_param(Binder *binder, const Node *node, int32_t number, BindParam *param)
{
    Scope scope = {.no_aggregates = "EXECUTE parameters", .query = ARENA_NEW(binder->arena, BoundQuery)};
    Expr *expr;
    TRY(bind_expr(binder, &scope, node, &expr));
    bool own = param->open && param->type.id == TYPE_DECIMAL &&
               (expr->type.id == TYPE_DECIMAL || expr->type.id == TYPE_UNKNOWN || type_is_integer(expr->type));
    if (!own)
        TRY(wrong_type(coerce(binder, expr, param->type, CAST_ASSIGNMENT, &expr), number, expr, param->type));
    if (!expr_is_const(expr))
        return unsupported(expr->position, "an argument of EXECUTE that is no constant is");
    *param = (BindParam){.type = expr->type, .open = param->open, .value = expr->value};
    return NULL;
}

Error *bind_execute(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *execute, BindParam *params, int32_t count)
{
    Binder binder = binder_make(arena, snapshot, context, execute);
    const PgQuery__ExecuteStmt *node = execute->node->execute_stmt;
    if (node->n_params != (size_t) count)
        return error_detail(error_new(SQLSTATE_SYNTAX_ERROR, "wrong number of parameters for prepared statement \"%s\"",
                                      execute->prepare->name),
                            "Expected %d parameters but got %zu.", count, node->n_params);
    for (int32_t i = 0; i < count; i++)
        TRY(execute_param(&binder, node->params[i], i + 1, &params[i]));
    return NULL;
}
