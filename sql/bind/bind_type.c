/* SPDX-License-Identifier: Apache-2.0 */
/* Type names, their parameters, limits and defaults (FEATURES 2.1). */
#include "sql/bind/binder.h"

#include <ctype.h>
#include <string.h>

typedef enum TypeParameters
{
    PARAMETERS_NONE,
    PARAMETERS_DECIMAL,
    PARAMETERS_CHAR,
    PARAMETERS_VARCHAR,
    PARAMETERS_BPCHAR,
    PARAMETERS_TEXT,
    PARAMETERS_FRACTION,
    PARAMETERS_INTERVAL,
    PARAMETERS_VARBYTE
} TypeParameters;

static const struct TypeNameRow
{
    const char *name;
    TypeId id;
    TypeParameters parameters;
} type_names[] = {
#define TYPE_NAME(name, id, parameters) {name, TYPE_##id, PARAMETERS_##parameters},
#include "sql/bind/type_name.def"
#undef TYPE_NAME
};

#define BPCHAR_LENGTH_DEFAULT     256
#define DECIMAL_PRECISION_DEFAULT 18
#define DECIMAL_SCALE_MAX         37

static const struct TypeNameRow *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        if (strcmp(type_names[i].name, name) == 0)
            return &type_names[i];
    return NULL;
}

static Error *type_error(int32_t position, const char *message)
{
    return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "%s", message), position);
}

/* The constants in parentheses behind the name. */
static Error *read_parameters(const PgQuery__TypeName *name, int32_t position, int32_t *values, int32_t *count)
{
    *count = 0;
    for (size_t i = 0; i < name->n_typmods; i++)
    {
        const Node *node = name->typmods[i];
        if (i == 2 || node->node_case != PG_QUERY__NODE__NODE_A_CONST || node->a_const->isnull ||
            (node->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL))
            return type_error(position, "type modifiers must be one or two integers");
        values[(*count)++] = node->a_const->ival->ival;
    }
    return NULL;
}

static Error *make_decimal(const int32_t *values, int32_t count, int32_t position, SqlType *out)
{
    int32_t precision = count > 0 ? values[0] : DECIMAL_PRECISION_DEFAULT;
    int32_t scale = count > 1 ? values[1] : 0;
    if (precision < 1 || precision > DECIMAL_PRECISION_MAX)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "NUMERIC precision %d must be between 1 and %d",
                                  precision, DECIMAL_PRECISION_MAX),
                        position);
    if (scale < 0 || scale > precision || scale > DECIMAL_SCALE_MAX)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE,
                                  "NUMERIC scale %d must be between 0 and precision %d", scale,
                                  precision > DECIMAL_SCALE_MAX ? DECIMAL_SCALE_MAX : precision),
                        position);
    *out = type_decimal(precision, scale);
    return NULL;
}

static Error *make_string(const struct TypeNameRow *row, const int32_t *values, int32_t count, bool for_column,
                          int32_t position, SqlType *out)
{
    bool is_char = row->id == TYPE_CHAR;
    int32_t most = is_char ? CHAR_LENGTH_MAX : VARCHAR_LENGTH_MAX;
    int32_t length = is_char ? 1 : for_column ? VARCHAR_LENGTH_DEFAULT : 0;
    if (row->parameters == PARAMETERS_BPCHAR)
        length = BPCHAR_LENGTH_DEFAULT;
    if (count > 1)
        return type_error(position, "a length is one number");
    if (count == 1)
    {
        length = values[0];
        if (length < 1)
            return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s must be at least 1",
                                      is_char ? "char" : "varchar"),
                            position);
        if (length > most)
            return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s cannot exceed %d",
                                      is_char ? "char" : "varchar", most),
                            position);
    }
    *out = is_char ? type_char(length) : type_varchar(length);
    return NULL;
}

static Error *make_varbyte(const int32_t *values, int32_t count, bool for_column, int32_t position, SqlType *out)
{
    int32_t length = count > 0 ? values[0] : for_column ? VARBYTE_LENGTH_DEFAULT : 0;
    if (count > 1)
        return type_error(position, "a length is one number");
    if (count == 1 && (length < 1 || length > VARBYTE_LENGTH_MAX))
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "length for type varbyte must be between 1 and %d",
                                  VARBYTE_LENGTH_MAX),
                        position);
    *out = type_varbyte(length);
    return NULL;
}

/* The grammar gives the mask of the fields (type.h) and the digits of the second. */
static Error *make_interval(const int32_t *values, int32_t count, int32_t position, SqlType *out)
{
    int32_t fields = count > 0 && values[0] != INTERVAL_FULL ? values[0] : 0;
    if (count > 1 && (values[1] < 0 || values[1] > 6))
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "interval(%d) precision must be between 0 and 6",
                                  values[1]),
                        position);
    *out = type_interval(fields, count > 1 ? values[1] : -1);
    return NULL;
}

Error *bind_type(const Binder *binder, const PgQuery__TypeName *name, bool for_column, SqlType *out)
{
    int32_t position = node_position(binder, name->location);
    const char *last = name->n_names > 0 ? node_string(name->names[name->n_names - 1]) : NULL;
    const char *folded = last == NULL ? "" : name_fold(binder, last);
    if (name->n_array_bounds > 0 || name->setof)
        return unsupported(position, "array types are");
    const struct TypeNameRow *row = find_type(folded);
    if (row == NULL)
    {
        static const char *const later[] = {"super", "geometry", "geography", "hllsketch"};
        for (size_t i = 0; i < sizeof later / sizeof *later; i++)
            if (strcmp(folded, later[i]) == 0)
                return unsupported(position, "type \"%s\" is", folded);
        return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "type \"%s\" does not exist", folded), position);
    }
    int32_t values[2];
    int32_t count;
    TRY(read_parameters(name, position, values, &count));
    switch (row->parameters)
    {
    case PARAMETERS_INTERVAL:
        return make_interval(values, count, position, out);
    case PARAMETERS_VARBYTE:
        return make_varbyte(values, count, for_column, position, out);
    case PARAMETERS_DECIMAL:
        return make_decimal(values, count, position, out);
    case PARAMETERS_CHAR:
    case PARAMETERS_VARCHAR:
    case PARAMETERS_BPCHAR:
    case PARAMETERS_TEXT:
        return make_string(row, values, count, for_column, position, out);
    default:
        *out = type_make(row->id);
        return count > 0 && row->parameters == PARAMETERS_NONE
                   ? error_at(error_new(SQLSTATE_SYNTAX_ERROR, "type modifier is not allowed for type \"%s\"", folded),
                              position)
                   : NULL;
    }
}

/* Where a number that ends the text begins, if another one and a blank stand before it ("1 2"); else 0. */
static int64_t second_number(Str text)
{
    int64_t at = text.len;
    while (at > 0 && isdigit((unsigned char) text.data[at - 1]))
        at--;
    int64_t begin = at;
    while (at > 0 && text.data[at - 1] == ' ')
        at--;
    return at > 0 && at < begin && begin < text.len && isdigit((unsigned char) text.data[at - 1]) ? begin : 0;
}

/* A number without a unit counts the last field, one before it days; "1:30" MINUTE TO SECOND has no hours. */
Expr *bind_interval_text(const Binder *binder, Expr *text, SqlType type)
{
    static const struct
    {
        int32_t field;
        const char *unit;
    } units[] = {{INTERVAL_SECOND, "second"}, {INTERVAL_MINUTE, "minute"}, {INTERVAL_HOUR, "hour"},
                 {INTERVAL_DAY, "day"},       {INTERVAL_MONTH, "month"},   {INTERVAL_YEAR, "year"}};
    const char *unit = NULL;
    for (size_t i = 0; i < sizeof units / sizeof *units && unit == NULL; i++)
        if ((type.length & units[i].field) != 0)
            unit = units[i].unit;
    Str given = text->value.str;
    const char *colon = memchr(given.data, ':', (size_t) given.len);
    const char *out = NULL;
    const char *minus = given.len == 0 ? NULL : memchr(given.data + 1, '-', (size_t) given.len - 1); /* "1-2" */
    int64_t second = second_number(given);
    if (colon == NULL && minus == NULL && second > 0 && type.length == (INTERVAL_DAY | INTERVAL_HOUR))
        out = arena_printf(binder->arena, "%.*sday %.*s hour", (int) second, given.data, (int) (given.len - second),
                           given.data + second);
    else if (colon == NULL && minus == NULL && unit != NULL && given.len > 0 &&
             isdigit((unsigned char) given.data[given.len - 1]))
        out = arena_printf(binder->arena, "%.*s %s", (int) given.len, given.data, unit);
    else if (colon != NULL && type.length == (INTERVAL_MINUTE | INTERVAL_SECOND) &&
             memchr(colon + 1, ':', (size_t) (given.data + given.len - colon - 1)) == NULL)
    {
        bool negative = given.data[0] == '-';
        out = arena_printf(binder->arena, "%s0:%.*s", negative ? "-" : "", (int) given.len - negative,
                           given.data + negative);
    }
    if (out == NULL)
        return text;
    Expr *made = expr_constant(binder->arena, text->type, (Datum){.str = {out, (int64_t) strlen(out)}});
    made->position = text->position;
    return made;
}
