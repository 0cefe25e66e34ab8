#!/usr/bin/env -S python3 -m pytest
"""The state stores from outside, over TCP, as a login role of llmspell_app."""

import copy
import datetime
import json
import random
import threading
import time
import uuid

from lib import A, B, SOAK, app, equal, one, raises, rows, test

SAVE = """SELECT version, created, changed FROM llmspell.agent_state_save(%s, %s, %s::jsonb, expected_version => %s,
          schema_version => %s, keep_history => %s)"""
STORES = {  # how a document goes into each store, and how it comes back
    "agent": ("SELECT FROM llmspell.agent_state_save('nasty', 't', %s::jsonb)", "SELECT state FROM llmspell.agent_state_get('nasty')"),
    "workflow": ("SELECT FROM llmspell.workflow_save('nasty', 'n', %s::jsonb)", "SELECT state FROM llmspell.workflow_get('nasty')"),
    "session": ("SELECT FROM llmspell.session_create('00000000-0000-0000-0000-00000000000a', %s::jsonb)",
                "SELECT state FROM llmspell.session_get('00000000-0000-0000-0000-00000000000a')"),
    "storage": ("SELECT llmspell.storage_set('agent:t:nasty', convert_to(%s, 'UTF8'))",
                "SELECT convert_from(llmspell.storage_get('agent:t:nasty'), 'UTF8')::jsonb"),
}


def clear(connection):
    connection.execute("SELECT llmspell.storage_clear()")
    connection.execute("SELECT llmspell.pattern_prune(below_frequency => 2147483647)")


def alive(connection):
    """An error must leave the session usable, with its tenant."""
    equal(one(connection, "SELECT llmspell.current_tenant()"), A)


def together(work, count):
    """Runs work(number, connection) in `count` threads, each with a connection of its own, and raises what one of them raised."""
    problems, barrier = [], threading.Barrier(count)

    def one_thread(number):
        try:
            with app(A) as connection:
                barrier.wait()
                work(number, connection)
        except Exception as error:
            problems.append(error)
            barrier.abort()

    threads = [threading.Thread(target=one_thread, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


class Agent:
    """What agent_states promises, in plain Python."""

    def __init__(self):
        self.now, self.version, self.marked, self.kept = None, 0, False, {}

    def save(self, kind, state, schema, keep):
        """(version, created, changed)"""
        was, self.now = self.now, (kind, schema, copy.deepcopy(state))
        if was is not None and was[2] == state:
            self.marked = self.marked or keep
            return self.version, False, False
        if was is not None and self.marked:
            self.kept[self.version] = was
        self.version += 1
        self.marked = keep
        return self.version, was is None, True

    def at(self, version):
        return self.now if version == self.version else self.kept.get(version)

    def restore(self, version):
        kind, schema, state = self.at(version)
        self.marked = self.marked or version != self.version
        return self.save(kind, state, schema, False)

    def checkpoints(self):
        return {**self.kept, **({self.version: self.now} if self.marked else {})}

    def prune(self, keep_last):
        goes = sorted(self.kept)[: max(len(self.kept) - keep_last, 0)]
        for version in goes:
            del self.kept[version]
        return len(goes)


@test
def agents_agree_with_a_model():
    """random saves, restores and prunes of agent states agree with a plain in-memory model"""
    seed = random.randrange(2**32)
    chance, steps = random.Random(seed), 5000 if SOAK else 400
    words = ["".join(chance.choices("abcdefgh é𝄞\"\\", k=12)) for _ in range(200)]
    agents = {f"agent {n}": Agent() for n in range(3)}
    at = "SELECT agent_type, schema_version, state FROM llmspell.agent_state_at(%s, %s)"

    def fresh():
        return {"step": 0, "messages": [chance.choice(words) for _ in range(chance.randint(0, 300))]}

    def check(name, agent, what):
        wanted = [(v, *known[:2]) for v, known in sorted(agent.checkpoints().items(), reverse=True)]
        equal(rows(connection, "SELECT version, agent_type, schema_version FROM llmspell.agent_state_history(%s, 100000)", [name]), wanted, what)
        wanted = [] if agent.now is None else [(*agent.now, agent.version)]
        equal(rows(connection, "SELECT agent_type, schema_version, state, version FROM llmspell.agent_state_get(%s)", [name]), wanted, what)

    with app(A) as connection:
        clear(connection)
        for step in range(steps):
            what = f"seed {seed}, step {step}"
            name, agent = chance.choice(list(agents.items()))
            action = chance.choices(["edit", "same", "fresh", "restore", "prune", "delete", "conflict"], [60, 8, 8, 12, 6, 1, 5])[0]
            kind, schema, state = copy.deepcopy(agent.now) if agent.now else ("t", 1, fresh())
            known = [*agent.kept, *([agent.version] if agent.now else [])]
            if action == "restore":
                version = chance.choice(known) if known and chance.random() < 0.9 else agent.version + 1
                call = ("SELECT version, created, changed FROM llmspell.agent_state_restore(%s, %s)", [name, version])
                if version not in known:
                    with raises("P0002", what=what):
                        connection.execute(*call)
                else:
                    equal(rows(connection, *call), [agent.restore(version)], what)
            elif action == "prune":
                last = chance.choice([0, 1, 5, 40, 100])
                equal(one(connection, "SELECT llmspell.agent_state_prune(%s, %s)", [name, last]), agent.prune(last), what)
            elif action == "delete":
                equal(one(connection, "SELECT llmspell.agent_state_delete(%s)", [name]), agent.now is not None, what)
                agents[name] = agent = Agent()
            elif action == "conflict":
                with raises("LS409", what=what):
                    connection.execute(SAVE, [name, kind, json.dumps(state), agent.version + 1, schema, True])
            else:
                if action == "edit":
                    state["step"] = step + 1
                    state["messages"].insert(chance.randint(0, len(state["messages"])), chance.choice(words))
                elif action == "same":
                    kind = chance.choice("tuv")
                elif action == "fresh":
                    kind, schema, state = chance.choice("tuv"), chance.randint(1, 3), fresh()
                keep, expected = chance.random() < 0.7, agent.version if chance.random() < 0.3 else None
                got = rows(connection, SAVE, [name, kind, json.dumps(state, ensure_ascii=step % 2 == 0), expected, schema, keep])
                equal(got, [agent.save(kind, state, schema, keep)], what)
            if step % 10 == 0:
                check(name, agent, what)
            for version in chance.sample(list(agent.kept), min(2, len(agent.kept))):
                equal(rows(connection, at, [name, version]), [agent.kept[version]], f"{what}, version {version}")
        for name, agent in agents.items():
            check(name, agent, f"seed {seed}, at the end")
            for version, wanted in agent.kept.items():
                equal(rows(connection, at, [name, version]), [wanted], f"seed {seed}, {name}, version {version}")
        equal(rows(connection, "SELECT * FROM llmspell.agent_state_verify()"), [])
        clear(connection)


@test
def each_claim_is_exclusive():
    """workers claim 200 workflows: each exactly once"""
    workers, claims, lock = 16 if SOAK else 8, [], threading.Lock()
    with app(A) as connection:
        clear(connection)
        connection.execute("SELECT llmspell.workflow_save('w' || n, NULL, '{}', CASE WHEN n % 2 = 0 THEN 'failed' END) FROM generate_series(1, 200) n")

    def work(number, connection):
        chance = random.Random(number)
        while True:
            got = rows(connection, "SELECT workflow_id, fence, attempt FROM llmspell.workflow_claim('{pending,failed}', %s, '1 hour')", [chance.randint(1, 4)])
            with lock:
                claims.extend(got)
            if not got and one(connection, "SELECT count(*) FROM llmspell.workflow_list('running', 1000)") == 200:
                return

    together(work, workers)
    equal(sorted(claims), sorted((f"w{n}", 1, 1) for n in range(1, 201)))


@test
def leases_that_run_out():
    """workers that die lose their lease, and only then: no two leases overlap, fences grow by one, a lost fence does nothing"""
    workers, count, claims, lock = 16 if SOAK else 8, 200 if SOAK else 60, {}, threading.Lock()
    lease = datetime.timedelta(milliseconds=100)
    with app(A) as connection:
        clear(connection)
        connection.execute("SELECT llmspell.workflow_save('w' || n, NULL, '{}') FROM generate_series(1, %s) n", [count])

    def work(number, connection):
        chance, deadline = random.Random(number), time.monotonic() + 60
        while time.monotonic() < deadline:
            got = rows(connection, "SELECT workflow_id, fence, attempt, lease_expires_at FROM llmspell.workflow_claim(max_rows => %s, lease => %s)",
                       [chance.randint(1, 4), lease])
            for workflow, fence, attempt, until in got:
                with lock:
                    claims.setdefault(workflow, []).append((fence, attempt, until))
                if fence > 1:
                    with raises("LS409"):
                        connection.execute("SELECT llmspell.workflow_release(%s, %s, 'completed')", [workflow, fence - 1])
                if chance.random() < 0.6 or fence > 4:  # else the worker dies
                    try:
                        connection.execute("SELECT llmspell.workflow_release(%s, %s, 'completed')", [workflow, fence])
                    except Exception as error:
                        if getattr(error, "sqlstate", None) != "LS409":
                            raise
            if not got:
                if one(connection, "SELECT count(*) FROM llmspell.workflow_list('completed', 1000)") == count:
                    return
                time.sleep(0.02)
        raise AssertionError("not all workflows were completed in a minute")

    together(work, workers)
    equal(len(claims), count)
    assert any(len(c) > 1 for c in claims.values()), "no lease ran out"
    for workflow, taken in claims.items():
        taken.sort()
        equal([t[:2] for t in taken], [(n, n) for n in range(1, len(taken) + 1)], workflow)
        for (_, _, before), (_, _, after) in zip(taken, taken[1:]):
            assert after - lease >= before, f"{workflow}: leases overlap: {taken}"


@test
def patterns_are_counted_exactly():
    """16 threads record the same patterns 100 times each, alone and in batches: every frequency is given out once"""
    threads, each, seen, lock = 16, 100 if SOAK else 25, [], threading.Lock()
    with app(A) as connection:
        clear(connection)

    def work(number, connection):
        mine = []
        for i in range(each):
            value = f"v{(i + number) % 3}"
            mine.append((value, one(connection, "SELECT llmspell.pattern_record('global', 'k', %s)", [value])))
            if i % 5 == 0:
                batch = json.dumps([{"scope": "global", "key": "k", "value": v} for v in ("b2", "b1", "b2")])
                connection.execute("SELECT FROM llmspell.pattern_record_many(%s::jsonb)", [batch])
        with lock:
            seen.extend(mine)

    together(work, threads)
    with app(A) as connection:
        for value in ("v0", "v1", "v2"):
            got = sorted(f for v, f in seen if v == value)
            equal(got, list(range(1, len(got) + 1)), value)
            equal(one(connection, "SELECT llmspell.pattern_frequency('global', 'k', %s)", [value]), len(got))
        batches = threads * -(-each // 5)
        equal(rows(connection, "SELECT value, frequency FROM llmspell.pattern_predict('global', 'k') WHERE value ~ '^b'"), [("b2", 2 * batches), ("b1", batches)])
        clear(connection)


@test
def storage_keys_in_pages():
    """pages of storage keys give each key of each store once, in byte order"""
    chance = random.Random(5)
    with app(A) as connection:
        clear(connection)
        ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(200)] + ["0" * 8 + "-0000-0000-0000-" + "0" * 12, "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12]
        keys = [f"session:{i}" for i in ids] + [f"session:{i}:state" for i in ids[::5]] + ["session:", "session:zz", "session:A", "sessio", "sessions:1", "session:77777777-z"]
        keys += [f"agent:{t}:{t}{n}" for t in ("a", "a b", "b") for n in (1, 10, 2)] + [f"custom:workflow_w{n}:state" for n in range(30)] + ["custom:x"]
        connection.execute("SELECT llmspell.storage_set_many(%s::text[], %s::bytea[])", [keys, [b"{}"] * len(keys)])
        connection.execute("SELECT llmspell.session_update(%s, ttl => '1 millisecond')", [ids[0]])
        keys.remove(f"session:{ids[0]}")
        # keys that lead to sessions, written behind the routing: storage_get does not see them
        connection.execute("SELECT llmspell.kv_set('session:77777777' || substr(gen_random_uuid()::text, 9), '') FROM generate_series(1, 50)")
        for prefix in ("session:", "session:0", "session:00000000-0", "session:7", "session:77777777", "session:f", "session:z", f"session:{ids[1]}", f"session:{ids[5]}:", f"session:{ids[2][:12]}",
                       "session:A", "agent:", "agent:a", "agent:a:", "custom:workflow_", "custom:workflow_w1", "agent:none:"):
            wanted, got, after = sorted(k for k in keys if k.startswith(prefix)), [], None
            while True:
                page = [r[0] for r in rows(connection, "SELECT key FROM llmspell.storage_list(%s, 7, %s)", [prefix, after])]
                got += page
                if len(page) < 7:
                    break
                after = page[-1]
            equal(got, wanted, prefix)
            for after in ("session:5", "session:5a-", "session:0000000g", "session", "z", ""):
                equal([r[0] for r in rows(connection, "SELECT key FROM llmspell.storage_list(%s, 5, %s)", [prefix, after])],
                      [k for k in wanted if k > after][:5], f"{prefix} after {after}")
        clear(connection)


@test
def nasty_documents_come_back():
    """documents at the bounds of JSON come back equal from every store, and equal ones have one checksum however spelled"""
    long = "1234567890" * 30
    spellings = [
        ["[" * 900 + "]" * 900, "[ " * 900 + "]" * 900],
        ['{"a":' * 900 + "1.50" + "}" * 900, '{"a" : ' * 900 + "15e-1" + "}" * 900],
        ['"\u2028\u2029\u007f"', '"\\u2028\\u2029\\u007f"'],
        ['"\U0001d11e\U0010ffff"', '"\\ud834\\udd1e\\udbff\\udfff"'],
        ['"\\u0001\\b\\f\\n\\r\\t\\"\\\\/"', '"\\u0001\\u0008\\u000c\\u000a\\u000d\\u0009\\u0022\\u005c\\/"'],
        ["1e400", "1" + "0" * 400, "0.1e401", "1" + "0" * 400 + ".000"],
        ["-1e-400", "-0." + "0" * 399 + "1"],
        ["0", "-0", "0.0", "-0.000", "0e5", "-0e-5"],
        ["1", "1.0", "1e0", "10e-1", "0.1e1"],
        [long + "." + long, long + "." + long + "0000", long + long + "e-300"],
        ['{"a": 1, "b": [2]}', '{"b": [2.0], "a": 1}', '{"a": 9, "b": 9, "a": 2, "a": 1, "b": [2]}'],
        ['{"": {}, "\u00e9": null, "e\u0301": true, "\\uFFFF": false}', '{"\uffff": false, "e\u0301": true, "\\u00e9": null, "": {}}'],
        ["[]"], ["{}"], ["null"], ['""'], ["true"], ['"null"'], ["[null, [], {}, [[]]]"],
    ]
    checksums = set()
    with app(A) as connection:
        for group in spellings:
            found = set()
            for text in group:
                for store, (put, get) in STORES.items():
                    clear(connection)
                    connection.execute(put, [text])
                    equal(one(connection, f"SELECT ({get}) = %s::jsonb", [group[0]]), True, f"{store}: {text[:60]}")
                    if store in ("agent", "storage"):
                        found.add(one(connection, "SELECT checksum FROM llmspell.agent_state_get('nasty')"))
            equal(len(found), 1, f"checksums of {group[0][:60]}")
            assert not found & checksums, f"the checksum of {group[0][:60]} is another document's too"
            checksums |= found
        # a checkpoint of each comes back too
        clear(connection)
        for group in spellings:
            connection.execute(SAVE, ["nasty", "t", group[0], None, 1, True])
        for version, group in enumerate(spellings, 1):
            equal(one(connection, "SELECT state = %s::jsonb FROM llmspell.agent_state_at('nasty', %s)", [group[0], version]), True, group[0][:60])
        equal(rows(connection, "SELECT * FROM llmspell.agent_state_verify()"), [])
        clear(connection)


@test
def refused_documents():
    """depth 1,001 and 10,000, 64 MiB (100 MB with SOAK), \\u0000 and broken JSON are refused by every store, and the session lives"""
    deep, big = "[" * 10_000 + "]" * 10_000, '"' + "x" * (100_000_000 if SOAK else 2**26) + '"'
    cases = [
        (("54000",), "[" * 1001 + "]" * 1001), (("54000",), '{"a":' * 1001 + "1" + "}" * 1001), (("54000", "54001"), deep),
        (("54000", "54001"), '{"a":' * 10_000 + "1" + "}" * 10_000), (("54001", "22P02", "54000"), "[" * 1_000_000),
        (("22P05",), '"\\u0000"'), (("22P05",), '{"\\u0000": 1}'), (("22P02",), '"\\ud834"'), (("22P02",), "[1,]"), (("22P02",), ""), (("22P02",), "NaN"),
        (("22003",), "1e1000000"),
    ]
    with app(A) as connection:
        clear(connection)
        for store, (put, get) in STORES.items():
            for states, text in cases:
                with raises(*states, what=f"{store}: {text[:20]}"):
                    connection.execute(put, [text])
                alive(connection)
            with raises("54000", what=f"{store}: {len(big):,} bytes"):
                connection.execute(put, [big])
            alive(connection)
            equal(rows(connection, get), [(None,)] if store == "storage" else [], store)
        equal(rows(connection, "SELECT * FROM llmspell.workflow_list()"), [])


@test
def texts_of_artifacts():
    """texts that bytea would read as something else come back as a driver binds them"""
    with app(A) as client:
        client.execute("SELECT llmspell.session_create(name => 'texts')")
        for text in ("C:\\new", "\\x4142", "a\nb", '{"a": "\\u0001"}', "é 😀", ""):
            client.execute("SELECT llmspell.artifact_put_text(session_name => 'texts', name => 'text', content => %s)", [text])
            equal(one(client, "SELECT llmspell.artifact_get_text(session_name => 'texts', name => 'text')"), text)
        with raises("22004") as refused:
            client.execute("SELECT llmspell.artifact_put_text(session_name => 'texts', name => 'text')")
        equal("content" in str(refused.error), True, str(refused.error))


@test
def sessions_by_name():
    """episodes and artifacts take a session by its own text or by its uuid, and both mean the same"""
    with app(A) as client, app(B) as other:
        session = one(client, "SELECT session_id FROM llmspell.session_create(name => %s)", ["chat 42"])
        one(other, "SELECT session_id FROM llmspell.session_create(name => %s)", ["chat 42"])
        for name, content in (("chat 42", "one"), (str(session), "two")):
            client.execute("SELECT llmspell.episode_add(%s, 'user', %s)", [name, content])
        for name in ("chat 42", str(session)):
            equal(rows(client, "SELECT session_id, content FROM llmspell.episode_list(%s)", [name]), [("chat 42", "one"), ("chat 42", "two")])
            equal(rows(client, "SELECT content FROM llmspell.episode_search('one', session_id => %s, context => 0)", [name]), [("one",)])
            equal(rows(client, "SELECT content FROM llmspell.episode_search('one', exclude_session => %s)", [name]), [])
            equal(len(rows(client, "SELECT llmspell.episode_claim(%s, 1)", [name])), 1)
        put = "SELECT version FROM llmspell.artifact_put(session_name => %s, name => 'notes', data => %s)"
        equal([one(client, put, ["chat 42", b"1"]), one(client, put, ["chat 42", b"2"])], [1, 2])
        equal(one(client, "SELECT version FROM llmspell.artifact_put(%s, 'notes', 'x')", [session]), 3)
        upload = one(client, "SELECT llmspell.artifact_upload_begin(session_name => 'chat 42', name => 'film')")
        client.execute("SELECT llmspell.artifact_upload_append(%s, 0, 'x')", [upload])
        client.execute("SELECT llmspell.artifact_upload_finish(%s)", [upload])
        equal(rows(client, "SELECT DISTINCT session_id, name FROM llmspell.artifact_list(session_name => 'chat 42') ORDER BY 2"), [(session, "film"), (session, "notes")])
        equal(one(client, "SELECT llmspell.artifact_get(session_name => 'chat 42', name => 'notes', version => 2)"), b"2")
        equal(one(client, "SELECT version FROM llmspell.artifact_info(session_name => 'chat 42', name => 'notes')"), 3)
        with raises("P0002"):
            client.execute(put, ["chat 43", b"x"])
        with raises("22023"):
            client.execute("SELECT llmspell.artifact_list(%s, session_name => 'chat 42')", [session])
        # Episodes that came before their session; what has expired is not found under either.
        client.execute("SELECT llmspell.episode_add(%s, 'user', 'early')", ["00000000-0000-0000-0000-000000000042"])
        client.execute("SELECT llmspell.session_create('00000000-0000-0000-0000-000000000042', name => 'late')")
        equal(one(client, "SELECT content FROM llmspell.episode_list('late')"), "early")
        client.execute("SELECT llmspell.session_update(name => 'chat 42', status => 'expired')")
        equal(rows(client, "SELECT content FROM llmspell.episode_list() UNION ALL SELECT content FROM llmspell.episode_search('one') UNION ALL SELECT content FROM llmspell.episode_list('chat 42') UNION ALL SELECT content FROM llmspell.episode_list(%s)", [str(session)]), [("early",)])
        client.execute("SELECT llmspell.session_delete(name => 'chat 42')")
        equal(one(client, "SELECT count(*) FROM llmspell.episodes"), 1)
        with raises("22023"):
            client.execute("SELECT llmspell.session_create(name => %s)", [str(session)])
