#!/usr/bin/env -S python3 -m pytest
"""Native functions: every #[pg_extern(sql = false)] is declared exactly once in sql/, with the same arguments and results.
A wrong declaration is undefined behaviour, so this reads both sides, and is itself tried with mutations of each kind."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import ROOT, test

MEMBER_OF = None
# These take their arguments from the call itself, by number.
BY_HAND = {"_storable", "_filter_matches", "_jsonb_contains", "_kv_valid", "vector_search", "vector_search_many", "vector_explain", "_search", "_item_valid", "_item_path", "_namespace_first", "_namespace_matches", "call", "_storable_state", "_recall", "_recall_read"}
VARLENA = {"jsonb", "bytea", "text", "vector", "halfvec", "anyelement"}
SQL_TYPES = {
    "&str": {"text"}, "String": {"text"}, "&[u8]": {"bytea"}, "Vec<u8>": {"bytea"}, "bool": {"boolean"}, "i16": {"smallint"}, "i32": {"integer"},
    # The graph reckons with microseconds, which is what a timestamptz is.
    "i64": {"bigint", "timestamptz"},
    "f32": {"real"}, "f64": {"double precision"}, "Uuid": {"uuid"}, "TimestampWithTimeZone": {"timestamptz"}, "Interval": {"interval"},
    "Oid": {"oid", "regclass"}, "AnyElement": VARLENA, "AnyArray": {"anyarray", "vector[]"}, "JsonB": {"jsonb"}, "()": {"void"},
}
ALIASES = {"int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "float8": "double precision", "timestamp with time zone": "timestamptz"}


def files(folder, ending):
    return {path: path.read_text() for path in sorted((ROOT / folder).rglob(f"*.{ending}")) if ".generated" not in path.parts}


def enclosed(text, start):
    """The text between the bracket at start and its partner, and the place behind it."""
    depth, pairs = 0, {"(": ")", "[": "]", "<": ">", "{": "}"}
    for place in range(start, len(text)):
        if text[place] in pairs:
            depth += 1
        elif text[place] in pairs.values() and text[place - 1:place + 1] != "->":
            depth -= 1
            if depth == 0:
                return text[start + 1:place], place + 1
    raise AssertionError(f"no end: {text[start:start + 60]}")


def parts(text):
    """What commas outside of brackets part."""
    found, depth = [""], 0
    for place, letter in enumerate(text):
        depth += (letter in "([<{") - (letter in ")]>}" and text[place - 1:place + 1] != "->")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [part.strip() for part in found if part.strip()]


def wrapped(rust, outer):
    match = re.fullmatch(rf"(?:[\w:]+::)?{outer}\s*<(.*)>", rust, re.DOTALL)
    return parts(match[1])[-1 if outer != "Result" else 0] if match else None


def plain(rust):
    """A type without lifetimes and paths."""
    rust = re.sub(r"&'\w+ ", "&", re.sub(r"\s+", " ", rust.strip()))
    return re.sub(r"\b(?:\w+::)+", "", re.sub(r"<'_>|<'static>", "", rust))


def rust_functions(sources):
    """name: (types of the arguments, whether they are an Option, types of the results), once for each that is found."""
    found = []
    for text in sources.values():
        for match in re.finditer(r"#\[pg_extern\((.*?)\)\]", text):
            assert "sql = false" in match[1], f"pgrx would write the SQL of: {text[match.end():match.end() + 80]}"
            head = re.compile(r"\bfn (\w+)(?:<[^(]*>)?\s*\(").search(text, match.end())
            arguments, end = enclosed(text, head.end() - 1)
            returned = text[end:text.index("{", end)]
            # A type may hold no brace.
            returned = re.sub(r"^\s*->\s*", "", returned.strip()).strip() or "()"
            types = [part.split(":", 1)[1].strip() for part in parts(arguments)]
            returned = wrapped(returned, "Result") or returned
            returned = wrapped(returned, "Option") or returned
            rows = wrapped(returned, "TableIterator") or wrapped(returned, "SetOfIterator")
            columns = [returned]
            if rows:
                columns = [column for column in parts(enclosed(rows, 0)[0])] if rows.startswith("(") else [rows]
                columns = [re.sub(r"^name!\(\w+,(.*)\)$", r"\1", column, flags=re.DOTALL).strip() for column in columns]
            # NULL for one that is no Option is XX000, so a function that is not STRICT has nothing else.
            optional = {bool(wrapped(t, "Option")) for t in types} or {False}
            found.append((head[1], [plain(wrapped(t, "Option") or t) for t in types], optional, [plain(wrapped(c, "Option") or c) for c in columns]))
    return found


def sql_type(text):
    text = re.sub(r"\s+", " ", re.sub(r"@extschema:vector@\.|pg_catalog\.", "", text)).strip().lower()
    base, array = (text[:-2], "[]") if text.endswith("[]") else (text, "")
    return ALIASES.get(base, base) + array


def sql_functions(sources):
    """symbol, name, types of the arguments, STRICT, types of the results, once for each that is found."""
    found, rows = [], {}
    for text in sources.values():
        for match in re.finditer(r"CREATE TYPE ([\w.]+) AS (?=\()", text):
            rows[match[1]] = [column.split(None, 1)[1] for column in parts(enclosed(text, match.end())[0])]
    for text in sources.values():
        for match in re.finditer(r"AS 'MODULE_PATHNAME', '(\w+)'", text):
            start = text.rindex("CREATE OR REPLACE FUNCTION ", 0, match.start())
            head = re.compile(r"CREATE OR REPLACE FUNCTION ([\w.]+)\s*\(").match(text, start)
            arguments, end = enclosed(text, head.end() - 1)
            options = text[end:text.index(";", match.end())]
            types, outs = [], []
            for part in parts(arguments):
                part = re.sub(r"\s+(DEFAULT|=)\s.*$", "", part, flags=re.DOTALL)
                mode = re.match(r"(IN|OUT|INOUT|VARIADIC)\s+", part)
                part = part[mode.end():] if mode else part
                (outs if mode and mode[1] == "OUT" else types).append(part.split(None, 1)[1])
            table = re.search(r"\bRETURNS TABLE\s*(?=\()", options)
            if table:
                results = [column.split(None, 1)[1] for column in parts(enclosed(options, table.end())[0])]
            elif outs:
                results = outs
            else:
                returned = re.search(r"\bRETURNS\s+(?:SETOF\s+)?(.*?)\s+(?:LANGUAGE|IMMUTABLE|STABLE|VOLATILE|STRICT|PARALLEL|ROWS|COST|AS|SET)\b", options, re.DOTALL)[1]
                results = rows.get(returned, [returned])
            is_strict = bool(re.search(r"\bSTRICT\b", options))
            found.append((match[1], head[1].split(".")[-1], [sql_type(t) for t in types], is_strict, [sql_type(t) for t in results]))
    return found


def corresponds(rust, sql):
    array = wrapped(rust, "Vec")
    if array and rust not in SQL_TYPES:
        return sql.endswith("[]") and corresponds(wrapped(array, "Option") or array, sql[:-2])
    assert rust in SQL_TYPES, f"no SQL type is known for {rust}: add it here"
    return sql in SQL_TYPES[rust]


def faults(rust_sources, sql_sources):
    try:
        natives, declared = rust_functions(rust_sources), sql_functions(sql_sources)
    except AssertionError as fault:
        return [str(fault)]
    found = []
    names = [native[0] for native in natives]
    found += [f"{name} is defined {names.count(name)} times" for name in set(names) if names.count(name) > 1]
    found += [f"{symbol} is declared, and not defined" for symbol, *_ in declared if symbol.removesuffix("_wrapper") not in names]
    for name, types, optional, columns in natives:
        ours = [d for d in declared if d[0] == f"{name}_wrapper"]
        if len(ours) != 1:
            found.append(f"{name} is declared {len(ours)} times")
            continue
        _, sql_name, sql_types, is_strict, results = ours[0]
        if sql_name != name:
            found.append(f"{name} is declared as {sql_name}")
        if (name in BY_HAND) != (types == ["FunctionCallInfo"]):
            found.append(f"{name} takes its arguments from the call, or no longer does: see BY_HAND")
        if name in BY_HAND:
            continue
        for what, left, right in (("arguments", types, sql_types), ("results", columns, results)):
            if len(left) != len(right):
                found.append(f"{name} has {len(left)} {what} in Rust and {len(right)} in SQL")
            found += [f"{name}: {what}: {r} is not {s}" for r, s in zip(left, right) if not corresponds(r, s)]
        if optional != {not is_strict}:
            found.append(f"{name} is {'' if is_strict else 'not '}STRICT, and {'all' if optional == {True} else 'some' if True in optional else 'none'} of its arguments are an Option")
    return sorted(found)


@test
def native_functions():
    """each native function is declared once, with the same arguments and results, STRICT where no argument is an Option, else all are"""
    found = faults(files("src", "rs"), files("sql", "sql"))
    assert not found, "\n".join(found)
    assert len(sql_functions(files("sql", "sql"))) > 60, "few are found"


@test
def mutations():
    """a mutation of each kind, on either side, is found"""
    rust, sql = files("src", "rs"), files("sql", "sql")
    before = faults(rust, sql)
    for sources, old, new in (
        (sql, "AS 'MODULE_PATHNAME', '_max_rows_wrapper'", "AS 'MODULE_PATHNAME', '_maximum_rows_wrapper'"),
        (sql, "AS 'MODULE_PATHNAME', '_max_rows_wrapper'", "AS $$ SELECT $1 $$"),
        (sql, "_prefix_end(prefix text) RETURNS text", "_prefix_end(prefix text, length int) RETURNS text"),
        (sql, "_prefix_end(prefix text) RETURNS text", "_prefix_end() RETURNS text"),
        (sql, "_prefix_end(prefix text) RETURNS text", "_prefix_end(prefix bytea) RETURNS text"),
        (sql, "_prefix_end(prefix text) RETURNS text", "_prefix_end(prefix text) RETURNS bytea"),
        (sql, "_prefix_end(prefix text) RETURNS text", "_prefix_last(prefix text) RETURNS text"),
        (sql, "_prefix_end(prefix text) RETURNS text\nLANGUAGE c IMMUTABLE STRICT", "_prefix_end(prefix text) RETURNS text\nLANGUAGE c IMMUTABLE"),
        (sql, "_max_rows(max_rows int) RETURNS int\nLANGUAGE c IMMUTABLE", "_max_rows(max_rows int) RETURNS int\nLANGUAGE c IMMUTABLE STRICT"),
        (sql, "_event_log_window() RETURNS TABLE (months_back int, months_ahead int)", "_event_log_window() RETURNS TABLE (months_back int)"),
        (sql, "_event_log_window() RETURNS TABLE (months_back int, months_ahead int)", "_event_log_window() RETURNS TABLE (months_back int, months_ahead bigint)"),
        (rust, "fn _max_rows(max_rows: Option<i32>)", "fn _max_rows(max_rows: Option<i64>)"),
        (rust, "fn _max_rows(max_rows: Option<i32>)", "fn _max_rows(max_rows: i32)"),
        (rust, "fn _max_rows(max_rows: Option<i32>)", "fn _max_rows(max_rows: Option<i32>, most: i32)"),
        (rust, "fn _max_rows(max_rows: Option<i32>)", "fn _max_rows(max_rows: Option<i32>, most: Option<i32>)"),
        (rust, "fn _max_rows(max_rows: Option<i32>)", "fn _most_rows(max_rows: Option<i32>)"),
        (rust, "fn _prefix_end(prefix: &str) -> String", "fn _prefix_end(prefix: &str) -> Vec<u8>"),
        (rust, "#[pg_extern(sql = false)]\nfn _prefix_end", "#[pg_extern(immutable)]\nfn _prefix_end"),
    ):
        path = next((path for path, text in sources.items() if old in text), None)
        assert path, f"nowhere: {old}"
        changed = {**sources, path: sources[path].replace(old, new)}
        assert faults(*((changed, sql) if sources is rust else (rust, changed))) != before, f"not found: {old} -> {new}"
    twice = {**sql, ROOT / "sql/more.sql": "CREATE OR REPLACE FUNCTION llmspell._max_rows(max_rows int) RETURNS int LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', '_max_rows_wrapper';"}
    assert "_max_rows is declared 2 times" in faults(rust, twice), faults(rust, twice)
