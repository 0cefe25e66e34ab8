-- The feed: cursors, consumers, epochs.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-feed';
SELECT llmspell.event_subscribe('first') IS NULL AS at_the_beginning, llmspell.event_subscribe('later', from_now => true) IS NOT NULL AS at_the_end;
SELECT count(*) FROM llmspell.event_append_many('[{"event_type": "f.1", "payload": 1}, {"event_type": "f.2", "payload": 2}]');
SELECT count(*) FROM llmspell.event_append('f.3', '3');
SELECT event_type, cursor ~ '^\d{10}/\d{20}/\d{19}$' AS cursor FROM llmspell.event_feed();
SELECT event_type FROM llmspell.event_feed(after => llmspell.event_subscribe('later'));
-- the own transaction's events come after it
BEGIN;
SELECT count(*) FROM llmspell.event_append('f.4', '4');
SELECT count(*) FROM llmspell.event_feed();
SELECT held_events, seconds < 60 AS recent, blocker_pid FROM llmspell.event_feed_lag();
COMMIT;
SELECT held_events, seconds FROM llmspell.event_feed_lag();
-- pages by cursor
SELECT string_agg(a.event_type || b.event_type || coalesce(c.event_type, '-'), ' ') FROM llmspell.event_feed(2) a
LEFT JOIN LATERAL (SELECT * FROM llmspell.event_feed(1, a.cursor)) b ON true LEFT JOIN LATERAL (SELECT * FROM llmspell.event_feed(1, b.cursor)) c ON true;
-- consumers
SELECT llmspell.event_ack('first', (SELECT cursor FROM llmspell.event_feed() WHERE event_type = 'f.2')) = llmspell.event_subscribe('first') AS kept;
SELECT event_type FROM llmspell.event_feed(after => llmspell.event_subscribe('first'));
SELECT llmspell.event_ack('first', '0000000001/00000000000000000001/0000000000000000001') = (SELECT cursor FROM llmspell.event_feed() WHERE event_type = 'f.2') AS never_back;
-- cursors sort as texts: they are digits of one width
SELECT array_agg(event_type ORDER BY cursor) = array_agg(event_type) AS sorted
FROM llmspell.event_feed();
-- what was not served cannot be acknowledged, the present end can; a consumer can be set back
SELECT regress.try($$SELECT llmspell.event_ack('first', '0000000001/00000000009999999999/0000000000000000001')$$), regress.try($$SELECT llmspell.event_seek('first', '0000000099/00000000000000000001/0000000000000000000')$$);
SELECT llmspell.event_ack('first', llmspell.event_subscribe('now', true)) = llmspell.event_subscribe('now') AS at_the_end, (SELECT count(*) FROM llmspell.event_feed(after => llmspell.event_subscribe('first'))) AS left_over;
SELECT llmspell.event_seek('first', (SELECT cursor FROM llmspell.event_feed(1))) IS NOT NULL AS set_back;
SELECT event_type FROM llmspell.event_feed(after => llmspell.event_subscribe('first'));
SELECT llmspell.event_seek('first') IS NULL AS at_the_beginning, count(*) FROM llmspell.event_feed(after => llmspell.event_subscribe('first'));
SELECT regress.try($$SELECT llmspell.event_seek('nobody')$$), regress.try($$SELECT llmspell.event_seek(NULL)$$), regress.try($$SELECT llmspell.event_seek('first', 'x')$$);
SELECT llmspell.event_unsubscribe('first'), llmspell.event_unsubscribe('first');
SELECT regress.try(s) FROM unnest(ARRAY['SELECT llmspell.event_ack(''first'', ''0000000001/00000000000000000001/0000000000000000001'')', 'SELECT llmspell.event_ack(''later'', NULL)', 'SELECT llmspell.event_ack(''later'', ''x'')', 'SELECT FROM llmspell.event_feed(after => ''1/2'')',
    'SELECT FROM llmspell.event_feed(after => '''')', 'SELECT FROM llmspell.event_feed(after => ''0000000001/99999999999999999999/0000000000000000003'')', 'SELECT FROM llmspell.event_feed(after => ''9999999999/00000000000000000001/0000000000000000003'')', 'SELECT FROM llmspell.event_feed(-1)', 'SELECT FROM llmspell.event_feed(after => ''1/2/3'')',
    'SELECT llmspell.event_subscribe('''')', 'SELECT llmspell.event_subscribe(NULL)', 'SELECT llmspell.event_subscribe(repeat(''c'', 256))', 'SELECT llmspell.event_unsubscribe(NULL)']) s;
SELECT count(*) FROM llmspell.event_feed(after => '0000000099/00000000000000000001/0000000000000000001');
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
SELECT string_agg(event_type, ' ') FROM llmspell.event_feed();
SELECT count(*) FROM llmspell.event_feed(after => llmspell.event_subscribe('from now', true));
RESET SESSION AUTHORIZATION;
SELECT epoch - (SELECT min(epoch) FROM llmspell._feed_epochs) AS next, durable FROM llmspell_internal._feed_epoch_claim();
SELECT epoch - (SELECT min(epoch) FROM llmspell._feed_epochs) AS next, durable FROM llmspell_internal._feed_epoch_claim();
SET LOCAL SESSION AUTHORIZATION regress_app;
SELECT regress.try('SELECT FROM llmspell._feed_epochs'), regress.try('INSERT INTO llmspell._feed_epochs VALUES (9, ''x'', 1)');
ROLLBACK;
