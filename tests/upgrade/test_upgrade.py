#!/usr/bin/env -S python3 -m pytest
"""ALTER EXTENSION … UPDATE: each released version, filled and upgraded, must equal a fresh install of this one
in every line of snapshot.sql, and keep every row. The machinery itself is tested on versions made up here."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import A, B, HERE as CLIENTS, ROLE, ROOT, app, call, create_database, differences, drop_database, equal, rows, server, test

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["LLMSPELL_BUILD"])
STAGE = pathlib.Path(os.environ["LLMSPELL_STAGE"]) / "share/extension"
UPGRADED, FRESH = f"upgrade_{os.getpid()}_upgraded", f"upgrade_{os.getpid()}_fresh"
VERSION = re.search(r'^version *= *"(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
RELEASED = [re.search(r"--(.*)\.sql", path.name)[1] for path in (ROOT / "sql/released").glob("llmspell--*.sql")]
# What people add to ours, and must find again: a grant, a table of their own behind the wall.
ADDED = """
    GRANT SELECT ON llmspell.test_data TO pg_monitor;
    GRANT INSERT (value) ON llmspell.test_data TO pg_monitor;
    CREATE TABLE public.notes (id int, tenant_id text NOT NULL, PRIMARY KEY (tenant_id, id));
    GRANT SELECT, INSERT ON public.notes TO llmspell_app;
    SELECT llmspell.protect_table('public.notes');
"""
MONTH = "SELECT llmspell.create_event_log_partition(m, m + interval '1 month') FROM (SELECT date_trunc('month', now(), 'UTC') - interval '2 months') AS t (m)"


@pytest.fixture(scope="module", autouse=True)
def clean_up():
    yield
    drop_database(UPGRADED, FRESH)


def number(version):
    return [int(part) for part in version.split(".")]


def setup_of(version):
    """The rows of a version: its fill.sql, kept as setup-VERSION.sql when it was released."""
    return HERE / f"setup-{version}.sql"


def install(name, version, folder, fill):
    create_database(name, extension=None)
    with server(name) as connection:
        connection.execute("SET client_min_messages = warning")
        if folder:
            connection.execute(f"SET extension_control_path = '{folder}:$system'")
        connection.execute(f"CREATE EXTENSION llmspell VERSION '{version}' CASCADE")
        for tenant in (A, B):
            with connection.transaction():
                connection.execute(f"SET LOCAL ROLE {ROLE}")
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                connection.execute(fill.read_text())
                connection.execute(MONTH)
        connection.execute(ADDED)


def update(name, version, folder):
    """Upgrades with a session that does all it can to mislead the script."""
    with server(name) as connection:
        connection.execute("SET client_min_messages = warning")
        if folder:
            connection.execute(f"SET extension_control_path = '{folder}:$system'")
        connection.execute("CREATE SCHEMA evil; CREATE FUNCTION evil.trap(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evil'; END $$;"
                           "CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = varchar, RIGHTARG = varchar);"
                           "CREATE OPERATOR evil.<> (FUNCTION = evil.trap, LEFTARG = varchar, RIGHTARG = varchar);"
                           "SET search_path = evil; SET timezone = 'Asia/Kolkata'; SET datestyle = 'German'; SET check_function_bodies = on")
        connection.execute(f"ALTER EXTENSION llmspell UPDATE TO '{version}'")
        connection.execute("DROP SCHEMA evil CASCADE")


def data(name, columns=None):
    """Columns and checksum of each table; only of the given columns where those are given."""
    with server(name) as connection:
        columns = columns or {t: c for t, c in rows(connection, """SELECT c.oid::regclass::text, array_agg(attname::text ORDER BY attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace IN ('llmspell'::regnamespace, 'public'::regnamespace) AND c.relkind = 'r' AND c.relname <> '_index_ledger' AND attnum > 0 AND NOT attisdropped GROUP BY 1""")}
        connection.execute("SET timezone = 'UTC'")
        return columns, {t: rows(connection, f"""SELECT count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C"))
            FROM (SELECT {', '.join(f'"{c}"' for c in names)} FROM {t}) AS r""") for t, names in columns.items()}


def snapshot(name):
    return call(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", HERE / "snapshot.sql"]).splitlines()


def difference():
    """What snapshot.sql shows of the upgraded database (+) and the fresh one (-) differs in."""
    upgraded, fresh = snapshot(UPGRADED), snapshot(FRESH)
    assert len(fresh) > 1000, "the snapshot is empty"
    return differences(upgraded, fresh)


def healthy(name, version):
    equal(call(["psql", "-XqAt", "-d", name, "-f", ROOT / "tests/security/lint.sql"]).splitlines(), [], "lint")
    for tenant in (A, None):
        with app(tenant, dbname=name) as connection:
            # Versions made up here are not that of the library.
            equal(rows(connection, "SELECT * FROM llmspell.verify() WHERE component <> 'version' OR %s", [version == VERSION]), [], "verify()")
            equal(rows(connection, "SELECT count(*) FROM public.notes"), [(0,)])


def parity(old, new, folder, fill, fresh=True):
    """What differs after an upgrade; fresh: False where the fresh database is there from before."""
    if fresh:
        install(FRESH, new, folder, CLIENTS / "fill.sql" if folder is None else fill)
    install(UPGRADED, old, folder, fill)
    columns, before = data(UPGRADED)
    update(UPGRADED, new, folder)
    equal(data(UPGRADED, columns)[1], before, "rows")
    return difference()


def released(old):
    def run():
        if old == VERSION:
            # By catalog, not by text: pgrx writes independent functions in any order.
            with Frozen(old) as folder:
                install(UPGRADED, old, folder, CLIENTS / "fill.sql")
            install(FRESH, old, None, CLIENTS / "fill.sql")
            equal(difference(), [], f"version {old} is released and must not change any more: raise the version in Cargo.toml")
            return
        equal(parity(old, VERSION, None, setup_of(old)), [])
        healthy(UPGRADED, VERSION)

    run.__doc__ = f"{old} to {VERSION}: rows kept, catalog as a fresh install's"
    return run


class Frozen:
    """A folder that holds only the frozen script of a version."""

    def __init__(self, version):
        self.version = version

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-upgrade-"))
        (self.folder / "extension").mkdir()
        shutil.copy(STAGE / "llmspell.control", self.folder / "extension")
        shutil.copy(ROOT / f"sql/released/llmspell--{self.version}.sql", self.folder / "extension")
        call(["chmod", "-R", "a+rX", self.folder])
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


class Versions:
    """A folder with versions 7.1 and 7.2, made from the present install script by what is given: changes of its text,
    added tables, added functions; and the upgrade, composed of by_hand and the functions of 7.2."""

    def __init__(self, by_hand="", changes=(), tables="", functions=""):
        self.script = (STAGE / f"llmspell--{VERSION}.sql").read_text()
        self.new = self.script
        for old, new in changes:
            assert old in self.new, f"{old!r} is not in the install script"
            self.new = self.new.replace(old, new, 1)
        end = "-- file: security.sql\n"
        self.new = self.new.replace(end, f"-- file: things/tables.sql\n{tables}\n-- file: things/functions.sql\n{functions}\n{end}")
        self.by_hand = by_hand

    def functions(self):
        """The part of the new script that an upgrade repeats, as build.rs composes it."""
        parts = re.split(r"^(?=-- file: )", self.new, flags=re.MULTILINE)[1:]
        return "".join(p for p in parts if not re.match(r"-- file: (base|leakproof|\w+/tables|\w+/seed)\.sql\n", p))

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-upgrade-"))
        extension = self.folder / "extension"
        extension.mkdir()
        (extension / "llmspell.control").write_text((STAGE / "llmspell.control").read_text())
        (extension / "llmspell--7.1.sql").write_text(self.script)
        (extension / "llmspell--7.2.sql").write_text(self.new)
        hand, functions = self.folder / "llmspell--7.1--7.2.sql", self.folder / "functions.sql"
        hand.write_text(self.by_hand + "\n")
        functions.write_text(self.functions())
        (extension / "llmspell--7.1--7.2.sql").write_text(call([ROOT / "scripts/upgrade", hand, functions]))
        call(["chmod", "-R", "a+rX", self.folder])
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


SETUP = CLIENTS / "fill.sql"
# One of each kind of change, as a release would hold it.
BODY = ("$$ SELECT 'postgresql' $$", "$$ SELECT 'postgresql' || CASE WHEN true THEN ';' END $$")
COLUMNS = [
    "ALTER TABLE llmspell.test_data ADD COLUMN added varchar(20) COLLATE \"C\" NOT NULL DEFAULT 'none';",
    "CREATE INDEX idx_test_data_added ON llmspell.test_data (tenant_id, added);",
    "ALTER TABLE llmspell.test_data ADD CONSTRAINT some_added CHECK (added <> '');",
    "CREATE TABLE llmspell.thing (tenant_id varchar(255) COLLATE \"C\" NOT NULL CHECK (tenant_id <> ''), id int, PRIMARY KEY (tenant_id, id));",
    "COMMENT ON COLUMN llmspell.test_data.added IS 'A semicolon; and a quote '' and $$';",
    "REVOKE EXECUTE ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) FROM llmspell_app;",
]
FUNCTIONS = """
CREATE OR REPLACE FUNCTION llmspell.thing_count(at_least int DEFAULT 0) RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN count(*) > at_least THEN count(*) ELSE 0 END FROM llmspell.thing WHERE tenant_id = llmspell.current_tenant();
END;
COMMENT ON FUNCTION llmspell.thing_count(int) IS 'Things; /* not a comment */ -- nor this';
CREATE OR REPLACE FUNCTION llmspell_internal._thing_help() RETURNS int LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
COMMENT ON FUNCTION llmspell_internal._thing_help() IS 'For llmspell_app.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thing_help() TO llmspell_app;
CREATE OR REPLACE FUNCTION llmspell.thing_drop() RETURNS int LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
COMMENT ON FUNCTION llmspell.thing_drop() IS 'For llmspell_admin.';
GRANT EXECUTE ON FUNCTION llmspell.thing_drop() TO llmspell_admin;
CREATE OR REPLACE FUNCTION llmspell._tg_thing() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp AS $body$
BEGIN
    NEW.id := NEW.id + 0; /* a ; in a comment */ -- and here ;
    RETURN NEW;
END $body$;
COMMENT ON FUNCTION llmspell._tg_thing() IS 'Trigger.';
CREATE OR REPLACE TRIGGER thing_insert BEFORE UPDATE ON llmspell.thing FOR EACH ROW EXECUTE FUNCTION llmspell._tg_thing();
"""
# A right that a version takes away, in its own script and by hand in the upgrade.
RIGHT = ("GRANT EXECUTE ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) TO llmspell_app;", "")


@test
def nothing_changed():
    """an upgrade to an unchanged script changes nothing, and keeps what people added: grants, months, protected tables"""
    with Versions() as folder:
        equal(parity("7.1", "7.2", folder, SETUP), [])
        healthy(UPGRADED, "7.2")
        everything_is_noticed()


def everything_is_noticed():
    """Each of these, done to the upgraded database behind its back, must show."""
    with server(UPGRADED) as connection:
        before = rows(connection, SNAPSHOT)
    for change in (
        "CREATE OR REPLACE FUNCTION llmspell.backend_type() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp AS $$ SELECT 'other' $$",
        "ALTER FUNCTION llmspell.backend_type() STABLE", "ALTER FUNCTION llmspell.backend_type() PARALLEL UNSAFE", "ALTER FUNCTION llmspell.backend_type() STRICT",
        "ALTER FUNCTION llmspell.backend_type() SET work_mem = '1MB'", "ALTER FUNCTION llmspell.backend_type() OWNER TO llmspell_owner",
        "ALTER FUNCTION llmspell.current_tenant() LEAKPROOF", "ALTER FUNCTION llmspell.current_tenant() COST 100",
        "GRANT EXECUTE ON FUNCTION llmspell.backend_type() TO PUBLIC", "REVOKE SELECT ON llmspell.kv_store FROM llmspell_app", "GRANT SELECT (key) ON llmspell.kv_store TO pg_monitor",
        "ALTER TABLE llmspell.kv_store ALTER COLUMN metadata SET STORAGE MAIN", "ALTER TABLE llmspell.kv_store ALTER COLUMN metadata SET DEFAULT '{}'",
        "ALTER TABLE llmspell.kv_store ALTER COLUMN created_at DROP NOT NULL", "ALTER TABLE llmspell.kv_store SET (fillfactor = 90)",
        "ALTER TABLE llmspell.test_data ALTER COLUMN value TYPE varchar", "ALTER TABLE llmspell.test_data ALTER COLUMN value TYPE text COLLATE \"C\"",
        "ALTER TABLE llmspell.kv_store NO FORCE ROW LEVEL SECURITY", "DROP POLICY tenant_wall ON llmspell.kv_store", "ALTER POLICY tenant_wall ON llmspell.kv_store USING (true)",
        "ALTER POLICY tenant_wall ON llmspell.kv_store TO llmspell_app", "ALTER TABLE llmspell.kv_store OWNER TO postgres", "ALTER TABLE llmspell.artifacts DISABLE TRIGGER artifacts_count_insert",
        "ALTER TABLE llmspell.kv_store DROP CONSTRAINT unique_kv_key", "ALTER INDEX llmspell.idx_kv_store_expires RENAME TO other",
        "COMMENT ON COLUMN llmspell.kv_store.key IS 'other'", "COMMENT ON FUNCTION llmspell.backend_type() IS NULL",
        "ALTER EXTENSION llmspell DROP FUNCTION llmspell.backend_type()", "UPDATE pg_extension SET extcondition[1] = 'WHERE true' WHERE extname = 'llmspell'",
        "UPDATE pg_extension SET extconfig = extconfig[2:], extcondition = extcondition[2:] WHERE extname = 'llmspell'",
        "ALTER OPERATOR llmspell.@> (jsonb, jsonb) SET (RESTRICT = NONE)", "GRANT CREATE ON SCHEMA llmspell TO llmspell_app", "CREATE TABLE llmspell.extra (a int)",
        "DELETE FROM pg_init_privs WHERE objoid = 'llmspell.kv_store'::regclass",
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', (SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass LIMIT 1)); END $$",
    ):
        with server(UPGRADED) as connection:
            connection.execute("BEGIN")
            connection.execute(change)
            after = rows(connection, SNAPSHOT)
            assert after != before, f"not noticed: {change}"
            connection.execute("ROLLBACK")


SNAPSHOT = "WITH rel AS" + (HERE / "snapshot.sql").read_text().split("WITH rel AS", 1)[1].rstrip().rstrip(";").replace("%", "%%")


@test
def each_kind_of_change():
    """a column, index, constraint, table, function, trigger, comment and a changed body: the upgrade equals the install"""
    with Versions("\n".join(COLUMNS), [BODY, RIGHT], "\n".join(COLUMNS[:-1]), FUNCTIONS) as folder:
        equal(parity("7.1", "7.2", folder, SETUP), [])
        healthy(UPGRADED, "7.2")


@test
def unreviewed_definer():
    """an internal definer function that is granted to llmspell_app and was not reviewed fails the install"""
    function = FUNCTIONS.replace("IMMUTABLE SET", "IMMUTABLE SECURITY DEFINER SET", 1)
    with Versions(tables="\n".join(COLUMNS[:-1]), functions=function) as folder:
        try:
            install(FRESH, "7.2", folder, SETUP)
        except psycopg.errors.ObjectNotInPrerequisiteState as fault:
            assert "_thing_help" in str(fault), fault
        else:
            raise AssertionError("not refused")


@test
def forgotten_changes():
    """a hand-written part that lacks a statement is caught"""
    for left_out in range(len(COLUMNS)):
        by_hand = [statement for i, statement in enumerate(COLUMNS) if i != left_out]
        with Versions("\n".join(by_hand), [BODY, RIGHT], "\n".join(COLUMNS[:-1]), FUNCTIONS) as folder:
            try:
                found = parity("7.1", "7.2", folder, SETUP, fresh=left_out == 0)
            except psycopg.Error:
                continue
            assert found, f"not caught: {COLUMNS[left_out]}"


@test
def unlisted_files():
    """the composer refuses a file that sql/ORDER does not list, and one that it lists twice or that is missing"""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-upgrade-"))
    try:
        shutil.copytree(ROOT / "sql", folder / "sql")
        compose = BUILD / "compose-test"
        call(["rustc", "--edition", "2024", "-o", compose, ROOT / "build.rs"])

        def composed():
            return subprocess.run([compose], cwd=folder, capture_output=True, text=True, env={}, check=False)

        equal(composed().returncode, 0)
        (folder / "sql/kv/forgotten.sql").write_text("SELECT 1;")
        equal(composed().stderr, "sql/ORDER: kv/forgotten.sql is not listed\n")
        (folder / "sql/kv/forgotten.sql").unlink()
        order = folder / "sql/ORDER"
        text = order.read_text()
        for changed, fault in ((text + "others: functions\nothers: functions\n", "others/functions is listed twice"), (text + "a domain\n", 'no colon in "a domain"'),
                               (text + "others: functions\n", "others/functions.sql: No such file")):
            order.write_text(changed)
            assert fault in composed().stderr, composed().stderr
    finally:
        shutil.rmtree(folder)


for version in sorted(RELEASED, key=number):
    globals()[f"released_{version}"] = test(released(version))
