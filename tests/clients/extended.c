/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extended query protocol, asked by libpq: compiled and run by `run`.  The connection comes from the environment
 * (PGHOST...).  Prints what is not as it should be, and "N passed, N failed".
 */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *conn;
static int passed, failed;

static void check(bool good, const char *what, const char *came)
{
    if (good)
        passed++;
    else
    {
        failed++;
        printf("%s: %s\n", what, came);
    }
}

#define SAME(what, came, expected)                                                                                     \
    do                                                                                                                 \
    {                                                                                                                  \
        const char *same_ = (came);                                                                                    \
        check(strcmp(same_, expected) == 0, what " is not " #expected, same_);                                         \
    } while (0)
#define COUNT(what, came, expected) check((came) == (expected), what, number(came))

static const char *number(long value)
{
    static char text[32];
    snprintf(text, sizeof text, "%ld", value);
    return text;
}

static const char *state_of(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL ? state : "none";
}

/* The statement's rows as text: values by '|', rows by ' '; the SQLSTATE if it failed. */
static const char *shown(PGresult *result)
{
    static char text[65536];
    size_t at = 0;
    text[0] = 0;
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_SINGLE_TUPLE)
    {
        const char *say = PQresultStatus(result) == PGRES_COMMAND_OK ? PQcmdStatus(result) : state_of(result);
        snprintf(text, sizeof text, "%s", say);
    }
    for (int row = 0; row < PQntuples(result) && at < sizeof text / 2; row++)
        for (int column = 0; column < PQnfields(result); column++)
            at += (size_t) snprintf(text + at, sizeof text - at, "%s%s", column > 0 ? "|" : row > 0 ? " " : "",
                                    PQgetisnull(result, row, column) ? "NULL" : PQgetvalue(result, row, column));
    PQclear(result);
    return text;
}

static const char *asked(const char *sql, int count, const char *const *values)
{
    return shown(PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0));
}

#define ASK(sql, expected, ...)                                                                                        \
    do                                                                                                                 \
    {                                                                                                                  \
        const char *const values_[] = {__VA_ARGS__};                                                                   \
        const char *came_ = asked(sql, (int) (sizeof values_ / sizeof *values_), values_);                             \
        check(strcmp(came_, expected) == 0, sql " is not " expected, came_);                                           \
    } while (0)
#define RUN(sql, expected)                                                                                             \
    do                                                                                                                 \
    {                                                                                                                  \
        const char *came_ = shown(PQexec(conn, sql));                                                                  \
        check(strcmp(came_, expected) == 0, sql " is not " expected, came_);                                           \
    } while (0)

/* --- parameters in text ------------------------------------------------------------------- */
static void parameters(void)
{
    RUN("create table ext (i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, b boolean, n decimal(15,2),"
        " c char(5), v varchar(20), d date, t time, tz timetz, ts timestamp, tstz timestamptz, iv interval, vb varbyte(10))",
        "CREATE TABLE");
    const char *row[] = {"1", "-2", "3000000000", "0.5", "1e100", "true", "12.345", "ab", "h\xc3\xa9llo",
                         "2024-02-29", "12:34:56.789", "01:02:03+02", "2024-02-29 12:00:00.5", "2024-02-29 12:00:00+01",
                         "1 day 02:03:04", "6162"};
    const char *came = asked("insert into ext values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)", 16, row);
    SAME("insert of every type", came, "INSERT 0 1");
    ASK("select * from ext where i4 = $1",
        "1|-2|3000000000|0.5|1e+100|t|12.35|ab   |h\xc3\xa9llo|2024-02-29|12:34:56.789|01:02:03+02|2024-02-29 "
        "12:00:00.5|2024-02-29 11:00:00+00|1 day 02:03:04|36313632",
        "-2");
    ASK("select $1", "x", "x");
    ASK("select $1 || $2", "ab", "a", "b");
    ASK("select $1::int + $2", "3", "1", "2");
    ASK("select 1 + $1", "NULL", NULL);
    ASK("select count(*) from ext where n between $1 and $2 and d < $3 and v like $4", "1", "12.349", "12.351", "2024-03-01",
        "h%");
    ASK("select count(*) from ext where n = $1", "0", "12.345");
    ASK("select i4 from ext limit $1", "-2", "1");
    ASK("select coalesce($1, 5)", "5", NULL);
    ASK("select $2::text, $1::int", "b|1", "1", "b");
    ASK("update ext set v = $2 where i4 = $1", "UPDATE 1", "-2", "new");
    ASK("explain select $1::int limit 0", "XN Values Scan  (cost=0.00..0.01 rows=1 width=4)", "1");
    ASK("delete from ext where i2 in ($1, $2)", "DELETE 1", "1", "7");
    ASK("select $1::int", "22P02", "abc");
    ASK("select $1::date", "22007", "abc");
    ASK("select $1 is null", "42P18", "1");
    ASK("select $1 + nothing from ext", "42703", "1");
    ASK("set $1 = 2", "42601", "1");
    ASK("", "none");
    ASK("select 1; select 2", "42601");
    ASK("show server_encoding", "UTF8");
    ASK("show tables from schema public like $1 limit 1", "dev|public|ext|TABLE|NULL|NULL", "ex_");
    ASK("show databases like $1", "", "no%");
    RUN("select $1", "42P02");
    Oid unknown_type = 99999;
    const char *one = "1";
    SAME("a type that is not", shown(PQexecParams(conn, "select $1", 1, &unknown_type, &one, NULL, NULL, 0)), "42704");
    PGresult *result = PQexecParams(conn, "", 0, NULL, NULL, NULL, NULL, 0);
    COUNT("an empty query", (long) PQresultStatus(result), PGRES_EMPTY_QUERY);
    PQclear(result);
    RUN("drop table ext", "DROP TABLE");
}

/* --- binary, both ways ---------------------------------------------------------------------- */
static void binary_one(Oid oid, const char *type, const char *text)
{
    char sql[256], back[256];
    snprintf(sql, sizeof sql, "select $1::%s", type);
    PGresult *out = PQexecParams(conn, sql, 1, NULL, &text, NULL, NULL, 1);
    if (PQresultStatus(out) != PGRES_TUPLES_OK || PQfformat(out, 0) != 1 || PQftype(out, 0) != oid)
    {
        check(false, sql, PQresultErrorMessage(out));
        PQclear(out);
        return;
    }
    const char *bytes = PQgetvalue(out, 0, 0);
    int length = PQgetlength(out, 0, 0), format = 1;
    PGresult *in = PQexecParams(conn, "select $1", 1, &oid, &bytes, &length, &format, 0);
    snprintf(back, sizeof back, "%s of %s came back as %s", type, text, PQgetvalue(in, 0, 0));
    check(PQresultStatus(in) == PGRES_TUPLES_OK && strcmp(PQgetvalue(in, 0, 0), text) == 0, back, PQresultErrorMessage(in));
    PQclear(in);
    PQclear(out);
}

static void binary(void)
{
    static const struct
    {
        Oid oid;
        const char *type, *text;
    } values[] = {
        {16, "boolean", "t"}, {16, "boolean", "f"}, {21, "smallint", "-32768"}, {23, "integer", "2147483647"},
        {20, "bigint", "-9223372036854775808"}, {700, "real", "0.1"}, {701, "float8", "1.7976931348623157e+308"},
        {701, "float8", "NaN"}, {701, "float8", "-Infinity"}, {1700, "decimal(38,10)", "-1234567890123456789012345678.0123456789"},
        {1700, "decimal(10,0)", "10000"}, {1700, "decimal(10,3)", "0.000"}, {1700, "decimal(18,5)", "0.00012"},
        {1043, "varchar(20)", "h\xc3\xa9 "}, {1082, "date", "0001-01-01"}, {1082, "date", "2024-02-29"},
        {1083, "time", "23:59:59.999999"}, {1266, "timetz", "12:00:00-03:30"}, {1114, "timestamp", "1999-12-31 23:59:59.999999"},
        {1184, "timestamptz", "2024-06-01 10:00:00+00"}, {1186, "interval", "-1 years -2 mons +3 days -04:05:06.7"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        binary_one(values[i].oid, values[i].type, values[i].text);
    Oid varbyte = 6551;
    const char *two = "\0\xff";
    int length = 2, format = 1;
    PGresult *result = PQexecParams(conn, "select $1, 'a'", 1, &varbyte, &two, &length, &format, 1);
    check(PQgetlength(result, 0, 0) == 2 && memcmp(PQgetvalue(result, 0, 0), two, 2) == 0, "bytes", state_of(result));
    PQclear(result);
    SAME("bytes in text", shown(PQexecParams(conn, "select $1", 1, &varbyte, &two, &length, &format, 0)), "00ff");
    result = PQexecParams(conn, "select 7::int4, 'ab'::char(4)", 0, NULL, NULL, NULL, NULL, 1);
    uint32_t seven = 0;
    if (PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 4)
        memcpy(&seven, PQgetvalue(result, 0, 0), 4);
    COUNT("an integer in binary", (long) ntohl(seven), 7);
    check(PQgetlength(result, 0, 1) == 4, "char(4) in binary", PQgetvalue(result, 0, 1));
    PQclear(result);
    Oid integer = 23;
    const char *bytes = "abc";
    length = 3;
    SAME("three bytes as an integer",
         shown(PQexecParams(conn, "select $1", 1, &integer, &bytes, &length, &format, 0)), "08P01");
    format = 2;
    SAME("a format that is not", shown(PQexecParams(conn, "select $1", 1, &integer, &bytes, &length, &format, 0)), "22023");
}

/* --- names -------------------------------------------------------------------------------------- */
static void prepared(void)
{
    RUN("create table kept (k integer, w varchar(10))", "CREATE TABLE");
    RUN("insert into kept values (1, 'one'), (2, 'two'), (3, 'three')", "INSERT 0 3");
    SAME("prepare", shown(PQprepare(conn, "p", "select w, k from kept where k >= $1 and w <> $2 order by k", 0, NULL)), "");
    SAME("prepare again", shown(PQprepare(conn, "p", "select 1", 0, NULL)), "42P05");
    PGresult *result = PQdescribePrepared(conn, "p");
    COUNT("parameters", (long) PQnparams(result), 2);
    COUNT("type of $1", (long) PQparamtype(result, 0), 23);
    COUNT("type of $2", (long) PQparamtype(result, 1), 1043);
    COUNT("columns", (long) PQnfields(result), 2);
    SAME("first column", PQfname(result, 0), "w");
    COUNT("its type", (long) PQftype(result, 0), 1043);
    COUNT("type of the second", (long) PQftype(result, 1), 23);
    PQclear(result);
    const char *values[] = {"2", "three"};
    SAME("run it", shown(PQexecPrepared(conn, "p", 2, values, NULL, NULL, 0)), "two|2");
    SAME("too few", shown(PQexecPrepared(conn, "p", 1, values, NULL, NULL, 0)), "08P01");
    RUN("execute p (1, 'one')", "two|2 three|3");
    RUN("prepare q (int) as select k + $1 from kept order by k", "PREPARE");
    SAME("PREPARE and Bind", shown(PQexecPrepared(conn, "q", 1, values, NULL, NULL, 0)), "3 4 5");
    result = PQdescribePrepared(conn, "q");
    COUNT("parameters of PREPARE", (long) PQnparams(result), 1);
    PQclear(result);
    ASK("execute q (10)", "11 12 13");
    RUN("deallocate p", "DEALLOCATE");
    SAME("after DEALLOCATE", shown(PQexecPrepared(conn, "p", 2, values, NULL, NULL, 0)), "26000");
    SAME("describe nothing", shown(PQdescribePrepared(conn, "none")), "26000");
    SAME("describe no portal", shown(PQdescribePortal(conn, "none")), "34000");
    SAME("no rows", shown(PQprepare(conn, "ins", "insert into kept values ($1, $2)", 0, NULL)), "");
    result = PQdescribePrepared(conn, "ins");
    COUNT("columns of an INSERT", (long) PQnfields(result), 0);
    COUNT("parameters of an INSERT", (long) PQnparams(result), 2);
    PQclear(result);
    SAME("insert", shown(PQexecPrepared(conn, "ins", 2, values, NULL, NULL, 0)), "INSERT 0 1");
    /* cursors are portals */
    RUN("begin", "BEGIN");
    RUN("declare c cursor for select k from kept order by k", "DECLARE CURSOR");
    result = PQdescribePortal(conn, "c");
    COUNT("columns of a cursor", (long) PQnfields(result), 1);
    PQclear(result);
    ASK("fetch 2 from c", "1 2");
    result = PQexecParams(conn, "fetch 1 from c", 0, NULL, NULL, NULL, NULL, 1);
    check(PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 4 && memcmp(PQgetvalue(result, 0, 0), "\0\0\0\2", 4) == 0,
          "FETCH in binary", PQresultErrorMessage(result));
    PQclear(result);
    ASK("close c", "CLOSE CURSOR");
    RUN("commit", "COMMIT");
    RUN("drop table kept", "DROP TABLE");
}

/* --- transactions and errors --------------------------------------------------------------------- */
static void transactions(void)
{
    ASK("create table tx (a integer not null)", "CREATE TABLE");
    ASK("begin", "BEGIN");
    ASK("insert into tx values ($1)", "INSERT 0 1", "1");
    ASK("insert into tx values ($1)", "23502", NULL);
    COUNT("a failed block", (long) PQtransactionStatus(conn), PQTRANS_INERROR);
    ASK("select 1", "25P02");
    ASK("commit", "ROLLBACK");
    ASK("select count(*) from tx", "0");
    ASK("insert into tx select $1", "INSERT 0 1", "5");
    ASK("select a from tx", "5");
    ASK("select 1 / $1", "22012", "0");
    COUNT("idle again", (long) PQtransactionStatus(conn), PQTRANS_IDLE);
    ASK("set application_name = 'ext'", "SET");
    SAME("told at once", PQparameterStatus(conn, "application_name"), "ext");
    ASK("drop table tx", "DROP TABLE");
}

static void pipelines(void)
{
    char text[16];
    const char *value = text;
    RUN("create table line (a integer)", "CREATE TABLE");
    check(PQenterPipelineMode(conn) == 1, "pipeline mode", PQerrorMessage(conn));
    for (int i = 1; i <= 50; i++)
    {
        snprintf(text, sizeof text, "%d", i);
        PQsendQueryParams(conn, "insert into line values ($1)", 1, NULL, &value, NULL, NULL, 0);
    }
    PQpipelineSync(conn);
    PQsendQueryParams(conn, "insert into line values (100)", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(conn, "select 1 / 0", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(conn, "insert into line values (101)", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    PQsendQueryParams(conn, "select count(*), sum(a) from line", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(conn);
    int inserts = 0, errors = 0, aborted = 0, syncs = 0;
    char sums[64] = "";
    for (int empty = 0; syncs < 3 && empty < 3;)
    {
        PGresult *result = PQgetResult(conn);
        empty = result == NULL ? empty + 1 : 0;
        if (result == NULL)
            continue;
        ExecStatusType status = PQresultStatus(result);
        inserts += status == PGRES_COMMAND_OK;
        errors += status == PGRES_FATAL_ERROR;
        aborted += status == PGRES_PIPELINE_ABORTED;
        syncs += status == PGRES_PIPELINE_SYNC;
        if (status == PGRES_TUPLES_OK)
            snprintf(sums, sizeof sums, "%s %s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
        PQclear(result);
    }
    COUNT("inserts in pipelines", (long) inserts, 51);
    COUNT("errors", (long) errors, 1);
    COUNT("passed over", (long) aborted, 1);
    COUNT("syncs", (long) syncs, 3);
    SAME("what an error leaves of its pipeline", sums, "50 1275");
    check(PQexitPipelineMode(conn) == 1, "end of the pipeline mode", PQerrorMessage(conn));
    RUN("drop table line", "DROP TABLE");
}

static void single_rows(void)
{
    RUN("create table many (a integer)", "CREATE TABLE");
    RUN("insert into many select * from generate_series(1, 10000)", "INSERT 0 10000");
    PQsendQueryParams(conn, "select a from many", 0, NULL, NULL, NULL, NULL, 1);
    check(PQsetSingleRowMode(conn) == 1, "single-row mode", PQerrorMessage(conn));
    long rows = 0, sum = 0;
    for (PGresult *result; (result = PQgetResult(conn)) != NULL; PQclear(result))
        if (PQresultStatus(result) == PGRES_SINGLE_TUPLE)
        {
            uint32_t value;
            memcpy(&value, PQgetvalue(result, 0, 0), 4);
            sum += ntohl(value);
            rows++;
        }
    COUNT("single rows", rows, 10000);
    COUNT("their sum", sum, 50005000);
    RUN("drop table many", "DROP TABLE");
}

/* COPY FROM STDIN in the extended protocol; and a statement of 16 MB less a little. */
static void bulk(void)
{
    RUN("create table copied (a integer, b varchar(10))", "CREATE TABLE");
    PGresult *result = PQexecParams(conn, "copy copied from stdin delimiter ','", 0, NULL, NULL, NULL, NULL, 0);
    COUNT("COPY", (long) PQresultStatus(result), PGRES_COPY_IN);
    PQclear(result);
    PQputCopyData(conn, "1,one\n2,two\n", 12);
    PQputCopyEnd(conn, NULL);
    SAME("COPY's tag", shown(PQgetResult(conn)), "COPY 2");
    check(PQgetResult(conn) == NULL, "COPY's end", PQerrorMessage(conn));
    ASK("select count(*), max(b) from copied", "2|two");
    result = PQexecParams(conn, "copy (select a, b from copied order by a) to stdout (format csv)", 0, NULL, NULL, NULL, NULL, 1);
    COUNT("COPY out", (long) PQresultStatus(result), PGRES_COPY_OUT);
    PQclear(result);
    char *row = NULL;
    int length_of_row = PQgetCopyData(conn, &row, 0);
    COUNT("a row's bytes", length_of_row, 6);
    SAME("a row", row == NULL ? "" : row, "1,one\n");
    PQfreemem(row);
    length_of_row = PQgetCopyData(conn, &row, 0);
    COUNT("another's", length_of_row, 6);
    PQfreemem(row);
    length_of_row = PQgetCopyData(conn, &row, 0);
    COUNT("COPY's end", length_of_row, -1);
    SAME("COPY's tag", shown(PQgetResult(conn)), "COPY 2");
    check(PQgetResult(conn) == NULL, "COPY's end", PQerrorMessage(conn));
    RUN("drop table copied", "DROP TABLE");
    size_t length = 16 * 1024 * 1024 - 100;
    char *sql = malloc(length + 101);
    memset(sql, ' ', length + 100);
    memcpy(sql, "select 1", 8);
    sql[length] = 0;
    SAME("16 MB", shown(PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0)), "1");
    sql[length] = ' ';
    sql[length + 100] = 0;
    sql[length + 101 - 1] = 0;
    SAME("16 MB", shown(PQexec(conn, sql)), "1");
    free(sql);
}

int main(void)
{
    conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK)
    {
        printf("%s", PQerrorMessage(conn));
        return 1;
    }
    parameters();
    binary();
    prepared();
    transactions();
    pipelines();
    single_rows();
    bulk();
    PQfinish(conn);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
