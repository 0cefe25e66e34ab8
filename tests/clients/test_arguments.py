#!/usr/bin/env -S python3 -m pytest
"""One rule for each kind of argument, held against every public function that has one: by the catalog."""

import functools

import psycopg
from psycopg.types.json import Jsonb
from functions import functions
from lib import A, ROLE, app, equal, fill, server, test

MEMBER_OF = "llmspell_admin"
# By where they lead: two compare as positive and reach back, two are no moments.
BACK = ["0", "-1 second", "-12 months 361 days", "1 month -32 days", "infinity", "-infinity", "-178000000 years"]


@test
def setup():
    """a tenant with rows in every table"""
    with app(A) as connection:
        fill(connection, A)


def outcome(connection, function, given):
    """The SQLSTATE and message of a call; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT llmspell.tenant_set(%s)", [A])
        try:
            function.call(connection, given)
        except psycopg.Error as error:
            return error.sqlstate, str(error).split("\n")[0], error.diag.message_hint
    return None, "", None


def arguments(name=None, kind=None):
    """The functions with an argument of this name or type, and where it is."""
    with server() as owner:
        found = [(f, i) for f in functions(owner, role=ROLE) for i, t in enumerate(f.types) if t == (kind or t) and f.names and (name is None or f.names[i] == name)]
    assert found, f"no function has an argument {name or kind}"
    return found


@test
def filters():
    """each filter is an object: 22023 for any other JSON, 54000 beyond its size and depth, with a hint, and {} is one"""
    nested = functools.reduce(lambda inner, _: {"a": inner}, range(80), 1)
    wrong, found = [], arguments("filter")
    with app() as connection:
        connection.execute("CREATE TEMP TABLE filters AS SELECT (repeat('{\"a\":', 1001) || '1' || repeat('}', 1001))::jsonb AS deep, jsonb_build_object('a', repeat('x', 1048576)) AS long,"
            " jsonb_build_object('a', jsonb_build_array((SELECT jsonb_agg(n) FROM generate_series(1, 50) AS n), (SELECT jsonb_agg(n) FROM generate_series(1, 49) AS n))) AS many")
        for function, i in found:
            equal(function.types[i], "jsonb", function.name)
            required = function.required()
            for value in ([], 1, "x", None, True, [{}]):
                state, message, hint = outcome(connection, function, {**required, i: Jsonb(value)})
                if state != "22023" or not message.startswith("filter must be a JSON object, not ") or not hint:
                    wrong.append(f"{function.name}, {value}: {state} {message}")
            for column in ("deep", "long", "many"):
                value = connection.execute(f"SELECT {column}::text FROM filters").fetchone()[0]
                state, message, hint = outcome(connection, function, {**required, i: value})
                if state != "54000" or not message.startswith("filter ") or not hint:
                    wrong.append(f"{function.name}, {column}: {state} {message}")
            for value in ({}, {"a": {"b": [1]}}, {"a": list(range(98)), "b": [[1]]}, nested):
                state, message, _ = outcome(connection, function, {**required, i: Jsonb(value)})
                if state is not None:
                    wrong.append(f"{function.name}, an object: {state} {message}")
    equal(wrong, [], "\n".join(wrong))
    equal(len(found) >= 7, True, f"{[f.name for f, _ in found]}")


@test
def intervals():
    """each interval leads to a later moment: 22023 for any other, which names the argument, with a hint"""
    wrong, found = [], arguments(kind="interval")
    with app() as connection:
        for function, i in found:
            given = {**function.required(), i: None}
            # A grace of 0 collects at once.
            for value in BACK[(function.name, function.names[i]) == ("artifact_gc", "grace"):]:
                state, message, hint = outcome(connection, function, {**given, i: value})
                if state != "22023" or not message.startswith(function.names[i]) or not hint:
                    wrong.append(f"{function.name}({function.names[i]} => {value}): {state} {message}")
    equal(wrong, [], "\n".join(wrong))
    equal(len(found) >= 25, True, f"{len(found)}")
