SELECT llmspell_internal._vector_table_create('vectors_' || d, 'vector_embeddings_' || d, d, 'cosine', NULL, 'vectors', true)
FROM unnest(ARRAY[384, 768, 1536, 3072]) AS d;

SELECT llmspell_internal._vector_table_create('small', 'vector_small_' || n, NULL, 'cosine', NULL, 'vectors', true), llmspell_internal._vector_small_bound(n)
FROM generate_series(1, (llmspell_internal._vector_small_limits()).max_spaces) AS n;
