"""What the programs about artifacts share."""

import collections
import uuid

from lib import equal, one, raises, rows, server

Put = collections.namedtuple("Put", "artifact_id content_hash sequence version created updated size_bytes stored_bytes")
CAP = 100 << 20
PUT = "SELECT * FROM llmspell.artifact_put(%s, %s, %b, expected_hash => %s)"


def session(connection):
    name = uuid.uuid4()
    connection.execute("INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES (llmspell.current_tenant(), %s, '{}')", [name])
    return name


def put(connection, session_id, name, data, expected_hash=None):
    return Put(*connection.execute(PUT, [session_id, name, data, expected_hash]).fetchone())


def get(connection, artifact_id):
    return connection.execute("SELECT llmspell.artifact_get(%s)", [artifact_id], binary=True).fetchone()[0]


def get_range(connection, artifact_id, start, length):
    return connection.execute("SELECT llmspell.artifact_get_range(%s, %s, %s)", [artifact_id, start, length], binary=True).fetchone()[0]


def upload(connection, session_id, name, data, part, expected_hash=None):
    number = one(connection, "SELECT llmspell.artifact_upload_begin(%s, %s)", [session_id, name])
    view = memoryview(data)
    for start in range(0, len(data), part):
        append(connection, number, start, bytes(view[start:start + part]))
    return Put(*connection.execute("SELECT * FROM llmspell.artifact_upload_finish(%s, %s)", [number, expected_hash]).fetchone())


def append(connection, number, start, part):
    return one(connection, "SELECT llmspell.artifact_upload_append(%s, %s, %b)", [number, start, part])


def blake3(connection, data):
    return one(connection, "SELECT encode(llmspell.blake3(%b), 'hex')", [data])


def collect(connection):
    return connection.execute("SELECT * FROM llmspell.artifact_gc(1000000, '0')").fetchone()


def faults(connection, level="data"):
    return rows(connection, "SELECT * FROM llmspell.artifact_verify(%s)", [level])


def clear(connection):
    """Nothing of the tenant's artifacts may be left once the sessions and uploads are gone."""
    tenant = one(connection, "SELECT llmspell.current_tenant()")
    connection.execute("DELETE FROM llmspell.sessions")
    with server() as admin:
        for (number,) in rows(admin, "SELECT upload_id FROM llmspell.artifact_upload WHERE tenant_id = %s", [tenant]):
            connection.execute("SELECT llmspell.artifact_upload_abort(%s)", [number])
        # Twice: a large object leaves its entry in the queue to the next.
        collect(connection), collect(connection)
        for table in ("artifacts", "artifact_content", "artifact_chunk", "artifact_upload", "artifact_gc_queue"):
            equal(one(admin, f"SELECT count(*) FROM llmspell.{table} WHERE tenant_id = %s", [tenant]), 0, table)


def unreadable(connection, query, *args):
    with raises("XX001", what=query):
        connection.execute(query, args).fetchall()
