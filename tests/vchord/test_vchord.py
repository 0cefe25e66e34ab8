#!/usr/bin/env -S python3 -m pytest
"""VectorChord's indexes under our search, where VectorChord is installed, created before llmspell and after it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import ROLE, Skip, app, create_database, drop_database, drop_role, equal, one, rows, server, test

ORDERS = {"before": "CREATE EXTENSION vchord CASCADE; CREATE EXTENSION llmspell CASCADE", "after": "CREATE EXTENSION llmspell CASCADE; CREATE EXTENSION vchord CASCADE"}
ADMIN = f"{ROLE}_admin"


def available():
    with server() as connection:
        if not rows(connection, "SELECT 1 FROM pg_available_extensions WHERE name = 'vchord'"):
            raise Skip("the server has no extension vchord")
        if "vchord" not in one(connection, "SHOW shared_preload_libraries"):
            raise Skip("vchord is not in shared_preload_libraries")


def searches(order):
    available()
    name = f"llmspell_vchord_{order}"
    create_database(name, extension=ORDERS[order])
    try:
        with server(name) as connection:
            connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
        with app("many", dbname=name) as many, app("few", dbname=name) as few, app(dbname=name, role=ADMIN) as admin:
            admin.execute("SELECT llmspell.vector_space_create('eight', 8)")
            for connection, count in ((many, 4000), (few, 7)):
                connection.execute("""SELECT llmspell.vector_add_many((SELECT array_agg(v) FROM (
                    SELECT array_agg(sin(n * i + i * i) ORDER BY i)::real[]::vector AS v FROM generate_series(1, %s) AS n, generate_series(1, 8) AS i GROUP BY n) AS r))""", [count])
            for method, options in (("vchordrq", ""), ("vchordrq", ", lists => '{20}'"), ("vchordg", "")):
                admin.execute(f"SELECT FROM llmspell.vector_index_ensure('eight', '{method}'{options}, blocking => true)")
                equal(one(many, "SELECT index_method FROM llmspell.vector_explain('[1,2,3,4,5,6,7,8]')"), method)
                # The first of vchordrq went before the second was built.
                assert one(many, "SELECT count(*) FROM pg_indexes WHERE tablename = 'vector_space_eight' AND indexdef LIKE '%USING vchordrq%'") <= 1, f"{method}{options}"
                found = 0
                for n in range(20):
                    query = "[" + ",".join(str((n * i) % 7 - 2.5) for i in range(8)) + "]"
                    got = rows(many, "SELECT id, complete FROM llmspell.vector_search(%s, 10)", [query])
                    true = {i for i, in rows(many, "SELECT id FROM llmspell.vector_search(%s, 10, mode => 'exact')", [query])}
                    equal([c for _, c in got], [True] * 10, f"{method}{options}")
                    found += len(true & {i for i, _ in got})
                    equal(len(rows(few, "SELECT id FROM llmspell.vector_search(%s, 10)", [query])), 7, f"{method}{options}")
                    equal(len(rows(few, "SELECT id FROM llmspell.vector_search(%s, 3)", [query])), 3, f"{method}{options}")
                assert found >= 180, f"{method}{options}: {found} of 200"
                # What a search sets must not reach the session: a number of probes that does not fit fails every query.
                equal(rows(many, "SELECT setting FROM pg_settings WHERE name = 'vchordrq.probes' AND source <> 'default'"), [])
    finally:
        drop_database(name)
        drop_role(ADMIN)


@test
def before():
    """vchord created before llmspell"""
    searches("before")


@test
def after():
    """vchord created after llmspell"""
    searches("after")


@test
def chosen_by_measurement():
    """method auto measures both kinds of index over real dimensions, 384 and 768, and takes vchordrq where it is as good and as fast"""
    available()
    name = "llmspell_vchord_auto"
    create_database(name, extension=ORDERS["before"])
    try:
        with server(name) as connection:
            connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
        with app("many", dbname=name) as many, app(dbname=name, role=ADMIN) as admin:
            for dims in (384, 768):
                # Too few rows decide nothing.
                equal(rows(admin, "SELECT method FROM llmspell_internal._vector_index_auto(%s)", [f"vectors_{dims}"]), [("auto",)])
                many.execute("""SELECT llmspell.vector_add_many((SELECT array_agg(v) FROM (
                    SELECT array_agg(random_normal() + n % 50 ORDER BY i)::real[]::vector AS v FROM generate_series(1, 2000) AS n, generate_series(1, %s) AS i GROUP BY n) AS r))""", [dims])
                trial = {method: (ms, recall) for method, ms, recall in rows(admin, "SELECT method, search_ms, recall FROM llmspell_internal._vector_index_trial(%s, '{vchordrq,hnsw}', 2000)", [f"vectors_{dims}"])}
                equal(sorted(trial), ["hnsw", "vchordrq"])
                assert trial["vchordrq"][1] >= 0.9, trial
                chosen = one(admin, "SELECT method FROM llmspell.vector_index_ensure(%s, 'auto', blocking => true)", [f"vectors_{dims}"])
                print(f"{dims} dimensions: {trial}, chosen: {chosen}")
                equal(one(many, "SELECT index_method FROM llmspell.vector_explain(array_fill(0.5, ARRAY[%s])::vector)", [dims]), chosen)
    finally:
        drop_database(name)
        drop_role(ADMIN)
