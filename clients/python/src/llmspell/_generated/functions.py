"""How each function is called. Written by scripts/client-methods from the comments of the catalog; not edited by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from .. import _calls
from .._calls import Function
from . import rows

AGENT_HISTORY_GET: Function[str | None] = Function(
    'agent_history_get', '', (('agent_type => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
AGENT_HISTORY_SET: Function[None] = Function(
    'agent_history_set', '', (('agent_type => %s::pg_catalog.text', None), ('history => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
AGENT_STATE_AT: Function[rows.AgentStateKept] = Function(
    'agent_state_at', 'version, state, agent_type, schema_version, checksum, CASE WHEN pg_catalog.isfinite(saved_at) THEN saved_at END, label', (('agent_id => %s::pg_catalog.text', None), ('version => %s::pg_catalog.int8', None), ('at => %s::pg_catalog.timestamptz', None), ('label => %s::pg_catalog.text', None),), 1, rows.AgentStateKept, repeatable=True)
AGENT_STATE_DELETE: Function[bool] = Function(
    'agent_state_delete', '', (('agent_id => %s::pg_catalog.text', None), ('expected_version => %s::pg_catalog.int8', None),), 1, _calls.value, repeatable=False)
AGENT_STATE_GET: Function[rows.AgentStateGetRow] = Function(
    'agent_state_get', 'state_id, agent_type, state, version, schema_version, checksum, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END', (('agent_id => %s::pg_catalog.text', None),), 1, rows.AgentStateGetRow, repeatable=True)
AGENT_STATE_HISTORY: Function[rows.AgentStateHistoryRow] = Function(
    'agent_state_history', 'version, label, agent_type, schema_version, checksum, CASE WHEN pg_catalog.isfinite(saved_at) THEN saved_at END, CASE WHEN pg_catalog.isfinite(replaced_at) THEN replaced_at END, size_bytes, stored_bytes, cursor', (('agent_id => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 1, rows.AgentStateHistoryRow, repeatable=True)
AGENT_STATE_LIST: Function[rows.AgentStateRow] = Function(
    'agent_state_list', 'agent_id, agent_type, version, schema_version, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('agent_type => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.AgentStateRow, repeatable=True)
AGENT_STATE_PRUNE: Function[int] = Function(
    'agent_state_prune', '', (('agent_id => %s::pg_catalog.text', None), ('keep_last => %s::pg_catalog.int4', None), ('older_than => %s::pg_catalog.interval', None), ('before => %s::pg_catalog.timestamptz', None),), 1, _calls.value, repeatable=False)
AGENT_STATE_RESTORE: Function[rows.AgentStateSaved] = Function(
    'agent_state_restore', 'state_id, version, created, changed, checkpoint', (('agent_id => %s::pg_catalog.text', None), ('version => %s::pg_catalog.int8', None), ('label => %s::pg_catalog.text', None),), 1, rows.AgentStateSaved, repeatable=False)
AGENT_STATE_SAVE: Function[rows.AgentStateSaveRow] = Function(
    'agent_state_save', 'state_id, version, created, changed, checkpoint', (('agent_id => %s::pg_catalog.text', None), ('agent_type => %s::pg_catalog.text', None), ('state => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_version => %s::pg_catalog.int8', None), ('schema_version => %s::pg_catalog.int4', None), ('keep_history => %s::pg_catalog.bool', None), ('label => %s::pg_catalog.text', None),), 3, rows.AgentStateSaveRow, repeatable=False)
AGENT_STATE_VERIFY: Function[rows.AgentStateVerifyRow] = Function(
    'agent_state_verify', 'agent_id, stored_checksum, computed_checksum', (), 0, rows.AgentStateVerifyRow, repeatable=True)
ARTIFACT_DELETE: Function[bool] = Function(
    'artifact_delete', '', (('artifact_id => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
ARTIFACT_EXISTS: Function[rows.ArtifactExistsRow] = Function(
    'artifact_exists', 'content_hash, found', (('hashes => %s::pg_catalog.text[]', None),), 1, rows.ArtifactExistsRow, repeatable=True)
ARTIFACT_GC: Function[rows.ArtifactGcRow] = Function(
    'artifact_gc', 'contents, chunks, bytes, uploads', (('max_rows => %s::pg_catalog.int4', None), ('grace => %s::pg_catalog.interval', None),), 0, rows.ArtifactGcRow, repeatable=False)
ARTIFACT_GET: Function[bytes | None] = Function(
    'artifact_get', '', (('artifact_id => %s::pg_catalog.text', None), ('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('version => %s::pg_catalog.int4', None), ('session_name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=True)
ARTIFACT_GET_BY_HASH: Function[bytes | None] = Function(
    'artifact_get_by_hash', '', (('content_hash => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
ARTIFACT_GET_RANGE: Function[bytes | None] = Function(
    'artifact_get_range', '', (('artifact_id => %s::pg_catalog.text', None), ('byte_offset => %s::pg_catalog.int8', None), ('length => %s::pg_catalog.int8', None),), 3, _calls.value, repeatable=True)
ARTIFACT_GET_TEXT: Function[str | None] = Function(
    'artifact_get_text', '', (('artifact_id => %s::pg_catalog.text', None), ('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('version => %s::pg_catalog.int4', None), ('session_name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=True)
ARTIFACT_INFO: Function[rows.ArtifactDescription] = Function(
    'artifact_info', 'artifact_id, session_id, sequence, name, version, content_hash, size_bytes, mime_type, artifact_type, metadata, tags, parent_artifact_id, created_by, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END', (('artifact_id => %s::pg_catalog.text', None), ('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('version => %s::pg_catalog.int4', None), ('session_name => %s::pg_catalog.text', None),), 0, rows.ArtifactDescription, repeatable=True)
ARTIFACT_LIST: Function[rows.ArtifactRow] = Function(
    'artifact_list', 'artifact_id, session_id, sequence, name, version, content_hash, size_bytes, mime_type, artifact_type, metadata, tags, parent_artifact_id, created_by, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, cursor', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('tag => %s::pg_catalog.text', None), ('artifact_type => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('newest_first => %s::pg_catalog.bool', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None), ('session_name => %s::pg_catalog.text', None),), 0, rows.ArtifactRow, repeatable=True)
ARTIFACT_MIGRATE: Function[rows.ArtifactMigrateRow] = Function(
    'artifact_migrate', 'content_hash, new_content_hash, detail', (('max_rows => %s::pg_catalog.int4', None),), 0, rows.ArtifactMigrateRow, repeatable=False)
ARTIFACT_PUT: Function[rows.ArtifactPutRow] = Function(
    'artifact_put', 'artifact_id, content_hash, sequence, version, created, updated, size_bytes, stored_bytes', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('data => %s::pg_catalog.bytea', _calls.binary), ('mime_type => %s::pg_catalog.text', None), ('artifact_type => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('tags => %s::pg_catalog.text[]', None), ('parent_artifact_id => %s::pg_catalog.text', None), ('expected_hash => %s::pg_catalog.text', None), ('session_name => %s::pg_catalog.text', None),), 0, rows.ArtifactPutRow, repeatable=False)
ARTIFACT_PUT_TEXT: Function[rows.ArtifactPutRow] = Function(
    'artifact_put_text', 'artifact_id, content_hash, sequence, version, created, updated, size_bytes, stored_bytes', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('content => %s::pg_catalog.text', None), ('mime_type => %s::pg_catalog.text', None), ('artifact_type => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('tags => %s::pg_catalog.text[]', None), ('parent_artifact_id => %s::pg_catalog.text', None), ('expected_hash => %s::pg_catalog.text', None), ('session_name => %s::pg_catalog.text', None),), 0, rows.ArtifactPutRow, repeatable=False)
ARTIFACT_READ_CHUNKS: Function[rows.ArtifactReadChunksRow] = Function(
    'artifact_read_chunks', 'byte_offset, part', (('artifact_id => %s::pg_catalog.text', None), ('byte_offset => %s::pg_catalog.int8', None), ('part_bytes => %s::pg_catalog.int4', None),), 1, rows.ArtifactReadChunksRow, repeatable=True)
ARTIFACT_STATS: Function[rows.ArtifactStatsRow] = Function(
    'artifact_stats', 'artifacts, contents, chunks, raw_bytes, unique_bytes, stored_bytes, dedup_ratio, compression_ratio', (), 0, rows.ArtifactStatsRow, repeatable=True)
ARTIFACT_UPLOAD_ABORT: Function[bool] = Function(
    'artifact_upload_abort', '', (('upload_id => %s::pg_catalog.uuid', None),), 1, _calls.value, repeatable=False)
ARTIFACT_UPLOAD_APPEND: Function[int] = Function(
    'artifact_upload_append', '', (('upload_id => %s::pg_catalog.uuid', None), ('byte_offset => %s::pg_catalog.int8', None), ('part => %s::pg_catalog.bytea', _calls.binary),), 3, _calls.value, repeatable=False)
ARTIFACT_UPLOAD_BEGIN: Function[UUID] = Function(
    'artifact_upload_begin', '', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None), ('mime_type => %s::pg_catalog.text', None), ('artifact_type => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('tags => %s::pg_catalog.text[]', None), ('parent_artifact_id => %s::pg_catalog.text', None), ('ttl => %s::pg_catalog.interval', None), ('session_name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
ARTIFACT_UPLOAD_FINISH: Function[rows.ArtifactPutRow] = Function(
    'artifact_upload_finish', 'artifact_id, content_hash, sequence, version, created, updated, size_bytes, stored_bytes', (('upload_id => %s::pg_catalog.uuid', None), ('expected_hash => %s::pg_catalog.text', None),), 1, rows.ArtifactPutRow, repeatable=False)
ARTIFACT_VERIFY: Function[rows.ArtifactVerifyRow] = Function(
    'artifact_verify', 'code, object, detail', (('level => %s::pg_catalog.text', None), ('samples => %s::pg_catalog.int4', None),), 0, rows.ArtifactVerifyRow, repeatable=True)
BACKEND_TYPE: Function[str] = Function(
    'backend_type', '', (), 0, _calls.value, repeatable=True)
BLAKE3: Function[bytes] = Function(
    'blake3', '', (('data => %s::pg_catalog.bytea', _calls.binary),), 1, _calls.value, repeatable=True)
BLAKE3_KEYED: Function[bytes] = Function(
    'blake3_keyed', '', (('data => %s::pg_catalog.bytea', _calls.binary), ('key => %s::pg_catalog.bytea', _calls.binary),), 2, _calls.value, repeatable=True)
CALL: Function[Any] = Function(
    'call', '', (('name => %s::pg_catalog.text', None), ('arguments => %s::pg_catalog.jsonb', _calls.jsonb), ('tenant => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
CALL_MANY: Function[rows.CallManyRow] = Function(
    'call_many', 'place, result_rows', (('calls => %s::pg_catalog.jsonb', _calls.jsonb), ('tenant => %s::pg_catalog.text', None),), 1, rows.CallManyRow, repeatable=False)
CHARACTERISTICS: Function[Any] = Function(
    'characteristics', '', (), 0, _calls.value, repeatable=True)
CHECKPOINT_GET: Function[rows.CheckpointRow] = Function(
    'checkpoint_get', 'thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, channels, channel_types, channel_values, write_task_ids, write_channels, write_types, write_values, cursor', (('thread_id => %s::pg_catalog.text', None), ('namespace => %s::pg_catalog.text', None), ('checkpoint_id => %s::pg_catalog.text', None),), 1, rows.CheckpointRow, repeatable=True)
CHECKPOINT_LIST: Function[rows.CheckpointRow] = Function(
    'checkpoint_list', 'thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, channels, channel_types, channel_values, write_task_ids, write_channels, write_types, write_values, cursor', (('thread_id => %s::pg_catalog.text', None), ('namespace => %s::pg_catalog.text', None), ('checkpoint_id => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('before => %s::pg_catalog.text', None), ('with_values => %s::pg_catalog.bool', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.CheckpointRow, repeatable=True)
CHECKPOINT_PUT: Function[bool] = Function(
    'checkpoint_put', '', (('thread_id => %s::pg_catalog.text', None), ('namespace => %s::pg_catalog.text', None), ('checkpoint_id => %s::pg_catalog.text', None), ('parent_id => %s::pg_catalog.text', None), ('checkpoint => %s::pg_catalog.jsonb', _calls.jsonb), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('channels => %s::pg_catalog.text[]', None), ('channel_types => %s::pg_catalog.text[]', None), ('channel_values => %s::pg_catalog.bytea[]', _calls.binaries), ('expected_parent => %s::pg_catalog.text', None),), 5, _calls.value, repeatable=False)
CHECKPOINT_WRITES_PUT: Function[int] = Function(
    'checkpoint_writes_put', '', (('thread_id => %s::pg_catalog.text', None), ('namespace => %s::pg_catalog.text', None), ('checkpoint_id => %s::pg_catalog.text', None), ('task_id => %s::pg_catalog.text', None), ('channels => %s::pg_catalog.text[]', None), ('write_types => %s::pg_catalog.text[]', None), ('write_values => %s::pg_catalog.bytea[]', _calls.binaries), ('indexes => %s::pg_catalog.int4[]', None), ('task_path => %s::pg_catalog.text', None),), 7, _calls.value, repeatable=False)
CLEANUP_OLD_HOOK_EXECUTIONS: Function[int] = Function(
    'cleanup_old_hook_executions', '', (('before_date => %s::pg_catalog.timestamptz', None), ('min_retention_priority => %s::pg_catalog.int4', None),), 1, _calls.value, repeatable=False)
COMPRESS: Function[bytes] = Function(
    'compress', '', (('data => %s::pg_catalog.bytea', _calls.binary), ('codec => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
CREATE_EVENT_LOG_PARTITION: Function[str] = Function(
    'create_event_log_partition', '', (('partition_start => %s::pg_catalog.timestamptz', None), ('partition_end => %s::pg_catalog.timestamptz', None),), 2, _calls.value, repeatable=False)
CURRENT_TENANT: Function[str | None] = Function(
    'current_tenant', '', (), 0, _calls.value, repeatable=True)
DECOMPRESS: Function[bytes] = Function(
    'decompress', '', (('data => %s::pg_catalog.bytea', _calls.binary), ('codec => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
EMBEDDING_COVERAGE: Function[rows.EmbeddingCoverageRow] = Function(
    'embedding_coverage', 'space, purpose, model, dims, state, row_count, missing, without_text, queued, claimed', (), 0, rows.EmbeddingCoverageRow, repeatable=True)
EMBEDDING_PENDING: Function[rows.EmbeddingPendingRow] = Function(
    'embedding_pending', 'id, content, attempt, fence, CASE WHEN pg_catalog.isfinite(lease_expires_at) THEN lease_expires_at END', (('space => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('lease => %s::pg_catalog.interval', None),), 1, rows.EmbeddingPendingRow, repeatable=False)
EMBEDDING_PUT: Function[int] = Function(
    'embedding_put', '', (('space => %s::pg_catalog.text', None), ('ids => %s::pg_catalog.uuid[]', None), ('embeddings => %s', _calls.vectors), ('fences => %s::pg_catalog.int8[]', None),), 3, _calls.value, repeatable=False)
ENSURE_FUTURE_EVENT_LOG_PARTITIONS: Function[list[str]] = Function(
    'ensure_future_event_log_partitions', '', (), 0, _calls.value, repeatable=False)
ENTITY_AS_OF: Function[rows.EntityAsOfRow] = Function(
    'entity_as_of', 'entity_id, entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, source_type, source_id, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END', (('entity_id => %s::pg_catalog.uuid', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None),), 1, rows.EntityAsOfRow, repeatable=True)
ENTITY_BELIEVED: Function[rows.EntityAsOfRow] = Function(
    'entity_believed', 'entity_id, entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, source_type, source_id, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END', (('entity_id => %s::pg_catalog.uuid', None), ('event_id => %s::pg_catalog.uuid', None), ('valid_at => %s::pg_catalog.timestamptz', None),), 2, rows.EntityAsOfRow, repeatable=True)
ENTITY_CORRECT: Function[rows.EntityPutRow] = Function(
    'entity_correct', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('entity_type => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None), ('mode => %s::pg_catalog.text', None),), 3, rows.EntityPutRow, repeatable=False)
ENTITY_DIFF: Function[rows.EntityDiffRow] = Function(
    'entity_diff', 'change, old_value, new_value, properties_changed', (('entity_id => %s::pg_catalog.uuid', None), ('from_valid_at => %s::pg_catalog.timestamptz', None), ('from_known_at => %s::pg_catalog.timestamptz', None), ('to_valid_at => %s::pg_catalog.timestamptz', None), ('to_known_at => %s::pg_catalog.timestamptz', None),), 1, rows.EntityDiffRow, repeatable=True)
ENTITY_ERASE: Function[rows.EntityEraseRow] = Function(
    'entity_erase', 'entity_rows, relationship_rows, copies, not_searched', (('entity_id => %s::pg_catalog.uuid', None), ('find_copies => %s::pg_catalog.bool', None),), 1, rows.EntityEraseRow, repeatable=False)
ENTITY_FIND: Function[rows.EntityRow] = Function(
    'entity_find', 'entity_id, entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, cursor', (('name => %s::pg_catalog.text', None), ('entity_type => %s::pg_catalog.text', None), ('is_prefix => %s::pg_catalog.bool', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 1, rows.EntityRow, repeatable=True)
ENTITY_HISTORY: Function[rows.EntityHistoryRow] = Function(
    'entity_history', 'entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, source_type, source_id, CASE WHEN pg_catalog.isfinite(changed_at) THEN changed_at END', (('entity_id => %s::pg_catalog.uuid', None),), 1, rows.EntityHistoryRow, repeatable=True)
ENTITY_INSERT: Function[rows.EntityPutRow] = Function(
    'entity_insert', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('entity_type => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None),), 3, rows.EntityPutRow, repeatable=False)
ENTITY_INSERT_MANY: Function[rows.EntityPutManyRow] = Function(
    'entity_insert_many', 'entity_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EntityPutManyRow, repeatable=False)
ENTITY_KNOWLEDGE: Function[rows.EntityKnowledgeRow] = Function(
    'entity_knowledge', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, entity_type, name, properties', (('entity_id => %s::pg_catalog.uuid', None), ('valid_at => %s::pg_catalog.timestamptz', None),), 1, rows.EntityKnowledgeRow, repeatable=True)
ENTITY_LIST: Function[rows.EntityRow] = Function(
    'entity_list', 'entity_id, entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, cursor', (('entity_type => %s::pg_catalog.text', None), ('name_prefix => %s::pg_catalog.text', None), ('query_text => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.EntityRow, repeatable=True)
ENTITY_PATCH: Function[rows.EntityPutRow] = Function(
    'entity_patch', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('entity_type => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None), ('remove => %s::pg_catalog.text[]', None),), 2, rows.EntityPutRow, repeatable=False)
ENTITY_PATCH_MANY: Function[rows.EntityPutManyRow] = Function(
    'entity_patch_many', 'entity_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EntityPutManyRow, repeatable=False)
ENTITY_PRUNE: Function[rows.EntityPruneRow] = Function(
    'entity_prune', 'entity_rows, relationship_rows', (('older_than => %s::pg_catalog.interval', None), ('before => %s::pg_catalog.timestamptz', None),), 0, rows.EntityPruneRow, repeatable=False)
ENTITY_PUT: Function[rows.EntityPutRow] = Function(
    'entity_put', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('entity_type => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None),), 3, rows.EntityPutRow, repeatable=False)
ENTITY_PUT_MANY: Function[rows.EntityPutManyRow] = Function(
    'entity_put_many', 'entity_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EntityPutManyRow, repeatable=False)
ENTITY_RETRACT: Function[rows.EntityPutRow] = Function(
    'entity_retract', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('on_edges => %s::pg_catalog.text', None),), 1, rows.EntityPutRow, repeatable=False)
ENTITY_RETRACT_MANY: Function[rows.EntityPutManyRow] = Function(
    'entity_retract_many', 'entity_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EntityPutManyRow, repeatable=False)
ENTITY_SEARCH: Function[rows.EntityHit] = Function(
    'entity_search', 'entity_id, entity_type, name, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, score, distance, vector_rank, text_rank, own_score, context_score, vector_score, text_score, complete', (('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('entity_type => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('max_distance => %s::pg_catalog.float8', None), ('min_score => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('context => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 0, rows.EntityHit, repeatable=True)
ENTITY_TIMELINE: Function[rows.EntityTimelineRow] = Function(
    'entity_timeline', 'CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, entity_type, name, properties', (('entity_id => %s::pg_catalog.uuid', None), ('known_at => %s::pg_catalog.timestamptz', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('include_gaps => %s::pg_catalog.bool', None),), 1, rows.EntityTimelineRow, repeatable=True)
ENTITY_UPSERT: Function[rows.EntityPutRow] = Function(
    'entity_upsert', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entity_id => %s::pg_catalog.uuid', None), ('entity_type => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None),), 3, rows.EntityPutRow, repeatable=False)
ENTITY_UPSERT_MANY: Function[rows.EntityPutManyRow] = Function(
    'entity_upsert_many', 'entity_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EntityPutManyRow, repeatable=False)
ENTITY_VECTOR_SET: Function[bool] = Function(
    'entity_vector_set', '', (('entity_id => %s::pg_catalog.uuid', None), ('embedding => %s', _calls.vector), ('space => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
EPISODE_ADD: Function[rows.EpisodeAdded] = Function(
    'episode_add', 'id, created', (('session_id => %s::pg_catalog.text', None), ('role => %s::pg_catalog.text', None), ('content => %s::pg_catalog.text', None), ('embedding => %s', _calls.vector), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('at => %s::pg_catalog.timestamptz', None), ('id => %s::pg_catalog.uuid', None), ('idempotency_key => %s::pg_catalog.text', None), ('language => %s::pg_catalog.text', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('space => %s::pg_catalog.text', None),), 3, rows.EpisodeAdded, repeatable=False)
EPISODE_ADD_MANY: Function[rows.EpisodeAdded] = Function(
    'episode_add_many', 'id, created', (('items => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EpisodeAdded, repeatable=False)
EPISODE_AROUND: Function[rows.EpisodeRow] = Function(
    'episode_around', 'id, session_id, role, content, metadata, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(recorded_at) THEN recorded_at END, CASE WHEN pg_catalog.isfinite(processed_at) THEN processed_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, cursor', (('id => %s::pg_catalog.uuid', None), ('max_rows => %s::pg_catalog.int4', None),), 1, rows.EpisodeRow, repeatable=True)
EPISODE_BACKLOG: Function[rows.EpisodeBacklogRow] = Function(
    'episode_backlog', 'session_id, unprocessed, CASE WHEN pg_catalog.isfinite(oldest) THEN oldest END, cursor', (('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.EpisodeBacklogRow, repeatable=True)
EPISODE_CLAIM: Function[rows.EpisodeClaim] = Function(
    'episode_claim', 'id, session_id, role, content, metadata, CASE WHEN pg_catalog.isfinite(at) THEN at END, attempt, fence, CASE WHEN pg_catalog.isfinite(lease_expires_at) THEN lease_expires_at END', (('session_id => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('lease => %s::pg_catalog.interval', None),), 0, rows.EpisodeClaim, repeatable=False)
EPISODE_DELETE: Function[int] = Function(
    'episode_delete', '', (('ids => %s::pg_catalog.uuid[]', None),), 1, _calls.value, repeatable=False)
EPISODE_GET: Function[rows.EpisodeGetRow] = Function(
    'episode_get', 'id, session_id, role, content, metadata, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(recorded_at) THEN recorded_at END, CASE WHEN pg_catalog.isfinite(processed_at) THEN processed_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('id => %s::pg_catalog.uuid', None),), 1, rows.EpisodeGetRow, repeatable=True)
EPISODE_LIST: Function[rows.EpisodeRow] = Function(
    'episode_list', 'id, session_id, role, content, metadata, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(recorded_at) THEN recorded_at END, CASE WHEN pg_catalog.isfinite(processed_at) THEN processed_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, cursor', (('session_id => %s::pg_catalog.text', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('newest_first => %s::pg_catalog.bool', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None), ('include_expired => %s::pg_catalog.bool', None),), 0, rows.EpisodeRow, repeatable=True)
EPISODE_MARK_PROCESSED: Function[int] = Function(
    'episode_mark_processed', '', (('ids => %s::pg_catalog.uuid[]', None), ('fences => %s::pg_catalog.int8[]', None),), 1, _calls.value, repeatable=False)
EPISODE_PRUNE: Function[int] = Function(
    'episode_prune', '', (('older_than => %s::pg_catalog.interval', None), ('before => %s::pg_catalog.timestamptz', None), ('only_processed => %s::pg_catalog.bool', None),), 0, _calls.value, repeatable=False)
EPISODE_SEARCH: Function[rows.EpisodeHit] = Function(
    'episode_search', 'id, session_id, role, content, metadata, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(recorded_at) THEN recorded_at END, CASE WHEN pg_catalog.isfinite(processed_at) THEN processed_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, score, distance, vector_rank, text_rank, own_score, context_score, vector_score, text_score, complete', (('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('session_id => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('rrf_k => %s::pg_catalog.int4', None), ('half_life => %s::pg_catalog.interval', None), ('mmr_lambda => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('role => %s::pg_catalog.text', None), ('exclude_session => %s::pg_catalog.text', None), ('max_distance => %s::pg_catalog.float8', None), ('min_score => %s::pg_catalog.float8', None), ('half_life_at => %s::pg_catalog.timestamptz', None), ('half_life_floor => %s::pg_catalog.float8', None), ('include_expired => %s::pg_catalog.bool', None), ('fusion => %s::pg_catalog.text', None), ('context => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 0, rows.EpisodeHit, repeatable=True)
EPISODE_SWEEP: Function[int] = Function(
    'episode_sweep', '', (('max_rows => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
EPISODE_UPDATE: Function[bool] = Function(
    'episode_update', '', (('id => %s::pg_catalog.uuid', None), ('content => %s::pg_catalog.text', None), ('embedding => %s', _calls.vector), ('role => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('at => %s::pg_catalog.timestamptz', None), ('language => %s::pg_catalog.text', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('space => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
EVENT_ACK: Function[str | None] = Function(
    'event_ack', '', (('consumer => %s::pg_catalog.text', None), ('cursor => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
EVENT_APPEND: Function[rows.EventStoreRow] = Function(
    'event_append', 'event_id, sequence, CASE WHEN pg_catalog.isfinite(at) THEN at END, created', (('event_type => %s::pg_catalog.text', None), ('payload => %s::pg_catalog.jsonb', _calls.jsonb), ('correlation_id => %s::pg_catalog.uuid', None), ('event_id => %s::pg_catalog.uuid', None), ('at => %s::pg_catalog.timestamptz', None), ('language => %s::pg_catalog.text', None), ('sequence => %s::pg_catalog.int8', None),), 2, rows.EventStoreRow, repeatable=False)
EVENT_APPEND_MANY: Function[rows.EventStoreRow] = Function(
    'event_append_many', 'event_id, sequence, CASE WHEN pg_catalog.isfinite(at) THEN at END, created', (('events => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EventStoreRow, repeatable=False)
EVENT_FEED: Function[rows.EventRow] = Function(
    'event_feed', 'event_id, event_type, correlation_id, CASE WHEN pg_catalog.isfinite(at) THEN at END, sequence, language, payload, stream, stream_version, cursor', (('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.EventRow, repeatable=True)
EVENT_FEED_LAG: Function[rows.EventFeedLagRow] = Function(
    'event_feed_lag', 'held_events, seconds, blocker_pid, blocker_seconds', (), 0, rows.EventFeedLagRow, repeatable=True)
EVENT_GET: Function[rows.EventRow] = Function(
    'event_get', 'event_id, event_type, correlation_id, CASE WHEN pg_catalog.isfinite(at) THEN at END, sequence, language, payload, stream, stream_version, cursor', (('event_id => %s::pg_catalog.uuid', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None),), 1, rows.EventRow, repeatable=True)
EVENT_LIST: Function[rows.EventRow] = Function(
    'event_list', 'event_id, event_type, correlation_id, CASE WHEN pg_catalog.isfinite(at) THEN at END, sequence, language, payload, stream, stream_version, cursor', (('pattern => %s::pg_catalog.text', None), ('correlation_id => %s::pg_catalog.uuid', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('newest_first => %s::pg_catalog.bool', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.EventRow, repeatable=True)
EVENT_SEEK: Function[str | None] = Function(
    'event_seek', '', (('consumer => %s::pg_catalog.text', None), ('cursor => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
EVENT_STATS: Function[rows.EventStatsRow] = Function(
    'event_stats', 'events, CASE WHEN pg_catalog.isfinite(first_at) THEN first_at END, CASE WHEN pg_catalog.isfinite(last_at) THEN last_at END, payload_bytes, by_type', (('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None),), 0, rows.EventStatsRow, repeatable=True)
EVENT_STORE: Function[rows.EventStoreRow] = Function(
    'event_store', 'event_id, sequence, CASE WHEN pg_catalog.isfinite(at) THEN at END, created', (('payload => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.EventStoreRow, repeatable=False)
EVENT_SUBSCRIBE: Function[str | None] = Function(
    'event_subscribe', '', (('consumer => %s::pg_catalog.text', None), ('from_now => %s::pg_catalog.bool', None),), 1, _calls.value, repeatable=False)
EVENT_UNSUBSCRIBE: Function[bool] = Function(
    'event_unsubscribe', '', (('consumer => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
GET_HOOK_HISTORY_STATS: Function[rows.GetHookHistoryStatsRow] = Function(
    'get_hook_history_stats', 'total_executions, total_size_bytes, executions_by_hook, executions_by_type, CASE WHEN pg_catalog.isfinite(oldest_execution) THEN oldest_execution END, CASE WHEN pg_catalog.isfinite(newest_execution) THEN newest_execution END, avg_duration_ms', (), 0, rows.GetHookHistoryStatsRow, repeatable=True)
GRAPH_BY_SOURCE: Function[rows.GraphBySourceRow] = Function(
    'graph_by_source', 'element, element_id, element_type, name, from_entity, to_entity, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END', (('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None), ('known_at => %s::pg_catalog.timestamptz', None), ('include_superseded => %s::pg_catalog.bool', None),), 2, rows.GraphBySourceRow, repeatable=True)
GRAPH_CHECK: Function[rows.GraphCheckRow] = Function(
    'graph_check', 'element, element_id, fault, detail', (), 0, rows.GraphCheckRow, repeatable=True)
GRAPH_DIFF: Function[rows.GraphDiffRow] = Function(
    'graph_diff', 'element, element_id, change, old_value, new_value, properties_changed, cursor', (('from_valid_at => %s::pg_catalog.timestamptz', None), ('from_known_at => %s::pg_catalog.timestamptz', None), ('to_valid_at => %s::pg_catalog.timestamptz', None), ('to_known_at => %s::pg_catalog.timestamptz', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.GraphDiffRow, repeatable=True)
GRAPH_NEIGHBORS: Function[rows.GraphNeighborsRow] = Function(
    'graph_neighbors', 'relationship_id, relationship_type, outgoing, entity_id, entity_type, name, entity_properties, relationship_properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, cursor', (('start => %s::pg_catalog.uuid', None), ('direction => %s::pg_catalog.text', None), ('relationship_types => %s::pg_catalog.text[]', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 1, rows.GraphNeighborsRow, repeatable=True)
GRAPH_REPAIR: Function[rows.GraphRepairRow] = Function(
    'graph_repair', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, repaired, removed', (('element_id => %s::pg_catalog.uuid', None),), 1, rows.GraphRepairRow, repeatable=False)
GRAPH_SHORTEST_PATH: Function[rows.GraphShortestPathRow] = Function(
    'graph_shortest_path', 'length, entities, relationships, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END', (('from_entity => %s::pg_catalog.uuid', None), ('to_entity => %s::pg_catalog.uuid', None), ('max_depth => %s::pg_catalog.int4', None), ('relationship_types => %s::pg_catalog.text[]', None), ('direction => %s::pg_catalog.text', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('max_nodes => %s::pg_catalog.int4', None),), 2, rows.GraphShortestPathRow, repeatable=True)
GRAPH_SUBGRAPH: Function[rows.GraphSubgraphRow] = Function(
    'graph_subgraph', 'element, element_id, element_type, name, from_entity, to_entity, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END', (('entity_ids => %s::pg_catalog.uuid[]', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('relationship_types => %s::pg_catalog.text[]', None),), 1, rows.GraphSubgraphRow, repeatable=True)
GRAPH_TRAVERSE: Function[rows.GraphTraverseRow] = Function(
    'graph_traverse', 'entity_id, entity_type, name, depth, parent_id, relationship_id, relationship_type, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, path', (('start => %s::pg_catalog.uuid', None), ('max_depth => %s::pg_catalog.int4', None), ('relationship_types => %s::pg_catalog.text[]', None), ('direction => %s::pg_catalog.text', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('max_nodes => %s::pg_catalog.int4', None), ('include_start => %s::pg_catalog.bool', None), ('with_path => %s::pg_catalog.bool', None), ('with_names => %s::pg_catalog.bool', None),), 1, rows.GraphTraverseRow, repeatable=True)
HOOK_GET: Function[rows.HookRow] = Function(
    'hook_get', 'execution_id, hook_id, hook_type, correlation_id, context, context_json, result, CASE WHEN pg_catalog.isfinite(at) THEN at END, duration_ms, triggering_component, component_id, modified_operation, tags, retention_priority, context_size, contains_sensitive_data, metadata, codec, cursor', (('execution_id => %s::pg_catalog.uuid', None),), 1, rows.HookRow, repeatable=True)
HOOK_LIST: Function[rows.HookRow] = Function(
    'hook_list', 'execution_id, hook_id, hook_type, correlation_id, context, context_json, result, CASE WHEN pg_catalog.isfinite(at) THEN at END, duration_ms, triggering_component, component_id, modified_operation, tags, retention_priority, context_size, contains_sensitive_data, metadata, codec, cursor', (('hook_id => %s::pg_catalog.text', None), ('hook_type => %s::pg_catalog.text', None), ('correlation_id => %s::pg_catalog.uuid', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('newest_first => %s::pg_catalog.bool', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.HookRow, repeatable=True)
HOOK_RECORD: Function[rows.HookRecorded] = Function(
    'hook_record', 'execution_id, correlation_id, CASE WHEN pg_catalog.isfinite(at) THEN at END, context_size, stored_size', (('hook_id => %s::pg_catalog.text', None), ('hook_type => %s::pg_catalog.text', None), ('context => %s::pg_catalog.bytea', _calls.binary), ('context_json => %s::pg_catalog.jsonb', _calls.jsonb), ('result => %s::pg_catalog.jsonb', _calls.jsonb), ('correlation_id => %s::pg_catalog.uuid', None), ('at => %s::pg_catalog.timestamptz', None), ('duration_ms => %s::pg_catalog.int4', None), ('triggering_component => %s::pg_catalog.text', None), ('component_id => %s::pg_catalog.text', None), ('modified_operation => %s::pg_catalog.bool', None), ('tags => %s::pg_catalog.text[]', None), ('retention_priority => %s::pg_catalog.int4', None), ('contains_sensitive_data => %s::pg_catalog.bool', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('execution_id => %s::pg_catalog.uuid', None),), 2, rows.HookRecorded, repeatable=False)
HOOK_RETENTION_GET: Function[rows.HookRetentionGetRow] = Function(
    'hook_retention_get', 'keep, max_priority', (), 0, rows.HookRetentionGetRow, repeatable=True)
HOOK_RETENTION_SET: Function[None] = Function(
    'hook_retention_set', '', (('keep => %s::pg_catalog.interval', None), ('max_priority => %s::pg_catalog.int4', None),), 1, _calls.value, repeatable=False)
HOOK_SWEEP: Function[int] = Function(
    'hook_sweep', '', (('max_rows => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
HYBRID_SEARCH: Function[rows.HybridRow] = Function(
    'hybrid_search', 'id, score, vector_rank, text_rank, distance, scope, metadata, content, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, own_score, context_score, vector_score, text_score, complete, text_id', (('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('scope => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('rrf_k => %s::pg_catalog.int4', None), ('half_life => %s::pg_catalog.interval', None), ('mmr_lambda => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None), ('include_expired => %s::pg_catalog.bool', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('max_distance => %s::pg_catalog.float8', None), ('min_score => %s::pg_catalog.float8', None), ('half_life_at => %s::pg_catalog.timestamptz', None), ('half_life_floor => %s::pg_catalog.float8', None), ('fusion => %s::pg_catalog.text', None), ('context => %s::pg_catalog.float8', None),), 2, rows.HybridRow, repeatable=True)
IMPORT_LANGCHAIN: Function[rows.ImportLangchainRow] = Function(
    'import_langchain', 'kind, total, imported, present, skipped', (('source_schema => %s::pg_catalog.text', None), ('source_table => %s::pg_catalog.text', None), ('tenant => %s::pg_catalog.text', None), ('dry_run => %s::pg_catalog.bool', None), ('collection => %s::pg_catalog.text', None), ('scope => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None), ('language => %s::pg_catalog.text', None), ('id_column => %s::pg_catalog.text', None), ('content_column => %s::pg_catalog.text', None), ('embedding_column => %s::pg_catalog.text', None), ('metadata_column => %s::pg_catalog.text', None),), 1, rows.ImportLangchainRow, repeatable=False)
IMPORT_LANGGRAPH: Function[rows.ImportLangchainRow] = Function(
    'import_langgraph', 'kind, total, imported, present, skipped', (('source_schema => %s::pg_catalog.text', None), ('tenant => %s::pg_catalog.text', None), ('dry_run => %s::pg_catalog.bool', None), ('thread_ids => %s::pg_catalog.text[]', None),), 1, rows.ImportLangchainRow, repeatable=False)
ITEM_COUNT: Function[int] = Function(
    'item_count', '', (('namespace_prefix => %s::pg_catalog.text[]', None),), 0, _calls.value, repeatable=True)
ITEM_DELETE: Function[bool] = Function(
    'item_delete', '', (('namespace => %s::pg_catalog.text[]', None), ('key => %s::pg_catalog.text', None), ('expected_version => %s::pg_catalog.int8', None),), 2, _calls.value, repeatable=False)
ITEM_DELETE_MANY: Function[int] = Function(
    'item_delete_many', '', (('items => %s::pg_catalog.jsonb', _calls.jsonb),), 1, _calls.value, repeatable=False)
ITEM_GET: Function[rows.ItemGetRow] = Function(
    'item_get', 'value, version, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, ttl, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('namespace => %s::pg_catalog.text[]', None), ('key => %s::pg_catalog.text', None),), 2, rows.ItemGetRow, repeatable=True)
ITEM_GET_MANY: Function[rows.ItemGetManyRow] = Function(
    'item_get_many', 'namespace, key, value, version, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, ttl, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('items => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.ItemGetManyRow, repeatable=True)
ITEM_LIST: Function[rows.ItemRow] = Function(
    'item_list', 'namespace, key, value, version, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, ttl, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, cursor', (('namespace_prefix => %s::pg_catalog.text[]', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.ItemRow, repeatable=True)
ITEM_PUT: Function[rows.ItemPutRow] = Function(
    'item_put', 'version, created', (('namespace => %s::pg_catalog.text[]', None), ('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.jsonb', _calls.jsonb), ('ttl => %s::pg_catalog.interval', None), ('index_text => %s::pg_catalog.text', None), ('embedding => %s', _calls.vector), ('embeddings => %s', _calls.vectors), ('language => %s::pg_catalog.text', None), ('expected_version => %s::pg_catalog.int8', None),), 3, rows.ItemPutRow, repeatable=False)
ITEM_PUT_MANY: Function[rows.ItemWritten] = Function(
    'item_put_many', 'namespace, key, version, created', (('items => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.ItemWritten, repeatable=False)
ITEM_RENAME: Function[bool] = Function(
    'item_rename', '', (('namespace => %s::pg_catalog.text[]', None), ('key => %s::pg_catalog.text', None), ('new_namespace => %s::pg_catalog.text[]', None), ('new_key => %s::pg_catalog.text', None),), 4, _calls.value, repeatable=False)
ITEM_SEARCH: Function[rows.ItemHit] = Function(
    'item_search', 'namespace, key, value, version, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, ttl, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, score, distance, vector_score, text_score, complete, cursor', (('namespace_prefix => %s::pg_catalog.text[]', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('max_distance => %s::pg_catalog.float8', None), ('min_score => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('fusion => %s::pg_catalog.text', None),), 0, rows.ItemHit, repeatable=True)
ITEM_SWEEP: Function[int] = Function(
    'item_sweep', '', (('max_rows => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
ITEM_TOUCH: Function[bool] = Function(
    'item_touch', '', (('namespace => %s::pg_catalog.text[]', None), ('key => %s::pg_catalog.text', None), ('ttl => %s::pg_catalog.interval', None),), 2, _calls.value, repeatable=False)
ITEM_TOUCH_MANY: Function[int] = Function(
    'item_touch_many', '', (('items => %s::pg_catalog.jsonb', _calls.jsonb),), 1, _calls.value, repeatable=False)
KV_COUNT: Function[int] = Function(
    'kv_count', '', (('prefix => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=True)
KV_DELETE: Function[bool] = Function(
    'kv_delete', '', (('key => %s::pg_catalog.text', None), ('expected_version => %s::pg_catalog.int8', None),), 1, _calls.value, repeatable=False)
KV_DELETE_MANY: Function[int] = Function(
    'kv_delete_many', '', (('keys => %s::pg_catalog.text[]', None),), 1, _calls.value, repeatable=False)
KV_DELETE_PREFIX: Function[int] = Function(
    'kv_delete_prefix', '', (('prefix => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
KV_EXISTS: Function[bool] = Function(
    'kv_exists', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
KV_GET: Function[rows.KvGetRow] = Function(
    'kv_get', 'value, metadata, version, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, value_type', (('key => %s::pg_catalog.text', None),), 1, rows.KvGetRow, repeatable=True)
KV_GET_JSON: Function[rows.KvGetJsonRow] = Function(
    'kv_get_json', 'value, metadata, version, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('key => %s::pg_catalog.text', None),), 1, rows.KvGetJsonRow, repeatable=True)
KV_GET_MANY: Function[rows.KvGetManyRow] = Function(
    'kv_get_many', 'key, value, metadata, version, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, value_type', (('keys => %s::pg_catalog.text[]', None),), 1, rows.KvGetManyRow, repeatable=True)
KV_GET_TEXT: Function[rows.KvGetTextRow] = Function(
    'kv_get_text', 'value, metadata, version, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('key => %s::pg_catalog.text', None),), 1, rows.KvGetTextRow, repeatable=True)
KV_LIST: Function[rows.KvListRow] = Function(
    'kv_list', 'key, version, value_type, size_bytes, metadata, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, cursor', (('prefix => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.KvListRow, repeatable=True)
KV_SET: Function[rows.KvSetRow] = Function(
    'kv_set', 'kv_id, version, created', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.bytea', _calls.binary), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_version => %s::pg_catalog.int8', None), ('ttl => %s::pg_catalog.interval', None), ('value_type => %s::pg_catalog.text', None),), 2, rows.KvSetRow, repeatable=False)
KV_SET_JSON: Function[rows.KvSetRow] = Function(
    'kv_set_json', 'kv_id, version, created', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.jsonb', _calls.jsonb), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_version => %s::pg_catalog.int8', None), ('ttl => %s::pg_catalog.interval', None),), 2, rows.KvSetRow, repeatable=False)
KV_SET_MANY: Function[rows.KvSetManyRow] = Function(
    'kv_set_many', 'key, version, created', (('keys => %s::pg_catalog.text[]', None), ('data => %s::pg_catalog.bytea[]', _calls.binaries), ('metadata => %s::pg_catalog.jsonb[]', _calls.jsonbs), ('ttl => %s::pg_catalog.interval', None),), 2, rows.KvSetManyRow, repeatable=False)
KV_SET_TEXT: Function[rows.KvSetRow] = Function(
    'kv_set_text', 'kv_id, version, created', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_version => %s::pg_catalog.int8', None), ('ttl => %s::pg_catalog.interval', None),), 2, rows.KvSetRow, repeatable=False)
KV_SWEEP: Function[int] = Function(
    'kv_sweep', '', (('max_rows => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
MCP_MEMORY: Function[Any] = Function(
    'mcp_memory', '', (('tool => %s::pg_catalog.text', None), ('arguments => %s::pg_catalog.jsonb', _calls.jsonb),), 1, _calls.value, repeatable=False)
MEMORY_TOOL: Function[str] = Function(
    'memory_tool', '', (('command => %s::pg_catalog.jsonb', _calls.jsonb),), 1, _calls.value, repeatable=False)
MESSAGE_APPEND: Function[rows.MessageAppendRow] = Function(
    'message_append', 'message_id, sequence', (('thread_id => %s::pg_catalog.text', None), ('messages => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_sequence => %s::pg_catalog.int8', None), ('message_ids => %s::pg_catalog.text[]', None),), 2, rows.MessageAppendRow, repeatable=False)
MESSAGE_CLEAR: Function[int] = Function(
    'message_clear', '', (('thread_id => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
MESSAGE_GET: Function[rows.MessageRow] = Function(
    'message_get', 'sequence, message_id, message, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('thread_id => %s::pg_catalog.text', None), ('message_id => %s::pg_catalog.text', None), ('sequence => %s::pg_catalog.int8', None),), 1, rows.MessageRow, repeatable=True)
MESSAGE_LIST: Function[rows.MessageRow] = Function(
    'message_list', 'sequence, message_id, message, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('thread_id => %s::pg_catalog.text', None), ('newest => %s::pg_catalog.int4', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 1, rows.MessageRow, repeatable=True)
MESSAGE_POP: Function[rows.MessageRow] = Function(
    'message_pop', 'sequence, message_id, message, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('thread_id => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None),), 1, rows.MessageRow, repeatable=False)
MESSAGE_UPDATE: Function[bool] = Function(
    'message_update', '', (('thread_id => %s::pg_catalog.text', None), ('message => %s::pg_catalog.jsonb', _calls.jsonb), ('message_id => %s::pg_catalog.text', None), ('sequence => %s::pg_catalog.int8', None),), 2, _calls.value, repeatable=False)
MIGRATION_VERSION: Function[int] = Function(
    'migration_version', '', (), 0, _calls.value, repeatable=True)
NAMESPACE_DELETE: Function[int] = Function(
    'namespace_delete', '', (('namespace_prefix => %s::pg_catalog.text[]', None),), 1, _calls.value, repeatable=False)
NAMESPACE_LIST: Function[rows.NamespaceListRow] = Function(
    'namespace_list', 'namespace, cursor', (('namespace_prefix => %s::pg_catalog.text[]', None), ('namespace_suffix => %s::pg_catalog.text[]', None), ('max_depth => %s::pg_catalog.int4', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.NamespaceListRow, repeatable=True)
NAMESPACE_RENAME: Function[int] = Function(
    'namespace_rename', '', (('namespace_prefix => %s::pg_catalog.text[]', None), ('new_prefix => %s::pg_catalog.text[]', None),), 2, _calls.value, repeatable=False)
PATTERN_FREQUENCY: Function[int] = Function(
    'pattern_frequency', '', (('scope => %s::pg_catalog.text', None), ('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.text', None),), 3, _calls.value, repeatable=True)
PATTERN_LIST: Function[rows.PatternRow] = Function(
    'pattern_list', 'scope, key, value, frequency, CASE WHEN pg_catalog.isfinite(first_seen) THEN first_seen END, CASE WHEN pg_catalog.isfinite(last_seen) THEN last_seen END, cursor', (('scope => %s::pg_catalog.text', None), ('min_frequency => %s::pg_catalog.int4', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.PatternRow, repeatable=True)
PATTERN_PREDICT: Function[rows.PatternPredictRow] = Function(
    'pattern_predict', 'value, frequency, probability, CASE WHEN pg_catalog.isfinite(last_seen) THEN last_seen END', (('scope => %s::pg_catalog.text', None), ('key => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('half_life => %s::pg_catalog.interval', None),), 2, rows.PatternPredictRow, repeatable=True)
PATTERN_PRUNE: Function[int] = Function(
    'pattern_prune', '', (('older_than => %s::pg_catalog.interval', None), ('before => %s::pg_catalog.timestamptz', None), ('below_frequency => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
PATTERN_RECORD: Function[int] = Function(
    'pattern_record', '', (('scope => %s::pg_catalog.text', None), ('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.text', None),), 3, _calls.value, repeatable=False)
PATTERN_RECORD_MANY: Function[rows.PatternRecordManyRow] = Function(
    'pattern_record_many', 'scope, key, value, frequency', (('patterns => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.PatternRecordManyRow, repeatable=False)
RECALL: Function[rows.RecallRow] = Function(
    'recall', 'kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, source, session_id, role, scope, space, metadata, left_out', (('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('session_id => %s::pg_catalog.text', None), ('scope => %s::pg_catalog.text', None), ('kinds => %s::pg_catalog.text[]', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_tokens => %s::pg_catalog.int4', None), ('max_rows => %s::pg_catalog.int4', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('min_score => %s::pg_catalog.float8', None), ('kind_weights => %s::pg_catalog.jsonb', _calls.jsonb), ('mmr_lambda => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('context => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 0, rows.RecallRow, repeatable=True)
RECALL_RECORD: Function[rows.RecallRecordRow] = Function(
    'recall_record', 'event_id, kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, source, session_id, role, scope, space, metadata, left_out', (('query_text => %s::pg_catalog.text', None), ('query_embedding => %s', _calls.vector), ('session_id => %s::pg_catalog.text', None), ('scope => %s::pg_catalog.text', None), ('kinds => %s::pg_catalog.text[]', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_tokens => %s::pg_catalog.int4', None), ('max_rows => %s::pg_catalog.int4', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None), ('weights => %s::pg_catalog.float8[]', _calls.floats), ('min_score => %s::pg_catalog.float8', None), ('kind_weights => %s::pg_catalog.jsonb', _calls.jsonb), ('mmr_lambda => %s::pg_catalog.float8', None), ('language => %s::pg_catalog.text', None), ('context => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None), ('correlation_id => %s::pg_catalog.uuid', None),), 0, rows.RecallRecordRow, repeatable=False)
RECALL_REPLAY: Function[rows.RecallReplayRow] = Function(
    'recall_replay', 'state, kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, source, session_id, role, scope, space, metadata, left_out', (('event_id => %s::pg_catalog.uuid', None),), 1, rows.RecallReplayRow, repeatable=True)
RELATIONSHIP_AS_OF: Function[rows.RelationshipAsOfRow] = Function(
    'relationship_as_of', 'relationship_id, from_entity, to_entity, relationship_type, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, source_type, source_id, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END', (('relationship_id => %s::pg_catalog.uuid', None), ('valid_at => %s::pg_catalog.timestamptz', None), ('known_at => %s::pg_catalog.timestamptz', None),), 1, rows.RelationshipAsOfRow, repeatable=True)
RELATIONSHIP_ERASE: Function[int] = Function(
    'relationship_erase', '', (('relationship_id => %s::pg_catalog.uuid', None),), 1, _calls.value, repeatable=False)
RELATIONSHIP_HISTORY: Function[rows.RelationshipHistoryRow] = Function(
    'relationship_history', 'from_entity, to_entity, relationship_type, properties, CASE WHEN pg_catalog.isfinite(valid_from) THEN valid_from END, CASE WHEN pg_catalog.isfinite(valid_to) THEN valid_to END, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, CASE WHEN pg_catalog.isfinite(known_to) THEN known_to END, source_type, source_id, CASE WHEN pg_catalog.isfinite(changed_at) THEN changed_at END', (('relationship_id => %s::pg_catalog.uuid', None),), 1, rows.RelationshipHistoryRow, repeatable=True)
RELATIONSHIP_PATCH: Function[rows.RelationshipPutRow] = Function(
    'relationship_patch', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('relationship_id => %s::pg_catalog.uuid', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('relationship_type => %s::pg_catalog.text', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None), ('remove => %s::pg_catalog.text[]', None),), 2, rows.RelationshipPutRow, repeatable=False)
RELATIONSHIP_PATCH_MANY: Function[rows.RelationshipPutManyRow] = Function(
    'relationship_patch_many', 'relationship_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.RelationshipPutManyRow, repeatable=False)
RELATIONSHIP_PUT: Function[rows.RelationshipPutRow] = Function(
    'relationship_put', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('relationship_id => %s::pg_catalog.uuid', None), ('from_entity => %s::pg_catalog.uuid', None), ('to_entity => %s::pg_catalog.uuid', None), ('relationship_type => %s::pg_catalog.text', None), ('properties => %s::pg_catalog.jsonb', _calls.jsonb), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None), ('on_missing => %s::pg_catalog.text', None), ('source_type => %s::pg_catalog.text', None), ('source_id => %s::pg_catalog.text', None),), 4, rows.RelationshipPutRow, repeatable=False)
RELATIONSHIP_PUT_MANY: Function[rows.RelationshipPutManyRow] = Function(
    'relationship_put_many', 'relationship_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.RelationshipPutManyRow, repeatable=False)
RELATIONSHIP_RETRACT: Function[rows.RelationshipPutRow] = Function(
    'relationship_retract', 'CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('relationship_id => %s::pg_catalog.uuid', None), ('valid_from => %s::pg_catalog.timestamptz', None), ('valid_to => %s::pg_catalog.timestamptz', None),), 1, rows.RelationshipPutRow, repeatable=False)
RELATIONSHIP_RETRACT_MANY: Function[rows.RelationshipPutManyRow] = Function(
    'relationship_retract_many', 'relationship_id, CASE WHEN pg_catalog.isfinite(known_from) THEN known_from END, closed, added', (('entries => %s::pg_catalog.jsonb', _calls.jsonb),), 1, rows.RelationshipPutManyRow, repeatable=False)
RELATIONSHIP_VECTOR_SET: Function[bool] = Function(
    'relationship_vector_set', '', (('relationship_id => %s::pg_catalog.uuid', None), ('embedding => %s', _calls.vector), ('space => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
SESSION_ARCHIVE: Function[bool] = Function(
    'session_archive', '', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
SESSION_CREATE: Function[rows.SessionCreated] = Function(
    'session_create', 'session_id, version, created', (('session_id => %s::pg_catalog.uuid', None), ('state => %s::pg_catalog.jsonb', _calls.jsonb), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('name => %s::pg_catalog.text', None), ('subject => %s::pg_catalog.text', None), ('title => %s::pg_catalog.text', None),), 0, rows.SessionCreated, repeatable=False)
SESSION_DELETE: Function[bool] = Function(
    'session_delete', '', (('session_id => %s::pg_catalog.uuid', None), ('name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
SESSION_GET: Function[rows.SessionGetRow] = Function(
    'session_get', 'session_id, name, state, status, version, subject, title, artifact_count, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(last_accessed_at) THEN last_accessed_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('session_id => %s::pg_catalog.uuid', None), ('include_expired => %s::pg_catalog.bool', None), ('name => %s::pg_catalog.text', None),), 0, rows.SessionGetRow, repeatable=True)
SESSION_LIST: Function[rows.SessionRow] = Function(
    'session_list', 'session_id, name, subject, title, status, version, artifact_count, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(last_accessed_at) THEN last_accessed_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END, cursor', (('status => %s::pg_catalog.text', None), ('subject => %s::pg_catalog.text', None), ('title => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.SessionRow, repeatable=True)
SESSION_RETENTION_GET: Function[timedelta | None] = Function(
    'session_retention_get', '', (), 0, _calls.value, repeatable=True)
SESSION_RETENTION_SET: Function[None] = Function(
    'session_retention_set', '', (('keep => %s::pg_catalog.interval', None),), 1, _calls.value, repeatable=False)
SESSION_STATS: Function[rows.SessionStatsRow] = Function(
    'session_stats', 'status, sessions, artifacts, CASE WHEN pg_catalog.isfinite(oldest) THEN oldest END, CASE WHEN pg_catalog.isfinite(newest) THEN newest END', (), 0, rows.SessionStatsRow, repeatable=True)
SESSION_SWEEP: Function[rows.SessionSweepRow] = Function(
    'session_sweep', 'expired, deleted', (('max_rows => %s::pg_catalog.int4', None),), 0, rows.SessionSweepRow, repeatable=False)
SESSION_TOUCH: Function[bool] = Function(
    'session_touch', '', (('session_id => %s::pg_catalog.uuid', None), ('ttl => %s::pg_catalog.interval', None), ('name => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
SESSION_UPDATE: Function[int] = Function(
    'session_update', 'version', (('session_id => %s::pg_catalog.uuid', None), ('state => %s::pg_catalog.jsonb', _calls.jsonb), ('status => %s::pg_catalog.text', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('expected_version => %s::pg_catalog.int8', None), ('name => %s::pg_catalog.text', None), ('subject => %s::pg_catalog.text', None), ('title => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
STATUS: Function[Any] = Function(
    'status', '', (), 0, _calls.value, repeatable=True)
STORAGE_CLEAR: Function[rows.StorageClearRow] = Function(
    'storage_clear', 'store, deleted', (), 0, rows.StorageClearRow, repeatable=False)
STORAGE_DELETE: Function[bool] = Function(
    'storage_delete', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
STORAGE_DELETE_MANY: Function[int] = Function(
    'storage_delete_many', '', (('keys => %s::pg_catalog.text[]', None),), 1, _calls.value, repeatable=False)
STORAGE_EXISTS: Function[bool] = Function(
    'storage_exists', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
STORAGE_GET: Function[bytes | None] = Function(
    'storage_get', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
STORAGE_GET_JSON: Function[Any] = Function(
    'storage_get_json', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
STORAGE_GET_MANY: Function[rows.StorageGetManyRow] = Function(
    'storage_get_many', 'key, value', (('keys => %s::pg_catalog.text[]', None),), 1, rows.StorageGetManyRow, repeatable=True)
STORAGE_GET_TEXT: Function[str | None] = Function(
    'storage_get_text', '', (('key => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
STORAGE_LIST: Function[rows.StorageListRow] = Function(
    'storage_list', 'key, cursor', (('prefix => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.StorageListRow, repeatable=True)
STORAGE_SET: Function[None] = Function(
    'storage_set', '', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.bytea', _calls.binary),), 2, _calls.value, repeatable=False)
STORAGE_SET_JSON: Function[None] = Function(
    'storage_set_json', '', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.jsonb', _calls.jsonb),), 2, _calls.value, repeatable=False)
STORAGE_SET_MANY: Function[int] = Function(
    'storage_set_many', '', (('keys => %s::pg_catalog.text[]', None), ('data => %s::pg_catalog.bytea[]', _calls.binaries),), 2, _calls.value, repeatable=False)
STORAGE_SET_TEXT: Function[None] = Function(
    'storage_set_text', '', (('key => %s::pg_catalog.text', None), ('value => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
STREAM_APPEND: Function[int] = Function(
    'stream_append', '', (('stream => %s::pg_catalog.text', None), ('events => %s::pg_catalog.jsonb', _calls.jsonb), ('expected_version => %s::pg_catalog.int8', None),), 2, _calls.value, repeatable=False)
STREAM_READ: Function[rows.EventRow] = Function(
    'stream_read', 'event_id, event_type, correlation_id, CASE WHEN pg_catalog.isfinite(at) THEN at END, sequence, language, payload, stream, stream_version, cursor', (('stream => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 1, rows.EventRow, repeatable=True)
THREAD_COPY: Function[int] = Function(
    'thread_copy', '', (('source_thread_id => %s::pg_catalog.text', None), ('target_thread_id => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
THREAD_DELETE: Function[bool] = Function(
    'thread_delete', '', (('thread_id => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
THREAD_DELETE_RUNS: Function[int] = Function(
    'thread_delete_runs', '', (('run_ids => %s::pg_catalog.text[]', None),), 1, _calls.value, repeatable=False)
THREAD_GC: Function[rows.ThreadGcRow] = Function(
    'thread_gc', 'families, blobs', (('max_rows => %s::pg_catalog.int4', None),), 0, rows.ThreadGcRow, repeatable=False)
THREAD_LIST: Function[rows.ThreadListRow] = Function(
    'thread_list', 'thread_id, message_count, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.ThreadListRow, repeatable=True)
THREAD_PRUNE: Function[int] = Function(
    'thread_prune', '', (('thread_ids => %s::pg_catalog.text[]', None), ('strategy => %s::pg_catalog.text', None), ('keep_last => %s::pg_catalog.int4', None), ('older_than => %s::pg_catalog.interval', None),), 0, _calls.value, repeatable=False)
THREAD_STATS: Function[rows.ThreadStatsRow] = Function(
    'thread_stats', 'checkpoints, namespaces, writes, messages, blobs, size_bytes, stored_bytes, CASE WHEN pg_catalog.isfinite(first_at) THEN first_at END, CASE WHEN pg_catalog.isfinite(last_at) THEN last_at END', (('thread_id => %s::pg_catalog.text', None),), 1, rows.ThreadStatsRow, repeatable=True)
TOKEN_ESTIMATE: Function[int] = Function(
    'token_estimate', '', (('content => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=True)
TX_HORIZON: Function[datetime | None] = Function(
    'tx_horizon', '', (), 0, _calls.value, repeatable=True)
VECTOR_ADD: Function[UUID] = Function(
    'vector_add', '', (('embedding => %s', _calls.vector), ('scope => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('content => %s::pg_catalog.text', None), ('id => %s::pg_catalog.uuid', None), ('at => %s::pg_catalog.timestamptz', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
VECTOR_ADD_HALF: Function[UUID] = Function(
    'vector_add_half', '', (('embedding => %s::pg_catalog.bytea', _calls.binary), ('scope => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('content => %s::pg_catalog.text', None), ('id => %s::pg_catalog.uuid', None), ('at => %s::pg_catalog.timestamptz', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
VECTOR_ADD_MANY: Function[list[UUID]] = Function(
    'vector_add_many', '', (('embeddings => %s', _calls.vectors), ('scopes => %s::pg_catalog.text[]', None), ('metadatas => %s::pg_catalog.jsonb[]', _calls.jsonbs), ('contents => %s::pg_catalog.text[]', None), ('ids => %s::pg_catalog.uuid[]', None), ('items => %s::pg_catalog.jsonb', _calls.jsonb), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
VECTOR_DELETE: Function[int] = Function(
    'vector_delete', '', (('ids => %s::pg_catalog.uuid[]', None), ('text_ids => %s::pg_catalog.text[]', None), ('space => %s::pg_catalog.text', None),), 0, _calls.value, repeatable=False)
VECTOR_DELETE_SCOPE: Function[int] = Function(
    'vector_delete_scope', '', (('scope => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
VECTOR_EXPLAIN: Function[rows.VectorExplainRow] = Function(
    'vector_explain', 'space, route, reason, row_count, estimated, exact_rows, index_method, ef_search, candidates, max_scan_tuples, exact_ms, ann_ms, own_index', (('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('scope => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_distance => %s::pg_catalog.float8', None), ('mode => %s::pg_catalog.text', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('include_expired => %s::pg_catalog.bool', None), ('ef_search => %s::pg_catalog.int4', None), ('recall => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 1, rows.VectorExplainRow, repeatable=True)
VECTOR_GET: Function[rows.VectorRow] = Function(
    'vector_get', 'id, text_id, space, scope, metadata, content, embedding::pg_catalog.float4[], CASE WHEN pg_catalog.isfinite(at) THEN at END, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, CASE WHEN pg_catalog.isfinite(expires_at) THEN expires_at END', (('ids => %s::pg_catalog.uuid[]', None), ('text_ids => %s::pg_catalog.text[]', None), ('space => %s::pg_catalog.text', None),), 0, rows.VectorRow, repeatable=True)
VECTOR_INDEX_ESTIMATE: Function[rows.VectorIndexEstimateRow] = Function(
    'vector_index_estimate', 'method, index_bytes, build_bytes', (('row_count => %s::pg_catalog.int8', None), ('dims => %s::pg_catalog.int4', None), ('m => %s::pg_catalog.int4', None),), 2, rows.VectorIndexEstimateRow, repeatable=True)
VECTOR_PUT: Function[rows.VectorPutRow] = Function(
    'vector_put', 'id, created', (('embedding => %s', _calls.vector), ('text_id => %s::pg_catalog.text', None), ('scope => %s::pg_catalog.text', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('content => %s::pg_catalog.text', None), ('id => %s::pg_catalog.uuid', None), ('at => %s::pg_catalog.timestamptz', None), ('expires_at => %s::pg_catalog.timestamptz', None), ('ttl => %s::pg_catalog.interval', None), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 1, rows.VectorPutRow, repeatable=False)
VECTOR_PUT_MANY: Function[rows.VectorPutManyRow] = Function(
    'vector_put_many', 'id, text_id, created', (('embeddings => %s', _calls.vectors), ('text_ids => %s::pg_catalog.text[]', None), ('scopes => %s::pg_catalog.text[]', None), ('metadatas => %s::pg_catalog.jsonb[]', _calls.jsonbs), ('contents => %s::pg_catalog.text[]', None), ('ids => %s::pg_catalog.uuid[]', None), ('items => %s::pg_catalog.jsonb', _calls.jsonb), ('language => %s::pg_catalog.text', None), ('space => %s::pg_catalog.text', None),), 0, rows.VectorPutManyRow, repeatable=False)
VECTOR_SEARCH: Function[rows.VectorSearchRow] = Function(
    'vector_search', 'id, distance, score, scope, metadata, content, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, exact, complete, text_id', (('query_embedding => %s', _calls.vector), ('max_rows => %s::pg_catalog.int4', None), ('scope => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_distance => %s::pg_catalog.float8', None), ('mode => %s::pg_catalog.text', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('include_expired => %s::pg_catalog.bool', None), ('ef_search => %s::pg_catalog.int4', None), ('recall => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 1, rows.VectorSearchRow, repeatable=True)
VECTOR_SEARCH_MANY: Function[rows.VectorSearchManyRow] = Function(
    'vector_search_many', 'query_number, id, distance, score, scope, metadata, content, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, exact, complete, text_id', (('query_embeddings => %s', _calls.vectors), ('max_rows => %s::pg_catalog.int4', None), ('scope => %s::pg_catalog.text', None), ('filter => %s::pg_catalog.jsonb', _calls.jsonb), ('max_distance => %s::pg_catalog.float8', None), ('mode => %s::pg_catalog.text', None), ('since => %s::pg_catalog.timestamptz', None), ('until => %s::pg_catalog.timestamptz', None), ('include_expired => %s::pg_catalog.bool', None), ('ef_search => %s::pg_catalog.int4', None), ('recall => %s::pg_catalog.float8', None), ('space => %s::pg_catalog.text', None),), 1, rows.VectorSearchManyRow, repeatable=True)
VECTOR_SPACE_DELETE: Function[bool] = Function(
    'vector_space_delete', '', (('space => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
VECTOR_SPACE_LIST: Function[rows.VectorSpaceListRow] = Function(
    'vector_space_list', 'name, dims, metric, model, purpose, table_name, index_method, index_state, builtin, ef_search, exact_rows, CASE WHEN pg_catalog.isfinite(calibrated_at) THEN calibrated_at END, index_recall, CASE WHEN pg_catalog.isfinite(index_checked_at) THEN index_checked_at END, state, line, cursor', (('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.VectorSpaceListRow, repeatable=True)
VECTOR_STATS: Function[rows.VectorStatsRow] = Function(
    'vector_stats', 'space, dims, row_count, with_content, expired, bytes, CASE WHEN pg_catalog.isfinite(oldest) THEN oldest END, CASE WHEN pg_catalog.isfinite(newest) THEN newest END', (('scope => %s::pg_catalog.text', None),), 0, rows.VectorStatsRow, repeatable=True)
VECTOR_SWEEP: Function[int] = Function(
    'vector_sweep', '', (('max_rows => %s::pg_catalog.int4', None),), 0, _calls.value, repeatable=False)
VECTOR_UPDATE_METADATA: Function[bool] = Function(
    'vector_update_metadata', '', (('id => %s::pg_catalog.uuid', None), ('metadata => %s::pg_catalog.jsonb', _calls.jsonb), ('space => %s::pg_catalog.text', None),), 2, _calls.value, repeatable=False)
VERIFY: Function[rows.VerifyRow] = Function(
    'verify', 'component, object, fault', (), 0, rows.VerifyRow, repeatable=False)
VERIFY_ISOLATION: Function[rows.VerifyIsolationRow] = Function(
    'verify_isolation', 'check_name, ok, detail', (), 0, rows.VerifyIsolationRow, repeatable=False)
VERSION: Function[str] = Function(
    'version', '', (), 0, _calls.value, repeatable=True)
WHOAMI: Function[rows.WhoamiRow] = Function(
    'whoami', 'role, session_role, superuser, bypassrls, row_security, tenant, tenant_source, hint', (), 0, rows.WhoamiRow, repeatable=True)
WORKFLOW_CLAIM: Function[rows.WorkflowClaimed] = Function(
    'workflow_claim', 'workflow_id, name, state, current_step, version, attempt, fence, CASE WHEN pg_catalog.isfinite(lease_expires_at) THEN lease_expires_at END', (('statuses => %s::pg_catalog.text[]', None), ('max_rows => %s::pg_catalog.int4', None), ('lease => %s::pg_catalog.interval', None), ('queue => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None),), 0, rows.WorkflowClaimed, repeatable=False)
WORKFLOW_DELETE: Function[bool] = Function(
    'workflow_delete', '', (('workflow_id => %s::pg_catalog.text', None),), 1, _calls.value, repeatable=False)
WORKFLOW_EXTEND: Function[datetime] = Function(
    'workflow_extend', '', (('workflow_id => %s::pg_catalog.text', None), ('fence => %s::pg_catalog.int8', None), ('lease => %s::pg_catalog.interval', None),), 2, _calls.value, repeatable=False)
WORKFLOW_GET: Function[rows.WorkflowGetRow] = Function(
    'workflow_get', 'workflow_id, name, state, status, reason, current_step, version, attempt, fence, CASE WHEN pg_catalog.isfinite(lease_expires_at) THEN lease_expires_at END, queue, CASE WHEN pg_catalog.isfinite(run_at) THEN run_at END, max_attempts, backoff, CASE WHEN pg_catalog.isfinite(started_at) THEN started_at END, CASE WHEN pg_catalog.isfinite(completed_at) THEN completed_at END, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END', (('workflow_id => %s::pg_catalog.text', None),), 1, rows.WorkflowGetRow, repeatable=True)
WORKFLOW_LIST: Function[rows.WorkflowRow] = Function(
    'workflow_list', 'workflow_id, name, status, reason, queue, current_step, version, attempt, CASE WHEN pg_catalog.isfinite(run_at) THEN run_at END, CASE WHEN pg_catalog.isfinite(created_at) THEN created_at END, CASE WHEN pg_catalog.isfinite(updated_at) THEN updated_at END, cursor', (('status => %s::pg_catalog.text', None), ('max_rows => %s::pg_catalog.int4', None), ('after => %s::pg_catalog.text', None),), 0, rows.WorkflowRow, repeatable=True)
WORKFLOW_RELEASE: Function[int] = Function(
    'workflow_release', '', (('workflow_id => %s::pg_catalog.text', None), ('fence => %s::pg_catalog.int8', None), ('status => %s::pg_catalog.text', None), ('reason => %s::pg_catalog.text', None), ('run_at => %s::pg_catalog.timestamptz', None),), 2, _calls.value, repeatable=False)
WORKFLOW_SAVE: Function[rows.WorkflowSaveRow] = Function(
    'workflow_save', 'version, created, CASE WHEN pg_catalog.isfinite(lease_expires_at) THEN lease_expires_at END', (('workflow_id => %s::pg_catalog.text', None), ('name => %s::pg_catalog.text', None), ('state => %s::pg_catalog.jsonb', _calls.jsonb), ('status => %s::pg_catalog.text', None), ('current_step => %s::pg_catalog.int4', None), ('expected_version => %s::pg_catalog.int8', None), ('fence => %s::pg_catalog.int8', None), ('queue => %s::pg_catalog.text', None), ('run_at => %s::pg_catalog.timestamptz', None), ('max_attempts => %s::pg_catalog.int4', None), ('backoff => %s::pg_catalog.interval', None), ('lease => %s::pg_catalog.interval', None),), 3, rows.WorkflowSaveRow, repeatable=False)
WORKFLOW_STATS: Function[rows.WorkflowStatsRow] = Function(
    'workflow_stats', 'status, workflows, retried, average_duration', (), 0, rows.WorkflowStatsRow, repeatable=True)
WORKFLOW_UPDATE_STATUS: Function[rows.WorkflowUpdateStatusRow] = Function(
    'workflow_update_status', 'version, previous_status', (('workflow_id => %s::pg_catalog.text', None), ('status => %s::pg_catalog.text', None), ('expected_status => %s::pg_catalog.text', None), ('fence => %s::pg_catalog.int8', None), ('reason => %s::pg_catalog.text', None),), 2, rows.WorkflowUpdateStatusRow, repeatable=False)
