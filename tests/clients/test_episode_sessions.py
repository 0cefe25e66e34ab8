#!/usr/bin/env -S python3 -m pytest
"""A session goes by its name and by its uuid, whichever its episodes came under, and whenever it came itself."""

import uuid

from lib import A, B, app, equal, one, raises, rows, test

CREATE = "SELECT session_id FROM llmspell.session_create(%s, name => %s)"
ADD = "SELECT llmspell.episode_add(%s, 'user', %s, at => '2026-01-01Z'::timestamptz + %s * interval '1 minute')"
VECTOR = "array_fill(1, ARRAY[384])::vector"


def session():
    """An id, and a name for it."""
    key = uuid.uuid4()
    return str(key), f"chat {key}"


def add(client, key, *numbers):
    for n in numbers:
        client.execute(ADD, [key, f"turn {n}", n])


def contents(client, function, *arguments, **named):
    """The sessions that the rows show, and the numbers of the turns."""
    given = ", ".join(["%s"] * len(arguments) + [f"{name} => %s" for name in named])
    found = rows(client, f"SELECT session_id, content FROM llmspell.{function}({given})", [*arguments, *named.values()])
    return sorted({shown for shown, _ in found}), [int(content.split()[1]) for _, content in found]


def both(client, key, name, numbers):
    """Every read by id, in either case, and by name gives the turns, under the name."""
    for text in (key, key.upper(), name):
        equal(contents(client, "episode_list", text), ([name], numbers), text)
        equal(contents(client, "episode_list", text, newest_first=True), ([name], numbers[::-1]), text)
        shown, found = contents(client, "episode_search", "turn", session_id=text, max_rows=100)
        equal((shown, sorted(found)), ([name], numbers), text)
        others = contents(client, "episode_search", "turn", exclude_session=text, max_rows=100)
        assert name not in others[0] and key not in others[0], others
    equal([row for row in rows(client, "SELECT session_id, unprocessed FROM llmspell.episode_backlog()") if row[0] in (name, key)], [(name, len(numbers))])


@test
def before_the_session_is_there():
    """episodes that came under the id before the session, its commit or its name are found by both"""
    with app(A) as client, app(A) as other, app(B) as stranger:
        key, name = session()
        with other.transaction():
            other.execute(CREATE, [key, name])
            add(client, key, 1, 2)
        both(client, key, name, [1, 2])
        # From now on they come under the name.
        add(client, key, 3)
        add(client, name, 4)
        both(client, key, name, [1, 2, 3, 4])

        key, name = session()
        add(client, key, 1)
        client.execute("INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, name) VALUES (%s, %s, '{}', %s)", [A, key, name])
        both(client, key, name, [1])

        key, name = session()
        client.execute(CREATE, [key, None])
        add(client, key, 1)
        add(client, name, 2)
        client.execute("UPDATE llmspell.sessions SET name = %s WHERE session_id = %s", [name, key])
        both(client, key, name, [1, 2])
        equal(contents(stranger, "episode_list", key), ([], []))
        equal(contents(stranger, "episode_list", name), ([], []))

        # No episode is written again.
        key, name = session()
        add(client, key, 1)
        before = one(client, "SELECT ctid::text || xmin FROM llmspell.episodes WHERE session_id = %s", [key])
        client.execute(CREATE, [key, name])
        equal(one(client, "SELECT ctid::text || xmin FROM llmspell.episodes WHERE session_id = %s", [key]), before)


@test
def in_one_order():
    """the turns under the id and those under the name are one session: its pages, its claims and its vectors"""
    with app(A) as client:
        key, name = session()
        add(client, key, *range(0, 20, 2))
        client.execute(CREATE, [key, name])
        add(client, name, *range(1, 20, 2))
        both(client, key, name, list(range(20)))
        for newest in (False, True):
            seen, after = [], None
            while page := rows(client, "SELECT content, cursor FROM llmspell.episode_list(%s, newest_first => %s, max_rows => 3, after => %s)", [key, newest, after]):
                seen += [int(content.split()[1]) for content, _ in page]
                after = page[-1][1]
            equal(seen, list(range(20))[:: -1 if newest else 1])
        since = "SELECT content FROM llmspell.episode_list(%s, since => '2026-01-01T00:05Z', until => '2026-01-01T00:08Z')"
        equal(rows(client, since, [name]), [("turn 5",), ("turn 6",), ("turn 7",)])
        tenth = one(client, "SELECT id FROM llmspell.episode_list(%s) WHERE content = 'turn 10'", [name])
        equal(contents(client, "episode_around", tenth, 3), ([name], list(range(7, 14))))
        equal(one(client, "SELECT session_id FROM llmspell.episode_get(%s)", [tenth]), name)
        for first in range(0, 20, 5):
            equal(contents(client, "episode_claim", name if first % 2 else key, 5), ([name], list(range(first, first + 5))))
        for text, n in ((key, 20), (name, 21)):
            client.execute(f"SELECT llmspell.episode_add(%s, 'user', %s, {VECTOR})", [text, f"turn {n}"])
        # As a writer that did not see the session.
        client.execute("UPDATE llmspell.episodes SET session_id = %s WHERE session_id = %s AND content = 'turn 20'", [key, name])
        for text in (key, name):
            found = rows(client, f"SELECT content FROM llmspell.episode_search(query_embedding => {VECTOR}, session_id => %s, context => 0) ORDER BY 1", [text])
            equal(found, [("turn 20",), ("turn 21",)])
            equal(rows(client, f"SELECT content FROM llmspell.episode_search(query_embedding => {VECTOR}, exclude_session => %s)", [text]), [])


@test
def ended_and_deleted():
    """the episodes of an ended session are not read by its id nor by its name, and go with it, whatever they came under"""
    with app(A) as client:
        key, name = session()
        add(client, key, 1)
        client.execute(CREATE, [key, name])
        add(client, name, 2)
        client.execute("SELECT llmspell.session_update(%s, status => 'expired')", [key])
        for text in (key, key.upper(), name):
            equal(contents(client, "episode_list", text), ([], []))
            equal(contents(client, "episode_list", text, include_expired=True), ([name], [1, 2]))
            equal(contents(client, "episode_search", "turn", session_id=text), ([], []))
        assert name not in contents(client, "episode_list", max_rows=1000)[0]
        client.execute("SELECT llmspell.session_delete(%s)", [key])
        equal(one(client, "SELECT count(*) FROM llmspell.episodes WHERE session_id IN (%s, %s)", [key, name]), 0)


@test
def spellings():
    """a uuid in upper case is the same session; a name is no uuid in either case, and stays as it is"""
    with app(A) as client:
        key = str(uuid.uuid4())
        add(client, key.upper(), 1)
        add(client, key, 2)
        for text in (key, key.upper()):
            equal(contents(client, "episode_list", text), ([key], [1, 2]))
        client.execute(CREATE, [key, None])
        client.execute("SELECT llmspell.session_delete(%s)", [key])
        equal(one(client, "SELECT count(*) FROM llmspell.episodes WHERE lower(session_id) = %s", [key]), 0)
        # Raw statements store no other spelling, under which nothing would find the rows.
        raw = "INSERT INTO llmspell.episodes (tenant_id, session_id, role, content) VALUES (%s, %s, 'user', 'raw')"
        with raises("23514"):
            client.execute(raw, [A, key.upper()])
        for text in (key, "A Name of 36 characters, and no id.."):
            client.execute(raw, [A, text])
            equal(one(client, "SELECT count(*) FROM llmspell.episode_list(%s)", [text]), 1)
        for name in (key, key.upper()):
            with raises("22023"):
                client.execute(CREATE, [None, name])
            with raises("23514"):
                client.execute("INSERT INTO llmspell.sessions (tenant_id, session_data, name) VALUES (%s, '{}', %s)", [A, name])
        key, name = session()
        client.execute(CREATE, [key, name])
        add(client, name, 1)
        for change in ("name = 'other'", "name = NULL", "session_id = uuidv7()"):
            with raises("42501"):
                client.execute(f"UPDATE llmspell.sessions SET {change} WHERE session_id = %s", [key])
        client.execute("UPDATE llmspell.sessions SET name = name, title = 'a title' WHERE session_id = %s", [key])
        both(client, key, name, [1])
