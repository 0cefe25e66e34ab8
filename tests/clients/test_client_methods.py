#!/usr/bin/env -S python3 -m pytest
"""The generated methods of the client package are those of the catalog."""

import subprocess
import sys

from lib import ROOT, equal, server, test

MEMBER_OF = None


def check():
    done = subprocess.run([sys.executable, str(ROOT / "clients/generate.py"), "--check"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr.strip()


@test
def up_to_date():
    """the files that scripts/client-methods writes are as the catalog says; a function that is added, changed or commented anew is found out"""
    equal(check(), (0, ""))
    with server() as owner:
        for change, back in (("COMMENT ON FUNCTION llmspell.version() IS 'Another.'", None),
                             ("ALTER FUNCTION llmspell.kv_list(text, int, text) ROWS 1", "ALTER FUNCTION llmspell.kv_list(text, int, text) ROWS 1000"),
                             ("CREATE FUNCTION llmspell.added() RETURNS int LANGUAGE sql RETURN 1; COMMENT ON FUNCTION llmspell.added() IS 'Added.'; GRANT EXECUTE ON FUNCTION llmspell.added() TO llmspell_app", "DROP FUNCTION llmspell.added()")):
            back = back or "COMMENT ON FUNCTION llmspell.version() IS $$" + owner.execute("SELECT obj_description('llmspell.version()'::regprocedure)").fetchone()[0] + "$$"
            owner.execute(change)
            code, message = check()
            owner.execute(back)
            equal((code, "scripts/client-methods" in message), (1, True), f"{change}: {message}")
    equal(check(), (0, ""))
