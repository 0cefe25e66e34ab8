-- The security ledger of workflows: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain workflows
\i `echo $PG_ABS_SRCDIR/ledger.psql`
