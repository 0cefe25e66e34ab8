#!/usr/bin/env python3
"""Writes the methods of the Python client from the catalog: clients/generate.py [--check]

Connects as libpq's environment says, to a database with the extension. With --check it writes nothing, and prints the files that
differ. scripts/client-methods runs it against a fresh database.
"""
import argparse
import pathlib
import re
import sys

import psycopg

TARGET = pathlib.Path(__file__).resolve().parent / "python/src/llmspell/_generated"
HEAD = '"""{} Written by scripts/client-methods from the comments of the catalog; not edited by hand."""\n\nfrom __future__ import annotations\n\n'

# A Tenant sets the tenant itself.
LEFT_OUT = {"tenant_set", "tenant_clear"}
# Functions that answer nothing where what they are asked for is not there: no row, or NULL.
MAY_BE_NONE = set("""agent_history_get agent_state_at agent_state_get artifact_get artifact_get_by_hash artifact_get_range artifact_get_text artifact_info
    checkpoint_get current_tenant entity_as_of entity_believed entity_diff episode_get event_ack event_get event_seek event_subscribe graph_shortest_path hook_get hook_retention_get
    item_get kv_get kv_get_json kv_get_text message_get relationship_as_of session_get session_retention_get storage_get storage_get_json
    storage_get_text thread_stats tx_horizon workflow_get workflow_update_status""".split())
# Arguments without a default that may be NULL.
MAY_BE_NULL = set("""checkpoint_put.parent_id hook_retention_set.keep hybrid_search.query_text hybrid_search.query_embedding session_retention_set.keep workflow_save.name""".split())
# Columns that may be NULL, in all rows or in those of one class.
NULLABLE = set("""ann_ms average_duration avg_duration_ms backoff blocker_pid blocker_seconds calibrated_at candidates changed_at codec completed_at compression_ratio
    computed_checksum context context_score created_by current_step dedup_ratio detail distance ef_search estimated exact_ms exact_rows expires_at
    fence first_at from_entity hint index_checked_at index_method index_recall index_state known_to label last_at lease_expires_at line max_attempts max_scan_tuples
    mime_type model new_content_hash newest newest_execution not_searched oldest oldest_execution own_index own_score own_checksum parent_artifact_id parent_id
    processed_at reason relationship_id row_count run_at source source_id source_type stored_checksum stream stream_version subject text_id text_rank
    text_score title to_entity tags ttl valid_from valid_to vector_rank vector_score write_channels write_task_ids write_types write_values path artifact_type
    AgentStateHistoryRow.replaced_at AgentStateHistoryRow.stored_bytes VectorRow.at AgentStateKept.label ArtifactRow.session_id EpisodeClaim.role GraphBySourceRow.name GraphDiffRow.cursor GraphSubgraphRow.name GraphTraverseRow.entity_type GraphTraverseRow.name
    GraphTraverseRow.relationship_type HookRow.at HybridRow.content ItemHit.complete ItemHit.score RecallRecordRow.* RecallReplayRow.* RecallRow.* SessionGetRow.name SessionRow.name
    VectorRow.content WorkflowClaimed.name WorkflowGetRow.name WorkflowGetRow.started_at WorkflowRow.name VectorSearchManyRow.content VectorSearchRow.content WhoamiRow.tenant WhoamiRow.tenant_source
    EmbeddingCoverageRow.missing EmbeddingCoverageRow.without_text EmbeddingCoverageRow.queued EmbeddingCoverageRow.claimed
    VectorExplainRow.reason""".split())

SCALARS = {
    "text": "str", "character varying": "str", "name": "str", "boolean": "bool", "integer": "int", "bigint": "int", "double precision": "float",
    "numeric": "Decimal", "timestamp with time zone": "datetime", "interval": "timedelta", "uuid": "UUID", "bytea": "bytes", "jsonb": "Any", "vector": "list[float]",
}
# Types that an argument may have beside that of a result.
ARGUMENTS = {"uuid": "UUID | str", "bytea": "Bytes", "vector": "Vector"}
BINDERS = {"jsonb": "_calls.jsonb", "jsonb[]": "_calls.jsonbs", "vector": "_calls.vector", "vector[]": "_calls.vectors", "bytea": "_calls.binary",
           "bytea[]": "_calls.binaries", "double precision[]": "_calls.floats"}

FUNCTIONS = """
SELECT p.proname, obj_description(p.oid, 'pg_proc'), p.provolatile <> 'v',
    ARRAY(SELECT quote_ident(n) FROM unnest(p.proargnames[:p.pronargs]) WITH ORDINALITY AS a (n, i) ORDER BY i),
    ARRAY(SELECT CASE WHEN y.typname = '_vector' THEN 'vector[]' WHEN y.typname = 'vector' THEN 'vector' ELSE format_type(t, NULL) END
          FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i) JOIN pg_type y ON y.oid = t ORDER BY i),
    p.pronargs - p.pronargdefaults, p.proretset, p.prorows = 1,
    format_type(p.prorettype, NULL), CASE WHEN n.nspname = 'llmspell_internal' THEN r.typname END,
    coalesce((SELECT jsonb_agg(jsonb_build_array(c.name, CASE WHEN y.typname = 'vector' THEN 'vector' ELSE format_type(c.type, NULL) END) ORDER BY c.i)
              FROM (SELECT quote_ident(a.n) AS name, a.t AS type, a.i FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS a (n, t, m, i) WHERE a.m = 't'
                    UNION ALL
                    SELECT quote_ident(a.attname), a.atttypid, a.attnum FROM pg_attribute a WHERE a.attrelid = r.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS c
              JOIN pg_type y ON y.oid = c.type), '[]')
FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype JOIN pg_namespace n ON n.oid = r.typnamespace
WHERE p.pronamespace = 'llmspell'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype AND has_function_privilege('llmspell_app', p.oid, 'EXECUTE')
ORDER BY p.proname COLLATE "C"
"""


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


def plain(quoted):
    return quoted.strip('"')


def python_type(kind, argument=False):
    if kind.endswith("[]"):
        inner = python_type(kind[:-2], argument)
        return ("Vectors" if kind == "vector[]" else f"Sequence[{inner}]") if argument else f"list[{inner}]"
    return ARGUMENTS.get(kind, SCALARS[kind]) if argument else SCALARS[kind]


def optional(kind):
    return kind if kind == "Any" else f"{kind} | None"


class Function:
    def __init__(self, name, comment, repeatable, names, types, required, is_set, is_single, returns, row_type, columns):
        self.name, self.comment, self.repeatable, self.names, self.types, self.required = name, comment, repeatable, names, types, required
        self.columns, self.row_type = columns, row_type
        self.is_row = len(columns) > 1
        self.is_list = is_set and not is_single
        self.is_none = returns == "void"
        self.may_be_none = name in MAY_BE_NONE
        self.scalar = None if self.is_row else python_type(columns[0][1] if columns else returns) if not self.is_none else "None"
        self.row = ""  # the class

    def select(self):
        """The columns that are read, by name, so that one that is added later does no harm."""
        def read(name, kind):
            if kind == "vector":
                return f"{name}::pg_catalog.float4[]"
            # Python has no infinite time; an open end is None.
            return f"CASE WHEN pg_catalog.isfinite({name}) THEN {name} END" if kind == "timestamp with time zone" else name
        return ", ".join(read(name, kind) for name, kind in self.columns)

    def made(self):
        """The type of one row, or of the value."""
        if self.is_row:
            return f"rows.{self.row}"
        return optional(self.scalar) if self.may_be_none and not self.columns else self.scalar

    def answer(self):
        if self.is_list:
            return f"list[{self.made()}]"
        return optional(self.made()) if self.columns and self.may_be_none else self.made()

    def runner(self):
        return "_many" if self.is_list else "_maybe" if self.columns and self.may_be_none else "_one"

    def signature(self):
        given = [f"{plain(name)}: {optional(python_type(kind, True)) if f'{self.name}.{name}' in MAY_BE_NULL else python_type(kind, True)}"
                 for name, kind in zip(self.names[:self.required], self.types)]
        rest = [f"{plain(name)}: {optional(python_type(kind, True))} = None" for name, kind in zip(self.names[self.required:], self.types[self.required:])]
        return ", ".join(["self", *given, *(["*", *rest] if rest else [])])

    def method(self, is_async):
        assert not any(plain(name) in ("self", "from", "lambda", "class", "global") for name in self.names), self.name
        doc = self.comment.replace("\\", "\\\\").replace('"""', "'''").splitlines()
        doc = f'"""{doc[0]}' + ("\n\n" + "\n".join(f"        {line}" for line in doc[1:]) + "\n        " if doc[1:] else "") + '"""'
        values = "".join(f"{plain(name)}, " for name in self.names).strip()
        values = f"({values})" if len(self.names) == 1 else f"({values.rstrip(',')})"
        call = f"{'await ' if is_async else ''}self.{self.runner()}(functions.{self.name.upper()}, {values})"
        return f"    {'async ' if is_async else ''}def {self.name}({self.signature()}) -> {self.answer()}:\n        {doc}\n        {'' if self.is_none else 'return '}{call}\n"

    def definition(self):
        arguments = "".join(f"({self.placeholder(n, t)!r}, {BINDERS.get(t, 'None')}), " for n, t in zip(self.names, self.types)).strip()
        make = f"rows.{self.row}" if self.is_row else "_calls.value"
        return (f"{self.name.upper()}: Function[{self.made()}] = Function(\n    {self.name!r}, {self.select()!r}, ({arguments}), {self.required}, {make}, "
                f"repeatable={self.repeatable})\n")

    @staticmethod
    def placeholder(name, kind):
        # The schema of pgvector is another one everywhere; the function's own type decides.
        return f"{name} => %s" if kind.startswith("vector") else f"{name} => %s::pg_catalog.{CASTS[kind]}"


# In the schema pg_catalog, so without words of the grammar.
CASTS = {"text": "text", "character varying": "varchar", "name": "name", "boolean": "bool", "integer": "int4", "bigint": "int8", "double precision": "float8", "numeric": "numeric",
         "timestamp with time zone": "timestamptz", "interval": "interval", "uuid": "uuid", "bytea": "bytea", "jsonb": "jsonb"}
CASTS |= {f"{name}[]": f"{cast}[]" for name, cast in CASTS.items()}


def name_rows(functions):
    """Gives each function the class of its rows: that of its row type, or of the functions of one noun that return equal columns."""
    shared = {}
    for function in functions:
        if function.is_row and not function.row_type:
            shared.setdefault((function.name.split("_")[0], str(function.columns)), []).append(function)
    for same in shared.values():
        name = camel(min((function.name for function in same), key=lambda name: (len(name), name))) + "Row"
        for function in same:
            function.row = name
    for function in functions:
        if function.is_row and function.row_type:
            function.row = camel(function.row_type)


def row_class(name, functions):
    columns = functions[0].columns
    assert all(function.columns == columns for function in functions), f"two kinds of rows would be {name}"
    fields = []
    for column, kind in columns:
        kind = python_type(kind)
        nullable = not NULLABLE.isdisjoint((plain(column), f"{name}.{plain(column)}", f"{name}.*"))
        fields.append(f"    {plain(column)}: {optional(kind) if nullable else kind}\n")
    of = ", ".join(f"`{function.name}`" for function in functions)
    return f'@dataclass(frozen=True, slots=True)\nclass {name}:\n    """A row of {of}."""\n\n{"".join(fields)}'


def imports(text, *modules):
    known = {"datetime": ("datetime", "datetime"), "timedelta": ("datetime", "timedelta"), "Decimal": ("decimal", "Decimal"), "Any": ("typing", "Any"),
             "UUID": ("uuid", "UUID"), "Sequence": ("collections.abc", "Sequence"), "dataclass": ("dataclasses", "dataclass")}
    wanted = {}
    for word, (module, name) in known.items():
        if re.search(rf"\b{word}\b", text):
            wanted.setdefault(module, []).append(name)
    lines = [f"from {module} import {', '.join(sorted(names))}\n" for module, names in sorted(wanted.items())]
    return "".join(lines) + "\n" + "".join(f"{line}\n" for line in modules)


def used(text, names):
    return ", ".join(name for name in names if re.search(rf"\b{name}\b", text))


def files(functions):
    classes = {}
    for function in functions:
        if function.row:
            classes.setdefault(function.row, []).append(function)
    rows = "\n\n".join(row_class(name, classes[name]) for name in sorted(classes))
    yield "rows.py", HEAD.format("The rows that functions return.") + imports(rows) + "\n" + rows
    text = "".join(function.definition() for function in functions)
    head = imports(text, "from .. import _calls", "from .._calls import Function", "from . import rows")
    yield "functions.py", HEAD.format("How each function is called.") + head + "\n" + text
    for file, name, base, is_async in (("methods.py", "Methods", "Caller", False), ("async_methods.py", "AsyncMethods", "AsyncCaller", True)):
        text = "\n".join(function.method(is_async) for function in functions)
        head = imports(text, f"from .._calls import {used(text + ' ' + base, (base, 'Bytes', 'Vector', 'Vectors'))}", "from . import functions, rows")
        about = f'    """A method for each function that `llmspell_app` may execute{", for asyncio" if is_async else ""}. An argument that is None keeps its default."""\n\n'
        yield file, HEAD.format("The public functions as methods.") + head + f"\n\nclass {name}({base}):\n" + about + text
    yield "__init__.py", '"""What scripts/client-methods writes."""\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="print the files that differ, and write nothing")
    check = parser.parse_args().check
    with psycopg.connect() as connection:
        functions = [Function(*row) for row in connection.execute(FUNCTIONS) if row[0] not in LEFT_OUT]
    unknown = MAY_BE_NONE - {function.name for function in functions}
    assert not unknown, f"MAY_BE_NONE names {', '.join(sorted(unknown))}, which are not there"
    name_rows(functions)
    wanted, stale = dict(files(functions)), []
    for file, text in wanted.items():
        path = TARGET / file
        if not path.exists() or path.read_text() != text:
            stale.append(file)
            if not check:
                path.write_text(text)
    if check and stale:
        sys.exit(f"{', '.join(stale)} of clients/python/src/llmspell/_generated differ from the catalog: run scripts/client-methods")


main()
