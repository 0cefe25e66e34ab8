#!/usr/bin/env -S python3 -m pytest
"""The Python that the documentation shows: each page is one program, whose blocks print what is printed under them."""

import contextlib
import io
import os
import re

import pytest
from lib import ROLE, ROOT, equal, server, test

FENCE = re.compile(r"^```python\n(.*?)^```$(?:\n```text\n(.*?)^```$)?", re.M | re.S)


@pytest.fixture(autouse=True)
def application():
    """The environment of an application, and a tenant without rows."""
    with server() as operator:
        operator.execute("SELECT llmspell.tenant_erase(tenant_id, dry_run => false) FROM llmspell.tenant_list() WHERE tenant_id IN ('acme', 'other')")
    before = os.environ["PGUSER"]
    os.environ["PGUSER"] = ROLE
    yield
    os.environ["PGUSER"] = before


def run(page):
    text = (ROOT / f"docs/{page}.md").read_text()
    blocks = FENCE.findall(text)
    equal(len(blocks), text.count("```python"), page)
    assert sum(bool(wanted) for _, wanted in blocks) >= 5, f"{page}: too few examples with what they print"
    namespace = {"__name__": page}
    for code, wanted in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page}.md", "exec"), namespace)
        equal(printed.getvalue(), wanted, code[:200])


@test
def the_quick_start():
    """the program of docs/quickstart_python.md prints what is printed there, on a database without rows"""
    run("quickstart_python")


@test
def the_cookbook():
    """the recipes of docs/cookbook.md print what is printed there"""
    run("cookbook")
