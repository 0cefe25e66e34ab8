#!/usr/bin/env -S python3 -m pytest
"""The wall between tenants, from outside: no tenant, another tenant, and what the app role may not do."""

import contextlib

import psycopg
from functions import functions
from psycopg.types.json import Jsonb
from lib import A, B, ROLE, app, equal, fill, one, raises, rows, server, tenant_tables, test

# What a client may ask before it has a tenant: nothing of it is a tenant's.
WITHOUT_TENANT = {
    "whoami", "version", "backend_type", "characteristics", "migration_version", "current_tenant", "tenant_set",
    "tenant_clear", "verify", "verify_isolation", "create_event_log_partition", "ensure_future_event_log_partitions",
    "vector_space_list", "vector_index_estimate",
    "blake3", "blake3_keyed", "compress", "decompress", "token_estimate",
}


ACLS = """SELECT oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace
          UNION SELECT oid::regprocedure::text, proacl::text FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) ORDER BY 1"""


def committed_local(connection):
    connection.execute("BEGIN")
    connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", [A])
    connection.execute("COMMIT")


def set_and(command):
    def prepare(connection):
        connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])
        connection.execute(command)
    return prepare


def failed_local(connection):
    connection.execute("BEGIN")
    connection.execute("SELECT llmspell.tenant_set(%s)", [A])
    with raises("22012"):
        connection.execute("SELECT 1/0")
    connection.execute("ROLLBACK")


def rolled_back(connection):
    connection.execute("BEGIN")
    connection.execute("SELECT llmspell.tenant_set(%s, false)", [A])
    connection.execute("ROLLBACK")


STATES = {
    "fresh session": lambda connection: None,
    "RESET": set_and("RESET app.current_tenant_id"),
    "RESET ALL": set_and("RESET ALL"),
    "empty": set_and("SET app.current_tenant_id = ''"),
    "DISCARD ALL": set_and("DISCARD ALL"),
    "tenant_clear": set_and("SELECT llmspell.tenant_clear()"),
    "SET LOCAL and COMMIT": committed_local,
    "error and ROLLBACK": failed_local,
    "session set, rolled back": rolled_back,
}


def sample(connection, table, tenant):
    return one(connection, f"SELECT to_jsonb(t) FROM {table} t WHERE tenant_id = %s LIMIT 1", [tenant])


def checksum(connection, tenant):
    return {t: rows(connection, f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {t} AS t WHERE tenant_id = %s", [tenant])
            for t in tenant_tables(connection) + tenant_tables(connection, partitions=True)}


def forged(connection, table, row, tenant, merge=False):
    """Writes a copy of the row for a tenant."""
    row = {name: value for name, value in row.items() if name != "embedding_half"}  # generated
    names = ", ".join(row)
    source = f"SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s)"
    if merge:
        query = f"MERGE INTO {table} t USING ({source}) s ON t.tenant_id = s.tenant_id WHEN NOT MATCHED THEN INSERT ({names}) VALUES (s.{', s.'.join(row)})"
    else:
        query = f"INSERT INTO {table} ({names}) {source}"
    connection.execute(query, [Jsonb(row | {"tenant_id": tenant})])


@test
def setup():
    """both tenants have rows in every table"""
    with app() as connection:
        for tenant in (A, B):
            fill(connection, tenant)
    with server() as connection:
        tables = tenant_tables(connection, internal=True)
        assert len(tables) >= 16, tables
        for table in tables:
            equal(rows(connection, f"SELECT DISTINCT tenant_id FROM {table} ORDER BY 1"), [(A,), (B,)], f"fill.sql, {table}")


@test
def no_tenant_functions():
    """without a tenant every function refuses with 42501, save those that tell nothing of a tenant"""
    with server() as connection:
        public = functions(connection)
    wrong = set()
    for state, prepare in STATES.items():
        with app() as connection:
            prepare(connection)
            for function in public:
                for how in ("required", "nulls", "all_plausible"):
                    if function.name in WITHOUT_TENANT:
                        continue
                    try:
                        got = function.call(connection, getattr(function, how)())
                    except psycopg.Error as error:
                        got = error.sqlstate
                    # A null may be found while the call is planned, before the tenant is asked for.
                    if got != "42501" and (how, got) != ("nulls", "22004"):
                        wrong.add(f"{function.name} with {how} arguments: {got}")
            equal(one(connection, "SELECT llmspell.current_tenant()"), None, state)
    equal(sorted(wrong), [])


@test
def no_tenant_allowed_functions():
    """without a tenant the functions that tell nothing of a tenant work"""
    with app() as connection:
        for name in ("whoami", "version", "backend_type", "characteristics", "migration_version", "verify_isolation",
                     "ensure_future_event_log_partitions"):
            assert rows(connection, f"SELECT * FROM llmspell.{name}()"), name
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [])
        equal(rows(connection, "SELECT * FROM llmspell.verify_isolation() WHERE NOT ok"), [])
        for bad in ("", "x" * 256, "a\nb", "a\x7f"):
            with raises("22023"):
                connection.execute("SELECT llmspell.tenant_set(%s)", [bad])
            if bad:
                with raises("22023"):
                    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [bad])
        with raises("22004"):
            connection.execute("SELECT llmspell.tenant_set(NULL)")
        for good in (" ", "a ", "A", "é" * 255, "%", "a'b", '"', "a\\b"):
            equal(one(connection, "SELECT llmspell.tenant_set(%s, false)", [good]), good)
            equal(one(connection, "SELECT llmspell.current_tenant()"), good)


@test
def settings_before_the_library_loads():
    """what was set before the library loads is checked when it loads: a bad tenant is none, and nobody widens the window of months"""
    for bad in ("x" * 256, "a\nb", "a\x7f", "\x01"):
        with app() as connection:
            connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [bad])
            equal(one(connection, "SELECT count(*) FROM llmspell.kv_store"), 0, repr(bad[:5]))
            equal(one(connection, "SELECT llmspell.current_tenant()"), None, repr(bad[:5]))
            with raises("42501"):
                connection.execute("SELECT llmspell.kv_set('a', '')")
    with app() as connection:
        connection.execute("SET llmspell.event_log_months_back = 1000")
        with raises("22008"):
            connection.execute("SELECT llmspell.create_event_log_partition('2001-01-01', '2001-02-01')")
    # The library may come first in a parallel query.
    with app(A) as before, app() as connection:
        wanted = one(before, "SELECT count(*) FROM llmspell.kv_store")
        for setting in ("app.current_tenant_id = '%s'" % A, "debug_parallel_query = on", "parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"):
            connection.execute(f"SET {setting}")
        equal(one(connection, "SELECT count(*) FROM llmspell.kv_store"), wanted, "the first query of a session, in parallel")
        equal(one(connection, "SELECT llmspell.current_tenant()"), A)
        plan = " ".join(r[0] for r in rows(connection, "EXPLAIN SELECT count(*) FROM llmspell.kv_store"))
        equal(("Gather" in plan, wanted > 0), (True, True), plan)
    with app(options="-c app.current_tenant_id=" + A) as connection:
        equal(rows(connection, "SELECT tenant, tenant_source FROM llmspell.whoami()"), [(A, "connection option")])
        equal(rows(connection, "SELECT DISTINCT tenant_id FROM llmspell.kv_store"), [(A,)])


@test
def no_tenant_tables():
    """without a tenant a table shows and changes no row, and takes none (42501)"""
    with server() as connection:
        tables = tenant_tables(connection)
        samples = {t: sample(connection, t, A) for t in tables}
        before = checksum(connection, A)
    for state, prepare in STATES.items():
        with app() as connection:
            prepare(connection)
            for table in tables:
                equal(one(connection, f"SELECT count(*) FROM {table}"), 0, f"{state}: {table}")
                equal(connection.execute(f"UPDATE {table} SET tenant_id = tenant_id").rowcount, 0, f"{state}: {table}")
                equal(connection.execute(f"DELETE FROM {table}").rowcount, 0, f"{state}: {table}")
                for tenant in (A, B, "", "new"):
                    with raises("42501"):
                        forged(connection, table, samples[table], tenant)
    with server() as connection:
        equal(checksum(connection, A), before)


@test
def another_tenant():
    """under another tenant every table gives 0 rows and every partition 42501, for all four commands"""
    with server() as connection:
        tables, partitions = tenant_tables(connection), tenant_tables(connection, partitions=True)
        samples = {t: sample(connection, t, A) for t in tables}
        before = checksum(connection, A)
    assert len(partitions) >= 4, partitions
    with app(B) as connection:
        for table in tables:
            equal(rows(connection, f"SELECT DISTINCT tenant_id FROM {table}"), [(B,)], table)
            equal(rows(connection, f"SELECT * FROM {table} WHERE tenant_id = %s", [A]), [], table)
            equal(rows(connection, f"SELECT * FROM {table} WHERE tenant_id <> llmspell.current_tenant()"), [], table)
            equal(connection.execute(f"UPDATE {table} SET tenant_id = %s WHERE tenant_id = %s", [B, A]).rowcount, 0, table)
            equal(connection.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [A]).rowcount, 0, table)
            with raises("42501"):
                forged(connection, table, samples[table], A)
            with raises("42501"):
                connection.execute(f"UPDATE {table} SET tenant_id = %s", [A])
            with raises("42501"):
                forged(connection, table, samples[table], A, merge=True)
        for partition in partitions:
            for query in ("SELECT * FROM {}", "INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}",
                          "TABLE ONLY {}", "COPY {} TO STDOUT", "TRUNCATE {}"):
                with raises("42501", what=query.format(partition)):
                    connection.execute(query.format(partition))
        for action in ("(tenant_id, key) DO UPDATE SET value = 'stolen'", "DO NOTHING"):
            with raises("42501"):
                connection.execute("INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES (%s, 'plain', '') ON CONFLICT " + action, [A])
    with server() as connection:
        equal(checksum(connection, A), before)


@test
def foreign_keys_do_not_reach_over():
    """a reference to another tenant's parent is 23503, as to none at all"""
    with app(B) as connection:
        connection.execute("SELECT llmspell.tenant_set('c', false)")
        for session in ("10000000-0000-0000-0000-000000000001", "99999999-0000-0000-0000-000000000001"):
            with raises("23503") as found:
                connection.execute("INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, "
                                   "artifact_type, mime_type, size_bytes) VALUES ('c', 'x', %s, 0, repeat('1', 64), '{}', 'n', 't', 'm', 1)", [session])
            equal(found.error.diag.constraint_name, "artifacts_content_fkey")


@test
def reads_never_write():
    """every function that is not VOLATILE works in a READ ONLY transaction and takes no transaction id"""
    with server() as connection:
        reads = {r[0] for r in rows(connection, "SELECT proname FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND provolatile <> 'v'")}
        public = [f for f in functions(connection, role=ROLE) if f.name in reads]
        public += [f for f in functions(connection) if f.name in ("verify", "tenant_set")]
    assert {"kv_get", "kv_list", "kv_count", "status", "whoami", "migration_version"} <= reads, reads
    with app(A) as connection:
        connection.execute("SELECT count(*) FROM llmspell.recall_record('value')")
        recorded = one(connection, "SELECT event_id FROM llmspell.event_list('recall.recorded', max_rows => 1)")
        for function in public:
            connection.execute("BEGIN READ ONLY")
            given = function.required()
            if function.name == "recall_replay":
                given = {0: recorded}
            function.call(connection, given)
            equal(one(connection, "SELECT pg_current_xact_id_if_assigned()::text"), None, function.name)
            connection.execute("COMMIT")


@test
def not_granted():
    """TRUNCATE, triggers, references, ALTER, DROP, creating in the schema: 42501; COPY FROM: 0A000"""
    sandbox = f"sandbox_{ROLE}"
    with server() as connection:
        tables = [r[0] for r in rows(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace AND relkind IN ('r', 'p')")]
        internal = set(tenant_tables(connection, internal=True)) - set(tenant_tables(connection))
        shared = set(tables) - internal - set(tenant_tables(connection)) - set(tenant_tables(connection, partitions=True))
        indexes = [r[0] for r in rows(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace AND relkind IN ('i', 'I')")]
        routines = [r[0] for r in rows(connection, "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace)")]
        connection.execute(f"CREATE SCHEMA {sandbox} AUTHORIZATION {ROLE}")
        acls = rows(connection, ACLS)
    equal(shared, {"llmspell._event_ids", "llmspell._event_log_retention", "llmspell._feed_epochs", "llmspell._index_ledger", "llmspell._maintenance", "llmspell.refinery_schema_history", "llmspell.vector_calibrations", "llmspell.vector_generations", "llmspell.vector_index_config", "llmspell.vector_spaces"}, "tables without tenants")
    with app(A) as connection:
        connection.execute("SELECT llmspell.version()")  # settings exist once the library is loaded
        connection.execute(f"CREATE FUNCTION {sandbox}.spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        for table in tables:
            for query in (
                "TRUNCATE {}", "TRUNCATE {} CASCADE", "DROP TABLE {}", "ALTER TABLE {} ADD COLUMN x int", "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", "ALTER TABLE {} DISABLE TRIGGER ALL", "ALTER TABLE {} OWNER TO CURRENT_USER",
                "CREATE TRIGGER x BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION " + sandbox + ".spy()",
                "CREATE RULE x AS ON INSERT TO {} DO INSTEAD NOTHING", "CREATE POLICY x ON {} USING (true)", "CREATE INDEX ON {} ((1))",
                "COMMENT ON TABLE {} IS 'x'", "REINDEX TABLE {}", "ALTER TABLE {} SET (autovacuum_enabled = off)",
            ):
                with raises("42501", what=query.format(table)):
                    connection.execute(query.format(table))
            # Without a grant option this grants nothing, with a warning.
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"GRANT ALL ON {table} TO PUBLIC")
            with raises("42501", "42809"):
                connection.execute(f"CREATE TABLE {sandbox}.child () INHERITS ({table})")
            with raises("42501", "42704", "42P16"):  # event_log has no key to refer to, _event_ids is unlogged
                connection.execute(f"CREATE TABLE {sandbox}.probe (t varchar(255) REFERENCES {table})")
            if table in tenant_tables(connection):
                with raises("0A000"):
                    connection.execute(f"COPY {table} FROM STDIN")
            else:
                with raises("42501"):
                    connection.execute(f"COPY {table} FROM STDIN")
        assert "llmspell.artifact_chunk" in internal, internal
        for table in shared | internal:
            for query in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}"):
                with raises("42501", what=query.format(table)):
                    connection.execute(query.format(table))
        for index in indexes:
            with raises("42501"):
                connection.execute(f"DROP INDEX {index}")
        for routine in routines:
            for query in ("DROP ROUTINE {}", "ALTER ROUTINE {} SECURITY DEFINER", "ALTER ROUTINE {} RESET ALL"):
                with raises("42501", what=query.format(routine)):
                    connection.execute(query.format(routine))
        for query in (
            "CREATE TABLE llmspell.x (a int)", "CREATE VIEW llmspell.x AS SELECT 1", "CREATE FUNCTION llmspell.x() RETURNS int LANGUAGE sql RETURN 1",
            "CREATE TYPE llmspell.x AS (a int)", "CREATE SEQUENCE llmspell.x", "DROP SCHEMA llmspell CASCADE", "ALTER SCHEMA llmspell RENAME TO x",
            "DROP EXTENSION llmspell", "ALTER EXTENSION llmspell UPDATE", "ALTER EXTENSION llmspell DROP TABLE llmspell.kv_store",
            "SET ROLE llmspell_owner", "SET ROLE llmspell_admin", "SET ROLE llmspell_tenants", "SET ROLE postgres", "SET session_replication_role = replica",
            "GRANT llmspell_admin TO CURRENT_USER", "ALTER ROLE llmspell_app LOGIN", "ALTER ROLE llmspell_app SET search_path = evil",
            "CREATE PUBLICATION x FOR TABLE llmspell.kv_store", "SET llmspell.event_log_months_back = 1000", "SET llmspell.event_log_months_ahead = 1000",
        ):
            with raises("42501", what=query):
                connection.execute(query)
        with raises("42602", "42501"):
            connection.execute("SET llmspell.unknown = 1")
        connection.execute("SET row_security = off")
        for table in tenant_tables(connection):
            with raises("42501"):
                connection.execute(f"SELECT FROM {table}")
    with server() as connection:
        connection.execute(f"DROP SCHEMA {sandbox} CASCADE")
        equal(rows(connection, ACLS), acls)

