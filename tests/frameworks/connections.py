"""Ways to the test's database: directly, and through PgBouncer in transaction mode with one server connection."""

import contextlib
import sys

from lib import ROLE, ROOT, Skip

sys.path.insert(0, str(ROOT / "tests/pooling"))
import test_pgbouncer as pgbouncer


def dsn():
    return f"user={ROLE}"


@contextlib.contextmanager
def pooled():
    if not pgbouncer.BOUNCER:
        raise Skip("pgbouncer is not installed (package pgbouncer)")
    try:
        yield f"host=127.0.0.1 port={pgbouncer.start()} dbname=pooled user={ROLE}"
    finally:
        if pgbouncer.pooler:
            pgbouncer.pooler.terminate()
            pgbouncer.pooler.wait(10)
