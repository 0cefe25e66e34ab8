"""A thin client: a connection of the application, whose every call is a transaction that sets its tenant first."""
import sys

import psycopg

checks_passed = 0


def check(what, ok):
    global checks_passed
    checks_passed += 1
    print(f"  {'ok' if ok else 'FAILED'}  {what}")
    if not ok:
        sys.exit(f"demo: failed: {what}")


class Tenant:
    """A connection of the application for one tenant."""

    def __init__(self, name):
        self.name, self.connection = name, psycopg.connect(user="demo_app", autocommit=True)

    def __call__(self, query, *values, many=None):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("SELECT llmspell.tenant_set(%s)", [self.name])
            cursor.execute(query, values) if many is None else cursor.executemany(query, many)
            return cursor.fetchall() if many is None and cursor.description else cursor.rowcount

    def call(self, function, *values, **named):
        """The rows that a function of the extension returns."""
        marks = ["%s"] * len(values) + [f"{name} => %s" for name in named]
        return self(f"SELECT * FROM llmspell.{function}({', '.join(marks)})", *values, *named.values())

    def one(self, query, *values):
        return self(query, *values)[0][0]

    def insert(self, table, columns, rows, then=""):
        marks = ", ".join(["%s"] * (columns.count(",") + 2))
        self(f"INSERT INTO llmspell.{table} AS t (tenant_id, {columns}) VALUES ({marks}) {then}", many=[(self.name, *row) for row in rows])


def state(call, *arguments, **named):
    """The SQLSTATE that a call fails with, None if it succeeds."""
    try:
        call(*arguments, **named)
    except psycopg.Error as error:
        return error.sqlstate
