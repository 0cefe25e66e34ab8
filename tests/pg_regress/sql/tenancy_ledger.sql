-- The security ledger of tenancy: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain tenancy
\i `echo $PG_ABS_SRCDIR/ledger.psql`
