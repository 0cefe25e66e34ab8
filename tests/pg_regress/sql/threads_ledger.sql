-- The security ledger of threads: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain threads
\i `echo $PG_ABS_SRCDIR/ledger.psql`
