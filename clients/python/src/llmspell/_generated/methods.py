"""The public functions as methods. Written by scripts/client-methods from the comments of the catalog; not edited by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from .._calls import Caller, Bytes, Vector, Vectors
from . import functions, rows


class Methods(Caller):
    """A method for each function that `llmspell_app` may execute. An argument that is None keeps its default."""

    def agent_history_get(self, agent_type: str) -> str | None:
        """Returns which saved states of a type of agents are kept: all, checkpoints (the default) or none.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.agent_history_get('chat');
        """
        return self._one(functions.AGENT_HISTORY_GET, (agent_type,))

    def agent_history_set(self, agent_type: str, history: str) -> None:
        """Sets which saved states of a type of agents are kept from now on: all, checkpoints or none.

        Errors: 42501 no tenant, 22004 null, 22001 agent_type over 100 characters, 22023 unknown history.
        Example: SELECT llmspell.agent_history_set('chat', 'all');
        """
        self._one(functions.AGENT_HISTORY_SET, (agent_type, history))

    def agent_state_at(self, agent_id: str, *, version: int | None = None, at: datetime | None = None, label: str | None = None) -> rows.AgentStateKept | None:
        """Returns an agent's state of a version, a moment or a label, current or kept: one row, or none.

        Errors: 42501 no tenant, 22004 null agent_id, 22023 not exactly one of version, at and label.
        Example: SELECT state FROM llmspell.agent_state_at('a1', at => now() - interval '1 hour');
        """
        return self._maybe(functions.AGENT_STATE_AT, (agent_id, version, at, label))

    def agent_state_delete(self, agent_id: str, *, expected_version: int | None = None) -> bool:
        """Deletes an agent's state and its history; returns whether it existed.

        Errors: 42501 no tenant, LS409 another version, 22004 null, 22023 expected_version.
        Example: SELECT llmspell.agent_state_delete('planner');
        """
        return self._one(functions.AGENT_STATE_DELETE, (agent_id, expected_version))

    def agent_state_get(self, agent_id: str) -> rows.AgentStateGetRow | None:
        """Returns the current state of an agent: one row, or none.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT state, version FROM llmspell.agent_state_get('a1');
        """
        return self._maybe(functions.AGENT_STATE_GET, (agent_id,))

    def agent_state_history(self, agent_id: str, *, max_rows: int | None = None, after: str | None = None) -> list[rows.AgentStateHistoryRow]:
        """Lists the checkpoints of an agent, newest first, without their states.

        Errors: 42501 no tenant, 22004 null agent_id, 22023 max_rows, after.
        Example: SELECT version, label, saved_at FROM llmspell.agent_state_history('planner', 10);
        """
        return self._many(functions.AGENT_STATE_HISTORY, (agent_id, max_rows, after))

    def agent_state_list(self, *, agent_type: str | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.AgentStateRow]:
        """Lists agents by id in byte order, of one type or of all, without their states.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT agent_id FROM llmspell.agent_state_list('chat', 100, after => 'planner');
        """
        return self._many(functions.AGENT_STATE_LIST, (agent_type, max_rows, after))

    def agent_state_prune(self, agent_id: str, *, keep_last: int | None = None, older_than: timedelta | None = None, before: datetime | None = None) -> int:
        """Deletes checkpoints beyond the newest keep_last and replaced before a moment, where given; returns how many.

        Errors: 42501 no tenant, 22004 null agent_id, 22023 no criterion, older_than and before, or one out of range, 22008 beyond the last timestamp.
        Example: SELECT llmspell.agent_state_prune('planner', keep_last => 100);
        """
        return self._one(functions.AGENT_STATE_PRUNE, (agent_id, keep_last, older_than, before))

    def agent_state_restore(self, agent_id: str, *, version: int | None = None, label: str | None = None) -> rows.AgentStateSaved:
        """Makes a kept state the current one again, as a new version; the state that it replaces is kept.

        Errors: 42501 no tenant, 22004 null agent_id, 22023 both or neither of version and label, P0002 no such checkpoint.
        Example: SELECT version FROM llmspell.agent_state_restore('planner', 3);
        """
        return self._one(functions.AGENT_STATE_RESTORE, (agent_id, version, label))

    def agent_state_save(self, agent_id: str, agent_type: str, state: Any, *, expected_version: int | None = None, schema_version: int | None = None, keep_history: bool | None = None, label: str | None = None) -> rows.AgentStateSaveRow:
        """Saves an agent's state; with keep_history or a label as a checkpoint, which stays until it is pruned.

        Errors: 42501 no tenant, LS409 another version, 22004 null, 22001 agent_id over 255, agent_type or label over 100 characters, 22023 expected_version, 54000 state too large or too deep, 23514 schema_version below 1.
        Example: SELECT version FROM llmspell.agent_state_save('a1', 'chat', '{"step": 1}', label => 'first plan');
        """
        return self._one(functions.AGENT_STATE_SAVE, (agent_id, agent_type, state, expected_version, schema_version, keep_history, label))

    def agent_state_verify(self) -> list[rows.AgentStateVerifyRow]:
        """Lists agents whose state does not match the checksum that agent_state_save wrote.

        Errors: 42501 no tenant.
        Example: SELECT * FROM llmspell.agent_state_verify();
        """
        return self._many(functions.AGENT_STATE_VERIFY, ())

    def artifact_delete(self, artifact_id: str) -> bool:
        """Deletes an artifact; true where it existed. artifact_gc removes contents without artifacts.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.artifact_delete('0198…:0:9f86…');
        """
        return self._one(functions.ARTIFACT_DELETE, (artifact_id,))

    def artifact_exists(self, hashes: Sequence[str]) -> list[rows.ArtifactExistsRow]:
        """For each hash in hex, in order, whether the tenant has that content.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT content_hash FROM llmspell.artifact_exists(ARRAY['9f86…']) WHERE NOT found;
        """
        return self._many(functions.ARTIFACT_EXISTS, (hashes,))

    def artifact_gc(self, *, max_rows: int | None = None, grace: timedelta | None = None) -> rows.ArtifactGcRow:
        """Drops contents that had no artifact for longer than grace, chunks that nothing needs, and expired uploads.

        Errors: 42501 no tenant, 22023 max_rows negative, or grace neither 0 nor positive, 40001 artifacts changed after the snapshot.
        Example: SELECT contents, bytes FROM llmspell.artifact_gc(1000);
        """
        return self._one(functions.ARTIFACT_GC, (max_rows, grace))

    def artifact_get(self, *, artifact_id: str | None = None, session_id: UUID | str | None = None, name: str | None = None, version: int | None = None, session_name: str | None = None) -> bytes | None:
        """The content of an artifact, by its id or by session, name and version (the newest); NULL where there is none.

        Errors: 42501 no tenant, 22004 neither, 22023 both, P0002 no session has the name, XX001 damaged content, 42704 a large object of an older client is missing.
        Example: SELECT llmspell.artifact_get(session_id => '0198a5f0-0000-7000-8000-000000000001', name => 'notes.txt');
        """
        return self._one(functions.ARTIFACT_GET, (artifact_id, session_id, name, version, session_name))

    def artifact_get_by_hash(self, content_hash: str) -> bytes | None:
        """A content of the tenant by its hash in hex; NULL where there is none.

        Errors: 42501 no tenant, 22004 null, XX001 damaged content.
        Example: SELECT llmspell.artifact_get_by_hash(encode(llmspell.blake3('hello'), 'hex'));
        """
        return self._one(functions.ARTIFACT_GET_BY_HASH, (content_hash,))

    def artifact_get_range(self, artifact_id: str, byte_offset: int, length: int) -> bytes | None:
        """Up to length bytes of an artifact from byte_offset (0 is the first); NULL where there is no such artifact.

        Errors: 42501 no tenant, 22004 null, 22023 negative, XX001 damaged content.
        Example: SELECT llmspell.artifact_get_range('0198…:0:9f86…', 0, 100);
        """
        return self._one(functions.ARTIFACT_GET_RANGE, (artifact_id, byte_offset, length))

    def artifact_get_text(self, *, artifact_id: str | None = None, session_id: UUID | str | None = None, name: str | None = None, version: int | None = None, session_name: str | None = None) -> str | None:
        """The content of an artifact as text, found as by artifact_get; NULL where there is none.

        Errors: as artifact_get; 22021 the content is no UTF-8 text.
        Example: SELECT llmspell.artifact_get_text(session_id => '0198a5f0-0000-7000-8000-000000000001', name => 'notes.txt', version => 1);
        """
        return self._one(functions.ARTIFACT_GET_TEXT, (artifact_id, session_id, name, version, session_name))

    def artifact_info(self, *, artifact_id: str | None = None, session_id: UUID | str | None = None, name: str | None = None, version: int | None = None, session_name: str | None = None) -> rows.ArtifactDescription | None:
        """The description of an artifact, found as by artifact_get: one row, or none. size_bytes is that of the content.

        Errors: 42501 no tenant, 22004 neither, 22023 both, P0002 no session has the name.
        Example: SELECT name, version, size_bytes FROM llmspell.artifact_info('0198…:0:9f86…');
        """
        return self._maybe(functions.ARTIFACT_INFO, (artifact_id, session_id, name, version, session_name))

    def artifact_list(self, *, session_id: UUID | str | None = None, name: str | None = None, tag: str | None = None, artifact_type: str | None = None, filter: Any = None, newest_first: bool | None = None, max_rows: int | None = None, after: str | None = None, session_name: str | None = None) -> list[rows.ArtifactRow]:
        """Artifacts without their content, by session and sequence; each argument that is given narrows them.

        Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor, both session_id and session_name, P0002 no session has the name. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT artifact_id, version FROM llmspell.artifact_list(tag => 'report', newest_first => true);
        """
        return self._many(functions.ARTIFACT_LIST, (session_id, name, tag, artifact_type, filter, newest_first, max_rows, after, session_name))

    def artifact_migrate(self, *, max_rows: int | None = None) -> list[rows.ArtifactMigrateRow]:
        """Turns contents that older clients wrote into chunks, at most max_rows, with one row for each that it looked at.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT content_hash, detail FROM llmspell.artifact_migrate(100);
        """
        return self._many(functions.ARTIFACT_MIGRATE, (max_rows,))

    def artifact_put(self, *, session_id: UUID | str | None = None, name: str | None = None, data: Bytes | None = None, mime_type: str | None = None, artifact_type: str | None = None, metadata: Any = None, tags: Sequence[str] | None = None, parent_artifact_id: str | None = None, expected_hash: str | None = None, session_name: str | None = None) -> rows.ArtifactPutRow:
        """Stores a content as the next version of a name in a session; the newest content again updates its description.

        Errors: 42501 no tenant, P0002 no such session or parent, 22004 null, 22001 name over 255, artifact_type over 50 or tag over 64 characters, 22023 mime_type, empty name, both session_id and session_name, or another content than expected_hash, 54000 over llmspell.artifact_max_bytes, 40001 artifacts changed after the snapshot.
        Example: SELECT artifact_id, version FROM llmspell.artifact_put(uuidv7(), 'notes.txt', convert_to('hello', 'UTF8'), 'text/plain');
        """
        return self._one(functions.ARTIFACT_PUT, (session_id, name, data, mime_type, artifact_type, metadata, tags, parent_artifact_id, expected_hash, session_name))

    def artifact_put_text(self, *, session_id: UUID | str | None = None, name: str | None = None, content: str | None = None, mime_type: str | None = None, artifact_type: str | None = None, metadata: Any = None, tags: Sequence[str] | None = None, parent_artifact_id: str | None = None, expected_hash: str | None = None, session_name: str | None = None) -> rows.ArtifactPutRow:
        """Stores a text in UTF-8, as artifact_put stores bytes.

        Errors: as artifact_put.
        Example: SELECT artifact_id, version FROM llmspell.artifact_put_text(uuidv7(), 'notes.txt', 'hello', 'text/plain');
        """
        return self._one(functions.ARTIFACT_PUT_TEXT, (session_id, name, content, mime_type, artifact_type, metadata, tags, parent_artifact_id, expected_hash, session_name))

    def artifact_read_chunks(self, artifact_id: str, *, byte_offset: int | None = None, part_bytes: int | None = None) -> list[rows.ArtifactReadChunksRow]:
        """The content of an artifact from byte_offset on, in parts of part_bytes; through a cursor, a part at a time.

        Errors: 42501 no tenant, 22004 null, 22023 byte_offset negative or part_bytes not positive, XX001 damaged content.
        Example: SELECT byte_offset, octet_length(part) FROM llmspell.artifact_read_chunks('0198…:0:9f86…');
        """
        return self._many(functions.ARTIFACT_READ_CHUNKS, (artifact_id, byte_offset, part_bytes))

    def artifact_stats(self) -> rows.ArtifactStatsRow:
        """Counts and bytes of the tenant's artifacts: of all artifacts, of different chunks, and as stored.

        Errors: 42501 no tenant.
        Example: SELECT raw_bytes, stored_bytes, dedup_ratio FROM llmspell.artifact_stats();
        """
        return self._one(functions.ARTIFACT_STATS, ())

    def artifact_upload_abort(self, upload_id: UUID | str) -> bool:
        """Drops an upload and what it stored; true where there was one.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.artifact_upload_abort(uuidv7());
        """
        return self._one(functions.ARTIFACT_UPLOAD_ABORT, (upload_id,))

    def artifact_upload_append(self, upload_id: UUID | str, byte_offset: int, part: Bytes) -> int:
        """Stores the part of an upload that begins at byte_offset and returns where the next one begins.

        Errors: 42501 no tenant, P0002 no such upload or expired, 22004 null, 22023 a gap, an overlap, or other bytes than before, 54000 over llmspell.artifact_max_bytes.
        Example: SELECT llmspell.artifact_upload_append(uuidv7(), 0, 'first part');
        """
        return self._one(functions.ARTIFACT_UPLOAD_APPEND, (upload_id, byte_offset, part))

    def artifact_upload_begin(self, *, session_id: UUID | str | None = None, name: str | None = None, mime_type: str | None = None, artifact_type: str | None = None, metadata: Any = None, tags: Sequence[str] | None = None, parent_artifact_id: str | None = None, ttl: timedelta | None = None, session_name: str | None = None) -> UUID:
        """Begins a content that comes in parts and returns the id of the upload, which lives for ttl after the last part.

        Errors: as artifact_put, 22023 ttl not positive.
        Example: SELECT llmspell.artifact_upload_begin(uuidv7(), 'video.mp4', 'video/mp4');
        """
        return self._one(functions.ARTIFACT_UPLOAD_BEGIN, (session_id, name, mime_type, artifact_type, metadata, tags, parent_artifact_id, ttl, session_name))

    def artifact_upload_finish(self, upload_id: UUID | str, *, expected_hash: str | None = None) -> rows.ArtifactPutRow:
        """Makes an artifact of the parts of an upload, as artifact_put does of a whole content.

        Errors: 42501 no tenant, P0002 no such upload or session, or expired, 22023 another content than expected_hash (the upload stays), 40001 artifacts changed after the snapshot.
        Example: SELECT artifact_id FROM llmspell.artifact_upload_finish(uuidv7());
        """
        return self._one(functions.ARTIFACT_UPLOAD_FINISH, (upload_id, expected_hash))

    def artifact_verify(self, *, level: str | None = None, samples: int | None = None) -> list[rows.ArtifactVerifyRow]:
        """Checks the tenant's artifacts; one row for each fault, none where all is well.

        Errors: 42501 no tenant, 22023 unknown level, or samples with level structure.
        Example: SELECT code, object, detail FROM llmspell.artifact_verify('data');
        """
        return self._many(functions.ARTIFACT_VERIFY, (level, samples))

    def backend_type(self) -> str:
        """Returns the kind of backend, for clients that know several: postgresql.

        Example: SELECT llmspell.backend_type();
        """
        return self._one(functions.BACKEND_TYPE, ())

    def blake3(self, data: Bytes) -> bytes:
        """The BLAKE3 hash, 32 bytes (O'Connor et al., 2020); NULL for NULL.

        Example: SELECT encode(llmspell.blake3('hello'), 'hex');
        """
        return self._one(functions.BLAKE3, (data,))

    def blake3_keyed(self, data: Bytes, key: Bytes) -> bytes:
        """The keyed BLAKE3 hash, 32 bytes, for a key of 32 bytes; NULL for NULL.

        Errors: 22023 a key of another length.
        Example: SELECT llmspell.blake3_keyed('hello', decode(repeat('00', 32), 'hex'));
        """
        return self._one(functions.BLAKE3_KEYED, (data, key))

    def call(self, name: str, *, arguments: Any = None, tenant: str | None = None) -> list[Any]:
        """Calls a function by name with arguments from JSON, for a tenant in this transaction; its rows as JSON objects.

        Errors: 22004 no name, 22023 no such function or argument, or tenant, 42501 not allowed, and those of the function.
        Example: SELECT * FROM llmspell.call('kv_get_text', '{"key": "user:42"}', 'acme');
        """
        return self._many(functions.CALL, (name, arguments, tenant))

    def call_many(self, calls: Any, *, tenant: str | None = None) -> list[rows.CallManyRow]:
        """Calls functions in the order of an array of {"name", "arguments"}, all or nothing; the rows of each as an array.

        Errors: 22004 null, 22023 no array of such objects, and those of call.
        Example: SELECT * FROM llmspell.call_many('[{"name": "kv_count"}, {"name": "kv_list"}]', 'acme');
        """
        return self._many(functions.CALL_MANY, (calls, tenant))

    def characteristics(self) -> Any:
        """Returns the abilities of the backend as a JSON object of booleans.

        Example: SELECT llmspell.characteristics();
        """
        return self._one(functions.CHARACTERISTICS, ())

    def checkpoint_get(self, thread_id: str, *, namespace: str | None = None, checkpoint_id: str | None = None) -> rows.CheckpointRow | None:
        """Returns a checkpoint, or the latest of its namespace, with the values of its channels and its writes: one row, or none.

        Errors: 42501 no tenant, 22004 null thread_id, XX001 a value is damaged, 54000 values of over 256 MiB.
        Example: SELECT checkpoint_id, checkpoint FROM llmspell.checkpoint_get('t1');
        """
        return self._maybe(functions.CHECKPOINT_GET, (thread_id, namespace, checkpoint_id))

    def checkpoint_list(self, *, thread_id: str | None = None, namespace: str | None = None, checkpoint_id: str | None = None, filter: Any = None, before: str | None = None, with_values: bool | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.CheckpointRow]:
        """Lists checkpoints, newest first, with what checkpoint_get returns of each, or without values and writes.

        Errors: 42501 no tenant, 22023 max_rows or after, XX001 a value is damaged, 54000 values of over 256 MiB. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT checkpoint_id, metadata FROM llmspell.checkpoint_list('t1', '', filter => '{"source": "loop"}', with_values => false);
        """
        return self._many(functions.CHECKPOINT_LIST, (thread_id, namespace, checkpoint_id, filter, before, with_values, max_rows, after))

    def checkpoint_put(self, thread_id: str, namespace: str, checkpoint_id: str, parent_id: str | None, checkpoint: Any, *, metadata: Any = None, channels: Sequence[str] | None = None, channel_types: Sequence[str] | None = None, channel_values: Sequence[Bytes] | None = None, expected_parent: str | None = None) -> bool:
        """Stores a checkpoint; the values given are stored, those of its other channels are found by version. True if new.

        Errors: 42501 no tenant, LS409 the latest checkpoint is not expected_parent, 22004 null, 22001 id too long, 22023 a channel twice, 2202E unequal arrays, 54000 too large.
        Example: SELECT llmspell.checkpoint_put('t1', '', 'c1', NULL, '{"channel_versions": {"messages": 1}}', channels => '{messages}', channel_types => '{json}', channel_values => ARRAY['[]'::bytea]);
        """
        return self._one(functions.CHECKPOINT_PUT, (thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, channels, channel_types, channel_values, expected_parent))

    def checkpoint_writes_put(self, thread_id: str, namespace: str, checkpoint_id: str, task_id: str, channels: Sequence[str], write_types: Sequence[str], write_values: Sequence[Bytes], *, indexes: Sequence[int] | None = None, task_path: str | None = None) -> int:
        """Stores what a task wrote after a checkpoint; what is there stays, or is replaced where its index is below 0.

        Errors: 42501 no tenant, 22004 null, 22001 id too long, 2202E unequal arrays, 54000 too large.
        Example: SELECT llmspell.checkpoint_writes_put('t1', '', 'c1', 'task-1', '{messages}', '{json}', ARRAY['[]'::bytea]);
        """
        return self._one(functions.CHECKPOINT_WRITES_PUT, (thread_id, namespace, checkpoint_id, task_id, channels, write_types, write_values, indexes, task_path))

    def cleanup_old_hook_executions(self, before_date: datetime, *, min_retention_priority: int | None = None) -> int:
        """Deletes the own hook executions before a time whose retention_priority is at most min_retention_priority; how many.

        Errors: 42501 no tenant, 22004 before_date null, 22008 before_date infinite, before 1970 or in the future.
        Example: SELECT llmspell.cleanup_old_hook_executions(now() - interval '90 days', 5);
        """
        return self._one(functions.CLEANUP_OLD_HOOK_EXECUTIONS, (before_date, min_retention_priority))

    def compress(self, data: Bytes, *, codec: str | None = None) -> bytes:
        """Compresses by codec zstd (a frame with checksum) or lz4 (4-byte length and a block); NULL for NULL.

        Errors: 22023 another codec.
        Example: SELECT octet_length(llmspell.compress(convert_to(repeat('a', 1000), 'UTF8')));
        """
        return self._one(functions.COMPRESS, (data, codec))

    def create_event_log_partition(self, partition_start: datetime, partition_end: datetime) -> str:
        """Makes one UTC month of the event log, from its first day to the first day of the next: CREATED: … or SKIPPED: ….

        Errors: 22004 null, 22008 not one month, or outside the window of months, 55P03 the log stays locked.
        Example: SELECT llmspell.create_event_log_partition('2026-11-01', '2026-12-01');
        """
        return self._one(functions.CREATE_EVENT_LOG_PARTITION, (partition_start, partition_end))

    def current_tenant(self) -> str | None:
        """Returns the tenant in force (app.current_tenant_id), NULL where none is set.

        Example: SELECT llmspell.current_tenant();
        """
        return self._one(functions.CURRENT_TENANT, ())

    def decompress(self, data: Bytes, *, codec: str | None = None) -> bytes:
        """Undoes compress; the bytes tell the codec unless one is given; NULL for NULL.

        Errors: 22P03 damaged data, 54000 a result over llmspell.artifact_max_bytes, 22023 another codec.
        Example: SELECT llmspell.decompress(llmspell.compress('hello'));
        """
        return self._one(functions.DECOMPRESS, (data, codec))

    def embedding_coverage(self) -> list[rows.EmbeddingCoverageRow]:
        """The vectors of the tenant in each space, how many rows lack one, and how many are queued and claimed.

        Errors: 42501 no tenant.
        Example: SELECT space, model, state, row_count, missing FROM llmspell.embedding_coverage();
        """
        return self._many(functions.EMBEDDING_COVERAGE, ())

    def embedding_pending(self, space: str, *, max_rows: int | None = None, lease: timedelta | None = None) -> list[rows.EmbeddingPendingRow]:
        """Claims rows that lack a vector of a space, with their texts, until the lease ends.

        Errors: 42501 no tenant, 22004 null, 22023 no such space, max_rows, lease not positive.
        Example: SELECT id, fence, content FROM llmspell.embedding_pending('bge_m3', 32);
        """
        return self._many(functions.EMBEDDING_PENDING, (space, max_rows, lease))

    def embedding_put(self, space: str, ids: Sequence[UUID | str], embeddings: Vectors, *, fences: Sequence[int] | None = None) -> int:
        """Stores the vectors of rows in a space, while their claims hold, and returns how many; rows that are gone are left out.

        Errors: 42501 no tenant, 22004 null, 2202E arrays of several lengths, 22023 no such space, other dimensions, a vector of zeros, an id given twice, LS409 a claim is lost.
        Example: SELECT llmspell.embedding_put('bge_m3', ids => $1, embeddings => $2, fences => $3);
        """
        return self._one(functions.EMBEDDING_PUT, (space, ids, embeddings, fences))

    def ensure_future_event_log_partitions(self) -> list[str]:
        """Makes the current UTC month and the next three where they are missing; four texts, CREATED: … or SKIPPED: ….

        Errors: 55P03 the log stays locked.
        Example: SELECT llmspell.ensure_future_event_log_partitions();
        """
        return self._one(functions.ENSURE_FUTURE_EVENT_LOG_PARTITIONS, ())

    def entity_as_of(self, entity_id: UUID | str, *, valid_at: datetime | None = None, known_at: datetime | None = None) -> rows.EntityAsOfRow | None:
        """The entity at valid_at (null: now), as it was known at known_at (null: as known now): one row or none.

        Errors: 42501 no tenant, 22004 null entity_id.
        Example: SELECT name, properties FROM llmspell.entity_as_of('00000000-0000-0000-0000-000000000001', '2026-03-15Z');
        """
        return self._maybe(functions.ENTITY_AS_OF, (entity_id, valid_at, known_at))

    def entity_believed(self, entity_id: UUID | str, event_id: UUID | str, *, valid_at: datetime | None = None) -> rows.EntityAsOfRow | None:
        """The entity at valid_at (null: now), as it was known at the time of an event; no row where there is no such event.

        Errors: 42501 no tenant, 22004 null entity_id or event_id.
        Example: SELECT name FROM llmspell.entity_believed('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-0000000000e1');
        """
        return self._maybe(functions.ENTITY_BELIEVED, (entity_id, event_id, valid_at))

    def entity_correct(self, entity_id: UUID | str, valid_at: datetime, properties: Any, *, entity_type: str | None = None, name: str | None = None, source_type: str | None = None, source_id: str | None = None, mode: str | None = None) -> rows.EntityPutRow:
        """Merges into (mode 'replace': replaces) what holds at valid_at, over the whole period that the timeline shows.

        Errors: as entity_put; 22023 mode, P0002 nothing holds at valid_at.
        Example: SELECT * FROM llmspell.entity_correct('00000000-0000-0000-0000-000000000001', now(), '{"job": "engineer"}');
        """
        return self._one(functions.ENTITY_CORRECT, (entity_id, valid_at, properties, entity_type, name, source_type, source_id, mode))

    def entity_diff(self, entity_id: UUID | str, *, from_valid_at: datetime | None = None, from_known_at: datetime | None = None, to_valid_at: datetime | None = None, to_known_at: datetime | None = None) -> rows.EntityDiffRow | None:
        """How an entity differs between two moments of both times (null: now); no row where it is equal.

        Errors: 42501 no tenant, 22004 null entity_id.
        Example: SELECT change, properties_changed FROM llmspell.entity_diff('00000000-0000-0000-0000-000000000001', from_valid_at => '2026-01-01Z');
        """
        return self._maybe(functions.ENTITY_DIFF, (entity_id, from_valid_at, from_known_at, to_valid_at, to_known_at))

    def entity_erase(self, entity_id: UUID | str, *, find_copies: bool | None = None) -> rows.EntityEraseRow:
        """Deletes every version of an entity and its relationships; copies counts the rows that still name its id.

        Errors: 42501 no tenant, 22004 null entity_id, 40001 versions that this transaction does not see: run it again.
        Example: SELECT * FROM llmspell.entity_erase('00000000-0000-0000-0000-000000000003');
        """
        return self._one(functions.ENTITY_ERASE, (entity_id, find_copies))

    def entity_find(self, name: str, *, entity_type: str | None = None, is_prefix: bool | None = None, valid_at: datetime | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.EntityRow]:
        """The entities of that name, or whose name begins with it (is_prefix), upper and lower case alike, in the order of ids.

        Errors: 42501 no tenant, 22004 null name, 22001 name over 500 characters, 22023 negative max_rows, after is no cursor.
        Example: SELECT entity_id, name FROM llmspell.entity_find('ada', 'person');
        """
        return self._many(functions.ENTITY_FIND, (name, entity_type, is_prefix, valid_at, max_rows, after))

    def entity_history(self, entity_id: UUID | str) -> list[rows.EntityHistoryRow]:
        """All versions of an entity, by known_from and valid_from. changed_at is set where a raw statement changed one.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT valid_from, valid_to, known_from, known_to, properties FROM llmspell.entity_history('00000000-0000-0000-0000-000000000001');
        """
        return self._many(functions.ENTITY_HISTORY, (entity_id,))

    def entity_insert(self, entity_id: UUID | str, entity_type: str, name: str, *, properties: Any = None, valid_from: datetime | None = None, valid_to: datetime | None = None, source_type: str | None = None, source_id: str | None = None) -> rows.EntityPutRow:
        """Says what an entity is in a period in which nothing is said of it yet.

        Errors: as entity_put; 23P01 it exists somewhere in the period, DETAIL tells where.
        Example: SELECT * FROM llmspell.entity_insert('00000000-0000-0000-0000-000000000002', 'person', 'Grace');
        """
        return self._one(functions.ENTITY_INSERT, (entity_id, entity_type, name, properties, valid_from, valid_to, source_type, source_id))

    def entity_insert_many(self, entries: Any) -> list[rows.EntityPutManyRow]:
        """entity_insert for each entry, all or nothing: a row for each, in order.

        Errors: as entity_insert; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.entity_insert_many('[{"entity_id": "00000000-0000-0000-0000-000000000003", "entity_type": "person", "name": "Mary"}]');
        """
        return self._many(functions.ENTITY_INSERT_MANY, (entries,))

    def entity_knowledge(self, entity_id: UUID | str, *, valid_at: datetime | None = None) -> list[rows.EntityKnowledgeRow]:
        """The periods of transaction time of an entity at one moment of valid time; equal neighbours are one row.

        Errors: 42501 no tenant, 22004 null entity_id.
        Example: SELECT known_from, known_to, properties FROM llmspell.entity_knowledge('00000000-0000-0000-0000-000000000001', '2026-03-15Z');
        """
        return self._many(functions.ENTITY_KNOWLEDGE, (entity_id, valid_at))

    def entity_list(self, *, entity_type: str | None = None, name_prefix: str | None = None, query_text: str | None = None, filter: Any = None, valid_at: datetime | None = None, known_at: datetime | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.EntityRow]:
        """The entities at a moment of both times by type, beginning of the name, words and properties, in the order of ids.

        Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT entity_id, name FROM llmspell.entity_list('person', filter => '{"job": "analyst"}');
        """
        return self._many(functions.ENTITY_LIST, (entity_type, name_prefix, query_text, filter, valid_at, known_at, max_rows, after))

    def entity_patch(self, entity_id: UUID | str, properties: Any, *, valid_from: datetime | None = None, valid_to: datetime | None = None, entity_type: str | None = None, name: str | None = None, source_type: str | None = None, source_id: str | None = None, remove: Sequence[str] | None = None) -> rows.EntityPutRow:
        """Merges properties, a type or a name into what holds of an entity in a period, and removes the properties named.

        Errors: as entity_put; 22023 the properties of a version are no object.
        Example: SELECT * FROM llmspell.entity_patch('00000000-0000-0000-0000-000000000001', '{"desk": 7}');
        """
        return self._one(functions.ENTITY_PATCH, (entity_id, properties, valid_from, valid_to, entity_type, name, source_type, source_id, remove))

    def entity_patch_many(self, entries: Any) -> list[rows.EntityPutManyRow]:
        """entity_patch for each entry, all or nothing: a row for each, in order.

        Errors: as entity_patch; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.entity_patch_many('[{"entity_id": "00000000-0000-0000-0000-000000000001", "properties": {"desk": 8}}]');
        """
        return self._many(functions.ENTITY_PATCH_MANY, (entries,))

    def entity_prune(self, *, older_than: timedelta | None = None, before: datetime | None = None) -> rows.EntityPruneRow:
        """Deletes the versions of entities and relationships that were closed before a time, and returns how many.

        Errors: 42501 no tenant, 22023 not exactly one argument, or older_than not positive, 22008 later than tx_horizon().
        Example: SELECT * FROM llmspell.entity_prune(older_than => interval '5 years');
        """
        return self._one(functions.ENTITY_PRUNE, (older_than, before))

    def entity_put(self, entity_id: UUID | str, entity_type: str, name: str, *, properties: Any = None, valid_from: datetime | None = None, valid_to: datetime | None = None, source_type: str | None = None, source_id: str | None = None) -> rows.EntityPutRow:
        """Says what an entity is in [valid_from, valid_to), whatever was said before; null valid_to is open.

        Errors: 42501 no tenant, 22004 null, 22001 a text is too long, 22023 properties or source_type, 22000 valid_from not before valid_to, 22008 a version is ahead of the clock, 40001 or 23P01 changed by another transaction.
        Example: SELECT * FROM llmspell.entity_put('00000000-0000-0000-0000-000000000001', 'person', 'Ada', '{"job": "analyst"}', '2026-01-01Z');
        """
        return self._one(functions.ENTITY_PUT, (entity_id, entity_type, name, properties, valid_from, valid_to, source_type, source_id))

    def entity_put_many(self, entries: Any) -> list[rows.EntityPutManyRow]:
        """entity_put for each entry, all or nothing: a row for each, in order.

        Errors: as entity_put; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.entity_put_many('[{"entity_id": "00000000-0000-0000-0000-000000000003", "entity_type": "person", "name": "Mary"}]');
        """
        return self._many(functions.ENTITY_PUT_MANY, (entries,))

    def entity_retract(self, entity_id: UUID | str, *, valid_from: datetime | None = None, valid_to: datetime | None = None, on_edges: str | None = None) -> rows.EntityPutRow:
        """Says that an entity does not exist in a period, nor its relationships; on_edges 'restrict' refuses where there are.

        Errors: as entity_put; 22023 on_edges, 23503 it has relationships.
        Example: SELECT * FROM llmspell.entity_retract('00000000-0000-0000-0000-000000000001', '2026-06-01Z', '2026-07-01Z');
        """
        return self._one(functions.ENTITY_RETRACT, (entity_id, valid_from, valid_to, on_edges))

    def entity_retract_many(self, entries: Any) -> list[rows.EntityPutManyRow]:
        """entity_retract for each entry, all or nothing: a row for each, in order.

        Errors: as entity_retract; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.entity_retract_many('[{"entity_id": "00000000-0000-0000-0000-000000000003"}]');
        """
        return self._many(functions.ENTITY_RETRACT_MANY, (entries,))

    def entity_search(self, *, query_text: str | None = None, query_embedding: Vector | None = None, max_rows: int | None = None, entity_type: str | None = None, filter: Any = None, valid_at: datetime | None = None, known_at: datetime | None = None, weights: Sequence[float] | None = None, max_distance: float | None = None, min_score: float | None = None, language: str | None = None, context: float | None = None, space: str | None = None) -> list[rows.EntityHit]:
        """The best entities at a moment of both times by meaning, by words, or by both; neighbours get a share of the score.

        Errors: 42501 no tenant, 22004 both queries null, 22023 no space for entities of these dimensions, and as for hybrid_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT entity_id, name, score FROM llmspell.entity_search('engineer in Paris', max_rows => 5);
        """
        return self._many(functions.ENTITY_SEARCH, (query_text, query_embedding, max_rows, entity_type, filter, valid_at, known_at, weights, max_distance, min_score, language, context, space))

    def entity_timeline(self, entity_id: UUID | str, *, known_at: datetime | None = None, since: datetime | None = None, until: datetime | None = None, include_gaps: bool | None = None) -> list[rows.EntityTimelineRow]:
        """The periods of valid time of an entity as known at one moment, within [since, until); equal neighbours are one row.

        Errors: 42501 no tenant, 22004 null entity_id, 22000 since not before until.
        Example: SELECT valid_from, valid_to, properties FROM llmspell.entity_timeline('00000000-0000-0000-0000-000000000001', since => '2026-01-01Z');
        """
        return self._many(functions.ENTITY_TIMELINE, (entity_id, known_at, since, until, include_gaps))

    def entity_upsert(self, entity_id: UUID | str, entity_type: str, name: str, *, properties: Any = None, valid_from: datetime | None = None, valid_to: datetime | None = None, source_type: str | None = None, source_id: str | None = None) -> rows.EntityPutRow:
        """Merges as entity_patch where something is said of the entity, and says it as entity_put elsewhere.

        Errors: as both; 22004 null entity_type or name where nothing is said.
        Example: SELECT * FROM llmspell.entity_upsert('00000000-0000-0000-0000-000000000001', 'person', 'Ada', '{"floor": 2}');
        """
        return self._one(functions.ENTITY_UPSERT, (entity_id, entity_type, name, properties, valid_from, valid_to, source_type, source_id))

    def entity_upsert_many(self, entries: Any) -> list[rows.EntityPutManyRow]:
        """entity_upsert for each entry, all or nothing: a row for each, in order.

        Errors: as entity_upsert; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.entity_upsert_many('[{"entity_id": "00000000-0000-0000-0000-000000000001", "entity_type": "person", "name": "Ada"}]');
        """
        return self._many(functions.ENTITY_UPSERT_MANY, (entries,))

    def entity_vector_set(self, entity_id: UUID | str, embedding: Vector, *, space: str | None = None) -> bool:
        """Stores the vector of an entity, in place of the one there is; false where no entity is known now.

        Errors: 42501 no tenant, 22004 null, 22023 no space for entities of these dimensions, several, a vector of zeros.
        Example: SELECT llmspell.entity_vector_set('00000000-0000-0000-0000-000000000001', array_fill(0.1, ARRAY[384])::vector);
        """
        return self._one(functions.ENTITY_VECTOR_SET, (entity_id, embedding, space))

    def episode_add(self, session_id: str, role: str, content: str, *, embedding: Vector | None = None, metadata: Any = None, at: datetime | None = None, id: UUID | str | None = None, idempotency_key: str | None = None, language: str | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, space: str | None = None) -> rows.EpisodeAdded:
        """Stores an episode, with its vector where one is given, once for an idempotency_key or an id.

        Errors: 42501 no tenant, 22004 null, 22001 session_id over 247, role or key over 255 characters, 22023 session_id, key, dimensions, a vector of zeros, language, at, ttl, 23505 the id is taken under another key, 54000 metadata too large or too deep.
        Example: SELECT id, created FROM llmspell.episode_add('s1', 'user', 'where did we put the parser?');
        """
        return self._one(functions.EPISODE_ADD, (session_id, role, content, embedding, metadata, at, id, idempotency_key, language, expires_at, ttl, space))

    def episode_add_many(self, items: Any) -> list[rows.EpisodeAdded]:
        """Stores episodes in the order of an array of objects with the arguments of episode_add, all or none.

        Errors: those of episode_add, 22023 no array of objects.
        Example: SELECT id, created FROM llmspell.episode_add_many('[{"session_id": "s1", "role": "user", "content": "hello"}]');
        """
        return self._many(functions.EPISODE_ADD_MANY, (items,))

    def episode_around(self, id: UUID | str, *, max_rows: int | None = None) -> list[rows.EpisodeRow]:
        """An episode with those before and after it in its session, max_rows on each side, in order.

        Errors: 42501 no tenant, 22004 null, 22023 max_rows.
        Example: SELECT role, content FROM llmspell.episode_around('00000000-0000-0000-0000-000000000001', 3);
        """
        return self._many(functions.EPISODE_AROUND, (id, max_rows))

    def episode_backlog(self, *, max_rows: int | None = None, after: str | None = None) -> list[rows.EpisodeBacklogRow]:
        """Sessions with unprocessed episodes, claimed ones too: how many, and the time of the oldest.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT session_id, unprocessed FROM llmspell.episode_backlog();
        """
        return self._many(functions.EPISODE_BACKLOG, (max_rows, after))

    def episode_claim(self, *, session_id: str | None = None, max_rows: int | None = None, lease: timedelta | None = None) -> list[rows.EpisodeClaim]:
        """Claims unprocessed episodes, of a session or of all, oldest first, until the lease ends.

        Errors: 42501 no tenant, 22023 max_rows, lease not positive.
        Example: SELECT id, fence, content FROM llmspell.episode_claim('s1', 10);
        """
        return self._many(functions.EPISODE_CLAIM, (session_id, max_rows, lease))

    def episode_delete(self, ids: Sequence[UUID | str]) -> int:
        """Deletes episodes by id, with their vectors, and returns how many.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.episode_delete(ARRAY['00000000-0000-0000-0000-000000000001']::uuid[]);
        """
        return self._one(functions.EPISODE_DELETE, (ids,))

    def episode_get(self, id: UUID | str) -> rows.EpisodeGetRow | None:
        """An episode: one row, or none where it does not exist or has expired.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT role, content FROM llmspell.episode_get('00000000-0000-0000-0000-000000000001');
        """
        return self._maybe(functions.EPISODE_GET, (id,))

    def episode_list(self, *, session_id: str | None = None, since: datetime | None = None, until: datetime | None = None, newest_first: bool | None = None, max_rows: int | None = None, after: str | None = None, include_expired: bool | None = None) -> list[rows.EpisodeRow]:
        """The episodes of a session, or of all, in order or newest first.

        Errors: 42501 no tenant, 22023 max_rows, after.
        Example: SELECT role, content FROM llmspell.episode_list('s1', newest_first => true, max_rows => 10);
        """
        return self._many(functions.EPISODE_LIST, (session_id, since, until, newest_first, max_rows, after, include_expired))

    def episode_mark_processed(self, ids: Sequence[UUID | str], *, fences: Sequence[int] | None = None) -> int:
        """Marks episodes as processed, while their claims hold, and returns how many were not before.

        Errors: 42501 no tenant, 22004 null, 2202E arrays of several lengths, LS409 a claim is lost.
        Example: SELECT llmspell.episode_mark_processed(ARRAY['00000000-0000-0000-0000-000000000001']::uuid[], '{1}');
        """
        return self._one(functions.EPISODE_MARK_PROCESSED, (ids, fences))

    def episode_prune(self, *, older_than: timedelta | None = None, before: datetime | None = None, only_processed: bool | None = None) -> int:
        """Deletes the episodes before a moment, or only the processed ones, with their vectors, and returns how many.

        Errors: 42501 no tenant, 22023 neither or both of older_than and before, older_than not positive.
        Example: SELECT llmspell.episode_prune(older_than => '1 year');
        """
        return self._one(functions.EPISODE_PRUNE, (older_than, before, only_processed))

    def episode_search(self, *, query_text: str | None = None, query_embedding: Vector | None = None, max_rows: int | None = None, session_id: str | None = None, filter: Any = None, since: datetime | None = None, until: datetime | None = None, weights: Sequence[float] | None = None, rrf_k: int | None = None, half_life: timedelta | None = None, mmr_lambda: float | None = None, language: str | None = None, role: str | None = None, exclude_session: str | None = None, max_distance: float | None = None, min_score: float | None = None, half_life_at: datetime | None = None, half_life_floor: float | None = None, include_expired: bool | None = None, fusion: str | None = None, context: float | None = None, space: str | None = None) -> list[rows.EpisodeHit]:
        """The best episodes, whole, by meaning, by words, or by both.

        Errors: 42501 no tenant, 22004 both queries null, 22023 mmr_lambda without query_embedding, and as for hybrid_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT role, content, score FROM llmspell.episode_search('parser', max_rows => 5);
        """
        return self._many(functions.EPISODE_SEARCH, (query_text, query_embedding, max_rows, session_id, filter, since, until, weights, rrf_k, half_life, mmr_lambda, language, role, exclude_session, max_distance, min_score, half_life_at, half_life_floor, include_expired, fusion, context, space))

    def episode_sweep(self, *, max_rows: int | None = None) -> int:
        """Deletes expired episodes, oldest first, with their vectors, and returns how many.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT llmspell.episode_sweep();
        """
        return self._one(functions.EPISODE_SWEEP, (max_rows,))

    def episode_update(self, id: UUID | str, *, content: str | None = None, embedding: Vector | None = None, role: str | None = None, metadata: Any = None, at: datetime | None = None, language: str | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, space: str | None = None) -> bool:
        """Changes what is given of an episode; new content takes the old vectors away. Returns whether it exists.

        Errors: those of episode_add.
        Example: SELECT llmspell.episode_update('00000000-0000-0000-0000-000000000001', content => 'corrected');
        """
        return self._one(functions.EPISODE_UPDATE, (id, content, embedding, role, metadata, at, language, expires_at, ttl, space))

    def event_ack(self, consumer: str, cursor: str) -> str | None:
        """Remembers that a consumer has done everything up to a cursor, and returns its cursor; never goes back.

        Errors: 42501 no tenant, 22004 null, 22001 or 22023 consumer, 22023 cursor no cursor or not served yet, P0002 no such consumer.
        Example: SELECT llmspell.event_ack('mailer', max(cursor)) FROM llmspell.event_feed(100, after => llmspell.event_subscribe('mailer'));
        """
        return self._one(functions.EVENT_ACK, (consumer, cursor))

    def event_append(self, event_type: str, payload: Any, *, correlation_id: UUID | str | None = None, event_id: UUID | str | None = None, at: datetime | None = None, language: str | None = None, sequence: int | None = None) -> rows.EventStoreRow:
        """Appends an event, once for an event_id of the caller's, and makes its month where it is missing.

        Errors: 42501 no tenant, 22004 null, 22001 a text too long, 22023 a text empty, 22008 at infinite or outside the window of months, 23505 the same id and time where the window is shorter, 40001 the id was committed after the snapshot, 25006 on a standby.
        Example: SELECT event_id, at FROM llmspell.event_append('agent.started', '{"agent": "a1"}');
        """
        return self._one(functions.EVENT_APPEND, (event_type, payload, correlation_id, event_id, at, language, sequence))

    def event_append_many(self, events: Any) -> list[rows.EventStoreRow]:
        """Appends an array of events, all or none, and answers in their order; each has the fields of event_append.

        Errors: 42501 no tenant, 22004 null, 22023 not such an array, 22P02, 22007 a field of another form, 22008 at infinite or outside the window of months, 40001 an id was committed after the snapshot.
        Example: SELECT event_id, created FROM llmspell.event_append_many('[{"event_type": "a.b", "payload": {"n": 1}}, {"event_type": "a.c", "payload": {}}]');
        """
        return self._many(functions.EVENT_APPEND_MANY, (events,))

    def event_feed(self, *, max_rows: int | None = None, after: str | None = None) -> list[rows.EventRow]:
        """Every own event once, in an order that late commits do not disturb; no rows: nothing new, keep the cursor.

        Errors: 42501 no tenant, 22023 max_rows, after.
        Example: SELECT event_type, payload, cursor FROM llmspell.event_feed(100);
        """
        return self._many(functions.EVENT_FEED, (max_rows, after))

    def event_feed_lag(self) -> rows.EventFeedLagRow:
        """How many committed own events wait for an older transaction, and since when; blocker_… for llmspell_admin only.

        Errors: 42501 no tenant.
        Example: SELECT held_events, seconds FROM llmspell.event_feed_lag();
        """
        return self._one(functions.EVENT_FEED_LAG, ())

    def event_get(self, event_id: UUID | str, *, since: datetime | None = None, until: datetime | None = None) -> rows.EventRow | None:
        """An event by its id, or no row; since and until limit the months that are looked at.

        Errors: 42501 no tenant, 22004 event_id null.
        Example: SELECT event_type, payload FROM llmspell.event_get('0198c0de-0000-7000-8000-000000000001');
        """
        return self._maybe(functions.EVENT_GET, (event_id, since, until))

    def event_list(self, *, pattern: str | None = None, correlation_id: UUID | str | None = None, filter: Any = None, since: datetime | None = None, until: datetime | None = None, newest_first: bool | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.EventRow]:
        """Events by type pattern, correlation, payload and time (since <= at < until), newest first unless told otherwise.

        Errors: 42501 no tenant, 22001 pattern over 255 characters, 22023 max_rows, after. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT at, event_type, cursor FROM llmspell.event_list(pattern => 'agent.*', since => now() - interval '1 day');
        """
        return self._many(functions.EVENT_LIST, (pattern, correlation_id, filter, since, until, newest_first, max_rows, after))

    def event_seek(self, consumer: str, *, cursor: str | None = None) -> str | None:
        """Sets a consumer back, or forward, to a cursor, NULL for the beginning of the feed, and returns its cursor.

        Errors: 42501 no tenant, 22004 consumer null, 22001 or 22023 consumer, 22023 cursor no cursor or not served yet, P0002 no such consumer.
        Example: SELECT llmspell.event_seek('mailer');
        """
        return self._one(functions.EVENT_SEEK, (consumer, cursor))

    def event_stats(self, *, since: datetime | None = None, until: datetime | None = None) -> rows.EventStatsRow:
        """Number, first and last time, stored bytes and types of the own events of a time; reads them all.

        Errors: 42501 no tenant.
        Example: SELECT events, by_type FROM llmspell.event_stats(now() - interval '1 day');
        """
        return self._one(functions.EVENT_STATS, (since, until))

    def event_store(self, payload: Any) -> rows.EventStoreRow:
        """Stores a whole event object: it becomes the payload, and its fields the columns.

        Errors: 42501 no tenant, 22004 null, 22023 a field missing or of another form, 22001 a text too long, 22008 timestamp outside the window of months.
        Example: SELECT created FROM llmspell.event_store('{"id": "0198c0de-0000-7000-8000-000000000001", "event_type": "agent.started", "timestamp": "2026-11-01T12:00:00Z", "sequence": 1, "language": "rust", "metadata": {"correlation_id": "0198c0de-0000-7000-8000-000000000002"}}');
        """
        return self._one(functions.EVENT_STORE, (payload,))

    def event_subscribe(self, consumer: str, *, from_now: bool | None = None) -> str | None:
        """The cursor of a consumer, which is made where it is new: at the beginning of the feed, or at its end by from_now.

        Errors: 42501 no tenant, 22004 consumer null, 22001 over 255 characters, 22023 empty.
        Example: SELECT event_type, cursor FROM llmspell.event_feed(100, after => llmspell.event_subscribe('mailer'));
        """
        return self._one(functions.EVENT_SUBSCRIBE, (consumer, from_now))

    def event_unsubscribe(self, consumer: str) -> bool:
        """Forgets a consumer; true where there was one.

        Errors: 42501 no tenant, 22004 consumer null, 22001 over 255 characters, 22023 empty.
        Example: SELECT llmspell.event_unsubscribe('mailer');
        """
        return self._one(functions.EVENT_UNSUBSCRIBE, (consumer,))

    def get_hook_history_stats(self) -> rows.GetHookHistoryStatsRow:
        """Number, bytes, hooks, kinds, times and mean duration of the own hook executions.

        Errors: 42501 no tenant.
        Example: SELECT total_executions, executions_by_type FROM llmspell.get_hook_history_stats();
        """
        return self._one(functions.GET_HOOK_HISTORY_STATS, ())

    def graph_by_source(self, source_type: str, source_id: str, *, known_at: datetime | None = None, include_superseded: bool | None = None) -> list[rows.GraphBySourceRow]:
        """The versions taken from an event, episode or artifact: those known at known_at (null: now), or all there ever were.

        Errors: 42501 no tenant, 22004 null source_type or source_id.
        Example: SELECT element, name, valid_from FROM llmspell.graph_by_source('event', '3f1c');
        """
        return self._many(functions.GRAPH_BY_SOURCE, (source_type, source_id, known_at, include_superseded))

    def graph_check(self) -> list[rows.GraphCheckRow]:
        """The contradictions in the graph of the tenant, which only raw statements can cause. Reads the whole graph.

        Errors: 42501 no tenant.
        Example: SELECT * FROM llmspell.graph_check();
        """
        return self._many(functions.GRAPH_CHECK, ())

    def graph_diff(self, *, from_valid_at: datetime | None = None, from_known_at: datetime | None = None, to_valid_at: datetime | None = None, to_known_at: datetime | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.GraphDiffRow]:
        """All entities and relationships that differ between two moments of both times (null: now), by element and id.

        Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor.
        Example: SELECT element, element_id, change FROM llmspell.graph_diff(from_known_at => now() - interval '1 day');
        """
        return self._many(functions.GRAPH_DIFF, (from_valid_at, from_known_at, to_valid_at, to_known_at, max_rows, after))

    def graph_neighbors(self, start: UUID | str, *, direction: str | None = None, relationship_types: Sequence[str] | None = None, valid_at: datetime | None = None, known_at: datetime | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.GraphNeighborsRow]:
        """The relationships of an entity (direction out, in or both; some types or all) with the entity at the other end, by id.

        Errors: 42501 no tenant, 22004 null start, 22023 direction, negative max_rows, after is no cursor.
        Example: SELECT relationship_type, name FROM llmspell.graph_neighbors('00000000-0000-0000-0000-000000000001');
        """
        return self._many(functions.GRAPH_NEIGHBORS, (start, direction, relationship_types, valid_at, known_at, max_rows, after))

    def graph_repair(self, element_id: UUID | str) -> rows.GraphRepairRow:
        """Brings versions that a raw statement recorded in the future back to now; graph_check() then calls them changed.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT * FROM llmspell.graph_repair('00000000-0000-0000-0000-000000000001');
        """
        return self._one(functions.GRAPH_REPAIR, (element_id,))

    def graph_shortest_path(self, from_entity: UUID | str, to_entity: UUID | str, *, max_depth: int | None = None, relationship_types: Sequence[str] | None = None, direction: str | None = None, valid_at: datetime | None = None, known_at: datetime | None = None, max_nodes: int | None = None) -> rows.GraphShortestPathRow | None:
        """A shortest path between two entities, and when all of it holds; of several the one with the smallest ids.

        Errors: 42501 no tenant, 22004 null from_entity or to_entity, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes.
        Example: SELECT length, entities FROM llmspell.graph_shortest_path('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002');
        """
        return self._maybe(functions.GRAPH_SHORTEST_PATH, (from_entity, to_entity, max_depth, relationship_types, direction, valid_at, known_at, max_nodes))

    def graph_subgraph(self, entity_ids: Sequence[UUID | str], *, valid_at: datetime | None = None, known_at: datetime | None = None, relationship_types: Sequence[str] | None = None) -> list[rows.GraphSubgraphRow]:
        """Those of some entities that exist, and the relationships among them (of some types or all), by element and id.

        Errors: 42501 no tenant, 22004 null entity_ids, 54000 over 100,000 ids.
        Example: SELECT element, element_type, name FROM llmspell.graph_subgraph(ARRAY['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']::uuid[]);
        """
        return self._many(functions.GRAPH_SUBGRAPH, (entity_ids, valid_at, known_at, relationship_types))

    def graph_traverse(self, start: UUID | str, *, max_depth: int | None = None, relationship_types: Sequence[str] | None = None, direction: str | None = None, valid_at: datetime | None = None, known_at: datetime | None = None, max_nodes: int | None = None, include_start: bool | None = None, with_path: bool | None = None, with_names: bool | None = None) -> list[rows.GraphTraverseRow]:
        """The entities reached from start, each once at its smallest depth with the entity and relationship before it.

        Errors: 42501 no tenant, 22004 null start, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes, or paths of over 10,000,000 ids.
        Example: SELECT depth, relationship_type, name FROM llmspell.graph_traverse('00000000-0000-0000-0000-000000000001', 2, with_names => true);
        """
        return self._many(functions.GRAPH_TRAVERSE, (start, max_depth, relationship_types, direction, valid_at, known_at, max_nodes, include_start, with_path, with_names))

    def hook_get(self, execution_id: UUID | str) -> rows.HookRow | None:
        """An execution of a hook, or no row; codec is NULL where a client wrote the context in a form of its own.

        Errors: 42501 no tenant, 22004 execution_id null, XX001 the stored context is damaged.
        Example: SELECT hook_id, context_json FROM llmspell.hook_get('0198c0de-0000-7000-8000-000000000003');
        """
        return self._maybe(functions.HOOK_GET, (execution_id,))

    def hook_list(self, *, hook_id: str | None = None, hook_type: str | None = None, correlation_id: UUID | str | None = None, since: datetime | None = None, until: datetime | None = None, newest_first: bool | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.HookRow]:
        """Executions by hook, kind, correlation and time (since <= at < until), newest first unless told otherwise.

        Errors: 42501 no tenant, 22001 a text over 255 characters, 22023 max_rows, after, XX001 a stored context is damaged.
        Example: SELECT at, duration_ms, cursor FROM llmspell.hook_list(hook_id => 'audit', max_rows => 10);
        """
        return self._many(functions.HOOK_LIST, (hook_id, hook_type, correlation_id, since, until, newest_first, max_rows, after))

    def hook_record(self, hook_id: str, hook_type: str, *, context: Bytes | None = None, context_json: Any = None, result: Any = None, correlation_id: UUID | str | None = None, at: datetime | None = None, duration_ms: int | None = None, triggering_component: str | None = None, component_id: str | None = None, modified_operation: bool | None = None, tags: Sequence[str] | None = None, retention_priority: int | None = None, contains_sensitive_data: bool | None = None, metadata: Any = None, execution_id: UUID | str | None = None) -> rows.HookRecorded:
        """Stores what a hook did, with its context (bytes, or JSON as context_json) compressed.

        Errors: 42501 no tenant, 22004 null, 22001 a text over 255 characters, 22023 no or two contexts, negative duration_ms, 22008 infinite at, 54000 context over 128 MiB, 23505 the execution_id exists.
        Example: SELECT execution_id, stored_size FROM llmspell.hook_record('audit', 'before_tool_execution', context_json => '{"tool": "web_search"}', duration_ms => 3);
        """
        return self._one(functions.HOOK_RECORD, (hook_id, hook_type, context, context_json, result, correlation_id, at, duration_ms, triggering_component, component_id, modified_operation, tags, retention_priority, contains_sensitive_data, metadata, execution_id))

    def hook_retention_get(self) -> rows.HookRetentionGetRow | None:
        """Returns the settings of hook_retention_set; no row: executions are kept for ever.

        Errors: 42501 no tenant.
        Example: SELECT keep, max_priority FROM llmspell.hook_retention_get();
        """
        return self._maybe(functions.HOOK_RETENTION_GET, ())

    def hook_retention_set(self, keep: timedelta | None, *, max_priority: int | None = None) -> None:
        """How long the tenant keeps executions whose retention_priority is at most max_priority; keep NULL for ever.

        Errors: 42501 no tenant, 22023 keep less than an hour, infinite or reaching back beyond 1970, 22008 beyond the first timestamp.
        Example: SELECT llmspell.hook_retention_set('90 days', 5);
        """
        self._one(functions.HOOK_RETENTION_SET, (keep, max_priority))

    def hook_sweep(self, *, max_rows: int | None = None) -> int:
        """Deletes up to max_rows own executions that hook_retention_set no longer keeps, oldest first; how many.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT llmspell.hook_sweep(1000);
        """
        return self._one(functions.HOOK_SWEEP, (max_rows,))

    def hybrid_search(self, query_text: str | None, query_embedding: Vector | None, *, max_rows: int | None = None, scope: str | None = None, filter: Any = None, weights: Sequence[float] | None = None, rrf_k: int | None = None, half_life: timedelta | None = None, mmr_lambda: float | None = None, language: str | None = None, space: str | None = None, include_expired: bool | None = None, since: datetime | None = None, until: datetime | None = None, max_distance: float | None = None, min_score: float | None = None, half_life_at: datetime | None = None, half_life_floor: float | None = None, fusion: str | None = None, context: float | None = None) -> list[rows.HybridRow]:
        """The best vectors of the tenant by meaning and by words, as one score.

        Errors: 42501 no tenant, 22004 both queries null, 22023 max_rows, fusion, weights, rrf_k, context, half_life, mmr_lambda, language, texts in several spaces, and those of vector_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT id, score, content FROM llmspell.hybrid_search('broken pipe', array_fill(0.1, ARRAY[384])::vector, 5);
        """
        return self._many(functions.HYBRID_SEARCH, (query_text, query_embedding, max_rows, scope, filter, weights, rrf_k, half_life, mmr_lambda, language, space, include_expired, since, until, max_distance, min_score, half_life_at, half_life_floor, fusion, context))

    def import_langchain(self, source_schema: str, *, source_table: str | None = None, tenant: str | None = None, dry_run: bool | None = None, collection: str | None = None, scope: str | None = None, space: str | None = None, language: str | None = None, id_column: str | None = None, content_column: str | None = None, embedding_column: str | None = None, metadata_column: str | None = None) -> rows.ImportLangchainRow:
        """Copies the vectors of a table of LangChain's PGVector or PGVectorStore; only counts unless dry_run is false.

        Errors: 42501 no tenant, or no SELECT on the table, 22004 null, 22023 no such table, column or collections, or no space of the dimensions, 42804 another type, 0A000 not READ COMMITTED, those of vector_put.
        Example: SELECT * FROM llmspell.import_langchain('public', tenant => 'acme', dry_run => false);
        """
        return self._one(functions.IMPORT_LANGCHAIN, (source_schema, source_table, tenant, dry_run, collection, scope, space, language, id_column, content_column, embedding_column, metadata_column))

    def import_langgraph(self, source_schema: str, *, tenant: str | None = None, dry_run: bool | None = None, thread_ids: Sequence[str] | None = None) -> list[rows.ImportLangchainRow]:
        """Copies the threads and items of LangGraph's tables in a schema; only counts unless dry_run is false.

        Errors: 42501 no tenant, or no SELECT on a table, 22023 no such tables or columns, 42804 other types, 0A000 not READ COMMITTED, those of checkpoint_put and item_put.
        Example: SELECT * FROM llmspell.import_langgraph('public', 'acme', dry_run => false);
        """
        return self._many(functions.IMPORT_LANGGRAPH, (source_schema, tenant, dry_run, thread_ids))

    def item_count(self, *, namespace_prefix: Sequence[str] | None = None) -> int:
        """Returns how many items are in the namespaces that begin with some segments.

        Errors: 42501 no tenant, 22023 or 54000 namespace_prefix.
        Example: SELECT llmspell.item_count('{users}');
        """
        return self._one(functions.ITEM_COUNT, (namespace_prefix,))

    def item_delete(self, namespace: Sequence[str], key: str, *, expected_version: int | None = None) -> bool:
        """Deletes an item, and returns whether it existed.

        Errors: 42501 no tenant, 22004 null, 22023 namespace or negative expected_version, LS409 another version.
        Example: SELECT llmspell.item_delete('{users,42}', 'name');
        """
        return self._one(functions.ITEM_DELETE, (namespace, key, expected_version))

    def item_delete_many(self, items: Any) -> int:
        """Deletes items, an array of {"namespace", "key"}, all or nothing, and returns how many of them existed.

        Errors: as item_get_many.
        Example: SELECT llmspell.item_delete_many('[{"namespace": ["users", "42"], "key": "name"}]');
        """
        return self._one(functions.ITEM_DELETE_MANY, (items,))

    def item_get(self, namespace: Sequence[str], key: str) -> rows.ItemGetRow | None:
        """Returns the document under a key of a namespace with version, times and life; no row where there is none.

        Errors: 42501 no tenant, 22004 null, 22023 namespace, 54000 namespace over 1,500 bytes.
        Example: SELECT value FROM llmspell.item_get('{users,42}', 'name');
        """
        return self._maybe(functions.ITEM_GET, (namespace, key))

    def item_get_many(self, items: Any) -> list[rows.ItemGetManyRow]:
        """Returns those of the items, given as an array of {"namespace", "key"}, that exist, in order, each once.

        Errors: as item_get, 22023 no array of objects, or a namespace that is no array of strings.
        Example: SELECT key, value FROM llmspell.item_get_many('[{"namespace": ["users", "42"], "key": "name"}]');
        """
        return self._many(functions.ITEM_GET_MANY, (items,))

    def item_list(self, *, namespace_prefix: Sequence[str] | None = None, filter: Any = None, max_rows: int | None = None, after: str | None = None) -> list[rows.ItemRow]:
        """The items of the namespaces that begin with some segments, in the order of namespace and key.

        Errors: 42501 no tenant, 22023 namespace_prefix, max_rows or after, 54000 namespace_prefix too large. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT key, value FROM llmspell.item_list('{users,42}', max_rows => 10);
        """
        return self._many(functions.ITEM_LIST, (namespace_prefix, filter, max_rows, after))

    def item_put(self, namespace: Sequence[str], key: str, value: Any, *, ttl: timedelta | None = None, index_text: str | None = None, embedding: Vector | None = None, embeddings: Vectors | None = None, language: str | None = None, expected_version: int | None = None) -> rows.ItemPutRow:
        """Stores a document under a key of a namespace, with a text and vectors to be found by; its version and whether it is new.

        Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 namespace, ttl, language, expected_version, a vector of zeros, 22008 ttl, LS409 another version.
        Example: SELECT version FROM llmspell.item_put('{users,42}', 'name', '{"text": "Ada"}', ttl => '30 days', index_text => 'Ada');
        """
        return self._one(functions.ITEM_PUT, (namespace, key, value, ttl, index_text, embedding, embeddings, language, expected_version))

    def item_put_many(self, items: Any) -> list[rows.ItemWritten]:
        """Stores items, an array of objects with the arguments of item_put but expected_version, all or none, in order.

        Errors: as item_put, 22023 no array of objects, a namespace that is no array of strings, or an item given twice.
        Example: SELECT key, version FROM llmspell.item_put_many('[{"namespace": ["users", "42"], "key": "name", "value": "Ada"}]');
        """
        return self._many(functions.ITEM_PUT_MANY, (items,))

    def item_rename(self, namespace: Sequence[str], key: str, new_namespace: Sequence[str], new_key: str) -> bool:
        """Moves an item to another namespace, key or both, and returns whether it existed; its version stays.

        Errors: 42501 no tenant, 22004 null, 22001 new_key too long, 22023 a namespace, 54000 too large, 23505 there is an item.
        Example: SELECT llmspell.item_rename('{users,42}', 'name', '{users,42}', 'full name');
        """
        return self._one(functions.ITEM_RENAME, (namespace, key, new_namespace, new_key))

    def item_search(self, *, namespace_prefix: Sequence[str] | None = None, filter: Any = None, query_text: str | None = None, query_embedding: Vector | None = None, max_rows: int | None = None, after: str | None = None, weights: Sequence[float] | None = None, max_distance: float | None = None, min_score: float | None = None, language: str | None = None, fusion: str | None = None) -> list[rows.ItemHit]:
        """The best items of the namespaces that begin with some segments, by words, meaning or both; without a query as item_list.

        Errors: 42501 no tenant, 22023 an argument out of range, over 1000 rows. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT key, score FROM llmspell.item_search('{users,42}', query_text => 'ada');
        """
        return self._many(functions.ITEM_SEARCH, (namespace_prefix, filter, query_text, query_embedding, max_rows, after, weights, max_distance, min_score, language, fusion))

    def item_sweep(self, *, max_rows: int | None = None) -> int:
        """Removes up to max_rows expired items from the table, and returns how many.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT llmspell.item_sweep(1000);
        """
        return self._one(functions.ITEM_SWEEP, (max_rows,))

    def item_touch(self, namespace: Sequence[str], key: str, *, ttl: timedelta | None = None) -> bool:
        """Gives an item its life anew, or another one; returns whether it exists. Value and version stay.

        Errors: 42501 no tenant, 22004 null, 22023 namespace or ttl, 22008 ttl.
        Example: SELECT llmspell.item_touch('{users,42}', 'name');
        """
        return self._one(functions.ITEM_TOUCH, (namespace, key, ttl))

    def item_touch_many(self, items: Any) -> int:
        """Gives items, an array of {"namespace", "key"}, their lives anew, and returns how many have one.

        Errors: as item_get_many.
        Example: SELECT llmspell.item_touch_many('[{"namespace": ["users", "42"], "key": "name"}]');
        """
        return self._one(functions.ITEM_TOUCH_MANY, (items,))

    def kv_count(self, *, prefix: str | None = None) -> int:
        """Returns how many keys begin with prefix.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.kv_count('user:');
        """
        return self._one(functions.KV_COUNT, (prefix,))

    def kv_delete(self, key: str, *, expected_version: int | None = None) -> bool:
        """Deletes a key, and returns whether it existed.

        Errors: 42501 no tenant, 22004 null, 22023 negative expected_version, LS409 another version.
        Example: SELECT llmspell.kv_delete('user:42');
        """
        return self._one(functions.KV_DELETE, (key, expected_version))

    def kv_delete_many(self, keys: Sequence[str]) -> int:
        """Deletes the given keys, all or nothing, and returns how many of them existed.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.kv_delete_many(ARRAY['user:42', 'user:43']);
        """
        return self._one(functions.KV_DELETE_MANY, (keys,))

    def kv_delete_prefix(self, prefix: str) -> int:
        """Deletes every key that begins with prefix, all keys for an empty one, and returns how many existed.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.kv_delete_prefix('user:');
        """
        return self._one(functions.KV_DELETE_PREFIX, (prefix,))

    def kv_exists(self, key: str) -> bool:
        """Returns whether a key exists.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.kv_exists('user:42');
        """
        return self._one(functions.KV_EXISTS, (key,))

    def kv_get(self, key: str) -> rows.KvGetRow | None:
        """Returns the bytes under a key with metadata, version, expiry and type; no row where there is none.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT value FROM llmspell.kv_get('user:42');
        """
        return self._maybe(functions.KV_GET, (key,))

    def kv_get_json(self, key: str) -> rows.KvGetJsonRow | None:
        """Returns the JSON document under a key, as kv_set_json stored it; no row where there is none.

        Errors: 42501 no tenant, 22004 null, 22023 the value is text or bytes.
        Example: SELECT value FROM llmspell.kv_get_json('user:42');
        """
        return self._maybe(functions.KV_GET_JSON, (key,))

    def kv_get_many(self, keys: Sequence[str]) -> list[rows.KvGetManyRow]:
        """Returns those of the given keys that exist, in key order, each once.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT key, value FROM llmspell.kv_get_many(ARRAY['a', 'b']);
        """
        return self._many(functions.KV_GET_MANY, (keys,))

    def kv_get_text(self, key: str) -> rows.KvGetTextRow | None:
        """Returns the text under a key, as kv_set_text stored it; no row where there is none.

        Errors: 42501 no tenant, 22004 null, 22023 the value is JSON or bytes.
        Example: SELECT value FROM llmspell.kv_get_text('user:42');
        """
        return self._maybe(functions.KV_GET_TEXT, (key,))

    def kv_list(self, *, prefix: str | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.KvListRow]:
        """Returns the keys that begin with prefix, in byte order, without their values.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT key FROM llmspell.kv_list('user:', 100, after => 'user:42');
        """
        return self._many(functions.KV_LIST, (prefix, max_rows, after))

    def kv_set(self, key: str, value: Bytes, *, metadata: Any = None, expected_version: int | None = None, ttl: timedelta | None = None, value_type: str | None = None) -> rows.KvSetRow:
        """Stores bytes and metadata under a key, and returns its id, its version and whether it is new.

        Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl, value_type or expected_version, 22008 ttl, LS409 another version, 22021, 22P02, 22P05 bytes that are not of value_type.
        Example: SELECT version FROM llmspell.kv_set('avatar:42', '\\x89504e47', ttl => '1 hour');
        """
        return self._one(functions.KV_SET, (key, value, metadata, expected_version, ttl, value_type))

    def kv_set_json(self, key: str, value: Any, *, metadata: Any = None, expected_version: int | None = None, ttl: timedelta | None = None) -> rows.KvSetRow:
        """Stores a JSON document and metadata under a key, and returns its id, its version and whether it is new.

        Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl or expected_version, 22008 ttl, LS409 another version.
        Example: SELECT version FROM llmspell.kv_set_json('user:42', '{"name": "Ada"}');
        """
        return self._one(functions.KV_SET_JSON, (key, value, metadata, expected_version, ttl))

    def kv_set_many(self, keys: Sequence[str], data: Sequence[Bytes], *, metadata: Sequence[Any] | None = None, ttl: timedelta | None = None) -> list[rows.KvSetManyRow]:
        """Stores data[i] and metadata[i] under keys[i], all or nothing, and returns each key in order with its version.

        Errors: as kv_set, 2202E arrays of different length, 22023 a key given twice.
        Example: SELECT * FROM llmspell.kv_set_many(ARRAY['a', 'b'], ARRAY['1', '2']::bytea[]);
        """
        return self._many(functions.KV_SET_MANY, (keys, data, metadata, ttl))

    def kv_set_text(self, key: str, value: str, *, metadata: Any = None, expected_version: int | None = None, ttl: timedelta | None = None) -> rows.KvSetRow:
        """Stores a text and metadata under a key, and returns its id, its version and whether it is new.

        Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl or expected_version, 22008 ttl, LS409 another version.
        Example: SELECT version FROM llmspell.kv_set_text('user:42', 'Ada', ttl => '1 hour');
        """
        return self._one(functions.KV_SET_TEXT, (key, value, metadata, expected_version, ttl))

    def kv_sweep(self, *, max_rows: int | None = None) -> int:
        """Removes up to max_rows expired keys from the table, and returns how many.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT llmspell.kv_sweep(1000);
        """
        return self._one(functions.KV_SWEEP, (max_rows,))

    def mcp_memory(self, tool: str, *, arguments: Any = None) -> Any:
        """Runs a tool of the MCP reference memory server over the graph; its structured answer.

        Errors: 42501 no tenant, 22004 or 22023 arguments, P0002 an entity is not there, 0A000 a write in another isolation than READ COMMITTED.
        Example: SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Ada", "entityType": "person", "observations": ["writes notes"]}]}');
        """
        return self._one(functions.MCP_MEMORY, (tool, arguments))

    def memory_tool(self, command: Any) -> str:
        """Runs a command of Anthropic's memory tool on files under /memories, which are items; its answer as text.

        Errors: 42501 no tenant, 22004 an argument missing, 22023 a command or path, or no single place to edit, 23505 the file exists, P0002 it does not, 54000 too large.
        Example: SELECT llmspell.memory_tool('{"command": "create", "path": "/memories/notes.txt", "file_text": "hello\\n"}');
        """
        return self._one(functions.MEMORY_TOOL, (command,))

    def message_append(self, thread_id: str, messages: Any, *, expected_sequence: int | None = None, message_ids: Sequence[str] | None = None) -> list[rows.MessageAppendRow]:
        """Appends the messages of a JSON array to a thread, and returns the id and sequence of each.

        Errors: 42501 no tenant, LS409 the last message is not at expected_sequence, 23505 an id is taken, 22004 null, 22001 id too long, 22023 no array or negative expected_sequence, 2202E unequal arrays, 54000 too large or too deep.
        Example: SELECT sequence FROM llmspell.message_append('t1', '[{"role": "user", "content": "hello"}]');
        """
        return self._many(functions.MESSAGE_APPEND, (thread_id, messages, expected_sequence, message_ids))

    def message_clear(self, thread_id: str) -> int:
        """Deletes the messages of a thread, and leaves its checkpoints; returns how many.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.message_clear('t1');
        """
        return self._one(functions.MESSAGE_CLEAR, (thread_id,))

    def message_get(self, thread_id: str, *, message_id: str | None = None, sequence: int | None = None) -> rows.MessageRow | None:
        """Returns a message by its id or its sequence: one row, or none.

        Errors: 42501 no tenant, 22004 null thread_id, 22023 not exactly one of id and sequence.
        Example: SELECT message FROM llmspell.message_get('t1', sequence => 1);
        """
        return self._maybe(functions.MESSAGE_GET, (thread_id, message_id, sequence))

    def message_list(self, thread_id: str, *, newest: int | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.MessageRow]:
        """Lists the messages of a thread, or its newest ones, in their order.

        Errors: 42501 no tenant, 22004 null thread_id, 22023 negative newest or max_rows, or after is no cursor.
        Example: SELECT sequence, message FROM llmspell.message_list('t1', newest => 20);
        """
        return self._many(functions.MESSAGE_LIST, (thread_id, newest, max_rows, after))

    def message_pop(self, thread_id: str, *, max_rows: int | None = None) -> list[rows.MessageRow]:
        """Takes the last messages off a thread, and returns them in their order.

        Errors: 42501 no tenant, 22004 null thread_id, 22023 negative max_rows.
        Example: SELECT message FROM llmspell.message_pop('t1');
        """
        return self._many(functions.MESSAGE_POP, (thread_id, max_rows))

    def message_update(self, thread_id: str, message: Any, *, message_id: str | None = None, sequence: int | None = None) -> bool:
        """Replaces a message, which is given by its id or its sequence; true where it is there.

        Errors: 42501 no tenant, 22004 null, 22023 not exactly one of id and sequence, 54000 too large or too deep.
        Example: SELECT llmspell.message_update('t1', '{"role": "user", "content": "good day"}', sequence => 1);
        """
        return self._one(functions.MESSAGE_UPDATE, (thread_id, message, message_id, sequence))

    def migration_version(self) -> int:
        """Returns the number of the newest migration whose work is done: 15.

        Example: SELECT llmspell.migration_version();
        """
        return self._one(functions.MIGRATION_VERSION, ())

    def namespace_delete(self, namespace_prefix: Sequence[str]) -> int:
        """Deletes the items of all namespaces that begin with some segments, all of them for none; returns how many existed.

        Errors: 42501 no tenant, 22004 null, 22023 or 54000 namespace_prefix.
        Example: SELECT llmspell.namespace_delete('{users,42}');
        """
        return self._one(functions.NAMESPACE_DELETE, (namespace_prefix,))

    def namespace_list(self, *, namespace_prefix: Sequence[str] | None = None, namespace_suffix: Sequence[str] | None = None, max_depth: int | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.NamespaceListRow]:
        """Namespaces with items that begin and end with some segments (* is any), cut to max_depth, in order, each once.

        Errors: 42501 no tenant, 22023 namespace_prefix, namespace_suffix, max_depth, max_rows or after.
        Example: SELECT namespace FROM llmspell.namespace_list('{users,*}', max_depth => 2);
        """
        return self._many(functions.NAMESPACE_LIST, (namespace_prefix, namespace_suffix, max_depth, max_rows, after))

    def namespace_rename(self, namespace_prefix: Sequence[str], new_prefix: Sequence[str]) -> int:
        """Moves the items of all namespaces that begin with some segments to others in place of these; returns how many.

        Errors: 42501 no tenant, 22004 null, 22023 a namespace, or one within the other, 54000 too long, 23505 there is an item.
        Example: SELECT llmspell.namespace_rename('{users,42}', '{former,42}');
        """
        return self._one(functions.NAMESPACE_RENAME, (namespace_prefix, new_prefix))

    def pattern_frequency(self, scope: str, key: str, value: str) -> int:
        """Returns how often value followed key in scope; 0 for never.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.pattern_frequency('user:42', 'theme', 'dark');
        """
        return self._one(functions.PATTERN_FREQUENCY, (scope, key, value))

    def pattern_list(self, *, scope: str | None = None, min_frequency: int | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.PatternRow]:
        """Returns patterns seen min_frequency times or more, in one scope or in all, most frequent first.

        Errors: 42501 no tenant, 22023 max_rows, after.
        Example: SELECT key, value, frequency FROM llmspell.pattern_list('user:42');
        """
        return self._many(functions.PATTERN_LIST, (scope, min_frequency, max_rows, after))

    def pattern_predict(self, scope: str, key: str, *, max_rows: int | None = None, half_life: timedelta | None = None) -> list[rows.PatternPredictRow]:
        """Returns the values seen after key in scope with their probabilities, most likely first.

        Errors: 42501 no tenant, 22004 null, 22023 max_rows or half_life, 22008 half_life beyond the last timestamp.
        Example: SELECT value, probability FROM llmspell.pattern_predict('user:42', 'after:login', 3);
        """
        return self._many(functions.PATTERN_PREDICT, (scope, key, max_rows, half_life))

    def pattern_prune(self, *, older_than: timedelta | None = None, before: datetime | None = None, below_frequency: int | None = None) -> int:
        """Deletes patterns last seen before a moment and seen less often than below_frequency, where given; returns how many.

        Errors: 42501 no tenant, 22023 no criterion, both older_than and before, or one that is not positive, 22008 beyond the first timestamp.
        Example: SELECT llmspell.pattern_prune('90 days', below_frequency => 3);
        """
        return self._one(functions.PATTERN_PRUNE, (older_than, before, below_frequency))

    def pattern_record(self, scope: str, key: str, value: str) -> int:
        """Counts that value followed key in scope, and returns how often it has by now.

        Errors: 42501 no tenant, 22004 null, 22023 no scope, 22001 key over 500 characters, 54000 over 2,600 bytes with scope, key and tenant id.
        Example: SELECT llmspell.pattern_record('user:42', 'after:login', 'open:inbox');
        """
        return self._one(functions.PATTERN_RECORD, (scope, key, value))

    def pattern_record_many(self, patterns: Any) -> list[rows.PatternRecordManyRow]:
        """Counts each {"scope", "key", "value"} of an array, all or nothing, and returns how often each was seen by now.

        Errors: as pattern_record, 22023 no array.
        Example: SELECT * FROM llmspell.pattern_record_many('[{"scope": "global", "key": "k", "value": "v"}]');
        """
        return self._many(functions.PATTERN_RECORD_MANY, (patterns,))

    def recall(self, *, query_text: str | None = None, query_embedding: Vector | None = None, session_id: str | None = None, scope: str | None = None, kinds: Sequence[str] | None = None, filter: Any = None, max_tokens: int | None = None, max_rows: int | None = None, valid_at: datetime | None = None, known_at: datetime | None = None, weights: Sequence[float] | None = None, min_score: float | None = None, kind_weights: Any = None, mmr_lambda: float | None = None, language: str | None = None, context: float | None = None, space: str | None = None) -> list[rows.RecallRow]:
        """Returns the rows of all kinds that belong in a prompt of max_tokens, best first; a last row says what did not fit.

        Errors: 42501 no tenant, 22004 both queries null, 22023 max_tokens, max_rows, kinds, weights, kind_weights, min_score, mmr_lambda, context, language, space, dimensions, a vector of zeros. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT kind, content, tokens FROM llmspell.recall('where is the parser?', max_tokens => 500);
        """
        return self._many(functions.RECALL, (query_text, query_embedding, session_id, scope, kinds, filter, max_tokens, max_rows, valid_at, known_at, weights, min_score, kind_weights, mmr_lambda, language, context, space))

    def recall_record(self, *, query_text: str | None = None, query_embedding: Vector | None = None, session_id: str | None = None, scope: str | None = None, kinds: Sequence[str] | None = None, filter: Any = None, max_tokens: int | None = None, max_rows: int | None = None, valid_at: datetime | None = None, known_at: datetime | None = None, weights: Sequence[float] | None = None, min_score: float | None = None, kind_weights: Any = None, mmr_lambda: float | None = None, language: str | None = None, context: float | None = None, space: str | None = None, correlation_id: UUID | str | None = None) -> list[rows.RecallRecordRow]:
        """As recall, and appends an event of type recall.recorded with the query, its moment, and the ids, hashes and scores.

        Errors: those of recall, 25006 in a READ ONLY transaction and on a standby. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT event_id, kind, content FROM llmspell.recall_record('where is the parser?', max_tokens => 500);
        """
        return self._many(functions.RECALL_RECORD, (query_text, query_embedding, session_id, scope, kinds, filter, max_tokens, max_rows, valid_at, known_at, weights, min_score, kind_weights, mmr_lambda, language, context, space, correlation_id))

    def recall_replay(self, event_id: UUID | str) -> list[rows.RecallReplayRow]:
        """The rows of a recorded recall in their order, with what has become of each: same, changed or missing.

        Errors: 42501 no tenant, 22004 event_id null, 22023 no recorded recall.
        Example: SELECT state, kind, id FROM llmspell.recall_replay('0198c0de-0000-7000-8000-000000000001') WHERE state <> 'same';
        """
        return self._many(functions.RECALL_REPLAY, (event_id,))

    def relationship_as_of(self, relationship_id: UUID | str, *, valid_at: datetime | None = None, known_at: datetime | None = None) -> rows.RelationshipAsOfRow | None:
        """The relationship at a moment of both times; none where one of its entities does not exist then.

        Errors: 42501 no tenant, 22004 null relationship_id.
        Example: SELECT relationship_type, to_entity FROM llmspell.relationship_as_of('00000000-0000-0000-0000-00000000000a');
        """
        return self._maybe(functions.RELATIONSHIP_AS_OF, (relationship_id, valid_at, known_at))

    def relationship_erase(self, relationship_id: UUID | str) -> int:
        """Deletes every version of a relationship, and returns how many.

        Errors: 42501 no tenant, 22004 null, 40001 versions that this transaction does not see: run it again.
        Example: SELECT llmspell.relationship_erase('00000000-0000-0000-0000-00000000000b');
        """
        return self._one(functions.RELATIONSHIP_ERASE, (relationship_id,))

    def relationship_history(self, relationship_id: UUID | str) -> list[rows.RelationshipHistoryRow]:
        """All versions of a relationship, as entity_history.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT valid_from, valid_to, known_from, known_to FROM llmspell.relationship_history('00000000-0000-0000-0000-00000000000a');
        """
        return self._many(functions.RELATIONSHIP_HISTORY, (relationship_id,))

    def relationship_patch(self, relationship_id: UUID | str, properties: Any, *, valid_from: datetime | None = None, valid_to: datetime | None = None, relationship_type: str | None = None, source_type: str | None = None, source_id: str | None = None, remove: Sequence[str] | None = None) -> rows.RelationshipPutRow:
        """Merges properties or a type into what holds of a relationship in a period, and removes the properties named.

        Errors: as entity_patch.
        Example: SELECT * FROM llmspell.relationship_patch('00000000-0000-0000-0000-00000000000a', '{"since": 1833}');
        """
        return self._one(functions.RELATIONSHIP_PATCH, (relationship_id, properties, valid_from, valid_to, relationship_type, source_type, source_id, remove))

    def relationship_patch_many(self, entries: Any) -> list[rows.RelationshipPutManyRow]:
        """relationship_patch for each entry, all or nothing: a row for each, in order.

        Errors: as relationship_patch; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.relationship_patch_many('[{"relationship_id": "00000000-0000-0000-0000-00000000000a", "properties": {"since": 1834}}]');
        """
        return self._many(functions.RELATIONSHIP_PATCH_MANY, (entries,))

    def relationship_put(self, relationship_id: UUID | str, from_entity: UUID | str, to_entity: UUID | str, relationship_type: str, *, properties: Any = None, valid_from: datetime | None = None, valid_to: datetime | None = None, on_missing: str | None = None, source_type: str | None = None, source_id: str | None = None) -> rows.RelationshipPutRow:
        """Says that a relationship leads from one entity to another in a period; on_missing: error, clip or allow.

        Errors: as entity_put; 22023 on_missing, 23503 an entity is missing in part of the period.
        Example: SELECT * FROM llmspell.relationship_put('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'knows');
        """
        return self._one(functions.RELATIONSHIP_PUT, (relationship_id, from_entity, to_entity, relationship_type, properties, valid_from, valid_to, on_missing, source_type, source_id))

    def relationship_put_many(self, entries: Any) -> list[rows.RelationshipPutManyRow]:
        """relationship_put for each entry, all or nothing: a row for each, in order.

        Errors: as relationship_put; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.relationship_put_many('[{"relationship_id": "00000000-0000-0000-0000-00000000000a", "from_entity": "00000000-0000-0000-0000-000000000001", "to_entity": "00000000-0000-0000-0000-000000000002", "relationship_type": "knows"}]');
        """
        return self._many(functions.RELATIONSHIP_PUT_MANY, (entries,))

    def relationship_retract(self, relationship_id: UUID | str, *, valid_from: datetime | None = None, valid_to: datetime | None = None) -> rows.RelationshipPutRow:
        """Says that a relationship does not hold in a period.

        Errors: as entity_put.
        Example: SELECT * FROM llmspell.relationship_retract('00000000-0000-0000-0000-00000000000a');
        """
        return self._one(functions.RELATIONSHIP_RETRACT, (relationship_id, valid_from, valid_to))

    def relationship_retract_many(self, entries: Any) -> list[rows.RelationshipPutManyRow]:
        """relationship_retract for each entry, all or nothing: a row for each, in order.

        Errors: as relationship_retract; 22023 entries is no array of objects.
        Example: SELECT * FROM llmspell.relationship_retract_many('[{"relationship_id": "00000000-0000-0000-0000-00000000000a"}]');
        """
        return self._many(functions.RELATIONSHIP_RETRACT_MANY, (entries,))

    def relationship_vector_set(self, relationship_id: UUID | str, embedding: Vector, *, space: str | None = None) -> bool:
        """Stores the vector of a relationship, in place of the one there is; false where none is known now.

        Errors: 42501 no tenant, 22004 null, 22023 no space for relationships of these dimensions, several, a vector of zeros.
        Example: SELECT llmspell.relationship_vector_set('00000000-0000-0000-0000-00000000000a', array_fill(0.1, ARRAY[384])::vector);
        """
        return self._one(functions.RELATIONSHIP_VECTOR_SET, (relationship_id, embedding, space))

    def session_archive(self, *, session_id: UUID | str | None = None, name: str | None = None) -> bool:
        """Archives a session; returns whether it was active and had not expired.

        Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
        Example: SELECT llmspell.session_archive(name => 'chat-42');
        """
        return self._one(functions.SESSION_ARCHIVE, (session_id, name))

    def session_create(self, *, session_id: UUID | str | None = None, state: Any = None, expires_at: datetime | None = None, ttl: timedelta | None = None, name: str | None = None, subject: str | None = None, title: str | None = None) -> rows.SessionCreated:
        """Begins a session, with a new id unless one is given, that expires at expires_at, ttl from now, or never.

        Errors: 42501 no tenant, LS409 the id or the name exists, 22023 both expires_at and ttl, ttl not positive, or a name like an id, 22008 ttl beyond the last timestamp, 22001 name, subject or title over 255 characters, 54000 state too large or too deep.
        Example: SELECT session_id FROM llmspell.session_create(name => 'chat-42', subject => 'ada', ttl => '1 day');
        """
        return self._one(functions.SESSION_CREATE, (session_id, state, expires_at, ttl, name, subject, title))

    def session_delete(self, *, session_id: UUID | str | None = None, name: str | None = None) -> bool:
        """Deletes a session and its artifacts; returns whether it existed.

        Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
        Example: SELECT llmspell.session_delete(name => 'chat-42');
        """
        return self._one(functions.SESSION_DELETE, (session_id, name))

    def session_get(self, *, session_id: UUID | str | None = None, include_expired: bool | None = None, name: str | None = None) -> rows.SessionGetRow | None:
        """Returns a session by id or name: one row, or none where it does not exist or has expired; records no access.

        Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
        Example: SELECT state FROM llmspell.session_get(name => 'chat-42');
        """
        return self._maybe(functions.SESSION_GET, (session_id, include_expired, name))

    def session_list(self, *, status: str | None = None, subject: str | None = None, title: str | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.SessionRow]:
        """Lists sessions, newest first, without their states: those that have not expired, or those in one status.

        Errors: 42501 no tenant, 22023 max_rows, after or unknown status.
        Example: SELECT session_id, title FROM llmspell.session_list('active', subject => 'ada');
        """
        return self._many(functions.SESSION_LIST, (status, subject, title, max_rows, after))

    def session_retention_get(self) -> timedelta | None:
        """Returns how long the own tenant keeps sessions after their expiry; NULL for ever.

        Errors: 42501 no tenant.
        Example: SELECT llmspell.session_retention_get();
        """
        return self._one(functions.SESSION_RETENTION_GET, ())

    def session_retention_set(self, keep: timedelta | None) -> None:
        """Sets how long the own tenant keeps sessions after their expiry; NULL, the default, keeps them for ever.

        Errors: 42501 no tenant, 22023 keep not positive, 22008 keep beyond the range of timestamps.
        Example: SELECT llmspell.session_retention_set('30 days');
        """
        self._one(functions.SESSION_RETENTION_SET, (keep,))

    def session_stats(self) -> list[rows.SessionStatsRow]:
        """Counts sessions and their artifacts by status.

        Errors: 42501 no tenant.
        Example: SELECT * FROM llmspell.session_stats();
        """
        return self._many(functions.SESSION_STATS, ())

    def session_sweep(self, *, max_rows: int | None = None) -> rows.SessionSweepRow:
        """Marks sessions whose time is over as expired, and deletes those kept no longer; never needed for correctness.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT expired, deleted FROM llmspell.session_sweep(1000);
        """
        return self._one(functions.SESSION_SWEEP, (max_rows,))

    def session_touch(self, *, session_id: UUID | str | None = None, ttl: timedelta | None = None, name: str | None = None) -> bool:
        """Records an access, to a minute, and with ttl prolongs the session; returns whether it exists and has not expired.

        Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both, or ttl not positive, 22008 ttl beyond the last timestamp.
        Example: SELECT llmspell.session_touch(name => 'chat-42', ttl => '30 minutes');
        """
        return self._one(functions.SESSION_TOUCH, (session_id, ttl, name))

    def session_update(self, *, session_id: UUID | str | None = None, state: Any = None, status: str | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, expected_version: int | None = None, name: str | None = None, subject: str | None = None, title: str | None = None) -> int:
        """Changes what is given of a session, named by id or name; a later expiry brings an expired one back as active.

        Errors: 42501 no tenant, 22004 neither session_id nor name, P0002 no such session, LS409 another version, 22023 both session_id and name, unknown status, both expires_at and ttl, or ttl not positive, 22008 ttl beyond the last timestamp, 22001 subject or title over 255 characters, 54000 state too large or too deep.
        Example: SELECT version FROM llmspell.session_update(name => 'chat-42', state => '{"user": 42}', ttl => '1 day');
        """
        return self._one(functions.SESSION_UPDATE, (session_id, state, status, expires_at, ttl, expected_version, name, subject, title))

    def status(self) -> Any:
        """Returns the own rows by table, versions and settings; for llmspell_admin also the sizes of tables.

        Errors: 42501 no tenant, unless the caller is a member of llmspell_admin.
        Example: BEGIN; SELECT llmspell.tenant_set('acme'); SELECT jsonb_pretty(llmspell.status());
        """
        return self._one(functions.STATUS, ())

    def storage_clear(self) -> list[rows.StorageClearRow]:
        """Deletes all rows of the own tenant in the four stores, sessions with their artifacts; returns how many of each.

        Errors: 42501 no tenant.
        Example: SELECT store, deleted FROM llmspell.storage_clear();
        """
        return self._many(functions.STORAGE_CLEAR, ())

    def storage_delete(self, key: str) -> bool:
        """Deletes what is under a storage key, and returns whether it existed.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key.
        Example: SELECT llmspell.storage_delete('user:42');
        """
        return self._one(functions.STORAGE_DELETE, (key,))

    def storage_delete_many(self, keys: Sequence[str]) -> int:
        """Deletes what is under the given storage keys, all or nothing, and returns how many existed.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key.
        Example: SELECT llmspell.storage_delete_many(ARRAY['user:42', 'user:43']);
        """
        return self._one(functions.STORAGE_DELETE_MANY, (keys,))

    def storage_exists(self, key: str) -> bool:
        """Returns whether there is a value under a storage key.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key.
        Example: SELECT llmspell.storage_exists('user:42');
        """
        return self._one(functions.STORAGE_EXISTS, (key,))

    def storage_get(self, key: str) -> bytes | None:
        """Returns the bytes under a storage key, the state of an agent, a workflow or a session as JSON text; NULL for none.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key.
        Example: SELECT llmspell.storage_get('agent:chat:planner');
        """
        return self._one(functions.STORAGE_GET, (key,))

    def storage_get_json(self, key: str) -> Any:
        """Returns the JSON document under a storage key; NULL where there is none.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key, or the value is text or bytes.
        Example: SELECT llmspell.storage_get_json('agent:chat:planner');
        """
        return self._one(functions.STORAGE_GET_JSON, (key,))

    def storage_get_many(self, keys: Sequence[str]) -> list[rows.StorageGetManyRow]:
        """Returns those of the given storage keys that exist with their bytes, in byte order, each once.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key.
        Example: SELECT key, value FROM llmspell.storage_get_many(ARRAY['user:42', 'agent:chat:planner']);
        """
        return self._many(functions.STORAGE_GET_MANY, (keys,))

    def storage_get_text(self, key: str) -> str | None:
        """Returns the text under a storage key; NULL where there is none.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key, or the value is JSON or bytes.
        Example: SELECT llmspell.storage_get_text('user:42');
        """
        return self._one(functions.STORAGE_GET_TEXT, (key,))

    def storage_list(self, *, prefix: str | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.StorageListRow]:
        """Returns the storage keys that begin with prefix, in byte order.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT key FROM llmspell.storage_list('agent:chat:', 100);
        """
        return self._many(functions.STORAGE_LIST, (prefix, max_rows, after))

    def storage_set(self, key: str, value: Bytes) -> None:
        """Stores bytes under a storage key; for an agent, a workflow or a session JSON text in UTF-8.

        Errors: as storage_set_json, 22P02 and 22P05 no JSON, 22021 no UTF-8, and those of kv_set.
        Example: SELECT llmspell.storage_set('avatar:42', '\\x89504e47');
        """
        self._one(functions.STORAGE_SET, (key, value))

    def storage_set_json(self, key: str, value: Any) -> None:
        """Stores a JSON document under a storage key: the state of an agent, a workflow or a session, or a value.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key, another agent type or status, 22007, 22008, 22003, 22P02, 23514 times, days or a step, 54000 too large or too deep.
        Example: SELECT llmspell.storage_set_json('agent:chat:planner', '{"step": 1}');
        """
        self._one(functions.STORAGE_SET_JSON, (key, value))

    def storage_set_many(self, keys: Sequence[str], data: Sequence[Bytes]) -> int:
        """Stores data[i] under keys[i], all or nothing over all stores, and returns how many.

        Errors: as storage_set, 2202E arrays of different length, 22023 a key given twice.
        Example: SELECT llmspell.storage_set_many(ARRAY['user:42', 'user:43'], ARRAY['Ada', 'Bob']::bytea[]);
        """
        return self._one(functions.STORAGE_SET_MANY, (keys, data))

    def storage_set_text(self, key: str, value: str) -> None:
        """Stores a text under a storage key.

        Errors: 42501 no tenant, 22004 null, 22023 malformed key, or one of an agent, a workflow or a session, and those of kv_set_text.
        Example: SELECT llmspell.storage_set_text('user:42', 'Ada');
        """
        self._one(functions.STORAGE_SET_TEXT, (key, value))

    def stream_append(self, stream: str, events: Any, *, expected_version: int | None = None) -> int:
        """Appends an array of events to a stream and returns the version of the last; versions count from 1 without gaps.

        Errors: 42501 no tenant, 22004 null, 22001 stream over 255 characters, 22023 arguments, LS409 another version, 23505 some event_id exists, and those of event_append_many.
        Example: SELECT llmspell.stream_append('order-1', '[{"event_type": "order.placed", "payload": {}}]', 0);
        """
        return self._one(functions.STREAM_APPEND, (stream, events, expected_version))

    def stream_read(self, stream: str, *, max_rows: int | None = None, after: str | None = None) -> list[rows.EventRow]:
        """Events of a stream in their order; the cursor of a row is its version.

        Errors: 42501 no tenant, 22004 stream null, 22001 stream over 255 characters, 22023 max_rows, after.
        Example: SELECT stream_version, event_type, payload FROM llmspell.stream_read('order-1');
        """
        return self._many(functions.STREAM_READ, (stream, max_rows, after))

    def thread_copy(self, source_thread_id: str, target_thread_id: str) -> int:
        """Copies a thread to a new one, which shares the blobs of the first; returns the number of checkpoints.

        Errors: 42501 no tenant, P0002 no such thread, 23505 the other one exists, 22004 null, 22001 id too long.
        Example: SELECT llmspell.thread_copy('t1', 't2');
        """
        return self._one(functions.THREAD_COPY, (source_thread_id, target_thread_id))

    def thread_delete(self, thread_id: str) -> bool:
        """Deletes a thread with its checkpoints, writes and messages; true where it existed.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.thread_delete('t1');
        """
        return self._one(functions.THREAD_DELETE, (thread_id,))

    def thread_delete_runs(self, run_ids: Sequence[str]) -> int:
        """Deletes the checkpoints whose metadata has one of these run_ids, with their writes, in all threads; returns how many.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.thread_delete_runs('{run-1}');
        """
        return self._one(functions.THREAD_DELETE_RUNS, (run_ids,))

    def thread_gc(self, *, max_rows: int | None = None) -> rows.ThreadGcRow:
        """Deletes blobs that no thread uses any more, of at most max_rows families of threads, and returns how many.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT * FROM llmspell.thread_gc();
        """
        return self._one(functions.THREAD_GC, (max_rows,))

    def thread_list(self, *, max_rows: int | None = None, after: str | None = None) -> list[rows.ThreadListRow]:
        """Lists threads by id in byte order.

        Errors: 42501 no tenant, 22023 negative max_rows.
        Example: SELECT thread_id, message_count FROM llmspell.thread_list(100);
        """
        return self._many(functions.THREAD_LIST, (max_rows, after))

    def thread_prune(self, *, thread_ids: Sequence[str] | None = None, strategy: str | None = None, keep_last: int | None = None, older_than: timedelta | None = None) -> int:
        """Deletes checkpoints but the newest keep_last of each namespace, and what they need; returns how many.

        Errors: 42501 no tenant, 22023 unknown strategy, or an argument out of range or without what it needs, 22008 beyond the last timestamp.
        Example: SELECT llmspell.thread_prune('{t1}', keep_last => 10);
        """
        return self._one(functions.THREAD_PRUNE, (thread_ids, strategy, keep_last, older_than))

    def thread_stats(self, thread_id: str) -> rows.ThreadStatsRow | None:
        """Counts what a thread has, with the bytes of its values and as they are stored; none where there is no such thread.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT checkpoints, size_bytes, stored_bytes FROM llmspell.thread_stats('t1');
        """
        return self._maybe(functions.THREAD_STATS, (thread_id,))

    def token_estimate(self, content: str) -> int:
        """How many tokens recall counts for a text.

        Example: SELECT llmspell.token_estimate('Where did we put the parser?');
        """
        return self._one(functions.TOKEN_ESTIMATE, (content,))

    def tx_horizon(self) -> datetime | None:
        """The time until which answers by known_at are final: no open transaction can write before it. NULL where unknown.

        Errors: 42501 no tenant.
        Example: SELECT llmspell.tx_horizon();
        """
        return self._one(functions.TX_HORIZON, ())

    def vector_add(self, embedding: Vector, *, scope: str | None = None, metadata: Any = None, content: str | None = None, id: UUID | str | None = None, at: datetime | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, language: str | None = None, space: str | None = None) -> UUID:
        """Stores a vector and returns its id.

        Errors: 42501 no tenant, 22004 null, 22023 no space of its dimensions, its length, scope, language, ttl, class 22 not finite, 23505 the id is taken, 54000 metadata too large or too deep.
        Example: SELECT llmspell.vector_add(array_fill(0.1, ARRAY[384])::vector, 'user:1', '{"kind": "note"}', 'some text');
        """
        return self._one(functions.VECTOR_ADD, (embedding, scope, metadata, content, id, at, expires_at, ttl, language, space))

    def vector_add_half(self, embedding: Bytes, *, scope: str | None = None, metadata: Any = None, content: str | None = None, id: UUID | str | None = None, at: datetime | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, language: str | None = None, space: str | None = None) -> UUID:
        """Stores a vector of half-precision numbers, little-endian, two bytes each.

        Errors: those of vector_add, 22023 an odd number of bytes, none, more than 16000 numbers, or one that is not finite.
        Example: SELECT llmspell.vector_add_half(decode(repeat('003c', 384), 'hex'));
        """
        return self._one(functions.VECTOR_ADD_HALF, (embedding, scope, metadata, content, id, at, expires_at, ttl, language, space))

    def vector_add_many(self, *, embeddings: Vectors | None = None, scopes: Sequence[str] | None = None, metadatas: Sequence[Any] | None = None, contents: Sequence[str] | None = None, ids: Sequence[UUID | str] | None = None, items: Any = None, language: str | None = None, space: str | None = None) -> list[UUID]:
        """Stores many vectors of one space, all or none, from arrays or from items, and returns their ids in order.

        Errors: those of vector_add, 2202E arrays of several lengths or with other bounds, 22023 vectors of several dimensions, neither or both ways.
        Example: SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object('embedding', array_fill(0.1, ARRAY[384]), 'content', 'some text')));
        """
        return self._one(functions.VECTOR_ADD_MANY, (embeddings, scopes, metadatas, contents, ids, items, language, space))

    def vector_delete(self, *, ids: Sequence[UUID | str] | None = None, text_ids: Sequence[str] | None = None, space: str | None = None) -> int:
        """Deletes vectors by id, by text id or by both, in every space or in one, and returns how many.

        Errors: 42501 no tenant, 22004 neither ids nor text_ids, 22023 no such space.
        Example: SELECT llmspell.vector_delete(text_ids => '{doc-1}');
        """
        return self._one(functions.VECTOR_DELETE, (ids, text_ids, space))

    def vector_delete_scope(self, scope: str, *, space: str | None = None) -> int:
        """Deletes all vectors of a scope, in every space or in one, and returns how many.

        Errors: 42501 no tenant, 22004 null, 22023 no such space.
        Example: SELECT llmspell.vector_delete_scope('session:1');
        """
        return self._one(functions.VECTOR_DELETE_SCOPE, (scope, space))

    def vector_explain(self, query_embedding: Vector, *, max_rows: int | None = None, scope: str | None = None, filter: Any = None, max_distance: float | None = None, mode: str | None = None, since: datetime | None = None, until: datetime | None = None, include_expired: bool | None = None, ef_search: int | None = None, recall: float | None = None, space: str | None = None) -> rows.VectorExplainRow:
        """Explains the way that vector_search goes with the same arguments, and why.

        Errors: those of vector_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT route, reason, row_count FROM llmspell.vector_explain(array_fill(0.1, ARRAY[384])::vector);
        """
        return self._one(functions.VECTOR_EXPLAIN, (query_embedding, max_rows, scope, filter, max_distance, mode, since, until, include_expired, ef_search, recall, space))

    def vector_get(self, *, ids: Sequence[UUID | str] | None = None, text_ids: Sequence[str] | None = None, space: str | None = None) -> list[rows.VectorRow]:
        """Vectors by id, by text id or by both, in the order of the ids, from every space or one; unknown ids give no row.

        Errors: 42501 no tenant, 22004 neither ids nor text_ids, 22023 no such space.
        Example: SELECT text_id, content, metadata FROM llmspell.vector_get(text_ids => '{doc-1}');
        """
        return self._many(functions.VECTOR_GET, (ids, text_ids, space))

    def vector_index_estimate(self, row_count: int, dims: int, *, m: int | None = None) -> list[rows.VectorIndexEstimateRow]:
        """About how many bytes an HNSW index takes, on disk and in memory while it is built.

        Errors: 22004 null, 22023 out of range.
        Example: SELECT method, pg_size_pretty(index_bytes) FROM llmspell.vector_index_estimate(1000000, 768);
        """
        return self._many(functions.VECTOR_INDEX_ESTIMATE, (row_count, dims, m))

    def vector_put(self, embedding: Vector, *, text_id: str | None = None, scope: str | None = None, metadata: Any = None, content: str | None = None, id: UUID | str | None = None, at: datetime | None = None, expires_at: datetime | None = None, ttl: timedelta | None = None, language: str | None = None, space: str | None = None) -> rows.VectorPutRow:
        """Stores a vector, or replaces the one of the same id or text id, and returns its id.

        Errors: those of vector_add, 22001 text_id over 255 characters, 22023 text_id empty, 23505 the text id is that of another id.
        Example: SELECT id, created FROM llmspell.vector_put(array_fill(0.1, ARRAY[384])::vector, 'doc-1', content => 'some text');
        """
        return self._one(functions.VECTOR_PUT, (embedding, text_id, scope, metadata, content, id, at, expires_at, ttl, language, space))

    def vector_put_many(self, *, embeddings: Vectors | None = None, text_ids: Sequence[str] | None = None, scopes: Sequence[str] | None = None, metadatas: Sequence[Any] | None = None, contents: Sequence[str] | None = None, ids: Sequence[UUID | str] | None = None, items: Any = None, language: str | None = None, space: str | None = None) -> list[rows.VectorPutManyRow]:
        """Stores or replaces many vectors of one space, all or none, from arrays or from items; a row for each, in order.

        Errors: those of vector_put and vector_add_many, 22023 an id or a text id given twice.
        Example: SELECT id, created FROM llmspell.vector_put_many(items => jsonb_build_array(jsonb_build_object('embedding', array_fill(0.1, ARRAY[384]), 'text_id', 'doc-1')));
        """
        return self._many(functions.VECTOR_PUT_MANY, (embeddings, text_ids, scopes, metadatas, contents, ids, items, language, space))

    def vector_search(self, query_embedding: Vector, *, max_rows: int | None = None, scope: str | None = None, filter: Any = None, max_distance: float | None = None, mode: str | None = None, since: datetime | None = None, until: datetime | None = None, include_expired: bool | None = None, ef_search: int | None = None, recall: float | None = None, space: str | None = None) -> list[rows.VectorSearchRow]:
        """The nearest vectors of the tenant, nearest first, ties by id: max_rows of them wherever as many fit.

        Errors: 42501 no tenant, 22004 null, 22023 max_rows, mode, ef_search, recall, max_distance, a vector of zeros, no such space. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT id, distance, content FROM llmspell.vector_search(array_fill(0.1, ARRAY[384])::vector, 5, scope => 'user:1');
        """
        return self._many(functions.VECTOR_SEARCH, (query_embedding, max_rows, scope, filter, max_distance, mode, since, until, include_expired, ef_search, recall, space))

    def vector_search_many(self, query_embeddings: Vectors, *, max_rows: int | None = None, scope: str | None = None, filter: Any = None, max_distance: float | None = None, mode: str | None = None, since: datetime | None = None, until: datetime | None = None, include_expired: bool | None = None, ef_search: int | None = None, recall: float | None = None, space: str | None = None) -> list[rows.VectorSearchManyRow]:
        """The nearest vectors of the tenant for each of many queries, by the number of the query, nearest first.

        Errors: those of vector_search, 22004 a null among the queries, 22023 queries of several dimensions, 2202E a nested array, 54000 more than 1000 queries. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
        Example: SELECT query_number, id, distance FROM llmspell.vector_search_many(ARRAY[array_fill(0.1, ARRAY[384])]::vector[], 5);
        """
        return self._many(functions.VECTOR_SEARCH_MANY, (query_embeddings, max_rows, scope, filter, max_distance, mode, since, until, include_expired, ef_search, recall, space))

    def vector_space_delete(self, space: str) -> bool:
        """Deletes a small space of the tenant with its vectors; returns whether there was one.

        Errors: 42501 no tenant, or a space of all tenants; 22004 null.
        Example: SELECT llmspell.vector_space_delete('small:demo');
        """
        return self._one(functions.VECTOR_SPACE_DELETE, (space,))

    def vector_space_list(self, *, max_rows: int | None = None, after: str | None = None) -> list[rows.VectorSpaceListRow]:
        """The vector spaces by name, with their index, its state and what was measured.

        Errors: 22023 max_rows.
        Example: SELECT name, dims, metric FROM llmspell.vector_space_list();
        """
        return self._many(functions.VECTOR_SPACE_LIST, (max_rows, after))

    def vector_stats(self, *, scope: str | None = None) -> list[rows.VectorStatsRow]:
        """Rows and bytes of the tenant's vectors, of one scope or all, for each space that has some.

        Errors: 42501 no tenant.
        Example: SELECT space, row_count, bytes FROM llmspell.vector_stats();
        """
        return self._many(functions.VECTOR_STATS, (scope,))

    def vector_sweep(self, *, max_rows: int | None = None) -> int:
        """Deletes expired vectors, oldest first, at most max_rows of each space, and returns how many.

        Errors: 42501 no tenant, 22023 max_rows.
        Example: SELECT llmspell.vector_sweep();
        """
        return self._one(functions.VECTOR_SWEEP, (max_rows,))

    def vector_update_metadata(self, id: UUID | str, metadata: Any, *, space: str | None = None) -> bool:
        """Replaces the metadata of a vector; returns whether it exists.

        Errors: 42501 no tenant, 22004 null, 22023 no such space, 54000 metadata too large or too deep.
        Example: SELECT llmspell.vector_update_metadata('00000000-0000-0000-0000-000000000001', '{"seen": true}');
        """
        return self._one(functions.VECTOR_UPDATE_METADATA, (id, metadata, space))

    def verify(self) -> list[rows.VerifyRow]:
        """Runs every self-check and returns a row per fault; with a tenant set, also of the tenant's rows.

        Example: SELECT * FROM llmspell.verify();
        """
        return self._many(functions.VERIFY, ())

    def verify_isolation(self) -> list[rows.VerifyIsolationRow]:
        """Tries the wall as the caller with two made-up tenants, keeps nothing, checks the catalog; one row per check.

        Errors: 25006 in a read-only transaction.
        Example: SELECT * FROM llmspell.verify_isolation() WHERE NOT ok;
        """
        return self._many(functions.VERIFY_ISOLATION, ())

    def version(self) -> str:
        """Returns the version of the loaded library.

        Example: SELECT llmspell.version();
        """
        return self._one(functions.VERSION, ())

    def whoami(self) -> rows.WhoamiRow:
        """Tells the caller's role and tenant, where the tenant comes from, and why rows may be missing or too many.

        Example: SELECT * FROM llmspell.whoami();
        """
        return self._one(functions.WHOAMI, ())

    def workflow_claim(self, *, statuses: Sequence[str] | None = None, max_rows: int | None = None, lease: timedelta | None = None, queue: str | None = None, name: str | None = None) -> list[rows.WorkflowClaimed]:
        """Claims workflows of a queue, all or those of a name, until the lease ends, in the order in which they became due.

        Errors: 42501 no tenant, 22004 a null status, 22023 max_rows, lease or an unknown status, 22001 queue over 100 or name over 500 characters, 22008 lease beyond the last timestamp.
        Example: SELECT workflow_id, fence FROM llmspell.workflow_claim(max_rows => 10, lease => '1 minute');
        """
        return self._many(functions.WORKFLOW_CLAIM, (statuses, max_rows, lease, queue, name))

    def workflow_delete(self, workflow_id: str) -> bool:
        """Deletes a workflow; returns whether it existed.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT llmspell.workflow_delete('import');
        """
        return self._one(functions.WORKFLOW_DELETE, (workflow_id,))

    def workflow_extend(self, workflow_id: str, fence: int, *, lease: timedelta | None = None) -> datetime:
        """Prolongs a claim, the lease counting from now, also one that ran out and that nobody else has taken; returns its end.

        Errors: 42501 no tenant, 22004 null, 22023 lease, 22008 lease beyond the last timestamp, P0002 no such workflow, LS409 the claim is lost.
        Example: SELECT llmspell.workflow_extend('import', fence => 1, lease => '5 minutes');
        """
        return self._one(functions.WORKFLOW_EXTEND, (workflow_id, fence, lease))

    def workflow_get(self, workflow_id: str) -> rows.WorkflowGetRow | None:
        """Returns a workflow with its state: one row, or none.

        Errors: 42501 no tenant, 22004 null.
        Example: SELECT state, status FROM llmspell.workflow_get('w1');
        """
        return self._maybe(functions.WORKFLOW_GET, (workflow_id,))

    def workflow_list(self, *, status: str | None = None, max_rows: int | None = None, after: str | None = None) -> list[rows.WorkflowRow]:
        """Lists workflows, newest first, in one status or in all, without their states.

        Errors: 42501 no tenant, 22023 max_rows, after or unknown status.
        Example: SELECT workflow_id, reason FROM llmspell.workflow_list('failed');
        """
        return self._many(functions.WORKFLOW_LIST, (status, max_rows, after))

    def workflow_release(self, workflow_id: str, fence: int, *, status: str | None = None, reason: str | None = None, run_at: datetime | None = None) -> int:
        """Ends a claim with a status: pending lets others claim it, completed, failed and cancelled end the work.

        Errors: 42501 no tenant, 22004 null, 22023 unknown status, running, or a reason for no failure, 22001 reason over 1,000 characters, P0002 no such workflow, LS409 the claim is lost.
        Example: SELECT llmspell.workflow_release('import', fence => 1, status => 'completed');
        """
        return self._one(functions.WORKFLOW_RELEASE, (workflow_id, fence, status, reason, run_at))

    def workflow_save(self, workflow_id: str, name: str | None, state: Any, *, status: str | None = None, current_step: int | None = None, expected_version: int | None = None, fence: int | None = None, queue: str | None = None, run_at: datetime | None = None, max_attempts: int | None = None, backoff: timedelta | None = None, lease: timedelta | None = None) -> rows.WorkflowSaveRow:
        """Saves a workflow; a null argument keeps what is there. With fence and lease it also prolongs the claim.

        Errors: 42501 no tenant, LS409 another version or a lost claim, P0002 claimed, but gone, 22004 null, 22023 unknown status, impossible transition, max_attempts, backoff or lease, 22008 lease beyond the last timestamp, 22001 workflow_id over 255, name over 500 or queue over 100 characters, 54000 state too large or too deep, 23514 negative step.
        Example: SELECT version FROM llmspell.workflow_save('w1', 'import', '{}', queue => 'nightly', max_attempts => 5);
        """
        return self._one(functions.WORKFLOW_SAVE, (workflow_id, name, state, status, current_step, expected_version, fence, queue, run_at, max_attempts, backoff, lease))

    def workflow_stats(self) -> list[rows.WorkflowStatsRow]:
        """Counts workflows by status, with those run again and the average time from start to completion.

        Errors: 42501 no tenant.
        Example: SELECT * FROM llmspell.workflow_stats();
        """
        return self._many(functions.WORKFLOW_STATS, ())

    def workflow_update_status(self, workflow_id: str, status: str, *, expected_status: str | None = None, fence: int | None = None, reason: str | None = None) -> rows.WorkflowUpdateStatusRow | None:
        """Moves a workflow to a status, where expected_status and the claim, if given, still hold.

        Errors: 42501 no tenant, 22004 null, P0002 no such workflow, 22023 unknown status, impossible transition or a reason for no failure, 22001 reason over 1,000 characters, LS409 another status, or the claim is lost.
        Example: SELECT version FROM llmspell.workflow_update_status('import', 'failed', reason => 'no such file');
        """
        return self._maybe(functions.WORKFLOW_UPDATE_STATUS, (workflow_id, status, expected_status, fence, reason))
