"""Two arms of one operation, measured side by side on one server.

Calls go to libpq's prepared statements directly, so what is timed is the round
trip and the server, not a driver. The arms take turns every few calls, so the
machine's drift hits both alike. The ratio of a round is that of the median calls
(of the whole time with several clients, and where a call writes many rows), and the median of the rounds is shown.
WAL is counted for the measured backend alone, without full page images, which
repeats and does not depend on the last checkpoint, and with them right after one.
"""

import argparse
import json
import os
import pathlib
import secrets
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Sequence

import psycopg
from psycopg import pq, sql

BUILD = pathlib.Path(os.environ.get("LLMSPELL_BUILD") or pathlib.Path(__file__).resolve().parent.parent / ".build")
TENANT, OTHERS = "acme", ("bolt", "cove", "dune")


@dataclass
class Op:
    """One operation. An arm is a statement, or a list of statements that count as one call."""

    name: str
    arms: Sequence[str | Sequence[str]]  # (ours, guide)
    params: Callable  # call number -> the statement's parameters (a list of them for a list of statements)
    guide_params: Callable | None = None  # where the second arm's differ
    bound: float | None = None  # the ratio to reach; above 1 the first arm is faster
    wal_bound: float | None = None  # the WAL ratio not to exceed
    target: str = ""  # the guide's p50 / p95 / p99 in ms
    reads: bool = False  # writes nothing, and both arms must return equally many rows
    prepared: bool = True
    durable: bool = True  # else with synchronous_commit = off, where the disk hides what the statements cost
    clients: int = 1
    limit: int | None = None  # how many calls the data allows
    rows: int = 0  # rows that one call writes, where rows per second are wanted
    setup: Sequence[str] = ()  # statements that each session begins with


@dataclass
class Calls:
    """One operation of two client libraries: what is timed is all that their user waits for."""

    name: str
    arms: Sequence[Callable]  # (ours, theirs), each called with the call number
    bound: float | None = None  # the ratio to reach; above 1 the first arm is faster
    count: int = 50  # calls of each arm in a round
    chunk: int = 5  # calls after which the arms take turns
    rounds: int | None = None


class Session:
    """A connection of the app role with its tenant set and one operation's statements prepared."""

    def __init__(self, bench, op):
        self.conn, self.op, self.rows = bench.connect_app(), op, [0, 0]
        self.pg, self.arms = self.conn.pgconn, [[a] if isinstance(a, str) else list(a) for a in op.arms]
        if not op.durable:
            self.conn.execute("SET synchronous_commit = off")
        for statement in op.setup:
            self.conn.execute(statement)
        for arm, n, text in ((arm, n, text) for arm in (0, 1) for n, text in enumerate(self.arms[arm])):
            check(self.pg.prepare(b"s%d_%d" % (arm, n), text.encode()))

    def statements(self, arm, params):
        for n, (text, values) in enumerate(zip(self.arms[arm], params if isinstance(params, list) else [params], strict=True)):
            yield (f"s{arm}_{n}" if self.op.prepared else text), values

    def control(self, arm, name):
        """Whether a statement begins or ends a transaction."""
        return self.arms[arm][int(name.split("_")[1])] in ("BEGIN", "COMMIT")

    def encode(self, arm, params):
        """A call as libpq wants it, made before the clock starts."""
        return [(name.encode(),
                 [v if isinstance(v, bytes) else None if v is None else str(v).encode() for v in values],
                 [int(isinstance(v, bytes)) for v in values])
                for name, values in self.statements(arm, params)]

    def run(self, arm, calls):
        """Latencies in ns."""
        pg, clock, times = self.pg, time.perf_counter_ns, []
        for call in calls:
            start = clock()
            for name, values, formats in call:
                result = check(pg.exec_prepared(name, values, formats, 1) if self.op.prepared
                               else pg.exec_params(name, values, None, formats, 1))
            times.append(clock() - start)
            self.rows[arm] += result.ntuples
        return times

    def buffers(self, arm, params):
        """Pages touched by the plan of one call, which is undone."""
        total = 0
        with self.conn.transaction(force_rollback=True):
            for name, values in self.statements(arm, params):
                if self.control(arm, name):
                    continue
                literals = ", ".join(sql.Literal(v).as_string(self.conn) for v in values)
                call = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name}" + (f"({literals})" if values else "")
                top = self.conn.execute(call).fetchone()[0][0]["Plan"]
                total += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        return total

    def wal(self, bench):
        """Bytes that this backend has written so far."""
        self.conn.execute("SELECT pg_stat_force_next_flush()")
        return bench.admin.execute("SELECT wal_bytes::bigint FROM pg_stat_get_backend_wal(%s)",
                                   [self.conn.info.backend_pid]).fetchone()[0]


def check(result):
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise RuntimeError(result.error_message.decode(errors="replace").strip())
    return result


def say(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def percentiles(times):
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return [cuts[n] / 1e6 for n in (49, 94, 98)]


class Bench:
    def __init__(self, name, doc, labels=("ours", "guide"), rounds=16, block=0.3):
        cli = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        cli.add_argument("--quick", action="store_true", help="little data, few rounds: a smoke test")
        cli.add_argument("--full", action="store_true", help="the largest data")
        cli.add_argument("--check", action="store_true", help="exit 1 when a bound is missed")
        cli.add_argument("--rounds", type=int, help="rounds per operation")
        args = cli.parse_args()
        self.name, self.labels, self.doc, self.calls, self.notes = name, labels, " ".join(doc.split()), {}, []
        self.quick, self.full, self.strict = args.quick, args.full, args.check
        self.rounds, self.wal_calls = args.rounds or (4 if self.quick else rounds), 100 if self.quick else 2000
        self.block = 0.05 if self.quick else block  # seconds
        self.below = False
        self.admin = psycopg.connect(dbname=os.environ.get("LLMSPELL_BENCH_DB", "llmspell_bench"), autocommit=True)
        self.password = secrets.token_hex(16)
        # What a bench before this one made, large objects among it, would keep the role.
        if self.admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'bench_app'").fetchone():
            self.admin.execute("DROP OWNED BY bench_app; DROP ROLE bench_app")
        self.admin.execute(f"CREATE ROLE bench_app LOGIN PASSWORD '{self.password}' IN ROLE llmspell_app")

    def conninfo(self):
        info = self.admin.info
        host = "127.0.0.1" if info.host.startswith("/") else info.host  # applications come over TCP
        return psycopg.conninfo.make_conninfo(host=host, port=info.port, dbname=info.dbname, user="bench_app", password=self.password)

    def connect_app(self):
        conn = psycopg.connect(self.conninfo(), autocommit=True)
        conn.execute("SELECT set_config('app.current_tenant_id', %s, false)", [TENANT])
        return conn

    def seed(self, tables, *statements):
        """Runs the statements with each schema for {s}; both arms then start vacuumed and analyzed."""
        for schema in ("llmspell", "guide"):
            for statement in [*statements, *(f"VACUUM (FREEZE, ANALYZE) {{s}}.{table}" for table in tables)]:
                self.admin.execute(statement.replace("{s}", schema))
        self.admin.execute("CHECKPOINT")
        say(f"{self.name}: data ready")

    def take(self, op, count):
        """The next calls' parameters, for each arm; no call number comes twice."""
        first = self.calls.get(op.name, 0)
        self.calls[op.name] = first + count
        ours = [op.params(i) for i in range(first, first + count)]
        return list(zip(ours, [op.guide_params(i) for i in range(first, first + count)] if op.guide_params else ours))

    def space(self, what, ours, other, bound):
        """Notes how much room the same takes, in bytes; at least `bound` times less is wanted."""
        self.below = self.below or not self.quick and other < ours * bound
        verdict = "" if self.quick else ", below" if other < ours * bound else ", pass"
        self.notes.append(f"{what}: {ours / 1e6:.2f} MB / {other / 1e6:.2f} MB, {other / ours:.1f}x less (bound >= {bound}x{verdict})")
        say(self.notes[-1])

    def run(self, *ops):
        """Reads on the vacuumed data, then WAL, then the timing of writes, which gets as far as the machine is fast."""
        found = {op.name: self.measure(op) for op in ops if op.reads}
        wal = self.measure_wal([op for op in ops if not op.reads])
        found |= {op.name: self.measure(op, *wal[op.name]) for op in ops if not op.reads}
        self.finish([found[op.name] for op in ops])

    def finish(self, results):
        """Prints and keeps the results; the program's exit code tells whether bounds were missed, where they are checked."""
        report = {"bench": self.name, "doc": self.doc, "labels": self.labels, "at": time.strftime("%Y-%m-%d"),
                  "rounds": self.rounds, "scale": "quick" if self.quick else "full" if self.full else "default",
                  "results": results, "notes": self.notes}
        path = BUILD / "bench" / f"{self.name}{'.quick' if self.quick else ''}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n")
        print("\n".join([table(report), *self.notes]))
        sys.exit(self.strict and (self.below or any(r["verdict"] == "below" for r in results)))

    def measure_wal(self, ops):
        """{name: [bytes per call of each arm without full page images, the same with them after a checkpoint]}"""
        found = {op.name: [] for op in ops}
        try:
            for images in ("off", "on"):
                self.admin.execute(f"ALTER SYSTEM SET full_page_writes = {images}")
                self.admin.execute("SELECT pg_reload_conf()")
                for op in ops:
                    session, params, written = Session(self, op), self.take(op, self.wal_calls), []
                    session.conn.execute("SET synchronous_commit = off")  # the same bytes, sooner
                    self.admin.execute("CHECKPOINT")  # the checkpointer reads the setting first
                    for arm in (0, 1):
                        calls = [session.encode(arm, p[arm]) for p in params]
                        before = session.wal(self)
                        session.run(arm, calls)
                        written.append((session.wal(self) - before) / len(params))
                    session.conn.close()
                    found[op.name].append(written)
        finally:
            self.admin.execute("ALTER SYSTEM RESET full_page_writes")
            self.admin.execute("SELECT pg_reload_conf()")
        return found

    def measure_calls(self, op):
        """Both libraries in turns; the ratio of a round is that of its median calls."""
        clock, number, rounds = time.perf_counter_ns, 0, []
        count = max(2, op.count // 5) if self.quick else op.count
        for _ in range(self.rounds if op.rounds is None or self.quick else op.rounds):
            times = [[], []]
            for first in range(0, count, op.chunk):
                calls = range(number, number := number + min(op.chunk, count - first))
                for arm in ((0, 1), (1, 0))[first // op.chunk % 2]:
                    for i in calls:
                        start = clock()
                        op.arms[arm](i)
                        times[arm].append(clock() - start)
            rounds.append(times)
        return self.verdict(op.name, [statistics.median(t[1]) / statistics.median(t[0]) for t in rounds],
                            [[t for times in rounds for t in times[arm]] for arm in (0, 1)], op.bound)

    def verdict(self, name, ratios, times, bound):
        """The result of an operation of which only ratios and times are known."""
        ratios = sorted(ratios)
        ratio = statistics.median(ratios)
        say(f"{name}: {ratio:.2f}x ({ratios[len(ratios) // 4]:.2f} to {ratios[-len(ratios) // 4]:.2f})")
        return {"op": name, "ratio": ratio, "ratios": ratios, "bound": bound, "wal": None, "wal_ratio": None, "wal_bound": None, "wal_images": None,
                "pages": None, "target": "", "verdict": "" if self.quick or not bound else "pass" if ratio >= bound else "below",
                "times": [percentiles(t) if len(t) > 1 else [t[0] / 1e6] * 3 for t in times], "rate": [0, 0]}

    def measure(self, op, wal=None, wal_images=None):
        sessions = [Session(self, op) for _ in range(op.clients)]
        chunk = 5 if op.clients == 1 else 50
        with ThreadPoolExecutor(op.clients) as pool:
            every = map if op.clients == 1 else pool.map

            def both(count):
                """One round: `count` calls of each client and arm, in chunks that take turns."""
                took, times = [0, 0], [[], []]
                for n in range(0, count, chunk):
                    batches = [self.take(op, min(chunk, count - n)) for _ in sessions]
                    for arm in ((0, 1), (1, 0))[n // chunk % 2]:
                        jobs = [[s.encode(arm, p[arm]) for p in batch] for s, batch in zip(sessions, batches)]
                        start = time.perf_counter_ns()
                        blocks = list(every(lambda s, calls: s.run(arm, calls), sessions, jobs))
                        took[arm] += time.perf_counter_ns() - start
                        times[arm] += [t for block in blocks for t in block]
                return took, times

            both(10)  # past the custom plans that a prepared statement begins with
            count = int(min(max(6, self.block * 1e10 / max(both(10)[0])), 3000))
            if op.limit:
                count = min(count, (op.limit - self.calls[op.name] - 100) // (self.rounds * op.clients))
            rounds = [both(count) for _ in range(self.rounds)]
        rows = [sum(s.rows[arm] for s in sessions) for arm in (0, 1)]
        if op.reads and rows[0] != rows[1]:
            raise RuntimeError(f"{op.name}: the arms returned {rows} rows")
        pages = op.prepared and [statistics.median(sessions[0].buffers(arm, p[arm]) for p in self.take(op, 5)) for arm in (0, 1)]
        for s in sessions:
            s.conn.close()
        # What a bulk of rows leaves to do for a later call is part of its price.
        ratios = sorted(took[1] / took[0] if op.clients > 1 or op.rows else statistics.median(times[1]) / statistics.median(times[0])
                        for took, times in rounds)
        ratio, wal_ratio = statistics.median(ratios), wal[0] / wal[1] if wal else None
        passed = [ratio >= op.bound] if op.bound else []
        passed += [wal_ratio <= op.wal_bound] if op.wal_bound else []
        say(f"{op.name}: {ratio:.2f}x ({ratios[len(ratios) // 4]:.2f} to {ratios[-len(ratios) // 4]:.2f})")
        return {"op": op.name, "ratio": ratio, "ratios": ratios, "bound": op.bound, "wal": wal, "wal_ratio": wal_ratio,
                "wal_bound": op.wal_bound, "wal_images": wal_images, "pages": pages, "target": op.target,
                "verdict": "" if self.quick or not passed else "pass" if all(passed) else "below",
                "times": [percentiles([t for _, times in rounds for t in times[a]]) for a in (0, 1)],
                "rate": [statistics.median(op.rows * count * op.clients * 1e9 / took[a] for took, _ in rounds) for a in (0, 1)]}


def table(report):
    """Markdown that also reads well on a terminal; columns without content are left out."""
    if not report["results"]:
        return ""
    a, b = report["labels"]
    lines = [["operation", f"ratio ({b} / {a} time)", "WAL bytes per call", "with page images", "pages", "bound", "",
              f"{a} p50/p95/p99 ms", f"{b} p50/p95/p99 ms", "guide's target ms", f"rows/s {a} / {b}"]]
    for r in report["results"]:
        bounds = ([f">= {r['bound']:.3g}x"] if r["bound"] else []) + ([f"WAL <= {r['wal_bound']}x"] if r["wal_bound"] else [])
        lines.append([r["op"], f"{r['ratio']:.2f}x",
                      *("{:.0f} / {:.0f} = {:.2f}x".format(*w, w[0] / w[1]) if w else "" for w in (r["wal"], r["wal_images"])),
                      "{:.0f} / {:.0f}".format(*r["pages"]) if r["pages"] else "", ", ".join(bounds), r["verdict"],
                      *(" / ".join(f"{x:.2f}" if x >= 1 else f"{x:.2g}" for x in times) for times in r["times"]), r["target"],
                      "{:,.0f} / {:,.0f}".format(*r["rate"]) if r["rate"][0] else ""])
    keep = [n for n in range(len(lines[0])) if n == 0 or any(line[n] for line in lines[1:])]
    widths = [max(len(line[n]) for line in lines) for n in keep]
    rows = ["| " + " | ".join(line[n].ljust(w) for n, w in zip(keep, widths)) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *rows[1:]])
