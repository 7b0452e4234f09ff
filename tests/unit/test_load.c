/* SPDX-License-Identifier: Apache-2.0 */
/* src/load: every option and every error; files cut at every byte; seeded random input against a slow parser. */
#include "base/core/assert.h"
#include "src/load/boundary.h"
#include "src/load/parse.h"
#include "src/load/splitter.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static char directory[64];
static Arena *arena;

static char *file_write(const char *name, const void *bytes, size_t length)
{
    char *path = arena_printf(arena, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    ASSERT(file != NULL && fwrite(bytes, 1, length, file) == length);
    fclose(file);
    return path;
}

/* ---- a plan by hand, and its rows as text ---- */

typedef struct Fixture
{
    LoadFormat format;
    int32_t column_count;
    LoadColumn columns[8];
    RowField fields[8];
    RowLayout layout;
} Fixture;

static void fixture_column(Fixture *f, const char *name, SqlType type, bool not_null)
{
    int32_t i = f->column_count++;
    f->columns[i] = (LoadColumn){.name = arena_strdup(arena, name), .type = type, .not_null = not_null, .position = i};
    f->columns[i].fallback.null = true;
    f->fields[i] = (RowField){.type = type, .rep = (uint8_t) type_rep(type), .null_offset = not_null ? -1 : 0};
    f->layout.field_count = f->column_count;
    f->layout.fields = f->fields;
}

/* a INTEGER, b VARCHAR(10), c DECIMAL(8,2) */
static void fixture_init(Fixture *f, LoadKind kind)
{
    memset(f, 0, sizeof *f);
    load_format_init(&f->format, kind);
    fixture_column(f, "a", type_make(TYPE_INTEGER), false);
    fixture_column(f, "b", type_varchar(10), false);
    fixture_column(f, "c", type_decimal(8, 2), false);
}

static void rows_print(Text *out, const Fixture *f, const char *rows, int64_t count)
{
    for (int64_t r = 0; r < count; r++)
        for (int32_t i = 0; i < f->column_count; i++)
        {
            Datum value = row_get(&f->layout, rows + r * f->layout.stride, i);
            if (value.null)
                text_puts(out, "<null>");
            else
                value_print(out, f->columns[i].type, &value);
            text_putc(out, i + 1 == f->column_count ? ';' : ',');
        }
}

static Error *units_read(Fixture *f, const LoadPlan *plan, LoadRejects *rejects, Text *out)
{
    char *rows = malloc((size_t) f->layout.stride * 3);
    Error *error = NULL;
    for (int32_t u = 0; u < plan->unit_count && error == NULL; u++)
    {
        LoadUnit *unit;
        int64_t count = 1;
        error = load_unit_open(plan, u, &f->layout, rejects, &unit);
        while (error == NULL && count > 0)
        {
            error = load_unit_next(unit, rows, 3, &count);
            if (error == NULL)
                rows_print(out, f, rows, count);
        }
        load_unit_close(unit);
    }
    free(rows);
    return error;
}

/* The plan survives the wire, too. */
static LoadPlan *plan_of(Fixture *f, const char *path, const int64_t *cuts, int32_t cut_count)
{
    struct stat status;
    ASSERT(stat(path, &status) == 0);
    row_layout_place(&f->layout);
    LoadFile file = {(char *) path, status.st_size};
    LoadFiles files = {1, &file, status.st_size};
    LoadPlan *plan = load_plan_make(arena, &f->format, f->columns, f->column_count, &files, 1), *copy;
    if (cut_count > 0)
    {
        plan->units = ARENA_ARRAY(arena, LoadPart, cut_count + 1);
        plan->unit_count = cut_count + 1;
        for (int32_t i = 0; i <= cut_count; i++)
            plan->units[i] = (LoadPart){0, i == 0 ? 0 : cuts[i - 1], i == cut_count ? status.st_size : cuts[i]};
    }
    Text bytes;
    text_init(&bytes, NULL);
    load_plan_write(&bytes, plan);
    ByteReader reader;
    reader_init(&reader, bytes.data, bytes.length);
    Error *error = load_plan_read(&reader, arena, &copy);
    CU_ASSERT_PTR_NULL_FATAL(error);
    error = reader_done(&reader, "plan");
    CU_ASSERT_PTR_NULL_FATAL(error);
    text_free(&bytes);
    return copy;
}

/* Rows of `input`, with "!code field line;" for each reject and "E..." for an error. */
static char *load_text_cut(Fixture *f, const void *input, size_t length, const int64_t *cuts, int32_t cut_count)
{
    char *path = file_write("input", input, length);
    LoadPlan *plan = plan_of(f, path, cuts, cut_count);
    LoadRejects *rejects = load_rejects_new(f->format.max_error);
    Text out;
    text_init(&out, arena);
    Error *error = units_read(f, plan, rejects, &out);
    for (int64_t i = 0; i < rejects->kept && error == NULL; i++)
        text_printf(&out, "!%d %d %lld;", rejects->rejects[i].code, rejects->rejects[i].field, (long long) rejects->rejects[i].line);
    if (error != NULL)
        text_printf(&out, "E%s %s", sqlstate_code(error->state), error->message);
    error_free(error);
    load_rejects_free(rejects);
    return out.data == NULL ? arena_strdup(arena, "") : out.data;
}

static char *load_text(Fixture *f, const char *input)
{
    return load_text_cut(f, input, strlen(input), NULL, 0);
}

static void expect(Fixture *f, const char *input, const char *rows)
{
    char *got = load_text(f, input);
    if (strcmp(got, rows) != 0)
        printf("\n  input    %s\n  expected %s\n  got      %s\n", input, rows, got);
    CU_ASSERT_STRING_EQUAL(got, rows);
}

/* ---- formats and options ---- */

static void test_delimited(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    expect(&f, "1|x|2.5\n-7|yy|-0.25\n", "1,x,2.50;-7,yy,-0.25;");
    expect(&f, "1|x|2.5|\n2|y|3|\n", "1,x,2.50;2,y,3.00;"); /* a delimiter behind the last field */
    expect(&f, "1|x|2.5\r\n2|y|3|\r\n", "1,x,2.50;2,y,3.00;");
    expect(&f, "1|x|2.5", "1,x,2.50;"); /* no newline at the end */
    expect(&f, "", "");
    expect(&f, "1|\\N|\\N\n|||\n", "1,<null>,<null>;<null>,,<null>;");
    expect(&f, "+5| b |1e2\n 6 |c|.5\n", "5, b ,100.00;6,c,0.50;"); /* not so simple: value_parse */
    expect(&f, "1|x|2.567\n1|x|-2.567\n", "1,x,2.56;1,x,-2.56;"); /* COPY cuts */
    expect(&f, "  |x|  \n", "<null>,x,<null>;"); /* blank fields that are no strings are null */
    f.format.round_decimals = true;
    expect(&f, "1|x|2.567\n", "1,x,2.57;");
    f.format.delimiter = '\t';
    expect(&f, "1\ta|b\t2\n", "1,a|b,2.00;");
    expect(&f, "1\t\xc3\xa4\t2\n", "1,\xc3\xa4,2.00;");
}

static void test_options(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.format.null_as = (char *) "NIL";
    expect(&f, "NIL|NIL|NIL\n1|NILS|1\n", "<null>,<null>,<null>;1,NILS,1.00;");
    f.format.null_as = (char *) "";
    expect(&f, "||\n", "<null>,<null>,<null>;");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.escape = true;
    expect(&f, "1|a\\|b|2\n2|c\\\nd|3\n3|e\\\\|4\n\\N|\\N|5\n", "1,a|b,2.00;2,c\nd,3.00;3,e\\,4.00;<null>,<null>,5.00;");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.ignore_blank_lines = true;
    expect(&f, "\n1|x|2\n\r\n\n2|y|3\n\n", "1,x,2.00;2,y,3.00;");
    f.format.ignore_header = 2;
    expect(&f, "head\n\n1|x|2\n", "1,x,2.00;");
    expect(&f, "head", "");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.trim_blanks = true;
    expect(&f, "1| x  |2\n", "1, x,2.00;");
    f.format.blanks_as_null = true;
    expect(&f, "1|   |2\n2||2\n", "1,<null>,2.00;2,,2.00;");
    f.format.empty_as_null = true;
    expect(&f, "1||2\n", "1,<null>,2.00;");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.fill_record = true;
    expect(&f, "1\n2|x\n", "1,,<null>;2,x,<null>;");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.truncate_columns = true;
    expect(&f, "1|abcdefghijklm|2\n1|abcdefghi\xc3\xa4|2\n", "1,abcdefghij,2.00;1,abcdefghi,2.00;");
    fixture_init(&f, LOAD_DELIMITED);
    expect(&f, "1|abcdefghij   |2\n", "1,abcdefghij,2.00;"); /* blanks may be cut */
    f.format.accept_invalid_chars = true;
    expect(&f, "1|a\xff\xc3z|2\n", "1,a??z,2.00;");
}

static void test_csv(void)
{
    Fixture f;
    fixture_init(&f, LOAD_CSV);
    expect(&f, "1,x,2\n2,\"a,b\",3\n3,\"q\"\"q\",4\n4,\"l1\nl2\",5\n5,\"\",6\n", "1,x,2.00;2,a,b,3.00;3,q\"q,4.00;4,l1\nl2,5.00;5,,6.00;");
    expect(&f, "\"1\",\"x\",\"2.5\"\r\n\"2\",\"\\N\",\\N\r\n", "1,x,2.50;2,\\N,<null>;"); /* what is quoted is not null */
    f.format.ignore_header = 1;
    expect(&f, "a,\"b\nb\",c\n1,x,2\n", "1,x,2.00;");
    fixture_init(&f, LOAD_CSV);
    f.format.quote = '\'';
    f.format.delimiter = ';';
    expect(&f, "1;'a\"';2\n2;'b''';3\n", "1,a\",2.00;2,b',3.00;");
    fixture_init(&f, LOAD_CSV);
    f.format.max_error = 10;
    expect(&f, "1,x\"y\",2\n2,\"a\"b,3\n3,z,4\n", "3,z,4.00;!1214 2 1;!1214 2 2;");
    expect(&f, "1,a,2\n2,\"open,3\n", "1,a,2.00;!1214 0 2;");
}

static void test_types(void)
{
    Fixture f;
    memset(&f, 0, sizeof f);
    load_format_init(&f.format, LOAD_DELIMITED);
    fixture_column(&f, "d", type_make(TYPE_DATE), false);
    fixture_column(&f, "t", type_make(TYPE_TIMESTAMP), false);
    fixture_column(&f, "x", type_make(TYPE_BOOLEAN), false);
    fixture_column(&f, "y", type_make(TYPE_DOUBLE), false);
    fixture_column(&f, "s", type_make(TYPE_SMALLINT), false);
    fixture_column(&f, "h", type_decimal(38, 10), false);
    fixture_column(&f, "k", type_char(5), false);
    expect(&f, "1998-12-01|1998-12-01 10:11:12|t|1.5|32767|12345678901234567890.5|ab\n",
           "1998-12-01,1998-12-01 10:11:12,t,1.5,32767,12345678901234567890.5000000000,ab   ;");
    expect(&f, "2000-02-29|2000-02-29 23:59:59.25|false|-1e3|-32768|-1|  \n",
           "2000-02-29,2000-02-29 23:59:59.25,f,-1000,-32768,-1.0000000000,     ;");
    f.format.max_error = 100;
    expect(&f, "1999-02-29|\\N|\\N|\\N|\\N|\\N|\\N\n\\N|1999-01-01 25:00:00|\\N|\\N|\\N|\\N|\\N\n"
               "\\N|\\N|maybe|\\N|\\N|\\N|\\N\n\\N|\\N|\\N|1.x|\\N|\\N|\\N\n\\N|\\N|\\N|\\N|32768|\\N|\\N\n"
               "\\N|\\N|\\N|\\N|\\N|1.2.3|\\N\n\\N|\\N|\\N|\\N|\\N|\\N|abcdef\n\\N|\\N|\\N|\\N|x|\\N|\\N\n",
           "!1205 1 1;!1206 2 2;!1210 3 3;!1208 4 4;!1222 5 5;!1209 6 6;!1204 7 7;!1207 5 8;");
    f.format.accept_any_date = true;
    expect(&f, "1999-02-29|x|\\N|\\N|\\N|\\N|\\N\n", "<null>,<null>,<null>,<null>,<null>,<null>,<null>;");
    f.format.accept_any_date = false;
    f.format.date_format = (char *) "MM/DD/YYYY";
    f.format.time_format = (char *) "epochsecs";
    expect(&f, "12/31/1999|86400|\\N|\\N|\\N|\\N|\\N\n", "1999-12-31,1970-01-02 00:00:00,<null>,<null>,<null>,<null>,<null>;");
}

static void test_columns(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.columns[0].position = -1; /* a has a default, b and c come the other way round */
    f.columns[0].fallback = (Datum){.i = 42};
    f.columns[1].position = 1;
    f.columns[2].position = 0;
    expect(&f, "2.5|x\n", "42,x,2.50;");
    f.columns[0].fallback.null = true;
    expect(&f, "2.5|x\n", "<null>,x,2.50;");
    f.columns[0].not_null = true;
    char *got = load_text(&f, "2.5|x\n");
    CU_ASSERT(strncmp(got, "E23502", 6) == 0);
    fixture_init(&f, LOAD_DELIMITED);
    f.columns[1].not_null = true;
    f.format.max_error = 5;
    expect(&f, "1|\\N|2\n2||3\n", "2,,3.00;!1213 2 1;");
}

static void test_rejects(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.format.max_error = 7;
    expect(&f, "1|x\n1|x|2|y\n\nx|x|1\n1|abcdefghijk|1\n1|x|9999999\n1|\xff|1\n8|ok|1\n",
           "8,ok,1.00;!1203 3 1;!1202 0 2;!1203 2 3;!1207 1 4;!1204 2 5;!1204 3 6;!1220 2 7;");
    f.format.max_error = 0;
    char *got = load_text(&f, "1|a|1\n2|b|2\n3|c|12x4\n");
    CU_ASSERT(strncmp(got, "1,a,1.00;", 0) == 0);
    char *error = strstr(got, "E22P04");
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "/input\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "line 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "column \"c\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "(field \"12x4\")"));
    f.format.max_error = 1;
    CU_ASSERT(strstr(load_text(&f, "x|a|1\n2|b|2\n"), "E22P04") == NULL);
    CU_ASSERT(strstr(load_text(&f, "x|a|1\ny|b|2\n"), "E22P04") != NULL);
}

static void test_reject_details(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.format.max_error = 3;
    const char *input = "1|a|1\n22|bb|zz|\n";
    LoadPlan *plan = plan_of(&f, file_write("details", input, strlen(input)), NULL, 0);
    LoadRejects *rejects = load_rejects_new(3), *other = load_rejects_new(3);
    Text out;
    text_init(&out, arena);
    CU_ASSERT_PTR_NULL(units_read(&f, plan, rejects, &out));
    Text wire;
    text_init(&wire, arena);
    load_rejects_write(&wire, rejects);
    ByteReader reader;
    reader_init(&reader, wire.data, wire.length);
    CU_ASSERT_PTR_NULL(load_rejects_read(&reader, other));
    CU_ASSERT_FATAL(other->kept == 1 && other->count == 1);
    const LoadReject *r = &other->rejects[0];
    CU_ASSERT(r->line == 2 && r->start_byte == 6 && r->field == 3 && r->position == 6 && r->code == LOAD_ERROR_DECIMAL);
    CU_ASSERT_STRING_EQUAL(r->raw_line, "22|bb|zz|");
    CU_ASSERT_STRING_EQUAL(r->raw_field, "zz");
    CU_ASSERT_STRING_EQUAL(r->column, "c");
    CU_ASSERT(r->type.id == TYPE_DECIMAL && r->type.precision == 8);
    CU_ASSERT_PTR_NULL(load_rejects_error(other));
    other->count = 4;
    Error *error = load_rejects_error(other);
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
    load_rejects_free(rejects);
    load_rejects_free(other);
}

static void test_format_check(void)
{
    LoadFormat format;
    load_format_init(&format, LOAD_CSV);
    CU_ASSERT_PTR_NULL(load_format_check(&format));
    format.escape = true;
    Error *error = load_format_check(&format);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_INVALID_PARAMETER_VALUE);
    error_free(error);
    load_format_init(&format, LOAD_CSV);
    format.delimiter = '"';
    error = load_format_check(&format);
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
    load_format_init(&format, LOAD_DELIMITED);
    format.max_error = LOAD_MAXERROR_MAX + 1;
    error = load_format_check(&format);
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
}

/* ---- cuts ---- */

static void cut_everywhere(Fixture *f, const char *input)
{
    int64_t length = (int64_t) strlen(input);
    char *whole = load_text(f, input);
    CU_ASSERT(strchr(whole, 'E') == NULL);
    for (int64_t a = 0; a <= length; a++)
    {
        char *cut = load_text_cut(f, input, (size_t) length, &a, 1);
        if (strcmp(cut, whole) != 0)
            printf("\n  cut at %lld: %s\n  whole     : %s\n", (long long) a, cut, whole);
        CU_ASSERT_STRING_EQUAL_FATAL(cut, whole);
        int64_t cuts[3] = {a, (a + length) / 2, length - (length - a) / 4};
        CU_ASSERT_STRING_EQUAL_FATAL(load_text_cut(f, input, (size_t) length, cuts, 3), whole);
    }
    int64_t *all = ARENA_ARRAY(arena, int64_t, length);
    for (int64_t a = 0; a < length; a++)
        all[a] = a;
    CU_ASSERT_STRING_EQUAL(load_text_cut(f, input, (size_t) length, all, (int32_t) length), whole);
}

static void test_cuts(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.format.max_error = 100;
    cut_everywhere(&f, "1|a|1\n2|b|2\nx|bad|3\n\n4||4|\r\n5|e|5");
    f.format.ignore_header = 2;
    cut_everywhere(&f, "head|er\nmore\n1|a|1\n2|b|2\n");
    fixture_init(&f, LOAD_DELIMITED);
    f.format.escape = true;
    f.format.max_error = 100;
    cut_everywhere(&f, "1|a\\\nb|1\n2|\\\\|2\n3|\\\\\\\n\\||3\nx\\\n|y|z\n4|d\\\\\\\\|4\n");
    fixture_init(&f, LOAD_CSV);
    f.format.max_error = 100;
    cut_everywhere(&f, "1,a,1\n2,\"b,\"\"\n\"\"\n,\",2\n3,\"\",3\n4,\",\",4\n5,\"\n\",5\n6,\"\"\"\",6\n\"7\",\"\"\"\n\"\"\",\"7\"\r\n\"8\",\"e\",\"8\"");
    cut_everywhere(&f, "1,\",\",1\n2,\",\",2\n3,\",\",3\n");
    cut_everywhere(&f, "1,a,1\n2,b,2\n3,c,3\n");
    f.format.ignore_header = 1;
    cut_everywhere(&f, "\"a\nb\",\"c\n\"\n1,\"x\n\",1\nbad,\"\n\",2\n3,c,3\n");
}

/* A quote astray: whatever the cuts, the rows are those of the uncut file, or the load fails. */
static void test_stray_quotes(void)
{
    const char *input = "1,a,1\n2,b\"b,2\n3,\"c\nc\",3\n4,\"d\",4\n5,e\"e,5\n6,\"f\",6\n";
    Fixture f;
    fixture_init(&f, LOAD_CSV);
    f.format.max_error = 100;
    char *whole = load_text(&f, input);
    int64_t length = (int64_t) strlen(input), failed = 0;
    for (int64_t a = 0; a <= length; a++)
    {
        char *cut = load_text_cut(&f, input, (size_t) length, &a, 1);
        bool fails = strstr(cut, "E22P04") != NULL;
        failed += fails;
        if (!fails)
            CU_ASSERT_STRING_EQUAL(cut, whole);
    }
    CU_ASSERT(failed < length);
}

/* ---- against a slow parser, on random input ---- */

static uint64_t random_state;
static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (random_state >> 33) % limit;
}

/* One random CSV file of well-formed records, and the rows it should give. */
static void csv_make(Text *input, Text *rows)
{
    static const char alphabet[] = "ab,\"\n \r|\\xyz";
    int32_t count = (int32_t) random_below(30);
    for (int32_t r = 0; r < count; r++)
    {
        char text[11];
        int32_t length = (int32_t) random_below(10);
        for (int32_t i = 0; i < length; i++)
            text[i] = alphabet[random_below(sizeof alphabet - 1)];
        text[length] = 0;
        bool quote = strpbrk(text, ",\"\n\r") != NULL || random_below(3) == 0;
        text_printf(input, "%d,", r);
        if (quote)
            text_putc(input, '"');
        for (int32_t i = 0; i < length; i++)
        {
            if (text[i] == '"')
                text_putc(input, '"');
            text_putc(input, text[i]);
        }
        if (quote)
            text_putc(input, '"');
        text_printf(input, ",%d.%02d%s", r * 7, r % 100, r + 1 < count || random_below(2) ? (random_below(4) == 0 ? "\r\n" : "\n") : "");
        text_printf(rows, "%d,%s,%d.%02d;", r, text, r * 7, r % 100);
    }
}

static void test_random_csv(void)
{
    Fixture f;
    fixture_init(&f, LOAD_CSV);
    for (int32_t round = 0; round < 400; round++)
    {
        random_state = (uint64_t) round;
        Text input, rows;
        text_init(&input, NULL);
        text_init(&rows, NULL);
        text_puts(&input, "");
        text_puts(&rows, "");
        csv_make(&input, &rows);
        int64_t cuts[4];
        for (int32_t i = 0; i < 4; i++)
            cuts[i] = (int64_t) random_below((uint32_t) input.length + 1);
        for (int32_t i = 1; i < 4; i++)
            for (int32_t k = i; k > 0 && cuts[k] < cuts[k - 1]; k--)
            {
                int64_t swap = cuts[k];
                cuts[k] = cuts[k - 1];
                cuts[k - 1] = swap;
            }
        char *got = load_text_cut(&f, input.data, input.length, cuts, 4);
        if (strcmp(got, rows.data) != 0)
            printf("\n  round %d\n%s\n  expected %s\n  got      %s\n", round, input.data, rows.data, got);
        CU_ASSERT_STRING_EQUAL(got, rows.data);
        text_free(&input);
        text_free(&rows);
    }
}

/* Bytes of any kind must never do harm; all instruction sets must agree. */
static void test_random_bytes(void)
{
    static const char alphabet[] = "0123456789.-|,\"\n\\\r \xc3\xa4xN";
    for (int32_t round = 0; round < 600; round++)
    {
        random_state = 77777u + (uint64_t) round;
        size_t length = random_below(400);
        char *bytes = arena_zalloc(arena, length + SPLIT_SLACK + 1);
        for (size_t i = 0; i < length; i++)
            bytes[i] = alphabet[random_below(sizeof alphabet - 1)];
        Fixture f;
        fixture_init(&f, round % 2 ? LOAD_CSV : LOAD_DELIMITED);
        f.format.escape = round % 4 == 2;
        f.format.fill_record = round % 3 == 0;
        f.format.accept_invalid_chars = round % 5 == 0;
        f.format.max_error = 1000;
        (void) load_text_cut(&f, bytes, length, NULL, 0);
        uint32_t marks[3][512];
        LoadSplit split[3];
        for (int32_t isa = 0; isa < 3; isa++)
            if (!load_split_with(isa, &f.format, bytes, length, marks[isa], &split[isa]))
            {
                split[isa] = split[0];
                memcpy(marks[isa], marks[0], sizeof marks[0]);
            }
        for (int32_t isa = 1; isa < 3; isa++)
            CU_ASSERT(split[isa].mark_count == split[0].mark_count && split[isa].inside == split[0].inside &&
                      split[isa].has_high == split[0].has_high &&
                      memcmp(marks[isa], marks[0], split[0].mark_count * sizeof marks[0][0]) == 0);
    }
}

/* ---- streams, compression, long records ---- */

static void test_stream(void)
{
    static const char input[] = "head\n1,\"a\nb\",1\n2,c,2\nbad,d,3\n4,e,4";
    Fixture f;
    fixture_init(&f, LOAD_CSV);
    f.format.ignore_header = 1;
    f.format.max_error = 5;
    LoadPlan *plan = plan_of(&f, file_write("none", "", 0), NULL, 0);
    for (size_t step = 1; step < sizeof input; step++)
    {
        LoadRejects *rejects = load_rejects_new(5);
        LoadStream *stream;
        CU_ASSERT_PTR_NULL_FATAL(load_stream_open(plan, &f.layout, rejects, &stream));
        Text out;
        text_init(&out, NULL);
        char *rows = malloc((size_t) f.layout.stride * 2);
        for (size_t at = 0; at <= sizeof input - 1; at += step)
        {
            size_t length = sizeof input - 1 - at < step ? sizeof input - 1 - at : step;
            load_stream_feed(stream, input + at, length);
            if (at + step > sizeof input - 1)
                load_stream_finish(stream);
            int64_t count;
            do
            {
                CU_ASSERT_PTR_NULL_FATAL(load_stream_next(stream, rows, 2, &count));
                rows_print(&out, &f, rows, count);
            } while (count > 0);
        }
        CU_ASSERT_STRING_EQUAL(out.data, "1,a\nb,1.00;2,c,2.00;4,e,4.00;");
        CU_ASSERT(rejects->kept == 1 && rejects->rejects[0].line == 5);
        LoadCounters counters;
        load_stream_counters(stream, &counters);
        CU_ASSERT(counters.rows == 3 && counters.lines == 4);
        load_stream_close(stream);
        load_rejects_free(rejects);
        text_free(&out);
        free(rows);
    }
    CU_ASSERT(load_records_whole(&f.format, "1,\"a\nb\",1\n2,", 12) == 10);
    CU_ASSERT(load_records_whole(&f.format, "1,\"a\nb", 6) == 0);
}

static void test_stop_mark(void)
{
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    LoadPlan *plan = plan_of(&f, file_write("none", "", 0), NULL, 0);
    LoadRejects *rejects = load_rejects_new(0);
    LoadStream *stream;
    CU_ASSERT_PTR_NULL_FATAL(load_stream_open(plan, &f.layout, rejects, &stream));
    char *rows = malloc((size_t) f.layout.stride * 4);
    int64_t count;
    load_stream_feed(stream, "1|a|1\n\\.\n2|", 11);
    CU_ASSERT_PTR_NULL(load_stream_next(stream, rows, 4, &count));
    CU_ASSERT(count == 1);
    load_stream_feed(stream, "b|2\n", 4);
    load_stream_finish(stream);
    CU_ASSERT_PTR_NULL(load_stream_next(stream, rows, 4, &count));
    CU_ASSERT(count == 0);
    load_stream_close(stream);
    load_rejects_free(rejects);
    free(rows);
}

static void test_compressed(void)
{
    Text input, expected;
    text_init(&input, NULL);
    text_init(&expected, NULL);
    for (int32_t i = 0; i < 40000; i++)
    {
        text_printf(&input, "%d|row %d|%d.5\n", i, i % 1000, i);
        text_printf(&expected, "%d,row %d,%d.50;", i, i % 1000, i);
    }
    size_t packed_max = ZSTD_compressBound(input.length) + input.length + 1000;
    char *packed = malloc(packed_max);
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    f.format.compression = LOAD_ZSTD;
    /* two frames, one behind the other */
    size_t half = input.length / 2;
    size_t first = ZSTD_compress(packed, packed_max, input.data, half, 3);
    size_t second = ZSTD_compress(packed + first, packed_max - first, input.data + half, input.length - half, 3);
    CU_ASSERT_STRING_EQUAL(load_text_cut(&f, packed, first + second, NULL, 0), expected.data);
    char *got = load_text_cut(&f, packed, first + second - 10, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "E58030"));
    char *path = arena_printf(arena, "%s/input", directory);
    gzFile gz = gzopen(path, "wb");
    CU_ASSERT(gzwrite(gz, input.data, (unsigned) input.length) == (int) input.length);
    gzclose(gz);
    FILE *file = fopen(path, "re");
    size_t gz_length = fread(packed, 1, packed_max, file);
    fclose(file);
    f.format.compression = LOAD_GZIP;
    f.format.ignore_header = 1;
    got = load_text_cut(&f, packed, gz_length, NULL, 0);
    CU_ASSERT_STRING_EQUAL(got, expected.data + strlen("0,row 0,0.50;"));
    packed[gz_length - 6] ^= 0x55; /* the checksum */
    got = load_text_cut(&f, packed, gz_length, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "E58030"));
    f.format.compression = LOAD_PLAIN;
    f.format.ignore_header = 0;
    int64_t cuts[3] = {100000, 300001, 500007};
    CU_ASSERT_STRING_EQUAL(load_text_cut(&f, input.data, input.length, cuts, 3), expected.data);
    free(packed);
    text_free(&input);
    text_free(&expected);
}

static void test_long_records(void)
{
    Fixture f;
    fixture_init(&f, LOAD_CSV);
    f.columns[1].type = f.fields[1].type = type_varchar(65535);
    f.format.truncate_columns = true;
    size_t length = 3000000;
    char *input = malloc(length + 100);
    memset(input, 'x', length + 100);
    memcpy(input, "1,", 2);
    memcpy(input + length, ",1\n2,b,2\n", 9);
    char *got = load_text_cut(&f, input, length + 9, NULL, 0);
    CU_ASSERT(strlen(got) == 2 + 65535 + 6 + 9);
    CU_ASSERT_STRING_EQUAL(got + strlen(got) - 9, "2,b,2.00;");
    free(input);
    length = 9000000;
    input = malloc(length);
    memset(input, 'x', length);
    memcpy(input, "1,a,1\n2,\"", 9);
    got = load_text_cut(&f, input, length, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "line 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "longer than"));
    free(input);
}

/* ---- files ---- */

static SqlState find_state(const char *path, bool manifest, LoadFiles *files)
{
    const char *allowed[2] = {arena_printf(arena, "%s/open", directory), "/nowhere"};
    Error *error = load_files_find(arena, path, manifest, allowed, 2, files);
    SqlState state = error == NULL ? SQLSTATE_COUNT : error->state;
    error_free(error);
    return state;
}

static void test_files(void)
{
    LoadFiles files;
    mkdir(arena_printf(arena, "%s/open", directory), 0700);
    mkdir(arena_printf(arena, "%s/open/sub", directory), 0700);
    mkdir(arena_printf(arena, "%s/opener", directory), 0700);
    file_write("open/t.2", "22", 2);
    file_write("open/t.1", "1", 1);
    file_write("open/sub/t.3", "333", 3);
    file_write("opener/t.1", "1", 1);
    file_write("secret", "x", 1);
    CU_ASSERT(find_state(arena_printf(arena, "%s/open/t", directory), false, &files) == SQLSTATE_COUNT);
    CU_ASSERT(files.count == 2 && files.size_bytes == 3 && strstr(files.files[0].path, "t.1") != NULL);
    CU_ASSERT(find_state(arena_printf(arena, "file://%s/open/", directory), false, &files) == SQLSTATE_COUNT);
    CU_ASSERT(files.count == 3 && files.size_bytes == 6);
    CU_ASSERT(find_state(arena_printf(arena, "%s/open/none", directory), false, &files) == SQLSTATE_UNDEFINED_FILE);
    CU_ASSERT(find_state(arena_printf(arena, "%s/secret", directory), false, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    CU_ASSERT(find_state(arena_printf(arena, "%s/opener/t", directory), false, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    CU_ASSERT(find_state(arena_printf(arena, "%s/open/../secret", directory), false, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    CU_ASSERT(find_state(arena_printf(arena, "%s/nothing/here", directory), false, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    CU_ASSERT(find_state("relative", false, &files) == SQLSTATE_INVALID_PARAMETER_VALUE);
    CU_ASSERT(symlink(arena_printf(arena, "%s/secret", directory), arena_printf(arena, "%s/open/link", directory)) == 0);
    CU_ASSERT(find_state(arena_printf(arena, "%s/open/li", directory), false, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    unlink(arena_printf(arena, "%s/open/link", directory));
    /* found, and then a directory on the way becomes a link to where the same name is */
    int fd;
    int64_t size;
    char *sub = arena_printf(arena, "%s/open/sub", directory), *away = arena_printf(arena, "%s/open/away", directory);
    CU_ASSERT(find_state(arena_printf(arena, "%s/t.3", sub), false, &files) == SQLSTATE_COUNT);
    CU_ASSERT(load_file_open(files.files[0].path, &fd, &size) == NULL && size == 3 && close(fd) == 0);
    CU_ASSERT(rename(sub, away) == 0 && symlink(away, sub) == 0);
    Error *swapped = load_file_open(files.files[0].path, &fd, &size);
    CU_ASSERT(swapped != NULL && swapped->state == SQLSTATE_IO_ERROR);
    error_free(swapped);
    CU_ASSERT(unlink(sub) == 0 && rename(away, sub) == 0);
    char *good = arena_printf(arena, "{\"entries\":[{\"url\":\"%s/open/t.2\",\"mandatory\":true},{\"url\":\"file://%s/open/t.1\"},"
                                     "{\"url\":\"%s/open/t.2\"},{\"url\":\"%s/open/gone\",\"mandatory\":false}]}",
                              directory, directory, directory, directory);
    char *path = file_write("open/manifest", good, strlen(good));
    CU_ASSERT(find_state(path, true, &files) == SQLSTATE_COUNT);
    CU_ASSERT(files.count == 3 && files.size_bytes == 5 && strstr(files.files[2].path, "t.2") != NULL);
    char *missing = arena_printf(arena, "{\"entries\":[{\"url\":\"%s/open/gone\",\"mandatory\":true}]}", directory);
    file_write("open/manifest", missing, strlen(missing));
    CU_ASSERT(find_state(path, true, &files) == SQLSTATE_UNDEFINED_FILE);
    char *outside = arena_printf(arena, "{\"entries\":[{\"url\":\"%s/secret\"}]}", directory);
    file_write("open/manifest", outside, strlen(outside));
    CU_ASSERT(find_state(path, true, &files) == SQLSTATE_INSUFFICIENT_PRIVILEGE);
    file_write("open/manifest", "{nonsense", 9);
    CU_ASSERT(find_state(path, true, &files) == SQLSTATE_INVALID_PARAMETER_VALUE);
}

static void test_units(void)
{
    LoadFile files[3] = {{(char *) "/a", 300 * INT64_C(1000000)}, {(char *) "/b", 0}, {(char *) "/c", 5}};
    LoadFiles list = {3, files, files[0].size_bytes + 5};
    Fixture f;
    fixture_init(&f, LOAD_DELIMITED);
    for (int32_t workers = 1; workers < 40; workers += 3)
    {
        LoadPlan *plan = load_plan_make(arena, &f.format, f.columns, 3, &list, workers);
        int64_t covered[3] = {0, 0, 0};
        for (int32_t u = 0; u < plan->unit_count; u++)
        {
            const LoadPart *part = &plan->units[u];
            CU_ASSERT(part->from == covered[part->file] && part->to >= part->from && part->to - part->from <= LOAD_UNIT_BYTES);
            covered[part->file] = part->to;
        }
        for (int32_t i = 0; i < 3; i++)
            CU_ASSERT(covered[i] == files[i].size_bytes);
        CU_ASSERT(plan->unit_count >= 7 && plan->unit_count <= 4 * workers + 8);
    }
    f.format.compression = LOAD_GZIP;
    CU_ASSERT(load_plan_make(arena, &f.format, f.columns, 3, &list, 8)->unit_count == 3);
}

int main(void)
{
    snprintf(directory, sizeof directory, "/tmp/stoa-test-load-XXXXXX");
    if (mkdtemp(directory) == NULL || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    arena = arena_new("test_load");
    CU_pSuite suite = CU_add_suite("load", NULL, NULL);
    CU_add_test(suite, "delimited", test_delimited);
    CU_add_test(suite, "options", test_options);
    CU_add_test(suite, "csv", test_csv);
    CU_add_test(suite, "types", test_types);
    CU_add_test(suite, "columns", test_columns);
    CU_add_test(suite, "rejects", test_rejects);
    CU_add_test(suite, "reject details", test_reject_details);
    CU_add_test(suite, "format check", test_format_check);
    CU_add_test(suite, "cuts at every byte", test_cuts);
    CU_add_test(suite, "stray quotes", test_stray_quotes);
    CU_add_test(suite, "random csv", test_random_csv);
    CU_add_test(suite, "random bytes", test_random_bytes);
    CU_add_test(suite, "stream", test_stream);
    CU_add_test(suite, "stop mark", test_stop_mark);
    CU_add_test(suite, "compressed", test_compressed);
    CU_add_test(suite, "long records", test_long_records);
    CU_add_test(suite, "files", test_files);
    CU_add_test(suite, "units", test_units);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    const char *left[] = {"open/sub/t.3", "open/sub", "open/t.1", "open/t.2", "open/manifest", "open", "opener/t.1", "opener",
                          "secret", "input", "none", "details", ""};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        (void) remove(arena_printf(arena, "%s/%s", directory, left[i]));
    arena_free(arena);
    return failed != 0;
}
