#!/usr/bin/env -S python3 -m pytest
"""NULL means "not given" for every argument that has a default."""

import psycopg

from functions import functions
from lib import A, ROLE, app, fill, rows, server, test

MEMBER_OF = "llmspell_admin"
# A procedure of its own transactions.
NOT_CALLED = {"maintain"}


def outcome(connection, function, given, stable):
    """The SQLSTATE and message of the call, which is undone, else its rows where it only reads."""
    connection.execute("BEGIN")
    try:
        found = function.call(connection, given)
        return sorted(found) if function.name in stable else None
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary
    finally:
        connection.execute("ROLLBACK")


@test
def null_is_not_given():
    """each argument with a default takes NULL for it: the same outcome as without the argument"""
    wrong, tried = [], 0
    with server() as owner, app() as client:
        fill(client, A)
        client.execute("SELECT llmspell.tenant_set(%s, false)", [A])
        # What they say of the server itself changes from call to call.
        stable = {name for (name,) in rows(owner, "SELECT proname FROM pg_proc WHERE pronamespace = 'llmspell'::regnamespace AND provolatile <> 'v' AND proname !~ '^(health|status|verify|maintenance|pattern_predict|event_log_partition_list)'")}
        for function in functions(owner, role=ROLE):
            if function.name in NOT_CALLED:
                continue
            required = function.required()
            without = outcome(client, function, required, stable)
            for i in range(len(function.types) - function.defaults, len(function.types)):
                if i in required:
                    continue
                tried += 1
                got = outcome(client, function, {**required, i: None}, stable)
                if got != without:
                    wrong.append(f"{function.name}({function.names[i]} => NULL): {got}, without it {without}")
    assert tried > 200, f"{tried} arguments tried"
    assert not wrong, "\n".join(wrong)
