#!/usr/bin/env -S python3 -m pytest
"""The goals of make: each that `make help` lists is run, here or as the table says."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from lib import ROOT, SOAK, call, equal, one, server, start_cluster, stop_cluster, test

MEMBER_OF = None
DEV = f"test-dev-{os.getpid()}"
CLUSTER = f"test-goals-{os.getpid()}"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-goals-"))
# Where each goal is run; those of tests/run by the kind that they name.
RUN_BY = {
    "help": "here", "dev": "here", "dev-env": "here", "dev-stop": "here", "install": "here", "uninstall": "here", "clean": "here",
    "setup": ".ci/run", "build": ".ci/run", "demo": ".ci/run", "test": ".ci/run", "lint": ".ci/run",
    "test-vchord": "tests/run vchord", "pgrx-test": "tests/run pgrx", "pgrx-regress": "tests/run pgrx", "bench": "make soak", "soak": "make soak",
}


@pytest.fixture(scope="module", autouse=True)
def clean_up():
    FOLDER.chmod(0o755)
    yield
    for name in (DEV, CLUSTER):
        stop_cluster(name)
    shutil.rmtree(FOLDER)


def make(*arguments, folder=ROOT, **environment):
    return call(["make", "-s", *arguments], cwd=folder, env={**os.environ, **environment})


@test
def listed():
    """every goal that make help lists is run by .ci/run, by make soak, by a kind of test, or here"""
    equal({line.split()[0] for line in make("help").splitlines()}, set(RUN_BY))
    ci = set(re.findall(r"\bmake ([a-z-]+)|part ([a-z-]+)", (ROOT / ".ci/run").read_text()))
    # Every goal that builds runs setup and build.
    equal({g for g, by in RUN_BY.items() if by == ".ci/run"} - {a or b for a, b in ci} - {"setup", "build"}, set())


@test
def dev():
    """make dev starts a server with the extension and a login, make dev-env tells its connection, make dev-stop removes it"""
    command = make("dev", LLMSPELL_DEV=DEV).splitlines()[-1]
    asked = 'SELECT current_user, llmspell.version(), count(*) FROM llmspell.kv_store'
    equal(subprocess.run(["bash", "-c", f"{command} -XAtc '{asked}'"], capture_output=True, text=True, check=True).stdout.split("|")[0], "dev_app")
    told = make("dev-env", LLMSPELL_DEV=DEV)
    equal(subprocess.run(["bash", "-c", f"{told}\npsql -XAtc 'SELECT current_user, current_database()'"], capture_output=True, text=True, check=True).stdout, "postgres|llmspell\n")
    make("dev-stop", LLMSPELL_DEV=DEV)
    assert not (pathlib.Path(os.environ["LLMSPELL_RUN"]) / DEV).exists()


@test
def install():
    """what make install copies is enough for CREATE EXTENSION, and make uninstall leaves nothing of it"""
    for folder in ("share/extension", "lib"):
        (FOLDER / folder).mkdir(parents=True)
    pg_config = FOLDER / "pg_config"
    pg_config.write_text(f"#!/bin/sh\ncase $1 in --sharedir) echo {FOLDER}/share ;; --pkglibdir) echo {FOLDER}/lib ;; *) exec {os.environ['PG_CONFIG']} \"$@\" ;; esac\n")
    pg_config.chmod(0o755)
    # The recipes alone: their goals would set up and build for that server.
    environment = {**os.environ, "PG_CONFIG": str(pg_config)}
    equal([make("-n", goal).splitlines()[-1] for goal in ("install", "uninstall")], ["scripts/install", "scripts/install remove"])
    call(["scripts/install"], cwd=ROOT, env=environment)
    start_cluster(CLUSTER, "-c", f"extension_control_path={FOLDER}/share:$system", "-c", f"dynamic_library_path={FOLDER}/lib:$libdir")
    with server("postgres") as connection:
        connection.execute("SET client_min_messages = warning; CREATE EXTENSION llmspell CASCADE")
        equal(one(connection, "SELECT llmspell.version() = extversion FROM pg_extension WHERE extname = 'llmspell'"), True)
    call(["scripts/install", "remove"], cwd=ROOT, env=environment)
    equal([str(path) for path in FOLDER.glob("*/**/*") if path.is_file()], [])


@test
def clean():
    """make clean removes what was built and what servers left, and nothing else"""
    copy = FOLDER / "copy"
    shutil.copytree(ROOT / "scripts", copy / "scripts")
    for name in ("Makefile", "Cargo.toml"):
        shutil.copy(ROOT / name, copy)
    before = sorted(path.relative_to(copy) for path in copy.rglob("*"))
    for name in (".build/stage/lib", "target/release", "tests/pg_regress/results"):
        (copy / name).mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLMSPELL_")}
    call(["make", "-s", "clean"], cwd=copy, env=environment)
    shutil.rmtree(copy / "tests")
    equal(sorted(path.relative_to(copy) for path in copy.rglob("*")), before)


if SOAK:
    @test
    def bench():
        """every bench runs to its end, with little data"""
        call([ROOT / "bench/run", "--quick"], cwd=ROOT, env={name: value for name, value in os.environ.items() if not name.startswith("PG") or name == "PG_CONFIG"})
