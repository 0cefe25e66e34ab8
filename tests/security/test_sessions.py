#!/usr/bin/env -S python3 -m pytest
"""The wall inside one session: plans, cursors and parallel workers, roles without grants, settings; and the catalog lint."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from functions import functions
from lib import A, B, ROLE, ROOT, app, drop_role, equal, fill, one, psql, raises, rows, server, tenant_tables, test

LINT = ROOT / "tests/security/lint.sql"


def lint(what):
    with server() as connection:
        equal(psql(connection.info.dbname, LINT).splitlines(), [], what)


@test
def lint_after_install():
    """the catalog lint finds nothing after the install"""
    lint("after the install")


@test
def lint_after_months():
    """the catalog lint finds nothing after months were made and rows written; verify() neither"""
    with app() as connection:
        for tenant in (A, B):
            fill(connection, tenant)
        connection.execute("SELECT llmspell.create_event_log_partition(m, m + interval '1 month') FROM "
                           "(SELECT date_trunc('month', now(), 'UTC') - interval '13 months') AS t (m)")
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [])
    with app(B) as connection:
        connection.execute("INSERT INTO llmspell.test_data (tenant_id, value) SELECT llmspell.current_tenant(), 'more' FROM generate_series(1, 2)")
    lint("after months were made")


@test
def lint_finds_faults():
    """the catalog lint is not blind: it sees each of these faults, and verify() the first four"""
    for fault, code, verified in (
        ("ALTER TABLE llmspell.kv_store NO FORCE ROW LEVEL SECURITY", "L02", True),
        ("ALTER TABLE llmspell.kv_store DISABLE ROW LEVEL SECURITY", "L01", True),
        ("GRANT SELECT ON llmspell.kv_store TO PUBLIC; GRANT TRUNCATE ON llmspell.kv_store TO llmspell_app", "L13", True),
        ("DO $$ BEGIN EXECUTE format('GRANT SELECT ON %s TO llmspell_app', (SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass LIMIT 1)); END $$", "L03", True),
        ("ALTER TABLE llmspell.kv_store OWNER TO postgres", "L04", True),
        ("DROP POLICY tenant_wall ON llmspell.kv_store; CREATE POLICY other ON llmspell.kv_store USING (true)", "L07", True),
        ("ALTER FUNCTION llmspell.ensure_future_event_log_partitions() SET search_path = public", "L08", False),
        ("GRANT EXECUTE ON FUNCTION llmspell.tenant_erase(text, boolean) TO PUBLIC", "L09", False),
        ("ALTER FUNCTION llmspell.ensure_future_event_log_partitions() OWNER TO postgres", "L10", False),
        ("CREATE UNIQUE INDEX ON llmspell.kv_store (kv_id)", "L14", False),
        ("ALTER FUNCTION llmspell.current_tenant() IMMUTABLE", "L16", False),
        ("GRANT CREATE ON SCHEMA llmspell TO llmspell_app", "L24", False),
    ):
        with server() as connection:
            connection.execute("BEGIN")
            connection.execute(fault)
            found = {r[0][:3] for r in rows(connection, LINT.read_text().strip().rstrip(";"))}
            assert code in found, f"{fault}: {code} is not in {sorted(found)}"
            if verified:
                connection.execute(f"SET LOCAL ROLE {ROLE}")
                assert rows(connection, "SELECT * FROM llmspell.verify()"), f"verify() finds nothing: {fault}"
            connection.execute("ROLLBACK")


@test
def prepared_statements():
    """a statement prepared under one tenant and run under another sees the other's rows only, generic or custom"""
    with server() as connection:
        tables = tenant_tables(connection)
        public = [f for f in functions(connection, role=ROLE) if f.name in ("kv_get", "kv_list", "kv_count", "kv_get_many", "kv_exists", "status", "current_tenant")]
    for mode in ("force_generic_plan", "force_custom_plan", "auto"):
        with app() as connection:
            connection.execute(f"SET plan_cache_mode = {mode}")
            connection.prepare_threshold = 0
            seen = {}
            for turn in range(8):
                tenant = (A, B)[turn % 2]
                connection.execute("SELECT llmspell.tenant_set(%s, false)", [tenant])
                for table in tables:
                    got = connection.execute(f"SELECT DISTINCT tenant_id FROM {table}", prepare=True).fetchall()
                    equal(got, [(tenant,)], f"{mode} {table}")
                equal(connection.execute("SELECT count(*) FROM llmspell.test_data WHERE value <> %s", ["x"], prepare=True).fetchone(), (1 if tenant == A else 3,), mode)
                for function in public:
                    arguments = {i: "" if t == "text" else v for (i, v), t in zip(function.required().items(), function.types)}
                    got = function.call(connection, arguments, prepare=True)
                    equal(seen.setdefault((tenant, function.name), got), got, f"{mode} {function.name} under {tenant}")
            connection.execute("SELECT llmspell.tenant_clear()")
            for table in tables:
                equal(connection.execute(f"SELECT DISTINCT tenant_id FROM {table}", prepare=True).fetchall(), [], f"{mode} {table}")


@test
def cursors():
    """a cursor opened under one tenant never gives rows of two tenants from one table or month when the tenant changes between fetches"""
    with app() as connection:
        for query in ("SELECT tenant_id FROM llmspell.kv_store", "SELECT tenant_id FROM llmspell.kv_store ORDER BY key", "SELECT tenant_id, tableoid FROM llmspell.event_log",
                      "SELECT llmspell.current_tenant() FROM llmspell.kv_list()"):
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [A])
                connection.execute(f"DECLARE c NO SCROLL CURSOR FOR {query}")
                before = rows(connection, "FETCH 1 FROM c")
                connection.execute("SELECT llmspell.tenant_set(%s)", [B])
                after = rows(connection, "FETCH ALL FROM c")
                assert [r[0] for r in before] == [A], before
                # Each row passed the wall of the tenant in force when it was fetched.
                # Months are opened one after the other.
                for part in {r[1:] for r in after}:
                    assert len({r[0] for r in after if r[1:] == part}) == 1, f"{query}: {after}"
                if "current_tenant" not in query:
                    equal(one(connection, "SELECT count(*) FROM llmspell.kv_store WHERE tenant_id = %s", [A]), 0)


@test
def parallel():
    """parallel workers count the same rows, in tables and functions"""
    counts = {}
    with server() as connection:
        tables = tenant_tables(connection)
    for setting in ("off", "on", "regress"):
        for tenant in (A, B, None):
            with app(tenant) as connection:
                connection.execute(f"SET debug_parallel_query = {setting}; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
                got = {t: rows(connection, f"SELECT count(*), min(tenant_id), max(tenant_id), min(llmspell.current_tenant()) FROM {t}") for t in tables}
                if tenant:
                    for call in ("kv_count('')", "kv_exists('plain')", "kv_get('plain')", "kv_list()", "kv_get_many(ARRAY['plain', 'versions'])", "status()",
                                 "characteristics()", "whoami()"):
                        got[call] = rows(connection, f"SELECT * FROM llmspell.{call}")
                if setting != "off":
                    plan = str(rows(connection, "EXPLAIN SELECT count(*) FROM llmspell.kv_store"))
                    assert "Gather" in plan, plan
                equal(counts.setdefault(tenant, got), got, f"{setting} {tenant}")


@test
def no_grants():
    """a role without grants can execute no function, read no table and see no statistics of ours; nothing is PUBLIC's"""
    stranger = f"{ROLE}_stranger"
    with server() as connection:
        connection.execute(f"CREATE ROLE {stranger} LOGIN")
        connection.execute("ANALYZE")
        public = functions(connection)
        equal(rows(connection, "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND has_function_privilege('public', oid, 'EXECUTE')"), [])
        assert one(connection, "SELECT count(*) FROM pg_stats WHERE schemaname = 'llmspell'") > 100
    try:
        with app(role=stranger) as connection:
            for function in public:
                with raises("42501", what=function.name):
                    function.call(connection, function.required())
            for table in ("kv_store", "event_log", "refinery_schema_history", "_index_ledger"):
                with raises("42501"):
                    connection.execute(f"SELECT FROM llmspell.{table}")
        # Also where somebody lets everybody into the schema.
        with server() as connection:
            connection.execute("GRANT USAGE ON SCHEMA llmspell TO PUBLIC")
        with app(role=stranger) as connection:
            for function in public:
                with raises("42501", what=function.name):
                    function.call(connection, function.required())
    finally:
        with server() as connection:
            connection.execute("REVOKE USAGE ON SCHEMA llmspell FROM PUBLIC")
        drop_role(stranger)
    with app(A) as connection:
        equal(rows(connection, """SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = 'llmspell'
            AND tablename NOT IN ('refinery_schema_history', '_index_ledger', 'vector_spaces', 'vector_index_config', 'vector_calibrations', 'vector_generations')"""), [])
        equal(rows(connection, "SELECT DISTINCT tablename FROM pg_stats_ext WHERE schemaname = 'llmspell'"), [])


@test
def defaults_for_later_sessions():
    """nobody but a superuser plants a tenant for later sessions, of a role or a database"""
    with server() as connection:
        database = connection.info.dbname
    for load in (False, True):
        with app() as connection:
            if load:
                connection.execute("SELECT llmspell.current_tenant()")
            for query in (f"ALTER ROLE {ROLE} SET app.current_tenant_id = 'planted'", f"ALTER ROLE {ROLE} IN DATABASE {database} SET app.current_tenant_id = 'planted'",
                          "ALTER ROLE llmspell_app SET app.current_tenant_id = 'planted'", f"ALTER DATABASE {database} SET app.current_tenant_id = 'planted'"):
                with raises("42501", "22023", what=query):
                    connection.execute(query)
    with app() as connection:
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
    with server() as connection:
        connection.execute(f"ALTER ROLE {ROLE} SET app.current_tenant_id = 'by-superuser'")
    with app() as connection:
        equal(rows(connection, "SELECT tenant, tenant_source FROM llmspell.whoami()"), [("by-superuser", "role")])

