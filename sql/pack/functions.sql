CREATE OR REPLACE FUNCTION llmspell_internal._text_pack(data text, base text) RETURNS TABLE (packed bytea, beside boolean)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_text_pack_wrapper';
COMMENT ON FUNCTION llmspell_internal._text_pack(text, text) IS 'Compresses a text with zstd, against a similar base text where that halves the size; beside says so.
Errors: XX001 over 256 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._text_pack(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._text_unpack(packed bytea, base text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_text_unpack_wrapper';
COMMENT ON FUNCTION llmspell_internal._text_unpack(bytea, text) IS 'Undoes _text_pack.
Errors: XX001 damaged, cut off, or another base.';
GRANT EXECUTE ON FUNCTION llmspell_internal._text_unpack(bytea, text) TO llmspell_app;
