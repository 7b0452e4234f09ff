/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, moments, their fields, intervals. */
#include "tests/unit/data_case.h"

static void test_calendar(void)
{
    int32_t year, month, day;
    CU_ASSERT_EQUAL(date_from_civil(2000, 1, 1), 0);
    CU_ASSERT_EQUAL(date_from_civil(1970, 1, 1), -10957);
    CU_ASSERT_EQUAL(date_from_civil(1998, 12, 1), -396);
    for (int32_t date = DATE_MIN; date < DATE_END; date += 997)
    {
        date_to_civil(date, &year, &month, &day);
        CU_ASSERT_FATAL(date_from_civil(year, month, day) == date && day >= 1 && day <= month_days(year, month));
    }
    SqlType type = type_make(TYPE_DATE);
    static const char *const same_day[] = {
        "1999-01-08",        "January 8, 1999", "1/8/1999",   "01/08/99",  "1999-Jan-08", "Jan-08-1999",
        "08-Jan-1999",       "19990108",        "990108",     "1999.008",  "J2451187",    "8 January 1999",
        "Friday 1999-01-08", "1999-1-8",        "1999/01/08", "jan 8 1999",     "1999-01-08 +00", "1999-01-08+01", "1999-01-08 -05"};
    for (size_t i = 0; i < sizeof same_day / sizeof *same_day; i++)
        round_trip(type, VALUE_INPUT, same_day[i], "1999-01-08");
    round_trip(type, VALUE_INPUT, "01/02/00", "2000-01-02");
    round_trip(type, VALUE_INPUT, "2000-02-29", "2000-02-29");
    round_trip(type, VALUE_INPUT, "1900-02-29", "22008");
    round_trip(type, VALUE_INPUT, "1999-13-01", "22008");
    round_trip(type, VALUE_INPUT, "1999-00-01", "22008");
    round_trip(type, VALUE_INPUT, "4713-01-01 BC", "4713-01-01 BC");
    round_trip(type, VALUE_INPUT, "4714-01-01 BC", "22008");
    round_trip(type, VALUE_INPUT, "294276-12-31", "294276-12-31");
    round_trip(type, VALUE_INPUT, "294277-01-01", "22008");
    round_trip(type, VALUE_INPUT, "0000-01-01", "22008");
    round_trip(type, VALUE_INPUT, "", "22007");
    round_trip(type, VALUE_INPUT, "hello", "22007");
    round_trip(type, VALUE_INPUT, "1999-01", "22007");
    round_trip(type, VALUE_INPUT, "1998-12-01 12:00:00", "1998-12-01");
    Datum today, now;
    CU_ASSERT_PTR_NULL(value_parse(arena, type, VALUE_INPUT, "today", 5, &today));
    CU_ASSERT_PTR_NULL(value_parse(arena, type_make(TYPE_TIMESTAMP), VALUE_INPUT, "now", 3, &now));
    CU_ASSERT(timestamp_date(now.i) == today.i || timestamp_date(now.i) == today.i + 1);
}

static void test_timestamps(void)
{
    SqlType type = type_make(TYPE_TIMESTAMP);
    round_trip(type, VALUE_INPUT, "1998-12-01", "1998-12-01 00:00:00");
    round_trip(type, VALUE_INPUT, "1998-12-01 23:59:59.5", "1998-12-01 23:59:59.5");
    round_trip(type, VALUE_INPUT, "1998-12-01T04:05:06.789012Z", "1998-12-01 04:05:06.789012");
    round_trip(type, VALUE_INPUT, "1998-12-01 04:05:06+02:00", "1998-12-01 04:05:06");
    round_trip(type, VALUE_INPUT, "1998-12-01 04:05:06 Europe/Berlin", "1998-12-01 04:05:06");
    round_trip(type, VALUE_INPUT, "1998-12-01 04:05 PM", "1998-12-01 16:05:00");
    round_trip(type, VALUE_INPUT, "1998-12-01 12:05 AM", "1998-12-01 00:05:00");
    round_trip(type, VALUE_INPUT, "1998-12-01 4 pm", "1998-12-01 16:00:00");
    round_trip(type, VALUE_INPUT, "19981201 040506", "1998-12-01 04:05:06");
    round_trip(type, VALUE_INPUT, "19981201T040506", "1998-12-01 04:05:06");
    round_trip(type, VALUE_INPUT, "04:05:06 1998-12-01", "1998-12-01 04:05:06");
    round_trip(type, VALUE_INPUT, "1998-12-01 24:00:00", "1998-12-02 00:00:00");
    round_trip(type, VALUE_INPUT, "1998-12-01 25:00:00", "22008");
    round_trip(type, VALUE_INPUT, "1998-12-01 04:05:06.9999999", "1998-12-01 04:05:07");
    round_trip(type, VALUE_INPUT, "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC");
    round_trip(type, VALUE_INPUT, "1998-12-01 xx", "22007");
    int64_t timestamp;
    int32_t date;
    CU_ASSERT_PTR_NULL(timestamp_parse_format("12/31/1999 23:59:01", 19, "MM/DD/YYYY HH24:MI:SS", &timestamp));
    CU_ASSERT_EQUAL(timestamp, -59 * INT64_C(1000000));
    CU_ASSERT_PTR_NULL(timestamp_parse_format("1893456000", 10, "epochsecs", &timestamp));
    CU_ASSERT_EQUAL(timestamp, date_from_civil(2030, 1, 1) * DAY_US);
    CU_ASSERT_PTR_NULL(timestamp_parse_format("1893456000500", 13, "epochmillisecs", &timestamp));
    CU_ASSERT_EQUAL(timestamp, date_from_civil(2030, 1, 1) * DAY_US + 500000);
    CU_ASSERT_PTR_NULL(date_parse_format("02 Oct 2001", 11, "DD Mon YYYY", &date));
    CU_ASSERT_EQUAL(date, date_from_civil(2001, 10, 2));
    CU_ASSERT_PTR_NULL(date_parse_format("20011002", 8, "YYYYMMDD", &date));
    CU_ASSERT_EQUAL(date, date_from_civil(2001, 10, 2));
    ASSERT_CODE(date_parse_format("2001-10-02x", 11, "YYYY-MM-DD", &date), "22007");
    ASSERT_CODE(date_parse_format("2001-13-02", 10, "YYYY-MM-DD", &date), "22008");
    ASSERT_CODE(date_parse_format("", 0, "YYYY-MM-DD", &date), "22007");
}

static int64_t field_of(const char *name, const char *text)
{
    int64_t timestamp;
    CU_ASSERT_PTR_NULL(timestamp_parse(text, strlen(text), &timestamp));
    int32_t field = date_field_by_name(name, strlen(name));
    CU_ASSERT_FATAL(field >= 0);
    return timestamp_field((DateField) field, timestamp);
}

/* Answers of PostgreSQL 15. */
static void test_fields(void)
{
    CU_ASSERT_EQUAL(field_of("yrs", "1998-12-01"), 1998);
    CU_ASSERT_EQUAL(field_of("century", "2000-12-16"), 20);
    CU_ASSERT_EQUAL(field_of("century", "2001-02-16"), 21);
    CU_ASSERT_EQUAL(field_of("century", "0001-02-16 BC"), -1);
    CU_ASSERT_EQUAL(field_of("decade", "2001-02-16"), 200);
    CU_ASSERT_EQUAL(field_of("millennium", "2001-02-16"), 3);
    CU_ASSERT_EQUAL(field_of("doy", "2001-02-16"), 47);
    CU_ASSERT_EQUAL(field_of("dow", "2001-02-16 20:38:40"), 5);
    CU_ASSERT_EQUAL(field_of("dow", "1995-01-01"), 0);
    CU_ASSERT_EQUAL(field_of("isodow", "2001-02-18"), 7);
    CU_ASSERT_EQUAL(field_of("week", "2005-01-01"), 53);
    CU_ASSERT_EQUAL(field_of("isoyear", "2005-01-01"), 2004);
    CU_ASSERT_EQUAL(field_of("week", "2012-12-31"), 1);
    CU_ASSERT_EQUAL(field_of("qtr", "2001-12-31"), 4);
    CU_ASSERT_EQUAL(field_of("epoch", "2001-02-16 20:38:40"), 982355920);
    CU_ASSERT_EQUAL(field_of("epoch", "1969-12-31 23:59:59"), -1);
    CU_ASSERT_EQUAL(field_of("us", "2001-02-16 20:38:40.12345"), 40123450);
    CU_ASSERT_EQUAL(field_of("m", "2001-02-16 20:38:40"), 38);
    CU_ASSERT_EQUAL(date_field_by_name("nonsense", 8), -1);
    int64_t t, want;
    CU_ASSERT_PTR_NULL(timestamp_parse("2001-02-16 20:38:40.5", 21, &t));
    CU_ASSERT_PTR_NULL(timestamp_parse("2001-02-12", 10, &want));
    CU_ASSERT_EQUAL(timestamp_trunc(FIELD_WEEK, t), want);
    CU_ASSERT_PTR_NULL(timestamp_parse("2001-01-01", 10, &want));
    CU_ASSERT_EQUAL(timestamp_trunc(FIELD_CENTURY, t), want);
    CU_ASSERT_EQUAL(timestamp_trunc(FIELD_YEAR, t), want);
    CU_ASSERT_PTR_NULL(timestamp_parse("2001-02-16 20:38:00", 19, &want));
    CU_ASSERT_EQUAL(timestamp_trunc(FIELD_MINUTE, t), want);
}

static void test_intervals(void)
{
    SqlType type = type_make(TYPE_INTERVAL);
    round_trip(type, VALUE_INPUT, "3 months 2 days", "3 mons 2 days");
    round_trip(type, VALUE_INPUT, "90", "00:01:30");
    round_trip(type, VALUE_INPUT, "1 year", "1 year");
    round_trip(type, VALUE_INPUT, "14 months", "1 year 2 mons");
    round_trip(type, VALUE_INPUT, "7 days, 3 hours", "7 days 03:00:00");
    round_trip(type, VALUE_INPUT, "1 04:05:06.5", "1 day 04:05:06.5");
    round_trip(type, VALUE_INPUT, "-1 day 02:03", "-1 days +02:03:00");
    round_trip(type, VALUE_INPUT, "1.5 days", "1 day 12:00:00");
    round_trip(type, VALUE_INPUT, "1.5 months", "1 mon 15 days");
    round_trip(type, VALUE_INPUT, "0.5 year", "6 mons");
    round_trip(type, VALUE_INPUT, "2 weeks ago", "-14 days");
    round_trip(type, VALUE_INPUT, "@ 1 hour", "01:00:00");
    round_trip(type, VALUE_INPUT, "0", "00:00:00");
    round_trip(type, VALUE_INPUT, "-00:00:01", "-00:00:01");
    round_trip(type, VALUE_INPUT, "", "22007");
    round_trip(type, VALUE_INPUT, "3 parsecs", "22007");
    round_trip(type, VALUE_INPUT, "3000000000 days", "22008");
    int64_t out;
    int64_t january = date_from_civil(1995, 1, 31) * DAY_US;
    CU_ASSERT_PTR_NULL(timestamp_add_interval(january, &(Interval){.months = 1}, 1, &out));
    CU_ASSERT_EQUAL(out, date_from_civil(1995, 2, 28) * DAY_US);
    CU_ASSERT_PTR_NULL(timestamp_add_interval(january, &(Interval){.months = 11, .days = 1, .us = -1}, -1, &out));
    CU_ASSERT_EQUAL(out, date_from_civil(1994, 2, 27) * DAY_US + 1);
    ASSERT_CODE(timestamp_add_interval(january, &(Interval){.months = INT32_MAX}, 1, &out), "22008");
    ASSERT_CODE(timestamp_add_interval(january, &(Interval){.days = INT32_MAX}, 1, &out), "22008");
}

int main(void)
{
    arena = arena_new("test");
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("data: dates", NULL, NULL);
    CU_add_test(suite, "dates", test_calendar);
    CU_add_test(suite, "timestamps", test_timestamps);
    CU_add_test(suite, "fields", test_fields);
    CU_add_test(suite, "intervals", test_intervals);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(arena);
    return failures != 0;
}
