-- The security ledger of vectors: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain vectors
\i `echo $PG_ABS_SRCDIR/ledger.psql`
