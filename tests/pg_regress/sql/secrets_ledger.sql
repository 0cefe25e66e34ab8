-- The security ledger of secrets: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain secrets
\i `echo $PG_ABS_SRCDIR/ledger.psql`
