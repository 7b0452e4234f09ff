/* SPDX-License-Identifier: Apache-2.0 */
/* Types, numbers, dates, values, rows, and the frozen hash. */
#include "tests/unit/data_case.h"

static void test_types(void)
{
    CU_ASSERT_EQUAL(type_rep(type_decimal(18, 2)), REP_I64);
    CU_ASSERT_EQUAL(type_rep(type_decimal(19, 2)), REP_I128);
    CU_ASSERT_EQUAL(type_typmod(type_decimal(15, 2)), ((15 << 16) | 2) + 4);
    CU_ASSERT_EQUAL(type_typmod(type_varchar(25)), 29);
    CU_ASSERT_EQUAL(type_typmod(type_make(TYPE_DATE)), -1);
    CU_ASSERT_EQUAL(type_oid(type_make(TYPE_DATE)), 1082);
    Text out;
    text_init(&out, arena);
    type_print(&out, type_decimal(15, 2));
    type_print(&out, type_varchar(25));
    type_print(&out, type_make(TYPE_TIMESTAMP));
    CU_ASSERT_STRING_EQUAL(out.data, "numeric(15,2)character varying(25)timestamp without time zone");
}

static void test_integers(void)
{
    SqlType small = type_make(TYPE_SMALLINT);
    SqlType integer = type_make(TYPE_INTEGER);
    SqlType big = type_make(TYPE_BIGINT);
    round_trip(small, VALUE_INPUT, "32767", "32767");
    round_trip(small, VALUE_INPUT, "-32768", "-32768");
    round_trip(small, VALUE_INPUT, "32768", "22003");
    round_trip(integer, VALUE_INPUT, " +42 ", "42");
    round_trip(integer, VALUE_INPUT, "2147483648", "22003");
    round_trip(integer, VALUE_INPUT, "", "22P02");
    round_trip(integer, VALUE_INPUT, "-", "22P02");
    round_trip(integer, VALUE_INPUT, "1.5", "22P02");
    round_trip(integer, VALUE_INPUT, "1 2", "22P02");
    round_trip(big, VALUE_INPUT, "9223372036854775807", "9223372036854775807");
    round_trip(big, VALUE_INPUT, "-9223372036854775808", "-9223372036854775808");
    round_trip(big, VALUE_INPUT, "9223372036854775808", "22003");
    round_trip(big, VALUE_INPUT, "99999999999999999999999999", "22003");
    round_trip(big, VALUE_INPUT, "000000000000000000000000012", "12");
}

static void test_decimals(void)
{
    SqlType money = type_decimal(8, 2);
    round_trip(money, VALUE_INPUT, "4323.8951", "4323.90");
    round_trip(money, VALUE_COPY, "4323.8951", "4323.89");
    round_trip(money, VALUE_CAST, "-4323.899", "-4323.89");
    round_trip(money, VALUE_INPUT, "-0.005", "-0.01");
    round_trip(money, VALUE_INPUT, "0.004999999999999999999999999999999999999999999", "0.00");
    round_trip(money, VALUE_INPUT, "999999.99", "999999.99");
    round_trip(money, VALUE_INPUT, "999999.995", "22003");
    round_trip(money, VALUE_COPY, "1000000", "22003");
    round_trip(money, VALUE_INPUT, " 1.5e3 ", "1500.00");
    round_trip(money, VALUE_INPUT, "1e-40", "0.00");
    round_trip(money, VALUE_INPUT, "0e999999999999", "0.00");
    round_trip(money, VALUE_INPUT, "1e99999999", "22003");
    round_trip(money, VALUE_INPUT, ".5", "0.50");
    round_trip(money, VALUE_INPUT, "5.", "5.00");
    round_trip(money, VALUE_INPUT, ".", "22P02");
    round_trip(money, VALUE_INPUT, "1.2.3", "22P02");
    round_trip(money, VALUE_INPUT, "1e", "22P02");
    round_trip(money, VALUE_INPUT, "", "22P02");
    SqlType wide = type_decimal(38, 10);
    round_trip(wide, VALUE_INPUT, "-1234567890123456789012345678.0123456789",
               "-1234567890123456789012345678.0123456789");
    round_trip(wide, VALUE_INPUT, "9999999999999999999999999999.99999999995", "22003");
    round_trip(wide, VALUE_INPUT, "9999999999999999999999999999.99999999994",
               "9999999999999999999999999999.9999999999");
    round_trip(type_decimal(38, 38), VALUE_INPUT, "0.00000000000000000000000000000000000001",
               "0.00000000000000000000000000000000000001");
    round_trip(type_decimal(18, 0), VALUE_INPUT, "999999999999999999", "999999999999999999");
    round_trip(type_decimal(18, 0), VALUE_INPUT, "1000000000000000000", "22003");
}

/* a op b at scales, checked against what PostgreSQL 15 answers (truncated where it rounds). */
static void test_decimal_arithmetic(void)
{
    int128 result;
    const int128 most = int128_pow10(38) - 1;
    CU_ASSERT_PTR_NULL(decimal_add(most, -1, &result));
    CU_ASSERT(result == most - 1);
    ASSERT_CODE(decimal_add(most, 1, &result), "22003");
    ASSERT_CODE(decimal_sub(-most, 1, &result), "22003");
    ASSERT_CODE(decimal_mul(int128_pow10(20), int128_pow10(18), &result), "22003");
    CU_ASSERT_PTR_NULL(decimal_mul(int128_pow10(19), -int128_pow10(18), &result));
    CU_ASSERT(result == -int128_pow10(37));
    CU_ASSERT_PTR_NULL(decimal_div(100, 2, 300, 2, 9, &result));
    CU_ASSERT(result == 333333333);
    CU_ASSERT_PTR_NULL(decimal_div(-200, 2, 300, 2, 9, &result));
    CU_ASSERT(result == -666666666);
    ASSERT_CODE(decimal_div(1, 0, 0, 0, 4, &result), "22012");
    ASSERT_CODE(decimal_div(most, 0, 1, 10, 10, &result), "22003");
    /* a dividend wider than 128 bits: (10^38 - 1) / (10^37) to 30 places; only 38 digits of it may be whole */
    CU_ASSERT_PTR_NULL(decimal_div(most, 0, int128_pow10(37), 0, 30, &result));
    CU_ASSERT(result == int128_pow10(31) - 1);
    /* 12345678901234567890123456789012345678 / 98765432109876543210 to 19 places =
     * 124999998860937500.0154882812384313964 by bc */
    int128 a, b, want;
    CU_ASSERT_PTR_NULL(decimal_parse("12345678901234567890123456789012345678", 38, 38, 0, true, &a));
    CU_ASSERT_PTR_NULL(decimal_parse("98765432109876543210", 20, 38, 0, true, &b));
    CU_ASSERT_PTR_NULL(decimal_parse("124999998860937500.0154882812384313964", 38, 38, 19, true, &want));
    CU_ASSERT_PTR_NULL(decimal_div(a, 0, b, 0, 19, &result));
    CU_ASSERT(result == want);
    CU_ASSERT_PTR_NULL(decimal_div(a, 0, b, 0, 0, &result));
    CU_ASSERT(result == INT64_C(124999998860937500));
    CU_ASSERT_PTR_NULL(decimal_div(12345, 4, 5, 0, 0, &result));
    CU_ASSERT(result == 0);
    CU_ASSERT_PTR_NULL(decimal_rescale(-25, 1, 0, true, &result));
    CU_ASSERT(result == -3);
    CU_ASSERT_PTR_NULL(decimal_rescale(-25, 1, 0, false, &result));
    CU_ASSERT(result == -2);
    ASSERT_CODE(decimal_rescale(most, 0, 1, false, &result), "22003");
    CU_ASSERT_PTR_NULL(decimal_from_double(0.145, 10, 2, &result));
    CU_ASSERT(result == 15);
    ASSERT_CODE(decimal_from_double(1e40, 38, 0, &result), "22003");
    ASSERT_CODE(decimal_from_double(NAN, 38, 0, &result), "22003");
    CU_ASSERT_EQUAL(decimal_to_double(12345, 2), 123.45);
    CU_ASSERT_DOUBLE_EQUAL(decimal_to_double(most, 10), 1e28, 1e13);
}

/* Division by hand against __int128, where it fits. */
static void test_decimal_division_random(void)
{
    uint64_t state = 7;
    for (int i = 0; i < 100000; i++)
    {
        state = hash_u64(state);
        int128 a = (int128) (int64_t) state >> (state & 31);
        state = hash_u64(state);
        int128 b = (int128) (int64_t) state >> (state & 63);
        int32_t scale = (int32_t) (state % 10);
        int128 result;
        if (b == 0)
            continue;
        CU_ASSERT_PTR_NULL(decimal_div(a, 0, b, 0, scale, &result));
        CU_ASSERT_FATAL(result == a * int128_pow10(scale) / b);
    }
}

static SqlType arithmetic(char op, SqlType a, SqlType b)
{
    SqlType result;
    Error *error = numeric_result_type(op, a, b, &result);
    CU_ASSERT_PTR_NULL(error);
    error_free(error);
    return result;
}

static void test_result_types(void)
{
    SqlType small = type_make(TYPE_SMALLINT);
    SqlType integer = type_make(TYPE_INTEGER);
    SqlType big = type_make(TYPE_BIGINT);
    SqlType real = type_make(TYPE_REAL);
    SqlType money = type_decimal(8, 2);
    CU_ASSERT(type_equal(arithmetic('/', money, money), type_decimal(17, 9)));
    CU_ASSERT(type_equal(arithmetic('+', money, type_decimal(7, 4)), type_decimal(11, 4)));
    CU_ASSERT(type_equal(arithmetic('*', money, type_decimal(7, 4)), type_decimal(16, 6)));
    CU_ASSERT(type_equal(arithmetic('-', integer, money), type_decimal(13, 2)));
    CU_ASSERT(type_equal(arithmetic('*', type_decimal(38, 10), type_decimal(38, 10)), type_decimal(38, 20)));
    CU_ASSERT(type_equal(arithmetic('*', small, small), small));
    CU_ASSERT(type_equal(arithmetic('+', small, big), big));
    CU_ASSERT(type_equal(arithmetic('+', real, real), real));
    CU_ASSERT_EQUAL(arithmetic('+', real, integer).id, TYPE_DOUBLE);
    CU_ASSERT_EQUAL(arithmetic('*', money, real).id, TYPE_DOUBLE);
    SqlType result;
    CU_ASSERT_PTR_NULL(type_common(type_decimal(7, 2), type_decimal(15, 3), &result));
    CU_ASSERT(type_equal(result, type_decimal(15, 3)));
    CU_ASSERT_PTR_NULL(type_common(integer, money, &result));
    CU_ASSERT(type_equal(result, type_decimal(12, 2)));
    CU_ASSERT_PTR_NULL(type_common(type_varchar(5), type_char(9), &result));
    CU_ASSERT(type_equal(result, type_varchar(9)));
    CU_ASSERT_PTR_NULL(type_common(type_make(TYPE_DATE), type_make(TYPE_TIMESTAMP), &result));
    CU_ASSERT_EQUAL(result.id, TYPE_TIMESTAMP);
    CU_ASSERT_PTR_NULL(type_common((SqlType){.id = TYPE_UNKNOWN}, type_make(TYPE_DATE), &result));
    CU_ASSERT_EQUAL(result.id, TYPE_DATE);
    CU_ASSERT_PTR_NULL(type_common(money, type_varchar(5), &result));
    CU_ASSERT_EQUAL(result.id, TYPE_DECIMAL);
    CU_ASSERT_PTR_NULL(type_common(integer, type_varchar(5), &result));
    CU_ASSERT_EQUAL(result.id, TYPE_VARCHAR);
    ASSERT_CODE(type_common(integer, type_make(TYPE_DATE), &result), "42804");
    ASSERT_CODE(numeric_result_type('+', integer, type_make(TYPE_DATE), &result), "42883");
}

static void expect_double(double value, const char *want)
{
    char out[40];
    expect_text(out, double_format(value, out), want);
}

static void expect_float(float value, const char *want)
{
    char out[40];
    expect_text(out, float_format(value, out), want);
}

/* As PostgreSQL 15 prints them. */
static void test_doubles(void)
{
    expect_double(0, "0");
    expect_double(-0.0, "-0");
    expect_double(1, "1");
    expect_double(-1.5, "-1.5");
    expect_double(0.1, "0.1");
    expect_double(0.1 + 0.2, "0.30000000000000004");
    expect_double(1e14, "100000000000000");
    expect_double(1e15, "1e+15");
    expect_double(1e20, "1e+20");
    expect_double(1234567890123456, "1.234567890123456e+15");
    expect_double(0.0001, "0.0001");
    expect_double(0.00001, "1e-05");
    expect_double(1.7976931348623157e308, "1.7976931348623157e+308");
    expect_double(5e-324, "5e-324");
    expect_double(2.2250738585072014e-308, "2.2250738585072014e-308");
    expect_double(123456.789, "123456.789");
    expect_double(NAN, "NaN");
    expect_double(-INFINITY, "-Infinity");
    expect_float(0.1f, "0.1");
    expect_float(1e6f, "1e+06");
    expect_float(123456, "123456");
    expect_float(16777216, "1.6777216e+07");
    expect_float(3.4028235e38f, "3.4028235e+38");
    expect_float(1e-45f, "1e-45");
    SqlType real = type_make(TYPE_REAL);
    SqlType wide = type_make(TYPE_DOUBLE);
    round_trip(wide, VALUE_INPUT, " 1.5E+2 ", "150");
    round_trip(wide, VALUE_INPUT, "inf", "Infinity");
    round_trip(wide, VALUE_INPUT, "-Infinity", "-Infinity");
    round_trip(wide, VALUE_INPUT, "nan", "NaN");
    round_trip(wide, VALUE_INPUT, "1e400", "22003");
    round_trip(wide, VALUE_INPUT, "1e-400", "22003");
    round_trip(wide, VALUE_INPUT, "0x10", "22P02");
    round_trip(wide, VALUE_INPUT, "1.2.3", "22P02");
    round_trip(wide, VALUE_INPUT, "0.30000000000000004", "0.30000000000000004");
    round_trip(wide, VALUE_INPUT, "179769313486231570000000000000000000000", "1.7976931348623156e+38");
    round_trip(real, VALUE_INPUT, "0.1", "0.1");
    round_trip(real, VALUE_INPUT, "1e39", "22003");
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++)
    {
        double value, back;
        char out[40];
        state = hash_u64(state);
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value))
            continue;
        CU_ASSERT_PTR_NULL(double_parse(out, (size_t) double_format(value, out), false, &back));
        CU_ASSERT_FATAL(value == back);
    }
}

static void test_strings(void)
{
    SqlType text = type_varchar(5);
    SqlType fixed = type_char(5);
    round_trip(text, VALUE_INPUT, "abc  ", "abc  ");
    round_trip(text, VALUE_INPUT, "abcde   ", "abcde");
    round_trip(text, VALUE_INPUT, "abcdef", "22001");
    round_trip(text, VALUE_CAST, "abcdef", "abcde");
    round_trip(text, VALUE_CAST, "abcdü", "abcd");
    round_trip(text, VALUE_INPUT, "äöü", "22001");
    round_trip(fixed, VALUE_INPUT, "abc", "abc  ");
    round_trip(fixed, VALUE_INPUT, "abc      ", "abc  ");
    round_trip(fixed, VALUE_INPUT, "abcdef", "22001");
    round_trip(fixed, VALUE_CAST, "abcdef", "abcde");
    round_trip(fixed, VALUE_INPUT, "ä", "22021");
    CU_ASSERT(utf8_valid("12345678ä€𝄞", 17) && utf8_length("12345678ä€𝄞", 17) == 11);
    CU_ASSERT(!utf8_valid("\xed\xa0\x80", 3));
    CU_ASSERT(!utf8_valid("\xc0\x80", 2) && !utf8_valid("\xe0\x80\x80", 3) && !utf8_valid("\xf4\x90\x80\x80", 4));
    CU_ASSERT(!utf8_valid("1234567\xc3", 8) && !utf8_valid("\x80", 1) && !utf8_valid("1234567\0", 8));
    CU_ASSERT_EQUAL(str_compare((Str){"ab  ", 4}, (Str){"ab", 2}), 0);
    CU_ASSERT(str_compare((Str){"ab", 2}, (Str){"abc", 3}) < 0);
    CU_ASSERT(str_compare((Str){"\xc3\xa4", 2}, (Str){"z", 1}) > 0);
    CU_ASSERT_EQUAL(str_compare((Str){NULL, 0}, (Str){" ", 1}), 0);
}

static void expect_cast(SqlType from, const char *text, SqlType to, ValueMode mode, const char *want)
{
    Datum value;
    Text out;
    text_init(&out, arena);
    CU_ASSERT_PTR_NULL(value_parse(arena, from, VALUE_INPUT, text, strlen(text), &value));
    Error *error = value_cast(arena, from, &value, to, mode, &value);
    if (error != NULL)
        text_puts(&out, code_of(error));
    else
        value_print_literal(&out, to, &value);
    expect_text(out.data, (int64_t) out.length, want);
}

static void test_casts(void)
{
    SqlType integer = type_make(TYPE_INTEGER);
    SqlType wide = type_make(TYPE_DOUBLE);
    SqlType money = type_decimal(8, 2);
    expect_cast(money, "1.50", integer, VALUE_CAST, "1");
    expect_cast(money, "1.50", integer, VALUE_INPUT, "2");
    expect_cast(wide, "2.5", integer, VALUE_CAST, "2");
    expect_cast(wide, "3e9", integer, VALUE_CAST, "22003");
    expect_cast(wide, "nan", integer, VALUE_CAST, "22003");
    expect_cast(integer, "40000", type_make(TYPE_SMALLINT), VALUE_CAST, "22003");
    expect_cast(integer, "7", type_decimal(38, 2), VALUE_CAST, "7.00");
    expect_cast(type_decimal(38, 4), "12.3456", money, VALUE_CAST, "12.34");
    expect_cast(type_decimal(38, 4), "12.3456", money, VALUE_INPUT, "12.35");
    expect_cast(wide, "12.345", money, VALUE_CAST, "12.35");
    expect_cast(integer, "7", type_make(TYPE_BOOLEAN), VALUE_CAST, "true");
    expect_cast(money, "7", type_make(TYPE_BOOLEAN), VALUE_CAST, "42846");
    expect_cast(type_make(TYPE_BOOLEAN), "f", type_varchar(9), VALUE_CAST, "'false'");
    expect_cast(type_make(TYPE_DATE), "1998-12-01", type_make(TYPE_TIMESTAMP), VALUE_CAST,
                "'1998-12-01 00:00:00'::timestamp");
    expect_cast(type_make(TYPE_TIMESTAMP), "1969-12-31 23:59:59", type_make(TYPE_DATE), VALUE_CAST,
                "'1969-12-31'::date");
    expect_cast(type_make(TYPE_DATE), "1998-12-01", integer, VALUE_CAST, "42846");
    expect_cast(type_varchar(9), "0012", integer, VALUE_CAST, "12");
    expect_cast(type_varchar(19), "Incomplete", type_char(3), VALUE_CAST, "'Inc'");
    expect_cast(wide, "1e39", type_make(TYPE_REAL), VALUE_CAST, "22003");
    round_trip(type_make(TYPE_BOOLEAN), VALUE_INPUT, " YES ", "t");
    round_trip(type_make(TYPE_BOOLEAN), VALUE_INPUT, "0", "f");
    round_trip(type_make(TYPE_BOOLEAN), VALUE_INPUT, "o", "22P02");
}

/* Golden: a change here is a change of the storage format. */
static void test_hash_golden(void)
{
    CU_ASSERT_EQUAL(hash_u64(0), UINT64_C(0xe220a8397b1dcdaf));
    CU_ASSERT_EQUAL(hash_u64(1), UINT64_C(0x910a2dec89025cc1));
    CU_ASSERT_EQUAL(hash_u64((uint64_t) -1), UINT64_C(0xe4d971771b652c20));
    CU_ASSERT_EQUAL(hash_combine(1, 2), UINT64_C(0xa3efbcce2e044f84));
    CU_ASSERT_EQUAL(hash_str((Str){"", 0}), UINT64_C(0x2d06800538d394c2));
    CU_ASSERT_EQUAL(hash_str((Str){"Stoa  ", 6}), hash_str((Str){"Stoa", 4}));
    CU_ASSERT_EQUAL(hash_str((Str){"Stoa", 4}), UINT64_C(0xf28b2ad25b96a2e1));
    CU_ASSERT_EQUAL(hash_f64(-0.0), hash_f64(0.0));
    CU_ASSERT_EQUAL(hash_f64(NAN), hash_f64(-NAN));
    CU_ASSERT_EQUAL(hash_f64(1.5), UINT64_C(0xd6dab18e1392608a));
    CU_ASSERT_EQUAL(hash_i128(i128_put(-7)), hash_u64((uint64_t) -7));
    CU_ASSERT_EQUAL(hash_i128(i128_put(int128_pow10(30))), UINT64_C(0x6f0786838d3df00e));
    Datum day = {.i = -396};
    CU_ASSERT_EQUAL(hash_datum(type_make(TYPE_DATE), &day), hash_u64((uint64_t) -396));
    CU_ASSERT_EQUAL(hash_datum(type_make(TYPE_DATE), &(Datum){.null = true}), 0);
    int16_t narrow = -396;
    CU_ASSERT_EQUAL(hash_in_rep(type_make(TYPE_BIGINT), REP_I16, &narrow), hash_u64((uint64_t) -396));
    CU_ASSERT_EQUAL(hash_in_rep(type_decimal(30, 2), REP_I16, &narrow), hash_u64((uint64_t) -396));
    Datum month = {.interval = {.months = 1}};
    Datum days = {.interval = {.days = 30}};
    CU_ASSERT_EQUAL(hash_datum(type_make(TYPE_INTERVAL), &month), hash_datum(type_make(TYPE_INTERVAL), &days));
    static const int32_t slices[10] = {14, 9, 9, 1, 6, 6, 11, 6, 9, 10};
    for (uint64_t i = 0; i < 10; i++)
    {
        int32_t slice = hash_slice(hash_u64(i), 16);
        CU_ASSERT_EQUAL(slice, slices[i]);
        CU_ASSERT_EQUAL(hash_slice(hash_u64(i), 1), 0);
    }
}

/* A layout with every Rep, some nullable. */
static RowLayout *test_layout(void)
{
    static const struct
    {
        SqlType type;
        uint8_t rep;
        int32_t null_offset;
    } fields[] = {
        {{.id = TYPE_BOOLEAN}, REP_I8, 0},
        {{.id = TYPE_VARCHAR, .length = 50}, REP_STR, 0},
        {{.id = TYPE_BIGINT}, REP_I16, -1},
        {{.id = TYPE_DECIMAL, .precision = 30, .scale = 2}, REP_I128, 0},
        {{.id = TYPE_DECIMAL, .precision = 30, .scale = 2}, REP_I32, -1},
        {{.id = TYPE_REAL}, REP_F32, -1},
        {{.id = TYPE_DOUBLE}, REP_F64, 0},
        {{.id = TYPE_INTERVAL}, REP_INTERVAL, -1},
        {{.id = TYPE_TIMESTAMP}, REP_I64, -1},
        {{.id = TYPE_CHAR, .length = 3}, REP_STR, -1},
    };
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    layout->field_count = 10;
    layout->fields = ARENA_ARRAY(arena, RowField, 10);
    for (int i = 0; i < 10; i++)
        layout->fields[i] = (RowField){fields[i].type, fields[i].rep, 0, fields[i].null_offset};
    row_layout_place(layout);
    return layout;
}

static void fill_row(const RowLayout *layout, char *row, int32_t i)
{
    char *words = arena_printf(arena, "row %d", i);
    Datum none = {.null = true};
    Datum text = {.str = {words, (int64_t) strlen(words)}};
    Datum chars = {.str = {"abc", 3}};
    Datum number = {.i = i};
    Datum wide = {.i128 = i128_put(int128_pow10(25) + i)};
    Datum narrow = {.i128 = i128_put(-i)};
    Datum half = {.f = i + 0.5};
    Datum interval = {.interval = {.days = i}};
    row_set(layout, row, 0, i % 2 == 0 ? &none : &(Datum){.i = 1});
    row_set(layout, row, 1, i % 3 == 0 ? &none : &text);
    row_set(layout, row, 2, &number);
    row_set(layout, row, 3, &wide);
    row_set(layout, row, 4, &narrow);
    row_set(layout, row, 5, &half);
    row_set(layout, row, 6, &half);
    row_set(layout, row, 7, &interval);
    row_set(layout, row, 8, &number);
    row_set(layout, row, 9, &chars);
}

static void test_rows(void)
{
    enum
    {
        COUNT = 100
    };
    RowLayout *layout = test_layout();
    CU_ASSERT_EQUAL(layout->stride % 8, 0);
    for (int i = 0; i < layout->field_count; i++)
        CU_ASSERT_EQUAL(layout->fields[i].offset %
                            (rep_size((Rep) layout->fields[i].rep) > 8 ? 8 : rep_size((Rep) layout->fields[i].rep)),
                        0);
    char *rows = arena_zalloc(arena, (size_t) (COUNT * layout->stride));
    for (int32_t i = 0; i < COUNT; i++)
        fill_row(layout, rows + i * layout->stride, i);

    Text wire;
    text_init(&wire, arena);
    row_layout_write(&wire, layout);
    ByteReader reader;
    reader_init(&reader, wire.data, wire.length);
    RowLayout *read = row_layout_read(&reader, arena);
    CU_ASSERT_PTR_NULL(reader_done(&reader, "layout"));
    CU_ASSERT(read->stride == layout->stride && read->field_count == layout->field_count);

    Text packed;
    text_init(&packed, arena);
    row_pack(layout, rows, COUNT, &packed);
    char *copy = arena_memdup(arena, packed.data, packed.length);
    void *unpacked;
    int64_t count;
    CU_ASSERT_PTR_NULL(row_unpack(read, copy, packed.length, &unpacked, &count));
    CU_ASSERT_EQUAL_FATAL(count, COUNT);
    const int32_t all[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int32_t i = 0; i < COUNT; i++)
    {
        const char *before = rows + i * layout->stride;
        const char *after = (const char *) unpacked + i * layout->stride;
        CU_ASSERT_EQUAL(row_hash(layout, all, 10, before), row_hash(read, all, 10, after));
        Datum text = row_get(read, after, 1);
        CU_ASSERT_EQUAL(text.null, i % 3 == 0);
        if (!text.null)
            expect_text(text.str.data, text.str.len, arena_printf(arena, "row %d", i));
        CU_ASSERT(i128_get(row_get(read, after, 4).i128) == -i);
        CU_ASSERT(row_get(read, after, 3).i128.lo == i128_put(int128_pow10(25) + i).lo);
    }
    /* cut short, or with a string that points outside */
    ASSERT_CODE(row_unpack(read, arena_memdup(arena, packed.data, packed.length), packed.length - 1, &unpacked, &count),
                "XX000");
    copy = arena_memdup(arena, packed.data, packed.length);
    int64_t beyond = 1 << 20;
    memcpy(copy + 16 + layout->fields[9].offset, &beyond, 8);
    ASSERT_CODE(row_unpack(read, copy, packed.length, &unpacked, &count), "XX000");
}

static void test_row_order(void)
{
    RowLayout *layout = test_layout();
    char *a = arena_zalloc(arena, (size_t) layout->stride);
    char *b = arena_zalloc(arena, (size_t) layout->stride);
    fill_row(layout, a, 3); /* field 0 true, field 1 null */
    fill_row(layout, b, 4); /* field 0 null, field 1 text */
    SortKey up = {.field = 2};
    SortKey down = {.field = 2, .descending = true};
    SortKey nulls_last = {.field = 1};
    SortKey nulls_first = {.field = 1, .nulls_first = true};
    SortKey wide = {.field = 3};
    CU_ASSERT(row_compare(layout, &up, 1, a, b) < 0 && row_compare(layout, &down, 1, a, b) > 0);
    CU_ASSERT(row_compare(layout, &nulls_last, 1, a, b) > 0 && row_compare(layout, &nulls_first, 1, a, b) < 0);
    CU_ASSERT(row_compare(layout, &wide, 1, a, b) < 0 && row_compare(layout, &up, 1, a, a) == 0);
    SortKey both[2] = {{.field = 9}, {.field = 4}};
    CU_ASSERT(row_compare(layout, both, 2, a, b) > 0);
}

static void test_value_wire(void)
{
    static const SqlType types[] = {{.id = TYPE_BIGINT},
                                    {.id = TYPE_DOUBLE},
                                    {.id = TYPE_VARCHAR, .length = 10},
                                    {.id = TYPE_INTERVAL},
                                    {.id = TYPE_DECIMAL, .precision = 30, .scale = 2}};
    static const char *const texts[] = {"-5", "2.5", "hello", "3 days", "-12.50"};
    Text wire;
    text_init(&wire, arena);
    Datum values[5];
    for (int i = 0; i < 5; i++)
    {
        CU_ASSERT_PTR_NULL(value_parse(arena, types[i], VALUE_INPUT, texts[i], strlen(texts[i]), &values[i]));
        value_write(&wire, types[i], &values[i]);
    }
    value_write(&wire, types[0], &(Datum){.null = true});
    ByteReader reader;
    reader_init(&reader, wire.data, wire.length);
    for (int i = 0; i < 5; i++)
    {
        Datum value = value_read(&reader, arena, types[i]);
        CU_ASSERT_EQUAL(value_compare(types[i], &value, &values[i]), 0);
    }
    CU_ASSERT(value_read(&reader, arena, types[0]).null);
    CU_ASSERT_PTR_NULL(reader_done(&reader, "values"));
    Datum nan = {.f = NAN};
    Datum most = {.f = INFINITY};
    CU_ASSERT(value_compare(types[1], &nan, &most) > 0 && value_compare(types[1], &nan, &nan) == 0);
}

/* What PostgreSQL 15's typsend functions give, and that it reads back. */
static void test_binary(void)
{
    static const struct
    {
        SqlType type;
        const char *text;
        const char *hex;
    } rows[] = {
        {{.id = TYPE_BOOLEAN}, "t", "01"},
        {{.id = TYPE_SMALLINT}, "-2", "fffe"},
        {{.id = TYPE_BIGINT}, "-2", "fffffffffffffffe"},
        {{.id = TYPE_REAL}, "1.5", "3fc00000"},
        {{.id = TYPE_DOUBLE}, "1.5", "3ff8000000000000"},
        {{.id = TYPE_DATE}, "2000-01-02", "00000001"},
        {{.id = TYPE_TIME}, "00:00:01", "00000000000f4240"},
        {{.id = TYPE_TIMESTAMP}, "2000-01-01 00:00:01", "00000000000f4240"},
        {{.id = TYPE_TIMESTAMPTZ}, "2000-01-01 01:00:01+01", "00000000000f4240"},
        {{.id = TYPE_TIMETZ}, "00:00:01+01", "00000000000f4240fffff1f0"},
        {{.id = TYPE_INTERVAL}, "1 mon 2 days 00:00:01", "00000000000f42400000000200000001"},
        {{.id = TYPE_DECIMAL, .precision = 8, .scale = 2}, "12.34", "0002000000000002000c0d48"},
        {{.id = TYPE_DECIMAL, .precision = 8, .scale = 2}, "-0.01", "0001ffff400000020064"},
        {{.id = TYPE_DECIMAL, .precision = 8, .scale = 2}, "0", "0000000000000002"},
        {{.id = TYPE_VARCHAR}, "ab", "6162"},
        {{.id = TYPE_VARBYTE}, "ab", "6162"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    {
        Datum value, back;
        Text bytes, hex;
        text_init(&bytes, arena);
        text_init(&hex, arena);
        CU_ASSERT_PTR_NULL(value_parse(arena, rows[i].type, VALUE_INPUT, rows[i].text, strlen(rows[i].text), &value));
        value_write_binary(&bytes, rows[i].type, &value);
        for (size_t k = 0; k < bytes.length; k++)
            text_printf(&hex, "%02x", (unsigned char) bytes.data[k]);
        CU_ASSERT_STRING_EQUAL(hex.data, rows[i].hex);
        CU_ASSERT_PTR_NULL(value_read_binary(arena, rows[i].type, bytes.data, bytes.length, &back));
        CU_ASSERT_EQUAL(value_compare(rows[i].type, &value, &back), 0);
    }
    Datum none;
    Error *error = value_read_binary(arena, type_make(TYPE_INTEGER), "abc", 3, &none);
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
}

static void test_open_decimals(void)
{
    static const struct
    {
        const char *text;
        int32_t precision, scale;
        int64_t number;
    } rows[] = {{"12.50", 4, 2, 1250}, {"0.05", 3, 2, 5},  {"-7", 1, 0, -7},   {"1e3", 4, 0, 1000},
                {" 1.5e-2 ", 4, 3, 15}, {"0", 1, 0, 0}, {"0.000", 4, 3, 0}, {"00012", 2, 0, 12}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    {
        SqlType type;
        int128 number;
        CU_ASSERT_PTR_NULL(decimal_parse_open(rows[i].text, strlen(rows[i].text), &type, &number));
        CU_ASSERT_EQUAL(type.precision, rows[i].precision);
        CU_ASSERT_EQUAL(type.scale, rows[i].scale);
        CU_ASSERT_EQUAL((int64_t) number, rows[i].number);
    }
    static const char *const wrong[] = {"", "x", "1e39", "123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    {
        SqlType type;
        int128 number;
        Error *error = decimal_parse_open(wrong[i], strlen(wrong[i]), &type, &number);
        CU_ASSERT_PTR_NOT_NULL(error);
        error_free(error);
    }
}

static void test_oids(void)
{
    SqlType type;
    CU_ASSERT(type_of_oid(23, &type) && type.id == TYPE_INTEGER);
    CU_ASSERT(type_of_oid(25, &type) && type.id == TYPE_VARCHAR && type.length == 0);
    CU_ASSERT(type_of_oid(1042, &type) && type.id == TYPE_VARCHAR);
    CU_ASSERT(type_of_oid(0, &type) && type.id == TYPE_UNKNOWN);
    CU_ASSERT(type_of_oid(1700, &type) && type.precision == 18);
    CU_ASSERT(!type_of_oid(1007, &type));
}

/* Few letters, so that there are many half matches; texts end where memory ends, so that the sanitizer sees a step beyond. */
static void test_find(void)
{
    uint32_t seed = 7;
    for (int32_t round = 0; round < 20000; round++)
    {
        size_t text_len = (seed = seed * 1664525 + 1013904223) >> 8 & 127, part_len = 1 + (seed >> 16 & 7);
        text_len = round % 100 == 0 ? 5000 : text_len;
        char *text = malloc(text_len > 0 ? text_len : 1), *part = malloc(part_len);
        for (size_t i = 0; i < text_len + part_len; i++)
        {
            seed = seed * 1664525 + 1013904223;
            char letter = (char) ('a' + (seed >> 24) % 3);
            if (i < text_len)
                text[i] = letter;
            else
                part[i - text_len] = letter;
        }
        const char *want = NULL;
        for (size_t i = 0; want == NULL && i + part_len <= text_len; i++)
            want = memcmp(text + i, part, part_len) == 0 ? text + i : NULL;
        CU_ASSERT_PTR_EQUAL(bytes_find(text, text_len, part, part_len), want);
        free(text);
        free(part);
    }
}

int main(void)
{
    arena = arena_new("test");
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("data", NULL, NULL);
    CU_add_test(suite, "types", test_types);
    CU_add_test(suite, "integers", test_integers);
    CU_add_test(suite, "decimals", test_decimals);
    CU_add_test(suite, "decimal arithmetic", test_decimal_arithmetic);
    CU_add_test(suite, "decimal division", test_decimal_division_random);
    CU_add_test(suite, "result types", test_result_types);
    CU_add_test(suite, "doubles", test_doubles);
    CU_add_test(suite, "binary", test_binary);
    CU_add_test(suite, "decimals with digits of their own", test_open_decimals);
    CU_add_test(suite, "oids", test_oids);
    CU_add_test(suite, "strings", test_strings);
    CU_add_test(suite, "bytes in bytes", test_find);
    CU_add_test(suite, "casts", test_casts);
    CU_add_test(suite, "hash golden values", test_hash_golden);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "order of rows", test_row_order);
    CU_add_test(suite, "values on the wire", test_value_wire);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(arena);
    return failures != 0;
}
