import type { RunnableConfig } from '@langchain/core/runnables'
import {
  BaseCheckpointSaver, TASKS, WRITES_IDX_MAP, getCheckpointId, maxChannelVersion,
  type ChannelVersions, type Checkpoint, type CheckpointListOptions, type CheckpointMetadata, type CheckpointPendingWrite,
  type CheckpointTuple, type PendingWrite, type SerializerProtocol
} from '@langchain/langgraph-checkpoint'
import type { PoolConfig } from 'pg'
import { Tenant } from './tenant.js'

const PUT = 'SELECT llmspell.checkpoint_put($1, $2, $3, $4, $5, $6, $7::text[], $8::text[], $9::bytea[])'
const PUT_WRITES = 'SELECT llmspell.checkpoint_writes_put($1, $2, $3, $4, $5::text[], $6::text[], $7::bytea[], $8::int[], $9)'
const ROW = `SELECT thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, channels, channel_types, channel_values,
    write_task_ids, write_channels, write_types, write_values, "cursor" `
const GET = ROW + 'FROM llmspell.checkpoint_get($1, $2, $3)'
const LIST = ROW + 'FROM llmspell.checkpoint_list($1, $2, $3, $4, $5, max_rows => $6, after => $7)'

const PAGE = 50
const AGAIN = { repeatable: true }

interface Row {
  thread_id: string
  namespace: string
  checkpoint_id: string
  parent_id: string | null
  checkpoint: Checkpoint
  metadata: CheckpointMetadata
  channels: string[]
  channel_types: string[]
  channel_values: Buffer[]
  write_task_ids: string[] | null
  write_channels: string[] | null
  write_types: string[] | null
  write_values: Buffer[] | null
  cursor: string
}

const configOf = (thread: string, namespace: string, checkpoint: string): RunnableConfig =>
  ({ configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint } })

function required (config: RunnableConfig, ...names: string[]): Record<string, any> {
  const configurable = config.configurable
  if (configurable === undefined) throw new Error('missing "configurable" in the config')
  for (const name of names) if (configurable[name] === undefined || configurable[name] === null) throw new Error(`missing "${name}" in the config's "configurable"`)
  return configurable
}

/** Saves the checkpoints of one tenant. */
export class LlmspellSaver extends BaseCheckpointSaver {
  readonly tenant: Tenant

  constructor (tenant: Tenant, serde?: SerializerProtocol) {
    super(serde)
    this.tenant = tenant
  }

  /** A saver with a pool of its own, which `end()` closes. */
  static fromConnString (config: string | PoolConfig, tenant: string, serde?: SerializerProtocol): LlmspellSaver {
    return new LlmspellSaver(Tenant.connect(config, tenant), serde)
  }

  /** Does nothing: the tables come with the extension. */
  async setup (): Promise<void> {}

  async end (): Promise<void> {
    await this.tenant.end()
  }

  override async getTuple (config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread_id: thread, checkpoint_ns: namespace = '' } = config.configurable ?? {}
    if (thread === undefined) return undefined
    const { rows: [row] } = await this.tenant.query<Row>(GET, [String(thread), namespace, getCheckpointId(config) || null], AGAIN)
    return row && await this.#tuple(row)
  }

  override async * list (config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { thread_id: thread, checkpoint_ns: namespace } = config.configurable ?? {}
    const { filter, before, limit = Infinity } = options
    const given = [thread ?? null, namespace ?? null, getCheckpointId(config) || null,
      filter !== undefined && Object.keys(filter).length > 0 ? JSON.stringify(filter) : null, (before && getCheckpointId(before)) || null]
    let after: string | null = null
    for (let left = limit; left > 0;) {
      const size: number = Math.min(left, PAGE)
      const { rows }: { rows: Row[] } = await this.tenant.query<Row>(LIST, [...given, size, after], AGAIN)
      for (const row of rows) yield await this.#tuple(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < size) return
      after = last.cursor
      left -= size
    }
  }

  override async put (config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, newVersions: ChannelVersions): Promise<RunnableConfig> {
    const { thread_id: thread, checkpoint_ns: namespace = '', checkpoint_id: parent = null } = required(config, 'thread_id')
    const values = checkpoint.channel_values
    const changed = Object.keys(newVersions)
    const dumped = await Promise.all(changed.map(async (channel) =>
      Object.hasOwn(values, channel) ? await this.serde.dumpsTyped(values[channel]) : ['empty', null] as const))
    await this.tenant.query(PUT, [String(thread), namespace, checkpoint.id, parent, JSON.stringify({ ...checkpoint, channel_values: {} }),
      await this.#document(metadata), changed, dumped.map(([type]) => type), dumped.map(([, value]) => value && Buffer.from(value))], AGAIN)
    return configOf(String(thread), namespace, checkpoint.id)
  }

  override async putWrites (config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath = ''): Promise<void> {
    const { thread_id: thread, checkpoint_ns: namespace = '', checkpoint_id: checkpoint } = required(config, 'thread_id', 'checkpoint_id')
    const dumped = await Promise.all(writes.map(async ([, value]) => await this.serde.dumpsTyped(value)))
    await this.tenant.query(PUT_WRITES, [String(thread), namespace, checkpoint, taskId, writes.map(([channel]) => channel),
      dumped.map(([type]) => type), dumped.map(([, value]) => Buffer.from(value)), writes.map(([channel], n) => WRITES_IDX_MAP[channel] ?? n), taskPath], AGAIN)
  }

  override async deleteThread (threadId: string): Promise<void> {
    await this.tenant.query('SELECT llmspell.thread_delete($1)', [threadId], AGAIN)
  }

  /** Deletes the checkpoints of runs, by the `run_id` of their metadata. */
  async deleteForRuns (runIds: string[]): Promise<void> {
    await this.tenant.query('SELECT llmspell.thread_delete_runs($1::text[])', [runIds], AGAIN)
  }

  /** Copies a thread to a new one, without its bytes. */
  async copyThread (sourceThreadId: string, targetThreadId: string): Promise<void> {
    await this.tenant.query('SELECT llmspell.thread_copy($1, $2)', [sourceThreadId, targetThreadId])
  }

  /** Deletes all checkpoints of threads but the latest, or all of them. */
  async prune (threadIds: string[], strategy: 'keep_latest' | 'delete' = 'keep_latest'): Promise<void> {
    await this.tenant.query('SELECT llmspell.thread_prune($1::text[], $2)', [threadIds, strategy], AGAIN)
  }

  /** Metadata as JSON, without the character that jsonb cannot hold. */
  async #document (metadata: CheckpointMetadata): Promise<string> {
    const [, bytes] = await this.serde.dumpsTyped(metadata)
    const plain: unknown = JSON.parse(new TextDecoder().decode(bytes), (_, value) => typeof value === 'string' ? value.replaceAll('\0', '') : value)
    return JSON.stringify(plain)
  }

  async #tuple (row: Row): Promise<CheckpointTuple> {
    const { thread_id: thread, namespace, parent_id: parent, checkpoint } = row
    const load = async (type: string | undefined, value: Buffer | undefined): Promise<any> => await this.serde.loadsTyped(type ?? '', value ?? '')
    const loaded = await Promise.all(row.channels.map(async (channel, n) => [channel, await load(row.channel_types[n], row.channel_values[n])] as const))
    checkpoint.channel_values = { ...checkpoint.channel_values, ...Object.fromEntries(loaded) }
    if (checkpoint.v < 4 && parent !== null) await this.#migrate(checkpoint, thread, namespace, parent)
    const pendingWrites = await Promise.all((row.write_task_ids ?? []).map(async (task, n): Promise<CheckpointPendingWrite> =>
      [task, row.write_channels?.[n] ?? '', await load(row.write_types?.[n], row.write_values?.[n])]))
    const metadata = await this.serde.loadsTyped('json', JSON.stringify(row.metadata))
    return {
      config: configOf(thread, namespace, row.checkpoint_id),
      checkpoint,
      metadata,
      ...(parent !== null && { parentConfig: configOf(thread, namespace, parent) }),
      pendingWrites
    }
  }

  /** Before version 4 a checkpoint did not have what its parent sent to tasks. */
  async #migrate (checkpoint: Checkpoint, thread: string, namespace: string, parent: string): Promise<void> {
    const before = await this.tenant.query<Row>(GET, [thread, namespace, parent], AGAIN)
    const row = before.rows[0]
    const sent = await Promise.all((row?.write_channels ?? []).flatMap((channel, n) =>
      channel === TASKS ? [this.serde.loadsTyped(row?.write_types?.[n] ?? '', row?.write_values?.[n] ?? '')] : []))
    const versions = Object.values(checkpoint.channel_versions)
    checkpoint.channel_values[TASKS] = sent
    checkpoint.channel_versions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined)
  }
}
