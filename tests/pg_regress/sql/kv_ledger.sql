-- The security ledger of kv: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain kv
\i `echo $PG_ABS_SRCDIR/ledger.psql`
