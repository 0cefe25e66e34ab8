#!/usr/bin/env -S python3 -m pytest
"""What a tenant stores does not stop a dump: every stored column and every argument has a bound."""

import psycopg
from functions import functions
from lib import A, ROLE, SOAK, app, equal, fill, one, rows, server, test

# What a tenant may write raw and no CHECK bounds, with the reason. Columns that functions alone write are not here:
# the second test tries their functions.
UNBOUNDED = {
    # A trigger checks them when they are written (state_bounds.sql): a CHECK would read them with each lease, access or count.
    "llmspell.workflow_states.state_data", "llmspell.sessions.session_data",
}

# As SQL: sent as text, a bomb would be a bomb for the driver.
JSON_BOMBS = {
    "numbers": "(SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000))",
    "depth": "(repeat('[', 4000) || repeat(']', 4000))::jsonb",
    "depth of an object": "(repeat('{\"a\": ', 4000) || '1' || repeat('}', 4000))::jsonb",
}
LONG = 134217728 + 1
BOMBS = {
    "jsonb": JSON_BOMBS,
    "jsonb[]": {name: f"ARRAY[{bomb}]" for name, bomb in JSON_BOMBS.items()},
    "bytea": {"length": f"convert_to(repeat('x', {LONG}), 'UTF8')"},
    "bytea[]": {"length": f"ARRAY[convert_to(repeat('x', {LONG}), 'UTF8')]"},
    "text": {"length": f"repeat('x', {LONG})", "escapes": f"repeat(E'\\n', {LONG // 2 + 1})"},
    "text[]": {"length": f"ARRAY[repeat('x', {LONG})]"},
}
BOMBS["character varying"] = BOMBS["text"]
# What a bomb may meet: a limit, or a refusal of the value in words. A read may also find nothing.
REFUSED = ("22", "23", "54", "P0", "LS", "42501", "42704", "42P01", "55", "0A")

# The stored columns of a type without a length, by table, of tables that a tenant may write.
COLUMNS = """
    SELECT c.oid::regclass::text AS relation, a.attname::text AS column, format_type(a.atttypid, NULL) AS type,
        EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)
                AND pg_get_constraintdef(k.oid) ~ format('_storable\\(%s|(_kv_valid|_item_valid|_storable_state)\\(.*\\m%s\\M|(octet_length|char_length|length)\\(\\(?%s|\\m%s\\M[^A-Z]*= ANY|\\m%s = ''', a.attname, a.attname, a.attname, a.attname, a.attname)) AS bounded
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('jsonb'::regtype, 'text'::regtype, 'bytea'::regtype, 'text[]'::regtype, 'jsonb[]'::regtype)
      AND (has_table_privilege('llmspell_app', c.oid, 'INSERT') OR has_table_privilege('llmspell_app', c.oid, 'UPDATE'))
    ORDER BY 1, 2"""


@test
def every_stored_column_is_bounded():
    """each jsonb, text, bytea and text[] that a tenant may write has a bound in a CHECK, or is named with its reason"""
    with server() as connection:
        free = {f"{relation}.{column}" for relation, column, _, bounded in rows(connection, COLUMNS) if not bounded}
        equal(sorted(free - set(UNBOUNDED)), [])


@test
def a_row_fits_into_a_copy():
    """the longest values of a row come to less than 1 GiB as text"""
    with server() as connection:
        sizes = rows(connection, """
            SELECT c.oid::regclass::text, sum(CASE format_type(a.atttypid, NULL)
                WHEN 'bytea' THEN 256 << 20 WHEN 'jsonb' THEN 128 << 20 WHEN 'text' THEN 128 << 20 WHEN 'text[]' THEN 128 << 20 ELSE 1 << 20 END)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)
                              AND pg_get_constraintdef(k.oid) !~ format('_storable\\(%s', a.attname))
            GROUP BY 1""")
        equal([(relation, int(size)) for relation, size in sizes if size >= 1 << 30], [])


def explode(connection, function, position, bomb):
    """Calls the function with a bomb in one argument; what is wrong, or None."""
    given = function.all_plausible()
    names, arguments, values = function.names, [], []
    for i in given:
        label = f'"{names[i]}" => ' if names else ""
        if i == position:
            arguments.append(f"{label}{bomb}::{function.casts[i]}".replace("%", "%%"))
        else:
            arguments.append(f"{label}%s::{function.casts[i]}")
            values.append(given[i])
    connection.execute("BEGIN")
    connection.execute("SELECT llmspell.tenant_set(%s)", [A])
    try:
        connection.execute(f"SELECT count(*) FROM {function.schema}.{function.name}({', '.join(arguments)}) AS t", values)
        connection.execute("COMMIT")
    except psycopg.Error as error:
        connection.execute("ROLLBACK")
        if not (error.sqlstate or "").startswith(REFUSED):
            return f"{error.sqlstate} {str(error).splitlines()[0][:200]}"
    return None


@test
def every_argument_meets_its_bombs():
    """a bomb in an argument of a public function is refused, or leaves nothing that cannot be dumped"""
    with server() as connection:
        fill(connection, A)
        public = functions(connection, role=ROLE)
    wrong, tried = [], 0
    with app() as connection:
        connection.execute("SET statement_timeout = '60s'")
        for function in public:
            for position, kind in enumerate(function.types):
                for name, bomb in BOMBS.get(kind, {}).items():
                    tried += 1
                    # Long texts take a second each: a fortieth of them, and all with SOAK.
                    if kind in ("text", "character varying", "text[]") and not SOAK and tried % 40:
                        continue
                    fault = explode(connection, function, position, bomb)
                    if fault:
                        wrong.append(f"{function.name}({function.names[position] if function.names else position} => {name}): {fault}")
    equal(wrong, [])
    with server() as connection:
        for relation, column, kind, _ in rows(connection, COLUMNS):
            count = one(connection, f"SELECT count(*) FILTER (WHERE llmspell_internal._storable({column}, '{column}')) - count({column}) FROM {relation}")
            equal(count, 0, f"{relation}.{column}")
        # What a dump does.
        with connection.cursor() as cursor:
            for (relation,) in rows(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace AND relkind = 'r'"):
                with cursor.copy(f"COPY {relation} TO STDOUT") as copy:
                    for _ in copy:
                        pass
