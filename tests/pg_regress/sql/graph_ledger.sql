-- The security ledger of graph: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain graph
\i `echo $PG_ABS_SRCDIR/ledger.psql`
