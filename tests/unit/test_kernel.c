/* SPDX-License-Identifier: Apache-2.0 */
/* Resolution of names, bodies of functions, LIKE, 128-bit helpers, selection kernels. */
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "base/kernel/bodies.h"
#include "base/kernel/i128.h"
#include "base/kernel/kernel.h"
#include "base/kernel/sel.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

static Str str(const char *text)
{
    return (Str){text, (int64_t) strlen(text)};
}

static bool same(Str s, const char *text)
{
    bool equal = s.len == (int64_t) strlen(text) && memcmp(s.data, text, (size_t) s.len) == 0;
    if (!equal)
        printf("\n    got \"%.*s\", wanted \"%s\"", (int) s.len, s.data, text);
    return equal;
}

/* The error's code; frees it. "" for none. */
static const char *code_of(Error *error)
{
    if (error == NULL)
        return "";
    const char *code = sqlstate_code(error->state);
    error_free(error);
    return code;
}

#define ASSERT_CODE(error, code) CU_ASSERT_STRING_EQUAL(code_of(error), code)

/* ---- resolution ----------------------------------------------------------------- */

static void test_func_resolve(void)
{
    FuncMatch match;
    SqlType text = type_varchar(20);
    SqlType args[3] = {text, type_make(TYPE_INTEGER), type_make(TYPE_INTEGER)};
    CU_ASSERT_PTR_NULL(func_resolve("substring", args, 3, &match));
    CU_ASSERT_EQUAL(match.row->id, FUNC_SUBSTRING_FOR);
    CU_ASSERT(type_equal(match.result, text));

    SqlType integer[1] = {type_make(TYPE_INTEGER)};
    CU_ASSERT_PTR_NULL(func_resolve("abs", integer, 1, &match));
    CU_ASSERT_EQUAL(match.row->id, FUNC_ABS_INTEGER);
    CU_ASSERT_PTR_NULL(func_resolve("sqrt", integer, 1, &match));
    CU_ASSERT_EQUAL(match.args[0].id, TYPE_DOUBLE);

    SqlType decimal[2] = {type_decimal(15, 2), type_make(TYPE_INTEGER)};
    CU_ASSERT_PTR_NULL(func_resolve("round", decimal, 2, &match));
    CU_ASSERT_EQUAL(match.row->id, FUNC_ROUND_DECIMAL_TO);
    func_match_refine(&match, 1, 1);
    CU_ASSERT(type_equal(match.result, type_decimal(15, 1)));

    SqlType part[2] = {{.id = TYPE_UNKNOWN, .length = 4}, type_make(TYPE_DATE)};
    CU_ASSERT_PTR_NULL(func_resolve("extract", part, 2, &match));
    CU_ASSERT_EQUAL(match.row->id, FUNC_EXTRACT_DATE);
    CU_ASSERT_EQUAL(match.args[0].id, TYPE_NONE);
    CU_ASSERT_EQUAL(match.result.id, TYPE_BIGINT);
    part[1] = type_make(TYPE_TIMESTAMP);
    CU_ASSERT_PTR_NULL(func_resolve("date_part", part, 2, &match));
    CU_ASSERT_EQUAL(match.row->id, FUNC_DATE_PART);

    ASSERT_CODE(func_resolve("substring", args, 1, &match), "42883");
    ASSERT_CODE(func_resolve("no_such", args, 1, &match), "42883");
    ASSERT_CODE(func_resolve("", args, 1, &match), "42883");
    CU_ASSERT(func_exists("lower") && !func_exists("no_such") && !func_exists(""));
}

static SqlType oper_result(const char *symbol, SqlType left, SqlType right)
{
    OperMatch match;
    Error *error = oper_resolve(symbol, &left, right, &match);
    if (error == NULL)
        return match.result;
    error_free(error);
    return type_make(TYPE_NONE);
}

static void test_oper_resolve(void)
{
    SqlType integer = type_make(TYPE_INTEGER);
    SqlType money = type_decimal(15, 2);
    SqlType date = type_make(TYPE_DATE);
    SqlType interval = type_make(TYPE_INTERVAL);
    SqlType unknown = {.id = TYPE_UNKNOWN, .length = 10};
    CU_ASSERT(type_equal(oper_result("-", integer, money), type_decimal(16, 2)));
    CU_ASSERT(type_equal(oper_result("*", money, type_decimal(16, 2)), type_decimal(32, 4)));
    CU_ASSERT_EQUAL(oper_result("+", date, interval).id, TYPE_TIMESTAMP);
    CU_ASSERT_EQUAL(oper_result("-", date, date).id, TYPE_INTEGER);
    CU_ASSERT_EQUAL(oper_result("-", date, integer).id, TYPE_DATE);
    CU_ASSERT_EQUAL(oper_result("+", integer, unknown).id, TYPE_INTEGER);
    CU_ASSERT_EQUAL(oper_result("~~", type_varchar(3), unknown).id, TYPE_BOOLEAN);
    CU_ASSERT_EQUAL(oper_result("+", date, date).id, TYPE_NONE);
    CU_ASSERT_EQUAL(oper_result("=", date, type_make(TYPE_BOOLEAN)).id, TYPE_NONE);
    CU_ASSERT_EQUAL(oper_result("||", type_varchar(3), integer).id, TYPE_VARCHAR);
    OperMatch match;
    CU_ASSERT_PTR_NULL(oper_resolve("<=", &date, unknown, &match));
    CU_ASSERT_EQUAL(match.right.id, TYPE_DATE);
    CU_ASSERT_PTR_NULL(oper_resolve("!=", &integer, money, &match));
    CU_ASSERT_EQUAL(match.row->id, OPER_NE);
    CU_ASSERT_EQUAL(match.left.id, TYPE_DECIMAL);
    CU_ASSERT_PTR_NULL(oper_resolve("-", NULL, integer, &match));
    CU_ASSERT_EQUAL(match.row->id, OPER_NEG);
    ASSERT_CODE(oper_resolve("-", NULL, date, &match), "42883");
}

static void test_agg_resolve(void)
{
    AggMatch match;
    SqlType money = type_decimal(15, 2);
    SqlType small = type_make(TYPE_SMALLINT);
    SqlType text = type_varchar(10);
    CU_ASSERT_PTR_NULL(agg_resolve("sum", &money, 1, &match));
    CU_ASSERT(type_equal(match.result, type_decimal(38, 2)));
    CU_ASSERT_PTR_NULL(agg_resolve("avg", &small, 1, &match));
    CU_ASSERT_EQUAL(match.result.id, TYPE_BIGINT);
    CU_ASSERT_PTR_NULL(agg_resolve("count", NULL, 0, &match));
    CU_ASSERT_EQUAL(match.row->id, AGG_COUNT_STAR);
    CU_ASSERT_PTR_NULL(agg_resolve("min", &text, 1, &match));
    CU_ASSERT(type_equal(match.result, text));
    SqlType date = type_make(TYPE_DATE);
    ASSERT_CODE(agg_resolve("sum", &date, 1, &match), "42883");
    CU_ASSERT(agg_exists("max") && !agg_exists("abs"));
}

static void test_casts(void)
{
    CU_ASSERT(cast_allowed(TYPE_INTEGER, TYPE_BIGINT, CAST_IMPLICIT));
    CU_ASSERT(cast_allowed(TYPE_DATE, TYPE_TIMESTAMP, CAST_IMPLICIT));
    CU_ASSERT(!cast_allowed(TYPE_DATE, TYPE_INTEGER, CAST_EXPLICIT));
    CU_ASSERT(!cast_allowed(TYPE_DECIMAL, TYPE_BOOLEAN, CAST_EXPLICIT));
    CU_ASSERT(!cast_allowed(TYPE_BOOLEAN, TYPE_VARCHAR, CAST_IMPLICIT));
    Error *error = NULL;
    I128 wide;
    CU_ASSERT_EQUAL(k_cast_integer_smallint(40000, 0, 0, VALUE_CAST, &error), 0);
    ASSERT_CODE(error, "22003");
    error = NULL;
    I128 pi = i128_put(31459);
    CU_ASSERT_EQUAL(k_cast_decimal_integer(&pi, 4, 0, 0, VALUE_CAST, &error), 3);
    k_cast_decimal_decimal(&wide, 2, &pi, 4, 10, 2, VALUE_INPUT, &error);
    CU_ASSERT(i128_get(wide) == 315);
    k_cast_decimal_decimal(&wide, 2, &pi, 4, 10, 2, VALUE_CAST, &error);
    CU_ASSERT(i128_get(wide) == 314);
    Str text = str("1998-12-01");
    CU_ASSERT_EQUAL(k_cast_text_date(&text, 0, 0, VALUE_CAST, &error), date_from_civil(1998, 12, 1));
    Str out;
    k_cast_date_text(arena, &out, date_from_civil(1998, 12, 1), 4, 0, VALUE_CAST, &error);
    CU_ASSERT(same(out, "1998"));
    k_cast_double_text(arena, &out, 0.1, 0, 0, VALUE_CAST, &error);
    CU_ASSERT(same(out, "0.1"));
    CU_ASSERT_PTR_NULL(error);
    text = str("twelve");
    k_cast_text_bigint(&text, 0, 0, VALUE_CAST, &error);
    ASSERT_CODE(error, "22P02");
}

/* Every row that is not the leader's has a body, and is found by its own name and types. */
static void test_lists_are_whole(void)
{
    for (int32_t i = 1; i < FUNC_COUNT; i++)
    {
        const FuncRow *row = func_row((FuncId) i);
        CU_ASSERT_EQUAL(row->id, (FuncId) i);
        CU_ASSERT((row->body == NULL) == (row->volatility == VOLATILITY_LEADER));
        CU_ASSERT((func_bodies()[i] == NULL) == (row->body == NULL));
        CU_ASSERT((row->flags & FUNC_CAST) == 0 || row->name[0] == '\0');
        if (row->name[0] == '\0')
            continue;
        SqlType args[FUNC_ARGS_MAX];
        for (int32_t a = 0; a < row->arg_count; a++)
            args[a] = row->args[a] == ARG_PART       ? (SqlType){.id = TYPE_UNKNOWN}
                      : row->args[a] == TYPE_DECIMAL ? type_decimal(10, 2)
                                                     : type_make((TypeId) row->args[a]);
        FuncMatch match;
        CU_ASSERT_PTR_NULL(func_resolve(row->name, args, row->arg_count, &match));
        CU_ASSERT_PTR_EQUAL(match.row, row);
    }
    for (int32_t from = 1; from < TYPE_COUNT; from++)
        for (int32_t to = 1; to < TYPE_COUNT; to++)
        {
            const CastRow *row = cast_find((TypeId) from, (TypeId) to);
            if (row != NULL && row->func != FUNC_NONE)
                CU_ASSERT((func_row(row->func)->flags & FUNC_CAST) != 0);
        }
}

/* ---- strings ---------------------------------------------------------------------------- */

static bool like(const char *text, const char *pattern, bool ignore_case)
{
    LikePattern *compiled;
    CU_ASSERT_PTR_NULL(like_compile(arena, str(pattern), ignore_case, &compiled));
    return like_match(compiled, str(text));
}

static void test_like(void)
{
    CU_ASSERT(like("forest green", "forest%", false));
    CU_ASSERT(!like("a forest", "forest%", false));
    CU_ASSERT(like("x PROMO", "%PROMO", false));
    CU_ASSERT(like("aa special b requests c", "%special%requests%", false));
    CU_ASSERT(!like("requests special", "%special%requests%", false));
    CU_ASSERT(like("", "", false) && like("", "%", false) && !like("a", "", false));
    CU_ASSERT(like("ab", "ab", false) && !like("abc", "ab", false) && !like("a", "ab", false));
    CU_ASSERT(!like("aba", "aba%aba", false) && like("abaaba", "aba%aba", false));
    CU_ASSERT(like("a%b", "a\\%b", false) && !like("axb", "a\\%b", false));
    CU_ASSERT(like("a_b", "a\\_b", false) && like("axb", "a_b", false));
    CU_ASSERT(like("aüb", "a_b", false) && !like("aüb", "a__b", false));
    CU_ASSERT(like("xxabyyabz", "%ab_", false) && like("aaab", "%a_b%", false));
    CU_ASSERT(like("ÄPFEL", "äpf%", true) && like("Forest", "%REST", true) && !like("Forest", "%REST", false));
    CU_ASSERT(like("abc ", "abc%", false) && !like("abc ", "abc", false));
    CU_ASSERT(like("a\\b", "a\\\\b", false));
    LikePattern *compiled;
    ASSERT_CODE(like_compile(arena, str("abc\\"), false, &compiled), "22025");
    Str out;
    Error *error = NULL;
    Str pattern = str("10$%\\%");
    Str escape = str("$");
    k_like_escape(arena, &out, &pattern, &escape, &error);
    CU_ASSERT(same(out, "10\\%\\\\%"));
}

static void test_strings(void)
{
    Str out;
    Error *error = NULL;
    Str phone = str("13-555-1234");
    Str umlaut = str("Grüße");
    k_substring_for(arena, &out, &phone, 1, 2, &error);
    CU_ASSERT(same(out, "13"));
    k_substring_for(arena, &out, &umlaut, 3, 2, &error);
    CU_ASSERT(same(out, "üß"));
    k_substring_for(arena, &out, &umlaut, -1, 4, &error);
    CU_ASSERT(same(out, "Gr"));
    k_substring_for(arena, &out, &umlaut, 9, 4, &error);
    CU_ASSERT(same(out, ""));
    CU_ASSERT_PTR_NULL(error);
    k_substring_for(arena, &out, &umlaut, 1, -1, &error);
    ASSERT_CODE(error, "22011");
    error = NULL;
    CU_ASSERT_EQUAL(k_length(&umlaut), 5);
    CU_ASSERT_EQUAL(k_octet_length(&umlaut), 7);
    k_upper(arena, &out, &umlaut);
    CU_ASSERT(same(out, "GRÜßE"));
    k_lower(arena, &out, &(Str){"ABC", 3});
    CU_ASSERT(same(out, "abc"));
    k_initcap(arena, &out, &(Str){"hELLO wORLD-x", 13});
    CU_ASSERT(same(out, "Hello World-X"));
    k_left(arena, &out, &umlaut, -1);
    CU_ASSERT(same(out, "Grüß"));
    k_right(arena, &out, &umlaut, 3);
    CU_ASSERT(same(out, "üße"));
    k_right(arena, &out, &umlaut, -2);
    CU_ASSERT(same(out, "üße"));
    k_reverse(arena, &out, &umlaut);
    CU_ASSERT(same(out, "eßürG"));
    Str padded = str("  x  ");
    k_btrim(arena, &out, &padded);
    CU_ASSERT(same(out, "x"));
    Str set = str("Geß");
    k_btrim_set(arena, &out, &umlaut, &set);
    CU_ASSERT(same(out, "rü"));
    k_lpad_fill(arena, &out, &phone, 15, &(Str){"ab", 2}, &error);
    CU_ASSERT(same(out, "abab13-555-1234"));
    k_rpad(arena, &out, &umlaut, 7, &error);
    CU_ASSERT(same(out, "Grüße  "));
    k_lpad(arena, &out, &umlaut, 3, &error);
    CU_ASSERT(same(out, "Grü"));
    k_replace(arena, &out, &phone, &(Str){"5", 1}, &(Str){"<>", 2}, &error);
    CU_ASSERT(same(out, "13-<><><>-1234"));
    k_translate(arena, &out, &phone, &(Str){"-13", 3}, &(Str){"+a", 2}, &error);
    CU_ASSERT(same(out, "a+555+a24"));
    k_split_part(arena, &out, &phone, &(Str){"-", 1}, 2, &error);
    CU_ASSERT(same(out, "555"));
    k_split_part(arena, &out, &phone, &(Str){"-", 1}, 4, &error);
    CU_ASSERT(same(out, ""));
    Str part = str("ß");
    CU_ASSERT_EQUAL(k_strpos(&umlaut, &part), 4);
    CU_ASSERT_EQUAL(k_charindex(&part, &phone), 0);
    CU_ASSERT_EQUAL(k_ascii(&part), 0xdf);
    k_chr(arena, &out, 0xdf, &error);
    CU_ASSERT(same(out, "ß"));
    k_repeat(arena, &out, &part, 3, &error);
    CU_ASSERT(same(out, "ßßß"));
    CU_ASSERT_PTR_NULL(error);
    k_repeat(arena, &out, &part, 1 << 20, &error);
    ASSERT_CODE(error, "54000");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static int128 round_to(int128 value, int32_t scale, int64_t decimals, int32_t result_scale)
{
    Error *error = NULL;
    I128 in = i128_put(value);
    I128 out;
    k_round_decimal_to(&out, result_scale, &in, scale, decimals, &error);
    CU_ASSERT_PTR_NULL(error);
    return i128_get(out);
}

static void test_numbers(void)
{
    Error *error = NULL;
    CU_ASSERT(round_to(12345, 3, 2, 2) == 1235);
    CU_ASSERT(round_to(-12345, 3, 2, 3) == -12350);
    CU_ASSERT(round_to(12345, 3, -1, 0) == 10);
    CU_ASSERT(round_to(15000, 3, -1, 0) == 20);
    CU_ASSERT(round_to(15000, 3, -40, 0) == 0);
    CU_ASSERT(round_to(12345, 3, 9, 3) == 12345);
    I128 value = i128_put(-250);
    I128 out;
    k_ceil_decimal(&out, 0, &value, 2);
    CU_ASSERT(i128_get(out) == -2);
    k_floor_decimal(&out, 0, &value, 2);
    CU_ASSERT(i128_get(out) == -3);
    k_round_decimal(&out, 0, &value, 2);
    CU_ASSERT(i128_get(out) == -3);
    k_trunc_decimal(&out, 0, &value, 2);
    CU_ASSERT(i128_get(out) == -2);
    k_abs_decimal(&out, 2, &value, 2);
    CU_ASSERT(i128_get(out) == 250);
    CU_ASSERT_EQUAL(k_mod_bigint(-7, 3, &error), -1);
    CU_ASSERT_EQUAL(k_mod_bigint(INT64_MIN, -1, &error), 0);
    CU_ASSERT_EQUAL(k_round_double_to(2.345, 1), 2.3);
    CU_ASSERT_EQUAL(k_trunc_double_to(-2.39, 1), -2.3);
    CU_ASSERT_EQUAL(k_power(2, 10, &error), 1024);
    CU_ASSERT_PTR_NULL(error);
    k_mod_bigint(1, 0, &error);
    ASSERT_CODE(error, "22012");
    error = NULL;
    k_ln(0, &error);
    ASSERT_CODE(error, "2201E");
    error = NULL;
    k_exp(1e6, &error);
    ASSERT_CODE(error, "22003");
    error = NULL;
    k_abs_bigint(INT64_MIN, &error);
    ASSERT_CODE(error, "22003");
    double x = k_random();
    CU_ASSERT(x >= 0 && x < 1);
}

static void test_i128(void)
{
    I128 big = i128_put(int128_pow10(38) - 1);
    I128 one = i128_put(1);
    I128 out;
    CU_ASSERT_EQUAL(k_i128_add(&out, &big, &one), 1);
    CU_ASSERT_EQUAL(k_i128_sub(&out, &big, &one), 0);
    CU_ASSERT_EQUAL(k_i128_mul(&out, &big, &big), 1);
    I128 a = i128_put(100);
    I128 b = i128_put(3);
    CU_ASSERT_EQUAL(k_i128_div(&out, &a, 2, &b, 0, 6), 0);
    CU_ASSERT(i128_get(out) == 333333);
    I128 zero = i128_put(0);
    CU_ASSERT_EQUAL(k_i128_div(&out, &a, 2, &zero, 0, 6), 2);
    CU_ASSERT_EQUAL(k_i128_mod(&a, &a, &b), 0);
    CU_ASSERT(i128_get(a) == 1);
    CU_ASSERT_EQUAL(k_i128_compare(&a, &b), -1);
    CU_ASSERT_EQUAL(k_i128_from_f64(&out, 0.145, 10, 2), 0);
    CU_ASSERT(i128_get(out) == 15);
    CU_ASSERT_EQUAL(k_i128_rescale(&out, &big, 0, 1, 0), 1);
}

/* ---- dates ------------------------------------------------------------------------------------ */

static int64_t moment(const char *text)
{
    int64_t timestamp;
    CU_ASSERT_PTR_NULL(timestamp_parse(text, strlen(text), &timestamp));
    return timestamp;
}

static void test_dates(void)
{
    Error *error = NULL;
    CU_ASSERT_EQUAL(k_extract(FIELD_YEAR, moment("1995-03-15 10:11:12.5")), 1995);
    CU_ASSERT_EQUAL(k_date_part(FIELD_SECOND, moment("1995-03-15 10:11:12.5")), 12.5);
    CU_ASSERT_EQUAL(k_date_trunc(FIELD_QUARTER, moment("1995-06-15"), &error), moment("1995-04-01"));
    CU_ASSERT_EQUAL(k_dateadd(FIELD_MONTH, 1, moment("1995-01-31"), &error), moment("1995-02-28"));
    CU_ASSERT_EQUAL(k_dateadd(FIELD_HOUR, -25, moment("1995-01-31"), &error), moment("1995-01-29 23:00:00"));
    CU_ASSERT_EQUAL(k_datediff(FIELD_YEAR, moment("1994-12-31"), moment("1995-01-01"), &error), 1);
    CU_ASSERT_EQUAL(k_datediff(FIELD_QUARTER, moment("1998-07-01"), moment("1998-12-31"), &error), 1);
    CU_ASSERT_EQUAL(k_datediff(FIELD_DAY, moment("1999-12-31 23:59:59"), moment("1999-12-30 00:00:01"), &error), -1);
    CU_ASSERT_EQUAL(k_datediff(FIELD_WEEK, moment("2009-01-01"), moment("2009-12-31"), &error), 52);
    CU_ASSERT_EQUAL(k_datediff(FIELD_HOUR, moment("1969-12-31 23:00:00"), moment("1970-01-01 01:30:00"), &error), 2);
    CU_ASSERT_EQUAL(k_add_months(moment("2008-02-29"), 1, &error), moment("2008-03-31"));
    CU_ASSERT_EQUAL(k_add_months(moment("2008-03-30"), -1, &error), moment("2008-02-29"));
    CU_ASSERT_EQUAL(k_last_day(moment("2004-02-11")), date_from_civil(2004, 2, 29));
    CU_ASSERT_DOUBLE_EQUAL(k_months_between(moment("1969-01-18"), moment("1969-03-18")), -2, 0);
    CU_ASSERT_DOUBLE_EQUAL(k_months_between(moment("1995-02-02"), moment("1995-01-01")), 1.03225806451613, 1e-12);
    Str day = str("Tue");
    CU_ASSERT_EQUAL(k_next_day(moment("2014-08-20"), &day, &error), date_from_civil(2014, 8, 26));
    Str text = str("02 Oct 2001");
    Str picture = str("DD Mon YYYY");
    CU_ASSERT_EQUAL(k_to_date(&text, &picture, &error), date_from_civil(2001, 10, 2));
    Interval interval;
    k_interval_mul(&interval, &(Interval){.months = 1}, 1.5, &error);
    CU_ASSERT(interval.months == 1 && interval.days == 15 && interval.us == 0);
    k_timestamp_sub_timestamp(&interval, moment("2001-01-02 03:00:00"), moment("2001-01-01"));
    CU_ASSERT(interval.days == 1 && interval.us == INT64_C(3) * 3600 * 1000000);
    CU_ASSERT_EQUAL(k_date_sub_interval(date_from_civil(1998, 12, 1), &(Interval){.days = 90}, &error),
                    moment("1998-09-02"));
    CU_ASSERT_PTR_NULL(error);
    k_date_add_days(DATE_END - 1, 1, &error);
    ASSERT_CODE(error, "22008");
}

/* ---- selection ------------------------------------------------------------------------------------ */

#define ROWS 1024

static uint64_t random_state = 42;

static uint64_t random_next(void)
{
    uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Doubles in SQL's order: NaN equal to itself and above all. */
static int order_f64(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}
#define ORDER_i8(a, b)      ((a > b) - (a < b))
#define ORDER_i16(a, b)     ((a > b) - (a < b))
#define ORDER_i32(a, b)     ((a > b) - (a < b))
#define ORDER_i64(a, b)     ((a > b) - (a < b))
#define ORDER_f64(a, b)     order_f64(a, b)
#define HOLDS_eq(o, p)      ((o) == 0)
#define HOLDS_ne(o, p)      ((o) != 0)
#define HOLDS_lt(o, p)      ((o) < 0)
#define HOLDS_le(o, p)      ((o) <= 0)
#define HOLDS_gt(o, p)      ((o) > 0)
#define HOLDS_ge(o, p)      ((o) >= 0)
#define HOLDS_between(o, p) ((o) >= 0 && (p) <= 0)

static double special_double(uint64_t bits)
{
    static const double specials[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1, 2, -1};
    return specials[bits % 8];
}

static int64_t special_integer(uint64_t bits, int64_t least, int64_t most)
{
    if (bits % 7 == 0)
        return (bits & 8) != 0 ? least : most;
    return (int64_t) (bits % 9);
}
#define MAKE_i8(bits)  ((int8_t) special_integer(bits, INT8_MIN, INT8_MAX))
#define MAKE_i16(bits) ((int16_t) special_integer(bits, INT16_MIN, INT16_MAX))
#define MAKE_i32(bits) ((int32_t) special_integer(bits, INT32_MIN, INT32_MAX))
#define MAKE_i64(bits) (special_integer(bits, INT64_MIN, INT64_MAX))
#define MAKE_f64(bits) special_double(bits)

/* One kernel against a loop, dense and through a selection, also in place; all sizes around the chunks. */
#define TEST_SEL(op, width, T)                                                                                         \
    static void test_##op##_##width(const SelKernels *kernels)                                                         \
    {                                                                                                                  \
        static const int32_t sizes[] = {0, 1, 31, 32, 33, 63, 64, 65, 127, 200, ROWS};                                 \
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)                                                      \
        {                                                                                                              \
            int32_t n = sizes[s];                                                                                      \
            T *values = malloc(sizeof(T) * (size_t) (n + 1));                                                          \
            uint16_t *in = malloc(2 * (size_t) (n + 1));                                                               \
            uint16_t *out = malloc(2 * (size_t) n + (n == 0));                                                         \
            uint16_t want[ROWS];                                                                                       \
            int32_t in_count = 0, count = 0, wrong = 0;                                                                \
            T a = MAKE_##width(random_next());                                                                         \
            T b = MAKE_##width(random_next());                                                                         \
            for (int32_t i = 0; i < n; i++)                                                                            \
            {                                                                                                          \
                values[i] = MAKE_##width(random_next());                                                               \
                if (HOLDS_##op(ORDER_##width(values[i], a), ORDER_##width(values[i], b)))                              \
                    want[count++] = (uint16_t) i;                                                                      \
                if (random_next() % 3 != 0)                                                                            \
                    in[in_count++] = (uint16_t) i;                                                                     \
            }                                                                                                          \
            wrong |= kernels->op##_##width(values, NULL, n, a, b, out) != count;                                       \
            wrong |= memcmp(out, want, 2 * (size_t) count) != 0;                                                       \
            count = 0;                                                                                                 \
            for (int32_t i = 0; i < in_count; i++)                                                                     \
                if (HOLDS_##op(ORDER_##width(values[in[i]], a), ORDER_##width(values[in[i]], b)))                      \
                    want[count++] = in[i];                                                                             \
            wrong |= kernels->op##_##width(values, in, in_count, a, b, in) != count;                                   \
            wrong |= memcmp(in, want, 2 * (size_t) count) != 0;                                                        \
            if (wrong)                                                                                                 \
                printf("\n    %s %s_%s n %d", kernels->name, #op, #width, n);                                          \
            CU_ASSERT_FALSE(wrong);                                                                                    \
            free(values);                                                                                              \
            free(in);                                                                                                  \
            free(out);                                                                                                 \
        }                                                                                                              \
    }
SEL_OPS(TEST_SEL)

static void test_variant(const SelKernels *kernels)
{
#define RUN_SEL(op, width, T)                                                                                          \
    for (int round = 0; round < 20; round++)                                                                           \
        test_##op##_##width(kernels);
    SEL_OPS(RUN_SEL)
    uint8_t flags[100];
    uint16_t out[100];
    for (int i = 0; i < 100; i++)
        flags[i] = i % 3 == 0 ? 0 : (uint8_t) (i | 1);
    CU_ASSERT_EQUAL(kernels->set(flags, NULL, 100, out), 66);
    CU_ASSERT_EQUAL(kernels->clear(flags, NULL, 100, out), 34);
    CU_ASSERT_EQUAL(out[33], 99);
}

static void test_key_filters(const SelKernels *kernels)
{
    enum
    {
        KEYS = 1000,
        RANGE = 5000
    };
    static uint64_t keys[KEYS], bits[RANGE / 64 + 1], words[256];
    static uint16_t out[KEYS];
    KeyBitmap bitmap = {bits, (uint64_t) -700, RANGE - 1};
    KeyBloom bloom = {words, 56};
    for (uint64_t k = 0; k < RANGE; k += 7)
    {
        bits[k / 64] |= UINT64_C(1) << k % 64;
        uint64_t spread = key_spread(k - 700);
        words[spread >> 56] |= bloom_bits(spread);
    }
    for (int32_t i = 0; i < KEYS; i++)
        keys[i] = (uint64_t) (i * 8 - 1500); /* below, within and above; some far away */
    keys[3] = UINT64_MAX / 2;
    for (int32_t n = 0; n <= KEYS; n += 250 - n % 7)
    {
        int32_t want = 0;
        for (int32_t i = 0; i < n; i++)
            want += keys[i] + 700 < RANGE && (keys[i] + 700) % 7 == 0;
        int32_t count = kernels->bitmap(&bitmap, keys, n, 0, out);
        CU_ASSERT_EQUAL(count, want);
        for (int32_t i = 0; i < count; i++)
            CU_ASSERT((keys[out[i]] + 700) % 7 == 0 && keys[out[i]] + 700 < RANGE && (i == 0 || out[i] > out[i - 1]));
        CU_ASSERT_EQUAL(kernels->bitmap(&bitmap, keys, n, 1, out), n - want);
        int32_t maybe = kernels->bloom(&bloom, keys, n, out), found = 0;
        for (int32_t i = 0; i < maybe; i++)
            found += key_in_bitmap(&bitmap, keys[out[i]]) != 0;
        CU_ASSERT(found == want && maybe <= want + n / 4);
    }
}

static void test_sel(void)
{
    test_key_filters(&sel_kernels_portable);
    test_variant(&sel_kernels_portable);
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        test_variant(&sel_kernels_avx2);
    if (strcmp(sel_kernels()->name, "avx512") == 0)
    {
        test_variant(&sel_kernels_avx512);
        test_key_filters(&sel_kernels_avx512);
    }
#endif
    printf("(%s) ", sel_kernels()->name);
}

int main(void)
{
    arena = arena_new("test");
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("kernel", NULL, NULL);
    CU_add_test(suite, "functions are found by name and types", test_func_resolve);
    CU_add_test(suite, "operators are found by types", test_oper_resolve);
    CU_add_test(suite, "aggregates are found by types", test_agg_resolve);
    CU_add_test(suite, "casts", test_casts);
    CU_add_test(suite, "the lists are whole", test_lists_are_whole);
    CU_add_test(suite, "like", test_like);
    CU_add_test(suite, "strings", test_strings);
    CU_add_test(suite, "numbers", test_numbers);
    CU_add_test(suite, "128-bit integers", test_i128);
    CU_add_test(suite, "dates", test_dates);
    CU_add_test(suite, "selection kernels", test_sel);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(arena);
    return failures != 0;
}
