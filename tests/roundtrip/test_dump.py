#!/usr/bin/env -S python3 -m pytest
"""Dump and restore: every format, two databases, this month and another month, and work goes on after it."""

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import (A, B, ROLE, ROOT, app, call, create_database, differences, drop_database, equal, fill, one, raises,
                 rows, server, tenant_tables, test)

SNAPSHOT = ROOT / "tests/upgrade/snapshot.sql"
HERE = pathlib.Path(__file__).resolve().parent
# This month and some of last year; only months of last year, as in an archive that is restored later.
NOW, OLD, BACK = (f"roundtrip_{os.getpid()}_{name}" for name in ("now", "old", "back"))
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-roundtrip-"))
OTHER_PLACE = {**os.environ, "PGTZ": "Asia/Kolkata", "PGDATESTYLE": "German", "TZ": "America/St_Johns"}

MONTHS = """SELECT llmspell.create_event_log_partition(m, m + interval '1 month') FROM (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(months => %s)) AS t (m)"""
PROTECTED = """
    CREATE TABLE public.notes (id int, tenant_id text COLLATE "C" NOT NULL, note text, PRIMARY KEY (tenant_id, id));
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.notes TO llmspell_app;
    SELECT llmspell.protect_table('public.notes');
    INSERT INTO public.notes VALUES (1, 'tenant-a', 'a'), (1, 'tenant-b', 'b');
    INSERT INTO llmspell.refinery_schema_history VALUES (16, 'own', 'some day', '1');
    GRANT SELECT ON llmspell.test_data TO pg_monitor;
"""


@pytest.fixture(scope="module", autouse=True)
def clean_up():
    yield
    shutil.rmtree(FOLDER)
    drop_database(NOW, OLD, BACK)


def source(name, months):
    create_database(name)
    if len(months) > 10:
        with server(name) as connection:
            connection.execute("SET llmspell.event_log_months_back = 60; SET timezone = 'UTC'")
            for month in months:
                connection.execute(MONTHS, [month])
    with app(dbname=name) as connection:
        for tenant in (A, B):
            fill(connection, tenant)
        connection.execute("SELECT llmspell.tenant_set(%s, false)", [A])
        for month in months:
            connection.execute("SET timezone = 'UTC'")
            connection.execute(MONTHS, [month])
            connection.execute("""INSERT INTO llmspell.event_log SELECT tenant_id, uuidv7(), 'old', uuidv7(),
                date_trunc('month', now()) - make_interval(months => %s) + interval '1 hour', 1, 'sql', '{}' FROM llmspell.test_data""", [month])
        for i in range(40):
            connection.execute("SELECT llmspell.kv_set(%s, %s, ttl => %s)", [f"many{i}", bytes(range(i, 256)), None if i % 3 else "10 years"])
            connection.execute("SELECT llmspell.kv_set('many1', 'again')")
    with server(name) as connection:
        connection.execute(PROTECTED)
        equal(rows(connection, "SELECT * FROM llmspell.verify() WHERE component <> 'isolation'"), [])


def data(name):
    with server(name) as connection:
        connection.execute("SET timezone = 'UTC'")
        tables = [r[0] for r in rows(connection, """SELECT oid::regclass::text FROM pg_class
            WHERE relnamespace IN ('llmspell'::regnamespace, 'public'::regnamespace) AND relkind = 'r' ORDER BY 1""")]
        # applied_on of the install's own rows is the time of the install.
        found = {t: rows(connection, f"""SELECT count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C"))
            FROM (SELECT to_jsonb(t) - CASE WHEN %s LIKE '%%refinery%%' THEN 'applied_on' ELSE '' END FROM {t} t) AS r (r)""", [t])[0] for t in tables}
        for table in tenant_tables(connection, internal=True):
            assert one(connection, f"SELECT count(*) FROM {table}") > 0, f"{table} is empty: fill.sql does not cover it"
    return found


def catalog(name):
    return call(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", SNAPSHOT]).replace(name, "DATABASE").splitlines()


def counters(name):
    with server(name) as connection:
        return rows(connection, """SELECT tenant_id, content_hash, reference_count FROM llmspell.artifact_content
            UNION ALL SELECT tenant_id, session_id::text, artifact_count FROM llmspell.sessions ORDER BY 1, 2""")


def artifacts(name):
    """Each tenant's contents by what is read of them, and what artifact_verify finds."""
    found = {}
    for tenant in (A, B):
        with app(tenant, dbname=name) as connection:
            found[tenant] = (
                rows(connection, """SELECT a.artifact_id, a.content_hash, md5(g.content), a.content_hash = encode(llmspell.blake3(g.content), 'hex')
                    FROM llmspell.artifacts a, llmspell.artifact_get(a.artifact_id) AS g (content) ORDER BY 1"""),
                rows(connection, "SELECT * FROM llmspell.artifact_verify('data') ORDER BY 1, 2, 3"),
                rows(connection, "SELECT * FROM llmspell.artifact_stats()"))
    return found


def same(source_name, restored):
    wanted, got = catalog(source_name), catalog(restored)
    equal(differences(got, wanted), [], "catalog")
    assert len(wanted) > 1000, "the snapshot is empty"
    wanted, got = data(source_name), data(restored)
    equal({t: (v, got.get(t)) for t, v in wanted.items() if got.get(t) != v}, {}, "rows")
    equal(got.keys(), wanted.keys())
    equal(counters(restored), counters(source_name))
    wanted = artifacts(source_name)
    equal(artifacts(restored), wanted, "artifacts")
    for contents, faults, _ in wanted.values():
        # fill.sql has three raw contents under hashes that are made up.
        equal([row[:2] for row in faults], [("content_hash", str(i) * 64) for i in (1, 2, 3)])
        assert sum(row[3] for row in contents) >= 3, contents


def works(name):
    """Work goes on: writes by the functions and raw, the months of today, the wall."""
    with app(A, dbname=name) as connection:
        made = one(connection, "SELECT llmspell.ensure_future_event_log_partitions()")
        equal(one(connection, "SELECT version FROM llmspell.kv_set('versions', 'three')"), 3)
        equal(one(connection, "SELECT llmspell.kv_exists('expiring')"), True)
        equal(one(connection, "SELECT version FROM llmspell.kv_set('new', '')"), 1)
        connection.execute("""INSERT INTO llmspell.event_log VALUES (llmspell.current_tenant(), uuidv7(), 't', uuidv7(), now(), 1, 'sql', '{}')""")
        connection.execute("DELETE FROM llmspell.artifacts WHERE artifact_id = '1:0'")
        equal(one(connection, "SELECT reference_count FROM llmspell.artifact_content WHERE content_hash = repeat('1', 64)"), 3)
        equal(one(connection, "SELECT artifact_count FROM llmspell.sessions WHERE session_id = '10000000-0000-0000-0000-000000000001'"), 2)
        equal(rows(connection, "SELECT tenant_id, note FROM public.notes"), [(A, "a")])
        equal(rows(connection, "SELECT DISTINCT tenant_id FROM llmspell.event_log"), [(A,)])
        with raises("23505"):
            connection.execute("""INSERT INTO llmspell.event_log SELECT * FROM llmspell.event_log LIMIT 1""")
        version = """SELECT version, created, stored_bytes < 100000 FROM llmspell.artifact_put('10000000-0000-0000-0000-000000000002', 'versions',
            (SELECT string_agg(sha256(convert_to(i || CASE WHEN i = 700 * %s THEN 'x' ELSE '' END, 'UTF8')), '' ORDER BY i) FROM generate_series(1, 1400) AS i))"""
        equal(rows(connection, version, [2]), [(2, False, True)])
        equal(rows(connection, version, [3]), [(3, True, True)])
        with server(name) as admin:
            upload = one(admin, "SELECT upload_id FROM llmspell.artifact_upload WHERE tenant_id = %s", [A])
        equal(one(connection, "SELECT size_bytes FROM llmspell.artifact_upload_finish(%s)", [upload]), 32_000)
        # What was deleted, and the raw content that never had an artifact.
        equal(one(connection, "SELECT contents FROM llmspell.artifact_gc(grace => '0')"), 2)
        equal([row[0] for row in rows(connection, "SELECT * FROM llmspell.artifact_verify('data')")], ["content_hash"] * 2)
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [])
    with server(name) as connection:
        equal(rows(connection, "SELECT DISTINCT llmspell_internal._wall_faults(c.oid) FROM pg_class c WHERE relnamespace = 'llmspell'::regnamespace AND relkind IN ('r', 'p') "
                               "AND relname NOT LIKE '\\_%' AND relname NOT IN ('refinery_schema_history', 'vector_spaces', 'vector_index_config', 'vector_calibrations', 'vector_generations')"), [])
        lint = call(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", ROOT / "tests/security/lint.sql"])
        equal(lint.strip(), "", "lint")
        for table in tenant_tables(connection, partitions=True) + tenant_tables(connection, internal=True):
            connection.execute(f"ANALYZE {table}")
    return made


def restored(name, *restore, env=None):
    """Makes an empty database and restores into it with each of the commands; {} is the database."""
    create_database(BACK, extension=None)
    for command in restore:
        call([str(part).format(BACK) for part in command], env=env)
    same(name, BACK)


def pg_restore(*options):
    return ["pg_restore", "--exit-on-error", *options]


@test
def dumps():
    """two databases with rows in every table are dumped as custom, directory with 2 jobs, and plain"""
    source(NOW, range(1, 41))
    source(OLD, (12, 14))
    # The archive of another month: nothing in it is of a month that exists by the time of the restore.
    with server(OLD) as connection:
        this_month = one(connection, "SELECT to_char(now() AT TIME ZONE 'UTC', '\"llmspell.event_log_\"YYYY_MM')")
        for table in tenant_tables(connection, partitions=True):
            if table >= this_month:
                connection.execute(f"DROP TABLE {table}")
        equal(len(tenant_tables(connection, partitions=True)), 2)
    for name in (NOW, OLD):
        call(["pg_dump", "-Fc", "-f", FOLDER / f"{name}.custom", name])
        call(["pg_dump", "-Fd", "-j2", "-f", FOLDER / f"{name}.folder", name])
        call(["pg_dump", "-Fp", "-f", FOLDER / f"{name}.sql", name], env=OTHER_PLACE)


@test
def custom():
    """custom format"""
    restored(NOW, pg_restore("-d", "{}", FOLDER / f"{NOW}.custom"))
    equal([m[:7] for m in works(BACK)], ["SKIPPED"] * 4)


@test
def custom_with_two_jobs():
    """custom format, 2 jobs"""
    restored(NOW, pg_restore("-j2", "-d", "{}", FOLDER / f"{NOW}.custom"))
    works(BACK)


@test
def custom_in_one_transaction():
    """custom format, --single-transaction"""
    restored(NOW, pg_restore("--single-transaction", "-d", "{}", FOLDER / f"{NOW}.custom"))
    works(BACK)


@test
def directory_with_two_jobs():
    """directory format, 2 jobs, another month, another TimeZone"""
    restored(OLD, pg_restore("-j2", "-d", "{}", FOLDER / f"{OLD}.folder"), env=OTHER_PLACE)
    equal([m[:7] for m in works(BACK)], ["CREATED"] * 4)


@test
def without_triggers():
    """custom format, 4 jobs, session_replication_role = replica: no trigger counts, no key is checked"""
    restored(NOW, pg_restore("-j4", "-d", "{}", FOLDER / f"{NOW}.custom"), env={**os.environ, "PGOPTIONS": "-c session_replication_role=replica"})
    works(BACK)


@test
def plain():
    """plain format, with ON_ERROR_STOP"""
    restored(NOW, ["psql", "-Xq", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-d", "{}", "-f", FOLDER / f"{NOW}.sql"])
    works(BACK)


@test
def plain_in_one_transaction():
    """plain format, in one transaction, another month"""
    restored(OLD, ["psql", "-Xq", "-1", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-d", "{}", "-f", FOLDER / f"{OLD}.sql"], env=OTHER_PLACE)
    equal([m[:7] for m in works(BACK)], ["CREATED"] * 4)


@test
def a_dump_of_a_restore():
    """a restored database is dumped and restored again"""
    file = FOLDER / "again.custom"
    create_database(BACK, extension=None)
    call(pg_restore("-d", BACK, FOLDER / f"{NOW}.custom"))
    call(["pg_dump", "-Fc", "-f", file, BACK])
    restored(NOW, pg_restore("-d", "{}", file))


@test
def schema_and_data_apart():
    """schema only, then data only"""
    restored(NOW, pg_restore("--schema-only", "-d", "{}", FOLDER / f"{NOW}.custom"),
             pg_restore("--data-only", "-d", "{}", FOLDER / f"{NOW}.custom"))


@test
def clean():
    """-c --if-exists into a database that has the extension and rows"""
    create_database(BACK)
    with app(dbname=BACK) as connection:
        fill(connection, "somebody else")
    call(pg_restore("-c", "--if-exists", "-d", BACK, FOLDER / f"{NOW}.custom"))
    same(NOW, BACK)
    works(BACK)


@test
def clean_and_create():
    """-c -C: the database itself is dropped and made anew"""
    wanted = data(OLD), catalog(OLD)
    with app(A, dbname=OLD) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
    call(pg_restore("-c", "-C", "-d", "postgres", FOLDER / f"{OLD}.custom"))
    equal((data(OLD), catalog(OLD)) == wanted, True, "rows and catalog")
    works(OLD)


@test
def app_role_cannot_dump():
    """pg_dump as the app role fails loudly, never with an empty dump"""
    try:
        call(["pg_dump", "-U", ROLE, "-f", "/dev/null", NOW])
    except AssertionError:
        return
    raise AssertionError("pg_dump as the app role succeeded")
