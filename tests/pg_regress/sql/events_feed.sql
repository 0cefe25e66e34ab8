-- The feed: cursors, consumers, epochs.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-feed';
SELECT llmspell.event_subscribe('first') IS NULL AS at_the_beginning, llmspell.event_subscribe('later', from_now => true) IS NOT NULL AS at_the_end;
SELECT count(*) FROM llmspell.event_append_many('[{"event_type": "f.1", "payload": 1}, {"event_type": "f.2", "payload": 2}]');
SELECT count(*) FROM llmspell.event_append('f.3', '3');
SELECT event_type, next_cursor ~ '^\d+/\d+/\d+$' AS cursor FROM llmspell.events_after();
SELECT event_type FROM llmspell.events_after(llmspell.event_subscribe('later'));
-- the own transaction's events come after it
BEGIN;
SELECT count(*) FROM llmspell.event_append('f.4', '4');
SELECT count(*) FROM llmspell.events_after();
SELECT held_events, seconds < 60 AS recent, blocker_pid FROM llmspell.event_feed_lag();
COMMIT;
SELECT held_events, seconds FROM llmspell.event_feed_lag();
-- pages by cursor
SELECT string_agg(a.event_type || b.event_type || coalesce(c.event_type, '-'), ' ') FROM llmspell.events_after(NULL, 2) a
LEFT JOIN LATERAL (SELECT * FROM llmspell.events_after(a.next_cursor, 1)) b ON true LEFT JOIN LATERAL (SELECT * FROM llmspell.events_after(b.next_cursor, 1)) c ON true;
-- consumers
SELECT llmspell.event_ack('first', (SELECT next_cursor FROM llmspell.events_after() WHERE event_type = 'f.2')) = llmspell.event_subscribe('first') AS kept;
SELECT event_type FROM llmspell.events_after(llmspell.event_subscribe('first'));
SELECT llmspell.event_ack('first', '1/1/1') = (SELECT next_cursor FROM llmspell.events_after() WHERE event_type = 'f.2') AS never_back;
SELECT llmspell.event_unsubscribe('first'), llmspell.event_unsubscribe('first');
SELECT regress.try(s) FROM unnest(ARRAY['SELECT llmspell.event_ack(''first'', ''1/1/1'')', 'SELECT llmspell.event_ack(''later'', NULL)', 'SELECT llmspell.event_ack(''later'', ''x'')', 'SELECT FROM llmspell.events_after(''1/2'')',
    'SELECT FROM llmspell.events_after(''-1/2/3'')', 'SELECT FROM llmspell.events_after(''1/99999999999999999999/3'')', 'SELECT FROM llmspell.events_after(''9999999999/1/3'')', 'SELECT FROM llmspell.events_after(max_rows => -1)',
    'SELECT llmspell.event_subscribe('''')', 'SELECT llmspell.event_subscribe(NULL)', 'SELECT llmspell.event_subscribe(repeat(''c'', 256))', 'SELECT llmspell.event_subscribe(''c'', NULL)', 'SELECT llmspell.event_unsubscribe(NULL)']) s;
SELECT count(*) FROM llmspell.events_after('99/1/1');
-- positions begin anew with each transaction, so a session tells nothing of what it wrote for others
SELECT count(*) FROM llmspell.event_append('f.5', '5');
SELECT max(feed_pos), count(DISTINCT feed_xid) FROM llmspell.event_log;
-- events that another cluster wrote are all served, before those of this one, whatever their transactions were called
RESET SESSION AUTHORIZATION;
BEGIN;
UPDATE llmspell._feed_epochs SET system_identifier = 'another';
SET LOCAL SESSION AUTHORIZATION regress_app;
SET LOCAL app.current_tenant_id = 'events-feed';
UPDATE llmspell.event_log SET feed_xid = '900000000000' WHERE event_type = 'f.5';
SELECT string_agg(event_type, ' ') FROM llmspell.events_after();
SELECT count(*) FROM llmspell.events_after(llmspell.event_subscribe('from now', true));
RESET SESSION AUTHORIZATION;
SELECT epoch - (SELECT min(epoch) FROM llmspell._feed_epochs) AS next, durable FROM llmspell_internal._feed_epoch_claim();
SELECT epoch - (SELECT min(epoch) FROM llmspell._feed_epochs) AS next, durable FROM llmspell_internal._feed_epoch_claim();
SET LOCAL SESSION AUTHORIZATION regress_app;
SELECT regress.try('SELECT FROM llmspell._feed_epochs'), regress.try('INSERT INTO llmspell._feed_epochs VALUES (9, ''x'', 1)');
ROLLBACK;
