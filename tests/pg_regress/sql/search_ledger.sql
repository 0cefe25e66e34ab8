-- The security ledger of search: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain search
\i `echo $PG_ABS_SRCDIR/ledger.psql`
