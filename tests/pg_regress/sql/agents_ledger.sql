-- The security ledger of agents: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain agents
\i `echo $PG_ABS_SRCDIR/ledger.psql`
