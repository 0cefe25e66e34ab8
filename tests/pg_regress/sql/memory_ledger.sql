-- The security ledger of memory: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain memory
\i `echo $PG_ABS_SRCDIR/ledger.psql`
