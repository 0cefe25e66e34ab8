#!/usr/bin/env -S python3 -m pytest
"""The statements that build vector indexes, what runs beside a build, many tenants, true sizes."""

import threading
import time
import tomllib

from lib import ROLE, app, drop_role, equal, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"


@test
def setup():
    """spaces, made by an operator"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app(role=ADMIN) as connection:
        connection.execute("SELECT llmspell.vector_space_create('built', 3), llmspell.vector_space_create('audited', 2), llmspell.vector_space_create('narrow', 32), "
                           "llmspell.vector_space_create('wide', 2048), llmspell.vector_space_create('widest', 5000)")


@test
def options():
    """the options of VectorChord are TOML"""
    with server() as connection:
        for method, metric, lists, wanted in (
            # Without lists a spherical centroid would be the normalised zero vector, NaN, and the index find nothing.
            ("vchordrq", "cosine", None, {"residual_quantization": True, "build": {"internal": {"lists": [], "spherical_centroids": False}}}),
            ("vchordrq", "ip", [1000], {"residual_quantization": False, "build": {"internal": {"lists": [1000], "spherical_centroids": False}}}),
            ("vchordrq", "l2", [70, 5000], {"residual_quantization": True, "build": {"internal": {"lists": [70, 5000], "spherical_centroids": False}}}),
            ("vchordg", "cosine", None, {"bits": 2, "m": 32, "ef_construction": 64}),
        ):
            statement = one(connection, "SELECT llmspell_internal._vector_index_ddl('vector_embeddings_768', 768, %s, %s, 32, 64, %s, 'x', 'CREATE INDEX')", [metric, method, lists])
            equal(tomllib.loads(statement.split("$options$")[1]), wanted, statement)


@test
def one_vchordrq():
    """a table has one vchordrq index: another goes first, also by lists of other bounds, and no tenant gets one"""
    with server() as connection, connection.transaction(force_rollback=True):
        if not rows(connection, "SELECT FROM pg_am WHERE amname = 'vchordrq'"):
            # One that is called so, for what does not depend on what it does.
            connection.execute("""CREATE ACCESS METHOD vchordrq TYPE INDEX HANDLER hnswhandler;
                CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING vchordrq AS OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
                    FUNCTION 1 vector_negative_inner_product(vector, vector), FUNCTION 2 vector_norm(vector)""")
        connection.execute("INSERT INTO llmspell.vector_space_built (tenant_id, scope, embedding) VALUES ('a', 'global', '[1,2,3]')")
        connection.execute("CREATE INDEX idx_vector_space_built_vchordrq ON llmspell.vector_space_built USING vchordrq (embedding vector_cosine_ops)")
        connection.execute("CREATE INDEX of_a_tenant ON llmspell.vector_space_built USING vchordrq (embedding vector_cosine_ops) WHERE tenant_id = 'a'")
        ensure = "SELECT state, drop_first, statement IS NOT NULL, superseded FROM llmspell.vector_index_ensure('built', %s, lists => %s)"
        drop = "DROP INDEX CONCURRENTLY llmspell.{};".format
        hnsw, first, own = drop("idx_vector_space_built_hnsw"), drop("idx_vector_space_built_vchordrq"), drop("of_a_tenant")
        equal(rows(connection, ensure, ["vchordrq", [10]]), [("missing", [first, own], True, [hnsw])])
        equal(rows(connection, ensure, ["vchordrq", []]), [("present", [own], False, [hnsw])])
        equal(rows(connection, ensure, ["hnsw", None]), [("present", None, False, [first])])
        rows(connection, ensure, ["vchordrq", None])
        for lists in ("[0:1]={1,2}", "{{1,2},{3,4}}", "{1,0}", "{1,NULL}"):
            with raises("22023", what=lists), connection.transaction():
                rows(connection, ensure, ["vchordrq", lists])
        with raises("22023"), connection.transaction():
            connection.execute("SELECT FROM llmspell.vector_tenant_promote('a', 'built')")


@test
def beside_a_build():
    """an index that is being built is left alone, and nobody waits for it; one that failed is built again"""
    done, name = [], "idx_vector_space_built_hnsw_m8_e64"
    with server() as building, server() as connection, app("a") as client, app(role=ADMIN) as admin:
        statement = one(admin, "SELECT statement FROM llmspell.vector_index_ensure('built', 'hnsw', m => 8)")
        # Long ago, so that maintenance would build it.
        connection.execute("UPDATE llmspell.vector_index_config SET recorded_at = '2000-01-01'; DROP INDEX llmspell.idx_vector_space_built_hnsw")
        state = "SELECT index_state FROM llmspell.vector_space_list() WHERE name = 'built'"
        identity = f"SELECT 'llmspell.{name}'::regclass::oid"
        with client.transaction():
            client.execute("SELECT llmspell.vector_add('[1,2,3]', space => 'built')")

            def build():
                building.execute(statement)
                done.append(True)

            thread = threading.Thread(target=build)
            thread.start()
            while one(connection, state) != "building":
                time.sleep(0.01)
            before = one(connection, identity)
            start = time.monotonic()
            equal(rows(admin, "SELECT state, drop_first, statement FROM llmspell.vector_index_ensure() WHERE space = 'built'"), [("building", None, None)])
            equal(rows(admin, "SELECT state, drop_first, statement FROM llmspell.vector_index_ensure('built', 'hnsw', m => 8, blocking => true)"), [("building", None, None)])
            equal(rows(admin, "SELECT object FROM llmspell.verify() WHERE component = 'indexes'"), [])
            admin.execute("SELECT FROM llmspell.maintenance_run()")
            assert time.monotonic() - start < 20, "waited for the build"
            equal(one(connection, identity), before, "another index")
            # Another choice meanwhile fails soon, and blocks nobody.
            start = time.monotonic()
            with raises("55P03"):
                admin.execute("SELECT FROM llmspell.vector_index_ensure('built', 'hnsw', m => 9, blocking => true)")
            assert time.monotonic() - start < 5, "no end of waiting"
            client.execute("SELECT llmspell.vector_add('[1,2,4]', space => 'built')")
            equal(done, [])
        thread.join()
        equal(done, [True])
        equal(one(connection, state), "present")
        # A build that ends in an error leaves an invalid index.
        with client.transaction():
            client.execute("SELECT llmspell.vector_add('[1,2,3]', space => 'built')")
            connection.execute("SET statement_timeout = '300ms'")
            with raises("57014"):
                connection.execute("CREATE INDEX CONCURRENTLY idx_vector_space_built_hnsw_m4_e64 ON llmspell.vector_space_built USING hnsw (embedding vector_cosine_ops) WITH (m = 4, ef_construction = 64)")
        drop = ["DROP INDEX CONCURRENTLY llmspell.idx_vector_space_built_hnsw_m4_e64;"]
        equal(rows(admin, "SELECT state, drop_first FROM llmspell.vector_index_ensure('built', 'hnsw', m => 4)"), [("invalid", drop)])
        equal(rows(admin, "SELECT state FROM llmspell.vector_index_ensure() WHERE space = 'built'"), [("built",)])


@test
def many_tenants():
    """five large tenants among 30,000 small ones are found"""
    with server() as connection, app(role=ADMIN) as admin:
        admin.execute("SELECT FROM llmspell.vector_index_ensure('audited', 'none')")
        connection.execute("DROP INDEX llmspell.idx_vector_space_audited_hnsw")
        connection.execute("INSERT INTO llmspell.vector_space_audited (tenant_id, scope, embedding) SELECT 'audited-' || n, 'global', '[1,2]' FROM generate_series(1, 30000) AS n; "
                           "INSERT INTO llmspell.vector_space_audited (tenant_id, scope, embedding) SELECT 'audited-large-' || n % 5, 'global', ARRAY[1, n]::real[] FROM generate_series(1, 600) AS n;"
                           "ANALYZE llmspell.vector_space_audited")
        equal(rows(admin, "SELECT bucket, tenants FROM llmspell.vector_recall_audit('audited', 1)"), [("1 to 9", 20), ("100 to 999", 5)])


@test
def bytes_of_a_tenant():
    """vector_stats tells what a table takes, out of line or not"""
    fill = """INSERT INTO llmspell.vector_space_{space} (tenant_id, scope, embedding, metadata, content, event_time)
        SELECT 'sized', 'user:' || n, (SELECT array_agg(random()) FROM generate_series(1, {dims}) AS i WHERE n > 0)::real[], '{{"a": "{metadata}"}}',
            {content}, CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, {count}) AS n"""
    long = "(SELECT string_agg(md5(random()::text), ' ') FROM generate_series(1, 400) AS i WHERE n > 0)"
    with server() as connection, app("sized") as client:
        for space, dims, count, metadata, content in (("narrow", 32, 8000, "", "NULL"), ("narrow", 32, 2000, "x" * 200, "'some words of ' || n"), ("narrow", 32, 300, "", long),
                                                      ("wide", 2048, 400, "", "NULL"), ("widest", 5000, 200, "", "NULL")):
            connection.execute(f"TRUNCATE llmspell.vector_space_{space}")
            connection.execute(fill.format(space=space, dims=dims, count=count, metadata=metadata, content=content))
            said = one(client, "SELECT bytes FROM llmspell.vector_stats() WHERE space = %s", [space])
            true = one(connection, f"SELECT pg_table_size('llmspell.vector_space_{space}')")
            assert 0.92 < said / true < 1.08, f"{space}, {count} rows: {said} of {true}, {said / true:.3f}"


@test
def a_space_that_a_snapshot_does_not_show():
    """REPEATABLE READ: a space that another session made meanwhile exists"""
    with app(role=ADMIN, autocommit=False) as one_, app(role=ADMIN) as other:
        for first, second in (("'late', 7", "'late', 7"), ("'late_too', 9", "'late_too', 11, for_episodes => true")):
            one_.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            one_.execute("SELECT count(*) FROM llmspell.vector_spaces")
            other.execute(f"SELECT llmspell.vector_space_create({first})")
            with raises("42710", "40001"):
                one_.execute(f"SELECT llmspell.vector_space_create({second})")
            one_.rollback()


@test
def load_without_index():
    """an operator without other rights drops the index of a space, loads rows, and builds it while another session sees how far it is"""
    seen = []
    with app(role=ADMIN) as connection, app(role=ADMIN) as watcher, app("loader") as loader:
        dropped = rows(connection, "SELECT method, state, superseded, statement FROM llmspell.vector_index_ensure('narrow', 'none', blocking => true)")
        equal(dropped, [("none", "none", None, None)])
        equal(one(connection, "SELECT count(*) FROM pg_indexes WHERE tablename = 'vector_space_narrow' AND indexdef LIKE '%USING hnsw%'"), 0)
        loader.execute("""SELECT llmspell.vector_add_many((SELECT array_agg(v) FROM (
            SELECT array_agg(sin(n * i + i * i) ORDER BY i)::real[]::vector AS v FROM generate_series(1, 8000) AS n, generate_series(1, 32) AS i GROUP BY n) AS r))""")
        equal(one(loader, "SELECT route FROM llmspell.vector_explain(array_fill(0.1, ARRAY[32])::vector)"), "exact")
        build = threading.Thread(target=lambda: seen.append(rows(connection, "SELECT method, state, superseded FROM llmspell.vector_index_ensure('narrow', blocking => true)")))
        build.start()
        while build.is_alive():
            seen += rows(watcher, "SELECT phase FROM pg_stat_progress_create_index WHERE relid = 'llmspell.vector_space_narrow'::regclass AND phase LIKE 'building index%'")
            time.sleep(0.01)
        build.join()
        assert ("building index: loading tuples",) in seen, seen[:3]
        equal(seen[-1], [("hnsw", "built", None)])
        equal(one(loader, "SELECT index_method FROM llmspell.vector_explain(array_fill(0.1, ARRAY[32])::vector)"), "hnsw")


@test
def measured():
    """a trial builds indexes over a copy and measures them, leaves nothing behind, and without VectorChord decides nothing"""
    with app(role=ADMIN) as connection:
        found = rows(connection, "SELECT method, build_ms > 0, search_ms > 0, recall >= 0.9 FROM llmspell_internal._vector_index_trial('narrow', '{hnsw,hnsw_halfvec,none_such}', 2000)")
        equal(found, [("hnsw", True, True, True), ("hnsw_halfvec", True, True, True)])
        equal(one(connection, "SELECT count(*) FROM pg_class WHERE relname LIKE 'llmspell_vector_trial%'"), 0)
        equal(rows(connection, "SELECT * FROM llmspell_internal._vector_index_trial('wide', '{hnsw}')"), [])
        equal(rows(connection, "SELECT method, lists FROM llmspell_internal._vector_index_auto('narrow')"), [("auto", None)])
        equal(rows(connection, "SELECT method, state FROM llmspell.vector_index_ensure('narrow', 'auto')"), [("hnsw", "present")])


@test
def who_runs_the_statements():
    """what promote, demote and ensure return runs as a superuser, as they say, and not as llmspell_admin, which builds and drops by blocking => true"""
    indexes = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE i.indisvalid AND a.amname = 'hnsw' AND c.relname LIKE 'idx_vector_space_said%'"
    with server() as superuser, app("said", role=ADMIN) as admin:
        told = []
        admin.add_notice_handler(lambda notice: told.append((notice.message_primary, notice.message_hint)))
        admin.execute("SELECT llmspell.vector_space_create('said', 3)")
        admin.execute("SELECT llmspell.vector_add('[1,2,3]', space => 'said')")
        for call, left in (
            ("SELECT statement FROM llmspell.vector_tenant_promote('said', 'said')", 2), ("SELECT * FROM llmspell.vector_tenant_demote('said', 'said')", 1),
            ("SELECT statement FROM llmspell.vector_index_ensure('said', 'hnsw', m => 8)", 2),
            ("SELECT unnest(superseded) FROM llmspell.vector_index_ensure('said', 'hnsw', m => 8)", 1),
        ):
            told.clear()
            statement = one(admin, call)
            assert len(told) == 1 and "superuser" in told[0][0] and "blocking => true" in told[0][1], told
            with raises("42501", what=statement):
                admin.execute(statement)
            superuser.execute(statement)
            equal(one(superuser, indexes), left, statement)
        told.clear()
        equal(one(admin, "SELECT state FROM llmspell.vector_tenant_promote('said', 'said', blocking => true)"), "built")
        equal(one(superuser, indexes), 2, "built by llmspell_admin")
        rows(admin, "SELECT * FROM llmspell.vector_tenant_demote('said', 'said', blocking => true)")
        equal(one(superuser, indexes), 1, "dropped by llmspell_admin")
        equal(told, [])


@test
def teardown():
    """what was made goes"""
    with server() as connection:
        for table, in rows(connection, "SELECT table_name FROM llmspell.vector_spaces WHERE NOT builtin"):
            connection.execute(f"DROP TABLE llmspell.{table}")
        connection.execute("DELETE FROM llmspell.vector_spaces WHERE NOT builtin; DELETE FROM llmspell.vector_index_config; DELETE FROM llmspell.vector_calibrations")
    drop_role(ADMIN)
