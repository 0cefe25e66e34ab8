#!/usr/bin/env -S python3 -m pytest
"""What makes an install fail, and that a failed one leaves nothing; what DROP EXTENSION takes along. Roles belong
to the cluster, so this has one of its own."""

import os
import pathlib
import sys
import threading

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import (A, B, ROOT, SOAK, app, call, create_database, equal, fill, one, raises, rows, server, start_cluster,
                 stop_cluster, test)

CLUSTER = f"test-install-{os.getpid()}"
MEMBER_OF = None
INSTALL = "CREATE EXTENSION llmspell CASCADE"
SNAPSHOT = ROOT / "tests/upgrade/snapshot.sql"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    start_cluster(CLUSTER)
    yield
    stop_cluster(CLUSTER)


def ours(dbname):
    """What an install leaves: roles, schemas, extensions, settings."""
    with server(dbname) as connection:
        return rows(connection, """SELECT 'role', rolname FROM pg_roles WHERE rolname LIKE 'llmspell%' OR rolname LIKE 'intruder%'
            UNION ALL SELECT 'schema', nspname || ' ' || nspowner::regrole FROM pg_namespace WHERE nspname LIKE 'llmspell%'
            UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql'
            UNION ALL SELECT 'class', oid::regclass::text FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
            ORDER BY 1, 2""")


def refused(dbname, *states, says):
    before = ours(dbname)
    with server(dbname) as connection, raises(*states) as found:
        connection.execute(INSTALL)
    message = f"{found.error.diag.message_primary} {found.error.diag.message_hint}"
    for word in says:
        assert word in message, f"{word!r} is not in: {message}"
    assert "schema" in says[0] or found.error.diag.message_hint, "no hint"
    equal(ours(dbname), before, "a failed install left something")


@test
def other_encodings():
    """a database that is not UTF8 is refused by name of its encoding, and nothing is left, no role either"""
    for encoding in ("SQL_ASCII", "LATIN1"):
        create_database("enc", None, f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        refused("enc", "0A000", says=["UTF8", encoding])
    equal(ours("enc"), [])


@test
def squatted_schema():
    """a schema llmspell that somebody made before makes the install fail, also an empty one, also the installer's own"""
    create_database("squat", None)
    with server("squat") as connection:
        connection.execute("CREATE ROLE intruder LOGIN; GRANT CREATE ON DATABASE squat TO intruder")
    for owner in ("intruder", "postgres"):
        with app(dbname="squat", role=owner) as connection:
            connection.execute("CREATE SCHEMA llmspell")
            refused("squat", "42P06", says=["schema"])
            connection.execute("CREATE TABLE llmspell.kv_store (a int)")
            refused("squat", "42P06", says=["schema"])
            connection.execute("DROP SCHEMA llmspell CASCADE")
    # A name of ours without the schema does no harm.
    with server("squat") as connection:
        connection.execute("CREATE TABLE kv_store (a int); CREATE FUNCTION current_tenant() RETURNS text LANGUAGE sql RETURN 'evil'")
        connection.execute("SET client_min_messages = warning")
        connection.execute(INSTALL)
        connection.execute("DROP EXTENSION llmspell")
        connection.execute("DROP OWNED BY intruder; DROP ROLE intruder")


@test
def ground_of_others():
    """a schema that an ordinary role owns is no place for the extension, nor for those that it needs: its owner could drop them"""
    with server() as connection:
        connection.execute("CREATE ROLE intruder LOGIN")
    for needed in (None, "vector"):
        create_database("ground", None)
        with server("ground") as connection:
            user = one(connection, "SELECT quote_ident(current_user)")
            # "$user" comes first in the default search_path.
            connection.execute(f"GRANT CREATE ON DATABASE ground TO intruder; SET SESSION AUTHORIZATION intruder; CREATE SCHEMA {user}; RESET SESSION AUTHORIZATION")
            if needed:
                connection.execute(f"CREATE EXTENSION {needed} SCHEMA {user}")
                connection.execute("SET search_path = public; CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")
        refused("ground", "55000", says=["not a superuser"])
        with server("ground") as connection:
            connection.execute(f"ALTER SCHEMA {user} OWNER TO CURRENT_USER")
            connection.execute(INSTALL)
    with server() as connection:
        connection.execute("DROP DATABASE ground")
        connection.execute("DROP ROLE intruder")


@test
def prepared_roles():
    """a role of ours that somebody prepared with LOGIN, SUPERUSER or BYPASSRLS makes the install fail, save an app role that logs in"""
    create_database("roles", None)
    for role, attribute, fails in (
        ("llmspell_owner", "LOGIN", True), ("llmspell_owner", "SUPERUSER", True), ("llmspell_owner", "BYPASSRLS", True),
        ("llmspell_admin", "LOGIN", True), ("llmspell_admin", "SUPERUSER", True), ("llmspell_admin", "BYPASSRLS", True),
        ("llmspell_tenants", "LOGIN", True), ("llmspell_tenants", "SUPERUSER", True),
        ("llmspell_worker", "LOGIN", True), ("llmspell_worker", "SUPERUSER", True), ("llmspell_worker", "BYPASSRLS", True),
        ("llmspell_app", "SUPERUSER", True), ("llmspell_app", "BYPASSRLS", True),
        ("llmspell_app", "LOGIN", False), ("llmspell_owner", "NOLOGIN", False), ("llmspell_tenants", "NOLOGIN BYPASSRLS", False),
    ):
        with server("roles") as connection:
            connection.execute("SET client_min_messages = warning")
            for name in ("llmspell_owner", "llmspell_admin", "llmspell_tenants", "llmspell_app", "llmspell_worker"):
                if rows(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", [name]):
                    connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
            connection.execute(f"CREATE ROLE {role} NOLOGIN; ALTER ROLE {role} {attribute}")
        if fails:
            refused("roles", "0P000", "42501", says=[role, attribute])
        else:
            with server("roles") as connection:
                connection.execute("SET client_min_messages = warning")
                connection.execute(INSTALL)
                equal(rows(connection, "SELECT * FROM llmspell_internal._security_faults()"), [], f"{role} {attribute}")
                connection.execute("DROP EXTENSION llmspell")


@test
def roles_with_members():
    """who is a member of the owner could take the wall down: such a prepared role makes the install fail"""
    create_database("members", None)
    for role in ("llmspell_owner", "llmspell_tenants"):
        with server("members") as connection:
            connection.execute("CREATE ROLE intruder LOGIN CREATEROLE")
            connection.execute(f"DROP ROLE IF EXISTS {role}")
        with app(dbname="members", role="intruder") as connection:
            connection.execute(f"CREATE ROLE {role} NOLOGIN")
            connection.execute(f"GRANT {role} TO intruder WITH SET TRUE, INHERIT TRUE")
        try:
            refused("members", "0P000", "42501", says=[role, "member"])
        finally:
            with server("members") as connection:
                connection.execute("DROP EXTENSION IF EXISTS llmspell")
                connection.execute("DROP OWNED BY intruder")
                connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}; DROP ROLE intruder")


@test
def worker_that_is_a_member():
    """a prepared llmspell_worker that may do more, as a member of another role, makes the install fail"""
    create_database("members", None)
    with server("members") as connection:
        connection.execute("SET client_min_messages = warning; DROP ROLE IF EXISTS llmspell_worker; CREATE ROLE llmspell_worker NOLOGIN; GRANT pg_read_all_data TO llmspell_worker")
    try:
        refused("members", "0P000", says=["llmspell_worker is a member of pg_read_all_data"])
    finally:
        with server("members") as connection:
            connection.execute("DROP ROLE llmspell_worker")


@test
def tenants_role_that_sees_nothing():
    """a prepared llmspell_tenants without BYPASSRLS, under which tenant_list() would be empty, is refused or repaired"""
    create_database("blind", None)
    with server("blind") as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP ROLE IF EXISTS llmspell_tenants")
        connection.execute("CREATE ROLE llmspell_tenants NOLOGIN")
        try:
            connection.execute(INSTALL)
        except psycopg.Error as error:
            assert "llmspell_tenants" in str(error), error
        else:
            equal(one(connection, "SELECT rolbypassrls FROM pg_roles WHERE rolname = 'llmspell_tenants'"), True, "BYPASSRLS")
            connection.execute("DROP EXTENSION llmspell")
        connection.execute("DROP OWNED BY llmspell_tenants; DROP ROLE llmspell_tenants")


@test
def only_a_superuser():
    """nobody but a superuser creates the extension, whatever they own"""
    create_database("owned", None)
    with server("owned") as connection:
        connection.execute("CREATE ROLE intruder LOGIN CREATEROLE CREATEDB; ALTER DATABASE owned OWNER TO intruder")
    with app(dbname="owned", role="intruder") as connection, raises("42501"):
        connection.execute(INSTALL)
    with server() as connection:
        connection.execute("DROP DATABASE owned")
        connection.execute("DROP ROLE intruder")


@test
def drop_and_install_again():
    """DROP EXTENSION takes the schema, months included, but not what protects a user's table; a new install is as the first"""
    create_database("again")
    snapshot = call(["psql", "-XqAt", "-d", "again", "-f", SNAPSHOT])
    with server("again") as connection:
        connection.execute("CREATE ROLE t LOGIN IN ROLE llmspell_app")
    with app(dbname="again", role="t") as connection:
        fill(connection, A)
    with server("again") as connection:
        connection.execute("CREATE TABLE notes (id int, tenant_id text NOT NULL); SELECT llmspell.protect_table('notes')")
        with raises("2BP01"):
            connection.execute("DROP EXTENSION llmspell")
        equal(one(connection, "SELECT count(*) FROM llmspell.kv_store"), 6)
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP EXTENSION llmspell CASCADE")
        equal(one(connection, "SELECT count(*) FROM notes"), 0)
        # Without its policies the table is closed, not open.
        equal(rows(connection, "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'notes'"), [(True, True)])
        connection.execute("DROP TABLE notes")
        equal([r for r in ours("again") if r[0] != "role" and r[1] not in ("vector", "btree_gin", "btree_gist")], [])
        equal(one(connection, "SELECT count(*) FROM pg_default_acl"), 0)
        connection.execute("CREATE EXTENSION llmspell")
    equal(call(["psql", "-XqAt", "-d", "again", "-f", SNAPSHOT]), snapshot)
    with app(A, dbname="again", role="t") as connection:
        equal(one(connection, "SELECT llmspell.kv_count()"), 0)
        fill(connection, B)
    with server("again") as connection:
        connection.execute("DROP EXTENSION llmspell; DROP ROLE t")


@test
def at_the_same_time():
    """4 databases of a cluster without our roles install at the same time"""
    for turn in range(5 if SOAK else 1):
        names = [f"same{n}" for n in range(4)]
        with server() as connection:
            for name in names + ["again", "roles", "squat", "enc", "members", "blind"]:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            for name in ("llmspell_owner", "llmspell_admin", "llmspell_tenants", "llmspell_app", "llmspell_worker"):
                connection.execute(f"DROP ROLE IF EXISTS {name}")
            for name in names:
                connection.execute(f"CREATE DATABASE {name}")
        problems, barrier = [], threading.Barrier(len(names))

        def install(name):
            try:
                with server(name) as connection:
                    connection.execute("SET client_min_messages = warning")
                    connection.execute("CREATE EXTENSION vector; CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")
                    barrier.wait()
                    connection.execute(INSTALL)
            except Exception as error:
                problems.append(f"{name}: {getattr(error, 'sqlstate', '')} {error}")

        threads = [threading.Thread(target=install, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(problems, [], f"turn {turn}")
        for name in names:
            with server(name) as connection:
                equal(rows(connection, "SELECT * FROM llmspell_internal._security_faults()"), [], name)
                equal(rows(connection, "SELECT pg_has_role('llmspell_admin', 'llmspell_app', 'USAGE'), pg_has_role('llmspell_owner', 'pg_read_all_stats', 'USAGE')"), [(True, True)])
