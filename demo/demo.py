"""Stores this repository, its files and its git history, for two tenants, each step by one SQL statement, and checks what comes back."""
import array
import hashlib
import os
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import client
import psycopg
import repository
from client import Tenant, check, state
from psycopg.types.json import Jsonb


def load(tenant, files, commits):
    """Stores all of it; returns the session."""
    identity = lambda text: uuid.uuid5(uuid.NAMESPACE_URL, text)
    kind = lambda path: Jsonb({"suffix": Path(path).suffix})
    digest = lambda path: hashlib.sha256(files[path]).hexdigest()
    tenant.call("kv_set_many", [f"file:{p}" for p in files], [*files.values()], [kind(p) for p in files])
    session = tenant.call("session_create", state=Jsonb({"source": repository.ROOT.name}), ttl=timedelta(days=1))[0][0]
    tenant.insert("artifact_content", "content_hash, storage_type, data, size_bytes",
                  [(digest(p), "bytea", content, len(content)) for p, content in files.items()], "ON CONFLICT (tenant_id, content_hash) DO NOTHING")
    tenant.insert("artifacts", "artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes",
                  [(f"{session}:{n}:{digest(p)}", session, n, digest(p), kind(p), p[-255:], "file", "application/octet-stream", len(files[p]))
                   for n, p in enumerate(files)])
    tenant.insert("entities", "entity_id, entity_type, name, properties, valid_time_start",
                  [(identity(p), "file", p[-500:], kind(p), "-infinity") for p in files]
                  + [(identity(c), "commit", c, Jsonb({"files": len(paths)}), time) for c, time, _, paths in commits])
    # With their real dates: the operator has widened the window. Each makes its month.
    events = [{"event_type": "git.commit", "event_id": str(identity(c)), "correlation_id": str(identity(str(time.date()))), "at": time.isoformat(), "sequence": n,
               "language": "python", "payload": {"commit": c, "subject": subject}} for n, (c, time, subject, _) in enumerate(commits)]
    for start in range(0, len(events), 500):
        tenant.call("event_append_many", Jsonb(events[start:start + 500]))
    again = tenant.call("event_append_many", Jsonb(events[:50]))
    check(f"events: {len(commits)} commits with their dates; {len(again)} of them sent again are not written twice", not any(created for *_, created in again))
    return session


def look(tenant, files, commits, session):
    stored = {key: bytes(value) for key, value, *_ in tenant.call("kv_get_many", [f"file:{p}" for p in files])}
    check("kv: every file comes back byte by byte", stored == {f"file:{p}": c for p, c in files.items()})
    listed, after = [], None
    while page := tenant.call("kv_list", "file:", 7, after):
        listed, after = listed + [row[0] for row in page], page[-1][0]
    check(f"kv: {len(listed)} keys listed in pages of 7, in byte order", listed == sorted(stored, key=str.encode))
    contents, references = tenant("SELECT count(*), sum(reference_count - 1) FROM llmspell.artifact_content")[0]
    counted = tenant.one("SELECT artifact_count FROM llmspell.session_get(%s)", session)
    check(f"artifacts: {counted} of the session share {contents} contents", counted == references == len(files))
    sql = tenant.one("SELECT count(*) FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) %s", Jsonb({"suffix": ".sql"}))
    check(f"graph: {sql} SQL files found by property", sql == sum(p.endswith(".sql") for p in files))
    seen, cursor = [], None
    while page := tenant("SELECT payload ->> 'commit', cursor FROM llmspell.event_feed(37, %s)", cursor):
        seen, cursor = seen + [c for c, _ in page], page[-1][1]
    check(f"events: the feed gives {len(seen)} commits in pages of 37, each once, as they were written", seen == [c for c, *_ in commits])
    if commits:
        day = commits[-1][1].date()
        trace = [payload["commit"] for payload, in tenant("SELECT payload FROM llmspell.event_list(correlation_id => %s, newest_first => false, max_rows => 100000)", uuid.uuid5(uuid.NAMESPACE_URL, str(day)))]
        check(f"events: what belongs to {day}: {len(trace)} commits, oldest first", sorted(trace) == sorted(c for c, time, *_ in commits if time.date() == day))
    tenant.call("session_create", expires_at=datetime(2020, 1, 1, tzinfo=timezone.utc))
    check("sessions: of two the one that has expired is not listed, then marked",
          [row[0] for row in tenant.call("session_list")] == [session] and tenant.call("session_sweep") == [(1, 0)])


def remember(tenant, files, commits):
    """Folders hold files, commits change them from their date on; a rename becomes known late, and its date is corrected later still."""
    identity = lambda text: str(uuid.uuid5(uuid.NAMESPACE_URL, text))
    folders = {str(Path(p).parent) for p in files}

    def put_all(function, entries):
        for first in range(0, len(entries), 500):  # a transaction locks a bounded number of keys
            tenant.call(function, Jsonb(entries[first:first + 500]))

    put_all("entity_put_many", [{"entity_id": identity(f"folder {f}"), "entity_type": "folder", "name": f[-500:], "valid_from": "-infinity"} for f in folders])
    put_all("relationship_put_many", [{"relationship_id": identity(f"in {p}"), "from_entity": identity(f"folder {Path(p).parent}"), "to_entity": identity(p),
                                                 "relationship_type": "holds", "valid_from": "-infinity"} for p in files])
    changes = [(c, p, time) for c, time, _, paths in commits for p in paths if p in files]
    put_all("relationship_put_many", [{"relationship_id": identity(f"{c} {p}"), "from_entity": identity(c), "to_entity": identity(p), "relationship_type": "changed",
                                                 "valid_from": time.isoformat()} for c, p, time in changes])
    edges = tenant.one("SELECT count(*) FROM llmspell.relationships")
    check(f"graph: {edges} edges, each with both its ends", edges == len(files) + len(changes) and not tenant.call("graph_check"))
    root, reached = identity("folder ."), {p for p in files if "/" not in p}
    found = tenant("SELECT name FROM llmspell.graph_traverse(%s, 1, with_names => true)", root)
    check(f"graph: the top folder leads to {len(found)} files", {name for name, in found} == {p[-500:] for p in reached})
    file = identity(sorted(reached)[0])
    name, kind = tenant("SELECT name, properties FROM llmspell.entity_as_of(%s)", file)[0]
    learned = tenant("SELECT known_from FROM llmspell.entity_put(%s, 'file', %s, %s, '2020-06-01Z')", file, f"{name}.renamed", Jsonb(kind))[0][0]
    tenant.call("entity_put", file, "file", f"{name}.renamed", Jsonb(kind), datetime(2020, 3, 1, tzinfo=timezone.utc), datetime(2020, 6, 1, tzinfo=timezone.utc))
    april = "2020-04-01Z"
    asked = [tenant.one("SELECT name FROM llmspell.entity_as_of(%s)", file), tenant.one("SELECT name FROM llmspell.entity_as_of(%s, %s)", file, april),
             tenant.one("SELECT name FROM llmspell.entity_as_of(%s, %s, %s)", file, april, learned),
             tenant.one("SELECT old_value ->> 'name' || ' -> ' || (new_value ->> 'name') FROM llmspell.entity_diff(%s, %s, %s, %s, NULL)", file, april, learned, april)]
    check("graph: a rename, its date corrected after the fact", asked == [f"{name}.renamed", f"{name}.renamed", name, f"{name} -> {name}.renamed"])
    for question, answer in zip(("now", "in April", "in April, as known before the correction", "what the correction changed"), asked):
        print(f"        {question}: {answer}")
    tenant.call("entity_put", file, "file", name, Jsonb(kind), datetime(2020, 3, 1, tzinfo=timezone.utc))


def archive(tenant, versions):
    """Every version of every file as an artifact, read back whole and in part."""
    session = tenant.call("session_create", state=Jsonb({"kept": "versions"}))[0][0]
    made = [tenant.call("artifact_put", session, path[-255:], content)[0] for path, content in versions]
    kept = dict(zip((row[0] for row in made), versions))
    check(f"artifacts: {len(kept)} versions of {len({p for p, _ in versions})} files, each comes back",
          all(bytes(tenant.one("SELECT llmspell.artifact_get(%s)", id)) == content for id, (_, content) in kept.items()))
    raw, stored, dedup = tenant("SELECT raw_bytes, stored_bytes, dedup_ratio FROM llmspell.artifact_stats()")[0]
    check(f"artifacts: {raw:,} bytes are stored in {stored:,}, {raw / stored:.1f} to 1", stored < raw)
    id, (path, content) = max(kept.items(), key=lambda item: len(item[1][1]))
    middle = len(content) // 2
    check(f"artifacts: 100 bytes from the middle of {path}",
          bytes(tenant.one("SELECT llmspell.artifact_get_range(%s, %s, 100)", id, middle)) == content[middle:middle + 100])
    check("artifacts: the same content once more makes nothing", tenant.call("artifact_put", session, versions[-1][0][-255:], versions[-1][1])[0][4] is False)
    check("artifacts: no fault in any chunk", not tenant.call("artifact_verify", "data"))


def follow(tenant, commits):
    """An agent reads the history; each of its states is kept."""
    states = [{"head": None, "read": 0}] + [{"head": c, "read": n, "last": subject} for n, (c, _, subject, _) in enumerate(commits, 1)]
    for agent in states:
        tenant.call("agent_state_save", "historian", "reader", Jsonb(agent), keep_history=True)
    kept = tenant.one("SELECT count(*) FROM llmspell.agent_state_history('historian', 1000000)")
    check(f"agent: {kept} states are kept, each comes back", kept == len(states) and states ==
          [tenant.one("SELECT state FROM llmspell.agent_state_at('historian', %s)", n + 1) for n in range(len(states))])
    middle = len(states) // 2
    tenant.call("agent_state_restore", "historian", middle + 1)
    check(f"agent: back at state {middle}", tenant.one("SELECT state FROM llmspell.agent_state_get('historian')") == states[middle])


def work(tenant, size):
    """Two workers share the folders: each counts the bytes of those that it claims, until none is left."""
    for folder in size:
        tenant.call("workflow_save", folder, "count bytes", Jsonb({}))
    [(lost, *_, fence, _)] = tenant.call("workflow_claim", lease=timedelta(milliseconds=1))

    def worker(number):
        own, done = Tenant(tenant.name), []
        while claims := own.call("workflow_claim", max_rows=2):
            for folder, _, _, _, version, _, fence, _ in claims:
                counted = own.one("SELECT sum(size_bytes)::bigint FROM llmspell.kv_list(%s, 1000000)", f"file:{folder}")
                own.call("workflow_save", folder, None, Jsonb({"bytes": counted}), expected_version=version)
                own.call("workflow_release", folder, fence, "completed")
                done.append(folder)
        return done

    first, second = ThreadPoolExecutor().map(worker, range(2))
    check(f"workflows: two workers do {len(first)} and {len(second)} folders, each once, all right", sorted(first + second) == sorted(size)
          and all(tenant.one("SELECT state FROM llmspell.workflow_get(%s)", f) == {"bytes": n} for f, n in size.items()))
    check("workflows: one was let drop and taken over, its first worker is refused (LS409)",
          tenant.one("SELECT sum(retried) FROM llmspell.workflow_stats()") == 1 and state(tenant.call, "workflow_release", lost, fence) == "LS409")


def learn(tenant, pairs):
    """Which folders change together."""
    tenant.call("pattern_record_many", Jsonb([{"scope": "custom:git", "key": a, "value": b} for a, b in pairs.elements()]))
    check(f"patterns: {pairs.total()} times two folders changed together",
          tenant.one("SELECT coalesce(sum(frequency), 0) FROM llmspell.pattern_list(min_frequency => 1, max_rows => 1000000)") == pairs.total())
    key = max(sorted({a for a, _ in pairs}), key=lambda k: sum(n for (a, _), n in pairs.items() if a == k), default=".")
    likely = sorted(((b, n) for (a, b), n in pairs.items() if a == key), key=lambda item: (-item[1], item[0].encode()))
    predicted = tenant.call("pattern_predict", "custom:git", key, 3)
    check(f"patterns: with {key} changes", [(value, frequency) for value, frequency, *_ in predicted] == likely[:3])
    for value, frequency, probability, _ in predicted:
        print(f"        {value}, {frequency} times ({probability:.0%})")


MODELS = Path(os.environ.get("LLMSPELL_BUILD") or repository.ROOT / ".build") / "models"


def embed(texts):
    """A real model, in an environment of its own: a vector of 384 numbers for each text."""
    program = [MODELS / "venv/bin/python", Path(__file__).with_name("embedder.py"), MODELS]
    numbers = array.array("f", subprocess.run(program, input="\n".join(texts).encode(), stdout=subprocess.PIPE, check=True).stdout)
    return [list(numbers[n:n + 384]) for n in range(0, len(numbers), 384)]


QUESTIONS = ["how do two workers avoid doing the same job twice", "a customer must never read what belongs to another one", "going back to an earlier state of an agent"]


def understand(tenant, files, commits):
    """Commit messages and paragraphs of the documents, found by meaning, by words and by both."""
    texts = repository.texts(files, commits)
    vectors = embed([text for _, text in texts] + QUESTIONS)
    # A paragraph's place in its page: what stands beside a hit counts as well.
    places = [sum(where == other for other, _ in texts[:n]) for n, (where, _) in enumerate(texts)]
    ids = []
    for start in range(0, len(texts), 500):
        ids += tenant.one("SELECT llmspell.vector_add_many(items => %s)", Jsonb(
            [{"embedding": vector, "content": text, "metadata": {"source": where, "place": place}, "language": "english"}
             for (where, text), vector, place in zip(texts[start:start + 500], vectors[start:], places[start:])]))
    check(f"vectors: {len(ids)} texts are stored with their embeddings", tenant.one("SELECT sum(row_count) FROM llmspell.vector_stats()") == len(ids) == len(texts))
    own = tenant("SELECT id, distance, exact, complete FROM llmspell.vector_search(%s::text::vector, 3)", str(vectors[0]))
    check("vectors: a text's own vector finds it first, and k results come back, exactly", own[0][0] == ids[0] and len(own) == 3 and all(e and c for *_, e, c in own))
    line = "        {:30.30} | {:30.30} | {:30.30} | {:30.30}"
    for question, vector in zip(QUESTIONS, vectors[len(texts):]):
        by = [tenant("SELECT content FROM llmspell.hybrid_search(%s, %s::text::vector, 3, context => %s, space => 'vectors_384')", *query)
              for query in ((None, str(vector), 0), (question, None, 0), (question, str(vector), 0), (question, str(vector), 0.5))]
        check(f"hybrid: {question}?", len(by[0]) == len(by[2]) == len(by[3]) == 3)
        print(line.format("by meaning", "by words", "by both", "with what stands around"))
        for n in range(3):
            print(line.format(*(found[n][0] if n < len(found) else "" for found in by)))
    said = [(subject, time) for _, time, subject, _ in commits[-50:]] or [(text, datetime(2026, 1, 1, tzinfo=timezone.utc)) for _, text in texts[:50]]
    for n, ((subject, time), vector) in enumerate(zip(said, embed([subject for subject, _ in said]))):
        tenant("SELECT FROM llmspell.episode_add('git', 'user', %s, %s::text::vector, at => %s, idempotency_key => %s)", subject.replace("\0", ""), str(vector), time, str(n))
    found = tenant("SELECT content FROM llmspell.episode_search(query_embedding => %s::text::vector, max_rows => 5)", str(vectors[len(texts)]))
    check(f"episodes: of {len(said)} five come back for the first question", len(found) == min(5, len(said)))
    remembered(tenant, QUESTIONS[0], vectors[len(texts)])
    done = 0
    while claimed := tenant("SELECT id, fence FROM llmspell.episode_claim('git', 20)"):
        done += tenant.one("SELECT llmspell.episode_mark_processed(%s, %s)", *([row[n] for row in claimed] for n in (0, 1)))
    check("episodes: each is processed once", done == len(said) and not tenant.call("episode_backlog"))


def remembered(tenant, question, vector, budget=160):
    """What belongs in a prompt and what its budget left out, and the same as of two days ago, when another thing was believed."""
    queue, day, now = uuid.uuid5(uuid.NAMESPACE_URL, "the queue"), timedelta(days=1), datetime.now(timezone.utc)
    believed = [("a file that says who has it", now - 3 * day, now - day), ("a lease and a fence, so that two workers never do the same job twice", now - day, None)]
    with operator.transaction():
        operator.execute("SELECT llmspell.tenant_set(%s)", [tenant.name])
        operator.execute("SELECT llmspell.entity_import(%s)", [Jsonb(
            [{"entity_id": str(queue), "entity_type": "component", "name": "queue of jobs for workers", "properties": {"guard": guard}, "valid_from": "2020-01-01Z",
              "known_from": since.isoformat(), "known_to": until and until.isoformat()} for guard, since, until in believed])])
    for at in (None, now - 2 * day):
        rows = tenant("SELECT kind, tokens, content, left_out FROM llmspell.recall(%s, %s::text::vector, max_tokens => %s, known_at => %s, space => 'vectors_384')",
                      question, str(vector), budget, at)
        taken = [row for row in rows if row[0] != "left_out"]
        used = sum(tokens for _, tokens, *_ in taken)
        check(f"recall: {question}? {used} of {budget} tokens" + (", as of two days ago" if at else ""),
              used <= budget and any(content.endswith(believed[1 if at is None else 0][0]) for _, _, content, _ in taken))
        for kind, tokens, content, _ in taken:
            print(f"        {kind:12} {tokens:4}  {' '.join(content.split()):.100}")
        for kind, left in (rows[-1][3] or {}).items():
            print(f"        left out: {left['rows']} of kind {kind}, the best with a score of {left['best_score']:.2f}")


files, commits = repository.read()
acme, globex, operator = Tenant("acme"), Tenant("globex"), psycopg.connect(user="demo_ops", autocommit=True)
own = {acme: (files, commits), globex: ({p: c for p, c in files.items() if p.endswith((".sql", ".md"))}, commits[::2])}
print("llmspell {extension} on PostgreSQL {postgresql} with pgvector {pgvector}".format(**acme.one("SELECT llmspell.status() -> 'versions'")))
for tenant, input in own.items():
    print(f"\n{tenant.name}: {len(input[0])} files, {len(input[1])} commits")
    look(tenant, *input, load(tenant, *input))
    archive(tenant, repository.versions(*input))
    remember(tenant, *input)
    follow(tenant, input[1])
    work(tenant, repository.sizes(input[0]))
    learn(tenant, repository.changed_together(input[1]))
    understand(tenant, *input)

print("\nglobex looks for what is acme's")
tables = [t for t, in acme("SELECT jsonb_object_keys(llmspell.status() -> 'rows')")]
check(f"no row in any of {len(tables)} tables", not any(globex.one(f"SELECT count(*) FROM llmspell.{t} WHERE tenant_id = 'acme'") for t in tables))
check("no value under a key of acme's", not globex.call("kv_get_many", [f"file:{p}" for p in files if p not in own[globex][0]]))
check("not its session, and nothing by storage keys", not globex.call("session_get", acme.call("session_list")[0][0])
      and not {*globex.call("storage_list", "session:")} & {*acme.call("storage_list", "session:")})
check("no row to update or delete", globex("UPDATE llmspell.kv_store SET value = '' WHERE tenant_id = 'acme'") == 0
      == globex("DELETE FROM llmspell.sessions WHERE tenant_id = 'acme'"))
check("no row to plant (42501)", state(globex, "INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('acme', 'k', '')") == "42501")
month = globex.one("SELECT split_part((llmspell.ensure_future_event_log_partitions())[1], ' ', 3)")
check(f"no way in through partition {month} (42501)", state(globex, f"SELECT FROM llmspell.{month}") == "42501")
injected = "' OR tenant_id = 'acme' OR '' = '"
check("SQL in a bound value: no such key", not globex.call("kv_get", injected))
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
tenants = lambda: [t for t, in operator.execute("SELECT tenant_id FROM llmspell.tenant_list(10000)")]
check("sees two tenants", tenants() == ["acme", "globex"])
erased = operator.execute("SELECT sum(row_count) FROM llmspell.tenant_erase('globex', dry_run => false)").fetchone()[0]
check(f"erases globex: {erased} rows", tenants() == ["acme"])
months = lambda state: operator.execute("SELECT count(*) FROM llmspell.event_log_partition_list() WHERE state = %s", [state]).fetchone()[0]
before = acme.one("SELECT events FROM llmspell.event_stats()")
operator.execute("SELECT llmspell.event_log_retention_set('1 year', 'archive')")
steps = operator.execute("SELECT task, detail FROM llmspell.maintenance_run()").fetchall()
after, gone = acme.one("SELECT events FROM llmspell.event_stats()"), months("archived")
first = operator.execute("SELECT min(month)::timestamptz FROM llmspell.event_log_partition_list() WHERE state = 'attached'").fetchone()[0]
check(f"keeps events for a year: maintenance takes {len(steps)} steps without error, archives {gone} months with {before - after} events",
      not any(detail.startswith("error") for _, detail in steps) and after == sum(time >= first for _, time, *_ in commits))
for month, in operator.execute("SELECT month FROM llmspell.event_log_partition_list() WHERE state = 'archived'").fetchall():
    operator.execute("SELECT llmspell.event_log_attach(%s)", [month])
check("brings them back", acme.one("SELECT events FROM llmspell.event_stats()") == before and months("archived") == 0)
check("acme has all its files", acme.one("SELECT llmspell.kv_count('file:')") == len(files))
check("verify() finds no fault", not acme("SELECT FROM llmspell.verify()"))
print(f"\ndemo: {client.checks_passed} checks passed")
