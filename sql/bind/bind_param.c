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

Error *bind_prepare(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *prepare, BindParam **out, int32_t *count)
{
    ParamTypes params = {0};
    Binder binder = {.arena = arena,
                     .snapshot = snapshot,
                     .context = context,
                     .parse = prepare,
                     .params = &params,
                     .statement = ARENA_NEW(arena, BoundStatement)};
    const PgQuery__PrepareStmt *node = prepare->node->prepare_stmt;
    for (size_t i = 0; i < node->n_argtypes; i++)
    {
        SqlType type;
        TRY(bind_type(&binder, node->argtypes[i]->type_name, false, &type));
        ARRAY_ADD(arena, params.types, params.count, params.capacity, type);
    }
    TRY(bind_any(&binder, prepare->prepare->statement));
    *out = ARENA_ARRAY(arena, BindParam, params.count);
    *count = params.count;
    for (int32_t i = 0; i < params.count; i++)
    {
        if (params.types[i].id == TYPE_UNKNOWN)
            return error_new(SQLSTATE_INDETERMINATE_DATATYPE, "could not determine data type of parameter $%d", i + 1);
        (*out)[i].type = params.types[i];
    }
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

/* `declared`: by PREPARE; a number where the type was told from its place keeps its own digits. */
static Error *execute_param(Binder *binder, const Node *node, int32_t number, bool declared, BindParam *param)
{
    Scope scope = {.no_aggregates = "EXECUTE parameters", .query = ARENA_NEW(binder->arena, BoundQuery)};
    Expr *expr;
    TRY(bind_expr(binder, &scope, node, &expr));
    bool own = !declared && param->type.id == TYPE_DECIMAL &&
               (expr->type.id == TYPE_DECIMAL || expr->type.id == TYPE_UNKNOWN || type_is_integer(expr->type));
    if (!own)
        TRY(wrong_type(coerce(binder, expr, param->type, CAST_ASSIGNMENT, &expr), number, expr, param->type));
    if (!expr_is_const(expr))
        return unsupported(expr->position, "an argument of EXECUTE that is no constant is");
    *param = (BindParam){expr->type, expr->value};
    return NULL;
}

Error *bind_execute(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                    const ParseStatement *prepare, const ParseStatement *execute, BindParam *params, int32_t count)
{
    Binder binder = {.arena = arena,
                     .snapshot = snapshot,
                     .context = context,
                     .parse = execute,
                     .statement = ARENA_NEW(arena, BoundStatement)};
    const PgQuery__PrepareStmt *prepared = prepare->node->prepare_stmt;
    const PgQuery__ExecuteStmt *node = execute->node->execute_stmt;
    if (node->n_params != (size_t) count)
        return error_detail(error_new(SQLSTATE_SYNTAX_ERROR, "wrong number of parameters for prepared statement \"%s\"",
                                      execute->prepare->name),
                            "Expected %d parameters but got %zu.", count, node->n_params);
    for (int32_t i = 0; i < count; i++)
        TRY(execute_param(&binder, node->params[i], i + 1, (size_t) i < prepared->n_argtypes, &params[i]));
    return NULL;
}
