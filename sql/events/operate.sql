-- Months have the indexes of this version, also after an upgrade.
SELECT llmspell_internal._event_log_equip(m.relation) FROM llmspell_internal._event_log_months() m;

CREATE OR REPLACE FUNCTION llmspell_internal._event_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT '_feed_epochs'::regclass, NULL::text, NULL::text, NULL::boolean, NULL::text
    UNION ALL
    SELECT '_event_log_retention', NULL, NULL, NULL, NULL
    UNION ALL
    -- Detached months are no longer part of the log.
    SELECT k.relation, NULL, NULL, false, NULL FROM _event_log_detached() k WHERE NOT k.is_archived
$$;
COMMENT ON FUNCTION llmspell_internal._event_table_rules() IS 'Tables shared by all tenants, and detached months, which no application reads.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_faults() RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'event_log', m.relation::text, f.fault
    FROM _event_log_months() m CROSS JOIN LATERAL _event_log_month_faults(m.relation) AS f (fault)
$$;
COMMENT ON FUNCTION llmspell_internal._event_faults() IS 'Indexes that months lack.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_faults() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('event months', 10, 'SELECT * FROM _event_log_maintain_months($1)', NULL),
           ('event indexes', 60, 'SELECT * FROM _event_log_maintain_indexes($1)', NULL),
           -- Last in a round: readers of the log wait until the transaction ends.
           ('event retention', 90, 'SELECT * FROM _event_log_maintain_retention($1)', NULL)
$$;
COMMENT ON FUNCTION llmspell_internal._event_tasks() IS 'Makes months, builds their indexes, and removes months that are no longer kept.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_maintain_months(progress text) RETURNS llmspell_internal._step
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT NULL::text, true, string_agg(a, ', '), NULL::text FROM unnest(ensure_future_event_log_partitions()) AS a WHERE a NOT LIKE '% already exists'
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_maintain_months(text) IS 'Makes the current month and the next three.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_maintain_months(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_maintain_indexes(progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '400ms'
AS $$
DECLARE
    v_month regclass;
BEGIN
    SELECT m.relation INTO v_month FROM _event_log_months() m
    WHERE m.relation::text COLLATE "C" > progress AND EXISTS (SELECT FROM _event_log_month_faults(m.relation))
    ORDER BY m.relation::text COLLATE "C"
    LIMIT 1;
    IF v_month IS NOT NULL THEN
        PERFORM _event_log_equip(v_month);
    END IF;
    RETURN ROW(v_month, v_month IS NULL, 'built: ' || v_month::text, NULL)::llmspell_internal._step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_maintain_indexes(text) IS 'Builds the indexes that the next month lacks.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_maintain_indexes(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_maintain_retention(progress text) RETURNS llmspell_internal._step
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT NULL::text, NOT EXISTS (SELECT FROM unnest(a) AS t WHERE t NOT LIKE 'KEPT: %'), array_to_string(a, ', '), NULL::text FROM _event_log_retain(3) AS a
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_maintain_retention(text) IS 'Removes up to three months that are no longer kept.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_maintain_retention(text) TO llmspell_admin;

CREATE OR REPLACE VIEW llmspell.health_partitions WITH (security_invoker = true) AS
SELECT count(*) FILTER (WHERE p.state = 'attached' AND p.month > t.this) AS months_ahead,
    -- Before the window, only what was imported has months.
    count(*) FILTER (WHERE p.state = 'missing' AND p.month >= t.first) AS missing,
    count(*) FILTER (WHERE p.misaligned) AS misaligned,
    (min(p.month) FILTER (WHERE p.state = 'missing' AND p.month >= t.this) - (now() AT TIME ZONE 'UTC')::date) AS days_to_missing
FROM llmspell.event_log_partition_list(max_rows => 100000) p CROSS JOIN (
    SELECT m.this, (m.this - make_interval(months => w.months_back))::date AS first
    FROM llmspell_internal._event_log_window() w, (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS this) AS m) AS t;
COMMENT ON VIEW llmspell.health_partitions IS 'Months of the event log: how many are ahead, missing or misaligned, and days to the first gap. For llmspell_admin.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_health() RETURNS SETOF llmspell_internal._health_item
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 20, 'months ahead', months_ahead || ' ahead, ' || missing || ' missing, ' || misaligned || ' misaligned',
        '>= 3 ahead, none missing or misaligned', months_ahead >= 3 AND missing = 0 AND misaligned = 0,
        'Run llmspell.ensure_future_event_log_partitions() or maintenance; llmspell.event_log_partition_list() shows gaps, llmspell.create_event_log_partition() fills them.'
    FROM health_partitions
$$;
COMMENT ON FUNCTION llmspell_internal._event_health() IS 'Whether the event log has its months.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_health() TO llmspell_admin;
