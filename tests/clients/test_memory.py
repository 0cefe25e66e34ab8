#!/usr/bin/env -S python3 -m pytest
"""A backend that gets no more memory: each call says 53200, and the session, like all others, lives on."""

import os
import re
import shutil
import subprocess

import psycopg
from functions import functions
from lib import A, ROLE, SOAK, Skip, app, equal, fill, one, raises, rows, server, test

MIB = 1 << 20
# Megabytes beside what the backend has.
ROOMS_OF_ALL = [0, 1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 130, 190, 280, 420]
# What memory that is missing is not.
DAMAGED = {"22P03", "XX000", "XX001", "XX002"}


class Session:
    """A connection whose backend's addresses can be limited."""

    def __init__(self, connection):
        self.connection, self.message = connection, ""
        self.pid = connection.info.backend_pid

    def addresses(self, most=False):
        """What it has now, or the most that it has had."""
        status = open(f"/proc/{self.pid}/status").read()
        return int(re.search(rf"{'VmPeak' if most else 'VmSize'}:\s*(\d+) kB", status)[1]) * 1024

    def limit(self, size):
        """By the server's own user: others may not."""
        if not shutil.which("prlimit"):
            raise Skip("prlimit, which limits the memory of a backend, is not there")
        owner = os.stat(f"/proc/{self.pid}")
        user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(["prlimit", f"--pid={self.pid}", f"--as={size}:"], check=True, **user)

    def within(self, room, query, args=None):
        """The SQLSTATE that the query ends with when it may take `room` more; None where it is done."""
        self.limit(self.addresses() + room)
        try:
            self.connection.execute(query, args)
            return None
        except psycopg.Error as error:
            assert error.sqlstate and not self.connection.closed, f"the session has ended: {query:.300}: {error}"
            self.message = str(error)
            return error.sqlstate
        finally:
            if not self.connection.closed:
                self.limit("unlimited")


def document(members, length):
    return f"(SELECT jsonb_object_agg('k' || n, repeat('x', {length})) FROM generate_series(1, {members}) AS n)"


# Many small members fail in small allocations, few long ones in one that is large.
LARGE, MANY = document(40_000, 1100 if SOAK else 300), document(150_000 if SOAK else 50_000, 1)
NODE = "(lpad(to_hex({}), 8, '0') || '-0000-0000-0000-00000000000c')::uuid"
NODES = 20_000
# Each with the megabytes that are enough for it.
CASES = {
    "entity_put, long": (f"SELECT llmspell.entity_put(uuidv7(), 'memory', 'm', {LARGE})", 420),
    "entity_put, many members": (f"SELECT llmspell.entity_put(uuidv7(), 'memory', 'm', {MANY})", 280),
    "entity_patch, many members": (f"SELECT llmspell.entity_patch('00000000-0000-0000-0000-00000000000c', {MANY})", 420),
    "graph_traverse": (f"SELECT count(*) FROM llmspell.graph_traverse({NODE.format(0)}, 9, max_nodes => 100000, with_path => true, with_names => true)", 60),
    "graph_shortest_path": (f"SELECT * FROM llmspell.graph_shortest_path({NODE.format(0)}, {NODE.format(NODES - 1)})", 40),
    "agent_state_save": (f"SELECT llmspell.agent_state_save('memory', 'agent', {LARGE} || jsonb_build_object('at', clock_timestamp()), keep_history => true)", 420),
    "hook_record": (f"SELECT llmspell.hook_record('memory', 'hook', context_json => {LARGE})", 420),
    "event_append": (f"SELECT llmspell.event_append('memory', {document(40_000, 100)})", 90),
    "artifact_put": ("SELECT llmspell.artifact_put('10000000-0000-0000-0000-000000000001', 'memory', (SELECT string_agg(sha256(n::text::bytea), '') FROM generate_series(1, 400000) AS n) || random()::text::bytea)", 190),
    "artifact_get": ("SELECT length(llmspell.artifact_get_by_hash(content_hash)) FROM llmspell.artifact_content WHERE size_bytes > 10000000 LIMIT 1", 60),
    "compress, zstd": ("SELECT length(llmspell.compress(convert_to(repeat('abcd', 10000000), 'UTF8'), 'zstd'))", 190),
    "compress, lz4": ("SELECT length(llmspell.compress(convert_to(repeat('abcd', 10000000), 'UTF8'), 'lz4'))", 190),
    "decompress, zstd": ("SELECT length(llmspell.decompress(packed)) FROM memory_packed WHERE codec = 'zstd'", 190),
    "decompress, lz4": ("SELECT length(llmspell.decompress(packed)) FROM memory_packed WHERE codec = 'lz4'", 190),
    "vector_add_many": ("SELECT count(*) FROM unnest(llmspell.vector_add_many((SELECT array_agg(array_fill(n, ARRAY[384])::vector) FROM generate_series(1, 1000) AS n), space => 'vectors_384'))", 60),
    "vector_search": ("SELECT count(*) FROM llmspell.vector_search(array_fill(1, ARRAY[384])::vector, 1000, mode => 'exact', space => 'vectors_384')", 27),
}
# Four megabytes of each type whose values have any length.
LENGTH = 4_000_000
LONG = {
    "text": [f"repeat('x', {LENGTH})"], "character varying": [f"repeat('x', {LENGTH})"], "bytea": [f"convert_to(repeat('x', {LENGTH}), 'UTF8')"],
    "jsonb": [f"jsonb_build_object('a', repeat('x', {LENGTH}))", f"jsonb_build_array(jsonb_build_object('a', repeat('x', {LENGTH})))", document(20_000, 200)],
    "text[]": [f"ARRAY[repeat('x', {LENGTH})]", "array_fill('x'::text, ARRAY[200000])"], "bytea[]": [f"ARRAY[convert_to(repeat('x', {LENGTH}), 'UTF8')]"],
    "jsonb[]": [f"ARRAY[jsonb_build_object('a', repeat('x', {LENGTH}))]"], "uuid[]": ["array_fill(uuidv7(), ARRAY[250000])"],
}
ROOMS = [3, 5, 8, 12, 16, 24]


@test
def setup():
    """a tenant with rows in every table, a graph and what is packed"""
    with app(A) as connection:
        fill(connection, A)
    with server() as owner:
        owner.execute(f"INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start) SELECT %s, {NODE.format('n')}, 'memory', 'm' || n, '2020-01-01+00' FROM generate_series(0, %s) AS n", [A, NODES - 1])
        owner.execute(f"""INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)
            SELECT %s, {NODE.format('(n - 1) / 100')}, {NODE.format('n')}, 'knows', '2020-01-01+00' FROM generate_series(1, %s) AS n""", [A, NODES - 1])
        owner.execute("CREATE TABLE memory_packed AS SELECT codec, llmspell.compress(convert_to(repeat('abcd', 10000000), 'UTF8'), codec) AS packed FROM unnest(ARRAY['zstd', 'lz4']) AS codec")
        owner.execute("GRANT SELECT ON memory_packed TO PUBLIC")


@test
def large_calls():
    """what takes much memory, with less: 53200 until it is enough, and the next call works"""
    for number, (name, (query, enough)) in enumerate(CASES.items()):
        # Anew: what a backend has freed it may keep, and need no more.
        session = Session(app(A))
        session.connection.execute("SELECT llmspell.blake3('')")
        rooms = [room for room in ROOMS_OF_ALL if room < enough]
        rooms = rooms if SOAK else rooms[number % 2::2]
        found = {room: session.within(room * MIB, query) for room in rooms}
        # 58P01: a library that the backend would have loaded now.
        equal(set(found.values()) <= {"53200", "58P01", None}, True, f"{name}: {found}")
        equal("53200" in found.values(), True, f"{name} never failed: {found}")
        session.connection.execute(query)
        session.connection.close()


def refused(session, query, given):
    """How the query ends with all the memory that it wants."""
    with session.connection.transaction(force_rollback=True):
        session.connection.execute("SELECT llmspell.tenant_set(%s)", [A])
        try:
            session.connection.execute(query, list(given.values()))
        except psycopg.Error as error:
            return error.sqlstate


@test
def every_function():
    """each argument of every function with 4 MB, and little memory beside it: a refusal, never the end of the session"""
    with server() as owner:
        public = functions(owner, role=ROLE) + (functions(owner, internal=True, role=ROLE) if SOAK else [])
    session, wrong, states, calls = Session(app()), set(), set(), 0
    for function in public:
        for position, kind in enumerate(function.types):
            for value in LONG.get(kind, []):
                calls += 1
                for room in ROOMS if SOAK else ROOMS[calls % len(ROOMS)::len(ROOMS)]:
                    given = function.all_plausible()
                    del given[position]
                    named = lambda i: f'"{function.names[i]}" => ' if function.names else ""
                    arguments = {i: f"{named(i)}%s::{function.casts[i]}" for i in given} | {position: f"{named(position)}{value}::{function.casts[position]}"}
                    query = f"SELECT count(t::text) FROM {function.schema}.{function.name}({', '.join(arguments[i] for i in sorted(arguments))}) AS t"
                    session.connection.execute("BEGIN")
                    session.connection.execute("SELECT llmspell.tenant_set(%s)", [A])
                    try:
                        state = session.within(room * MIB, query, list(given.values()))
                    except AssertionError as error:
                        wrong.add(str(error))
                        session = Session(app())
                        continue
                    session.connection.execute("ROLLBACK")
                    states.add(state)
                    # The value itself may be no manifest, for one.
                    if state in DAMAGED and state != refused(session, query, given):
                        wrong.add(f"{function.name}, {function.names[position] if function.names else position}, {room} MB: {state} {session.message}")
    equal(sorted(wrong)[:5], [], f"{len(wrong)} of {calls}")
    equal("53200" in states, True, f"{states}")
    session.connection.close()


@test
def walks():
    """a walk that stops at max_nodes has not taken memory for all edges of a node: less than a quarter of what the whole walk takes"""
    hub, edges = NODE.format(NODES + 1), 400_000 if SOAK else 40_000
    with server() as owner:
        owner.execute(f"INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start) VALUES (%s, {hub}, 'memory', 'hub', '2020-01-01+00')", [A])
        # Some to nodes that are not there, some twice to the same one.
        owner.execute(f"""INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)
            SELECT %s, {hub}, {NODE.format(f'mod(n * 3 / 4, {NODES * 2})')}, 'knows', '2020-01-01+00' FROM generate_series(1, %s) AS n""", [A, edges])
        owner.execute("ANALYZE llmspell.entities, llmspell.relationships")
    calls = {"graph_traverse": f"SELECT count(*) FROM llmspell.graph_traverse({hub}, 1, max_nodes => %s)",
             "graph_shortest_path": f"SELECT * FROM llmspell.graph_shortest_path({hub}, {NODE.format(NODES - 1)}, 2, max_nodes => %s)"}
    for name, call in calls.items():
        took = []
        for max_nodes in (20, 1_000_000):
            session = Session(app(A))
            session.connection.execute(call.replace(hub, NODE.format(NODES - 1)), [20])
            before = session.addresses(most=True)
            if max_nodes == 20:
                with raises("54000", what=name):
                    session.connection.execute(call, [max_nodes])
            else:
                session.connection.execute(call, [max_nodes])
            took.append(session.addresses(most=True) - before)
            session.connection.close()
        equal(took[0] * 4 < took[1], True, f"{name}: {took}")


@test
def trapped():
    """caught by a savepoint or an exception block, it leaves a transaction that goes on, and is met again and again"""
    query, enough = CASES["decompress, zstd"]
    session = Session(app(A))
    for _ in range(20):
        with session.connection.transaction():
            session.connection.execute("SELECT llmspell.kv_set('memory', 'before')")
            session.connection.execute("SAVEPOINT s")
            equal(session.within(20 * MIB, query), "53200")
            session.connection.execute("ROLLBACK TO s")
            equal(session.within(20 * MIB, f"DO $$ BEGIN PERFORM ({query}); EXCEPTION WHEN out_of_memory THEN PERFORM llmspell.kv_set('memory', 'after'); END $$"), None)
        equal(one(session.connection, "SELECT convert_from(value, 'UTF8') FROM llmspell.kv_get('memory')"), "after")
        session.connection.execute("SELECT llmspell.kv_delete('memory')")
    session.connection.close()


@test
def teardown():
    """what was made goes, and all is well"""
    with app(A) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [], "verify")
    with server() as owner:
        owner.execute("DROP TABLE memory_packed")
