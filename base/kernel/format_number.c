/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TO_CHAR of numbers and TO_NUMBER.  A format is read into a NumberFormat, which counts its digits
 * and signs; then its elements are walked a second time beside the digits of the number:
 *
 *     to_char(-12.5, '9,999.99')      pre 4, post 2; digits "12.50", two places to the left blank
 *         9 blank   , blank   9 blank   9 '-1'   9 '2'   . '.'   9 '5'   9 '0'
 *
 * What the elements do is PostgreSQL's (15, table 9.31); L is the dollar, as in Redshift.
 */
#include "base/kernel/body.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_BYTES_MAX  512
#define NUMBER_DIGITS_MAX 400 /* a format's, before or behind the point */

typedef enum Element
{
    NUM_LITERAL,
    NUM_9,
    NUM_0,
    NUM_POINT,
    NUM_COMMA,
    NUM_CURRENCY,
    NUM_FM,
    NUM_MI,
    NUM_PL,
    NUM_SG,
    NUM_S,
    NUM_PR,
    NUM_RN,
    NUM_TH,
    NUM_V,
    NUM_EEEE,
    NUM_END
} Element;

static const struct
{
    const char *name;
    Element element;
} elements[] = {{"EEEE", NUM_EEEE}, {"FM", NUM_FM},   {"MI", NUM_MI},   {"PL", NUM_PL},   {"PR", NUM_PR},
                {"RN", NUM_RN},     {"SG", NUM_SG},   {"TH", NUM_TH},   {"0", NUM_0},     {"9", NUM_9},
                {".", NUM_POINT},   {"D", NUM_POINT}, {",", NUM_COMMA}, {"G", NUM_COMMA}, {"L", NUM_CURRENCY},
                {"S", NUM_S},       {"V", NUM_V}};

typedef struct Reader
{
    const char *at;
    const char *end;
    bool quoted;
    Str literal; /* of NUM_LITERAL */
    bool lower;  /* the element is written in small letters */
} Reader;

/* The next element of the format. */
static Element element_next(Reader *reader)
{
    if (reader->at < reader->end && *reader->at == '"')
    {
        reader->quoted = !reader->quoted;
        reader->at++;
        return element_next(reader);
    }
    if (reader->at >= reader->end)
        return NUM_END;
    size_t left = (size_t) (reader->end - reader->at);
    for (size_t i = 0; !reader->quoted && i < sizeof elements / sizeof *elements; i++)
    {
        size_t length = strlen(elements[i].name);
        if (length <= left && strncasecmp(reader->at, elements[i].name, length) == 0)
        {
            reader->lower = *reader->at >= 'a';
            reader->at += length;
            return elements[i].element;
        }
    }
    if (*reader->at == '\\' && left > 1)
        reader->at++;
    int64_t bytes = char_bytes(*reader->at);
    if (bytes > reader->end - reader->at)
        bytes = reader->end - reader->at;
    reader->literal = (Str){reader->at, bytes};
    reader->at += bytes;
    return NUM_LITERAL;
}

typedef struct NumberFormat
{
    int32_t pre, post;
    int32_t zero_start; /* place of the first 0 before the point, from 0; -1: none */
    int32_t zero_end;   /* places up to the last 0 */
    int32_t multiply;   /* digits behind V */
    int32_t sign_pre;   /* digits before S */
    bool zero, point, fill, minus, plus, bracket, roman, v, exponent;
    enum
    {
        SIGN_NONE,
        SIGN_BEFORE,
        SIGN_BEHIND
    } sign;
} NumberFormat;

static Error *bad_format(const char *what)
{
    return error_new(SQLSTATE_SYNTAX_ERROR, "%s", what);
}

static Error *format_sign(NumberFormat *format, Element element)
{
    bool other = element == NUM_S ? format->minus || format->plus || format->bracket
                                  : format->sign != SIGN_NONE || (element == NUM_PR && (format->minus || format->plus));
    if (element == NUM_S && format->sign != SIGN_NONE)
        return bad_format("cannot use \"S\" twice");
    if (other)
        return bad_format("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
    format->minus = format->minus || element == NUM_MI || element == NUM_SG;
    format->plus = format->plus || element == NUM_PL || element == NUM_SG;
    format->bracket = format->bracket || element == NUM_PR;
    if (element == NUM_S)
    {
        format->sign = format->point ? SIGN_BEHIND : SIGN_BEFORE;
        format->sign_pre = format->pre;
    }
    return NULL;
}

static Error *format_digit(NumberFormat *format, Element element)
{
    if (format->bracket)
        return bad_format(element == NUM_9 ? "\"9\" must be ahead of \"PR\"" : "\"0\" must be ahead of \"PR\"");
    if (element == NUM_9 && format->v)
    {
        format->multiply++;
        return NULL;
    }
    if (element == NUM_0 && !format->zero && !format->point)
    {
        format->zero = true;
        format->zero_start = format->pre;
    }
    if (format->point)
        format->post++;
    else
        format->pre++;
    if (element == NUM_0)
        format->zero_end = format->pre + format->post;
    if (format->pre > NUMBER_DIGITS_MAX || format->post > NUMBER_DIGITS_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "number format has more than %d digits", NUMBER_DIGITS_MAX);
    return NULL;
}

static Error *format_read(Str text, NumberFormat *format)
{
    Reader reader = {text.data, text.data + text.len, false, {"", 0}, false};
    *format = (NumberFormat){.zero_start = -1};
    for (Element element; (element = element_next(&reader)) != NUM_END;)
    {
        if (format->exponent && element != NUM_LITERAL)
            return bad_format("\"EEEE\" must be the last pattern used");
        switch (element)
        {
        case NUM_9:
        case NUM_0:
            TRY(format_digit(format, element));
            break;
        case NUM_POINT:
            if (format->point)
                return bad_format("multiple decimal points");
            if (format->v)
                return bad_format("cannot use \"V\" and decimal point together");
            format->point = true;
            break;
        case NUM_S:
        case NUM_MI:
        case NUM_PL:
        case NUM_SG:
        case NUM_PR:
            TRY(format_sign(format, element));
            break;
        case NUM_V:
            if (format->point)
                return bad_format("cannot use \"V\" and decimal point together");
            format->v = true;
            break;
        case NUM_FM:
            format->fill = true;
            break;
        case NUM_RN:
            format->roman = true;
            break;
        case NUM_EEEE:
            if (format->zero || format->sign != SIGN_NONE || format->bracket || format->minus || format->plus ||
                format->roman || format->v || format->fill)
                return bad_format("\"EEEE\" is incompatible with other formats");
            format->exponent = true;
            break;
        default:
            break;
        }
    }
    return NULL;
}

/* ---- TO_CHAR ------------------------------------------------------------------------- */

typedef struct Writer
{
    const NumberFormat *format;
    Text *out;
    const char *digits; /* of the number without its sign, as "12.50" */
    const char *next;
    const char *last; /* FM: the last digit that counts; NULL: all do */
    int32_t blanks;   /* places before the number's first digit */
    int32_t place;
    int32_t count;
    bool negative;
    bool sign_done;
    bool inside; /* a digit is written */
    bool behind; /* S stands behind the number */
    bool bracket;
} Writer;

/* Is the next digit the 0 of "0.5" that "9.9" leaves blank? */
static bool is_blank_zero(const Writer *writer)
{
    return !writer->format->zero && writer->next == writer->digits && *writer->digits == '0' &&
           writer->format->post != 0;
}

static void write_sign(Writer *writer)
{
    const NumberFormat *format = writer->format;
    bool here = writer->place >= writer->blanks || (format->zero && format->zero_start == writer->place);
    if (writer->sign_done || !here || (is_blank_zero(writer) && !(writer->last != NULL && *writer->last == '.')))
        return;
    if (format->sign != SIGN_NONE)
    {
        if (writer->behind)
            return;
        text_putc(writer->out, writer->negative ? '-' : '+');
    }
    else if (writer->bracket)
        text_putc(writer->out, writer->negative ? '<' : ' ');
    else if (writer->negative)
        text_putc(writer->out, '-');
    else if (!format->fill)
        text_putc(writer->out, ' ');
    writer->sign_done = true;
}

static void write_digit(Writer *writer, Element element)
{
    if (*writer->next == '.')
    {
        if (writer->last == NULL || *writer->last != '.' || writer->format->fill)
            text_putc(writer->out, '.');
    }
    else if (writer->last != NULL && writer->next > writer->last && element != NUM_0)
        ; /* FM: a zero that does not count */
    else if (is_blank_zero(writer))
    {
        if (!writer->format->fill)
            text_putc(writer->out, ' ');
        else if (writer->last != NULL && *writer->last == '.')
            text_putc(writer->out, '0');
    }
    else if (*writer->next != '\0')
    {
        text_putc(writer->out, *writer->next);
        writer->inside = true;
    }
    if (*writer->next != '\0')
        writer->next++;
}

/* A 9, a 0 or the point. */
static void write_place(Writer *writer, Element element)
{
    const NumberFormat *format = writer->format;
    write_sign(writer);
    bool zero_here = format->zero && format->zero_start <= writer->place;
    if (writer->place < writer->blanks && !zero_here)
    {
        if (!format->fill)
            text_putc(writer->out, ' ');
    }
    else if (writer->place < writer->blanks)
    {
        text_putc(writer->out, '0');
        writer->inside = true;
    }
    else
        write_digit(writer, element);
    int32_t end = writer->count + (writer->blanks > 0 ? 1 : 0) + (format->point ? 1 : 0);
    if (writer->last != NULL && writer->last == writer->next)
        end = writer->place;
    if (writer->place + 1 == end)
    {
        if (writer->sign_done && writer->bracket)
            text_putc(writer->out, writer->negative ? '>' : ' ');
        else if (writer->behind)
            text_putc(writer->out, writer->negative ? '-' : '+');
    }
    writer->place++;
}

static const char *ordinal(const char *digits, bool lower)
{
    size_t length = strlen(digits);
    char last = length > 0 ? digits[length - 1] : '0';
    bool teen = length > 1 && digits[length - 2] == '1';
    if (teen || last < '1' || last > '3')
        return lower ? "th" : "TH";
    return last == '1' ? (lower ? "st" : "ST") : last == '2' ? (lower ? "nd" : "ND") : (lower ? "rd" : "RD");
}

static void roman_put(Text *out, int32_t number, bool lower)
{
    static const struct
    {
        int32_t value;
        const char *letters;
    } parts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
                 {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (; number >= parts[i].value; number -= parts[i].value)
            for (const char *c = parts[i].letters; *c != '\0'; c++)
                text_putc(out, (char) (lower ? *c | 0x20 : *c));
}

static void write_roman(Writer *writer, bool lower)
{
    Text roman;
    double value = strtod(writer->digits, NULL); /* digits and a point, as they were made */
    text_init(&roman, NULL);
    if (writer->negative || value < 1 || value > 3999)
        text_puts(&roman, "###############");
    else
        roman_put(&roman, (int32_t) value, lower);
    text_printf(writer->out, writer->format->fill ? "%s" : "%15s", roman.data);
    text_free(&roman);
}

static void write_element(Writer *writer, Element element, const Reader *reader)
{
    const NumberFormat *format = writer->format;
    switch (element)
    {
    case NUM_9:
    case NUM_0:
    case NUM_POINT:
        if (!format->roman)
            write_place(writer, element);
        return;
    case NUM_COMMA:
        if (writer->inside)
            text_putc(writer->out, ',');
        else if (!format->fill)
            text_putc(writer->out, ' ');
        return;
    case NUM_CURRENCY:
        text_putc(writer->out, '$');
        return;
    case NUM_MI:
        if (writer->negative || !format->fill)
            text_putc(writer->out, writer->negative ? '-' : ' ');
        return;
    case NUM_PL:
        if (!writer->negative || !format->fill)
            text_putc(writer->out, writer->negative ? ' ' : '+');
        return;
    case NUM_SG:
        text_putc(writer->out, writer->negative ? '-' : '+');
        return;
    case NUM_RN:
        write_roman(writer, reader->lower);
        return;
    case NUM_TH:
        if (!format->roman && *writer->digits != '#' && !writer->negative && !format->point)
            text_puts(writer->out, ordinal(writer->digits, reader->lower));
        return;
    case NUM_LITERAL:
        text_append(writer->out, reader->literal.data, (size_t) reader->literal.len);
        return;
    default:
        return;
    }
}

/* The digits that count with FM: up to the last that is no zero, or that a 0 of the format asks for. */
static const char *last_relevant(const NumberFormat *format, const char *digits, int32_t blanks)
{
    const char *point = strchr(digits, '.');
    if (!format->fill || !format->point || point == NULL)
        return NULL;
    const char *last = point;
    for (const char *at = point + 1; *at != '\0'; at++)
        if (*at != '0')
            last = at;
    if (format->zero_end > blanks)
    {
        int32_t kept = (int32_t) strlen(digits) - 1;
        if (kept > format->zero_end - blanks)
            kept = format->zero_end - blanks;
        if (digits + kept > last)
            last = digits + kept;
    }
    return last;
}

/* `digits`: rounded to format->post decimals, or '#'s if they do not fit before the point. */
static void write_number(Text *out, Str picture, const NumberFormat *format, char *digits, bool negative)
{
    int32_t pre = format->pre + format->multiply;
    int32_t length = (int32_t) strcspn(digits, ".");
    if (length > pre && !format->roman)
    {
        memset(digits, '#', (size_t) (pre + format->post + 1));
        digits[pre] = '.';
        digits[pre + format->post + 1] = '\0';
        length = pre;
    }
    Writer writer = {.format = format, .out = out, .digits = digits, .next = digits, .negative = negative};
    writer.blanks = pre > length ? pre - length : 0;
    writer.bracket = format->bracket && (negative || !format->fill);
    writer.sign_done = format->plus || format->minus ? !(format->plus && !format->minus)
                                                     : !negative && format->fill && format->sign == SIGN_NONE;
    writer.behind = format->sign == SIGN_BEHIND || (format->sign == SIGN_BEFORE && format->pre == format->sign_pre);
    writer.count = format->post + pre - 1;
    writer.last = last_relevant(format, digits, writer.blanks);
    if (!writer.sign_done && writer.blanks == 0)
        writer.count++;
    Reader reader = {picture.data, picture.data + picture.len, false, {"", 0}, false};
    for (Element element; (element = element_next(&reader)) != NUM_END;)
        write_element(&writer, element, &reader);
}

/* 1.5, '9.9EEEE' -> " 1.5e+00" */
static void write_exponent(Text *out, const NumberFormat *format, double value)
{
    char text[NUMBER_BYTES_MAX];
    if (isnan(value) || isinf(value))
    {
        for (int32_t i = 0; i < format->pre + format->post + 6; i++)
            text_putc(out, i == format->pre + 1 ? '.' : i == 0 ? ' ' : '#');
        return;
    }
    snprintf(text, sizeof text, "%+.*e", format->post, value);
    text_putc(out, text[0] == '+' ? ' ' : '-');
    text_puts(out, text + 1);
}

static bool begin(Arena *arena, Str *result, Text *out, const Str *picture, NumberFormat *format, Error **error)
{
    *result = (Str){"", 0};
    if (picture->len == 0)
        return false;
    Error *fault = format_read(*picture, format);
    error_keep(error, fault);
    text_init(out, arena);
    return fault == NULL;
}

void k_to_char_decimal(Arena *arena, Str *result, const I128 *value, int32_t scale, const Str *picture, Error **error)
{
    NumberFormat format;
    Text out;
    char digits[NUMBER_BYTES_MAX + NUMBER_DIGITS_MAX];
    int128 number = i128_get(*value);
    if (!begin(arena, result, &out, picture, &format, error))
        return;
    if (format.exponent)
        write_exponent(&out, &format, decimal_to_double(number, scale));
    else
    {
        int32_t post = format.roman ? 0 : format.post + format.multiply;
        int128 rounded = number;
        int32_t kept = scale;
        if (kept > post)
        {
            error_free(decimal_rescale(number, scale, post, true, &rounded)); /* dropping digits cannot fail */
            kept = post;
        }
        bool negative = rounded < 0;
        int32_t length = decimal_format(negative ? -rounded : rounded, kept, digits);
        if (kept == 0 && post > 0)
            digits[length++] = '.';
        for (; kept < post; kept++)
            digits[length++] = '0';
        digits[length] = '\0';
        char *point = strchr(digits, '.');
        if (format.multiply > 0 && point != NULL) /* V: the point moves behind its digits */
        {
            memmove(point, point + 1, strlen(point));
            char *first = digits;
            while (*first == '0' && first[1] != '\0')
                first++;
            memmove(digits, first, strlen(first) + 1);
        }
        write_number(&out, *picture, &format, digits, negative);
    }
    *result = (Str){out.data, (int64_t) out.length};
}

void k_to_char_bigint(Arena *arena, Str *result, int64_t value, const Str *picture, Error **error)
{
    I128 number = i128_put(value);
    k_to_char_decimal(arena, result, &number, 0, picture, error);
}

void k_to_char_double(Arena *arena, Str *result, double value, const Str *picture, Error **error)
{
    NumberFormat format;
    Text out;
    char digits[NUMBER_BYTES_MAX + NUMBER_DIGITS_MAX];
    if (!begin(arena, result, &out, picture, &format, error))
        return;
    if (format.exponent)
        write_exponent(&out, &format, value);
    else
    {
        double scaled = value * pow(10, format.multiply);
        snprintf(digits, sizeof digits, "%.*f", format.roman ? 0 : format.post, fabs(scaled));
        bool zero = strspn(digits, "0.") == strlen(digits);
        write_number(&out, *picture, &format, digits, signbit(value) && !zero);
    }
    *result = (Str){out.data, (int64_t) out.length};
}

/* ---- TO_NUMBER -------------------------------------------------------------------------- */

bool number_format_digits(Str picture, int32_t *precision, int32_t *scale)
{
    NumberFormat format;
    Error *error = format_read(picture, &format);
    error_free(error);
    *precision = format.pre + format.post + format.multiply;
    *scale = format.post + format.multiply;
    return error == NULL && !format.roman && !format.exponent;
}

typedef struct Scan
{
    const char *at;
    const char *end;
    char digits[64];
    int32_t count;
    int32_t decimals; /* -1: no point yet */
    bool negative;
    bool overflow;
} Scan;

static void scan_sign(Scan *scan)
{
    if (scan->at < scan->end && (*scan->at == '-' || *scan->at == '<'))
        scan->negative = true;
    if (scan->at < scan->end && strchr("+-<>", *scan->at) != NULL)
        scan->at++;
}

static void scan_place(Scan *scan)
{
    while (scan->at < scan->end && isspace((unsigned char) *scan->at))
        scan->at++;
    if (scan->count == 0 && scan->decimals < 0)
        scan_sign(scan);
    if (scan->at >= scan->end || *scan->at < '0' || *scan->at > '9')
        return;
    if (scan->count < (int32_t) sizeof scan->digits - 1)
        scan->digits[scan->count++] = *scan->at;
    else
        scan->overflow = true;
    scan->decimals += scan->decimals >= 0;
    scan->at++;
}

static void scan_element(Scan *scan, Element element)
{
    bool left = scan->at < scan->end;
    switch (element)
    {
    case NUM_9:
    case NUM_0:
        scan_place(scan);
        return;
    case NUM_POINT:
        if (left && *scan->at == '.')
        {
            scan->at++;
            scan->decimals = scan->decimals < 0 ? 0 : scan->decimals;
        }
        return;
    case NUM_COMMA:
        scan->at += left && *scan->at == ',';
        return;
    case NUM_S:
    case NUM_SG:
    case NUM_MI:
    case NUM_PL:
    case NUM_PR:
        scan_sign(scan);
        return;
    case NUM_CURRENCY:
    case NUM_LITERAL:
        if (left && (*scan->at < '0' || *scan->at > '9') && strchr(".,+-", *scan->at) == NULL)
            scan->at += char_bytes(*scan->at);
        return;
    case NUM_TH:
        scan->at += scan->end - scan->at >= 2 ? 2 : scan->end - scan->at;
        return;
    default:
        return;
    }
}

void k_to_number(I128 *result, int32_t result_scale, const Str *text, const Str *picture, Error **error)
{
    NumberFormat format;
    Scan scan = {.at = text->data, .end = text->data + str_trimmed(*text), .decimals = -1};
    *result = (I128){0, 0};
    Error *fault = format_read(*picture, &format);
    if (fault == NULL && (format.exponent || format.roman))
        fault = error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "\"%s\" is not supported in TO_NUMBER",
                          format.roman ? "RN" : "EEEE");
    Reader reader = {picture->data, picture->data + picture->len, false, {"", 0}, false};
    for (Element element; fault == NULL && (element = element_next(&reader)) != NUM_END;)
        if (scan.at < scan.end)
            scan_element(&scan, element);
    if (fault == NULL && (format.bracket || format.sign != SIGN_NONE) && scan.at < scan.end && scan.count > 0)
        scan_sign(&scan);
    if (fault == NULL && scan.count == 0)
        fault = error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type numeric: \"%.*s\"",
                          (int) (text->len > 60 ? 60 : text->len), text->data);
    int128 value = 0;
    for (int32_t i = 0; fault == NULL && i < scan.count; i++)
        scan.overflow = scan.overflow || __builtin_mul_overflow(value, (int128) 10, &value) ||
                        __builtin_add_overflow(value, (int128) (scan.digits[i] - '0'), &value);
    if (fault == NULL && scan.overflow)
        fault = error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
    int32_t scale = (scan.decimals < 0 ? 0 : scan.decimals) + format.multiply;
    if (fault == NULL)
        fault = decimal_rescale(scan.negative ? -value : value, scale, result_scale, true, &value);
    if (fault == NULL)
        *result = i128_put(value);
    error_keep(error, fault);
}
