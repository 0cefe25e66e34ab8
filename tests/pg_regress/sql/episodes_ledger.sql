-- The security ledger of episodes: rights, attributes and triggers.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\set domain episodes
\i `echo $PG_ABS_SRCDIR/ledger.psql`
