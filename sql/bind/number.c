/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/bind/number.h"
#include "base/core/assert.h"
#include "base/data/numeric.h"

#include <ctype.h>
#include <string.h>

typedef struct Digits
{
    int32_t whole;    /* digits before the point, leading zeros not counted */
    int32_t fraction; /* behind it */
    bool plain;       /* nothing but sign, digits and point */
} Digits;

static Digits count_digits(const char *text)
{
    Digits digits = {0, 0, true};
    bool point = false;
    if (*text == '-' || *text == '+')
        text++;
    while (*text == '0')
        text++;
    for (; *text != '\0'; text++)
    {
        if (*text == '.' && !point)
            point = true;
        else if (!isdigit((unsigned char) *text))
            digits.plain = false;
        else if (point)
            digits.fraction++;
        else
            digits.whole++;
    }
    return digits;
}

static SqlType literal_type(const Digits *digits, const char *text)
{
    int32_t precision = digits->whole + digits->fraction;
    if (!digits->plain || precision > DECIMAL_PRECISION_MAX || digits->fraction > DECIMAL_PRECISION_MAX - 1)
        return type_make(TYPE_DOUBLE);
    if (strchr(text, '.') == NULL && digits->whole < 10)
        return type_make(TYPE_INTEGER);
    if (strchr(text, '.') == NULL && digits->whole < 19)
        return type_make(TYPE_BIGINT);
    if (precision == digits->fraction)
        precision++; /* 0.05 is DECIMAL(3,2): with the zero before the point, as 1.5 is DECIMAL(2,1) */
    return type_decimal(precision > DECIMAL_PRECISION_MAX ? DECIMAL_PRECISION_MAX : precision, digits->fraction);
}

Error *number_literal(Binder *binder, const char *text, int32_t position, Expr **out)
{
    Digits digits = count_digits(text);
    SqlType type = literal_type(&digits, text);
    Datum value = {.null = false};
    Error *error = NULL;
    if (strchr(text, '.') == NULL && digits.plain && (digits.whole == 10 || digits.whole == 19))
    {
        /* at the edge of INTEGER or BIGINT: the value tells */
        error = value_parse(binder->arena, type_make(digits.whole == 10 ? TYPE_INTEGER : TYPE_BIGINT), VALUE_INPUT,
                            text, strlen(text), &value);
        if (error == NULL)
            type = type_make(digits.whole == 10 ? TYPE_INTEGER : TYPE_BIGINT);
        else
        {
            error_free(error);
            error = value_parse(binder->arena, type, VALUE_INPUT, text, strlen(text), &value);
        }
    }
    else
        error = value_parse(binder->arena, type, VALUE_INPUT, text, strlen(text), &value);
    if (error != NULL)
        return error_at(error, position);
    *out = expr_constant(binder->arena, type, value);
    (*out)->position = position;
    return NULL;
}

Error *number_of_unknown(Binder *binder, const Expr *literal, Expr **out)
{
    ASSERT(literal->kind == EXPR_CONST && !literal->value.null);
    Str text = literal->value.str;
    while (text.len > 0 && *text.data == ' ')
        text.data++, text.len--;
    text.len = str_trimmed(text);
    char *number = arena_strndup(binder->arena, text.data, (size_t) text.len);
    Digits digits = count_digits(number);
    if (digits.plain && digits.whole + digits.fraction > 0 && digits.whole + digits.fraction <= DECIMAL_PRECISION_MAX)
        return number_literal(binder, number, literal->position, out);
    Datum value;
    Error *error = value_parse(binder->arena, type_make(TYPE_DOUBLE), VALUE_INPUT, number, strlen(number), &value);
    if (error != NULL)
        return error_at(error, literal->position);
    *out = expr_constant(binder->arena, type_make(TYPE_DOUBLE), value);
    (*out)->position = literal->position;
    return NULL;
}
