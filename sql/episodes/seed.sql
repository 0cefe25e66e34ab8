SELECT llmspell_internal._vector_table_create('episodes_' || d, 'episode_embeddings_' || d, d, 'cosine', NULL, 'episodes', true)
FROM unnest(ARRAY[384, 768, 1536, 3072]) AS d;
