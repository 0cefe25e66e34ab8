#!/usr/bin/env -S python3 -m pytest
"""Whatever a tenant sends or has stored, a timeout ends the call while it works on it, and the session goes on."""

import threading
import time

import psycopg
from lib import A, SOAK, app, equal, fill, one, server, test

# The time by which a call may outlast its timeout, as a share of the whole.
LATE = 0.4
SIZE = 10 if SOAK else 1
EDGES = 20_000 * SIZE
NODE = "(lpad(to_hex({}), 8, '0') || '-0000-0000-0000-00000000000e')::uuid"
HUB = NODE.format(0)
PERIODS = 1000
# The parameters are built before the call, so that the time is the function's own.
MADE = {
    "bytes": f"(SELECT string_agg(sha256(n::text::bytea), '') FROM generate_series(1, {300_000 * SIZE}) AS n)",
    "words": f"(SELECT convert_to(string_agg(md5(n::text), ' '), 'UTF8') FROM generate_series(1, {400_000 * SIZE}) AS n)",
    "members": f"(SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, {60_000 * SIZE}) AS n)",
    "names": f"(SELECT array_agg('k' || n) FROM generate_series(1, {60_000 * SIZE}) AS n)",
    "numbers": f"(SELECT jsonb_object_agg(n::text, n) FROM generate_series(1, {200_000 * SIZE}) AS n)",
    "keys": f"(SELECT array_agg('interrupts ' || n) FROM generate_series(1, {20_000 * SIZE}) AS n)",
    "values": f"(SELECT array_agg('x'::bytea) FROM generate_series(1, {20_000 * SIZE}) AS n)",
    "nodes": f"(SELECT jsonb_agg(jsonb_build_object('entity_id', uuidv7(), 'entity_type', 'many', 'name', n::text)) FROM generate_series(1, {1500 * SIZE}) AS n)",
    "events": f"(SELECT jsonb_agg(jsonb_build_object('event_type', 'many', 'payload', jsonb_build_object('n', n))) FROM generate_series(1, {20_000 * SIZE}) AS n)",
    "arrays": f"(SELECT jsonb_agg(jsonb_build_object('event_type', 'arrays', 'payload', jsonb_build_object('a', a))) FROM (SELECT jsonb_agg(n) AS a FROM generate_series(1, 2000) AS n), generate_series(1, {60 * SIZE}))",
    "elements": f"(SELECT jsonb_build_object('a', jsonb_agg(n)) FROM generate_series(1, {150_000 * SIZE}) AS n)",
    "tail": f"(SELECT jsonb_build_object('a', jsonb_agg(n)) FROM generate_series({150_000 * SIZE - 97}, {150_000 * SIZE}) AS n)",
    "vectors": f"(SELECT array_agg(array_fill(n, ARRAY[384])::vector) FROM generate_series(1, {1000 * SIZE}) AS n)",
}
CASES = {
    "graph_traverse": f"SELECT count(*) FROM llmspell.graph_traverse({HUB}, 2, max_nodes => 10000000, with_path => true, with_names => true)",
    "graph_traverse, by name of its types": f"SELECT count(*) FROM llmspell.graph_traverse({HUB}, 1, relationship_types => ARRAY['knows'], direction => 'both', max_nodes => 10000000)",
    "graph_shortest_path": f"SELECT * FROM llmspell.graph_shortest_path({HUB}, {NODE.format(EDGES)}, max_nodes => 10000000)",
    "entity_retract": f"SELECT llmspell.entity_retract({NODE.format(3)})",
    "entity_timeline": f"SELECT count(*) FROM generate_series(1, {10 * SIZE}), llmspell.entity_timeline({NODE.format(1)}, include_gaps => true)",
    "relationship_put": f"SELECT llmspell.relationship_put(uuidv7(), {NODE.format(1)}, {NODE.format(2)}, 'knows', valid_from => '2000-01-01+00', on_missing => 'clip')",
    "entity_put_many": "SELECT count(*) FROM llmspell.entity_put_many(%(nodes)s)",
    "entity_patch": "SELECT llmspell.entity_patch('00000000-0000-0000-0000-00000000000f', %(members)s)",
    "entity_patch, names to remove": "SELECT llmspell.entity_patch('00000000-0000-0000-0000-00000000000f', '{}', remove => %(names)s)",
    "artifact_put": "SELECT llmspell.artifact_put('10000000-0000-0000-0000-000000000001', 'interrupts', %(bytes)s)",
    "artifact_get": "SELECT length(llmspell.artifact_get_by_hash((SELECT content_hash FROM llmspell.artifact_content ORDER BY size_bytes DESC LIMIT 1)))",
    "compress": "SELECT length(llmspell.compress(%(words)s, 'zstd'))",
    "agent_state_save": "SELECT llmspell.agent_state_save('interrupts', 'agent', %(numbers)s, keep_history => true)",
    "hook_record": "SELECT llmspell.hook_record('interrupts', 'hook', context_json => %(numbers)s)",
    "event_append": "SELECT llmspell.event_append('interrupts', %(numbers)s)",
    "event_append_many": "SELECT count(*) FROM llmspell.event_append_many(%(events)s)",
    "event_list": """SELECT count(*) FROM llmspell.event_list('many', filter => '{"n": -1}')""",
    "event_list, an array in arrays": "SELECT count(*) FROM llmspell.event_list('arrays', filter => (SELECT jsonb_build_object('a', jsonb_agg(n)) FROM generate_series(1901, 2000) AS n), max_rows => 1000)",
    "event_list, one long array": "SELECT count(*) FROM llmspell.event_list('array', filter => %(tail)s)",
    "jsonb @>, by the operator of the policies": "SELECT count(*) FROM llmspell.event_log WHERE event_type = 'array' AND payload OPERATOR(llmspell.@>) %(tail)s",
    "_json_checksum": "SELECT llmspell_internal._json_checksum(%(numbers)s)",
    "kv_set_many": "SELECT count(*) FROM llmspell.kv_set_many(%(keys)s, %(values)s)",
    "vector_add_many": "SELECT count(*) FROM unnest(llmspell.vector_add_many(%(vectors)s, space => 'vectors_384'))",
    "vector_search": "SELECT count(*) FROM llmspell.vector_search(array_fill(1, ARRAY[384])::vector, 1000, mode => 'exact', space => 'vectors_384')",
    "hybrid_search": "SELECT count(*) FROM llmspell.hybrid_search('value', array_fill(1, ARRAY[384])::vector, 1000, mmr_lambda => 0.5, space => 'vectors_384')",
}


@test
def setup():
    """a hub with many edges, entities with many periods, an artifact, events and vectors"""
    with app(A) as connection:
        fill(connection, A)
    with server() as owner:
        owner.execute(f"""INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start)
            SELECT %s, {NODE.format('n')}, 'interrupts', 'n' || n, '2020-01-01+00' FROM generate_series(0, %s) AS n WHERE n NOT IN (1, 2)""", [A, EDGES])
        owner.execute(f"""INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, valid_time_end)
            SELECT %s, {NODE.format('e')}, 'interrupts', 'n', jsonb_build_object('n', n), '2010-01-01+00'::timestamptz + n * interval '1 hour', '2010-01-01+00'::timestamptz + (n + 0.5) * interval '1 hour'
            FROM generate_series(1, 2) AS e, generate_series(1, %s) AS n""", [A, PERIODS * SIZE])
        owner.execute(f"""INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)
            SELECT %s, {HUB}, {NODE.format('n')}, 'knows', timestamptz '2020-01-01+00' FROM generate_series(3, %s) AS n
            UNION ALL SELECT %s, {NODE.format(3)}, {NODE.format('n')}, 'knows', '2020-01-01+00' FROM generate_series(4, 404) AS n""", [A, EDGES, A])
        owner.execute("ANALYZE llmspell.entities, llmspell.relationships")
        owner.execute("CREATE TABLE public.interrupts_made AS SELECT " + ", ".join(f"{value} AS {name}" for name, value in MADE.items()))
        owner.execute("GRANT SELECT ON public.interrupts_made TO PUBLIC")
    with app(A) as connection:
        made = lambda query: query % {name: f"(SELECT {name} FROM public.interrupts_made)" for name in MADE}
        connection.execute("SELECT llmspell.entity_put('00000000-0000-0000-0000-00000000000f', 'interrupts', 'm', (SELECT members FROM public.interrupts_made))")
        connection.execute(made("SELECT count(*) FROM llmspell.event_append_many(%(arrays)s)"))
        connection.execute(made("SELECT llmspell.event_append('array', %(elements)s)"))
        for name in ("artifact_put", "event_append_many", "vector_add_many"):
            connection.execute(made(CASES[name]))


def timed(connection, query, timeout):
    """The seconds that the call took, and its SQLSTATE; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(timeout * 1e6)}us"])
        began = time.monotonic()
        try:
            connection.execute(query)
            state = None
        except psycopg.Error as error:
            assert error.sqlstate and not connection.closed, f"the session has ended: {query}: {error}"
            state = error.sqlstate
        return time.monotonic() - began, state


@test
def timeouts():
    """each call that works on much data ends soon after its timeout, at whatever point it is"""
    wrong = []
    with app(A) as connection:
        for name, query in CASES.items():
            query = query % {made: f"(SELECT {made} FROM public.interrupts_made)" for made in MADE}
            whole, state = timed(connection, query, 0)
            if state is not None:
                wrong.append(f"{name}: {state}")
                continue
            for part in (0.2, 0.5):
                # Other work of the machine disturbs some runs, but a call that does not ask is late each time.
                tries = []
                for _ in range(4):
                    took, state = timed(connection, query, max(whole * part, 0.001))
                    tries.append(f"{state} at {took / whole:.2f}")
                    if took < whole * (part + LATE):
                        break
                else:
                    wrong.append(f"{name}, timeout at {part} of {whole * 1000:.0f} ms: {tries}")
        equal(one(connection, "SELECT 1"), 1)
    equal(wrong, [])


@test
def cancelled():
    """pg_cancel_backend ends a walk as well, and the session goes on"""
    with app(A) as connection, server() as operator:
        query = CASES["graph_traverse"]
        whole, _ = timed(connection, query, 0)
        timer = threading.Timer(whole / 3, lambda: operator.execute("SELECT pg_cancel_backend(%s)", [connection.info.backend_pid]))
        timer.start()
        took, state = timed(connection, query, 0)
        timer.join()
        equal((state, took < whole * 0.9), ("57014", True), f"{took} of {whole}")
        equal(one(connection, "SELECT 1"), 1)
