/* SPDX-License-Identifier: Apache-2.0 */
/* What pgjdbc's DatabaseMetaData says of tables, columns, schemas and types: run by `run`, with the connection in the environment. */
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class Catalog {
    static int passed, failed;

    static void same(String what, String came, String expected) {
        if (came.equals(expected)) {
            passed++;
        } else {
            failed++;
            System.out.println(what + ": " + came + ", not " + expected);
        }
    }

    /* The named columns of all rows: "a,b;c,d". */
    static String rows(ResultSet r, String... names) throws SQLException {
        StringBuilder text = new StringBuilder();
        while (r.next()) {
            text.append(text.length() > 0 ? ";" : "");
            for (int k = 0; k < names.length; k++)
                text.append(k > 0 ? "," : "").append(r.getString(names[k]));
        }
        r.close();
        return text.toString();
    }

    static String sorted(String rows) {
        String[] parts = rows.split(";");
        java.util.Arrays.sort(parts);
        return String.join(";", parts);
    }

    interface Ask {
        String run() throws SQLException;
    }

    static void ask(String what, String expected, Ask ask) {
        try {
            String came = ask.run();
            same(what, expected == null ? "rows" : came, expected == null ? "rows" : expected);
        } catch (SQLException e) {
            same(what, e.getMessage(), expected == null ? "rows" : expected);
        }
    }

    public static void main(String[] args) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
        try (Connection c = DriverManager.getConnection(url + "?loggerLevel=OFF" + System.getenv().getOrDefault("JDBC_OPTIONS", ""), System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
             Statement s = c.createStatement()) {
            s.execute("create schema meta");
            s.execute("create table meta.k (a integer, b integer unique, primary key (b, a))");
            s.execute("create table meta.f (x integer references meta.k (b) on delete cascade, y integer, constraint two foreign key (x, y) references meta.k)");
            s.execute("create table meta.t (id integer not null default 4, name varchar(30), price numeric(8,2), at timestamp)");
            s.execute("create view meta.v as select id from meta.t");
            DatabaseMetaData m = c.getMetaData();
            ask("getSchemas", "meta", () -> rows(m.getSchemas(null, "meta"), "TABLE_SCHEM"));
            ask("getCatalogs", "dev", () -> rows(m.getCatalogs(), "TABLE_CAT"));
            ask("getTableTypes", null, () -> rows(m.getTableTypes(), "TABLE_TYPE"));
            ask("getTables", "f,TABLE;k,TABLE;t,TABLE;v,VIEW", () -> rows(m.getTables(null, "meta", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME", "TABLE_TYPE"));
            ask("getTables of a kind", "v", () -> rows(m.getTables(null, "meta", null, new String[] {"VIEW"}), "TABLE_NAME"));
            ask("getColumns", "id,int4,10,0,4,NO;name,varchar,30,0,null,YES;price,numeric,8,2,null,YES;at,timestamp,29,6,null,YES",
                () -> rows(m.getColumns(null, "meta", "t", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "COLUMN_DEF", "IS_NULLABLE"));
            ask("getPrimaryKeys", "", () -> rows(m.getPrimaryKeys(null, "meta", "t"), "COLUMN_NAME"));
            ask("getImportedKeys", "", () -> rows(m.getImportedKeys(null, "meta", "t"), "FKCOLUMN_NAME"));
            ask("getExportedKeys", "", () -> rows(m.getExportedKeys(null, "meta", "t"), "FKCOLUMN_NAME"));
            ask("getPrimaryKeys of two", "a,2,k_pkey;b,1,k_pkey", () -> sorted(rows(m.getPrimaryKeys(null, "meta", "k"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME")));
            String both = "k,a,f,y,2,two,k_pkey;k,b,f,x,1,two,k_pkey;k,b,f,x,1,f_x_fkey,k_b_key";
            String[] keys = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "FK_NAME", "PK_NAME"};
            ask("getImportedKeys of two", sorted(both), () -> sorted(rows(m.getImportedKeys(null, "meta", "f"), keys)));
            ask("getExportedKeys of two", sorted(both), () -> sorted(rows(m.getExportedKeys(null, "meta", "k"), keys)));
            ask("getCrossReference", sorted(both), () -> sorted(rows(m.getCrossReference(null, "meta", "k", null, "meta", "f"), keys)));
            ask("DELETE_RULE", sorted("3;3;0"), () -> sorted(rows(m.getImportedKeys(null, "meta", "f"), "DELETE_RULE")));
            ask("getIndexInfo of two", "k_b_key,b;k_pkey,a;k_pkey,b", () -> sorted(rows(m.getIndexInfo(null, "meta", "k", true, true), "INDEX_NAME", "COLUMN_NAME")));
            ask("getBestRowIdentifier of two", "a;b", () -> sorted(rows(m.getBestRowIdentifier(null, "meta", "k", 0, true), "COLUMN_NAME")));
            ask("getIndexInfo", "", () -> rows(m.getIndexInfo(null, "meta", "t", false, true), "INDEX_NAME"));
            ask("getBestRowIdentifier", "", () -> rows(m.getBestRowIdentifier(null, "meta", "t", 0, true), "COLUMN_NAME"));
            ask("getTypeInfo", null, () -> rows(m.getTypeInfo(), "TYPE_NAME"));
            ask("getFunctions", null, () -> rows(m.getFunctions(null, null, "lower"), "FUNCTION_NAME"));
            ask("getProcedures", null, () -> rows(m.getProcedures(null, null, "%"), "PROCEDURE_NAME"));
            ask("getTablePrivileges", null, () -> rows(m.getTablePrivileges(null, "meta", "t"), "PRIVILEGE"));
            ask("getUDTs", null, () -> rows(m.getUDTs(null, null, "%", null), "TYPE_NAME"));
            ask("a result's columns", "t,meta,name", () -> {
                ResultSet r = s.executeQuery("select name from meta.t");
                return "t,meta," + r.getMetaData().getColumnName(1);
            });
            s.execute("drop view meta.v");
            s.execute("drop table meta.t, meta.k, meta.f");
            s.execute("drop schema meta");
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed > 0 ? 1 : 0);
    }
}
