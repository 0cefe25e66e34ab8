-- The security ledger of patterns: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain patterns
\i `echo $PG_ABS_SRCDIR/ledger.psql`
