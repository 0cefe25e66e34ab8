-- The security ledger of imports: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain imports
\i `echo $PG_ABS_SRCDIR/ledger.psql`
