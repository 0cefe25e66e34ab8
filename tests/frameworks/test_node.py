#!/usr/bin/env -S python3 -m pytest
"""The client package for node: LangGraph's validation suite, tests of our own, the examples of its README and of the quick start."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from lib import ROLE, ROOT, Skip, equal, server, test

sys.path.insert(0, str(ROOT / "tests/pooling"))
import test_pgbouncer as pgbouncer

# Of the version that is pinned.
VALIDATION = 718
FOLDER = pathlib.Path(os.environ["LLMSPELL_BUILD"]) / "frameworks-node"


@pytest.fixture(scope="module", autouse=True)
def tests():
    """The tests are run beside node_modules, where their packages are found."""
    shutil.rmtree(FOLDER / "tests", ignore_errors=True)
    shutil.copytree(ROOT / "tests/frameworks/node", FOLDER / "tests")


def node(*command, connection=None, **environment):
    """Runs a program of node_modules with the application's connection; returns what it printed."""
    connection = {"host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"]), "database": os.environ["PGDATABASE"], "user": ROLE, **(connection or {})}
    return subprocess.run([str(c) for c in command], cwd=FOLDER / "tests", capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "NODE_PATH": "", "LLMSPELL_CONNECTION": json.dumps(connection), **environment})


def vitest(file, connection=None):
    """The number of tests of a file; all must have run and passed."""
    report = FOLDER / "tests" / f"{file}.json"
    report.unlink(missing_ok=True)
    done = node(FOLDER / "node_modules/.bin/vitest", "run", "--globals", "--testTimeout=60000", "--hookTimeout=60000", "--reporter=json", f"--outputFile={report}", f"{file}.test.mjs", connection=connection)
    assert report.exists(), (done.stdout + done.stderr)[-2000:]
    found = json.loads(report.read_text())
    wrong = [f"{t['status']} {t['fullName']}: {' '.join(t['failureMessages'])[:600]}" for f in found["testResults"] for t in f["assertionResults"] if t["status"] != "passed"]
    wrong += [f["message"][:600] for f in found["testResults"] if f["status"] != "passed" and not f["assertionResults"]]
    assert found["success"] and not wrong, f"{len(wrong)} of {found['numTotalTests']}: {wrong[:5]}"
    return found["numPassedTests"]


@test
def validation_suite():
    """langgraph-checkpoint-validation: 718 of 718 for LlmspellSaver"""
    equal(vitest("validation"), VALIDATION)


@test
def validation_through_pgbouncer():
    """langgraph-checkpoint-validation: 718 of 718 through PgBouncer in transaction mode, and the tests of the store"""
    if not pgbouncer.BOUNCER:
        raise Skip("pgbouncer is not installed (package pgbouncer)")
    try:
        pooled = {"host": "127.0.0.1", "port": pgbouncer.start(), "database": "pooled"}
        equal(vitest("validation", pooled), VALIDATION)
        assert vitest("store", pooled) > 0
    finally:
        if pgbouncer.pooler:
            pgbouncer.pooler.terminate()
            pgbouncer.pooler.wait(10)


@test
def tests_of_the_tenant():
    """a tenant: transactions, calls by name, conflicts, two tenants on one connection, lost connections"""
    assert vitest("tenant") > 0


@test
def tests_of_the_saver():
    """the saver: graphs, branches, values of every kind, writes in order, old formats, lost connections"""
    assert vitest("saver") > 0


@test
def tests_of_the_store():
    """the store: batches, operators, meaning and words, lives, namespaces with *, two tenants"""
    assert vitest("store") > 0


# Each file's examples: one program for each block, or one of all of them.
EXAMPLES = {"readme": ("clients/node/README.md", False), "quickstart": ("docs/quickstart_typescript.md", True)}


def blocks(path):
    """The examples of a page, each with what it prints."""
    return re.findall(r"```ts\n(.*?)```\n```text\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def programs():
    """The examples as programs, compiled with the types of the package: their names, and what each must print."""
    (FOLDER / "tests/examples").mkdir()
    wanted = {}
    for page, (path, together) in EXAMPLES.items():
        found = blocks(path)
        assert len(re.findall("^```ts$", (ROOT / path).read_text(), re.MULTILINE)) == len(found) >= 3, f"{path}: an example without what it prints"
        if together:
            found = [("\n".join(code for code, _ in found), "".join(text for _, text in found))]
        for n, (code, text) in enumerate(found):
            (FOLDER / f"tests/examples/{page}_{n}.ts").write_text(code)
            wanted.setdefault(page, {})[f"{page}_{n}"] = text
    done = node(FOLDER / "node_modules/.bin/tsc")
    assert done.returncode == 0, done.stdout[-2000:]
    return wanted


def prints(wanted):
    with server() as operator:
        operator.execute("SELECT llmspell.tenant_erase(tenant_id, dry_run => false) FROM llmspell.tenant_list() WHERE tenant_id = 'acme'")
    for name, text in wanted.items():
        # An application has these in its environment.
        done = node("node", f"examples/{name}.js", PGUSER=ROLE)
        assert done.returncode == 0, done.stderr[-2000:]
        equal(done.stdout, text, name)


@test
def examples_of_the_readme(programs):
    """the examples of clients/node/README.md compile, and print what is printed there"""
    prints(programs["readme"])


@test
def the_quick_start(programs):
    """the program of docs/quickstart_typescript.md compiles, and prints what is printed there"""
    prints(programs["quickstart"])


@test
def the_package_is_whole():
    """the package has its types, its README and the version of the extension, and nothing of its tests"""
    package = FOLDER / "node_modules/llmspell"
    said = json.loads((package / "package.json").read_text())
    equal(said["version"], re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1])
    for way in said["exports"].values():
        for file in way.values() if isinstance(way, dict) else [way]:
            assert (package / file).is_file(), file
    equal(sorted(p.name for p in package.iterdir()), ["README.md", "dist", "package.json"])
