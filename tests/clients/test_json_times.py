#!/usr/bin/env -S python3 -m pytest
"""A time without a zone in a JSON document is one of UTC, whatever the session's TimeZone."""

import datetime

import psycopg
from psycopg.types.json import Jsonb

from functions import functions
from lib import A, ROLE, app, rows, server, tenant_tables, test

MEMBER_OF = "llmspell_admin"
# A procedure of its own transactions.
NOT_CALLED = {"maintain"}

NOW = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
PAST, LATER = (f"{NOW - datetime.timedelta(days=days):%Y-%m-%d %H:%M}" for days in (20, 10))
FUTURE = f"{NOW + datetime.timedelta(days=10):%Y-%m-%d %H:%M}"
IDS = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(5)]
# The fields of every array of objects that a function takes: each reads those it knows.
ITEM = {
    "id": IDS[1], "event_type": "a.b", "payload": {"n": 1}, "at": PAST, "timestamp": PAST, "language": "simple", "sequence": 1,
    "metadata": {"correlation_id": IDS[1]}, "session_id": "s1", "role": "user", "content": "text", "embedding": [0.5] * 384, "expires_at": FUTURE,
    "entity_type": "t", "name": "n", "relationship_type": "r", "from_entity": IDS[2], "to_entity": IDS[3], "properties": {"a": 1},
    "entity_id": IDS[3], "relationship_id": IDS[4], "valid_from": PAST, "valid_to": LATER, "known_from": PAST, "known_to": LATER,
    "scope": "global", "key": "k", "value": "v",
}
# Those that read times, as far as they are known; what comes later is tried as well.
READ_TIMES = {
    "event_append_many", "event_import", "event_store", "stream_append", "episode_add_many", "vector_add_many", "vector_put_many", "entity_put_many", "entity_insert_many", "entity_patch_many",
    "entity_upsert_many", "entity_retract_many", "relationship_put_many", "relationship_patch_many", "relationship_retract_many", "entity_import", "relationship_import",
}
# What the functions change is there before, but not what they insert.
BEFORE = {
    "entity_insert_many": "SELECT llmspell.entity_retract('{3}', '2020-01-01Z')",
    "entity_import": "DELETE FROM llmspell.entities WHERE entity_id = '{3}'",
    "relationship_import": "SELECT llmspell.relationship_erase('{4}')",
}


def stored(client, times, zone, function, given):
    """The SQLSTATE of the call, and the times beside the current one that the tables of the tenant hold after it; all is undone."""
    with client.transaction(force_rollback=True):
        client.execute("SET LOCAL timezone = 'UTC'")
        for n in (2, 3):
            client.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', '2020-01-01Z')", [IDS[n]])
        client.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', '2020-01-01Z')", [IDS[4], IDS[2], IDS[3]])
        if function.name in BEFORE:
            client.execute(BEFORE[function.name].format(*IDS))
        before = set(rows(client, times))
        client.execute("SELECT set_config('timezone', %s, true)", [zone])
        try:
            with client.transaction():
                function.call(client, given)
        except psycopg.Error as error:
            return error.sqlstate, set()
        client.execute("SET LOCAL timezone = 'UTC'")
        return None, set(rows(client, times)) - before


@test
def times_without_a_zone_are_of_utc():
    """every function that takes a JSON document stores the same times in sessions of UTC and of New York"""
    wrong, read = [], set()
    with server() as owner, app(A) as client:
        columns = rows(owner, """SELECT attrelid::regclass::text, quote_ident(attname) FROM pg_attribute
            WHERE attrelid = ANY (%s::regclass[]) AND atttypid = 'timestamptz'::regtype AND NOT attisdropped ORDER BY 1, 2""",
            [tenant_tables(owner)])
        times = " UNION ALL ".join(f"SELECT '{table}.{column}', {column}::text FROM {table} WHERE abs(extract(epoch FROM {column} - now())) > 7200" for table, column in columns)
        for function in functions(owner, role=ROLE):
            for i, kind in enumerate(function.types):
                if kind != "jsonb" or function.name in NOT_CALLED:
                    continue
                for document in ([ITEM], ITEM):
                    given = {**function.required(), i: Jsonb(document)}
                    got = {zone: stored(client, times, zone, function, given) for zone in ("UTC", "America/New_York")}
                    if got["UTC"] != got["America/New_York"]:
                        wrong.append(f"{function.name}({function.names[i]}): {got}")
                    if got["UTC"][1]:
                        read.add(function.name)
    assert not READ_TIMES - read, f"without effect: {sorted(READ_TIMES - read)}"
    assert not wrong, "\n".join(wrong)
