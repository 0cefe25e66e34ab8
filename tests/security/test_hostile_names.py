#!/usr/bin/env -S python3 -m pytest
"""Names that mean something else to the caller: hostile functions, operators, tables and types that come
first in search_path, in the temporary schema, or lie in wait where the extension is installed."""

import os
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from functions import functions
from lib import (A, B, ROLE, ROOT, app, call, create_database, differences, drop_database, drop_role, equal, fill,
                 one, rows, server, test)

EVIL = f"evil_{os.getpid()}"
ADMIN = f"{ROLE}_admin"
OTHER = f"security_{os.getpid()}_install"
SNAPSHOT = ROOT / "tests/upgrade/snapshot.sql"

# Every function of pg_catalog that our texts could mean and every one of ours, with the same arguments;
# and the operators between our columns' exact types, which core has only for text.
TRAPS = r"""
DO $traps$
DECLARE
    v record;
    v_types constant text[] := ARRAY['varchar', 'text', 'bpchar', 'name', 'uuid', 'int', 'bigint', 'timestamptz', 'bytea', 'jsonb', 'boolean', 'date', 'interval', 'oid', '"char"', 'text[]', 'name[]', 'uuid[]'];
    v_left text;
    v_right text;
    v_op text;
BEGIN
    FOR v IN
        SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, p.proretset, format_type(p.prorettype, NULL) AS result
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind = 'f' AND NOT p.provariadic <> 0 AND pg_get_function_identity_arguments(p.oid) !~ '(internal|any|VARIADIC|OUT|INOUT)'
          AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype, 'cstring'::regtype, 'anyelement'::regtype, 'anyarray'::regtype)
          AND format_type(p.prorettype, NULL) !~ '^any'
          AND (n.nspname IN ('llmspell', 'llmspell_internal') OR n.nspname = 'pg_catalog' AND p.proname IN (
            'lower', 'upper', 'left', 'length', 'char_length', 'octet_length', 'now', 'statement_timestamp', 'clock_timestamp', 'transaction_timestamp', 'current_setting',
            'set_config', 'date_trunc', 'to_char', 'uuidv7', 'gen_random_uuid', 'split_part', 'make_interval', 'isfinite', 'quote_ident', 'quote_literal', 'timezone',
            'replace', 'has_table_privilege', 'pg_has_role', 'has_function_privilege', 'pg_get_expr', 'pg_get_indexdef', 'to_regclass', 'regclass', 'cardinality',
            'starts_with', 'pg_advisory_xact_lock', 'generate_series', 'pg_relation_size', 'pg_total_relation_size', 'string_to_array', 'pg_partition_tree',
            'tstzrange', 'pg_trigger_depth', 'decode', 'encode', 'sha256', 'substring', 'numeric_eq', 'texteq', 'bool', 'text', 'row_security_active'))
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS %L', current_setting('evil.schema'), v.proname, v.arguments,
                CASE WHEN v.proretset THEN 'SETOF' END, v.result, 'BEGIN RAISE EXCEPTION ''evil ran''; END');
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    FOREACH v_left IN ARRAY v_types LOOP
        FOREACH v_right IN ARRAY v_types LOOP
            EXECUTE format('CREATE FUNCTION %I.trap(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', current_setting('evil.schema'), v_left, v_right,
                'BEGIN RAISE EXCEPTION ''evil operator ran''; END');
            FOREACH v_op IN ARRAY ARRAY['=', '<>', '<', '<=', '>', '>=', '||', '+', '-', '~~', '@>', '&&', '~', '!~', '->', '->>', '?'] LOOP
                BEGIN
                    EXECUTE format('CREATE OPERATOR %1$I.%2$s (FUNCTION = %1$I.trap, LEFTARG = %3$s, RIGHTARG = %4$s)', current_setting('evil.schema'), v_op, v_left, v_right);
                EXCEPTION WHEN OTHERS THEN
                    NULL;
                END;
            END LOOP;
        END LOOP;
    END LOOP;
END
$traps$;
"""
TABLES = ["kv_store", "event_log", "test_data", "sessions", "artifacts", "artifact_content", "refinery_schema_history", "_index_ledger",
          "pg_class", "pg_policy", "pg_inherits", "pg_roles", "pg_attribute", "pg_proc", "pg_extension", "pg_depend", "pg_index", "pg_settings", "pg_constraint", "pg_trigger"]


@pytest.fixture(scope="module", autouse=True)
def clean():
    yield
    drop_database(OTHER)
    with server() as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA IF EXISTS {EVIL} CASCADE")
    drop_role(ADMIN)


def traps(connection, schema):
    connection.execute(f"SET evil.schema = '{schema}'")
    connection.execute(TRAPS)
    assert one(connection, "SELECT count(*) FROM pg_operator WHERE oprnamespace = %s::regnamespace", [schema]) > 1000
    assert one(connection, "SELECT count(*) FROM pg_proc WHERE pronamespace = %s::regnamespace", [schema]) > 300


def answers(connection, public):
    """What every public function answers, times and ids aside."""
    found = {}
    for function in public:
        for how in ("required", "all_plausible"):
            given = getattr(function, how)()
            # What a step of maintenance does depends on those before, and the server counts rows when it gets to it.
            if function.name in ("protect_table", "maintenance_step", "maintenance_run", "maintenance_status", "health_check", "event_log_partition_list") or "text" in function.types and function.name == "tenant_set":
                continue
            with connection.transaction(force_rollback=True):
                connection.execute("SELECT llmspell.tenant_set(%s)", [A])
                try:
                    got = repr(function.call(connection, given))
                except Exception as error:
                    got = f"{getattr(error, 'sqlstate', None)} {error}"
            got = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", got)
            got = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00", "TIME", got)
            if function.name in ("vector_recall_audit", "vector_explain", "hybrid_search", "episode_search"):
                got = re.sub(r"\d+\.\d+(e-\d+)?", "NUMBER", got)  # times, and what depends on the time
            # Microseconds, and transaction ids.
            got = re.sub(r"\b1[78]\d{14}\b|'\d{10}/\d{20}/\d{19}'", "NUMBER", got)
            found[f"{function.name} {how}"] = re.sub(r'"+(bytes|estimated_rows)"+: \d+', "SIZE", got)
    return found


@test
def setup():
    """a schema with thousands of traps, and traps as temporary tables"""
    with server() as connection:
        connection.execute(f"CREATE SCHEMA {EVIL}")
        traps(connection, EVIL)
        for table in TABLES:
            connection.execute(f"CREATE TABLE {EVIL}.{table} (tenant_id text, key text, value bytea, trap int)")
        connection.execute(f"GRANT USAGE ON SCHEMA {EVIL} TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA {EVIL} TO PUBLIC")
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app() as connection:
        for tenant in (A, B):
            fill(connection, tenant)


def unchanged(role):
    with server() as connection:
        public = functions(connection, role=role)
    with app(role=role) as connection:
        wanted = answers(connection, public)
    assert len(wanted) > 40, wanted
    for path in (f"{EVIL}", f"{EVIL}, pg_catalog", f"pg_temp, {EVIL}, llmspell, pg_catalog", f"{EVIL}, llmspell, pg_catalog, pg_temp"):
        with app(role=role) as connection:
            for table in TABLES:
                connection.execute(f"CREATE TEMP TABLE {table} (tenant_id text, key text, value bytea, trap int)")
                connection.execute(f"INSERT INTO pg_temp.{table} VALUES ('{A}', 'trap', 'trap', 1), ('{B}', 'trap', 'trap', 1)")
            connection.execute(f"SET search_path = {path}")
            got = answers(connection, public)
            equal({k: (v, got[k]) for k, v in wanted.items() if got[k] != v}, {}, path)


@test
def functions_of_the_app_role():
    """every function of llmspell_app answers the same under any search_path"""
    unchanged(ROLE)


@test
def functions_of_the_admin_role():
    """every function of llmspell_admin answers the same under any search_path"""
    unchanged(ADMIN)


@test
def writes_with_traps():
    """triggers, months and policies do the same under any search_path"""
    with app() as connection:
        connection.execute(f"SET search_path = pg_temp, {EVIL}, llmspell, pg_catalog")
        connection.execute("CREATE TEMP TABLE event_log (tenant_id text, trap int)")
        connection.execute("SELECT pg_catalog.set_config('app.current_tenant_id', 'trapped', false)")
        connection.execute("INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('trapped', 'k', 'v')")
        connection.execute("UPDATE llmspell.kv_store SET value = 'w'")
        connection.execute("INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('trapped', '10000000-0000-0000-0000-000000000009', '{}')")
        connection.execute("INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('trapped', 'h', 'bytea', '', 0)")
        connection.execute("INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes) "
                           "VALUES ('trapped', 'a', '10000000-0000-0000-0000-000000000009', 0, 'h', '{}', 'n', 't', 'm', 0)")
        connection.execute("UPDATE llmspell.sessions SET status = 'archived'")
        connection.execute("SELECT llmspell.create_event_log_partition('2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00')")
        equal(rows(connection, "SELECT version FROM llmspell.kv_store"), [(2,)])
        equal(rows(connection, "SELECT artifact_count FROM llmspell.sessions"), [(1,)])
        connection.execute("DELETE FROM llmspell.sessions")
        equal(rows(connection, "SELECT reference_count FROM llmspell.artifact_content"), [(1,)])


@test
def traps_where_it_is_installed():
    """an install into a database whose public schema is full of traps is the same as into a clean one"""
    create_database(OTHER)
    wanted = call(["psql", "-XqAt", "-d", OTHER, "-f", SNAPSHOT]).splitlines()
    create_database(OTHER, extension=None)
    with server(OTHER) as connection:
        connection.execute("CREATE EXTENSION vector; CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")
        traps(connection, "public")
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION llmspell")
    got = call(["psql", "-XqAt", "-d", OTHER, "-f", SNAPSHOT]).splitlines()
    equal(differences(got, wanted), [], "with traps")
    with app(A, dbname=OTHER) as connection:
        connection.execute("SET search_path = pg_catalog")  # fill.sql itself would step into the traps
        fill(connection, A)
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [])
