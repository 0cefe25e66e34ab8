"""The functions of the schema, from the catalog, and how to call them."""

import psycopg

# A plausible value for each type that a public function takes.
VALUES = {
    "text": "value", "anyelement": "value", "character varying": "value", "text[]": ["value"], "uuid[]": ["00000000-0000-0000-0000-000000000001"], "bytea": b"\0", "bytea[]": [b"\0"],
    "jsonb": psycopg.types.json.Jsonb({}), "jsonb[]": [psycopg.types.json.Jsonb({})], "boolean": True, "timestamp with time zone[]": ["2026-01-01 00:00:00+00"],
    "integer": 1, "bigint": 1, "double precision": 1.0, "interval": "1 day", "uuid": "00000000-0000-0000-0000-000000000001",
    "timestamp with time zone": "2026-01-01 00:00:00+00", "regclass": "llmspell.test_data", "name": "name", "real[]": [1.0],
    "vector": "[" + ",".join(["0.5"] * 384) + "]", "vector[]": ["[" + ",".join(["0.5"] * 384) + "]"],
    "double precision[]": [1.0, 1.0], "integer[]": [10], "bigint[]": [1], "tsquery": "value", "tsvector": "value", "anyarray": None, "regconfig": "simple",
    "llmspell.vector_spaces": "(vectors_384,vector_embeddings_384,384,cosine,,vectors,t,2026-01-01,,,,)",
    "date": "2026-01-01", "oid": 25, "regtype[]": ["text"], "interval[]": ["1 day"],
}


# Where any text will not do.
NAMED = {"language": "simple", "fusion": "convex", "words_table": "vector_embeddings_384", "mode": "auto", "method": "auto", "metric": "cosine", "space": "vectors_384",
         "scope": "global", "query_text": "value", "recall": 0.9, "tenant": "tenant-a"}

# Arguments with a default that must be given all the same, where nothing else says what they do.
ONE_OF = {"agent_state_at": "version", "agent_state_restore": "version", "session_archive": "session_id", "session_delete": "session_id",
          "session_get": "session_id", "session_touch": "session_id", "session_update": "session_id", "episode_search": "query_text", "entity_search": "query_text", "recall": "query_text", "recall_record": "query_text", "vector_get": "ids", "vector_delete": "ids",
          "artifact_get": "artifact_id", "artifact_get_text": "artifact_id", "artifact_info": "artifact_id", "message_get": "message_id", "message_update": "message_id",
          "artifact_put": "session_id name data", "artifact_put_text": "session_id name content", "artifact_upload_begin": "session_id name"}
# Where a value of the type alone is refused: LZ4 of nothing, for one.
OWN = {("message_get", "sequence"): None, ("message_update", "sequence"): None, ("item_get_many", "items"): psycopg.types.json.Jsonb([]), ("call", "name"): "kv_count", ("call", "tenant"): None, ("import_langgraph", "tenant"): None, ("import_langchain", "tenant"): None, ("call_many", "tenant"): None, ("call_many", "calls"): psycopg.types.json.Jsonb([{"name": "kv_count"}]),
       ("recall", "kinds"): ["episode"], ("recall_record", "kinds"): ["episode"], ("_recall", "kinds"): ["episode"], ("_recall_kinds", "kinds"): ["episode"], ("_recall_read", "kinds"): ["episode"],
       ("_recall", "document_spaces"): ["vectors_384"], ("_recall", "document_tables"): ["vector_embeddings_384"], ("_recall", "episode_space"): "episodes_384", ("_recall", "entity_space"): None,
       ("_recall", "relationship_space"): None, ("_recall_read", "tables"): ["vector_embeddings_384"], ("vector_space_create", "purpose"): "vectors",
       ("artifact_put", "session_name"): None, ("artifact_put_text", "session_name"): None, ("artifact_get", "session_name"): None, ("artifact_get_text", "session_name"): None, ("artifact_info", "session_name"): None, ("artifact_upload_begin", "session_name"): None, ("artifact_list", "session_name"): None,
       ("work_pending", "kinds"): ["workflows"], ("blake3_keyed", "key"): bytes(32), ("compress", "codec"): "lz4", ("decompress", "codec"): "lz4", ("decompress", "data"): bytes(5), ("vector_add_half", "embedding"): b"\x00\x3c" * 384}


class Function:
    def __init__(self, schema, name, names, types, casts, defaults):
        self.schema = schema
        self.name, self.names, self.types, self.casts, self.defaults = name, names, types, casts, defaults

    def value(self, i):
        name, kind = self.names[i] if self.names else None, self.types[i]
        default = NAMED[name] if name in NAMED and kind in ("text", "double precision") else VALUES[kind] if kind in VALUES or not kind.startswith("llmspell") else None  # a row
        return OWN.get((self.name, name), default)

    def call(self, connection, given, **options):
        """Calls it with {position: value}; the other arguments keep their defaults."""
        arguments = ", ".join((f'"{self.names[i]}" => ' if self.names else "") + f"%s::{self.casts[i]}" for i in given)
        return connection.execute(f"SELECT t::text FROM {self.schema}.{self.name}({arguments}) AS t", list(given.values()), **options).fetchall()

    def required(self):
        given = len(self.types) - self.defaults
        return {i: self.value(i) for i in range(len(self.types)) if i < given or self.names[i] in ONE_OF.get(self.name, "").split()}

    def all_plausible(self):
        return {i: self.value(i) for i in range(len(self.types))}

    def nulls(self):
        return dict.fromkeys(range(len(self.types) - self.defaults))

    def text_arguments(self):
        return [i for i, t in enumerate(self.types) if t in ("text", "character varying", "text[]", "name")]


def functions(connection, internal=False, role=None):
    """Public (or internal) functions of the schema, or those among them that a role may execute."""
    rows = connection.execute(
        """SELECT p.pronamespace::regnamespace::text, p.proname, coalesce(p.proargnames[:p.pronargs], '{}'),
               ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n),
               ARRAY(SELECT replace(replace(CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace THEN format_type(t, NULL) ELSE format('%%s.%%I', y.typnamespace::regnamespace, y.typname) END,
                                            'anyelement', 'text'), 'anyarray', 'text[]')
                     FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) JOIN pg_type y ON y.oid = t ORDER BY n),
               p.pronargdefaults
           FROM pg_proc p
           WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND p.prorettype <> 'trigger'::regtype
             AND (p.proname LIKE '\\_%%') = %s AND (%s::text IS NULL OR has_function_privilege(%s, p.oid, 'EXECUTE'))
           ORDER BY 2""", [internal, role, role]).fetchall()
    assert rows, "no functions found"
    return [Function(*row) for row in rows]
