// What Java programs connect with: PostgreSQL's JDBC driver, as DBeaver, Metabase and DataGrip use it. The argument is the port.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TimeZone;

class Jdbc {
    public static void main(String[] arguments) throws Exception {
        // The driver sends the machine's zone when it connects; what it is told of times is UTC all the same.
        TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
        var properties = new Properties();
        properties.put("user", "me");
        properties.put("ApplicationName", "a program");
        var address = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/annals";
        try (var connection = DriverManager.getConnection(address, properties)) {
            looksAround(connection.getMetaData());
            binds(connection);
            fetchesInParts(connection);
            isRefused(connection);
        }
        properties.put("currentSchema", "raw");
        try (var connection = DriverManager.getConnection(address, properties)) {
            check(connection.getSchema().equals("raw"), connection.getSchema());
            check(count(connection.createStatement().executeQuery("SELECT revision FROM change LIMIT 3")) == 3, "raw");
        }
    }

    static void looksAround(DatabaseMetaData about) throws SQLException {
        check(about.getDatabaseProductName().equals("PostgreSQL"), about.getDatabaseProductName());
        check(names(about.getSchemas(), "TABLE_SCHEM").containsAll(List.of("mart", "raw", "step", "system")), "schemas");
        var views = names(about.getTables(null, "mart", "%", new String[] {"VIEW"}), "TABLE_NAME");
        check(views.contains("problem") && views.contains("blamelist"), views);
        var tables = names(about.getTables(null, "raw", "%", new String[] {"TABLE"}), "TABLE_NAME");
        check(tables.contains("streak"), tables);
        var columns = about.getColumns(null, "mart", "problem", "%");
        var found = new ArrayList<String>();
        while (columns.next()) {
            found.add(columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
            check(columns.getString("REMARKS") != null, found);
        }
        check(found.contains("opened_at timestamptz") && found.contains("age_days float8"), found);
        check(count(about.getPrimaryKeys(null, "mart", "problem")) == 0, "no keys");
        check(count(about.getImportedKeys(null, "mart", "problem")) == 0, "no keys of others");
        check(count(about.getIndexInfo(null, "mart", "problem", false, false)) == 0, "no indexes");
        check(count(about.getColumnPrivileges(null, "mart", "problem", "%")) == 0, "no privileges of columns");
        check(count(about.getProcedures(null, "mart", "%")) == 0, "no procedures");
        check(names(about.getTypeInfo(), "TYPE_NAME").contains("timestamptz"), "types");
        check(names(about.getFunctions(null, "mart", "%"), "FUNCTION_NAME").contains("wilson_low"), "functions");
    }

    static void binds(Connection connection) throws SQLException {
        var query = "SELECT name, opened_at, age_days, is_muted FROM problem WHERE state = ? AND age_days > ?";
        try (var statement = connection.prepareStatement(query)) {
            // From the fifth time on the driver prepares it by name and takes the answer in binary.
            for (var i = 0; i < 8; i++) {
                statement.setString(1, "open");
                statement.setDouble(2, 0.5);
                var rows = statement.executeQuery();
                check(rows.next() && rows.getTimestamp(2).before(new Timestamp(System.currentTimeMillis())), i);
                check(rows.getDouble(3) > 0.5 && !rows.getBoolean(4), i);
            }
        }
        var zone = connection.createStatement().executeQuery("SHOW TimeZone");
        check(zone.next() && zone.getString(1).equals("UTC"), "zone");
        var time = connection.createStatement().executeQuery("SELECT opened_at, to_unixtime(opened_at) FROM problem LIMIT 1");
        check(time.next() && time.getTimestamp(1).toInstant().getEpochSecond() == time.getLong(2), time.getString(1));
    }

    static void fetchesInParts(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.setFetchSize(100);
            check(count(statement.executeQuery("SELECT value FROM generate_series(1, 1050)")) == 1050, "parts");
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void isRefused(Connection connection) throws SQLException {
        for (var query : List.of("DELETE FROM problem", "SET TimeZone = 'Europe/Berlin'")) {
            try (var statement = connection.createStatement()) {
                statement.execute(query);
                check(false, query);
            } catch (SQLException error) {
                check(List.of("25006", "22023").contains(error.getSQLState()), error);
            }
        }
    }

    static List<String> names(ResultSet rows, String column) throws SQLException {
        var names = new ArrayList<String>();
        while (rows.next()) {
            names.add(rows.getString(column));
        }
        return names;
    }

    static int count(ResultSet rows) throws SQLException {
        var count = 0;
        while (rows.next()) {
            count++;
        }
        return count;
    }

    static void check(boolean holds, Object what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
