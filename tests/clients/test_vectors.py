#!/usr/bin/env -S python3 -m pytest
"""Vectors and episodes from outside, over TCP, as a login role of llmspell_app, against a search in plain Python."""

import math
import random
import struct
import threading

from lib import A, B, ROLE, SOAK, app, drop_role, equal, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"
DIMS = 8
chance = random.Random(5)


def vector(values):
    return "[" + ",".join(f"{x:.6f}" for x in values) + "]"


def point():
    return [chance.gauss(0, 1) for _ in range(DIMS)]


def distance(x, y):
    dot = sum(a * b for a, b in zip(x, y))
    return 1 - dot / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


class Truth:
    """Every row of a tenant, and what a search must give."""

    def __init__(self, connection):
        self.connection, self.rows = connection, {}

    def add(self, count, scope="global"):
        values = [[round(x, 6) for x in point()] for _ in range(count)]
        ids = one(self.connection, "SELECT llmspell.vector_add_many(%s::text[]::vector[], scopes => %s)", [[vector(v) for v in values], [scope] * count])
        self.rows |= {i: (v, scope) for i, v in zip(ids, values)}
        return ids

    def nearest(self, query, k, scope=None):
        found = sorted((distance(v, query), i) for i, (v, s) in self.rows.items() if scope in (None, s))
        return found[:k]

    def check(self, k, scope=None, exact=True, **options):
        query = point()
        names = "".join(f", {name} => %s" for name in options)
        got = rows(self.connection, f"SELECT id, distance, exact, complete FROM llmspell.vector_search(%s::vector, %s, %s{names})", [vector(query), k, scope, *options.values()])
        wanted = self.nearest([float(x) for x in vector(query)[1:-1].split(",")], k, scope)
        equal(len(got), len(wanted), f"k {k}, scope {scope}")
        assert all(row[3] for row in got), "not complete"
        assert {row[0] for row in got} <= set(self.rows), "a foreign row"
        if exact:
            assert all(row[2] for row in got), "not exact"
        for (_, found, _, _), (true, _) in zip(got, wanted):
            if exact:
                assert abs(found - true) < 1e-5, f"{found} instead of {true}"
        bound = wanted[-1][0] + 1e-6 if wanted else 0
        return sum(row[1] <= bound for row in got), len(wanted)


@test
def setup():
    """a space of 8 dimensions, made by an operator"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app(role=ADMIN) as connection:
        equal(one(connection, "SELECT llmspell.vector_space_create('eight', %s)", [DIMS]), "vector_space_eight")


@test
def every_size():
    """tenants of 0 to 6,000 rows: always k, exact where few, nearly all of the nearest where many"""
    sizes = (0, 1, 3, 40, 900, 6000)
    truths = []
    for size in sizes:
        connection = app(f"size-{size}")
        truth = Truth(connection)
        for start in range(0, size, 500):
            truth.add(min(500, size - start), f"user:{start // 500}")
        truths.append(truth)
    with server() as connection:
        connection.execute("ANALYZE llmspell.vector_space_eight")
    found = wanted = 0
    for _ in range(30):
        # In turn, so that what one tenant leaves behind meets the next.
        for size, truth in zip(sizes, truths):
            for k in (1, 10, 100):
                got, there = truth.check(k, exact=size < 2500)
                if size >= 2500:
                    found, wanted = found + got, wanted + there
        truths[-1].check(10, scope="user:3")
        truths[-1].check(5, scope="user:none")
        truths[-1].check(10, exact=True, mode="exact")
    assert found >= 0.99 * wanted, f"{found} of {wanted}"
    # A threshold that leaves ten of what the index gives badly: all ten are found.
    big = truths[-1]
    for _ in range(20):
        query = vector(point())
        bound = big.nearest([float(x) for x in query[1:-1].split(",")], 10)[-1][0] + 1e-6
        for options in ("", ", ef_search => 1"):
            got = rows(big.connection, f"SELECT complete FROM llmspell.vector_search(%s::vector, 10, max_distance => %s{options})", [query, bound])
            equal(got, [(True,)] * 10, options)
            for content in ("mode => 'ann'", "recall => 0.99"):
                alone = rows(big.connection, f"SELECT complete FROM llmspell.vector_search(%s::vector, 10, max_distance => %s, {content}{options})", [query, bound])
                equal({c for c, in alone}, {len(alone) == 10} if alone else set(), f"{content}: it says whether it found ten")
    # A third is deleted: still k, and none of the deleted.
    for truth in truths:
        gone = [i for n, i in enumerate(truth.rows) if n % 3 == 0]
        equal(one(truth.connection, "SELECT llmspell.vector_delete(%s)", [gone]), len(gone))
        for i in gone:
            del truth.rows[i]
    for size, truth in zip(sizes, truths):
        truth.check(100, exact=size < 2500)
        truth.connection.close()


@test
def one_session_many_tenants():
    """one prepared statement in one session, tenants of every size in turn, custom and generic plans"""
    with app() as connection:
        for mode in ("auto", "force_generic_plan", "force_custom_plan"):
            connection.execute(f"SET plan_cache_mode = {mode}")
            for _ in range(8):
                for size in (6000, 0, 1, 900, 3, 6000, 40):
                    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [f"size-{size}"])
                    left = size - (size + 2) // 3
                    got = rows(connection, "SELECT v.complete FROM llmspell.vector_search(%s::vector, 10) v", [vector(point())], )
                    equal(got, [(True,)] * min(10, left), f"{mode}, {size}")


@test
def fused_searches_of_every_size():
    """hybrid and episode searches prepared for a big tenant and run for a tiny one, and the reverse, custom and generic plans"""
    sizes = {"fused-big": 3000, "fused-small": 3, "fused-none": 0}
    with server() as connection:
        for tenant, size in sizes.items():
            connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
            connection.execute("INSERT INTO llmspell.vector_space_eight (tenant_id, scope, embedding, content) SELECT %s, 'user:1', ARRAY[1, n, n %% 7, 0, 0, 0, 0, 1]::real[], 'common word' || n FROM generate_series(1, %s) AS n", [tenant, size])
            connection.execute("INSERT INTO llmspell.episodes (tenant_id, session_id, role, content) SELECT %s, 's' || n %% 2, 'user', 'common word' || n FROM generate_series(1, %s) AS n", [tenant, size])
            connection.execute("INSERT INTO llmspell.episode_embeddings_384 (tenant_id, id, scope, embedding, created_at) "
                               "SELECT tenant_id, id, 'session:' || session_id, array_fill(1, ARRAY[383])::real[] || length(content)::real, occurred_at FROM llmspell.episodes WHERE tenant_id = %s", [tenant])
        connection.execute("ANALYZE llmspell.vector_space_eight, llmspell.episodes, llmspell.episode_embeddings_384")
    hybrid = "SELECT id FROM llmspell.hybrid_search(%s, %s::vector, 10, space => 'eight')"
    said = "SELECT id FROM llmspell.episode_search(%s, %s::vector, 10, context => 0)"
    with app() as connection:
        for mode in ("auto", "force_generic_plan", "force_custom_plan"):
            connection.execute(f"SET plan_cache_mode = {mode}")
            for tenant in (*sizes, *reversed(sizes), *sizes) * 3:
                connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
                for statement, query in ((hybrid, vector(point())), (said, vector([1] * 384))):
                    for text, embedding, wanted in (("common", query, 10), ("common", None, 10), ("word2", None, 1), ("word2", query, 10), (None, query, 10)):
                        got = connection.execute(statement, [text, embedding], prepare=True).fetchall()
                        equal(len(got), min(wanted, sizes[tenant]), f"{mode}, {tenant}, {text}, {statement}")


@test
def halves():
    """half-precision bytes come back as the numbers they are"""
    with app(A) as connection:
        values = [chance.uniform(-60000, 60000) for _ in range(DIMS - 2)] + [6.1e-5, 2.0 ** -24]
        data = struct.pack(f"<{DIMS}e", *values)
        found = one(connection, "SELECT llmspell.vector_add_half(%s)", [data])
        stored = one(connection, "SELECT embedding::real[] FROM llmspell.vector_space_eight WHERE id = %s", [found])
        # Shown with as few digits as a real needs.
        equal(struct.pack(f"<{DIMS}f", *stored), struct.pack(f"<{DIMS}f", *struct.unpack(f"<{DIMS}e", data)))


@test
def eight_clients():
    """8 clients add, search, change and delete in one tenant at once: nothing lost, nothing foreign, no error"""
    problems, added = [], {}
    lock = threading.Lock()

    def work(number):
        own = random.Random(number)
        try:
            with app(A) as connection:
                mine = []
                for n in range(200 if SOAK else 40):
                    text = vector([own.gauss(0, 1) for _ in range(DIMS)])
                    if n % 4 < 2 or not mine:
                        mine.append(one(connection, "SELECT llmspell.vector_add(%s::vector, %s, content => %s)", [text, f"user:{number}", f"text {n}"]))
                    elif n % 4 == 2:
                        gone = mine.pop(own.randrange(len(mine)))
                        equal(one(connection, "SELECT llmspell.vector_delete(%s)", [[gone]]), 1)
                    else:
                        equal(one(connection, "SELECT llmspell.vector_update_metadata(%s, '{\"seen\": true}')", [mine[-1]]), True)
                    got = rows(connection, "SELECT id, scope, complete FROM llmspell.vector_search(%s::vector, 1000, scope => %s)", [text, f"user:{number}"])
                    equal({i for i, _, _ in got}, set(mine), "what is found")
                    assert rows(connection, "SELECT id FROM llmspell.hybrid_search('text', %s::vector, 5)", [text])
                with lock:
                    added[number] = mine
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    with app(A) as connection:
        for number, mine in added.items():
            equal({i for i, in rows(connection, "SELECT id FROM llmspell.vector_space_eight WHERE scope = %s", [f"user:{number}"])}, set(mine))


@test
def settings_of_the_session():
    """a search leaves no setting behind, whether it succeeds or fails, and answers the same in any session"""
    with app("size-6000") as connection:
        settings = "SELECT name, setting FROM pg_settings WHERE name LIKE 'enable_%' OR name LIKE 'hnsw.%' OR name IN ('jit', 'plan_cache_mode', 'search_path') ORDER BY 1"
        query = vector(point())
        wanted = rows(connection, "SELECT id FROM llmspell.vector_search(%s::vector, 20)", [query])
        before = rows(connection, settings)
        for change in ("enable_indexscan = off", "enable_seqscan = off", "TimeZone = 'Pacific/Chatham'", "DateStyle = 'German, DMY'", "search_path = ''", "work_mem = '64kB'",
                       "hnsw.iterative_scan = strict_order", "hnsw.max_scan_tuples = 1", "statement_timeout = '1min'", "jit = on", "row_security = on", "default_transaction_read_only = on"):
            connection.execute(f"SET {change}")
            equal(rows(connection, "SELECT id FROM llmspell.vector_search(%s, 20)", [query]), wanted, change)
            connection.execute(f"RESET {change.split(' ')[0]}")
        for bad in ("mode => 'x'", "max_rows => 0", "filter => '[]'", "space => 'x'"):
            with raises("22023"):
                connection.execute(f"SELECT FROM llmspell.vector_search(%s, {bad})", [query])
        with connection.transaction():
            connection.execute("SAVEPOINT s")
            with raises("57014"):
                connection.execute("SET LOCAL statement_timeout = '1ms'")
                connection.execute("SELECT count(*) FROM generate_series(1, 10000) AS g, llmspell.vector_search(%s, 1000, mode => 'exact', max_distance => g)", [query])
            connection.execute("ROLLBACK TO s")
            equal(rows(connection, settings), before)
        equal(rows(connection, settings), before)


@test
def a_space_changes():
    """a session that remembers a space is told when its index is chosen or measured anew"""
    with app("size-6000") as connection, app("size-6000", role=ADMIN) as admin:
        explain = "SELECT index_method, exact_rows FROM llmspell.vector_explain(%s::vector)"
        query = [vector(point())]
        equal(rows(connection, explain, query), [("hnsw", 2500)])
        admin.execute("SELECT FROM llmspell.vector_index_ensure('eight', 'none')")
        equal(rows(connection, explain, query)[0][0], "none")
        equal(rows(connection, "SELECT DISTINCT exact FROM llmspell.vector_search(%s::vector)", query), [(True,)])
        admin.execute("SELECT FROM llmspell.vector_index_ensure('eight', 'hnsw_halfvec')")
        equal(rows(connection, explain, query)[0][0], "hnsw", "what is not built yet is not searched")
        admin.execute("SELECT FROM llmspell.vector_index_ensure('eight', 'hnsw_halfvec', blocking => true)")
        equal(rows(connection, explain, query)[0][0], "hnsw_halfvec")
        with connection.transaction(force_rollback=True):
            equal(rows(connection, "SELECT count(*), bool_or(exact) FROM llmspell.vector_search(%s::vector)", query), [(10, False)])
        admin.execute("SELECT FROM llmspell.vector_index_ensure('eight')")
        measured = rows(admin, "SELECT exact_rows FROM llmspell.vector_calibrate('eight', 20)")[0][0]
        equal(rows(connection, explain, query), [("hnsw", measured)])
        with server() as owner:
            for drop, in rows(owner, "SELECT format('DROP INDEX llmspell.%I', indexname) FROM pg_indexes WHERE tablename = 'vector_space_eight' AND indexdef LIKE '%hnsw%'"):
                owner.execute(drop)
        equal(rows(connection, explain, query)[0][0], "none", "an index that has gone is missed at once")
        equal(rows(connection, "SELECT DISTINCT exact, complete FROM llmspell.vector_search(%s::vector)", query), [(True, True)])
        admin.execute("SELECT FROM llmspell.vector_index_ensure('eight', blocking => true)")
        equal(rows(connection, explain, query)[0][0], "hnsw")


@test
def episodes_once():
    """8 clients add the same 50 episodes by key and process them: each once"""
    problems, done = [], []

    def work(number):
        try:
            with app(B) as connection:
                own = random.Random(number)
                order = own.sample(range(50), 50)
                made = sum(rows(connection, "SELECT created FROM llmspell.episode_add('s', 'user', %s, idempotency_key => %s)", [f"text {n}", f"key {n}"])[0][0] for n in order)
                claimed = []
                while got := rows(connection, "SELECT id, fence FROM llmspell.episode_claim('s', 3)"):
                    claimed += [i for i, _ in got]
                    connection.execute("SELECT llmspell.episode_mark_processed(%s, %s)", [list(column) for column in zip(*got)])
                done.append((made, claimed))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    equal(sum(made for made, _ in done), 50)
    claimed = [i for _, ids in done for i in ids]
    equal((len(claimed), len(set(claimed))), (50, 50))
    with app(B) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.episode_backlog()"), [])


@test
def another_tenant():
    """another tenant's ids find, change and delete nothing; no tenant: 42501"""
    with app(A) as connection:
        mine = one(connection, "SELECT llmspell.vector_add(%s::vector, content => 'secret')", [vector([1] * DIMS)])
        episode = one(connection, "SELECT id FROM llmspell.episode_add('s', 'user', 'secret')")
    with app("stranger") as connection:
        equal(one(connection, "SELECT llmspell.vector_delete(%s)", [[mine]]), 0)
        equal(one(connection, "SELECT llmspell.vector_update_metadata(%s, '{}')", [mine]), False)
        equal(rows(connection, "SELECT * FROM llmspell.vector_search(%s::vector, 1000)", [vector([1] * DIMS)]), [])
        equal(rows(connection, "SELECT * FROM llmspell.hybrid_search('secret', NULL, space => 'eight')"), [])
        equal(rows(connection, "SELECT * FROM llmspell.episode_search('secret')"), [])
        equal(rows(connection, "SELECT * FROM llmspell.episode_get(%s)", [episode]), [])
        equal(one(connection, "SELECT llmspell.episode_mark_processed(%s)", [[episode]]), 0)
        equal(one(connection, "SELECT llmspell.vector_add(%s::vector, id => %s)", [vector([1] * DIMS), mine]), mine)
    with app() as connection:
        with raises("42501"):
            connection.execute("SELECT FROM llmspell.vector_search(%s::vector)", [vector([1] * DIMS)])


@test
def teardown():
    """what was made goes"""
    with server() as connection:
        connection.execute("DROP TABLE llmspell.vector_space_eight")
        connection.execute("DELETE FROM llmspell.vector_spaces WHERE NOT builtin; DELETE FROM llmspell.vector_index_config; DELETE FROM llmspell.vector_calibrations")
    drop_role(ADMIN)

