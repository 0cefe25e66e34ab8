#!/usr/bin/env -S python3 -m pytest
"""import_langgraph and import_langchain: what LangGraph's own saver and store have written, and tables as LangChain makes them."""

import contextlib
import json
import operator
from typing import Annotated, TypedDict

import psycopg
import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.postgres import PostgresStore
from langgraph.types import interrupt
from lib import A, B, ROLE, app, equal, one, raises, rows, server, test
from llmspell.langgraph import LlmspellSaver
from psycopg import sql
from psycopg.rows import dict_row

SCHEMA = 'lang"graph'
IMPORT = "SELECT kind, total, imported, present, skipped FROM llmspell.import_langgraph(%s, dry_run => %s)"


@contextlib.contextmanager
def source(schema=SCHEMA):
    """A connection to a schema of its own, as the clients of the frameworks want it."""
    with psycopg.connect(autocommit=True, row_factory=dict_row) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {0}; GRANT USAGE ON SCHEMA {0} TO {1}; ALTER DEFAULT PRIVILEGES IN SCHEMA {0} GRANT SELECT ON TABLES TO {1}")
                           .format(sql.Identifier(schema), sql.Identifier(ROLE)))
        connection.execute(sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema)))
        yield connection


@pytest.fixture(scope="module", autouse=True)
def schemas():
    yield
    with server() as superuser:
        for schema in (SCHEMA, "lang_js", "lang_odd", "lang_views"):
            superuser.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def words(texts):
    """In place of a model: how often each letter is there."""
    return [[text.lower().count(letter) + 0.01 for letter in "abcdefgh"] for text in texts]


def talker():
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [("ai", f"{len(state['messages'])} messages, {'long ' * 200}")]})
    builder.add_edge(START, "model")
    return builder


class Asked(TypedDict):
    answers: Annotated[list, operator.add]


def asker():
    """A graph with a subgraph that asks, so that there are interrupts, resumptions and a namespace of its own."""
    inner = StateGraph(Asked)
    inner.add_node("ask", lambda state: {"answers": [interrupt("which day?")]})
    inner.add_edge(START, "ask")
    outer = StateGraph(Asked)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "inner")
    return outer


def config(thread):
    return {"configurable": {"thread_id": thread}}


def fill(saver):
    graph = talker().compile(checkpointer=saver)
    for n in range(5):
        graph.invoke({"messages": [("user", f"question {n}")]}, config("talk"))
    back = [state for state in graph.get_state_history(config("talk")) if len(state.values.get("messages", [])) == 4][0]
    graph.invoke({"messages": [("user", "instead")]}, back.config)
    asker().compile(checkpointer=saver).invoke({"answers": []}, config("ask"))
    versions = {"value": saver.get_next_version(None, None), "short": saver.get_next_version(None, None), "none": saver.get_next_version(None, None)}
    kinds = {"value": {"set": {1, 2}, "bytes": b"\0\xff", "nan": float("inf")}, "short": "inline"}
    saver.put(config("kinds") | {"configurable": {"thread_id": "kinds", "checkpoint_ns": ""}},
              {**empty_checkpoint(), "channel_values": kinds, "channel_versions": versions}, {"source": "input", "step": -1, "run_id": "r1"}, versions)


def imported(connection, schema=SCHEMA, dry_run=False):
    return {row[0]: row[1:] for row in rows(connection, IMPORT, [schema, dry_run])}


@test
def threads_of_the_saver():
    """threads that LangGraph's PostgresSaver has written are read by LlmspellSaver as they were; a dry run counts them, a second run changes nothing"""
    with source() as connection, app(A) as caller, LlmspellSaver.from_conn_string(f"user={ROLE}", A) as ours:
        theirs = PostgresSaver(connection)
        theirs.setup()
        fill(theirs)
        wanted = list(theirs.list(None))
        writes = one_of(connection, "SELECT count(*) FROM checkpoint_writes")
        counts = {"threads": (3, 3, 0, 0), "checkpoints": (len(wanted), len(wanted), 0, 0), "writes": (writes, writes, 0, 0)}
        equal(imported(caller, dry_run=True), counts)
        equal(list(ours.list(None)), [], "a dry run")
        equal(imported(caller), counts)
        equal(imported(caller), {kind: (found, 0, found, 0) for kind, (found, *_) in counts.items()})
        same(ours, wanted)
        equal(one(caller, "SELECT count(*) FROM llmspell.verify()"), 0)

        # Both go on: only what is new comes, and what was written here stays.
        talker().compile(checkpointer=ours).invoke({"messages": [("user", "here")]}, config("kept"))
        talker().compile(checkpointer=theirs).invoke({"messages": [("user", "there")]}, config("talk"))
        more = list(theirs.list(config("talk")))
        before = sum(t.config["configurable"]["thread_id"] == "talk" for t in wanted)
        found = imported(caller)
        equal((found["threads"], found["checkpoints"][1]), ((3, 0, 3, 0), len(more) - before))
        same(ours, more, config("talk"))
        equal(len(list(ours.list(config("kept")))) > 0, True)
        resumed = asker().compile(checkpointer=ours)
        equal([task.interrupts[0].value for task in resumed.get_state(config("ask")).tasks], ["which day?"])


def one_of(connection, query):
    return next(iter(connection.execute(query).fetchone().values()))


def same(saver, wanted, of=None):
    """The saver has these checkpoints, each with its values, metadata, parent and writes."""
    def key(found):
        return found.config["configurable"]["thread_id"], found.config["configurable"]["checkpoint_ns"], found.config["configurable"]["checkpoint_id"]
    found = {key(t): t for t in saver.list(of)}
    equal(sorted(found), sorted(map(key, wanted)))
    for t in wanted:
        equal(found[key(t)]._replace(pending_writes=None), t._replace(pending_writes=None), str(key(t)))
        equal(sorted(map(repr, found[key(t)].pending_writes)), sorted(map(repr, t.pending_writes or [])), f"writes of {key(t)}")


@test
def values_are_packed():
    """a list that grows takes a fraction of what it took before, and each of its states is there"""
    with source() as connection, app(A) as caller, LlmspellSaver.from_conn_string(f"user={ROLE}", A) as ours:
        theirs = PostgresSaver(connection)
        place = {"configurable": {"thread_id": "grows", "checkpoint_ns": ""}}
        for n in range(60):
            versions = {"list": theirs.get_next_version(None, None)[:-4] + f"{n:04}"}
            place = theirs.put(place, {**empty_checkpoint(), "channel_values": {"list": [f"entry {i} {'x' * 40}" for i in range(n + 1)]}, "channel_versions": versions},
                               {"source": "loop", "step": n}, versions)
        equal(rows(caller, "SELECT imported FROM llmspell.import_langgraph(%s, %s, false, %s) WHERE kind = 'checkpoints'", [SCHEMA, A, ["grows"]]), [(60,)])
        equal([len(t.checkpoint["channel_values"]["list"]) for t in ours.list(config("grows"))], list(range(60, 0, -1)))
        size, stored = rows(caller, "SELECT size_bytes, stored_bytes FROM llmspell.thread_stats('grows')")[0]
        assert stored < size / 8, (size, stored)


@test
def items_of_the_store():
    """items of LangGraph's PostgresStore come with their times, lives and vectors; what changed there comes again, what changed here stays"""
    with source() as connection, app(A) as caller:
        store = PostgresStore(connection, index={"dims": 8, "embed": words, "fields": ["text"]}, ttl={"default_ttl": None})
        store.setup()
        for n in range(20):
            store.put(("users", str(n % 4), "notes"), f"k{n}", {"text": f"{'abcdefgh'[n % 8] * 5} {n}", "n": n})
        store.put(("users", "0"), "lives", {"n": 1}, ttl=60)
        store.put(("users", "0"), "gone", {"n": 2}, ttl=60)
        connection.execute("UPDATE store SET expires_at = now() - interval '1 s' WHERE key = 'gone'")
        connection.execute("UPDATE store SET created_at = '2026-01-01', updated_at = '2026-02-01' WHERE key = 'k3'")
        equal(imported(caller, dry_run=True)["items"], (22, 21, 0, 1))
        equal(imported(caller)["items"], (22, 21, 0, 1))
        equal(imported(caller)["items"], (22, 0, 21, 1))
        equal(rows(caller, "SELECT value, version, created_at = '2026-01-01', updated_at = '2026-02-01', ttl, expires_at FROM llmspell.item_get('{users,3,notes}', 'k3')"),
              [({"text": "ddddd 3", "n": 3}, 1, True, True, None, None)])
        ttl, left = rows(caller, "SELECT ttl::text, extract(epoch FROM expires_at - now())::int FROM llmspell.item_get('{users,0}', 'lives')")[0]
        equal((ttl, 3500 < left <= 3600), ("01:00:00", True))
        for query in ("ccccc", "hhhhh"):
            wanted = [(item.key, item.value) for item in store.search(("users",), query=query, limit=2)]
            found = rows(caller, "SELECT key, value FROM llmspell.item_search('{users}', query_embedding => %s::text::public.vector, max_rows => 2)", [json.dumps(words([query])[0])])
            equal(sorted(key for key, _ in found), sorted(key for key, _ in wanted))
        equal(rows(caller, "SELECT key FROM llmspell.item_search('{users}', query_text => 'ddddd 3', max_rows => 1)"), [("k3",)])
        store.put(("users", "1", "notes"), "k1", {"text": "changed there", "n": 1})
        caller.execute("SELECT llmspell.item_put('{users,2,notes}', 'k2', '\"changed here\"')")
        equal(imported(caller, dry_run=True)["items"], (22, 1, 20, 1))
        equal(imported(caller)["items"], (22, 1, 20, 1))
        equal(rows(caller, "SELECT value ->> 'text', version FROM llmspell.item_get('{users,1,notes}', 'k1')"), [("changed there", 2)])
        equal(rows(caller, "SELECT value FROM llmspell.item_get('{users,2,notes}', 'k2')"), [("changed here",)])
        equal(one(caller, "SELECT count(*) FROM llmspell.verify()"), 0)


@test
def other_tenants_see_nothing():
    """what was imported for one tenant another does not see, and a third gets a copy of its own by the argument tenant"""
    with app(B) as other:
        equal(rows(other, "SELECT * FROM llmspell.thread_list()") + rows(other, "SELECT * FROM llmspell.item_list()"), [])
        equal(rows(other, "SELECT imported > 0 FROM llmspell.import_langgraph(%s, 'tenant-c', false, '{talk,ask}')", [SCHEMA]), [(True,)] * 3)
        equal(rows(other, "SELECT * FROM llmspell.thread_list()"), [])
    with app("tenant-c") as third:
        equal(rows(third, "SELECT thread_id FROM llmspell.thread_list()"), [("ask",), ("talk",)])


@test
def tables_of_javascript():
    """the tables of LangGraph's packages for JavaScript: no task path, a colon between segments, texts beside vectors"""
    with source("lang_js") as connection, app(A) as caller:
        connection.execute("""
            CREATE TABLE checkpoints (thread_id text, checkpoint_ns text DEFAULT '', checkpoint_id text, parent_checkpoint_id text, type text, checkpoint jsonb NOT NULL,
                metadata jsonb NOT NULL DEFAULT '{}', PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id));
            CREATE TABLE checkpoint_blobs (thread_id text, checkpoint_ns text DEFAULT '', channel text, version text, type text NOT NULL, blob bytea,
                PRIMARY KEY (thread_id, checkpoint_ns, channel, version));
            CREATE TABLE checkpoint_writes (thread_id text, checkpoint_ns text DEFAULT '', checkpoint_id text, task_id text, idx int, channel text NOT NULL, type text, blob bytea NOT NULL,
                PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx));
            CREATE TABLE store (namespace_path text, key text, value jsonb NOT NULL, created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), expires_at timestamptz,
                PRIMARY KEY (namespace_path, key));
            CREATE TABLE store_vectors (namespace_path text, key text, field_path text, text_content text NOT NULL, embedding vector(8) NOT NULL, created_at timestamptz DEFAULT now(),
                PRIMARY KEY (namespace_path, key, field_path));
            INSERT INTO checkpoints SELECT 'js', '', 'c' || n, CASE WHEN n > 1 THEN 'c' || n - 1 END, NULL, jsonb_build_object('v', 4, 'id', 'c' || n, 'channel_versions', jsonb_build_object('a', n, 'b', 1)),
                '{"source": "loop"}' FROM generate_series(1, 5) AS n;
            INSERT INTO checkpoint_blobs SELECT 'js', '', 'a', n::text, 'json', convert_to(to_json(repeat('state ' || n, 100))::text, 'UTF8') FROM generate_series(1, 5) AS n;
            INSERT INTO checkpoint_blobs VALUES ('js', '', 'b', '1', 'json', '"same"'), ('js', '', 'c', '1', 'empty', NULL);
            INSERT INTO checkpoint_writes VALUES ('js', '', 'c5', 't1', 0, 'a', 'json', '1'), ('js', '', 'c5', 't1', -1, '__error__', 'json', '"e"'), ('js', '', 'c6', 't2', 0, 'a', 'json', '2');
            INSERT INTO store VALUES ('js:one.two', 'k', '{"a": 1}'), ('js:three', 'k', '{"a": 2}');
            INSERT INTO store_vectors VALUES ('js:three', 'k', 'a', 'green apples', '[1,0,0,0,0,0,0,1]')""")
        equal(imported(caller, "lang_js"), {"threads": (1, 1, 0, 0), "checkpoints": (5, 5, 0, 0), "writes": (3, 3, 0, 0), "items": (2, 2, 0, 0)})
        found = rows(caller, "SELECT checkpoint_id, parent_id, channels, channel_values, write_channels FROM llmspell.checkpoint_list('js')")
        equal(found[0], ("c5", "c4", ["a", "b"], [json.dumps("state 5" * 100).encode(), b'"same"'], ["__error__", "a"]))
        equal([(row[0], row[3][0]) for row in found[1:]], [(f"c{n}", json.dumps(f"state {n}" * 100).encode()) for n in (4, 3, 2, 1)])
        equal(rows(caller, "SELECT namespace FROM llmspell.namespace_list('{js}')"), [(["js", "one.two"],), (["js", "three"],)])
        equal(rows(caller, "SELECT key FROM llmspell.item_search('{js}', query_text => 'apples')"), [("k",)])


@test
def views_choose_what_comes():
    """views with the names of the tables choose the rows of one tenant"""
    with source("lang_views") as connection, app(B) as caller:
        connection.execute("CREATE VIEW store AS SELECT * FROM lang_js.store WHERE namespace_path = 'js:three'")
        equal(imported(caller, "lang_views"), {"items": (1, 1, 0, 0)})
        equal(rows(caller, "SELECT namespace, value FROM llmspell.item_list()"), [(["js", "three"], {"a": 2})])


@test
def what_cannot_be_imported():
    """what is no table of LangGraph, may not be read or does not fit is refused with the row that it is, and nothing is stored"""
    with source("lang_odd") as connection, app(A) as caller, app() as none:
        with raises("42501"):
            imported(none)
        with raises("22004"):
            imported(caller, None)
        for schema in ("lang_odd", "no_such_schema", "x'; DROP TABLE llmspell.items; --"):
            with raises("22023") as refused:
                imported(caller, schema)
            assert schema in str(refused.error)
        with caller.transaction(), raises("0A000"):
            caller.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            imported(caller)
        connection.execute("CREATE TABLE store (prefix text, key text, value json, created_at timestamptz, updated_at timestamptz, expires_at timestamptz)")
        with raises("42804") as refused:
            imported(caller, "lang_odd")
        assert '"value"' in str(refused.error)
        connection.execute("ALTER TABLE store ALTER value TYPE jsonb, DROP COLUMN expires_at")
        with raises("22023") as refused:
            imported(caller, "lang_odd")
        connection.execute("ALTER TABLE store ADD expires_at timestamptz; INSERT INTO store VALUES ('fits', 'a', '1'), ('odd.', 'b', '1')")
        for dry_run in (True, False):
            with raises("22023") as refused:
                imported(caller, "lang_odd", dry_run)
            assert 'item "b" of namespace "odd."' in refused.error.diag.message_detail, refused.error.diag.message_detail
        equal(rows(caller, "SELECT * FROM llmspell.item_list('{fits}')"), [])
        connection.execute(f"REVOKE SELECT ON store FROM {ROLE}")
        with raises("42501"):
            imported(caller, "lang_odd")
        connection.execute("CREATE TABLE checkpoints (LIKE lang_js.checkpoints)")
        with raises("22023"):
            imported(caller, "lang_odd")
        connection.execute("CREATE TABLE checkpoint_blobs (LIKE lang_js.checkpoint_blobs); CREATE TABLE checkpoint_writes (LIKE lang_js.checkpoint_writes)")
        connection.execute("INSERT INTO checkpoints VALUES (repeat('x', 256), '', 'c', NULL, NULL, '{}', '{}')")
        with raises("22001") as refused:
            caller.execute("SELECT llmspell.import_langgraph('lang_odd', thread_ids => ARRAY[repeat('x', 256)])")
        assert "xxx" in refused.error.diag.message_detail


@test
def vectors_of_langchain():
    """langchain_pg_embedding with its collections: by scope, once, with and without a collection, dimensions apart"""
    with source() as connection, app(A) as caller:
        connection.execute("""
            CREATE TABLE langchain_pg_collection (uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL UNIQUE, cmetadata json);
            CREATE TABLE langchain_pg_embedding (id varchar PRIMARY KEY, collection_id uuid REFERENCES langchain_pg_collection ON DELETE CASCADE, embedding vector, document varchar, cmetadata jsonb);
            INSERT INTO langchain_pg_collection (name) VALUES ('docs'), ('faq');
            INSERT INTO langchain_pg_embedding SELECT 'd' || n, (SELECT uuid FROM langchain_pg_collection WHERE name = 'docs'), ARRAY(SELECT random() + n * 0 FROM generate_series(1, 384))::vector,
                'document ' || n, jsonb_build_object('n', n) FROM generate_series(1, 450) AS n;
            INSERT INTO langchain_pg_embedding SELECT 'f' || n, (SELECT uuid FROM langchain_pg_collection WHERE name = 'faq'), ARRAY(SELECT random() + n * 0 FROM generate_series(1, 768))::vector,
                NULL, NULL FROM generate_series(1, 3) AS n;
            INSERT INTO langchain_pg_embedding SELECT 'none', uuid, NULL, 'no vector', NULL FROM langchain_pg_collection WHERE name = 'faq'""")
        call = "SELECT total, imported, present, skipped FROM llmspell.import_langchain(%s, dry_run => %s, collection => %s)"
        equal(rows(caller, call, [SCHEMA, True, None]), [(454, 453, 0, 1)])
        equal(rows(caller, call, [SCHEMA, False, "faq"]), [(4, 3, 0, 1)])
        equal(rows(caller, call, [SCHEMA, False, None]), [(454, 450, 3, 1)])
        equal(rows(caller, call, [SCHEMA, False, None]), [(454, 0, 453, 1)])
        equal(rows(caller, "SELECT text_id, scope, content, metadata, space FROM llmspell.vector_get(text_ids => '{d450,f1}')"),
              [("d450", "custom:docs", "document 450", {"n": 450}, "vectors_384"), ("f1", "custom:faq", None, {}, "vectors_768")])
        nearest = connection.execute("SELECT embedding::text AS e FROM langchain_pg_embedding WHERE id = 'd7'").fetchone()["e"]
        equal(rows(caller, "SELECT text_id, exact FROM llmspell.vector_search(%s::text::public.vector, 1, 'custom:docs')", [nearest]), [("d7", True)])
        caller.execute("SELECT llmspell.vector_put(%s::text::public.vector, 'd7', 'custom:docs', content => 'changed here')", [nearest])
        equal(rows(caller, call, [SCHEMA, False, "docs"]), [(450, 0, 450, 0)])
        equal(rows(caller, "SELECT content FROM llmspell.vector_get(text_ids => '{d7}')"), [("changed here",)])
        connection.execute("UPDATE langchain_pg_embedding SET embedding = '[1,2,3]' WHERE id = 'none'")
        with raises("22023") as refused:
            rows(caller, call, [SCHEMA, False, "faq"])
        assert "3" in str(refused.error)


@test
def tables_with_columns_of_their_own():
    """the table of langchain-postgres' PGVectorStore: named columns, metadata in columns and in JSON, halfvec, a space of the tenant's own"""
    with source() as connection, app(A) as caller:
        connection.execute("""
            CREATE TABLE "my Docs" (langchain_id uuid PRIMARY KEY, content text NOT NULL, embedding vector(6) NOT NULL, content_tsv tsvector, page int, author text, langchain_metadata json);
            INSERT INTO "my Docs" VALUES ('00000000-0000-0000-0000-000000000001', 'one', '[1,0,0,0,0,0]', 'one', 7, NULL, '{"kind": "note", "page": 1}'),
                ('00000000-0000-0000-0000-000000000002', 'two', '[0,1,0,0,0,0]', 'two', NULL, 'Ada', NULL);
            CREATE TABLE named (key bigint PRIMARY KEY, body text, v halfvec(6), extra jsonb);
            INSERT INTO named VALUES (1, 'halves', '[0,0,1,0,0,0]', '{"a": 1}')""")
        equal(rows(caller, "SELECT * FROM llmspell.import_langchain(%s, 'my Docs', dry_run => false, space => 'small:docs', scope => 'user:3')", [SCHEMA]), [("vectors", 2, 2, 0, 0)])
        equal(rows(caller, "SELECT text_id, scope, content, metadata FROM llmspell.vector_get(text_ids => ARRAY['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002'], space => 'small:docs')"),
              [("00000000-0000-0000-0000-000000000001", "user:3", "one", {"kind": "note", "page": 7}), ("00000000-0000-0000-0000-000000000002", "user:3", "two", {"author": "Ada"})])
        columns = "id_column => 'key', content_column => 'body', embedding_column => 'v', metadata_column => 'extra'"
        equal(rows(caller, f"SELECT * FROM llmspell.import_langchain(%s, 'named', dry_run => false, space => 'small:docs', {columns})", [SCHEMA]), [("vectors", 1, 1, 0, 0)])
        equal(rows(caller, "SELECT scope, content, metadata FROM llmspell.vector_get(text_ids => '{1}', space => 'small:docs')"), [("global", "halves", {"a": 1})])
        more = ", source_table => 'named'"
        for given, state in (("id_column => 'kye'", "22023"), ("id_column => 'v'", "42804"), ("collection => 'x'", "22023"), ("source_table => 'none'", "22023"), (columns + ", language => 'klingon'", "22023")):
            with raises(state, what=given):
                caller.execute(f"SELECT llmspell.import_langchain(%s, dry_run => false, space => 'small:more', {given}{'' if 'source_table' in given else more})", [SCHEMA])
        with raises("22004"):
            caller.execute("SELECT llmspell.import_langchain(NULL)")
        with app() as none, raises("42501"):
            none.execute("SELECT llmspell.import_langchain(%s, 'my Docs')", [SCHEMA])
        connection.execute(f"REVOKE SELECT ON named FROM {ROLE}")
        with raises("42501"):
            caller.execute(f"SELECT llmspell.import_langchain(%s, 'named', {columns})", [SCHEMA])
