-- The security ledger of sessions: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain sessions
\i `echo $PG_ABS_SRCDIR/ledger.psql`
