"""llmspell on the command line: the state of a tenant, the health of a database, artifacts in and out."""

from __future__ import annotations

import argparse
import contextlib
import json
import mimetypes
import os
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import psycopg

from .errors import Conflict
from .tenant import Tenant

DONE, FAULTS, USAGE, UNREACHABLE, ABSENT = 0, 1, 2, 3, 4
_PART = 4 << 20


class Stop(Exception):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: int = FAULTS) -> None:
        super().__init__(message)
        self.code = code


def _table(rows: list[tuple[Any, ...]], heads: tuple[str, ...] = ()) -> Iterator[str]:
    """Lines with columns of equal width; numbers stand to the right."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[n]) for line in [*cells, list(heads) or cells[0]]) for n in range(len(rows[0]))] if rows else [len(head) for head in heads]
    if heads:
        yield "  ".join(head.ljust(width) for head, width in zip(heads, widths)).rstrip()
        yield "  ".join("-" * width for width in widths)
    for row, line in zip(rows, cells):
        yield "  ".join(cell.rjust(width) if isinstance(value, int) else cell.ljust(width) for value, cell, width in zip(row, line, widths)).rstrip()


def _status(tenant: Tenant, given: argparse.Namespace) -> int:
    found = tenant.status()
    if given.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return DONE
    rows = [(store, count) for store, count in sorted(found["rows"].items()) if count or given.all]
    empty = len(found["rows"]) - len(rows)
    print(f"tenant {found['tenant']}, {sum(count for _, count in rows):,} rows\n")
    print("\n".join(_table(rows, ("store", "rows"))))
    if empty:
        print(f"{empty} stores are empty (--all shows them)")
    for part in ("versions", "settings"):
        print(f"\n{part}")
        print("\n".join(_table([(f"  {name}", "none" if value in (None, "") else value) for name, value in sorted(found[part].items())])))
    return DONE


def _doctor(tenant: Tenant, given: argparse.Namespace) -> int:
    faults = 0

    def report(what: str, fault: str | None = None, remedy: str | None = None) -> None:
        nonlocal faults
        faults += fault is not None
        print(f"{'ok   ' if fault is None else 'FAULT'}  {what}{f': {fault}' if fault else ''}")
        if fault and remedy:
            print(f"       {remedy}")

    with tenant.transaction() as transaction:
        server, extension = transaction.execute("SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname IN ('llmspell', 'llmspell_ext'))").fetchone() or ("", None)
        report(f"connected to PostgreSQL {server}")
        if extension is None:
            report("extension", "llmspell is not in this database", "As a superuser: CREATE EXTENSION llmspell CASCADE;")
            return FAULTS
    try:
        library, client = tenant.version(), version("llmspell")
    except psycopg.errors.InsufficientPrivilege as error:
        report("role", error.diag.message_primary, "As a superuser: GRANT llmspell_app TO the role.")
        return FAULTS
    report(f"extension {extension}, library {library}", None if extension == library else "they differ",
           "As a superuser: ALTER EXTENSION llmspell UPDATE; then let clients connect anew.")
    report(f"client {client}", None if client == extension else f"the extension is {extension}", f"pip install 'llmspell=={extension}'")
    who = tenant.whoami()
    held = [name for name, holds in (("a superuser", who.superuser), ("free of row level security", who.bypassrls)) if holds]
    report(f"role {who.role}", f"it is {' and '.join(held)}" if held else None, who.hint or "Connect as a login role that is a member of llmspell_app.")
    for row in (rows := tenant.verify()):
        report(f"{row.component} {row.object}", row.fault)
    if not rows:
        report("verify() finds no fault" + (f" of tenant {given.tenant}" if given.tenant else ""))
    if given.tenant:
        checks = tenant.verify_isolation()
        for check in checks:
            if not check.ok:
                report(f"isolation: {check.check_name}", check.detail or "does not hold")
        if all(check.ok for check in checks):
            report(f"the wall holds in {len(checks)} checks")
    print(f"\n{faults} fault{'s' if faults != 1 else ''}" if faults else "\nall is well")
    return FAULTS if faults else DONE


def _hasher() -> Any:
    try:
        from blake3 import blake3
    except ImportError:
        raise Stop("contents are checked by BLAKE3, which needs a package: pip install 'llmspell[cli]'", USAGE) from None
    return blake3()


class _Progress:
    """A line on the error output that says how much is done; none where it is no terminal."""

    def __init__(self, name: str, size: int, shown: bool | None) -> None:
        self._name, self._size, self._shown = name, size, sys.stderr.isatty() if shown is None else shown
        self._began = time.monotonic()

    def at(self, done: int) -> None:
        if self._shown:
            share = done / self._size if self._size else 1.0
            speed = done / 1e6 / max(time.monotonic() - self._began, 1e-3)
            bar = "#" * int(share * 30)
            print(f"\r{self._name[:40]} [{bar:<30}] {share:4.0%} {done / 1e6:.1f} of {self._size / 1e6:.1f} MB, {speed:.1f} MB/s", end="\n" if done >= self._size else "", file=sys.stderr, flush=True)


def _session(name: str) -> dict[str, Any]:
    try:
        return {"session_id": UUID(name)}
    except ValueError:
        return {"session_name": name}


def _begin(tenant: Tenant, given: argparse.Namespace, name: str, mime_type: str) -> UUID:
    arguments = {**_session(given.session), "name": name, "mime_type": mime_type, "tags": given.tag or None}
    try:
        return tenant.artifact_upload_begin(**arguments)
    except psycopg.errors.NoDataFound:
        if "session_id" in arguments:
            raise
    with contextlib.suppress(Conflict):  # somebody else has made it since
        tenant.session_create(name=given.session)
    return tenant.artifact_upload_begin(**arguments)


def _put(tenant: Tenant, given: argparse.Namespace) -> int:
    hasher = _hasher()
    name = given.name or ("stdin" if given.file == "-" else Path(given.file).name)
    with contextlib.ExitStack() as stack:
        if given.file == "-":
            file: IO[bytes] = sys.stdin.buffer
            size = 0
        else:
            file = stack.enter_context(open(given.file, "rb"))
            size = os.fstat(file.fileno()).st_size
        progress = _Progress(name, size, given.progress)
        upload = _begin(tenant, given, name, given.type or mimetypes.guess_type(name)[0] or "application/octet-stream")
        try:
            done = 0
            while part := file.read(_PART):
                hasher.update(part)
                done = tenant.artifact_upload_append(upload, done, part)
                progress.at(done)
            stored = tenant.artifact_upload_finish(upload, expected_hash=hasher.hexdigest())
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                tenant.artifact_upload_abort(upload)
            raise
    print(f"{name} version {stored.version}, {stored.size_bytes:,} bytes, {stored.stored_bytes:,} of them new{'' if stored.created else ', as it was'}")
    print(stored.artifact_id)
    return DONE


def _get(tenant: Tenant, given: argparse.Namespace) -> int:
    hasher = _hasher()
    # An id has the session's, a sequence and a hash.
    by_id = given.name.count(":") == 2 and len(given.name.rpartition(":")[2]) == 64
    found = None
    with contextlib.suppress(psycopg.errors.NoDataFound):  # no such session
        found = tenant.artifact_info(artifact_id=given.name) if by_id else tenant.artifact_info(name=given.name, version=given.version, **_session(given.session))
    if found is None:
        raise Stop(f"there is no artifact {given.name}" + ("" if by_id else f" in session {given.session}"), ABSENT)
    target = None if given.file == "-" else Path(given.file or Path(found.name).name)
    if target is not None and target.exists() and not given.force:
        raise Stop(f"{target} exists (--force replaces it)")
    progress = _Progress(found.name, found.size_bytes, given.progress)

    def copy(file: IO[bytes]) -> None:
        done = 0
        while done < found.size_bytes:
            part = tenant.artifact_get_range(found.artifact_id, done, min(_PART, found.size_bytes - done))
            if not part:
                raise Stop(f"{found.artifact_id} was deleted meanwhile", ABSENT)
            hasher.update(part)
            file.write(part)
            done += len(part)
            progress.at(done)
        file.flush()
        if hasher.hexdigest() != found.content_hash:
            raise Stop(f"the content has hash {hasher.hexdigest()}, not {found.content_hash} (artifact_migrate() changes hashes of older clients)")

    if target is None:
        copy(sys.stdout.buffer)
        return DONE
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(partial, "xb") as file:
            copy(file)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{target}, {found.size_bytes:,} bytes, version {found.version}")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llmspell", description="Looks after the llmspell database of a platform for LLM agents.",
                                     epilog="Exit codes: 0 done, 1 refused or faults found, 2 wrong usage, 3 no connection, 4 no such artifact.")
    parser.add_argument("--version", action="version", version=f"llmspell {version('llmspell')}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dsn", default=os.environ.get("LLMSPELL_DSN", ""), help="how to connect; LLMSPELL_DSN, or libpq's environment (PGHOST, …), if it is not given")
    common.add_argument("--tenant", default=os.environ.get("LLMSPELL_TENANT", ""), help="the tenant; LLMSPELL_TENANT if it is not given")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    status = commands.add_parser("status", parents=[common], help="rows, versions and settings of a tenant")
    status.add_argument("--all", action="store_true", help="show empty stores, too")
    status.add_argument("--json", action="store_true", help="print what status() returns")
    status.set_defaults(run=_status)

    doctor = commands.add_parser("doctor", parents=[common], help="role, versions, verify(), the wall, and what to do")
    doctor.set_defaults(run=_doctor)

    files = argparse.ArgumentParser(add_help=False)
    files.add_argument("--session", default="files", help="name or id of the session; %(default)s if it is not given")
    files.add_argument("--progress", action=argparse.BooleanOptionalAction, default=None, help="show how much is done; on a terminal if it is not given")

    put = commands.add_parser("put", parents=[common, files], help="store a file as an artifact")
    put.add_argument("file", metavar="FILE", help="the file; - for the standard input")
    put.add_argument("--name", help="its name; that of the file if it is not given")
    put.add_argument("--type", help="its media type; guessed from the name if it is not given")
    put.add_argument("--tag", action="append", help="a tag; may be given more than once")
    put.set_defaults(run=_put)

    get = commands.add_parser("get", parents=[common, files], help="write an artifact into a file")
    get.add_argument("name", metavar="NAME", help="name in the session, or id")
    get.add_argument("file", metavar="FILE", nargs="?", help="the file; - for the standard output; that of the name if it is not given")
    get.add_argument("--artifact-version", dest="version", type=int, help="the version; the newest if it is not given")
    get.add_argument("--force", action="store_true", help="replace a file that exists")
    get.set_defaults(run=_get)
    return parser


def _run(given: argparse.Namespace) -> int:
    if not given.tenant and given.command != "doctor":
        raise Stop("a tenant is needed: --tenant or LLMSPELL_TENANT", USAGE)
    try:
        connection = psycopg.connect(given.dsn, autocommit=True, prepare_threshold=None, fallback_application_name="llmspell")
    except psycopg.OperationalError as error:
        raise Stop(f"cannot connect: {str(error).strip()}", UNREACHABLE) from None
    with connection:
        try:
            result: int = given.run(Tenant(given.tenant, connection), given)
            return result
        except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction):
            raise Stop("llmspell is not in this database, or older than this client: llmspell doctor says more") from None


def main() -> None:
    given = _parser().parse_args()
    try:
        code = _run(given)
        sys.stdout.flush()
    except Stop as stop:
        print(f"llmspell: {stop}", file=sys.stderr)
        code = stop.code
    except psycopg.Error as error:
        hint = error.diag.message_hint
        print(f"llmspell: {error.diag.message_primary or str(error).strip()}{f' ({hint})' if hint else ''}", file=sys.stderr)
        code = UNREACHABLE if isinstance(error, psycopg.OperationalError) and error.sqlstate is None else FAULTS
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAULTS
    except OSError as error:
        print(f"llmspell: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        code = FAULTS
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
