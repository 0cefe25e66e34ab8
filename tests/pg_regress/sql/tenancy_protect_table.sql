-- protect_table puts the same wall around a user's table.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
RESET SESSION AUTHORIZATION;
CREATE SCHEMA regress_notes AUTHORIZATION regress_admin;
SET SESSION AUTHORIZATION regress_admin;
GRANT USAGE ON SCHEMA regress_notes TO llmspell_app;
CREATE TABLE regress_notes.plain (tenant_id varchar(255) COLLATE "C" NOT NULL, note text);
CREATE TABLE regress_notes.parted (tenant_id text NOT NULL, month int) PARTITION BY LIST (month);
CREATE TABLE regress_notes.part_1 PARTITION OF regress_notes.parted FOR VALUES IN (1);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA regress_notes TO llmspell_app;
SELECT llmspell.protect_table('regress_notes.plain'), llmspell.protect_table('regress_notes.parted');
SELECT llmspell.protect_table('regress_notes.plain');
SELECT t, count(f) FROM unnest(ARRAY['plain', 'parted', 'part_1']) t LEFT JOIN LATERAL llmspell_internal._wall_faults(('regress_notes.' || t)::regclass) f ON true GROUP BY t ORDER BY t;
-- errors
CREATE TABLE regress_notes.no_tenant (id int);
CREATE TABLE regress_notes.nullable (tenant_id text);
CREATE TABLE regress_notes.number (tenant_id int NOT NULL);
CREATE VIEW regress_notes.v AS SELECT 1 AS tenant_id;
SELECT regress.try(format('SELECT llmspell.protect_table(%L)', t))
FROM unnest(ARRAY[NULL, 'regress_notes.no_tenant', 'regress_notes.nullable', 'regress_notes.number', 'regress_notes.v']) WITH ORDINALITY u (t, n) ORDER BY n;
CREATE TABLE regress_notes.parent (tenant_id text NOT NULL);
CREATE TABLE regress_notes.child () INHERITS (regress_notes.parent);
SELECT regress.try('SELECT llmspell.protect_table(''regress_notes.parent'')');
DROP TABLE regress_notes.child, regress_notes.parent;
SELECT split_part(regress.try('SELECT llmspell.protect_table(''llmspell.kv_store'')'), ' | ', 1) AS already_walled;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'notes-a';
INSERT INTO regress_notes.plain VALUES ('notes-a', 'mine');
INSERT INTO regress_notes.parted VALUES ('notes-a', 1);
SET app.current_tenant_id = 'notes-b';
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM regress_notes.plain', 'SELECT * FROM regress_notes.part_1',
    'INSERT INTO regress_notes.part_1 VALUES (''notes-a'', 1)', 'UPDATE regress_notes.plain SET note = ''x''']) s;
