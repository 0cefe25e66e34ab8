-- Requirements on the server, the roles, and the schemas. Runs before everything else.

-- The caller's schema would otherwise come first: an operator planted there would get into our tables.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $guards$
DECLARE
    v_vector text;
    v_vector_number int[];
    v_schema text;
    v_ground text;
BEGIN
    IF pg_catalog.current_setting('server_version_num')::int < 180000 THEN
        RAISE EXCEPTION 'llmspell needs PostgreSQL 18, this server is %',
            pg_catalog.current_setting('server_version')
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Move the database to PostgreSQL 18.6 or later, for instance with pg_upgrade.';
    END IF;
    IF pg_catalog.current_setting('server_version_num')::int < 180006 THEN
        RAISE WARNING 'PostgreSQL % has security faults that matter here, 18.6 or later is wanted',
            pg_catalog.current_setting('server_version')
            USING HINT = 'Install the current minor release and restart the server.';
    END IF;

    SELECT extversion INTO STRICT v_vector FROM pg_catalog.pg_extension WHERE extname = 'vector';
    v_vector_number := pg_catalog.string_to_array(pg_catalog.substring(v_vector, '^[0-9]+(?:\.[0-9]+)*'), '.')::int[];
    IF v_vector_number < ARRAY[0, 8, 0] THEN
        RAISE EXCEPTION 'llmspell needs pgvector 0.8.0, this database has %', v_vector
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Install pgvector 0.8.4 or later, then run: ALTER EXTENSION vector UPDATE;';
    END IF;
    IF v_vector_number < ARRAY[0, 8, 4] THEN
        RAISE WARNING 'pgvector % has known faults, 0.8.4 or later is wanted', v_vector
            USING HINT = 'Install pgvector 0.8.4 or later, then run: ALTER EXTENSION vector UPDATE;';
    END IF;

    -- The owner of the schema that an extension belongs to can drop it, with everything that depends on it.
    SELECT pg_catalog.format('schema %I, where extension %s %s,', n.nspname, e.name, e.state), pg_catalog.format('%I', n.nspname) INTO v_ground, v_schema
    FROM (SELECT pg_catalog.to_regnamespace('@extschema@')::pg_catalog.oid AS schema, 'llmspell' AS name, 'would be' AS state
          UNION ALL
          SELECT extnamespace, extname, 'is' FROM pg_catalog.pg_extension WHERE extname IN ('vector', 'btree_gin', 'btree_gist')) AS e
    JOIN pg_catalog.pg_namespace n ON n.oid = e.schema JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
    WHERE NOT o.rolsuper AND o.rolname <> 'pg_database_owner'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% belongs to a role that is not a superuser', v_ground
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = pg_catalog.format('Install into another schema, CREATE EXTENSION … SCHEMA public, or run: ALTER SCHEMA %s OWNER TO CURRENT_USER;', v_schema);
    END IF;

    SELECT n INTO v_schema FROM pg_catalog.unnest(ARRAY['llmspell', 'llmspell_internal']) AS n WHERE pg_catalog.to_regnamespace(n) IS NOT NULL LIMIT 1;
    IF v_schema IS NOT NULL THEN
        RAISE EXCEPTION 'schema "%" already exists', v_schema
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'To bring over a database of rs-llmspell, rename its schema and copy the rows: see docs/migration.md.';
    END IF;
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'llmspell needs a database with encoding UTF8, this one has %',
            pg_catalog.getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Run: CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0;';
    END IF;
END
$guards$;

-- Roles belong to the cluster: made where absent, never dropped, and refused where somebody
-- prepared one that would open the wall.
DO $roles$
DECLARE
    v_role record;
    v_found pg_catalog.pg_roles;
    v_member text;
BEGIN
    FOR v_role IN
        SELECT * FROM (VALUES
            ('llmspell_owner',   '',          true,  true,  true),
            ('llmspell_tenants', 'BYPASSRLS', true,  true,  false),
            ('llmspell_app',     '',          false, true,  true),
            ('llmspell_admin',   '',          true,  true,  true),
            ('llmspell_worker',  '',          true,  true,  true)
        ) AS r (name, attributes, refuse_login, refuse_superuser, refuse_bypassrls)
    LOOP
        SELECT * INTO v_found FROM pg_catalog.pg_roles WHERE rolname = v_role.name;
        IF NOT FOUND THEN
            BEGIN
                EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN %s', v_role.name, v_role.attributes);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                -- Another database of this cluster installs at the same moment.
                NULL;
            END;
        ELSIF v_found.rolcanlogin AND v_role.refuse_login
            OR v_found.rolsuper AND v_role.refuse_superuser
            OR v_found.rolbypassrls AND v_role.refuse_bypassrls
        THEN
            RAISE EXCEPTION 'role "%" exists and has %', v_role.name,
                pg_catalog.concat_ws(', ',
                    CASE WHEN v_found.rolcanlogin THEN 'LOGIN' END,
                    CASE WHEN v_found.rolsuper THEN 'SUPERUSER' END,
                    CASE WHEN v_found.rolbypassrls THEN 'BYPASSRLS' END)
                USING ERRCODE = 'invalid_role_specification',
                      HINT = pg_catalog.format('Take that away (ALTER ROLE %I NOLOGIN NOSUPERUSER …) or rename the role, then install again.', v_role.name);
        END IF;
    END LOOP;
    -- A role that may become the owner is over the wall, too; llmspell_worker may do one thing only.
    SELECT pg_catalog.format('%s is a member of %s', m.member::regrole, m.roleid::regrole) INTO v_member
    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
    WHERE m.roleid::regrole::text IN ('llmspell_owner', 'llmspell_tenants') AND NOT r.rolsuper
       OR m.member::regrole::text = 'llmspell_worker'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'role %', v_member
            USING ERRCODE = 'invalid_role_specification', HINT = 'Revoke the membership, then install again.';
    END IF;
    -- Else it would list no tenant at all.
    IF NOT (SELECT rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = 'llmspell_tenants') THEN
        ALTER ROLE llmspell_tenants BYPASSRLS;
    END IF;
END
$roles$;

GRANT llmspell_app TO llmspell_admin;
-- pg_stat_activity's transaction ages, for tx_horizon.
GRANT pg_read_all_stats TO llmspell_owner;

-- Not IF NOT EXISTS: a schema that somebody prepared makes the install fail.
CREATE SCHEMA llmspell;
COMMENT ON SCHEMA llmspell IS 'Multi-tenant storage engine of an LLM agent platform. Start with SELECT * FROM llmspell.whoami();';
CREATE SCHEMA llmspell_internal;
COMMENT ON SCHEMA llmspell_internal IS 'Functions that the functions, policies and triggers of llmspell call. Not for applications: they change without notice.';
-- The owner makes month partitions.
GRANT USAGE, CREATE ON SCHEMA llmspell TO llmspell_owner;
GRANT USAGE ON SCHEMA llmspell TO llmspell_app, llmspell_admin, llmspell_tenants, llmspell_worker;
GRANT USAGE ON SCHEMA llmspell_internal TO llmspell_owner, llmspell_app, llmspell_admin, llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._feed_epoch() RETURNS int
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_feed_epoch_wrapper';
COMMENT ON FUNCTION llmspell_internal._feed_epoch() IS 'The epoch of an event that is being written.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_epoch() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._feed_pos() RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_feed_pos_wrapper';
COMMENT ON FUNCTION llmspell_internal._feed_pos() IS 'The position of an event that is being written, from 1 in each transaction.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_pos() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storable(value anyelement, argument text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_storable_wrapper';
COMMENT ON FUNCTION llmspell_internal._storable(anyelement, text) IS 'Whether a jsonb, text, varchar, bytea or text[] can be dumped and restored with the rest of its row: true, or an error.
Errors: 54000 over 128 MiB (bytea by its bytes, all others as text in COPY), or nested over 1,000 deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storable(anyelement, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storable_state(state_data jsonb, own_checksum bytea) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_storable_state_wrapper';
COMMENT ON FUNCTION llmspell_internal._storable_state(jsonb, bytea) IS 'Whether a row of agent_states can be dumped and restored: true, or an error.
Errors: 54000 as _storable.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storable_state(jsonb, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_is_id(value text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_session_is_id_wrapper';
COMMENT ON FUNCTION llmspell_internal._session_is_id(text) IS 'Whether a text is the id of a session as it is written, in lower or upper case.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_is_id(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._kv_valid(version bigint, value bytea, value_type text, metadata jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_kv_valid_wrapper';
COMMENT ON FUNCTION llmspell_internal._kv_valid(bigint, bytea, text, jsonb) IS 'Whether a row of kv_store has a positive version and a known type.
Errors: 54000 value or metadata not storable.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_valid(bigint, bytea, text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_valid(namespace text, key text, version bigint, value jsonb, content text) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_item_valid_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_valid(text, text, bigint, jsonb, text) IS 'Whether a row of items may be stored.
Errors: 54000 a value or a content that a dump could not hold.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_valid(text, text, bigint, jsonb, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storable_tags(tags text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(max(octet_length(t)), 0) <= 1024 FROM unnest(tags) AS t $$;
COMMENT ON FUNCTION llmspell_internal._storable_tags(text[]) IS 'Whether each of some tags fits into an index, with 1,024 bytes at most.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storable_tags(text[]) TO llmspell_app;

-- Leakproof: it takes every text, and tells nothing of it but by its result.
CREATE OR REPLACE FUNCTION llmspell_internal._name_key(name text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF
AS 'MODULE_PATHNAME', '_name_key_wrapper';
COMMENT ON FUNCTION llmspell_internal._name_key(text) IS 'A name in lower case, cut to 1,200 bytes, so that it fits into an index beside the longest tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._name_key(text) TO llmspell_app;
