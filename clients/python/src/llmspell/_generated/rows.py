"""The rows that functions return. Written by scripts/client-methods from the comments of the catalog; not edited by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AgentStateGetRow:
    """A row of `agent_state_get`."""

    state_id: UUID
    agent_type: str
    state: Any
    version: int
    schema_version: int
    checksum: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AgentStateHistoryRow:
    """A row of `agent_state_history`."""

    version: int
    label: str | None
    agent_type: str
    schema_version: int
    checksum: str
    saved_at: datetime
    replaced_at: datetime | None
    size_bytes: int
    stored_bytes: int | None
    cursor: str


@dataclass(frozen=True, slots=True)
class AgentStateKept:
    """A row of `agent_state_at`."""

    version: int
    state: Any
    agent_type: str
    schema_version: int
    checksum: str
    saved_at: datetime
    label: str | None


@dataclass(frozen=True, slots=True)
class AgentStateRow:
    """A row of `agent_state_list`."""

    agent_id: str
    agent_type: str
    version: int
    schema_version: int
    updated_at: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class AgentStateSaveRow:
    """A row of `agent_state_save`."""

    state_id: UUID
    version: int
    created: bool
    changed: bool
    checkpoint: bool


@dataclass(frozen=True, slots=True)
class AgentStateSaved:
    """A row of `agent_state_restore`."""

    state_id: UUID
    version: int
    created: bool
    changed: bool
    checkpoint: bool


@dataclass(frozen=True, slots=True)
class AgentStateVerifyRow:
    """A row of `agent_state_verify`."""

    agent_id: str
    stored_checksum: str | None
    computed_checksum: str | None


@dataclass(frozen=True, slots=True)
class ArtifactDescription:
    """A row of `artifact_info`."""

    artifact_id: str
    session_id: UUID
    sequence: int
    name: str
    version: int
    content_hash: str
    size_bytes: int
    mime_type: str | None
    artifact_type: str | None
    metadata: Any
    tags: list[str] | None
    parent_artifact_id: str | None
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ArtifactExistsRow:
    """A row of `artifact_exists`."""

    content_hash: str
    found: bool


@dataclass(frozen=True, slots=True)
class ArtifactGcRow:
    """A row of `artifact_gc`."""

    contents: int
    chunks: int
    bytes: int
    uploads: int


@dataclass(frozen=True, slots=True)
class ArtifactMigrateRow:
    """A row of `artifact_migrate`."""

    content_hash: str
    new_content_hash: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ArtifactPutRow:
    """A row of `artifact_put`, `artifact_put_text`, `artifact_upload_finish`."""

    artifact_id: str
    content_hash: str
    sequence: int
    version: int
    created: bool
    updated: bool
    size_bytes: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class ArtifactReadChunksRow:
    """A row of `artifact_read_chunks`."""

    byte_offset: int
    part: bytes


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A row of `artifact_list`."""

    artifact_id: str
    session_id: UUID | None
    sequence: int
    name: str
    version: int
    content_hash: str
    size_bytes: int
    mime_type: str | None
    artifact_type: str | None
    metadata: Any
    tags: list[str] | None
    parent_artifact_id: str | None
    created_by: str | None
    created_at: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class ArtifactStatsRow:
    """A row of `artifact_stats`."""

    artifacts: int
    contents: int
    chunks: int
    raw_bytes: int
    unique_bytes: int
    stored_bytes: int
    dedup_ratio: Decimal | None
    compression_ratio: Decimal | None


@dataclass(frozen=True, slots=True)
class ArtifactVerifyRow:
    """A row of `artifact_verify`."""

    code: str
    object: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class CallManyRow:
    """A row of `call_many`."""

    place: int
    result_rows: Any


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A row of `checkpoint_get`, `checkpoint_list`."""

    thread_id: str
    namespace: str
    checkpoint_id: str
    parent_id: str | None
    checkpoint: Any
    metadata: Any
    created_at: datetime
    channels: list[str]
    channel_types: list[str]
    channel_values: list[bytes]
    write_task_ids: list[str] | None
    write_channels: list[str] | None
    write_types: list[str] | None
    write_values: list[bytes] | None
    cursor: str


@dataclass(frozen=True, slots=True)
class EmbeddingCoverageRow:
    """A row of `embedding_coverage`."""

    space: str
    purpose: str
    model: str | None
    dims: int
    state: str
    row_count: int | None
    missing: int | None
    without_text: int | None
    queued: int | None
    claimed: int | None


@dataclass(frozen=True, slots=True)
class EmbeddingPendingRow:
    """A row of `embedding_pending`."""

    id: UUID
    content: str
    attempt: int
    fence: int | None
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntityAsOfRow:
    """A row of `entity_as_of`, `entity_believed`."""

    entity_id: UUID
    entity_type: str
    name: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    source_type: str | None
    source_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EntityDiffRow:
    """A row of `entity_diff`."""

    change: str
    old_value: Any
    new_value: Any
    properties_changed: Any


@dataclass(frozen=True, slots=True)
class EntityEraseRow:
    """A row of `entity_erase`."""

    entity_rows: int
    relationship_rows: int
    copies: Any
    not_searched: str | None


@dataclass(frozen=True, slots=True)
class EntityHistoryRow:
    """A row of `entity_history`."""

    entity_type: str
    name: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    source_type: str | None
    source_id: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EntityHit:
    """A row of `entity_search`."""

    entity_id: UUID
    entity_type: str
    name: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    score: float
    distance: float | None
    vector_rank: int | None
    text_rank: int | None
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    complete: bool


@dataclass(frozen=True, slots=True)
class EntityKnowledgeRow:
    """A row of `entity_knowledge`."""

    known_from: datetime
    known_to: datetime | None
    entity_type: str
    name: str
    properties: Any


@dataclass(frozen=True, slots=True)
class EntityPruneRow:
    """A row of `entity_prune`."""

    entity_rows: int
    relationship_rows: int


@dataclass(frozen=True, slots=True)
class EntityPutManyRow:
    """A row of `entity_insert_many`, `entity_patch_many`, `entity_put_many`, `entity_retract_many`, `entity_upsert_many`."""

    entity_id: UUID
    known_from: datetime
    closed: int
    added: int


@dataclass(frozen=True, slots=True)
class EntityPutRow:
    """A row of `entity_correct`, `entity_insert`, `entity_patch`, `entity_put`, `entity_retract`, `entity_upsert`."""

    known_from: datetime
    closed: int
    added: int


@dataclass(frozen=True, slots=True)
class EntityRow:
    """A row of `entity_find`, `entity_list`."""

    entity_id: UUID
    entity_type: str
    name: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class EntityTimelineRow:
    """A row of `entity_timeline`."""

    valid_from: datetime | None
    valid_to: datetime | None
    entity_type: str
    name: str
    properties: Any


@dataclass(frozen=True, slots=True)
class EpisodeAdded:
    """A row of `episode_add`, `episode_add_many`."""

    id: UUID
    created: bool


@dataclass(frozen=True, slots=True)
class EpisodeBacklogRow:
    """A row of `episode_backlog`."""

    session_id: str
    unprocessed: int
    oldest: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class EpisodeClaim:
    """A row of `episode_claim`."""

    id: UUID
    session_id: str
    role: str | None
    content: str
    metadata: Any
    at: datetime
    attempt: int
    fence: int | None
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class EpisodeGetRow:
    """A row of `episode_get`."""

    id: UUID
    session_id: str
    role: str
    content: str
    metadata: Any
    at: datetime
    recorded_at: datetime
    processed_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class EpisodeHit:
    """A row of `episode_search`."""

    id: UUID
    session_id: str
    role: str
    content: str
    metadata: Any
    at: datetime
    recorded_at: datetime
    processed_at: datetime | None
    expires_at: datetime | None
    score: float
    distance: float | None
    vector_rank: int | None
    text_rank: int | None
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    complete: bool


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """A row of `episode_around`, `episode_list`."""

    id: UUID
    session_id: str
    role: str
    content: str
    metadata: Any
    at: datetime
    recorded_at: datetime
    processed_at: datetime | None
    expires_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class EventFeedLagRow:
    """A row of `event_feed_lag`."""

    held_events: int
    seconds: float
    blocker_pid: int | None
    blocker_seconds: float | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of `event_feed`, `event_get`, `event_list`, `stream_read`."""

    event_id: UUID
    event_type: str
    correlation_id: UUID
    at: datetime
    sequence: int
    language: str
    payload: Any
    stream: str | None
    stream_version: int | None
    cursor: str


@dataclass(frozen=True, slots=True)
class EventStatsRow:
    """A row of `event_stats`."""

    events: int
    first_at: datetime | None
    last_at: datetime | None
    payload_bytes: int
    by_type: Any


@dataclass(frozen=True, slots=True)
class EventStoreRow:
    """A row of `event_append`, `event_append_many`, `event_store`."""

    event_id: UUID
    sequence: int
    at: datetime
    created: bool


@dataclass(frozen=True, slots=True)
class GetHookHistoryStatsRow:
    """A row of `get_hook_history_stats`."""

    total_executions: int
    total_size_bytes: int
    executions_by_hook: Any
    executions_by_type: Any
    oldest_execution: datetime | None
    newest_execution: datetime | None
    avg_duration_ms: Decimal | None


@dataclass(frozen=True, slots=True)
class GraphBySourceRow:
    """A row of `graph_by_source`."""

    element: str
    element_id: UUID
    element_type: str
    name: str | None
    from_entity: UUID | None
    to_entity: UUID | None
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None


@dataclass(frozen=True, slots=True)
class GraphCheckRow:
    """A row of `graph_check`."""

    element: str
    element_id: UUID
    fault: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class GraphDiffRow:
    """A row of `graph_diff`."""

    element: str
    element_id: UUID
    change: str
    old_value: Any
    new_value: Any
    properties_changed: Any
    cursor: str | None


@dataclass(frozen=True, slots=True)
class GraphNeighborsRow:
    """A row of `graph_neighbors`."""

    relationship_id: UUID | None
    relationship_type: str
    outgoing: bool
    entity_id: UUID
    entity_type: str
    name: str
    entity_properties: Any
    relationship_properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class GraphRepairRow:
    """A row of `graph_repair`."""

    known_from: datetime
    repaired: int
    removed: int


@dataclass(frozen=True, slots=True)
class GraphShortestPathRow:
    """A row of `graph_shortest_path`."""

    length: int
    entities: list[UUID]
    relationships: list[UUID]
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class GraphSubgraphRow:
    """A row of `graph_subgraph`."""

    element: str
    element_id: UUID
    element_type: str
    name: str | None
    from_entity: UUID | None
    to_entity: UUID | None
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class GraphTraverseRow:
    """A row of `graph_traverse`."""

    entity_id: UUID
    entity_type: str | None
    name: str | None
    depth: int
    parent_id: UUID | None
    relationship_id: UUID | None
    relationship_type: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    path: list[UUID] | None


@dataclass(frozen=True, slots=True)
class HookRecorded:
    """A row of `hook_record`."""

    execution_id: UUID
    correlation_id: UUID
    at: datetime
    context_size: int
    stored_size: int


@dataclass(frozen=True, slots=True)
class HookRetentionGetRow:
    """A row of `hook_retention_get`."""

    keep: timedelta
    max_priority: int


@dataclass(frozen=True, slots=True)
class HookRow:
    """A row of `hook_get`, `hook_list`."""

    execution_id: UUID
    hook_id: str
    hook_type: str
    correlation_id: UUID
    context: bytes | None
    context_json: Any
    result: Any
    at: datetime | None
    duration_ms: int
    triggering_component: str
    component_id: str
    modified_operation: bool
    tags: list[str] | None
    retention_priority: int
    context_size: int
    contains_sensitive_data: bool
    metadata: Any
    codec: str | None
    cursor: str


@dataclass(frozen=True, slots=True)
class HybridRow:
    """A row of `hybrid_search`."""

    id: UUID
    score: float
    vector_rank: int | None
    text_rank: int | None
    distance: float | None
    scope: str
    metadata: Any
    content: str | None
    created_at: datetime
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    complete: bool
    text_id: str | None


@dataclass(frozen=True, slots=True)
class ImportLangchainRow:
    """A row of `import_langchain`, `import_langgraph`."""

    kind: str
    total: int
    imported: int
    present: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ItemGetManyRow:
    """A row of `item_get_many`."""

    namespace: list[str]
    key: str
    value: Any
    version: int
    created_at: datetime
    updated_at: datetime
    ttl: timedelta | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemGetRow:
    """A row of `item_get`."""

    value: Any
    version: int
    created_at: datetime
    updated_at: datetime
    ttl: timedelta | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemHit:
    """A row of `item_search`."""

    namespace: list[str]
    key: str
    value: Any
    version: int
    created_at: datetime
    updated_at: datetime
    ttl: timedelta | None
    expires_at: datetime | None
    score: float | None
    distance: float | None
    vector_score: float | None
    text_score: float | None
    complete: bool | None
    cursor: str


@dataclass(frozen=True, slots=True)
class ItemPutRow:
    """A row of `item_put`."""

    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A row of `item_list`."""

    namespace: list[str]
    key: str
    value: Any
    version: int
    created_at: datetime
    updated_at: datetime
    ttl: timedelta | None
    expires_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class ItemWritten:
    """A row of `item_put_many`."""

    namespace: list[str]
    key: str
    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class KvGetJsonRow:
    """A row of `kv_get_json`."""

    value: Any
    metadata: Any
    version: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KvGetManyRow:
    """A row of `kv_get_many`."""

    key: str
    value: bytes
    metadata: Any
    version: int
    expires_at: datetime | None
    value_type: str


@dataclass(frozen=True, slots=True)
class KvGetRow:
    """A row of `kv_get`."""

    value: bytes
    metadata: Any
    version: int
    expires_at: datetime | None
    value_type: str


@dataclass(frozen=True, slots=True)
class KvGetTextRow:
    """A row of `kv_get_text`."""

    value: str
    metadata: Any
    version: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KvListRow:
    """A row of `kv_list`."""

    key: str
    version: int
    value_type: str
    size_bytes: int
    metadata: Any
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class KvSetManyRow:
    """A row of `kv_set_many`."""

    key: str
    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class KvSetRow:
    """A row of `kv_set`, `kv_set_json`, `kv_set_text`."""

    kv_id: UUID
    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class MessageAppendRow:
    """A row of `message_append`."""

    message_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A row of `message_get`, `message_list`, `message_pop`."""

    sequence: int
    message_id: str
    message: Any
    created_at: datetime
    updated_at: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class NamespaceListRow:
    """A row of `namespace_list`."""

    namespace: list[str]
    cursor: str


@dataclass(frozen=True, slots=True)
class PatternPredictRow:
    """A row of `pattern_predict`."""

    value: str
    frequency: int
    probability: float
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class PatternRecordManyRow:
    """A row of `pattern_record_many`."""

    scope: str
    key: str
    value: str
    frequency: int


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A row of `pattern_list`."""

    scope: str
    key: str
    value: str
    frequency: int
    first_seen: datetime
    last_seen: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class RecallRecordRow:
    """A row of `recall_record`."""

    event_id: UUID | None
    kind: str | None
    id: UUID | None
    content: str | None
    tokens: int | None
    score: float | None
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    at: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    source: str | None
    session_id: str | None
    role: str | None
    scope: str | None
    space: str | None
    metadata: Any
    left_out: Any


@dataclass(frozen=True, slots=True)
class RecallReplayRow:
    """A row of `recall_replay`."""

    state: str | None
    kind: str | None
    id: UUID | None
    content: str | None
    tokens: int | None
    score: float | None
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    at: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    source: str | None
    session_id: str | None
    role: str | None
    scope: str | None
    space: str | None
    metadata: Any
    left_out: Any


@dataclass(frozen=True, slots=True)
class RecallRow:
    """A row of `recall`."""

    kind: str | None
    id: UUID | None
    content: str | None
    tokens: int | None
    score: float | None
    own_score: float | None
    context_score: float | None
    vector_score: float | None
    text_score: float | None
    at: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    source: str | None
    session_id: str | None
    role: str | None
    scope: str | None
    space: str | None
    metadata: Any
    left_out: Any


@dataclass(frozen=True, slots=True)
class RelationshipAsOfRow:
    """A row of `relationship_as_of`."""

    relationship_id: UUID | None
    from_entity: UUID | None
    to_entity: UUID | None
    relationship_type: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    source_type: str | None
    source_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RelationshipHistoryRow:
    """A row of `relationship_history`."""

    from_entity: UUID | None
    to_entity: UUID | None
    relationship_type: str
    properties: Any
    valid_from: datetime | None
    valid_to: datetime | None
    known_from: datetime
    known_to: datetime | None
    source_type: str | None
    source_id: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RelationshipPutManyRow:
    """A row of `relationship_patch_many`, `relationship_put_many`, `relationship_retract_many`."""

    relationship_id: UUID | None
    known_from: datetime
    closed: int
    added: int


@dataclass(frozen=True, slots=True)
class RelationshipPutRow:
    """A row of `relationship_patch`, `relationship_put`, `relationship_retract`."""

    known_from: datetime
    closed: int
    added: int


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """A row of `session_create`."""

    session_id: UUID
    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class SessionGetRow:
    """A row of `session_get`."""

    session_id: UUID
    name: str | None
    state: Any
    status: str
    version: int
    subject: str | None
    title: str | None
    artifact_count: int
    created_at: datetime
    last_accessed_at: datetime
    updated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A row of `session_list`."""

    session_id: UUID
    name: str | None
    subject: str | None
    title: str | None
    status: str
    version: int
    artifact_count: int
    created_at: datetime
    last_accessed_at: datetime
    expires_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class SessionStatsRow:
    """A row of `session_stats`."""

    status: str
    sessions: int
    artifacts: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class SessionSweepRow:
    """A row of `session_sweep`."""

    expired: int
    deleted: int


@dataclass(frozen=True, slots=True)
class StorageClearRow:
    """A row of `storage_clear`."""

    store: str
    deleted: int


@dataclass(frozen=True, slots=True)
class StorageGetManyRow:
    """A row of `storage_get_many`."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class StorageListRow:
    """A row of `storage_list`."""

    key: str
    cursor: str


@dataclass(frozen=True, slots=True)
class ThreadGcRow:
    """A row of `thread_gc`."""

    families: int
    blobs: int


@dataclass(frozen=True, slots=True)
class ThreadListRow:
    """A row of `thread_list`."""

    thread_id: str
    message_count: int
    created_at: datetime
    updated_at: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class ThreadStatsRow:
    """A row of `thread_stats`."""

    checkpoints: int
    namespaces: int
    writes: int
    messages: int
    blobs: int
    size_bytes: int
    stored_bytes: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class VectorExplainRow:
    """A row of `vector_explain`."""

    space: str
    route: str
    reason: str | None
    row_count: int | None
    estimated: bool | None
    exact_rows: int | None
    index_method: str | None
    ef_search: int | None
    candidates: int | None
    max_scan_tuples: int | None
    exact_ms: float | None
    ann_ms: float | None
    own_index: bool | None


@dataclass(frozen=True, slots=True)
class VectorIndexEstimateRow:
    """A row of `vector_index_estimate`."""

    method: str
    index_bytes: int
    build_bytes: int


@dataclass(frozen=True, slots=True)
class VectorPutManyRow:
    """A row of `vector_put_many`."""

    id: UUID
    text_id: str | None
    created: bool


@dataclass(frozen=True, slots=True)
class VectorPutRow:
    """A row of `vector_put`."""

    id: UUID
    created: bool


@dataclass(frozen=True, slots=True)
class VectorRow:
    """A row of `vector_get`."""

    id: UUID
    text_id: str | None
    space: str
    scope: str
    metadata: Any
    content: str | None
    embedding: list[float]
    at: datetime | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class VectorSearchManyRow:
    """A row of `vector_search_many`."""

    query_number: int
    id: UUID
    distance: float | None
    score: float
    scope: str
    metadata: Any
    content: str | None
    created_at: datetime
    exact: bool
    complete: bool
    text_id: str | None


@dataclass(frozen=True, slots=True)
class VectorSearchRow:
    """A row of `vector_search`."""

    id: UUID
    distance: float | None
    score: float
    scope: str
    metadata: Any
    content: str | None
    created_at: datetime
    exact: bool
    complete: bool
    text_id: str | None


@dataclass(frozen=True, slots=True)
class VectorSpaceListRow:
    """A row of `vector_space_list`."""

    name: str
    dims: int
    metric: str
    model: str | None
    purpose: str
    table_name: str
    index_method: str | None
    index_state: str | None
    builtin: bool
    ef_search: int | None
    exact_rows: int | None
    calibrated_at: datetime | None
    index_recall: float | None
    index_checked_at: datetime | None
    state: str
    line: str | None
    cursor: str


@dataclass(frozen=True, slots=True)
class VectorStatsRow:
    """A row of `vector_stats`."""

    space: str
    dims: int
    row_count: int | None
    with_content: int
    expired: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class VerifyIsolationRow:
    """A row of `verify_isolation`."""

    check_name: str
    ok: bool
    detail: str | None


@dataclass(frozen=True, slots=True)
class VerifyRow:
    """A row of `verify`."""

    component: str
    object: str
    fault: str


@dataclass(frozen=True, slots=True)
class WhoamiRow:
    """A row of `whoami`."""

    role: str
    session_role: str
    superuser: bool
    bypassrls: bool
    row_security: bool
    tenant: str | None
    tenant_source: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class WorkflowClaimed:
    """A row of `workflow_claim`."""

    workflow_id: str
    name: str | None
    state: Any
    current_step: int | None
    version: int
    attempt: int
    fence: int | None
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkflowGetRow:
    """A row of `workflow_get`."""

    workflow_id: str
    name: str | None
    state: Any
    status: str
    reason: str | None
    current_step: int | None
    version: int
    attempt: int
    fence: int | None
    lease_expires_at: datetime | None
    queue: str
    run_at: datetime | None
    max_attempts: int | None
    backoff: timedelta | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A row of `workflow_list`."""

    workflow_id: str
    name: str | None
    status: str
    reason: str | None
    queue: str
    current_step: int | None
    version: int
    attempt: int
    run_at: datetime | None
    created_at: datetime
    updated_at: datetime
    cursor: str


@dataclass(frozen=True, slots=True)
class WorkflowSaveRow:
    """A row of `workflow_save`."""

    version: int
    created: bool
    lease_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkflowStatsRow:
    """A row of `workflow_stats`."""

    status: str
    workflows: int
    retried: int
    average_duration: timedelta | None


@dataclass(frozen=True, slots=True)
class WorkflowUpdateStatusRow:
    """A row of `workflow_update_status`."""

    version: int
    previous_status: str
