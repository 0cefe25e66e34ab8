"""Tests are the functions that lib.test marks, in the order of the file. Each prints the line that tests/run counts."""

import pytest
from lib import ROLE, drop_role, server


def line(path, verdict, doc, rest):
    print(f"{verdict} {path.parent.name}/{path.stem}: {doc}{rest}", flush=True)


def pytest_pycollect_makeitem(collector, name, obj):
    return pytest.Function.from_parent(collector, name=name) if getattr(obj, "is_test", False) else []


def pytest_collectreport(report):
    if report.failed:
        print(f"not ok {report.nodeid}: cannot be loaded\n{report.longrepr}", flush=True)


def pytest_report_teststatus():
    return "", "", ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    doc = item.function.__doc__ or item.name.replace("_", " ")
    if report.failed:
        why = " ".join(str(call.excinfo.value).split()) or call.excinfo.typename
        line(item.path, "not ok", doc, f": {'' if call.when == 'call' else call.when + ': '}{why[:1000]}")
        print(report.longrepr, flush=True)
    elif report.skipped:
        line(item.path, "SKIP", doc, f": {call.excinfo.value}")
    elif call.when == "call":
        line(item.path, "ok", doc, f" ({call.duration:.1f} s)")
    return report


@pytest.fixture(scope="module", autouse=True)
def login_role(request):
    """ROLE, a login role that is a member of the module's MEMBER_OF; none where that is None."""
    member_of = getattr(request.module, "MEMBER_OF", "llmspell_app")
    if member_of:
        with server() as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN IN ROLE {member_of}")
    yield
    if member_of:
        drop_role(ROLE)
