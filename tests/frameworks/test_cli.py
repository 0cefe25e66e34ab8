#!/usr/bin/env -S python3 -m pytest
"""llmspell on the command line, as a user runs it: status, doctor, put and get, with their exit codes."""

import hashlib
import importlib.metadata
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import pytest
from lib import A, B, ROLE, app, create_database, drop_database, equal, one, server, test
from llmspell import Tenant, cli

PART = 4 << 20


@pytest.fixture(scope="module", autouse=True)
def folder():
    """A folder that the commands run in."""
    with tempfile.TemporaryDirectory() as path:
        before = os.getcwd()
        os.chdir(path)
        yield pathlib.Path(path)
        os.chdir(before)


def llmspell(*arguments, code=0, role=ROLE, tenant=A, stdin=None, binary=False, **environment):
    """What the command prints, and its messages."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("LLMSPELL_")} | {"PGUSER": role, **({"LLMSPELL_TENANT": tenant} if tenant else {}), **environment}
    done = subprocess.run([sys.executable, "-m", "llmspell.cli", *arguments], env=variables, capture_output=True, input=stdin or b"")
    out, err = done.stdout if binary else done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, f"{arguments}: exit {done.returncode}: {out!r:.500} {err:.500}"
    return out, err


def noise(seed, size):
    return random.Random(seed).randbytes(size)


@test
def entry_points():
    """pip makes two commands of the package, and each knows its usage"""
    found = {point.name: point.value for point in importlib.metadata.distribution("llmspell").entry_points}
    equal(found, {"llmspell": "llmspell.cli:main", "llmspell-mcp": "llmspell.mcp:main"})
    out, _ = llmspell("--help")
    equal([name for name in ("status", "doctor", "put", "get") if name not in out], [])
    equal(llmspell("--version")[0].strip(), f"llmspell {importlib.metadata.version('llmspell')}")
    for wrong in ((), ("nothing",), ("get",), ("status", "--unknown")):
        llmspell(*wrong, code=2)


@test
def status():
    """the tenant's rows as a table, and as the JSON of status()"""
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_set_text('k' || n, 'v') FROM generate_series(1, 1234) AS n")
    out, _ = llmspell("status")
    lines = [line.split() for line in out.splitlines()]
    equal((["tenant", A + ",", "1,234", "rows"] in lines, ["kv_store", "1,234"] in lines, ["library", importlib.metadata.version("llmspell")] in lines), (True, True, True))
    equal("episodes" in out, False)
    equal(["episodes", "0"] in [line.split() for line in llmspell("status", "--all")[0].splitlines()], True)
    equal(json.loads(llmspell("status", "--json")[0])["rows"]["kv_store"], 1234)
    equal(json.loads(llmspell("status", "--json", "--tenant", B)[0])["rows"]["kv_store"], 0)
    equal("a tenant is needed" in llmspell("status", tenant=None, code=2)[1], True)


@test
def doctor():
    """all is well, with a tenant and without; a superuser, no extension, no right and no server are faults that say what to do"""
    for tenant in (A, None):
        out, _ = llmspell("doctor", tenant=tenant)
        equal(("all is well" in out, "FAULT" in out, "the wall holds" in out), (True, False, tenant is not None), out)
    out, _ = llmspell("doctor", code=1, role=os.environ["PGUSER"])
    equal(("FAULT  role" in out, "llmspell_app" in out), (True, True), out)
    out, err = llmspell("doctor", "--dsn", "port=1", code=3)
    equal((out, "cannot connect" in err), ("", True))
    create_database("cli_empty", extension=None)
    try:
        out, _ = llmspell("doctor", code=1, PGDATABASE="cli_empty")
        equal("CREATE EXTENSION llmspell CASCADE" in out, True, out)
        equal("llmspell doctor" in llmspell("status", code=1, PGDATABASE="cli_empty")[1], True)
    finally:
        drop_database("cli_empty")
    with server() as superuser:
        superuser.execute("DROP ROLE IF EXISTS cli_nobody")
        superuser.execute("CREATE ROLE cli_nobody LOGIN")
        try:
            equal("GRANT llmspell_app" in llmspell("doctor", code=1, role="cli_nobody")[0], True)
        finally:
            superuser.execute("DROP ROLE cli_nobody")


@test
def put_and_get():
    """files of all sizes go in and come out as they were, under their name, by id and by version; another tenant finds none"""
    for size in (0, PART, 2 * PART + 7):
        name = pathlib.Path(f"file {size}.txt")
        name.write_bytes(noise(size, size))
        artifact = llmspell("put", str(name), "--tag", "t")[0].splitlines()[-1]
        with app(A) as connection:
            equal(one(connection, "SELECT (mime_type, tags, size_bytes)::text FROM llmspell.artifact_info(%s)", [artifact]), f"(text/plain,{{t}},{size})")
        llmspell("get", name.name, "copy", "--force")
        equal(pathlib.Path("copy").read_bytes() == noise(size, size), True)
    equal("exists" in llmspell("get", name.name, code=1)[1], True)
    equal("there is no artifact" in llmspell("get", name.name, "none", tenant=B, code=4)[1], True)
    name.unlink()
    llmspell("get", artifact)
    equal(name.read_bytes() == noise(size, size), True)
    name.write_bytes(b"another")
    equal("version 2, 7 bytes" in llmspell("put", str(name))[0], True)
    equal("as it was" in llmspell("put", str(name))[0], True)
    llmspell("get", name.name, str(name), "--artifact-version", "1", "--force")
    equal(name.stat().st_size, 2 * PART + 7)
    llmspell("put", "-", "--name", "piped", "--session", "s", "--type", "text/plain", stdin=b"through a pipe")
    equal(llmspell("get", "piped", "-", "--session", "s", binary=True)[0], b"through a pipe")
    llmspell("get", "piped", code=4)


class Liar(Tenant):
    """Gets other bytes than those that were stored."""

    def artifact_get_range(self, artifact_id, byte_offset, length):
        return bytes(length)


@test
def refused():
    """a file or session that is not there, damage in the server, other bytes on the way: a message, an exit code, and no file"""
    equal("No such file" in llmspell("put", "none", code=1)[1], True)
    pathlib.Path("damaged").write_bytes(noise(9, 100_000))
    equal("00000009" in llmspell("put", "damaged", "--session", "00000000-0000-0000-0000-000000000009", code=1)[1], True)
    llmspell("put", "damaged")
    pathlib.Path("damaged").unlink()
    with Tenant.connect(f"user={ROLE}", A) as tenant:
        given = cli._parser().parse_args(["get", "damaged"])
        given.run(tenant, given)
        pathlib.Path("damaged").unlink()
        with pytest.raises(cli.Stop, match="the content has hash"):
            given.run(Liar(A, tenant._source), given)
    with server() as superuser:
        superuser.execute("UPDATE llmspell.artifact_chunk SET data = set_byte(data, 9, 255 - get_byte(data, 9)) WHERE octet_length(data) > 9 AND tenant_id = %s", [A])
    equal("llmspell: " in llmspell("get", "damaged", code=1)[1], True)
    equal([path for path in os.listdir() if "damaged" in path], [])


@test
def a_large_file():
    """100 MB in and out with a progress bar, in the memory that 1 MB takes"""
    took = {}
    for size in (1_000_000, 100_000_000):
        name = pathlib.Path(f"large-{size}")
        name.write_bytes(noise(1, size))
        wanted = hashlib.sha256(name.read_bytes()).hexdigest()
        for command in (["put", name.name], ["get", name.name, "--force"]):
            script = "import resource, subprocess, sys\ncode = subprocess.run(sys.argv[1:]).returncode\nprint('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(code)"
            done = subprocess.run([sys.executable, "-c", script, sys.executable, "-m", "llmspell.cli", *command, "--tenant", A, "--progress"], env={**os.environ, "PGUSER": ROLE},
                                  capture_output=True, text=True)
            equal(done.returncode, 0, done.stderr[-300:])
            equal(("100%" in done.stderr, done.stderr.count("%")), (True, -(-size // PART)), done.stderr[-200:])
            took[size, command[0]] = int(done.stdout.split("peak ")[1])
        equal(hashlib.sha256(name.read_bytes()).hexdigest(), wanted)
        name.unlink()
    for command in ("put", "get"):
        equal(took[100_000_000, command] < took[1_000_000, command] + 24 * 1024, True, f"{took}")
