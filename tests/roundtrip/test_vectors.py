#!/usr/bin/env -S python3 -m pytest
"""Spaces that were made, indexes that were chosen and what was measured come through a dump."""

import pathlib
import sys
import tempfile
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import ROLE, app, call, create_database, drop_database, drop_role, equal, rows, server, test

FROM, TO, ADMIN = "llmspell_vectors_from", "llmspell_vectors_to", f"{ROLE}_admin"
WAVE = "(SELECT array_agg(sin({n} * i) ORDER BY i)::real[]::vector FROM generate_series(1, {dims}) AS i)"


def answers(name):
    """What a tenant finds."""
    with app("acme", dbname=name) as connection:
        return {
            "near": rows(connection, f"SELECT id, exact, complete FROM llmspell.vector_search({WAVE.format(n=5, dims=16)}, 20, mode => 'exact')"),
            "routed": rows(connection, f"SELECT count(*), bool_or(exact), bool_and(complete) FROM llmspell.vector_search({WAVE.format(n=5, dims=16)}, 20)"),
            "wide": rows(connection, f"SELECT id FROM llmspell.vector_search({WAVE.format(n=5, dims=2048)}, 20)"),
            "words": rows(connection, "SELECT id FROM llmspell.hybrid_search('word7 word8', NULL, space => 'mid')"),
            "episodes": rows(connection, f"SELECT id, content FROM llmspell.episode_search('said', {WAVE.format(n=5, dims=16)}, 20)"),
            "facts": rows(connection, f"SELECT entity_id, name, score FROM llmspell.entity_search('person n7', {WAVE.format(n=5, dims=16)}, 20)"),
            "recall": rows(connection, f"SELECT kind, id, content, tokens, score FROM llmspell.recall('word7 said person knows', {WAVE.format(n=5, dims=16)}, space => 'mid', max_tokens => 300)"),
            "way": rows(connection, f"SELECT route, exact_rows, index_method, ef_search FROM llmspell.vector_explain({WAVE.format(n=5, dims=16)})"),
            "spaces": rows(connection, "SELECT name, dims, metric, model, purpose, table_name, index_method, exact_rows FROM llmspell.vector_space_list()"),
        }


@test
def dump_and_restore():
    """spaces, choices, measurements, vectors, words and episodes are the same after a restore; a chosen index of a table of ours is built again"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    create_database(FROM)
    create_database(TO, extension=None)
    try:
        with app("acme", dbname=FROM) as connection, app("acme", dbname=FROM, role=ADMIN) as admin:
            admin.execute("SELECT llmspell.vector_space_create('mid', 16, model => 'm'), llmspell.vector_space_create('wide', 2048), llmspell.vector_space_create('talk', 16, for_episodes => true)")
            admin.execute("SELECT llmspell.vector_space_create('people', 16, purpose => 'entities'), llmspell.vector_space_create('edges', 16, purpose => 'relationships')")
            connection.execute(f"SELECT count(llmspell.vector_add({WAVE.format(n='n', dims=16)}, content => 'word' || n, language => 'english')) FROM generate_series(1, 1500) AS n")
            connection.execute(f"SELECT count(llmspell.vector_add({WAVE.format(n='n', dims=2048)})) FROM generate_series(1, 30) AS n")
            connection.execute(f"SELECT count(e.id) FROM generate_series(1, 20) AS n, llmspell.episode_add('s', 'user', 'said ' || n, {WAVE.format(n='n', dims=16)}) AS e")
            for n in range(1, 11):
                connection.execute("SELECT FROM llmspell.entity_put(%s, 'person', %s, jsonb_build_object('n', %s::text), '2020-01-01Z')", [uuid.UUID(int=n), f"name {n}", f"n{n}"])
                connection.execute("SELECT FROM llmspell.relationship_put(%s, %s, %s, 'knows', '{}', '2020-01-01Z')", [uuid.UUID(int=100 + n), uuid.UUID(int=n), uuid.UUID(int=1)])
                connection.execute(f"SELECT llmspell.entity_vector_set(%s, {WAVE.format(n=n, dims=16)}), llmspell.relationship_vector_set(%s, {WAVE.format(n=n + 20, dims=16)})",
                                   [uuid.UUID(int=n), uuid.UUID(int=100 + n)])
            admin.execute("SELECT FROM llmspell.vector_calibrate('mid', 10)")
            admin.execute("SELECT FROM llmspell.vector_index_ensure('mid', 'hnsw_halfvec', blocking => true)")
            admin.execute("SELECT FROM llmspell.vector_index_ensure('vectors_384', 'hnsw', m => 12, blocking => true)")
            admin.execute("SELECT llmspell.vector_tenant_promote('acme', 'mid', blocking => true)")
        before = answers(FROM)
        assert before["near"] and before["words"] and before["episodes"] and before["facts"] and before["recall"], before
        with tempfile.NamedTemporaryFile(suffix=".dump") as file:
            call(["pg_dump", "-Fc", "-f", file.name, FROM])
            call(["pg_restore", "--exit-on-error", "-j2", "-d", TO, file.name])
        equal(answers(TO), before)
        with server(TO) as connection:
            equal(rows(connection, "SELECT fault FROM llmspell_internal._security_faults() WHERE object LIKE '%vector%' OR object LIKE '%episode%' OR object LIKE '%space%'"), [])
            equal([object for object, in rows(connection, "SELECT object FROM llmspell.verify() WHERE component = 'indexes'")], ["idx_vector_384_hnsw_m12_e64"])
        with app(dbname=TO, role=ADMIN) as admin:
            equal(rows(admin, "SELECT space, state FROM llmspell.vector_index_ensure() WHERE state NOT IN ('present', 'none')"), [("vectors_384", "built")])
            equal(rows(admin, "SELECT FROM llmspell.verify() WHERE component = 'indexes'"), [])
    finally:
        drop_database(FROM, TO)
        drop_role(ADMIN)

