-- The security ledger of operate: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain operate
\i `echo $PG_ABS_SRCDIR/ledger.psql`
