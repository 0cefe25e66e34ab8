"""What the test programs share: connections, checks, databases."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import psycopg
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Of this run alone, so that two runs may share a server; conftest.py makes it.
ROLE = f"test_{os.getpid()}"
SOAK = bool(os.environ.get("SOAK"))
A, B = "tenant-a", "tenant-b"
Skip = pytest.skip.Exception


def test(function):
    """Marks a test; its docstring is its name."""
    function.is_test = True
    return function


def server(dbname=None, **options):
    """A connection as superuser, autocommit."""
    return psycopg.connect(dbname=dbname, autocommit=True, **options)


def app(tenant=None, dbname=None, role=ROLE, **options):
    """A connection as the program's login role, autocommit; tenant: set for the session."""
    connection = psycopg.connect(dbname=dbname, user=role, **{"autocommit": True, **options})
    if tenant is not None:
        connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
        if not connection.autocommit:
            connection.commit()
    return connection


def one(connection, query, args=None):
    """The only value of the only row."""
    rows = connection.execute(query, args).fetchall()
    assert len(rows) == 1 and len(rows[0]) == 1, f"not one value: {query}: {rows}"
    return rows[0][0]


def rows(connection, query, args=None):
    return connection.execute(query, args).fetchall()


@contextlib.contextmanager
def raises(*states, what=""):
    """The block must fail with one of the SQLSTATEs; yields an object whose error is the exception."""
    what = what and f"{what}: "
    found = type("Found", (), {"error": None})()
    try:
        yield found
    except psycopg.Error as error:
        found.error = error
        state = error.sqlstate or type(error).__name__
        assert state in states, f"{what}{state} instead of {'/'.join(states)}: {str(error).strip()}"
    else:
        raise AssertionError(f"{what}no error, {'/'.join(states)} was expected")


@contextlib.contextmanager
def hot_standby(name):
    """A standby of the test's server that has all that is committed by now; yields its port on 127.0.0.1."""
    binary = pathlib.Path(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip() or ".")
    with server() as admin:
        data = pathlib.Path(one(admin, "SHOW data_directory"))
        user, replica = data.stat().st_uid, data.parent / name
        tools = pathlib.Path(os.readlink(f"/proc/{(data / 'postmaster.pid').read_text().split()[0]}/exe")).parent if os.getuid() in (0, user) else binary
        host, port, superuser = admin.info.host, admin.info.port, admin.info.user
    as_user = {"user": user, "cwd": "/"} if os.getuid() == 0 else {"cwd": "/"}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(lambda: subprocess.run(["rm", "-rf", str(replica)], check=False))
        backup = [str(tools / "pg_basebackup"), "-D", str(replica), "-h", host, "-p", str(port), "-U", superuser, "-R", "-X", "stream", "-c", "fast"]
        done = subprocess.run(backup, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **as_user)
        assert done.returncode == 0, f"pg_basebackup: {done.stdout[-500:]}"
        port = port + 1 if port < 65000 else port - 1
        log, socket, control = replica / "standby.log", replica / "s", [str(tools / "pg_ctl"), "-D", str(replica), "-w"]
        cleanup.callback(lambda: subprocess.run([*control, "-m", "immediate", "stop"], check=False, **quiet, **as_user))
        socket.mkdir()
        if os.getuid() == 0:
            os.chown(socket, user, -1)
        started = subprocess.run([*control, "-l", str(log), "-o", f"-p {port} -c unix_socket_directories={socket}", "-t", "60", "start"], **quiet, **as_user)
        assert started.returncode == 0, log.read_text()[-500:] if log.exists() else "no log"
        with server() as primary:
            target = one(primary, "SELECT pg_current_wal_insert_lsn()")
        with server(host="127.0.0.1", port=port) as standby:
            deadline = time.monotonic() + 30
            while not one(standby, "SELECT coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false)", [str(target)]):
                assert time.monotonic() < deadline, "the standby does not catch up"
                time.sleep(0.05)
        yield port


def equal(got, wanted, what=""):
    assert got == wanted, f"{what + ': ' if what else ''}got {got!r:.600}, wanted {wanted!r:.600}"


def differences(got, wanted):
    """The lines of one alone: + of what was got, - of what was wanted."""
    has, wants = set(got), set(wanted)
    return [f"+ {line}" for line in got if line not in wants] + [f"- {line}" for line in wanted if line not in has]


def fill(connection, tenant):
    """Rows of the tenant in every table of its own."""
    with connection.transaction():
        connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
        connection.execute((HERE / "fill.sql").read_text())
    # What only an operator writes; named after an index that is there, so that verify() has nothing to say.
    with server(connection.info.dbname) as operator:
        operator.execute("INSERT INTO llmspell.vector_tenant_indexes (tenant_id, space, index_name) VALUES (%s, 'vectors_1536', 'idx_vector_1536_hnsw') ON CONFLICT DO NOTHING", [tenant])
        operator.execute("INSERT INTO llmspell.vector_tenant_sizes (tenant_id, space, row_count) VALUES (%s, 'vectors_1536', 1000) ON CONFLICT DO NOTHING", [tenant])


def tenant_tables(connection, partitions=False, internal=False):
    """Names of the tables with a tenant_id, from the catalog; internal: also those that functions alone write. What is unlogged keeps no rows."""
    return [r[0] for r in connection.execute(
        """SELECT c.oid::regclass::text FROM pg_class c
           WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND c.relispartition = %s
             AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
             AND (%s OR c.relispartition OR has_table_privilege('llmspell_app', c.oid, 'INSERT'))
           ORDER BY 1""", [partitions, internal])]


def call(command, **options):
    """Runs a program and returns what it printed; its messages are in the error."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(str(c) for c in command)}: exit {done.returncode}: {done.stderr.strip()[-1500:]}")
    return done.stdout


def psql(dbname, file=None, command=None):
    return call(["psql", "-Xq", "-At", "-v", "ON_ERROR_STOP=1", "-d", dbname, *(["-f", file] if file else ["-c", command])])


def create_database(name, extension="CREATE EXTENSION llmspell CASCADE", options=""):
    with server("postgres") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} {options}")
    if extension:
        with server(name) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute(extension)


def drop_database(*names):
    with server("postgres") as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def start_cluster(name, *options):
    """Starts a server of the program's own, or starts it again; what follows connects to it."""
    call([ROOT / "scripts/cluster", "start", name, *options])
    for word in call([ROOT / "scripts/cluster", "env", name]).replace("export ", "").split():
        setting, _, value = word.partition("=")
        if setting in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
            os.environ[setting] = value


def stop_cluster(name):
    call([ROOT / "scripts/cluster", "stop", name])


def kill_cluster(name):
    """Kills the postmaster and waits until its children are gone: a new one refuses to start beside them."""
    pid = int((pathlib.Path(os.environ["LLMSPELL_RUN"]) / name / "data/postmaster.pid").read_text().split()[0])
    # Stopped first, so that it starts no child that is not listed.
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "the server does not stop")
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(pathlib.Path(f"/proc/{p}").exists() for p in [pid, *children]), "children of the killed server do not end")


def wait_until(holds, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def drop_role(*names):
    """Drops roles; what they own or hold in the program's database goes along."""
    with server() as connection:
        for name in names:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(f"DROP OWNED BY {name} CASCADE")
                connection.execute(f"DROP ROLE {name}")
