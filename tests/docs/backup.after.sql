-- The rows that were backed up are there again.
DO $$
BEGIN
  ASSERT (SELECT count(*) FROM llmspell.kv_store) = 100, 'kv';
  ASSERT (SELECT count(*) FROM llmspell.event_log) = 2, 'events';
  ASSERT (SELECT count(*) FROM llmspell.vector_embeddings_384) = 20, 'vectors';
  ASSERT (SELECT reference_count FROM llmspell.artifact_content) = 11, 'references';
  ASSERT (SELECT sum(artifact_count) FROM llmspell.sessions) = 10, 'artifacts';
  ASSERT NOT EXISTS (SELECT FROM llmspell.verify() WHERE component <> 'isolation'), 'verify';
  ASSERT NOT EXISTS (SELECT FROM llmspell_internal._security_faults()), 'security';
END
$$;
