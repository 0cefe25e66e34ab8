"""Stores this repository, its files and its git history, for two tenants, and checks what comes back.

A thin client: every step is one SQL statement. It prints a report and fails if a check fails.
"""
import hashlib
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import psycopg
import repository
from psycopg.types.json import Jsonb

checks = 0


def check(what, ok):
    global checks
    checks += 1
    print(f"  {'ok' if ok else 'FAILED'}  {what}")
    if not ok:
        sys.exit(f"demo: failed: {what}")


class Tenant:
    """A connection of the application. Each call is a transaction, which sets its tenant first."""

    def __init__(self, name):
        self.name, self.connection = name, psycopg.connect(user="demo_app", autocommit=True)

    def __call__(self, query, *values, many=None):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("SELECT llmspell.tenant_set(%s)", [self.name])
            cursor.execute(query, values) if many is None else cursor.executemany(query, many)
            return cursor.fetchall() if many is None and cursor.description else cursor.rowcount

    def one(self, query, *values):
        return self(query, *values)[0][0]

    def insert(self, table, columns, rows, then=""):
        marks = ", ".join(["%s"] * (columns.count(",") + 2))
        self(f"INSERT INTO llmspell.{table} AS t (tenant_id, {columns}) VALUES ({marks}) {then}", many=[(self.name, *row) for row in rows])


def state(call, *arguments):
    """The SQLSTATE that a call fails with, None if it succeeds."""
    try:
        call(*arguments)
    except psycopg.Error as error:
        return error.sqlstate


def load(tenant, files, commits):
    """Stores all of it; returns how many commits lie outside the window of the event log."""
    identity = lambda text: uuid.uuid5(uuid.NAMESPACE_URL, text)
    kind = lambda path: Jsonb({"suffix": Path(path).suffix})
    digest = lambda path: hashlib.sha256(files[path]).hexdigest()
    month = lambda time: time.replace(day=1, hour=0, minute=0, second=0)
    tenant("SELECT llmspell.kv_set_many(%s, %s, %s)", [f"file:{p}" for p in files], [*files.values()], [kind(p) for p in files])
    session = uuid.uuid4()
    tenant.insert("sessions", "session_id, session_data", [(session, Jsonb({"source": repository.ROOT.name}))])
    tenant.insert("artifact_content", "content_hash, storage_type, data, size_bytes",
                  [(digest(p), "bytea", content, len(content)) for p, content in files.items()], "ON CONFLICT (tenant_id, content_hash) DO NOTHING")
    tenant.insert("artifacts", "artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes",
                  [(f"{session}:{n}:{digest(p)}", session, n, digest(p), kind(p), p[-255:], "file", "application/octet-stream", len(files[p]))
                   for n, p in enumerate(files)])
    tenant.insert("entities", "entity_id, entity_type, name, properties, valid_time_start",
                  [(identity(p), "file", p[-500:], kind(p), "-infinity") for p in files]
                  + [(identity(c), "commit", c, Jsonb({"files": len(paths)}), time) for c, time, _, paths in commits])
    tenant.insert("procedural_patterns", "scope, key, value", [("global", "changed", p) for *_, paths in commits for p in paths],
                  "ON CONFLICT (tenant_id, scope, key, value) DO UPDATE SET frequency = t.frequency + 1")
    made = {first: state(tenant, "SELECT llmspell.create_event_log_partition(%s, %s)", first, month(first + timedelta(31)))
            for first in {month(time) for _, time, *_ in commits}}
    check(f"events: {sum(not s for s in made.values())} of {len(made)} months lie inside the window, the others are refused (22008)", {*made.values()} <= {None, "22008"})
    events = [(identity(c), "git.commit", identity(str(time.date())), time, n, "python", Jsonb({"commit": c, "subject": subject}))
              for n, (c, time, subject, _) in enumerate(commits) if not made[month(time)]]
    tenant.insert("event_log", "event_id, event_type, correlation_id, timestamp, sequence, language, payload", events)
    return len(commits) - len(events)


def look(tenant, files, commits, outside):
    stored = {key: bytes(value) for key, value in tenant("SELECT key, value FROM llmspell.kv_get_many(%s)", [f"file:{p}" for p in files])}
    check("kv: every file comes back byte by byte", stored == {f"file:{p}": c for p, c in files.items()})
    listed, after = [], None
    while page := tenant("SELECT key FROM llmspell.kv_list('file:', 7, %s)", after):
        listed, after = listed + [key for key, in page], page[-1][0]
    check(f"kv: {len(listed)} keys listed in pages of 7, in byte order", listed == sorted(stored, key=str.encode))
    contents, references = tenant("SELECT count(*), sum(reference_count - 1) FROM llmspell.artifact_content")[0]
    counted = tenant.one("SELECT artifact_count FROM llmspell.sessions")
    check(f"artifacts: {counted} of the session share {contents} contents", counted == references == len(files))
    sql = tenant.one("SELECT count(*) FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) %s", Jsonb({"suffix": ".sql"}))
    check(f"graph: {sql} SQL files found by property", sql == sum(p.endswith(".sql") for p in files))
    events = tenant.one("SELECT count(*) FROM llmspell.event_log WHERE event_type = 'git.commit'")
    check(f"events: {events} commits stored, {outside} outside the window skipped", events + outside == len(commits))
    changed = tenant.one("SELECT coalesce(sum(frequency), 0) FROM llmspell.procedural_patterns")
    check(f"patterns: {changed} changes of files counted", changed == sum(len(paths) for *_, paths in commits))
    for path, times in tenant("SELECT value, frequency FROM llmspell.procedural_patterns WHERE frequency >= 3 ORDER BY frequency DESC, value LIMIT 3"):
        print(f"        changed {times} times: {path}")


files, commits = repository.read()
acme, globex, operator = Tenant("acme"), Tenant("globex"), psycopg.connect(user="demo_ops", autocommit=True)
own = {acme: (files, commits), globex: ({p: c for p, c in files.items() if p.endswith((".sql", ".md"))}, commits[::2])}
print("llmspell {extension} on PostgreSQL {postgresql} with pgvector {pgvector}".format(**acme.one("SELECT llmspell.status() -> 'versions'")))
for tenant, input in own.items():
    print(f"\n{tenant.name}: {len(input[0])} files, {len(input[1])} commits")
    look(tenant, *input, load(tenant, *input))

print("\nglobex looks for what is acme's")
tables = [t for t, in acme("SELECT jsonb_object_keys(llmspell.status() -> 'rows')")]
check(f"no row in any of {len(tables)} tables", not any(globex.one(f"SELECT count(*) FROM llmspell.{t} WHERE tenant_id = 'acme'") for t in tables))
check("no value under a key of acme's", not globex("SELECT FROM llmspell.kv_get_many(%s)", [f"file:{p}" for p in files if p not in own[globex][0]]))
check("no row to update or delete", globex("UPDATE llmspell.kv_store SET value = '' WHERE tenant_id = 'acme'") == 0
      == globex("DELETE FROM llmspell.sessions WHERE tenant_id = 'acme'"))
check("no row to plant (42501)", state(globex, "INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('acme', 'k', '')") == "42501")
month = globex.one("SELECT split_part((llmspell.ensure_future_event_log_partitions())[1], ' ', 3)")
check(f"no way in through partition {month} (42501)", state(globex, f"SELECT FROM llmspell.{month}") == "42501")
injected = "' OR tenant_id = 'acme' OR '' = '"
check("SQL in a bound value: no such key", not globex("SELECT FROM llmspell.kv_get(%s)", injected))
check("SQL in a value pasted into the statement: own rows only",
      {t for t, in globex(f"SELECT tenant_id FROM llmspell.kv_store WHERE key = '{injected}'")} == {"globex"})
session = globex.connection.execute
session("SELECT llmspell.tenant_set('globex', false)")
check("a tenant set for the session", session("SELECT count(*) > 0 FROM llmspell.kv_store").fetchone() == (True,))
session("RESET app.current_tenant_id")
check("after RESET: no rows, and functions refuse (42501)", session("SELECT count(*) FROM llmspell.kv_store").fetchone() == (0,)
      and state(session, "SELECT llmspell.kv_count()") == "42501")
check("every check of verify_isolation()", all(ok for ok, in session("SELECT ok FROM llmspell.verify_isolation()")))

print("\nthe operator")
tenants = lambda: [t for t, in operator.execute("SELECT * FROM llmspell.tenant_list()")]
check("sees two tenants", tenants() == ["acme", "globex"])
erased = operator.execute("SELECT sum(row_count) FROM llmspell.tenant_erase('globex', dry_run => false)").fetchone()[0]
check(f"erases globex: {erased} rows", tenants() == ["acme"])
check("acme has all its files", acme.one("SELECT llmspell.kv_count('file:')") == len(files))
check("verify() finds no fault", not acme("SELECT FROM llmspell.verify()"))
print(f"\ndemo: {checks} checks passed")
