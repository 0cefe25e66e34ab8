-- The security ledger of items: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain items
\i `echo $PG_ABS_SRCDIR/ledger.psql`
