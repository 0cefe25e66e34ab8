-- The security ledger of events: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain events
\i `echo $PG_ABS_SRCDIR/ledger.psql`
