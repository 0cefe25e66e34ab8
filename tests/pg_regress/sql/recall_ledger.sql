-- The security ledger of recall: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain recall
\i `echo $PG_ABS_SRCDIR/ledger.psql`
