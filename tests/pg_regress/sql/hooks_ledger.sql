-- The security ledger of hooks: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain hooks
\i `echo $PG_ABS_SRCDIR/ledger.psql`
