/* SPDX-License-Identifier: Apache-2.0 */
/* pgjdbc in its ways to ask: run by `run`, with the connection in the environment. */
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class Jdbc {
    static int passed, failed;
    static String way;

    static void same(String what, Object came, Object expected) {
        if (expected == null ? came == null : expected.equals(came)) {
            passed++;
        } else {
            failed++;
            System.out.println(way + ": " + what + ": " + came + ", not " + expected);
        }
    }

    interface Step {
        void run() throws Exception;
    }

    static void fails(String what, String state, Step step) throws Exception {
        try {
            step.run();
            same(what, "no error", state);
        } catch (SQLException e) {
            same(what, e.getSQLState(), state);
        }
    }

    static Connection connect(String options) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
            + System.getenv("PGDATABASE") + "?loggerLevel=OFF" + System.getenv().getOrDefault("JDBC_OPTIONS", "") + options, System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
    }

    static String text(ResultSet rows) throws SQLException {
        StringBuilder text = new StringBuilder();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            text.append(text.length() > 0 ? " " : "");
            for (int i = 1; i <= columns; i++) {
                text.append(i > 1 ? "|" : "").append(rows.getString(i));
            }
        }
        return text.toString();
    }

    static String ask(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement p = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                p.setObject(i + 1, values[i]);
            }
            return p.execute() ? text(p.getResultSet()) : String.valueOf(p.getUpdateCount());
        }
    }

    /* Every type: as pgjdbc sends it, back as what it was; seven times, so that binary values come into play. */
    static void types(Connection c) throws Exception {
        ask(c, "create table j (a smallint, b integer, c bigint, d real, e double precision, f boolean, g decimal(20,4),"
            + " h varchar(30), i char(6), k date, l time, m timestamp, n timestamptz, o timetz)");
        boolean simple = way.equals("simple");
        LocalDateTime moment = LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789000000);
        OffsetDateTime zoned = OffsetDateTime.of(moment, ZoneOffset.ofHours(2));
        try (PreparedStatement p = c.prepareStatement("insert into j values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
             PreparedStatement q = c.prepareStatement("select * from j where b = ?")) {
            for (int round = 0; round < 7; round++) {
                p.setShort(1, (short) -7);
                p.setInt(2, round);
                p.setLong(3, Long.MIN_VALUE);
                p.setFloat(4, 0.1f);
                p.setDouble(5, Math.PI);
                p.setBoolean(6, round % 2 == 0);
                p.setBigDecimal(7, new BigDecimal("1234567890.0125"));
                p.setString(8, "gr\u00fc\u00dfe");
                p.setString(9, "ab");
                p.setDate(10, Date.valueOf("2024-02-29"));
                p.setTime(11, Time.valueOf("12:34:56"));
                p.setTimestamp(12, Timestamp.valueOf(moment));
                p.setObject(13, zoned);
                p.setNull(14, Types.TIME_WITH_TIMEZONE);
                same("rows inserted", p.executeUpdate(), 1);
                q.setInt(1, round);
                try (ResultSet r = q.executeQuery()) {
                    same("a row", r.next(), true);
                    same("short", r.getShort(1), (short) -7);
                    same("int", r.getInt(2), round);
                    same("long", r.getLong(3), Long.MIN_VALUE);
                    same("float", r.getFloat(4), 0.1f);
                    same("double", r.getDouble(5), Math.PI);
                    same("boolean", r.getBoolean(6), round % 2 == 0);
                    same("decimal", r.getBigDecimal(7), new BigDecimal(simple ? "1234567890.0000" : "1234567890.0125"));
                    same("varchar", r.getString(8), "gr\u00fc\u00dfe");
                    same("char", r.getString(9), "ab    ");
                    same("date", r.getDate(10), Date.valueOf("2024-02-29"));
                    same("local date", r.getObject(10, LocalDate.class), LocalDate.of(2024, 2, 29));
                    same("time", r.getObject(11, LocalTime.class), LocalTime.of(12, 34, 56));
                    same("timestamp", r.getTimestamp(12), Timestamp.valueOf(moment));
                    same("local moment", r.getObject(12, LocalDateTime.class), moment);
                    same("moment", r.getObject(13, OffsetDateTime.class).toInstant(), zoned.toInstant());
                    same("null", r.getObject(14), null);
                    same("was null", r.wasNull(), true);
                }
            }
            ResultSetMetaData meta = q.getMetaData();
            same("columns", meta.getColumnCount(), 14);
            same("precision", meta.getPrecision(7), 20);
            same("scale", meta.getScale(7), 4);
            same("type name", meta.getColumnTypeName(8), "varchar");
            ParameterMetaData asked = q.getParameterMetaData();
            same("type of the parameter", asked.getParameterTypeName(1), "int4");
        }
        if (!simple) {
            values(c);
        }
        same("an interval", ask(c, "select interval '1 day 02:03:04'"), "1 day 02:03:04");
        same("parameters of no told type", ask(c, "select count(*) from j where k = ? and h like ?", LocalDate.of(2024, 2, 29), "gr%"), "7");
        ask(c, "drop table j");
    }

    /* What a simple query cannot say: it has texts like '1.25'::numeric, and NUMERIC without digits is DECIMAL(18,0). */
    static void values(Connection c) throws SQLException {
        same("numbers as they come", ask(c, "select count(*) from j where g between ? and ?", new BigDecimal("1234567890.01249"),
            new BigDecimal("1234567890.01251")), "7");
        same("a decimal of its own digits", ask(c, "select ?", new BigDecimal("-0.00100")), "-0.00100");
        same("bytes", new String(bytes(c), StandardCharsets.US_ASCII), "a~");
    }

    static byte[] bytes(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement("select cast(? as varbyte)::varchar")) {
            p.setBytes(1, new byte[] {'a', '~'});
            try (ResultSet r = p.executeQuery()) {
                r.next();
                return r.getBytes(1);
            }
        }
    }

    static void batches(Connection c) throws Exception {
        ask(c, "create table k (a integer not null, b varchar(20))");
        try (PreparedStatement p = c.prepareStatement("insert into k values (?, ?)")) {
            for (int i = 0; i < 1000; i++) {
                p.setInt(1, i);
                p.setString(2, "row " + i);
                p.addBatch();
            }
            int[] counts = p.executeBatch();
            same("a batch", counts.length, 1000);
            c.setAutoCommit(false);
            p.setInt(1, 1);
            p.setString(2, "x");
            p.addBatch();
            p.setNull(1, Types.INTEGER);
            p.addBatch();
            try {
                p.executeBatch();
                same("a batch with a null", "no error", "23502");
            } catch (BatchUpdateException e) {
                same("a batch with a null", e.getSQLState(), "23502");
            }
            c.rollback();
            c.setAutoCommit(true);
        }
        same("rows of the batch", ask(c, "select count(*), max(a), min(b) from k"), "1000|999|row 0");
        try (Statement s = c.createStatement()) {
            s.addBatch("update k set b = 'u' where a = 1");
            s.addBatch("delete from k where a >= 990");
            same("a batch of statements", Arrays.toString(s.executeBatch()), "[1, 10]");
            same("several statements", s.execute("select 1; delete from k where a = 1; select 2"), true);
            same("the first", text(s.getResultSet()), "1");
            same("the second", s.getMoreResults() ? -1 : s.getUpdateCount(), 1);
            same("the third", s.getMoreResults() ? text(s.getResultSet()) : "none", "2");
        }
    }

    /* setFetchSize: portals with limits, in a transaction. */
    static void fetches(Connection c) throws Exception {
        c.setAutoCommit(false);
        try (PreparedStatement p = c.prepareStatement("select a from k where a > ? order by a")) {
            p.setFetchSize(100);
            p.setInt(1, 1);
            long sum = 0, rows = 0;
            try (ResultSet r = p.executeQuery(); ResultSet other = fetched(c)) {
                while (r.next()) {
                    sum += r.getInt(1);
                    rows++;
                    if (rows % 10 == 0) {
                        other.next();
                    }
                }
                same("rows of the other", other.getInt(1), 98);
            }
            same("rows fetched", rows, 988L);
            same("their sum", sum, 989L * 990 / 2 - 1);
            p.setMaxRows(150);
            rows = 0;
            try (ResultSet r = p.executeQuery()) {
                while (r.next()) {
                    rows++;
                }
            }
            same("rows at most", rows, way.equals("simple") ? 988L : 150L); /* only Execute has a limit */
        }
        c.commit();
        c.setAutoCommit(true);
    }

    static ResultSet fetched(Connection c) throws SQLException {
        Statement s = c.createStatement();
        s.setFetchSize(7);
        s.closeOnCompletion();
        return s.executeQuery("select a from k where a < 300 and a <> 1 order by a");
    }

    static void transactions(Connection c) throws Exception {
        c.setAutoCommit(false);
        same("in a block", ask(c, "insert into k values (?, ?)", 5000, "tx"), "1");
        fails("an error in it", "22P02", () -> ask(c, "select ?::int", "x"));
        fails("fails what follows", "25P02", () -> ask(c, "select 1"));
        c.rollback();
        same("undone", ask(c, "select count(*) from k where a = ?", 5000), "0");
        ask(c, "insert into k values (?, ?)", 5000, "tx");
        c.commit();
        c.setAutoCommit(true);
        same("done", ask(c, "select b from k where a = ?", 5000), "tx");
        fails("what is not there", "42P01", () -> ask(c, "select * from nothing where a = ?", 1));
        fails("a wrong number", "22P02", () -> ask(c, "select ?::date - ?::int", "2024-01-01", "x"));
        same("a schema", c.getSchema(), "public");
        same("a catalog", c.getCatalog(), "dev");
        same("isolation", c.getTransactionIsolation() > 0, true);
        c.setReadOnly(true);
        same("only reading", ask(c, "select 1"), "1");
        c.setReadOnly(false);
        same("valid", c.isValid(5), true);
        ask(c, "set application_name = 'jdbc test'");
        same("settings", ask(c, "show application_name"), "jdbc test");
        same("are told", c.unwrap(PGConnection.class).getParameterStatus("application_name"), "jdbc test");
    }

    static void copies(Connection c) throws Exception {
        CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
        same("COPY in", copy.copyIn("copy k from stdin delimiter '|'", new StringReader("7001|a\n7002|b\n")), 2L);
        same("COPY's rows", ask(c, "select b from k where a > 7000 order by a"), "a b");
        StringWriter out = new StringWriter();
        same("COPY out", copy.copyOut("copy (select a, b from k where a > 7000 order by a) to stdout csv", out), 2L);
        same("what came", out.toString(), "7001,a\n7002,b\n");
        fails("a COPY out that fails", "22012", () -> copy.copyOut("copy (select 1 / (a - a) from k) to stdout", new StringWriter()));
        fails("a COPY that fails", "22P04", () -> copy.copyIn("copy k from stdin delimiter '|'", new StringReader("x|a\n")));
        same("goes on", ask(c, "select 1"), "1");
    }

    static void all(String name, String options) throws Exception {
        way = name;
        try (Connection c = connect(options)) {
            types(c);
            batches(c);
            fetches(c);
            transactions(c);
            copies(c);
            ask(c, "drop table k");
        } catch (Exception e) {
            failed++;
            System.out.println(way + ": " + e);
            StackTraceElement[] at = e.getStackTrace();
            for (int i = 0; i < at.length; i++) {
                if (at[i].getClassName().equals("Jdbc")) {
                    System.out.println("    at " + at[i]);
                }
            }
            try (Connection c = connect(""); Statement s = c.createStatement()) {
                s.execute("drop table if exists j");
                s.execute("drop table if exists k");
            }
        }
    }

    public static void main(String[] args) throws Exception {
        all("extended", "");
        all("simple", "&preferQueryMode=simple");
        all("prepared at once", "&prepareThreshold=1&binaryTransfer=true");
        all("never prepared", "&prepareThreshold=0");
        all("cached", "&preferQueryMode=extendedCacheEverything");
        all("batches as VALUES", "&reWriteBatchedInserts=true");
        all("untyped texts", "&stringtype=unspecified");
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed > 0 ? 1 : 0);
    }
}
