SELECT llmspell_internal._vector_table_create('vectors_' || d, 'vector_embeddings_' || d, d, 'cosine', NULL, 'vectors', true)
FROM unnest(ARRAY[384, 768, 1536, 3072]) AS d;
