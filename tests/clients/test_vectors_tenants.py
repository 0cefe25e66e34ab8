#!/usr/bin/env -S python3 -m pytest
"""Indexes of tenants that maintenance decides: the worker builds and drops them while others search and write, after a
crash and a cancellation too; sizes of tenants that grow; ids of any text."""

import contextlib
import os
import random
import signal
import threading

import pytest
from lib import SOAK, create_database, equal, one, raises, rows, server, start_cluster, stop_cluster, test, wait_until

CLUSTER = f"test-tenants-{os.getpid()}"
MEMBER_OF = None
SETTINGS = [part for setting in ("shared_preload_libraries=llmspell_ext", "llmspell.maintenance_database=grown", "llmspell.maintenance_interval=1s") for part in ("-c", setting)]
HOSTILE = ["o'b\"%I %s\\", "\U0001d531" * 255, "'; DROP TABLE x; --", "$options$"]
FILL = """INSERT INTO llmspell.vector_space_grown (tenant_id, scope, embedding)
    SELECT %s, 'global', ARRAY(SELECT random() + i * 0 FROM generate_series(1, 8) AS j)::real[] FROM generate_series(1, %s) AS i"""
LIST = "SELECT tenant, state, automatic FROM llmspell.vector_tenant_index_list() ORDER BY tenant COLLATE \"C\""
BUILDER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'llmspell index builder'"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    yield
    stop_cluster(CLUSTER)


def vector():
    return str([random.random() for _ in range(8)])


def client(tenant):
    connection = server("grown", user="grown_app")
    connection.execute("SELECT llmspell.tenant_set(%s, false)", [tenant])
    return connection


def found(connection, k=10, **arguments):
    given = "".join(f", {name} => '{value}'" for name, value in arguments.items())
    return rows(connection, f"SELECT id, complete FROM llmspell.vector_search(%s::vector, {k}, space => 'grown'{given})", [vector()])


def explained(connection):
    return rows(connection, "SELECT route, row_count, estimated, own_index FROM llmspell.vector_explain(%s::vector, space => 'grown')", [vector()])[0]


def limit(connection, number):
    connection.execute(f"ALTER SYSTEM SET llmspell.vector_tenant_indexes = {number}")
    connection.execute("SELECT pg_reload_conf()")


def until(holds, what, seconds=90):
    wait_until(holds, what, seconds)


@contextlib.contextmanager
def searching(tenants, count=8):
    """Clients that search all the while; each must get its ten rows each time."""
    stop, faults, counts = threading.Event(), [], []

    def search(number):
        try:
            with client(tenants[number % len(tenants)]) as connection:
                done = 0
                while not stop.is_set():
                    hits = found(connection)
                    if len(hits) != 10 or not all(complete for _, complete in hits):
                        faults.append(hits)
                    done += 1
                counts.append(done)
        except Exception as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=search, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    equal(faults, [])
    assert min(counts) > 0, counts


@test
def setup():
    """tenants whose ids are hostile, and others, in one space"""
    start_cluster(CLUSTER, *SETTINGS)
    create_database("grown")
    with server("grown") as connection:
        limit(connection, 0)
        connection.execute("CREATE ROLE grown_app LOGIN IN ROLE llmspell_app; SELECT llmspell.vector_space_create('grown', 8)")
        connection.execute("DROP INDEX llmspell.idx_vector_space_grown_hnsw")
        for tenant in HOSTILE:
            connection.execute(FILL, [tenant, 3000])
        connection.execute(FILL, ["large", 12000])
        connection.execute(FILL, ["grows", 100])
        connection.execute("ANALYZE llmspell.vector_space_grown")
        rows(connection, "SELECT FROM llmspell.vector_index_ensure()")


@test
def sizes():
    """a session estimates what it does not count, within a factor of two; then maintenance keeps it"""
    with server("grown") as connection, client("large") as large, client("grows") as grows:
        connection.execute("DELETE FROM llmspell.vector_tenant_sizes")
        route, count, estimated, own = explained(large)
        assert route == "ann" and estimated and 6000 <= count <= 24000 and not own, (route, count, estimated, own)
        equal(explained(grows), ("exact", 100, False, False))
        until(lambda: one(connection, "SELECT count(*) FROM llmspell.vector_tenant_sizes WHERE space = 'grown'") == 5, "sizes")
        equal(dict(rows(connection, "SELECT tenant_id, row_count FROM llmspell.vector_tenant_sizes")), {"large": 12000, **dict.fromkeys(HOSTILE, 3000)})
        with client("large") as again:
            equal(explained(again)[1:3], (12000, True))
            # Of itself alone, and it may change nothing.
            equal(rows(again, "SELECT tenant_id FROM llmspell.vector_tenant_sizes"), [("large",)])
            with raises("42501"):
                again.execute("UPDATE llmspell.vector_tenant_sizes SET row_count = 0")
            # A search writes nothing.
            again.execute("SET default_transaction_read_only = on")
            equal(len(found(again)), 10)


@test
def builds():
    """while 8 clients search and one writes: the worker builds the indexes, and no answer is incomplete"""
    with server("grown") as connection, client(HOSTILE[1]) as writer:
        with searching(HOSTILE):
            limit(connection, 8)
            until(lambda: writer.execute("SELECT llmspell.vector_add(%s::vector, space => 'grown')", [vector()])
                  and [r[1] for r in rows(connection, LIST)] == ["present"] * 4, "built")
        equal([r for r in rows(connection, LIST)], [(tenant, "present", True) for tenant in sorted(HOSTILE)])
        equal(one(connection, "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indpred IS NOT NULL AND i.indisvalid "
                              "AND c.relowner = 'llmspell_owner'::regrole AND c.relname LIKE 'idx_vector_space_grown\\_t\\_%'"), 4)
        # Who reads the catalog learns no id.
        equal(one(connection, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%%DROP%%' OR indexdef LIKE '%%options%%'", []), 0)
        for tenant in HOSTILE:
            with client(tenant) as searcher:
                equal(explained(searcher)[0::3], ("ann", True), tenant)
                equal(len(found(searcher, 20)), 20)
        connection.execute("SELECT pg_stat_force_next_flush()")
        until(lambda: one(connection, "SELECT count(*) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'idx_vector_space_grown\\_t\\_%' AND idx_scan > 0") == 4, "searches use them")
        equal(rows(connection, "SELECT object FROM llmspell.verify() WHERE component = 'indexes'"), [])


@test
def drops():
    """an operator takes one away and gets it not back; where none is allowed the worker drops the rest, while clients search"""
    with server("grown") as connection:
        with searching(HOSTILE):
            for statement, in rows(connection, "SELECT * FROM llmspell.vector_tenant_demote(%s, 'grown')", [HOSTILE[0]]):
                connection.execute(statement)
            before = one(connection, "SELECT last_run FROM llmspell.maintenance_status() WHERE task = 'tenant indexes'")
            until(lambda: one(connection, "SELECT last_run FROM llmspell.maintenance_status() WHERE task = 'tenant indexes'") > before, "a round")
            equal([r for r in rows(connection, LIST) if r[0] == HOSTILE[0]], [(HOSTILE[0], "declined", False)])
            limit(connection, 0)
            until(lambda: [r[1] for r in rows(connection, LIST)] == ["declined"], "dropped")
        equal(one(connection, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'idx_vector_space_grown\\_t\\_%'"), 0)
        connection.execute("DELETE FROM llmspell.vector_tenant_indexes")


def building(connection, holder):
    """Waits until the builder waits for a transaction that holds the table; returns its pid."""
    holder.execute("BEGIN")
    holder.execute("SELECT llmspell.vector_add(%s::vector, space => 'grown')", [vector()])
    limit(connection, 1)
    until(lambda: one(connection, "SELECT count(*) FROM pg_stat_progress_create_index") == 1, "a build")
    return one(connection, BUILDER)


@test
def cancelled():
    """a build that an operator cancels is told, what it left is dropped, and it is tried again later"""
    with server("grown") as connection, client("grows") as holder:
        pid = building(connection, holder)
        tenant, = rows(connection, "SELECT tenant FROM llmspell.vector_tenant_index_list() WHERE state = 'building'")[0]
        connection.execute("SELECT pg_cancel_backend(%s)", [pid])
        until(lambda: "cancel" in (one(connection, "SELECT last_error FROM llmspell.vector_tenant_index_list()") or ""), "the error")
        holder.execute("ROLLBACK")
        until(lambda: one(connection, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'idx_vector_space_grown\\_t\\_%'") == 0, "dropped")
        equal(rows(connection, "SELECT tenant, state, attempts, retry_at > now() + interval '4 minutes' FROM llmspell.vector_tenant_index_list()"), [(tenant, "missing", 1, True)])
        connection.execute("UPDATE llmspell.vector_tenant_indexes SET retry_at = NULL")
        until(lambda: rows(connection, "SELECT state, attempts, last_error FROM llmspell.vector_tenant_index_list()") == [("present", 0, None)], "built")
        limit(connection, 0)
        until(lambda: rows(connection, LIST) == [], "gone")


def alive(connection):
    try:
        connection.execute("SELECT 1")
        return True
    except Exception:  # noqa: BLE001
        return False


@test
def killed():
    """SIGKILL in the middle of a build: its invalid index is dropped, and built when its time comes"""
    connection, holder = server("grown"), client("grows")
    os.kill(building(connection, holder), signal.SIGKILL)
    wait_until(lambda: not alive(connection), "the server goes down")
    connection.close()
    holder.close()

    def back():
        try:
            with server("grown") as connection:
                return one(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'llmspell maintenance'") == 1
        except Exception:  # noqa: BLE001
            return False

    until(back, "the server comes back")
    with server("grown") as connection:
        until(lambda: one(connection, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'idx_vector_space_grown\\_t\\_%'") == 0, "the invalid index is dropped")
        [(state, attempts, error)] = rows(connection, "SELECT state, attempts, last_error FROM llmspell.vector_tenant_index_list()")
        equal((state, attempts, error), ("missing", 1, "the build did not come to its end"))
        connection.execute("UPDATE llmspell.vector_tenant_indexes SET retry_at = NULL")
        until(lambda: rows(connection, "SELECT state, attempts, last_error FROM llmspell.vector_tenant_index_list()") == [("present", 0, None)], "built")


@test
def grows():
    """a tenant grows while it is searched and maintained: every answer is complete, its size is known and its index comes"""
    most = 20_000 if SOAK else 6_000
    with server("grown") as connection, searching(["grows"], 2):
        limit(connection, 8)
        with client("grows") as writer:
            batch = "SELECT llmspell.vector_add_many(array_agg(ARRAY(SELECT random() + i * 0 FROM generate_series(1, 8))::real[]::vector), space => 'grown') FROM generate_series(1, 200) AS i"
            while one(writer, "SELECT count(*) FROM llmspell.vector_space_grown") < most:
                writer.execute(batch)
        until(lambda: ("grows", "present", True) in rows(connection, LIST), "its index")
        kept = one(connection, "SELECT row_count FROM llmspell.vector_tenant_sizes WHERE tenant_id = 'grows'")
        assert most / 2 <= kept <= 2 * most, kept


@test
def goes():
    """a tenant that shrinks or is erased loses its index, and nothing of it is left"""
    with server("grown") as connection:
        connection.execute("DELETE FROM llmspell.vector_space_grown WHERE tenant_id = 'grows' AND ctid NOT IN (SELECT ctid FROM llmspell.vector_space_grown WHERE tenant_id = 'grows' LIMIT 50)")
        rows(connection, "SELECT FROM llmspell.tenant_erase(%s, false)", [HOSTILE[2]])
        until(lambda: not {"grows", HOSTILE[2]} & {r[0] for r in rows(connection, LIST)}, "records")
        until(lambda: rows(connection, "SELECT FROM llmspell.vector_tenant_sizes WHERE tenant_id IN ('grows', %s)", [HOSTILE[2]]) == [], "sizes")
        equal(one(connection, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%%' || md5('grows') || '%%' OR indexdef LIKE '%%' || md5(%s) || '%%'", [HOSTILE[2]]), 0)
