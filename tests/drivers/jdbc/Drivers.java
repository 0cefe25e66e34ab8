// JDBC: strings have the type varchar unless stringtype=unspecified says that the server shall find it; both ways are tried.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;

public class Drivers {
    interface Work<T> {
        T run() throws Exception;
    }

    static final String TENANT = "driver-jdbc";
    static Connection connection;

    static Connection connect(boolean unspecified) throws SQLException {
        Properties options = new Properties();
        options.setProperty("user", System.getenv("PGUSER"));
        if (System.getenv("PGPASSWORD") != null) options.setProperty("password", System.getenv("PGPASSWORD"));
        if (unspecified) options.setProperty("stringtype", "unspecified");
        // Behind a pooler that knows no prepared statements of the server.
        if (System.getenv("POOLED") != null) options.setProperty("prepareThreshold", "0");
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), options);
    }

    static void bind(PreparedStatement statement, Object... values) throws SQLException {
        for (int n = 0; n < values.length; n++) {
            Object value = values[n];
            if (value == null) statement.setNull(n + 1, Types.NULL);
            else if (value instanceof String) statement.setString(n + 1, (String) value);
            else if (value instanceof byte[]) statement.setBytes(n + 1, (byte[]) value);
            else if (value instanceof String[]) statement.setArray(n + 1, connection.createArrayOf("text", (String[]) value));
            else statement.setObject(n + 1, value);
        }
    }

    static List<Object> row(PreparedStatement statement) throws SQLException {
        List<Object> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                for (int n = 1; n <= rows.getMetaData().getColumnCount(); n++) found.add(rows.getObject(n));
            }
        }
        return found;
    }

    static List<Object> query(String text, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            bind(statement, values);
            return row(statement);
        }
    }

    static <T> T inTenant(String tenant, Work<T> work) throws Exception {
        connection.setAutoCommit(false);
        try {
            query("SELECT llmspell.tenant_set(?)", tenant);
            T result = work.run();
            connection.commit();
            return result;
        } catch (Exception error) {
            connection.rollback();
            throw error;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    static <T> T inTenant(Work<T> work) throws Exception {
        return inTenant(TENANT, work);
    }

    static void check(String what, Work<Object> work) throws Exception {
        work.run();
        System.out.println("ok: " + what);
    }

    static Object equal(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) throw new AssertionError("got " + got + ", wanted " + wanted);
        return null;
    }

    static SQLException refused(String state, Work<Object> work) throws Exception {
        try {
            work.run();
        } catch (SQLException error) {
            equal(error.getSQLState(), state);
            return error;
        }
        throw new AssertionError("no error, " + state + " was expected");
    }

    static byte[] bytes() {
        byte[] all = new byte[256];
        for (int n = 0; n < 256; n++) all[n] = (byte) n;
        return all;
    }

    public static void main(String[] none) throws Exception {
        connection = connect(false);
        check("text and its version", () -> {
            equal(inTenant(() -> query("SELECT version, created FROM llmspell.kv_set_text(?, ?)", "text", "a'é\\ %")), Arrays.asList(1L, true));
            return equal(inTenant(() -> query("SELECT value FROM llmspell.kv_get_text(?)", "text")), Arrays.asList("a'é\\ %"));
        });
        check("bytes by setBytes", () -> {
            inTenant(() -> query("SELECT llmspell.kv_set(?, ?)", "bytes", bytes()));
            return equal(Arrays.equals((byte[]) inTenant(() -> query("SELECT value FROM llmspell.kv_get(?)", "bytes")).get(0), bytes()), true);
        });
        check("JSON with a cast; without one 42883", () -> {
            refused("42883", () -> inTenant(() -> query("SELECT llmspell.kv_set_json(?, ?)", "json", "{}")));
            inTenant(() -> query("SELECT llmspell.kv_set_json(?, ?::jsonb)", "json", "{\"a\": [1, null, \"é\"]}"));
            return equal(inTenant(() -> query("SELECT value::text FROM llmspell.kv_get_json(?)", "json")), Arrays.asList("{\"a\": [1, null, \"é\"]}"));
        });
        check("arrays of texts by createArrayOf", () ->
            equal(inTenant(() -> query("SELECT key FROM llmspell.kv_get_many(?)", (Object) new String[] {"text", "no \"key\"", "json"})), Arrays.asList("json", "text")));
        check("vectors with a cast", () -> {
            inTenant(() -> query("SELECT llmspell.item_put(?, ?, ?::jsonb, embedding => ?::vector)", new String[] {"a", "b"}, "k", "{\"n\": 1}", "[1,0,0.5]"));
            return equal(inTenant(() -> query("SELECT key, score > 0.99 FROM llmspell.item_search(?, query_embedding => ?::vector)", new String[] {"a"}, "[1,0,0.5]")), Arrays.asList("k", true));
        });
        check("intervals with a cast, UUIDs, times and NULL", () -> {
            inTenant(() -> query("SELECT llmspell.kv_set_text(?, ?, ?, ttl => ?::interval)", "ttl", "x", null, "1 hour"));
            inTenant(() -> query("SELECT llmspell.session_create(?)", UUID.fromString("00000000-0000-0000-0000-000000000008")));
            inTenant(() -> query("SELECT llmspell.event_append(?, ?::jsonb, at => ?)", "e", "{}", OffsetDateTime.now()));
            return equal(inTenant(() -> query("SELECT metadata, expires_at > now() FROM llmspell.kv_get_text(?)", "ttl")), Arrays.asList(null, true));
        });
        check("a conflict is LS409 with both versions, and the session lives", () -> {
            SQLException error = refused("LS409", () -> inTenant(() -> query("SELECT llmspell.kv_set_text(?, ?, expected_version => ?)", "text", "y", 7)));
            equal(error.getMessage().contains("expected version 7, current version 1"), true);
            return equal(inTenant(() -> query("SELECT llmspell.kv_count()")), Arrays.asList(4L));
        });
        check("no tenant is 42501, also after a transaction that had one", () -> refused("42501", () -> query("SELECT llmspell.kv_count()")));
        check("a transaction that fails leaves nothing", () -> {
            refused("22012", () -> inTenant(() -> {
                query("SELECT llmspell.kv_set_text(?, ?)", "gone", "x");
                return query("SELECT 1 / 0");
            }));
            return equal(inTenant(() -> query("SELECT llmspell.kv_exists(?)", "gone")), Arrays.asList(false));
        });
        check("call: one statement, JSON in and out", () ->
            equal(query("SELECT r -> 'value' ->> 'a' FROM llmspell.call(?, ?::jsonb, ?) AS r", "kv_get_json", "{\"key\": \"json\"}", TENANT), Arrays.asList("[1, null, \"é\"]")));
        check("a statement that is prepared once follows the tenant", () -> {
            try (PreparedStatement set = connection.prepareStatement("SELECT llmspell.kv_set_text(?, ?)"); PreparedStatement get = connection.prepareStatement("SELECT value FROM llmspell.kv_get_text(?)")) {
                for (int n = 0; n < 20; n++) {
                    String tenant = TENANT + "-" + n % 2;
                    bind(set, "k", tenant);
                    inTenant(tenant, () -> row(set));
                    bind(get, "k");
                    equal(inTenant(tenant, () -> row(get)), Arrays.asList(tenant));
                }
            }
            return null;
        });
        connection.close();
        connection = connect(true);
        check("stringtype=unspecified: no casts", () -> {
            inTenant(() -> query("SELECT llmspell.kv_set_json(?, ?)", "json", "{\"a\": 2}"));
            inTenant(() -> query("SELECT llmspell.item_put(?, ?, ?, ttl => ?, embedding => ?)", "{a,b}", "k", "{\"n\": 2}", "1 hour", "[1,0,0.5]"));
            inTenant(() -> query("SELECT llmspell.session_create(?)", "00000000-0000-0000-0000-000000000007"));
            return equal(inTenant(() -> query("SELECT value ->> 'n' FROM llmspell.item_search(?, query_embedding => ?)", "{a}", "[1,0,0.5]")), Arrays.asList("2"));
        });
        connection.close();
    }
}
