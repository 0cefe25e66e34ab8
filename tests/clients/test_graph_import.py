#!/usr/bin/env -S python3 -m pytest
"""History of another system: what it believed when is answered as it did, checked, and imported once."""

import datetime
import random
import threading
import time
import uuid

from psycopg.types.json import Jsonb
from lib import A, B, SOAK, app, equal, one, raises, rows, server, test

MEMBER_OF = "llmspell_admin"
ROUNDS = 20 if SOAK else 3
KEYS, EVENTS, DAYS = 4, 25, 40
BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
KINDS = {"entity": ("entity_id", "entities"), "relationship": ("relationship_id", "relationships")}


def ident(n):
    return str(uuid.UUID(int=n))


def day(n):
    return (BEGIN + datetime.timedelta(days=n)).isoformat()


class Other:
    """A system that keeps, for each key, what was said of [start, end) at a time: its answers come from that list alone."""

    def __init__(self, chance):
        self.said = []
        for at in range(1, EVENTS + 1):
            start = chance.randrange(DAYS)
            # Two things at one time are one transaction, on keys of their own.
            for key in chance.sample(range(1, KEYS + 1), chance.choice((1, 2))):
                self.said.append((at, key, start, start + chance.randrange(1, 15), chance.choice((None, 1, 2, 3))))

    def believed(self, key, valid, known):
        value = None
        for at, of, start, end, what in self.said:
            if of == key and at <= known and start <= valid < end:
                value = what
        return value

    def versions(self):
        """(key, value, valid from, valid to, known from, known to), by known from."""
        done = []
        for at, key, start, end, what in self.said:
            for version in [v for v in done if v["key"] == key and v["known_to"] is None and v["start"] < end and start < v["end"]]:
                version["known_to"] = at
                for left, right in ((version["start"], start), (end, version["end"])):
                    if left < right:
                        done.append({**version, "start": left, "end": right, "known_from": at, "known_to": None})
            if what is not None:
                done.append({"key": key, "value": what, "start": start, "end": end, "known_from": at, "known_to": None})
        # Replaced within one time: never believed.
        return sorted((v for v in done if v["known_from"] != v["known_to"]), key=lambda v: v["known_from"])


def entry(version, kind, ends=(101, 102)):
    return {KINDS[kind][0]: ident(version["key"]), f"{kind}_type": "thing", **({"name": "n"} if kind == "entity" else {"from_entity": ident(ends[0]), "to_entity": ident(ends[1])}),
            "properties": {"value": version["value"]}, "valid_from": day(version["start"]), "valid_to": day(version["end"]),
            "known_from": day(version["known_from"]), "known_to": version["known_to"] and day(version["known_to"])}


def imported(connection, kind, entries):
    """How many were new."""
    return sum(row[0] for row in connection.execute(f"SELECT created FROM llmspell.{kind}_import(%s)", [Jsonb(entries)]).fetchall())


def clear(connection):
    for _, table in KINDS.values():
        connection.execute(f"DELETE FROM llmspell.{table}")


def anchors(connection):
    connection.execute("SELECT llmspell.entity_put(i, 'anchor', 'a', valid_from => '-infinity') FROM unnest(%s::uuid[]) i", [[ident(101), ident(102)]])


def answers(connection, other, kind, what):
    """The answers for each day and each time, and no fault."""
    key, table = KINDS[kind]
    found = {(row[0].int, row[1], row[2]): row[3] for row in rows(connection, f"""
        SELECT t.{key}, v, k, (t.properties ->> 'value')::int FROM generate_series(0, {DAYS + 15}) v, generate_series(0, {EVENTS + 1}) k, llmspell.{table} t
        WHERE t.tenant_id = llmspell.current_tenant() AND t.valid_time_start <= %s::timestamptz + v * interval '1 day' AND t.valid_time_end > %s::timestamptz + v * interval '1 day'
          AND t.transaction_time_start <= %s::timestamptz + k * interval '1 day' AND t.transaction_time_end > %s::timestamptz + k * interval '1 day' AND t.properties ? 'value'""", [BEGIN] * 4)}
    wanted = {(n, v, k): value for n in range(1, KEYS + 1) for v in range(DAYS + 16) for k in range(EVENTS + 2) if (value := other.believed(n, v, k)) is not None}
    equal(found, wanted, what)
    if kind == "entity":
        for n, v, k in random.Random(1).sample([(n, v, k) for n in range(1, KEYS + 1) for v in range(DAYS) for k in range(EVENTS + 1)], 60):
            told = rows(connection, "SELECT (properties ->> 'value')::int FROM llmspell.entity_as_of(%s, %s, %s)", [ident(n), day(v), day(k)])
            equal(told, [(other.believed(n, v, k),)] if other.believed(n, v, k) is not None else [], f"{what}: entity_as_of {n} {v} {k}")
    equal(rows(connection, "SELECT * FROM llmspell.graph_check()"), [], f"{what}: graph_check")


@test
def random_histories():
    """random histories in batches, entities and relationships: every answer as the other system's, again and again, and writes go on"""
    with app(A) as connection:
        for seed in range(ROUNDS):
            for kind in KINDS:
                clear(connection)
                if kind == "relationship":
                    anchors(connection)
                chance = random.Random(seed)
                other = Other(chance)
                entries = [entry(version, kind) for version in other.versions()]
                left, new = list(entries), 0
                while left:
                    size = chance.randrange(1, 12)
                    batch, left = left[:size], left[size:]
                    chance.shuffle(batch)
                    new += imported(connection, kind, batch + batch[:1])
                equal(new, len(entries), f"seed {seed}: versions")
                answers(connection, other, kind, f"seed {seed} {kind}")
                equal(imported(connection, kind, entries), 0, f"seed {seed}: again")
                before = rows(connection, f"SELECT count(*), min(created_at) FROM llmspell.{KINDS[kind][1]} WHERE properties ? 'value'")
                equal(before[0][1], min(datetime.datetime.fromisoformat(e["known_from"]) for e in entries))
                # What is written here comes after, and closes what was current.
                connection.execute(f"SELECT llmspell.{kind}_patch(%s, '{{\"more\": 1}}', '-infinity')", [entries[-1][KINDS[kind][0]]])
                answers(connection, other, kind, f"seed {seed} {kind} after a patch")
                equal(imported(connection, kind, entries), 0, f"seed {seed}: again after a patch")
        with server() as superuser:
            superuser.execute(f"SELECT set_config('app.current_tenant_id', '{A}', false)")
            equal(rows(superuser, "SELECT component, object, fault FROM llmspell.verify() WHERE component NOT IN ('isolation', 'settings')"), [])


@test
def at_the_same_time():
    """four clients import the same history and a fifth writes other keys: each version is stored once"""
    with app(A) as connection:
        clear(connection)
        other = Other(random.Random(7))
        entries = [entry(version, "entity") for version in other.versions()]
        counts, errors = [], []

        def work(n):
            try:
                with app(A) as client:
                    if n == 4:
                        for i in range(50):
                            client.execute("SELECT llmspell.entity_put(%s, 'anchor', 'a')", [ident(200 + i % 5)])
                    else:
                        counts.append(sum(imported(client, "entity", entries[i:i + 5]) for i in range(0, len(entries), 5)))
            except Exception as error:  # noqa: BLE001 - shown below
                errors.append(error)

        threads = [threading.Thread(target=work, args=[n]) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(errors, [])
        equal(sum(counts), len(entries))
        connection.execute("DELETE FROM llmspell.entities WHERE entity_type = 'anchor'")
        answers(connection, other, "entity", "all at once")


@test
def refusals():
    """overlaps, the future, times before what is stored, entries and ends of another tenant, other forms: refused, and nothing is stored"""
    good = {"entity_id": ident(1), "entity_type": "thing", "name": "n", "valid_from": day(0), "known_from": day(10)}
    edge = {"relationship_id": ident(9), "relationship_type": "knows", "from_entity": ident(1), "to_entity": ident(5), "valid_from": day(0), "valid_to": day(5), "known_from": day(10)}
    with app(A) as connection, app(B) as neighbour:
        for client in (connection, neighbour):
            clear(client)
        neighbour.execute("SELECT llmspell.entity_put(%s, 'thing', 'theirs', valid_from => '-infinity')", [ident(5)])
        equal(imported(connection, "entity", [good]), 1)
        stored = rows(connection, "SELECT e::text FROM llmspell.entities e")
        far = day(365 * 100)
        for state, entries in (
            ("23P01", [{**good, "name": "other"}]), ("23P01", [{**good, "known_to": day(20)}]), ("23P01", [{**good, "known_from": day(11), "valid_from": day(-5)}]),
            ("23P01", [{**good, "entity_id": ident(2)}, {**good, "entity_id": ident(2), "known_from": day(12)}]),
            ("22008", [{**good, "known_from": day(9), "valid_from": day(-9), "valid_to": day(-5)}]), ("22008", [{**good, "entity_id": ident(3), "known_from": far}]),
            ("22008", [{**good, "entity_id": ident(3), "known_to": far}]), ("22008", [{**good, "entity_id": ident(3), "known_from": "-infinity"}]),
            ("22000", [{**good, "entity_id": ident(3), "valid_to": day(0)}]), ("22000", [{**good, "entity_id": ident(3), "known_to": day(10)}]),
            ("42501", [{**good, "tenant_id": B}]), ("22004", [{**good, "valid_from": None}]), ("22004", [{**good, "known_from": None}]), ("22004", [{**good, "entity_id": None}]),
            ("22004", [{**good, "name": None}]), ("22001", [{**good, "name": "x" * 501}]), ("22001", [{**good, "entity_type": "x" * 256}]), ("22023", [{**good, "properties": []}]),
            ("22023", [{**good, "source_type": "rumour", "source_id": "1"}]), ("22023", [{**good, "source_type": "event"}]), ("22023", good), ("54000", [good] * 1001),
        ):
            with raises(state, what=str(entries)[:200]):
                imported(connection, "entity", entries)
        for state, entries in (("23503", [edge]), ("23503", [{**edge, "to_entity": ident(1), "valid_from": day(-1)}]), ("22004", [{**edge, "to_entity": None}]), ("23503", [{**edge, "known_to": day(11)}])):
            with raises(state, what=str(entries)[:200]):
                imported(connection, "relationship", entries)
        equal(rows(connection, "SELECT e::text FROM llmspell.entities e"), stored)
        equal(imported(connection, "relationship", [{**edge, "to_entity": ident(1)}]), 1)
        # The same id is another entity in another tenant.
        equal(imported(neighbour, "entity", [{**good, "tenant_id": B}]), 1)
        equal(imported(connection, "entity", []), 0)
        with app(A, autocommit=False) as late:
            late.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            with raises("0A000"):
                imported(late, "entity", [good])
        with raises("42501"), app() as nobody:
            imported(nobody, "entity", [good])
        with server() as superuser:
            equal(one(superuser, "SELECT has_function_privilege('llmspell_app', 'llmspell.entity_import(jsonb, boolean)', 'EXECUTE')"), False)


@test
def what_was_erased():
    """an erased entity comes back by an import that says so, and by no other; other entities and other tenants do not notice"""
    with app(A) as connection, app(B) as neighbour:
        entry = {"entity_id": ident(77), "entity_type": "t", "name": "n", "valid_from": day(0), "known_from": day(0)}
        for tenant in (connection, neighbour):
            equal(imported(tenant, "entity", [entry]), 1)
        connection.execute("SELECT llmspell.entity_erase(%s)", [ident(77)])
        for entries in ([entry], [{**entry, "entity_id": ident(78)}, entry]):
            with raises("55000") as refused:
                imported(connection, "entity", entries)
            equal((ident(77) in str(refused.error), bool(refused.error.diag.message_hint)), (True, True), str(refused.error))
        equal(one(connection, "SELECT count(*) FROM llmspell.entities WHERE entity_id IN (%s, %s)" % tuple(f"'{ident(n)}'" for n in (77, 78))), 0)
        equal(imported(connection, "entity", [{**entry, "entity_id": ident(78)}]), 1)
        equal(imported(neighbour, "entity", [entry]), 0)
        told = "SELECT created FROM llmspell.entity_import(%s, include_erased => true)"
        equal([rows(connection, told, [Jsonb([entry])]) for _ in range(2)], [[(True,)], [(False,)]])
        # It is there again, and so are its later versions.
        equal(imported(connection, "entity", [{**entry, "valid_from": day(-9), "valid_to": day(0), "known_from": day(1)}]), 1)


@test
def large_batches():
    """5,000 versions of one entity, 1,000 in a call, and of 500 entities"""
    with app(A) as connection:
        start = BEGIN.timestamp()
        for ids in (1, 500):
            clear(connection)
            entries = [{"entity_id": ident(1000 + n % ids), "entity_type": "t", "name": "n", "valid_from": day(0),
                        "known_from": datetime.datetime.fromtimestamp(start + n // ids, datetime.timezone.utc).isoformat(),
                        "known_to": datetime.datetime.fromtimestamp(start + n // ids + 1, datetime.timezone.utc).isoformat()} for n in range(5000)]
            batches = [entries[n:n + 1000] for n in range(0, 5000, 1000)]
            took = []
            for batch in batches:
                began = time.monotonic()
                equal(imported(connection, "entity", batch), 1000, f"{ids} ids")
                took.append(time.monotonic() - began)
            print(f"{ids} ids: {' '.join(f'{t:.2f}' for t in took)} s")
            equal([imported(connection, "entity", batch) for batch in batches], [0] * 5, f"{ids} ids again")
