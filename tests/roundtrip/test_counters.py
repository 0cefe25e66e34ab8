#!/usr/bin/env -S python3 -m pytest
"""Counts that parents keep of their children are right after raw writes of every kind, as every role."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import A, B, ROLE, app, drop_role, equal, fill, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"
WRONG = """
    SELECT 'content', c.tenant_id, c.content_hash, c.reference_count, 1 + count(a.artifact_id)
    FROM llmspell.artifact_content c LEFT JOIN llmspell.artifacts a USING (tenant_id, content_hash) GROUP BY 1, 2, 3, 4
    HAVING c.reference_count <> 1 + count(a.artifact_id)
    UNION ALL
    SELECT 'session', s.tenant_id, s.session_id::text, s.artifact_count, count(a.artifact_id)
    FROM llmspell.sessions s LEFT JOIN llmspell.artifacts a USING (tenant_id, session_id) GROUP BY 1, 2, 3, 4
    HAVING s.artifact_count <> count(a.artifact_id)"""
SESSION = "10000000-0000-0000-0000-00000000000"
ARTIFACT = """INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
    SELECT %s, 'new:' || i, %s, 100 + i, repeat((1 + i %% 3)::text, 64), '{}', 'n', 't', 'm', 1 FROM generate_series(1, %s) AS i """


def exact(what):
    with server() as connection:
        equal(rows(connection, WRONG), [], what)


def counts(connection):
    return rows(connection, "SELECT reference_count FROM llmspell.artifact_content WHERE storage_type = 'bytea' ORDER BY content_hash") + \
        rows(connection, "SELECT artifact_count FROM llmspell.sessions ORDER BY session_id")


def fresh():
    with server() as connection:
        connection.execute("TRUNCATE llmspell.artifacts, llmspell.artifact_content, llmspell.artifact_chunk, llmspell.artifact_upload, llmspell.artifact_gc_queue, llmspell.artifact_turn, llmspell.sessions, llmspell.api_keys, llmspell.entities, llmspell.agent_state_history, llmspell.session_retention, "
                           "llmspell.procedural_patterns, llmspell.agent_states, llmspell.workflow_states, llmspell.event_log, llmspell.relationships")
    with app() as connection:
        for tenant in (A, B):
            fill(connection, tenant)
    exact("after fill.sql")


@test
def raw_writes():
    """insert, upsert, delete, update of keys, merge, copy: many rows at once, one by one, and undone"""
    fresh()
    with app(A) as connection:
        equal([r[0] for r in counts(connection)], [4, 2, 1, 3, 4, 0])
        for statement, args in (
            (ARTIFACT, [A, SESSION + "3", 100]),
            (ARTIFACT + "ON CONFLICT DO NOTHING", [A, SESSION + "3", 120]),
            (ARTIFACT + "ON CONFLICT (tenant_id, artifact_id) DO UPDATE SET session_id = %s, content_hash = EXCLUDED.content_hash, sequence = artifacts.sequence + 1000",
             [A, SESSION + "3", 50, SESSION + "2"]),
            ("UPDATE llmspell.artifacts SET content_hash = repeat('3', 64) WHERE artifact_id LIKE 'new:1%%'", []),
            ("UPDATE llmspell.artifacts SET session_id = %s, sequence = sequence + 5000 WHERE artifact_id LIKE 'new:2%%'", [SESSION + "1"]),
            ("UPDATE llmspell.artifacts SET name = 'other'", []),
            ("UPDATE llmspell.artifacts SET artifact_id = artifact_id || 'x' WHERE sequence < 3", []),
            ("DELETE FROM llmspell.artifacts WHERE artifact_id LIKE 'new:3%%'", []),
            ("DELETE FROM llmspell.artifacts WHERE artifact_id = 'nothing'", []),
            ("""MERGE INTO llmspell.artifacts a USING (VALUES ('new:1', 1), ('new:4', 2), ('new:9999', 3)) AS s (id, n) ON a.artifact_id = s.id
                WHEN MATCHED AND s.n = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET content_hash = repeat('2', 64)
                WHEN NOT MATCHED THEN INSERT (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
                VALUES (llmspell.current_tenant(), s.id, %s, 9999, repeat('1', 64), '{}', 'n', 't', 'm', 1)""", [SESSION + "1"]),
            ("""WITH gone AS (DELETE FROM llmspell.artifacts WHERE artifact_id = 'new:5' RETURNING *)
                INSERT INTO llmspell.artifacts SELECT (jsonb_populate_record(NULL::llmspell.artifacts, to_jsonb(gone) || '{"artifact_id": "moved", "sequence": 77777}')).*
                FROM gone""", []),
        ):
            connection.execute("BEGIN")
            connection.execute(statement, args or None)
            connection.execute("ROLLBACK")
            exact(f"undone {statement}")
            assert connection.execute(statement, args or None).rowcount >= 0
            exact(statement)
        equal(one(connection, "SELECT count(*) FROM llmspell.artifacts WHERE artifact_id LIKE 'new:%'") > 80, True)
        for i in range(5):
            connection.execute("DELETE FROM llmspell.artifacts WHERE artifact_id = (SELECT min(artifact_id) FROM llmspell.artifacts)")
        exact("one by one")
    with server() as connection:
        copied = []
        with connection.cursor().copy("COPY (SELECT * FROM llmspell.artifacts WHERE artifact_id LIKE 'new:%') TO STDOUT") as copy:
            copied = [bytes(block) for block in copy]
        connection.execute("DELETE FROM llmspell.artifacts WHERE artifact_id LIKE 'new:%'")
        exact("delete as superuser without tenant")
        with connection.cursor().copy("COPY llmspell.artifacts FROM STDIN") as copy:
            for block in copied:
                copy.write(block)
        exact("copy as superuser without tenant")
        equal(one(connection, "SELECT current_setting('app.current_tenant_id')"), "")


@test
def clients_cannot_set_counts():
    """what a client says of a count has no effect, in INSERT, UPDATE, upsert, MERGE and through a trigger of its own"""
    fresh()
    with app(A) as connection:
        before = counts(connection)
        connection.execute("UPDATE llmspell.artifact_content SET reference_count = 99")
        connection.execute("UPDATE llmspell.sessions SET artifact_count = 99, status = 'archived'")
        connection.execute("""INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, artifact_count) SELECT tenant_id, session_id, '{}', 77 FROM llmspell.sessions
            ON CONFLICT (tenant_id, session_id) DO UPDATE SET artifact_count = EXCLUDED.artifact_count""")
        connection.execute("""INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes, reference_count)
            SELECT tenant_id, content_hash, 'bytea', '', 0, 77 FROM llmspell.artifact_content
            ON CONFLICT (tenant_id, content_hash) DO UPDATE SET reference_count = artifact_content.reference_count + 1""")
        equal(counts(connection), before)
        connection.execute("""INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes, reference_count)
            VALUES (llmspell.current_tenant(), 'own', 'bytea', '', 0, 50)""")
        equal(one(connection, "SELECT reference_count FROM llmspell.artifact_content WHERE content_hash = 'own'"), 1)
    exact("after clients' own counts")
    with server() as connection:
        connection.execute("""CREATE TABLE public.trap (a int);
            CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                UPDATE llmspell.sessions SET artifact_count = 55; UPDATE llmspell.artifact_content SET reference_count = 55; RETURN NULL; END $$;
            CREATE TRIGGER trap AFTER INSERT ON public.trap EXECUTE FUNCTION public.trap();
            GRANT INSERT ON public.trap TO llmspell_app""")
    try:
        with app(A) as connection:
            connection.execute("INSERT INTO public.trap VALUES (1)")
        exact("an update inside a trigger of a client's own table")
    finally:
        with server() as connection:
            connection.execute("DROP TABLE public.trap; DROP FUNCTION public.trap()")


@test
def cascade_from_sessions():
    """deleting a session deletes its artifacts and counts them off: as app, as admin login, as superuser with and without tenant"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    try:
        for who, tenant, row_security in ((ROLE, A, "on"), (ADMIN, A, "on"), ("postgres", A, "on"), ("postgres", None, "on"),
                                          ("postgres", "another", "on"), ("postgres", None, "off")):
            fresh()
            with app(tenant, role=who) as connection:
                connection.execute(f"SET row_security = {row_security}")  # off in every session of pg_restore
                connection.execute("DELETE FROM llmspell.sessions WHERE session_id = %s", [SESSION + "2"])
                exact(f"{who} {tenant}")
                with raises("23503", "23001"):
                    connection.execute("DELETE FROM llmspell.artifact_content WHERE content_hash = repeat('1', 64)")
                connection.execute("BEGIN")
                connection.execute("DELETE FROM llmspell.sessions")
                equal(one(connection, "SELECT llmspell.current_tenant()"), tenant, "the tenant after a cascade")
                connection.execute("COMMIT")
                exact(f"all sessions, {who} {tenant}")
                equal(one(connection, "SELECT llmspell.current_tenant()"), tenant)
                connection.execute("DELETE FROM llmspell.artifact_content")
            with server() as connection:
                equal(one(connection, "SELECT count(*) FROM llmspell.artifacts WHERE tenant_id = %s", [A]), 0)
                equal(one(connection, "SELECT count(*) FROM llmspell.artifacts WHERE tenant_id = %s", [B]), 0 if who == "postgres" else 7)
    finally:
        drop_role(ADMIN)


@test
def erase():
    """tenant_erase takes everything of one tenant, months included, and nothing of the other"""
    fresh()
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    try:
        with app(role=ADMIN) as connection:
            counted = rows(connection, "SELECT * FROM llmspell.tenant_stats(%s)", [A])
            assert all(n > 0 for t, n in counted if "event_log" not in t), counted
            equal(rows(connection, "SELECT * FROM llmspell.tenant_erase(%s)", [A]), counted, "dry run")
            equal(rows(connection, "SELECT * FROM llmspell.tenant_erase(%s, false)", [A]), counted)
            equal(sum(n for _, n in rows(connection, "SELECT * FROM llmspell.tenant_stats(%s)", [A])), 0)
            equal(sorted(rows(connection, "SELECT * FROM llmspell.tenant_stats(%s)", [B])), sorted(counted))
            equal(one(connection, "SELECT llmspell.current_tenant()"), None)
            equal([r[0] for r in rows(connection, "SELECT tenant_id FROM llmspell.tenant_list()")], [B])
            for query in ("llmspell.tenant_list()", "llmspell.tenant_stats('tenant-b')", "llmspell.tenant_erase('tenant-b')", "llmspell_internal._tenants()", "llmspell.protect_table('public.x')"):
                with app(A) as other, raises("42501", "42P01"):
                    other.execute(f"SELECT * FROM {query}")
    finally:
        drop_role(ADMIN)
    exact("after tenant_erase")

