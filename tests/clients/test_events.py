#!/usr/bin/env -S python3 -m pytest
"""The event log over TCP: the feed under writers that commit late, months made by many at once, archives that go through a file."""

import os
import pathlib
import random
import tempfile
import threading
import time

import psycopg
from psycopg.types.json import Jsonb
from lib import A, B, ROLE, SOAK, app, call, equal, one, raises, rows, server, test

SECONDS = 20 if SOAK else 2
STALL = 5 if SOAK else 1
OPS = f"{ROLE}_ops"


def write(tenant, until, stall, written):
    """Transactions of one to five events, with a pause before the commit; one of them, if wanted, stalls."""
    chance = random.Random()
    with app(tenant, autocommit=False) as connection:
        number = 0
        while time.monotonic() < until:
            ids = []
            for _ in range(chance.randint(1, 5)):
                number += 1
                ids.append(one(connection, "SELECT event_id FROM llmspell.event_append('feed', %s)", [Jsonb([threading.get_ident(), number])]))
            if stall:
                time.sleep(STALL)
                stall = False
            else:
                time.sleep(chance.random() * 0.05)
            if chance.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
                written.append(ids)


def follow(function):
    """What a consumer gets of the events of 8 writers, and what they wrote, a list for each transaction."""
    tenant = f"feed-{function}"
    with app(tenant) as connection:
        connection.execute("SELECT llmspell.ensure_future_event_log_partitions()")
        one(connection, "SELECT llmspell.event_subscribe('c') IS NULL")
        written, got, cursor = [], [], None
        until = time.monotonic() + SECONDS
        writers = [threading.Thread(target=write, args=(tenant, until, n == 0, written)) for n in range(8)]
        for writer in writers:
            writer.start()
        quiet = False
        while True:
            page = rows(connection, f"SELECT event_id, cursor FROM {function}(20, %s)", [cursor])
            if page:
                got += [r[0] for r in page]
                cursor = page[-1][1]
            elif quiet:
                break
            else:
                time.sleep(0.01)
                quiet = not any(writer.is_alive() for writer in writers) and one(connection, "SELECT held_events FROM llmspell.event_feed_lag()") == 0
        # As one that comes later and reads it in one go.
        again = [r[0] for r in rows(connection, f"SELECT event_id FROM {function}(1000000)")]
    return written, got, again


def faults(written, got, again):
    wanted = {e for ids in written for e in ids}
    found = []
    if wanted - set(got):
        found.append(f"{len(wanted - set(got))} of {len(wanted)} are missing")
    if set(got) - wanted:
        found.append("events of undone transactions")
    if len(got) != len(set(got)):
        found.append("events come twice")
    place = {e: n for n, e in enumerate(got)}
    if any([place.get(e) for e in ids] != list(range(place.get(ids[0], -1), place.get(ids[0], -1) + len(ids))) for ids in written):
        found.append("transactions are torn apart or out of order")
    if got != again:
        found.append("another order when read again")
    return found


@test
def feed():
    """8 writers with random delays, one stalled: the feed misses nothing, repeats nothing, keeps transactions together; nor does it without its two halves"""
    written, *read = follow("llmspell.event_feed")
    assert len(written) > 100, written
    equal(faults(written, *read), [])
    with server() as connection:
        body = one(connection, "SELECT pg_get_functiondef('llmspell.event_feed'::regproc)")
        halves = {
            "late": ("AND (l.feed_epoch, l.feed_xid) < (v_end.epoch, v_end.xid)", ""),
            "bare": ("l.feed_xid, l.feed_pos", "'0'::xid8, l.feed_pos"),
        }
        for name, (half, instead) in halves.items():
            assert half in body
            changed = body.replace(half, instead).replace("llmspell.event_feed", f"public.{name}").replace("event_feed.", f"{name}.")
            connection.execute(changed if name == "late" else changed.replace("v_after.xid", "'0'::xid8"))
    for name in halves:
        assert faults(*follow(f"public.{name}")), f"without {halves[name][0]} the feed seems to work"


@test
def feed_beside_others():
    """another tenant's open transaction holds the feed back, and the operator is told who it is"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {OPS} LOGIN IN ROLE llmspell_admin")
    with app(A) as writer, app(B, autocommit=False) as blocker, app(A, role=OPS) as operator:
        one(blocker, "SELECT count(*) FROM llmspell.event_append('b', '1')")
        one(writer, "SELECT count(*) FROM llmspell.event_append('a', '1')")
        equal(one(writer, "SELECT count(*) FROM llmspell.event_feed() WHERE event_type = 'a'"), 0)
        equal(rows(writer, "SELECT held_events > 0, blocker_pid, blocker_seconds FROM llmspell.event_feed_lag()"), [(True, None, None)])
        equal(one(operator, "SELECT blocker_pid FROM llmspell.event_feed_lag()"), blocker.info.backend_pid)
        blocker.rollback()
        equal(one(writer, "SELECT count(*) FROM llmspell.event_feed() WHERE event_type = 'a'"), 1)
        equal(one(writer, "SELECT held_events FROM llmspell.event_feed_lag()"), 0)


@test
def months_at_once():
    """6 clients make the same 40 months in any order, behind a reader that holds the log: no error, and nobody waits for more than a second"""
    with server() as connection:
        connection.execute(f"ALTER ROLE {ROLE} SET llmspell.event_log_months_back = 120")
    errors, made, over = [], [], threading.Event()

    def make(seed):
        months = list(range(60, 100))
        random.Random(seed).shuffle(months)
        try:
            with app(A) as connection:
                connection.execute("SET timezone = 'America/New_York'")
                for n in months:
                    made.append(one(connection, """SELECT llmspell.create_event_log_partition(m, m + interval '1 month')
                        FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date - make_interval(months => %s)) AS t (m)""", [n]))
        except psycopg.Error as error:
            errors.append(str(error))

    def use():
        """Reads, writes and asks for months, as clients do; an error where a lock takes a second."""
        with app(B) as connection:
            connection.execute("SET lock_timeout = '1s'")
            while not over.is_set():
                try:
                    connection.execute("SELECT llmspell.ensure_future_event_log_partitions()")
                    one(connection, "SELECT count(*) FROM llmspell.event_append('x', '1')")
                    connection.execute("SELECT count(*) FROM llmspell.event_list('x')")
                except psycopg.Error as error:
                    errors.append(str(error))

    with app(A, autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM llmspell.event_log")
        threads = [threading.Thread(target=make, args=[n]) for n in range(6)] + [threading.Thread(target=use)]
        for thread in threads:
            thread.start()
        for thread in threads[:-1]:
            thread.join()
        over.set()
        threads[-1].join()
    equal(errors, [])
    equal((len(made), sum(m.startswith("CREATED") for m in made)), (240, 40))
    with server() as connection:
        equal(one(connection, "SELECT count(DISTINCT month) FROM llmspell_internal._event_log_months() WHERE month < now() - interval '50 months'"), 40)
        equal(rows(connection, "SELECT * FROM llmspell_internal._schema_faults()"), [])
        name = one(connection, "SELECT min(relation::text) FROM llmspell_internal._event_log_months()")
    with app(A) as connection:
        with raises("42501"):
            connection.execute(f"SELECT FROM {name}")


TABLE = """SELECT c.relowner::regrole::text, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text, c.reloptions,
    (SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY 1) FROM (SELECT indexrelid FROM pg_index WHERE indrelid = c.oid ORDER BY indexrelid::regclass::text) i),
    (SELECT array_agg(pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid AND contype <> 'n'),
    (SELECT array_agg(polname::text || polpermissive || coalesce(pg_get_expr(polqual, polrelid), '') ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid)
    FROM pg_class c WHERE c.oid = %s::regclass"""


@test
def archive_through_a_file():
    """a month is archived, dumped alone, dropped, restored and attached: the same rows, keys, indexes, policies, rights and owner"""
    with app(A, role=OPS) as operator, server() as connection, tempfile.TemporaryDirectory() as folder:
        month = one(operator, "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '7 months')::date")
        name = f"event_log_{month:%Y_%m}"
        for tenant in (A, B):
            operator.execute("SELECT llmspell.tenant_set(%s, false)", [tenant])
            operator.execute("SELECT FROM llmspell.event_append_many(%s)", [Jsonb([{"event_type": "kept", "payload": n, "at": f"{month:%Y-%m}-{n + 1:02}T00:00:00Z"} for n in range(20)])])
        wanted = rows(connection, f"SELECT * FROM llmspell.{name} ORDER BY tenant_id, timestamp"), rows(connection, TABLE, [f"llmspell.{name}"])
        feed = rows(operator, "SELECT cursor FROM llmspell.event_feed(100000)")
        one(operator, "SELECT llmspell.event_log_archive(%s)", [month])
        equal(one(operator, "SELECT count(*) FROM llmspell.event_list('kept')"), 0)
        with raises("42501"):
            with app(A) as other:
                other.execute(f"SELECT FROM llmspell_archive.{name}")
        file = pathlib.Path(folder) / "month.dump"
        call(["pg_dump", "-Fc", "-t", f"llmspell_archive.{name}", "-f", file, os.environ["PGDATABASE"]])
        connection.execute(f"DROP TABLE llmspell_archive.{name}")
        call(["pg_restore", "--exit-on-error", "-d", os.environ["PGDATABASE"], file])
        one(operator, "SELECT llmspell.event_log_attach(%s)", [month])
        equal((rows(connection, f"SELECT * FROM llmspell.{name} ORDER BY tenant_id, timestamp"), rows(connection, TABLE, [f"llmspell.{name}"])), wanted)
        equal(rows(operator, "SELECT cursor FROM llmspell.event_feed(100000)"), feed)
        equal(rows(connection, "SELECT * FROM llmspell.verify() WHERE component <> 'isolation'"), [])


@test
def months_that_others_make():
    """a transaction that keeps its snapshot appends to a month that another session has made since"""
    with server() as owner:
        owner.execute("SELECT llmspell.ensure_future_event_log_partitions()")
        owner.execute("DROP TABLE llmspell." + one(owner, "SELECT 'event_log_' || to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYY_MM')"))
    append = "SELECT created FROM llmspell.event_append('month', '{}', at => date_trunc('month', now()) + interval '2 months 10 days')"
    for level in (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE):
        with server() as owner:
            owner.execute("DROP TABLE IF EXISTS llmspell." + one(owner, "SELECT 'event_log_' || to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYY_MM')"))
        with app(A, autocommit=False) as early, app(B) as other:
            early.isolation_level = level
            early.execute("SELECT count(*) FROM llmspell.kv_store")
            equal(one(other, append), True)
            equal(one(early, append), True, str(level))
            equal(one(early, append.replace("event_append('month', '{}'", "stream_append('month', '[{\"event_type\": \"t\", \"payload\": {}}]'").split(", at =>")[0].replace("created", "count(*)") + ")"), 1)
            early.commit()


@test
def clean_up():
    """what the tests made is taken away"""
    with server() as connection:
        connection.execute("DROP FUNCTION IF EXISTS public.late, public.bare")
        connection.execute(f"DROP OWNED BY {OPS}; DROP ROLE {OPS}")
