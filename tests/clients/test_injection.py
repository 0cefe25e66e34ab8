#!/usr/bin/env -S python3 -m pytest
"""Hostile strings as values: never taken for SQL, never a door to another tenant."""

import psycopg
from functions import functions
from lib import A, B, ROLE, SOAK, app, drop_role, equal, fill, one, rows, server, test

SECRET = "secret-of-b"
# Syntax error, undefined column, table, function: the marks of a value that was parsed.
PARSED = {"42601", "42703", "42P01", "42883", "42704", "3F000", "42602", "XX000", "22P02"}
PAYLOADS = [
    "'", "''", "'''", "\"", "\"\"", "\\", "\\'", "\\\\'", ";", "--", "/*", "*/", "/* */", "$$", "$a$", "$1", "$2", ":a", "?", "%s", "%I", "%", "%%", "_",
    "' OR '1'='1", "' OR 1=1 --", "\" OR \"\"=\"", "') OR ('1'='1", "'; DROP TABLE llmspell.kv_store; --", "\"; DROP TABLE llmspell.kv_store; --",
    "x'; SELECT pg_sleep(10); --", "' || (SELECT string_agg(tenant_id, ',') FROM llmspell.kv_store) || '",
    f"' UNION SELECT value FROM llmspell.kv_store WHERE tenant_id = '{B}' --", f"'; SET app.current_tenant_id = '{B}'; --",
    f"' || set_config('app.current_tenant_id', '{B}', false) || '", f"{A}' OR tenant_id = '{B}", "') UNION ALL SELECT * FROM llmspell.kv_store --",
    "$$; RESET app.current_tenant_id; $$", "E'\\x27'", "U&'\\0027'", "U&\"\\0027\"", "\\x27", "\\u0027", "\u2019", "\u02bc", "\uff07",
    "x\n'; COMMIT; DROP SCHEMA llmspell CASCADE; --", "x\r\n--", "\t' --", "\u00a0' OR 1=1", "0x27204f52", "1; SELECT 1", "1)", "(SELECT 1)",
    "llmspell.kv_store", "pg_catalog.pg_class", "public.x\"y", "{}", "{\"a\": \"'\"}", "[", "NULL", "null", "DEFAULT", "current_user", "{'}", "(,)", "a,b",
    "x" * 200 + "'", "\U0010ffff'", "\x01'", "event_log'; DROP TABLE llmspell.event_log; --", "%' ESCAPE '", ".*", "*", "^$", "infinity", "-1",
]


def state_of_b(connection):
    return rows(connection, "SELECT key, value, version FROM llmspell.kv_store WHERE tenant_id = %s ORDER BY 1", [B]), \
        one(connection, "SELECT count(*) FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace")


def attack(role):
    with server() as connection:
        public = [f for f in functions(connection, role=role) + functions(connection, internal=True, role=role) if f.text_arguments()]
        before = state_of_b(connection)
    wrong, calls, arguments = set(), 0, 0
    with app(role=role) as connection:
        connection.execute("SET statement_timeout = '5s'")
        for function in public:
            for position in function.text_arguments():
                arguments += 1
                # Each argument meets a fifth of them, each of them a fifth of the arguments; with SOAK all meet all.
                for payload in PAYLOADS if SOAK else PAYLOADS[arguments % 5::5]:
                    for prepare in (False, True):
                        if prepare and PAYLOADS.index(payload) % 7:
                            continue
                        given = function.all_plausible()
                        given[position] = [payload] if function.types[position].endswith("[]") else payload
                        connection.execute("BEGIN")
                        connection.execute("SELECT llmspell.tenant_set(%s)", [A])
                        where = f"{function.name}({function.names[position] if function.names else position} => {payload!r})"
                        try:
                            calls += 1
                            got = function.call(connection, given, prepare=prepare)
                            if SECRET in repr(got) or SECRET.encode().hex() in repr(got):
                                wrong.add(f"{where} gave a foreign row")
                        except psycopg.Error as error:
                            if error.sqlstate in PARSED or error.sqlstate == "57014":
                                wrong.add(f"{where}: {error.sqlstate} {str(error).splitlines()[0]}")
                        connection.execute("ROLLBACK")
    with server() as connection:
        equal(state_of_b(connection), before)
    equal(sorted(wrong)[:5], [])
    assert calls > 1000, calls


@test
def setup():
    """another tenant has a secret"""
    with app(B) as connection:
        fill(connection, B)
        connection.execute("SELECT llmspell.kv_set('value', %s)", [SECRET.encode()])


@test
def values_of_functions():
    """hostile strings through every text parameter of every function of llmspell_app"""
    attack(ROLE)


@test
def values_of_admin_functions():
    """hostile strings through every text parameter of every function of llmspell_admin"""
    admin = f"{ROLE}_admin"
    with server() as connection:
        connection.execute(f"CREATE ROLE {admin} LOGIN IN ROLE llmspell_admin")
    try:
        attack(admin)
    finally:
        drop_role(admin)


@test
def stored_values():
    """hostile strings as keys, values, metadata and tenant ids are stored and found as they are"""
    with app(A) as connection:
        for payload in PAYLOADS:
            connection.execute("SELECT llmspell.kv_set(%s, %s, jsonb_build_object(%s::text, %s::text))", [payload, payload.encode(), payload, payload])
            equal(rows(connection, "SELECT value, metadata FROM llmspell.kv_get(%s)", [payload]), [(payload.encode(), {payload: payload})])
            assert payload in [r[0] for r in rows(connection, "SELECT key FROM llmspell.kv_list(%s, 1000)", [payload])], payload
        for payload in PAYLOADS:
            if any(ord(c) < 32 for c in payload):
                continue
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [payload])
                equal(one(connection, "SELECT llmspell.current_tenant()"), payload)
                equal(one(connection, "SELECT llmspell.kv_count()"), 0, payload)
                equal(one(connection, "SELECT count(*) FROM llmspell.kv_store"), 0, payload)
                connection.execute("SELECT llmspell.kv_set('k', '')")
                equal(rows(connection, "SELECT tenant_id FROM llmspell.kv_store"), [(payload,)])

