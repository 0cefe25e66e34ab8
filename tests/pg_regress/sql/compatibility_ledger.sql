-- The security ledger of compatibility: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain compatibility
\i `echo $PG_ABS_SRCDIR/ledger.psql`
