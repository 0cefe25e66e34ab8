-- The security ledger of storage: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain storage
\i `echo $PG_ABS_SRCDIR/ledger.psql`
