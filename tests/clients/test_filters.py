#!/usr/bin/env -S python3 -m pytest
"""Filters: every function that takes one agrees with the oracle, goes by the index of equalities, and refuses what is none."""

import psycopg
from filters import Maker, dump, has_operators, matches
from functions import functions
from lib import A, B, ROLE, SOAK, app, create_database, equal, one, raises, rows, server, test
from plans import log_plans, logged

DOCUMENTS = 300
FILTERS = 10_000 if SOAK else 250
BATCH = 200
SESSION = "30000000-0000-0000-0000-000000000001"
VECTOR = "array_fill(1, ARRAY[384])::vector"
# Each function with a filter: a query for the numbers of the documents that it finds with filter f.
FINDS = {
    "artifact_list": "SELECT name::int AS n FROM llmspell.artifact_list(filter => f.filter, max_rows => 1000)",
    "entity_list": "SELECT name::int AS n FROM llmspell.entity_list(filter => f.filter, max_rows => 1000)",
    "checkpoint_list": "SELECT checkpoint_id::int AS n FROM llmspell.checkpoint_list('filters', '', filter => f.filter, max_rows => 1000)",
    # Their type is one of their words.
    "entity_search": "SELECT name::int AS n FROM llmspell.entity_search('filters', filter => f.filter, max_rows => 1000, context => 0)",
    "episode_search": f"SELECT content::int AS n FROM llmspell.episode_search(query_embedding => {VECTOR}, filter => f.filter, max_rows => 1000)",
    "event_list": "SELECT substr(event_type, 2)::int AS n FROM llmspell.event_list(filter => f.filter, max_rows => 1000)",
    "hybrid_search": f"SELECT content::int AS n FROM llmspell.hybrid_search(NULL, {VECTOR}, filter => f.filter, max_rows => 1000)",
    "item_list": "SELECT key::int AS n FROM llmspell.item_list('{filters}', filter => f.filter, max_rows => 1000)",
    "item_search": "SELECT key::int AS n FROM llmspell.item_search('{filters}', filter => f.filter, query_text => 'every', max_rows => 1000)",
    "recall": f"SELECT content::int AS n FROM llmspell.recall(query_embedding => {VECTOR}, kinds => '{{episode}}', filter => f.filter, max_rows => 1000, max_tokens => 100000, context => 0)",
    "recall_record": None,
    "vector_explain": None,
    "vector_search_many": f"SELECT content::int AS n FROM llmspell.vector_search_many(ARRAY[{VECTOR}], filter => f.filter, max_rows => 1000)",
    "vector_search": f"SELECT content::int AS n FROM llmspell.vector_search({VECTOR}, filter => f.filter, max_rows => 1000)",
}
# The same functions by another way through their statements.
OTHERS = {
    "entity_list, by type and name": "SELECT name::int AS n FROM llmspell.entity_list('filters', '', filter => f.filter, max_rows => 1000)",
    "entity_list, as known": "SELECT name::int AS n FROM llmspell.entity_list(filter => f.filter, known_at => now(), max_rows => 1000)",
    "artifact_list, by type": "SELECT name::int AS n FROM llmspell.artifact_list(artifact_type => 'file', filter => f.filter, newest_first => true, max_rows => 1000)",
    "recall, documents": f"SELECT content::int AS n FROM llmspell.recall(query_embedding => {VECTOR}, kinds => '{{document}}', filter => f.filter, max_rows => 1000, max_tokens => 100000)",
    "recall, facts": "SELECT substring(content FROM '[0-9]+')::int AS n FROM llmspell.recall('filters', kinds => '{entity}', filter => f.filter, max_rows => 1000, max_tokens => 1000000, context => 0)",
    "recall_record, as recall": f"SELECT content::int AS n FROM llmspell.recall_record(query_embedding => {VECTOR}, kinds => '{{episode}}', filter => f.filter, max_rows => 1000, max_tokens => 100000, context => 0)",
    "checkpoint_list, of every namespace": "SELECT checkpoint_id::int AS n FROM llmspell.checkpoint_list('filters', filter => f.filter, max_rows => 1000, with_values => false)",
    "event_list, by pattern": "SELECT substr(event_type, 2)::int AS n FROM llmspell.event_list('f*', filter => f.filter, newest_first => false, max_rows => 1000)",
    "event_list, by correlation": f"SELECT substr(event_type, 2)::int AS n FROM llmspell.event_list(correlation_id => '{SESSION}', filter => f.filter, max_rows => 1000)",
    "item_list, behind many": "SELECT key::int AS n FROM llmspell.item_list(filter => f.filter, max_rows => 1000) WHERE key ~ '^[0-9]+$'",
    "vector_search, exact": f"SELECT content::int AS n FROM llmspell.vector_search({VECTOR}, filter => f.filter, max_rows => 1000, mode => 'exact')",
    "hybrid_search, by words": "SELECT content::int AS n FROM llmspell.hybrid_search('0 or 1 or 7 or 42', NULL, filter => f.filter, max_rows => 1000)",
    "episode_search, by words": "SELECT content::int AS n FROM llmspell.episode_search('0 or 1 or 7 or 42', filter => f.filter, max_rows => 1000, context => 0)",
}
BY_WORDS = {0, 1, 7, 42}
SENTENCE = "A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large."


def with_filters():
    with server() as owner:
        return [(f, f.names.index("filter")) for f in functions(owner, role=ROLE) if "filter" in f.names]


def store(connection, documents):
    """The documents in every component that a filter looks through, each named by its number."""
    connection.execute("SELECT llmspell.session_create(%s)", [SESSION])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE documents (n int, document jsonb)")
        with cursor.copy("COPY documents FROM STDIN") as copy:
            for n, document in enumerate(documents):
                copy.write_row([n, dump(document)])
    for statement in (
        f"SELECT llmspell.artifact_put('{SESSION}', n::text, convert_to(n::text, 'UTF8'), metadata => document, artifact_type => 'file') FROM documents",
        "SELECT llmspell.entity_put(uuidv7(), 'filters', n::text, document, valid_from => '2020-01-01Z') FROM documents",
        f"SELECT llmspell.episode_add('filters', 'user', n::text, {VECTOR}, document) FROM documents",
        f"SELECT llmspell.event_append('f' || n, document, '{SESSION}') FROM documents",
        f"SELECT llmspell.vector_add({VECTOR}, metadata => document, content => n::text) FROM documents",
        "SELECT llmspell.item_put('{filters}', n::text, document, index_text => 'every') FROM documents",
        "SELECT llmspell.checkpoint_put('filters', '', n::text, NULL, '{}', document) FROM documents",
        # More than a list looks through before it goes by what rows contain.
        "SELECT llmspell.item_put('{before}', 'x' || n, '{\"z\": 1}') FROM generate_series(1, 600) AS n",
    ):
        connection.execute(statement)


def found(connection, query, filters):
    """The numbers that a function finds for each filter."""
    numbers = [set() for _ in filters]
    for start in range(0, len(filters), BATCH):
        batch = filters[start:start + BATCH]
        statement = f"SELECT f.i, array_agg(g.n) FROM unnest(%s::jsonb[]) WITH ORDINALITY AS f (filter, i) CROSS JOIN LATERAL ({query}) AS g GROUP BY 1"
        for i, of_filter in rows(connection, statement, [batch]):
            numbers[start + i - 1] = set(of_filter)
            equal(len(of_filter), len(set(of_filter)), f"{batch[i - 1]}: rows twice")
    return numbers


@test
def every_function_is_known():
    """each public function with an argument filter is among those that the oracle tries, says so in its comment, and takes operators"""
    known = with_filters()
    equal({f.name for f, _ in known} ^ set(FINDS), set(), "functions that FINDS lacks, or that are gone")
    wrong = []
    with server() as owner, app("filters-known") as connection:
        for function, i in known:
            comment = one(owner, "SELECT obj_description(p.oid, 'pg_proc') FROM pg_proc p WHERE p.pronamespace = 'llmspell'::regnamespace AND p.proname = %s", [function.name])
            if SENTENCE not in comment:
                wrong.append(f"{function.name}: its comment lacks the sentence on filters")
            for filter in ('{"a": {"$gt": 1}}', '{"a": 1, "$or": [{"b": {"$like": "x%"}}, {"$not": {"c": 1}}]}'):
                try:
                    function.call(connection, {**function.required(), i: filter})
                except psycopg.Error as error:
                    wrong.append(f"{function.name}, {filter}: {error}")
    equal(wrong, [], "\n".join(wrong))


@test
def oracle():
    """random filters find the same of random documents through every function as the oracle says"""
    maker = Maker(20261130)
    documents = [maker.document() for _ in range(DOCUMENTS)]
    filters = [maker.filter() for _ in range(FILTERS)]
    texts = [dump(f) for f in filters]
    wanted = [{n for n, document in enumerate(documents) if matches(f, document)} for f in filters]
    with app(A) as connection, app(B) as other:
        store(connection, documents)
        # Nothing of another tenant is found.
        store(other, [maker.document() for _ in range(50)])
        for name, query in {**FINDS, **OTHERS}.items():
            if query is None:
                continue
            words = "words" in name
            # What the other ways share with the first is tried on fewer.
            few = len(filters) if name in FINDS else min(len(filters), 2000 if SOAK else 100)
            for text, got, want in zip(texts, found(connection, query, texts[:few]), wanted):
                equal(sorted(got), sorted(want & BY_WORDS if words else want), f"{name}, {text}")
    # A test that finds all or nothing tells nothing.
    telling = sum(0 < len(w) < DOCUMENTS for w in wanted)
    equal((telling > FILTERS / 3, sum(map(has_operators, filters)) > FILTERS / 2), (True, True), f"{telling} of {FILTERS}")


@test
def documents_of_other_kinds():
    """a document that is no object is found by no filter, $not and {} included"""
    with app("filters-kinds") as connection:
        for document in ("[1]", "5", '"a"', "null", "{}"):
            connection.execute("SELECT llmspell.event_append('kinds', %s)", [document])
        for filter in ("{}", '{"$not": {"a": 1}}', '{"a": {"$ne": 1}}', '{"a": {"$exists": false}}', '{"$or": [{}]}'):
            equal(rows(connection, "SELECT payload FROM llmspell.event_list(filter => %s)", [filter]), [({},)], filter)
        # A filter that is read differs from row to row, as do its neighbours.
        texts = [f'{{"n": {{"$gt": {n}}}}}' for n in range(10)] * 3
        got = rows(connection, """SELECT llmspell_internal._filter_matches(jsonb_build_object('n', 5), f) FROM unnest(%s::jsonb[]) AS f""", [texts])
        equal(got, [(n % 10 < 5,) for n in range(30)], "filters that change")


WRONG = {
    '{"a": {"$foo": 1}}': '"$foo"', '{"$where": "x"}': '"$where"', '{"a": {"$gt": 1, "b": 2}}': '"b"', '{"a": {"$in": "x"}}': '"$in"', '{"a": {"$in": {"x": 1}}}': '"$in"',
    '{"a": {"$gt": null}}': '"$gt"', '{"a": {"$lt": [1]}}': '"$lt"', '{"a": {"$exists": "yes"}}': '"$exists"', '{"a": {"$like": 1}}': '"$like"', '{"a": {"$like": "x\\\\"}}': '"$like"',
    '{"$or": {}}': '"$or"', '{"$and": []}': '"$and"', '{"$and": [1]}': '"$and"', '{"$not": [{"a": 1}]}': '"$not"', '{"a": [{"$gt": 1}]}': '"$gt"', '{"$gt": 1}': '"$gt"',
    '{"$eq": {"a": 1}}': '"$eq"', '{"$": 1}': '"$"', '{"a": {"b": {"c": {"$nope": 1}}}}': '"$nope"',
}


@test
def refusals():
    """what is no filter is 22023 and names the key, what is too large 54000, for every function, before any row is read; the session lives"""
    large = {
        "10,000 $or": '{"$or": [' + ", ".join(f'{{"a": {n}}}' for n in range(10_000)) + "]}",
        "1,001 conditions": '{"$and": [' + ", ".join(['{"a": {"$gt": 1}}'] * 1001) + "]}",
        "$in of 10,001": '{"a": {"$in": [' + ", ".join(["1"] * 10_001) + "]}}",
        "101 elements": '{"a": {"$eq": [' + ", ".join(["1"] * 101) + "]}}",
        "$not 1,001 deep": '{"$not": ' * 1000 + '{"a": 1}' + "}" * 1000,
        "$or 1,001 deep": '{"$or": [' * 500 + '{"a": 1}' + "]}" * 500,
        "$and 100,000 deep": '{"$and": [' * 3000 + '{"a": 1}' + "]}" * 3000,
        "1 MiB": '{"a": {"$ne": "' + "x" * (1 << 20) + '"}}',
    }
    wrong = []
    with app("filters-none") as connection:
        for function, i in with_filters():
            for state, filters in (("22023", WRONG), ("54000", dict.fromkeys(large.values(), "filter"))):
                for filter, named in filters.items():
                    try:
                        function.call(connection, {**function.required(), i: filter})
                    except psycopg.Error as error:
                        if error.sqlstate != state or named not in str(error) or not error.diag.message_hint:
                            wrong.append(f"{function.name}, {filter:.60}: {error.sqlstate} {error}")
                    else:
                        wrong.append(f"{function.name}, {filter:.60}: no error")
        equal(wrong, [], "\n".join(wrong[:20]))
        # The server itself refuses what JSON has not.
        for filter, state in (('{"a": {"$gt": NaN}}', "22P02"), ('{"a": {"$eq": "\\u0000"}}', "22P05")):
            with raises(state, what=filter):
                connection.execute("SELECT llmspell.event_list(filter => %s::jsonb)", [filter])


@test
def at_the_bounds():
    """filters as deep and as long as they may be find what they should; a timeout ends the longest test of one document"""
    path = lambda levels, inner: '{"a": ' * levels + inner + "}" * levels
    with app("filters-bounds") as connection:
        document = path(999, '{"b": 7}')
        connection.execute("SELECT llmspell.event_append('deep', %s)", [document])
        connection.execute("""SELECT llmspell.event_append('flat', '{"a": 1, "t": "NaN", "n": 1e1000}')""")
        # Whether the deep document is found, and the flat one.
        for filter, wanted in (
            (path(998, '{"a": {"$exists": true}}'), (True, False)),
            (path(998, '{"a": {"$ne": 7}}'), (True, True)),
            (path(999, '{"b": 7}'), (True, False)),
            ('{"$not": ' * 999 + '{"a": 1}' + "}" * 999, (True, False)),
            ('{"$not": ' * 998 + '{"a": 1}' + "}" * 998, (False, True)),
            ('{"$or": [' * 499 + '{"a": 1}' + "]}" * 499, (False, True)),
            ('{"$or": [' + ", ".join(f'{{"a": {n}}}' for n in range(1000)) + "]}", (False, True)),
            ('{"a": {"$in": [' + ", ".join(f'"{n}"' for n in range(9999)) + ", 1]}}", (False, True)),
            ('{"t": {"$lte": "NaN"}}', (False, True)),
            ('{"n": {"$gt": 1e999}}', (False, True)),
            ('{"n": {"$gte": 1e131071}}', (False, False)),
        ):
            got = {r[0] for r in rows(connection, "SELECT event_type FROM llmspell.event_list(filter => %s)", [filter])}
            equal(("deep" in got, "flat" in got), wanted, f"{filter:.60}")
        connection.execute("SELECT llmspell.event_append('long', jsonb_build_object('t', repeat('a', 40000000)))")
        connection.execute("SET statement_timeout = '300ms'")
        with raises("57014", what="a long pattern over a long text"):
            connection.execute("SELECT count(*) FROM llmspell.event_list('long', filter => jsonb_build_object('t', jsonb_build_object('$like', '%' || repeat('a', 100000) || 'b')))")
        equal(one(connection, "SELECT 1"), 1)


EQUAL = ['{"g": 7}', '{"g": {"$eq": 7}}', '{"g": {"$eq": 7}, "n": {"$gt": 100}}', '{"$and": [{"n": {"$lt": 4000}}, {"g": 7}], "$or": [{"n": {"$gt": 5}}, {"x": 1}]}']
# Each function whose documents an index holds: a call, the indexes one of which serves, and the table that is not read whole.
INDEXED = {
    "artifact_list(filter => {}, max_rows => 10)": ("idx_artifacts_metadata", "artifacts"),
    "entity_list(filter => {}, max_rows => 10)": ("idx_entities_properties", "entities"),
    f"vector_search({VECTOR}, 10, filter => {{}})": ("idx_vector_384_metadata", "vector_embeddings_384"),
    f"hybrid_search('word', {VECTOR}, 10, filter => {{}})": ("idx_vector_384_metadata", "vector_embeddings_384"),
    "episode_search('word', max_rows => 10, filter => {})": ("idx_episodes_metadata", "episodes"),
    "item_list(filter => {}, max_rows => 10)": ("idx_items_value", "items"),
}
# So many that reading them all seems to cost more, whatever the statistics; rows with vectors are wide.
MANY = {"vector_embeddings_384": 6000}
FILL = {
    "entities": "INSERT INTO llmspell.entities (tenant_id, entity_type, name, properties, valid_time_start) SELECT 'filters-plans', 'many', n::text, jsonb_build_object('n', n, 'g', n % 500), '2020-01-01Z' FROM generate_series(1, {many}) AS n",
    "vector_embeddings_384": "INSERT INTO llmspell.vector_embeddings_384 (tenant_id, scope, embedding, metadata, content) SELECT 'filters-plans', 'global', array_fill(n, ARRAY[384])::vector, jsonb_build_object('n', n, 'g', n % 500), 'word ' || n FROM generate_series(1, {many}) AS n",
    "episodes": "INSERT INTO llmspell.episodes (tenant_id, session_id, role, content, metadata) SELECT 'filters-plans', 'many', 'user', 'word ' || n, jsonb_build_object('n', n, 'g', n % 500) FROM generate_series(1, {many}) AS n",
    "items": """SELECT count(*) FROM set_config('app.current_tenant_id', 'filters-plans', false), llmspell.item_put_many((SELECT jsonb_agg(jsonb_build_object('namespace', ARRAY['many'], 'key', n::text,
        'value', jsonb_build_object('n', n, 'g', n % 500))) FROM generate_series(1, {many}) AS n))""",
    "artifacts": f"""WITH c AS (INSERT INTO llmspell.artifact_content (tenant_id, content_hash, size_bytes, storage_type, data) VALUES ('filters-plans', repeat('a', 64), 1, 'bytea', 'x')),
        s AS (INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('filters-plans', '{SESSION}', '{{}}'))
        INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes, tags)
        SELECT 'filters-plans', 'a' || n, '{SESSION}', n, repeat('a', 64), jsonb_build_object('n', n, 'g', n % 500), n::text, 'file', 'text/plain', 1, '{{}}' FROM generate_series(1, {{many}}) AS n""",
}


@test
def equalities_go_by_their_index():
    """a filter with an equality goes by the GIN index, operators or not: as the app role, generic plans, in fresh tables without statistics and after ANALYZE"""
    wrong = []
    # Its own database: autovacuum may have looked at the tables of the other one.
    create_database("filters_plans")
    with server("filters_plans") as connection:
        for table, statement in FILL.items():
            connection.execute(f"ALTER TABLE llmspell.{table} SET (autovacuum_enabled = off)")
            connection.execute(statement.replace("{many}", str(MANY.get(table, 20_000))))
        for state in ("fresh", "analyzed"):
            if state == "analyzed":
                connection.execute("ANALYZE")
            with server("filters_plans") as session:
                messages = log_plans(session)
                session.execute(f"SET SESSION AUTHORIZATION {ROLE}")
                session.execute("SELECT set_config('app.current_tenant_id', 'filters-plans', false)")
                session.execute("SET plan_cache_mode = force_generic_plan")
                for call, (index, table) in INDEXED.items():
                    for filter in EQUAL:
                        session.execute("BEGIN")
                        session.execute("SET LOCAL client_min_messages = log")
                        messages.clear()
                        session.execute(f"SELECT * FROM llmspell.{call.format(f'$f${filter}$f$')}")
                        session.execute("ROLLBACK")
                        nodes = [node for _, node in logged(messages)]
                        used = {node.get("Index Name") for node in nodes}
                        whole = [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == table]
                        if index not in used or whole:
                            wrong.append(f"{state}, {call}, {filter}: {sorted(used - {None})}, read whole: {len(whole)}")
    equal(wrong, [], "\n".join(wrong))
