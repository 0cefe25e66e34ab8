-- The security ledger of artifacts: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain artifacts
\i `echo $PG_ABS_SRCDIR/ledger.psql`
