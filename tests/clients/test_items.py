#!/usr/bin/env -S python3 -m pytest
"""Items, calls by name and the tools for agents: over TCP, several writers at once, against an oracle."""

import json
import random
import threading

from lib import A, B, SOAK, app, equal, hot_standby, one, raises, rows, test

SEGMENTS = ["a", "ab", "b", "*", "é", "a b", "\U0010ffff"]


def matches(namespace, prefix, suffix):
    """Whether a namespace begins and ends with some segments, where * is any."""
    def fits(wanted, segments):
        return len(wanted) <= len(segments) and all(w in ("*", s) for w, s in zip(wanted, segments))
    return fits(prefix, namespace) and fits(suffix[::-1], namespace[::-1])


def listed(names, prefix, suffix, depth):
    """What namespace_list returns, by the definition."""
    found = {tuple(n[:depth]) for n in names if matches(n, prefix, suffix)}
    return sorted((list(n) for n in found), key=lambda n: [s.encode() for s in n])


def pages(connection, call, size):
    """All rows of a list by pages; the last column is the cursor."""
    found, after = [], None
    while True:
        page = rows(connection, f"SELECT * FROM llmspell.{call.format(f'max_rows => {size}, after => %s')}", [after])
        found += page
        if len(page) < size:
            return found
        after = page[-1][-1]


@test
def namespaces_against_an_oracle():
    """lists of items and of namespaces by prefix, suffix, * and depth, whole and in pages, are those of the definition"""
    chance = random.Random(17)

    def some(most):
        return [chance.choice(SEGMENTS) for _ in range(chance.randint(0, most))]

    with app(A) as connection:
        for _ in range(10 if SOAK else 3):
            connection.execute("SELECT llmspell.namespace_delete('{}')")
            names = [some(4) for _ in range(chance.randint(0, 60))]
            items = sorted({(*n, key) for n in names for key in chance.sample(["", "k", "\n", "é"], 2)}, key=lambda i: ([s.encode() for s in i[:-1]], i[-1].encode()))
            batch = [{"namespace": list(i[:-1]), "key": i[-1], "value": i[-1]} for i in items]
            connection.execute("SELECT count(*) FROM llmspell.item_put_many(%s)", [json.dumps(batch)])
            for _ in range(60):
                prefix, suffix, depth = some(3), some(2), chance.choice([None, 1, 2, 3])
                wanted = listed(names, prefix, suffix, depth)
                got = rows(connection, "SELECT namespace FROM llmspell.namespace_list(%s, %s, %s, 1000)", [prefix, suffix, depth])
                equal([n for (n,) in got], wanted, f"{names} {prefix} {suffix} {depth}")
                literal = "ARRAY[" + ",".join(f"U&'{''.join(f'{chr(92)}+{ord(c):06x}' for c in s)}'" for s in prefix) + "]::text[]"
                if depth is None:
                    paged = pages(connection, f"namespace_list({literal}, {{}})", chance.randint(1, 9))
                    equal([n for n, _ in paged], listed(names, prefix, [], None), f"pages {prefix}")
                below = [i for i in items if list(i[: len(prefix)]) == prefix and len(i) > len(prefix)]
                paged = pages(connection, f"item_list({literal}, {{}})", chance.randint(1, 9))
                equal([(*r[0], r[1]) for r in paged], below, f"items {prefix}")
                equal(one(connection, "SELECT llmspell.item_count(%s)", [prefix]), len(below))
            prefix = chance.choice([n for n in names if n] or [["a"]])
            moved = one(connection, "SELECT llmspell.namespace_rename(%s, '{moved,here}')", [prefix])
            equal(moved, sum(list(i[: len(prefix)]) == prefix and len(i) > len(prefix) for i in items))
            equal(one(connection, "SELECT llmspell.item_count('{moved}')"), moved)
            equal(one(connection, "SELECT llmspell.namespace_delete('{moved}')"), moved)
            equal(one(connection, "SELECT llmspell.item_count()"), len(items) - moved)


def at_once(*writers):
    """Runs functions at the same time, each with a connection of its own; the first error is raised."""
    errors = []

    def run(write):
        try:
            with app() as connection:
                write(connection)
        except Exception as error:  # noqa: BLE001 - handed on below
            errors.append(error)

    threads = [threading.Thread(target=run, args=[write]) for write in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@test
def eight_writers():
    """eight writers of the same items in batches of any order, of two tenants with the same names: no deadlock, every write counted, nothing of the other tenant"""
    count, keys = (60 if SOAK else 15), [f"k{n}" for n in range(12)]

    def writer(number):
        tenant, chance = (A, B)[number % 2], random.Random(number)

        def write(connection):
            for _ in range(count):
                some = chance.sample(keys, len(keys))
                batch = [{"namespace": ["shared", k], "key": k, "value": {"tenant": tenant}} for k in some]
                with connection.transaction():
                    connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                    connection.execute("SELECT count(*) FROM llmspell.item_put_many(%s)", [json.dumps(batch)])
                    connection.execute("SELECT llmspell.item_put(%s, 'own', %s)", [["own", str(number)], json.dumps(number)])
                connection.execute("SELECT llmspell.call('item_delete_many', %s, %s)", [json.dumps({"items": [{"namespace": ["gone", k], "key": k} for k in some]}), tenant])
        return write

    for tenant in (A, B):
        with app(tenant) as connection:
            connection.execute("SELECT llmspell.namespace_delete('{}')")
    at_once(*(writer(number) for number in range(8)))
    for tenant in (A, B):
        with app(tenant) as connection:
            found = rows(connection, "SELECT key, version, value ->> 'tenant' FROM llmspell.item_list('{shared}')")
            equal(sorted(found), sorted((k, 4 * count, tenant) for k in keys))
            equal(one(connection, "SELECT llmspell.item_count('{own}')"), 4)


@test
def no_observation_is_lost():
    """processes that observe, create and edit the same entities and files at once lose nothing"""
    count, processes = (100 if SOAK else 12), 4
    with app(A) as connection:
        connection.execute("SELECT llmspell.namespace_delete('{memories}')")
        one(connection, "SELECT llmspell.memory_tool('{\"command\": \"create\", \"path\": \"/memories/log\", \"file_text\": \"\"}')")
        one(connection, "SELECT llmspell.mcp_memory('delete_entities', '{\"entityNames\": [\"Ada\", \"Engine\"]}')")

    def process(number):
        def write(connection):
            connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])
            for n in range(count):
                entities = [{"name": name, "entityType": "thing", "observations": []} for name in ("Ada", "Engine")[:: 1 if number % 2 else -1]]
                connection.execute("SELECT llmspell.mcp_memory('create_entities', %s)", [json.dumps({"entities": entities})])
                seen = [{"entityName": name, "contents": [f"{number}/{n}"]} for name in ("Ada", "Engine")[:: 1 if n % 2 else -1]]
                connection.execute("SELECT llmspell.mcp_memory('add_observations', %s)", [json.dumps({"observations": seen})])
                relation = {"from": "Ada", "to": "Engine", "relationType": f"knows {n}"}
                connection.execute("SELECT llmspell.mcp_memory('create_relations', %s)", [json.dumps({"relations": [relation]})])
                command = {"command": "insert", "path": "/memories/log", "insert_line": 0, "insert_text": f"{number}/{n}"}
                connection.execute("SELECT llmspell.memory_tool(%s)", [json.dumps(command)])
        return write

    at_once(*(process(number) for number in range(processes)))
    wanted = sorted(f"{p}/{n}" for p in range(processes) for n in range(count))
    with app(A) as connection:
        graph = one(connection, "SELECT llmspell.mcp_memory('open_nodes', '{\"names\": [\"Ada\", \"Engine\"]}')")
        equal([sorted(e["observations"]) for e in graph["entities"]], [wanted, wanted])
        equal(len(graph["relations"]), count)
        text = one(connection, "SELECT value ->> 'text' FROM llmspell.item_get('{memories}', 'log')")
        equal(sorted(text.split()), wanted)
    with app(B) as connection:
        equal(one(connection, "SELECT llmspell.mcp_memory('read_graph')")["entities"], [])


@test
def calls_in_autocommit():
    """one statement sets the tenant, calls and returns JSON, also prepared; the next statement has no tenant; it reads in READ ONLY and on a standby"""
    with app() as connection:
        put = "SELECT llmspell.call('item_put', %s, %s)"
        for n in range(8):
            for tenant in (A, B):
                written = one(connection, put, [json.dumps({"namespace": ["calls", "x"], "key": str(n), "value": {"tenant": tenant}}), tenant])
                equal(set(written), {"version", "created"})
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        with raises("42501"):
            connection.execute("SELECT llmspell.call('item_count')")
        for tenant in (A, B):
            read = rows(connection, "SELECT c -> 'value' ->> 'tenant' FROM llmspell.call('item_list', '{\"namespace_prefix\": [\"calls\"]}', %s) c", [tenant])
            equal(read, [(tenant,)] * 8)
        many = rows(connection, "SELECT result_rows FROM llmspell.call_many(%s, %s)", [json.dumps([{"name": "item_count", "arguments": {"namespace_prefix": ["calls"]}}, {"name": "namespace_delete", "arguments": {"namespace_prefix": ["calls"]}}]), B])
        equal(many, [([{"result": 8}],), ([{"result": 8}],)])
    with app() as connection, connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        equal(one(connection, "SELECT count(*) FROM llmspell.call('item_list', '{}', %s)", [A]) >= 8, True)
        equal(one(connection, "SELECT pg_current_xact_id_if_assigned() IS NULL"), True)
    with hot_standby("items_standby") as port, app(host="127.0.0.1", port=port) as connection:
        equal(one(connection, "SELECT count(*) FROM llmspell.call('item_get', '{\"namespace\": [\"calls\", \"x\"], \"key\": \"1\"}', %s)", [A]), 1)
        equal(one(connection, "SELECT count(*) FROM llmspell.call('item_search', '{\"namespace_prefix\": [\"calls\"], \"query_text\": \"x\"}', %s)", [A]), 0)
        with raises("25006"):
            connection.execute("SELECT llmspell.call('item_put', '{\"namespace\": [\"a\"], \"key\": \"1\", \"value\": 1}', %s)", [A])
