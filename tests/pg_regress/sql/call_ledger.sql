-- The security ledger of call: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain call
\i `echo $PG_ABS_SRCDIR/ledger.psql`
