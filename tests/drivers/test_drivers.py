#!/usr/bin/env -S python3 -m pytest
"""Drivers of other languages: a dozen calls each as a role of llmspell_app that logs in by SCRAM over TCP, and again through PgBouncer in
transaction mode. psycopg, node-postgres and tokio-postgres are of the kind clients."""

import os
import pathlib
import shutil
import subprocess
import sys

import psycopg
import pytest
from lib import ROLE, ROOT, Skip, one, raises, server, test

sys.path.insert(0, str(ROOT / "tests/pooling"))
import test_pgbouncer as pgbouncer

HERE = ROOT / "tests/drivers"
JAR = pathlib.Path("/usr/share/java/postgresql.jar")
PASSWORD = "a password of 'this' run"
# The interpreter, what shows that its driver is there, and the command.
DRIVERS = {
    "ruby": (["ruby", "-e", "require 'pg'"], ["ruby", "ruby/test.rb"]),
    "php": (["php", "-r", "exit(extension_loaded('pdo_pgsql') ? 0 : 1);"], ["php", "php/test.php"]),
    "perl": (["perl", "-MDBD::Pg", "-e", "1"], ["perl", "perl/test.pl"]),
    "jdbc": (["sh", "-c", f"test -e {JAR} && javac -version"], ["java", "-XX:TieredStopAtLevel=1", "-cp", JAR, "jdbc/Drivers.java"]),
}
CALLS = 11


def shown(connection, setting):
    return pathlib.Path(one(connection, f"SHOW {setting}"))


@pytest.fixture(scope="module", autouse=True)
def scram(login_role):
    """The role must show a password, which the server keeps for SCRAM; all others come in as before."""
    with server() as superuser:
        superuser.execute("SET password_encryption = 'scram-sha-256'")
        superuser.execute(psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(psycopg.sql.Identifier(ROLE), psycopg.sql.Literal(PASSWORD)))
        rules = shown(superuser, "hba_file")
        before = rules.read_text()
        try:
            rules.write_text(f"host pooled,all {ROLE} 127.0.0.1/32 scram-sha-256\n{before}")
            superuser.execute("SELECT pg_reload_conf()")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PGHOST", "127.0.0.1")
                yield
        finally:
            rules.write_text(before)
            superuser.execute("SELECT pg_reload_conf()")


def run(name, **environment):
    """Runs the program of a driver: each of its checks must print a line."""
    found, command = DRIVERS[name]
    if not shutil.which(found[0]) or subprocess.run(found, capture_output=True, check=False).returncode != 0:
        raise Skip(f"{name} or its driver is not installed (scripts/drivers-setup)")
    for tenant in (f"driver-{name}", f"driver-{name}-0", f"driver-{name}-1"):
        with server() as operator:
            operator.execute("SELECT llmspell.tenant_erase(tenant_id, false) FROM llmspell.tenant_list() WHERE tenant_id = %s", [tenant])
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PGHOST": "127.0.0.1", "PGUSER": ROLE, "LC_ALL": "C.UTF-8", **environment})
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and all(line.startswith("ok: ") for line in lines), f"after {lines[-1:]}: {(done.stderr or done.stdout).strip()[-1500:]}"
    assert len(lines) >= CALLS - 1, lines


def both(name):
    with raises("OperationalError", "28P01"):
        psycopg.connect(host="127.0.0.1", user=ROLE, password="wrong")
    run(name, PGPASSWORD=PASSWORD)


@test
def ruby():
    """ruby-pg over TCP with SCRAM"""
    both("ruby")


@test
def php():
    """PHP's PDO over TCP with SCRAM"""
    both("php")


@test
def perl():
    """Perl's DBD::Pg over TCP with SCRAM"""
    both("perl")


@test
def jdbc():
    """JDBC over TCP with SCRAM"""
    both("jdbc")


@test
def through_pgbouncer():
    """each of them through PgBouncer in transaction mode, without prepared statements of the server"""
    if not pgbouncer.BOUNCER:
        raise Skip("pgbouncer is not installed (package pgbouncer)")
    with server() as superuser:
        rules = shown(superuser, "hba_file")
        rules.write_text(rules.read_text().replace("scram-sha-256", "trust", 1))  # the pooler has no password
        superuser.execute("SELECT pg_reload_conf()")
    try:
        port = str(pgbouncer.start())
        ran = []
        for name in DRIVERS:
            try:
                run(name, PGPORT=port, PGDATABASE="pooled", POOLED="1")
                ran.append(name)
            except Skip:
                pass
        if not ran:
            raise Skip("no driver is installed (scripts/drivers-setup)")
    finally:
        if pgbouncer.pooler:
            pgbouncer.pooler.terminate()
            pgbouncer.pooler.wait(10)
