/* SPDX-License-Identifier: Apache-2.0 */
/* Functions the leader answers once for the statement (FEATURES 1.03): constants from the BindContext. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/value_session.h"
#include "sql/bind/binder.h"

#include <string.h>

static Datum text_value(const char *text)
{
    if (text == NULL)
        return (Datum){.null = true};
    return (Datum){.str = {text, (int64_t) strlen(text)}};
}

static const char *current_schema(const Binder *binder)
{
    const BindContext *context = binder->context;
    for (int32_t i = 0; i < context->search_path_count; i++)
        if (catalog_has_schema(binder->snapshot, context->search_path[i]))
            return context->search_path[i];
    return context->search_path_count == 0 ? "public" : NULL;
}

static Error *current_setting(const Binder *binder, const Expr *name, Datum *value)
{
    const BindContext *context = binder->context;
    if (name->kind != EXPR_CONST || name->value.null)
        return unsupported(name->position, "current_setting() of what is no constant is");
    char *folded = name_fold(binder, arena_strndup(binder->arena, name->value.str.data, (size_t) name->value.str.len));
    const char *found = context->setting == NULL ? NULL : context->setting(context->session, folded);
    if (found == NULL)
        return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", folded),
                        name->position);
    *value = text_value(arena_strdup(binder->arena, found));
    return NULL;
}

/* As an array prints, for there are no arrays. */
static Error *current_schemas(const Binder *binder, const Expr *implicit, Datum *value)
{
    const BindContext *context = binder->context;
    Text out;
    if (implicit->kind != EXPR_CONST)
        return unsupported(implicit->position, "current_schemas() of what is no constant is");
    *value = (Datum){.null = true};
    if (implicit->value.null)
        return NULL;
    text_init(&out, binder->arena);
    text_puts(&out, implicit->value.i != 0 ? "{pg_catalog" : "{");
    for (int32_t i = 0; i < context->search_path_count; i++)
    {
        const char *schema = context->search_path[i];
        if (!catalog_has_schema(binder->snapshot, schema) ||
            (implicit->value.i != 0 && strcmp(schema, "pg_catalog") == 0))
            continue;
        if (out.length > 1)
            text_putc(&out, ',');
        text_puts(&out, schema);
    }
    if (context->search_path_count == 0)
        text_puts(&out, out.length > 1 ? ",public" : "public");
    text_putc(&out, '}');
    *value = (Datum){.str = {out.data, (int64_t) out.length}};
    return NULL;
}

static Error *leader_value(Binder *binder, FuncId func, Expr *const *args, Datum *value)
{
    const BindContext *context = binder->context;
    const TimeZone *zone = value_session()->zone;
    int64_t local = zone_to_local(zone, context->transaction_time);
    *value = (Datum){.null = false};
    switch (func)
    {
    case FUNC_CURRENT_DATABASE:
        *value = text_value(context->database);
        return NULL;
    case FUNC_CURRENT_DATE:
        value->i = timestamp_date(local);
        return NULL;
    case FUNC_CURRENT_SCHEMA:
        *value = text_value(current_schema(binder));
        return NULL;
    case FUNC_CURRENT_SCHEMAS:
        return current_schemas(binder, args[0], value);
    case FUNC_CURRENT_SETTING:
        return current_setting(binder, args[0], value);
    case FUNC_CURRENT_TIMESTAMP:
    case FUNC_NOW:
        value->i = context->transaction_time;
        return NULL;
    case FUNC_LOCALTIMESTAMP:
    case FUNC_SYSDATE:
        value->i = local;
        return NULL;
    case FUNC_LOCALTIME:
        value->i = timestamp_time(local);
        return NULL;
    case FUNC_CURRENT_TIME:
        value->i = timetz_make(timestamp_time(local), -zone_offset(zone, context->transaction_time));
        return NULL;
    case FUNC_GETDATE: /* whole seconds, as Redshift gives it */
        local = zone_to_local(zone, context->statement_time);
        value->i = local - (local % SECOND_US + SECOND_US) % SECOND_US;
        return NULL;
    case FUNC_CURRENT_USER:
    case FUNC_USER:
        *value = text_value(context->user);
        return NULL;
    case FUNC_SESSION_USER:
        *value = text_value(context->session_user != NULL ? context->session_user : context->user);
        return NULL;
    case FUNC_CURRENT_USER_ID:
        value->i = context->user_id;
        return NULL;
    case FUNC_PG_BACKEND_PID:
        value->i = context->backend_pid;
        return NULL;
    case FUNC_PG_LAST_COPY_COUNT:
        value->i = context->last_copy_count;
        return NULL;
    case FUNC_PG_LAST_COPY_ID:
        value->i = context->last_copy_id;
        return NULL;
    case FUNC_LAST_USER_QUERY_ID:
    case FUNC_PG_LAST_QUERY_ID:
        value->i = context->last_query_id;
        return NULL;
    case FUNC_VERSION:
        *value = text_value(context->version);
        return NULL;
    default:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "function %s() is not supported yet", func_row(func)->name);
    }
}

Error *bind_leader_func(Binder *binder, const FuncMatch *match, Expr *const *args, int32_t position, Expr **out)
{
    Datum value;
    SqlType type = match->result;
    Error *error = leader_value(binder, match->row->id, args, &value);
    if (error != NULL)
        return error_at(error, position);
    if (type_is_string(type))
        type = type_varchar(value.null || value.str.len == 0 ? 1 : (int32_t) value.str.len);
    *out = expr_constant(binder->arena, type, value);
    (*out)->position = position;
    return NULL;
}

Error *bind_value_function(Binder *binder, const PgQuery__SQLValueFunction *function, Expr **out)
{
    static const struct
    {
        PgQuery__SQLValueFunctionOp op;
        const char *name;
    } names[] = {
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE, "current_date"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP, "current_timestamp"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N, "current_timestamp"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME, "current_time"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N, "current_time"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME, "localtime"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N, "localtime"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP, "localtimestamp"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N, "localtimestamp"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE, "current_user"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER, "current_user"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER, "current_user"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER, "session_user"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG, "current_database"},
        {PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA, "current_schema"},
    };
    int32_t position = node_position(binder, function->location);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].op == function->op)
        {
            FuncMatch match;
            TRY(func_resolve(names[i].name, NULL, 0, &match));
            return bind_leader_func(binder, &match, NULL, position, out);
        }
    return unsupported(position, "this value of the session is");
}
