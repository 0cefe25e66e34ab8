#!/usr/bin/env -S python3 -m pytest
"""Plans that a session keeps for native functions: across roles, tenants, changes of tables and indexes, and DISCARD."""

import contextlib
import datetime
import hashlib
import threading
import time
import uuid

from psycopg.types.json import Jsonb
from artifacts import get, put, session
from lib import A, B, ROLE, SOAK, app, drop_role, equal, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"
SECONDS = 60 if SOAK else 5
CLIENTS = 4
SETTINGS = {"plan_cache_mode": ("auto", "force_custom_plan", "force_generic_plan"), "search_path": ("public", "llmspell, public", "pg_catalog, public")}


class Work:
    """What a tenant has, and the calls that must find it, and it alone, with whatever plan."""

    def __init__(self, connection, tenant):
        self.tenant = tenant
        with acting(connection, tenant):
            self.session = session(connection)
            self.content = hashlib.sha256(tenant.encode()).digest() * 5000
            self.artifact = put(connection, self.session, "content", self.content).artifact_id
            # The same id for each tenant, so that another's rows would be found.
            self.entity, self.other = uuid.UUID(int=1), uuid.UUID(int=2)
            for entity in (self.entity, self.other):
                connection.execute("SELECT llmspell.entity_put(%s, 'kind', %s, valid_from => '2020-01-01+00')", [entity, tenant])
            connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'knows', valid_from => '2020-01-01+00')", [uuid.UUID(int=3), self.entity, self.other])
            for n in range(20):
                connection.execute("SELECT llmspell.vector_add(%s::vector, 'user:1', %s, space => 'plans')", [f"[1,{n},1]", Jsonb({"tenant": tenant, "n": n})])

    def reads(self, connection):
        equal(get(connection, self.artifact) == self.content, True, "the bytes of an artifact")
        equal(rows(connection, "SELECT name, properties FROM llmspell.entity_timeline(%s)", [self.entity]), [(self.tenant, {})], "timeline")
        equal(rows(connection, "SELECT entity_id, name FROM llmspell.graph_traverse(%s, with_names => true)", [self.entity]), [(self.other, self.tenant)], "walk")
        found = "SELECT metadata FROM llmspell.vector_search('[1,0,1]'::vector, 3, space => 'plans', {})"
        nearest = [({"tenant": self.tenant, "n": n},) for n in range(3)]
        for arguments in ("mode => 'exact'", "scope => 'user:1'", "filter => '{}', mode => 'ann'"):
            equal(rows(connection, found.format(arguments)), nearest, f"search, {arguments}")

    def writes(self, connection):
        """The calls that write; leaves everything as it was, but events."""
        event, correlation = uuid.uuid4(), uuid.uuid4()
        for wanted in (True, False):
            created = one(connection, "SELECT created FROM llmspell.event_append('plans', '{}', %s, %s)", [correlation, event])
            equal(created, wanted, "event created")
        one(connection, "SELECT event_id FROM llmspell.event_append('plans', '{}', %s)", [correlation])
        found = rows(connection, "SELECT event_id FROM llmspell.event_list(correlation_id => %s)", [correlation])
        equal((len(found), (event,) in found), (2, True), "events")
        for name in ("changed", self.tenant):
            connection.execute("SELECT llmspell.entity_put(%s, 'kind', %s, valid_from => '2020-01-01+00')", [self.entity, name])
        made = put(connection, self.session, "made", event.bytes * 3000)
        equal(get(connection, made.artifact_id), event.bytes * 3000, "what was put")
        equal(one(connection, "SELECT llmspell.artifact_delete(%s)", [made.artifact_id]), True, "artifact deleted")

    def all(self, connection, writes=True):
        with acting(connection, self.tenant):
            self.reads(connection)
            if writes:
                self.writes(connection)
                self.reads(connection)


@contextlib.contextmanager
def acting(connection, tenant):
    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
    yield
    connection.execute("SELECT set_config('app.current_tenant_id', '', false)")


works = []


def all_works(connection, what):
    for work in works:
        try:
            work.all(connection)
        except Exception as error:
            raise AssertionError(f"{what}, {work.tenant}: {error}") from error


@test
def setup():
    """two tenants with rows of the same ids"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app(role=ADMIN) as admin:
        admin.execute("SELECT llmspell.vector_space_create('plans', 3)")
    with app() as connection:
        works.extend(Work(connection, tenant) for tenant in (A, B))
        for _ in range(7):
            all_works(connection, "as the app")


@test
def roles():
    """SET ROLE, there and back: each role finds what is there"""
    with server() as connection:
        for role in (ROLE, ADMIN, "postgres", ROLE, ADMIN, "postgres", ROLE):
            connection.execute(f"SET ROLE {role}")
            all_works(connection, role)


@test
def policies():
    """a policy for one role holds for its plans alone, from the moment it is made to the moment it goes"""
    hidden = ("entities", "vector_space_plans", "artifact_chunk")
    with server() as owner, server() as connection:
        for _ in range(2):
            for role in (ROLE, "postgres"):
                connection.execute(f"SET ROLE {role}")
                all_works(connection, f"{role}, nothing hidden")
            for table in hidden:
                owner.execute(f"CREATE POLICY hides ON llmspell.{table} AS RESTRICTIVE FOR SELECT TO {ROLE} USING (tenant_id <> '{A}')")
            try:
                for role, sees in ((ROLE, False), ("postgres", True), (ROLE, False)):
                    connection.execute(f"SET ROLE {role}")
                    works[1].all(connection)
                    if sees:
                        works[0].all(connection)
                        continue
                    with acting(connection, A):
                        equal(one(connection, "SELECT count(*) FROM llmspell.entity_timeline(%s)", [works[0].entity]), 0, "timeline")
                        equal(one(connection, "SELECT count(*) FROM llmspell.graph_traverse(%s, include_start => true)", [works[0].entity]), 0, "walk")
                        for mode in ("exact", "ann", "auto"):
                            equal(one(connection, "SELECT count(*) FROM llmspell.vector_search('[1,0,1]'::vector, 3, space => 'plans', mode => %s)", [mode]), 0, f"search {mode}")
                        with raises("XX001"):
                            get(connection, works[0].artifact)
            finally:
                for table in hidden:
                    owner.execute(f"DROP POLICY hides ON llmspell.{table}")


@test
def row_security():
    """SET row_security = off refuses the role that has policies, also with plans that are kept"""
    with server() as connection:
        for _ in range(2):
            for role in (ROLE, "postgres"):
                connection.execute(f"SET ROLE {role}")
                all_works(connection, f"{role}, on")
                connection.execute("SET row_security = off")
                with acting(connection, A):
                    if role == "postgres":
                        works[0].reads(connection)
                    else:
                        for call in (lambda: get(connection, works[0].artifact), lambda: one(connection, "SELECT event_id FROM llmspell.event_append('plans', '{}')"),
                                     lambda: rows(connection, "SELECT * FROM llmspell.entity_timeline(%s)", [works[0].entity]),
                                     lambda: rows(connection, "SELECT * FROM llmspell.vector_search('[1,0,1]'::vector, space => 'plans')")):
                            with raises("42501"):
                                call()
                connection.execute("SET row_security = on")
                all_works(connection, f"{role}, on again")


@test
def rights():
    """a right that is taken away is missed at once, and there again when it is given back"""
    with server() as owner, app() as connection:
        all_works(connection, "with all rights")
        owner.execute("REVOKE SELECT ON llmspell.entities FROM llmspell_app")
        try:
            with acting(connection, A), raises("42501"):
                works[0].reads(connection)
        finally:
            owner.execute("GRANT SELECT ON llmspell.entities TO llmspell_app")
        all_works(connection, "given back")


@test
def errors():
    """a transaction that failed, or was rolled back to a savepoint, leaves no plan behind that does harm"""
    with app(A) as connection:
        for _ in range(3):
            with raises("22012"), connection.transaction():
                works[0].reads(connection)
                works[0].writes(connection)
                connection.execute("SELECT 1 / 0")
            with connection.transaction():
                with raises("22008"), connection.transaction():
                    connection.execute("SELECT llmspell.event_append('plans', '{}', at => '1999-01-01+00')")
                with raises("22P02"), connection.transaction():
                    connection.execute("SELECT llmspell.vector_search('[1,0,1]'::vector, scope => 'user:1', space => 'plans'), 'x'::int")
                works[0].reads(connection)
                works[0].writes(connection)
            all_works(connection, "after errors")
            connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])


@test
def changed_tables():
    """a column added and dropped, an index dropped and made: the kept plans follow"""
    columns = ("entities", "relationships", "event_log", "artifact_chunk", "artifact_content", "artifacts", "vector_space_plans")
    with server() as owner, app() as connection, server() as switching:
        for table in columns:
            owner.execute(f"ALTER TABLE llmspell.{table} ADD COLUMN added int DEFAULT 7")
            all_works(connection, f"{table}.added")
        for role in (ROLE, "postgres"):
            switching.execute(f"SET ROLE {role}")
            all_works(switching, f"columns added, {role}")
        for table in columns:
            owner.execute(f"ALTER TABLE llmspell.{table} DROP COLUMN added")
        all_works(connection, "columns dropped")
        indexes = rows(owner, """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
            WHERE i.indrelid IN ('llmspell.entities'::regclass, 'llmspell.relationships'::regclass, 'llmspell.artifact_chunk'::regclass, 'llmspell.vector_space_plans'::regclass)
              AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)""")
        equal(len(indexes) > 10, True, f"{indexes}")
        for name, _ in indexes:
            owner.execute(f"DROP INDEX {name}")
        all_works(connection, "indexes dropped")
        for _, statement in indexes:
            owner.execute(statement)
        all_works(connection, "indexes made")
        owner.execute("ANALYZE llmspell.entities, llmspell.artifact_chunk, llmspell.vector_space_plans")
        all_works(connection, "analyzed")


@test
def changed_types():
    """a column of another type than the statement's is refused by name, and its bytes are not taken for others"""
    with server() as owner, app() as connection:
        all_works(connection, "raw_len as it was")
        owner.execute("ALTER TABLE llmspell.artifact_chunk ALTER COLUMN raw_len TYPE bigint")
        try:
            with acting(connection, A), raises("XX000") as found:
                get(connection, works[0].artifact)
            equal("has the type 20" in str(found.error), True, str(found.error))
        finally:
            owner.execute("ALTER TABLE llmspell.artifact_chunk ALTER COLUMN raw_len TYPE int")
        all_works(connection, "raw_len as it was")


@test
def discards():
    """DISCARD PLANS, DISCARD ALL, and the settings that plans depend on"""
    with app() as connection:
        for statement in ("DISCARD PLANS", "DISCARD ALL", "RESET ALL", "DISCARD PLANS"):
            connection.execute(statement)
            all_works(connection, statement)
        for name, values in SETTINGS.items():
            for value in values:
                connection.execute(f"SET {name} = {value}")
                all_works(connection, f"{name} = {value}")
            connection.execute(f"RESET {name}")
        all_works(connection, "reset")


@test
def many_plans():
    """more plans than a session keeps: searches of 500 shapes, between them the other calls"""
    shapes = ["scope => 'user:1'", "filter => '{}'", "since => '-infinity'", "until => 'infinity'", "include_expired => true", "max_distance => 10"]
    with app(role=ADMIN) as admin:
        for dims in range(4, 12):
            admin.execute("SELECT llmspell.vector_space_create(%s, %s)", [f"plans_{dims}", dims])
    with app() as connection:
        count = 0
        for dims in range(4, 12):
            for chosen in range(2 ** len(shapes)):
                arguments = "".join(f", {shape}" for n, shape in enumerate(shapes) if chosen >> n & 1)
                with acting(connection, A):
                    equal(rows(connection, f"SELECT id FROM llmspell.vector_search(array_fill(1, ARRAY[{dims}])::vector, space => 'plans_{dims}'{arguments})"), [], arguments)
                count += 1
                if count % 50 == 0:
                    all_works(connection, f"{count} shapes")
        equal(count, 512, "shapes")


@test
def grown():
    """a session that began when the graph was small reads no more, when it has grown, than one that begins then"""
    tenant = "plans-grown"
    blocks = """SELECT sum(pg_stat_get_xact_blocks_fetched(r.relation)) FROM (SELECT 'llmspell.entities'::regclass::oid
        UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = 'llmspell.entities'::regclass) AS r (relation)"""

    def read(connection):
        with acting(connection, tenant):
            work.reads(connection)
            with connection.transaction():
                before = one(connection, blocks)
                work.reads(connection)
                return int(one(connection, blocks) - before)

    with server() as owner, app() as connection:
        work = Work(connection, tenant)
        owner.execute("DELETE FROM llmspell.entities WHERE tenant_id <> %s AND transaction_time_end < 'infinity'", [tenant])
        owner.execute("VACUUM (FULL, ANALYZE) llmspell.entities")
        read(connection)
        for count in (1000, 20000):
            owner.execute("""INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start)
                SELECT %s, uuidv7(), 'many', 'm' || n, '2020-01-01+00' FROM generate_series(1, %s) AS n""", [tenant, count])
            with app() as fresh:
                wanted = read(fresh)
            got = read(connection)
            equal(got <= 1.5 * wanted + 10, True, f"{got} blocks, {wanted} in a session that begins")
        owner.execute("DELETE FROM llmspell.entities WHERE tenant_id = %s", [tenant])


@test
def under_load():
    """indexes made and dropped, columns added, plans discarded and months made while clients of two tenants work"""
    problems, rounds = [], [0] * CLIENTS
    until = time.monotonic() + SECONDS

    def client(number):
        try:
            with server() as connection:
                work, turn = Work.__new__(Work), 0
                connection.execute(f"SET ROLE {ROLE}")
                work.__init__(connection, f"plans-load-{number}")
                while time.monotonic() < until:
                    turn += 1
                    connection.execute(f"SET ROLE {(ROLE, ADMIN, 'postgres')[turn % 3]}")
                    work.all(connection)
                    works[turn % 2].all(connection, writes=False)
                    if turn % 10 == 0:
                        connection.execute("DISCARD PLANS")
                    rounds[number] = turn
        except Exception as error:
            problems.append(f"client {number}: {type(error).__name__}: {error}")

    def months():
        """Each in its own month; those that are there already go first, empty as they are."""
        try:
            with server() as owner, app("plans-months") as connection:
                while time.monotonic() < until:
                    for month in range(1, 5):
                        at = one(connection, "SELECT date_trunc('month', now(), 'UTC') + make_interval(months => %s)", [month])
                        table = f"event_log_{at.astimezone(datetime.timezone.utc):%Y_%m}"
                        owner.execute("SET lock_timeout = '2s'")
                        with contextlib.suppress(Exception):
                            owner.execute(f"DROP TABLE IF EXISTS llmspell.{table}")
                        equal(one(connection, "SELECT created FROM llmspell.event_append('plans', '{}', at => %s)", [at]), True, f"month {at}")
        except Exception as error:
            problems.append(f"months: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=client, args=[n]) for n in range(CLIENTS)] + [threading.Thread(target=months)]
    for thread in threads:
        thread.start()
    changes = 0
    with server() as owner:
        while time.monotonic() < until:
            for table, columns in (("entities", "(tenant_id, entity_id)"), ("vector_space_plans", "USING hnsw (embedding vector_cosine_ops)"), ("artifact_chunk", "(tenant_id, chunk_hash)"), ("relationships", "(tenant_id, from_entity)")):
                owner.execute(f"CREATE INDEX CONCURRENTLY plans_made ON llmspell.{table} {columns}")
                owner.execute(f"ALTER TABLE llmspell.{table} ADD COLUMN added int")
                owner.execute(f"ANALYZE llmspell.{table}")
                owner.execute("DROP INDEX CONCURRENTLY llmspell.plans_made")
                owner.execute(f"ALTER TABLE llmspell.{table} DROP COLUMN added")
                changes += 1
    for thread in threads:
        thread.join(SECONDS + 120)
        assert not thread.is_alive(), "a client hangs"
    equal(problems, [], "problems")
    equal((min(rounds) > 3, changes > 0), (True, True), f"{rounds} rounds of the clients, {changes} changes")


@test
def teardown():
    """what was made goes, and all is well"""
    with server() as owner:
        for table, in rows(owner, "SELECT table_name FROM llmspell.vector_spaces WHERE NOT builtin"):
            owner.execute(f"DROP TABLE llmspell.{table}")
        owner.execute("DELETE FROM llmspell.vector_spaces WHERE NOT builtin")
    with app() as connection:
        equal(rows(connection, "SELECT * FROM llmspell.verify()"), [], "verify")
    drop_role(ADMIN)
