-- The security ledger of base: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain base
\i `echo $PG_ABS_SRCDIR/ledger.psql`
