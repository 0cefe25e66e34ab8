#!/usr/bin/env -S python3 -m pytest
"""Another embedding model, filled in by workers while clients search and add, and switched to in one statement."""

import hashlib
import math
import random
import threading
import time

import psycopg
from lib import A, B, ROLE, SOAK, app, drop_role, equal, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"
SECONDS = 10 if SOAK else 1.5


def embed(model, text, dims):
    """What a model makes of a text: a point that no other model makes of it."""
    chance = random.Random(hashlib.sha256(f"{model} {text}".encode()).digest())
    values = [chance.gauss(0, 1) for _ in range(dims)]
    return [round(x, 5) for x in values]


def literal(values):
    return "[" + ",".join(map(str, values)) + "]"


def distance(x, y):
    return 1 - sum(a * b for a, b in zip(x, y)) / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


def fill(connection, space, model, dims, lease="5 minutes"):
    """One step of a worker; how many vectors it stored."""
    claims = rows(connection, "SELECT id, content, fence FROM llmspell.embedding_pending(%s, 20, %s)", [space, lease])
    if not claims:
        return 0
    vectors = [literal(embed(model, content, dims)) for _, content, _ in claims]
    try:
        return one(connection, "SELECT llmspell.embedding_put(%s, %s, %s::text[]::vector[], %s)", [space, [c[0] for c in claims], vectors, [c[2] for c in claims]])
    except psycopg.Error as error:
        # A text changed meanwhile: the rows come again.
        assert error.sqlstate == "LS409", error
        connection.execute("UPDATE llmspell.embedding_queue SET lease_expires_at = NULL WHERE space = %s AND id = ANY (%s)", [space, [c[0] for c in claims]])
        return 0


class Crowd:
    """Threads that run until they are stopped; the first failure of one is the test's."""

    def __init__(self):
        self.stop, self.failures, self.threads = threading.Event(), [], []

    def start(self, body, *args):
        def run():
            try:
                body(*args)
            except Exception as error:  # noqa: BLE001
                self.failures.append(f"{type(error).__name__}: {error}")
                self.stop.set()
        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        equal(self.failures, [], "failures")


@test
def setup():
    """an operator, and a space for documents by a first model"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app(role=ADMIN) as connection:
        equal(one(connection, "SELECT llmspell.vector_space_create('generation_a', 8, model => 'a')"), "vector_space_generation_a")


# Of the same dimensions, so that a search of the wrong space would go unnoticed but for its distances.
def document_client(crowd, tenant, number, dims, done):
    chance, mine, n = random.Random(number), [], 0
    with app(tenant) as connection:
        while not crowd.stop.is_set():
            space, model = connection.execute("SELECT name, model FROM llmspell.vector_space_list() WHERE line = 'generation_a' AND state = 'active'").fetchone()
            text = f"{tenant} {number} text {n}"
            n += 1
            mine.append(text)
            connection.execute("SELECT llmspell.vector_put(%s::vector, %s, content => %s, space => %s)", [literal(embed(model, text, dims)), text, text, space])
            # What a client added is found from then on, whichever model was active when it came: unless it came into the
            # former space in the moment of the switch, and the worker has not got to it yet.
            wanted = chance.choice(mine)
            query = embed(model, wanted, dims)
            hits = rows(connection, "SELECT content, distance FROM llmspell.vector_search(%s::vector, 5, space => %s)", [literal(query), space])
            for content, found in hits:
                assert abs(found - distance(query, embed(model, content, dims))) < 1e-4, f"{content} in {space} is of another model"
            if hits[0][0] != wanted:
                done["late"].add(wanted)
            done["searches"] += 1
            done[space] += 1


@test
def documents_switch_under_load():
    """4 clients search and add while a second model fills its space; no search mixes both, and no row lacks a vector after the switch"""
    crowd, done = Crowd(), {"searches": 0, "generation_a": 0, "generation_b": 0, "late": set()}
    with app(A) as connection:
        for n in range(200):
            connection.execute("SELECT llmspell.vector_put(%s::vector, %s, content => %s, space => 'generation_a')", [literal(embed("a", f"old {n}", 8)), f"old {n}", f"old {n}"])
    for number in range(4):
        crowd.start(document_client, crowd, (A, B)[number % 2], number, 8, done)
    time.sleep(SECONDS / 3)
    with app(role=ADMIN) as admin:
        one(admin, "SELECT llmspell.vector_space_create('generation_b', 8, model => 'b', replaces => 'generation_a')")

        def worker():
            with app(role=ADMIN) as finder, app() as connection:
                while not crowd.stop.is_set():
                    for tenant, space in rows(finder, "SELECT tenant_id, queue FROM llmspell.work_pending('{embeddings}') WHERE queue LIKE 'generation%%'"):
                        connection.execute("SELECT llmspell.tenant_set(%s, false)", [tenant])
                        fill(connection, space, space[-1], 8)

        for _ in range(2):
            crowd.start(worker)
        time.sleep(SECONDS / 3)
        # Some row has always just been added: writers wait while the workers store the rest.
        switched = admin.execute("SELECT * FROM llmspell.vector_space_activate('generation_b', wait => '30 seconds')").fetchone()
        equal(switched, ("generation_a", 0))
    time.sleep(SECONDS / 3)
    crowd.end()
    assert done["generation_a"] > 10 and done["generation_b"] > 10, done
    for tenant in (A, B):
        with app(tenant) as connection:
            # What came into the former space in the moment of the switch.
            while fill(connection, "generation_b", "b", 8):
                pass
            equal(rows(connection, "SELECT missing, queued FROM llmspell.embedding_coverage() WHERE space = 'generation_b'"), [(0, 0)])
            contents = [r[0] for r in rows(connection, "SELECT content FROM llmspell.vector_space_generation_b UNION SELECT content FROM llmspell.vector_space_generation_a")]
            for wanted in random.Random(1).sample(contents, min(60, len(contents))):
                hit = connection.execute("SELECT content, distance FROM llmspell.vector_search(%s::vector, 1, space => 'generation_b')", [literal(embed("b", wanted, 8))]).fetchone()
                assert hit[0] == wanted and hit[1] < 1e-5, (hit, wanted)
    assert len(done["late"]) <= 20, f"{len(done['late'])} searches came before the worker"


@test
def back_in_one_statement():
    """going back to the former space is one statement; rows that came since are queued for it, and it is one again"""
    with app(A) as connection, app(role=ADMIN) as admin:
        since = one(connection, "SELECT missing FROM llmspell.embedding_coverage() WHERE space = 'generation_a'")
        assert since > 0, "nothing came since the switch"
        with raises("55000"):
            admin.execute("SELECT llmspell.vector_space_activate('generation_a')")
        former, missing = admin.execute("SELECT * FROM llmspell.vector_space_activate('generation_a', force => true)").fetchone()
        equal(former, "generation_b")
        assert missing >= since
        equal(rows(connection, "SELECT space, state FROM llmspell.embedding_coverage() WHERE space LIKE 'generation%' ORDER BY space"), [("generation_a", "active"), ("generation_b", "former")])
        hit = connection.execute("SELECT text_id, distance FROM llmspell.vector_search(%s::vector, 1)", [literal(embed("a", "old 7", 8))]).fetchone()
        assert hit[0] == "old 7" and hit[1] < 1e-5, hit
        while fill(connection, "generation_a", "a", 8):
            pass
        with app(B) as other:
            while fill(other, "generation_a", "a", 8):
                pass
        equal(one(connection, "SELECT missing FROM llmspell.embedding_coverage() WHERE space = 'generation_a'"), 0)
        admin.execute("SELECT llmspell.vector_space_activate('generation_b')")
        equal(admin.execute("SELECT * FROM llmspell.vector_space_activate('generation_a')").fetchone(), ("generation_b", 0))


@test
def killed_workers():
    """the rows of a worker that is killed come back when its lease ends, and its late vectors are refused"""
    with server() as operator, app("killed") as other, app(role=ADMIN) as admin:
        for n in range(12):
            other.execute("SELECT llmspell.episode_add('s', 'user', %s)", [f"said {n}"])
        one(admin, "SELECT llmspell.vector_space_create('said_again', 5, model => 'b', replaces => 'episodes_384')")
        victim = app("killed")
        claims = rows(victim, "SELECT id, fence FROM llmspell.embedding_pending('said_again', 8, '1 second')")
        equal(len(claims), 8)
        operator.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        equal(fill(other, "said_again", "b", 5), 4, "only what it had not claimed")
        equal(fill(other, "said_again", "b", 5), 0)
        # One that was in the middle of claiming leaves nothing behind.
        half = app("killed", autocommit=False)
        deadline = time.monotonic() + 20
        while not rows(half, "SELECT id FROM llmspell.embedding_pending('said_again', 8, '1 hour')"):
            half.rollback()
            assert time.monotonic() < deadline, "nothing comes back"
            time.sleep(0.05)
        operator.execute("SELECT pg_terminate_backend(%s)", [half.info.backend_pid])
        deadline = time.monotonic() + 20
        stored = 0
        while stored < 8:
            stored += fill(other, "said_again", "b", 5)
            assert time.monotonic() < deadline, f"{stored} of 8 rows came back"
        equal(rows(other, "SELECT row_count, missing, queued FROM llmspell.embedding_coverage() WHERE space = 'said_again'"), [(12, 0, 0)])
        with raises("LS409"):
            other.execute("SELECT llmspell.embedding_put('said_again', %s, %s::text[]::vector[], %s)", [[c[0] for c in claims], ["[1,2,3,4,5]"] * 8, [c[1] for c in claims]])


@test
def workers_share():
    """4 workers at a time store each row once, and none waits for another"""
    with app("shared") as connection:
        for n in range(300):
            connection.execute("SELECT llmspell.episode_add('s', 'user', %s)", [f"said {n}"])
    crowd, stored = Crowd(), []

    def worker():
        with app("shared") as mine:
            mine.execute("SET lock_timeout = '1s'")
            while count := fill(mine, "said_again", "b", 5):
                stored.append(count)

    for _ in range(4):
        crowd.start(worker)
    for thread in crowd.threads:
        thread.join()
    crowd.end()
    equal(sum(stored), 300)


@test
def of_one_tenant():
    """a worker of one tenant gets and stores no row of another, and an application cannot switch"""
    with app("killed") as connection, app("stranger") as other:
        mine = one(connection, "SELECT id FROM llmspell.episode_add('s', 'user', 'secret')")
        equal(rows(other, "SELECT * FROM llmspell.embedding_pending('said_again')"), [])
        equal(one(other, "SELECT llmspell.embedding_put('said_again', %s, ARRAY['[1,2,3,4,5]']::vector[])", [[mine]]), 0)
        equal(rows(other, "SELECT * FROM llmspell.embedding_coverage() WHERE row_count + missing + queued > 0"), [])
        equal(one(connection, "SELECT count(*) FROM llmspell.embedding_pending('said_again')"), 1)
        with raises("42501"):
            other.execute("SELECT llmspell.vector_space_activate('said_again', force => true)")
        with raises("42501"):
            other.execute("SELECT llmspell.vector_space_create('mine', 5, replaces => 'said_again')")


@test
def clean_up():
    """the role of the test is gone"""
    drop_role(ADMIN)
