import type { EmbeddingsInterface } from '@langchain/core/embeddings'
import {
  BaseStore, validateNamespace,
  type GetOperation, type Item, type ListNamespacesOperation, type Operation, type OperationResults, type PutOperation,
  type SearchItem, type SearchOperation
} from '@langchain/langgraph-checkpoint'
import type { PoolConfig } from 'pg'
import { textsAt } from './paths.js'
import { Tenant, type Transaction } from './tenant.js'

const GET = 'SELECT namespace, key, value, created_at, updated_at FROM llmspell.item_get_many($1)'
const SEARCH = `SELECT namespace, key, value, created_at, updated_at, score, vector_score
    FROM llmspell.item_search($1::text[], $2, query_text => $3, query_embedding => $4, max_rows => $5, language => $6) OFFSET $7`
const NAMESPACES = 'SELECT namespace FROM llmspell.namespace_list($1::text[], $2::text[], max_depth => $3, max_rows => $4) OFFSET $5'

export interface IndexOptions {
  /** Makes the vectors that `search` compares by meaning. Without it `search` goes by words. */
  embeddings?: EmbeddingsInterface
  /** The paths of what items are found by: `title`, `chapters[*].text`, `authors[0].name`; `$`, the default, for all of it. */
  fields?: string[]
  /** The language of the texts: a text search configuration of the server. */
  language?: string
}

export interface TtlOptions {
  /** Minutes that an item lives that is put without a life of its own; without it, for ever. */
  defaultTtl?: number
  /** Whether what is read gets its life anew. The default is true. */
  refreshOnRead?: boolean
}

export interface StoreOptions {
  /** Without it what is put has no texts, and `search` does not heed its query, as in LangGraph's own stores. */
  index?: IndexOptions
  ttl?: TtlOptions
}

export interface PutOptions {
  /** Minutes. */
  ttl?: number
}

type Put = PutOperation & PutOptions

interface Row {
  namespace: string[]
  key: string
  value: Record<string, any>
  created_at: Date
  updated_at: Date
  score?: number | null
  vector_score?: number | null
}

interface Texts { texts: string[], vectors?: number[][] }

const nameOf = (item: { namespace: string[], key: string }): string => JSON.stringify([item.namespace, item.key])

const itemOf = (row: Row): Item => ({ namespace: row.namespace, key: row.key, value: row.value, createdAt: row.created_at, updatedAt: row.updated_at })

const isPut = (op: Operation): op is Put => 'value' in op
const isSearch = (op: Operation): op is SearchOperation => 'namespacePrefix' in op
const isGet = (op: Operation): op is GetOperation => 'key' in op && !('value' in op)

/** The items of one tenant. */
export class LlmspellStore extends BaseStore {
  readonly tenant: Tenant
  readonly #index: IndexOptions | undefined
  readonly #ttl: TtlOptions | undefined

  constructor (tenant: Tenant, options: StoreOptions = {}) {
    super()
    this.tenant = tenant
    this.#index = options.index
    this.#ttl = options.ttl
  }

  /** A store with a pool of its own, which `end()` closes. */
  static fromConnString (config: string | PoolConfig, tenant: string, options: StoreOptions = {}): LlmspellStore {
    return new LlmspellStore(Tenant.connect(config, tenant), options)
  }

  /** Does nothing: the tables come with the extension. */
  async setup (): Promise<void> {}

  async end (): Promise<void> {
    await this.tenant.end()
  }

  override async put (namespace: string[], key: string, value: Record<string, any>, index?: false | string[], options: PutOptions = {}): Promise<void> {
    validateNamespace(namespace)
    await this.batch([{ namespace, key, value, index, ...options } as Put])
  }

  /** All operations in one transaction: what reads finds what was there before the batch; the last write of an item holds. */
  override async batch<Op extends Operation[]> (operations: Op): Promise<OperationResults<Op>> {
    const writes = new Map<string, Put>()
    for (const op of operations) if (isPut(op)) writes.set(nameOf(op), op)
    // The model is asked before the transaction begins.
    const texts = await this.#texts([...writes.values()])
    const queries = await Promise.all(operations.map(async (op) =>
      isSearch(op) && op.query ? await this.#index?.embeddings?.embedQuery(op.query) : undefined))
    const results = await this.tenant.transaction(async (tx) => {
      const gets = operations.filter(isGet)
      const found = new Map((await this.#get(tx, gets)).map((row) => [nameOf(row), itemOf(row)]))
      const answers: unknown[] = []
      for (const [n, op] of operations.entries()) {
        if (isPut(op)) answers.push(undefined)
        else if (isGet(op)) answers.push(found.get(nameOf(op)) ?? null)
        else if (isSearch(op)) answers.push(await this.#search(tx, op, queries[n]))
        else answers.push(await this.#namespaces(tx, op))
      }
      if (this.#ttl !== undefined && this.#ttl.refreshOnRead !== false) {
        await this.#touch(tx, [...found.values(), ...answers.flatMap((answer, n) => isSearch(operations[n]!) ? answer as Item[] : [])])
      }
      await this.#write(tx, writes, texts)
      return answers
    }, { repeatable: true })
    return results as OperationResults<Op>
  }

  async #get (tx: Transaction, gets: GetOperation[]): Promise<Row[]> {
    if (gets.length === 0) return []
    const { rows } = await tx.query<Row>(GET, [JSON.stringify(gets.map(({ namespace, key }) => ({ namespace, key })))])
    return rows
  }

  async #search (tx: Transaction, op: SearchOperation, vector: number[] | undefined): Promise<SearchItem[]> {
    const { namespacePrefix, filter, limit = 10, offset = 0 } = op
    const words = this.#index === undefined || vector !== undefined ? undefined : op.query
    const { rows } = await tx.query<Row>(SEARCH, [namespacePrefix, filter ? JSON.stringify(filter) : null, words || null,
      vector === undefined ? null : JSON.stringify(vector), limit + offset, this.#index?.language ?? null, offset])
    return rows.map((row) => {
      const score = vector === undefined ? row.score : row.vector_score
      return { ...itemOf(row), ...(typeof score === 'number' && { score }) }
    })
  }

  async #namespaces (tx: Transaction, op: ListNamespacesOperation): Promise<string[][]> {
    const path = { prefix: [] as string[], suffix: [] as string[] }
    const given = new Set<string>()
    for (const condition of op.matchConditions ?? []) {
      if (given.has(condition.matchType)) throw new Error(`two conditions of type "${condition.matchType}" in one list of namespaces`)
      given.add(condition.matchType)
      path[condition.matchType] = condition.path
    }
    const { limit = 100, offset = 0 } = op
    const { rows } = await tx.query<{ namespace: string[] }>(NAMESPACES, [path.prefix, path.suffix, op.maxDepth ?? null, limit + offset, offset])
    return rows.map((row) => row.namespace)
  }

  async #touch (tx: Transaction, items: Item[]): Promise<void> {
    const names = new Map(items.map((item) => [nameOf(item), { namespace: item.namespace, key: item.key }]))
    if (names.size > 0) await tx.query('SELECT llmspell.item_touch_many($1)', [JSON.stringify([...names.values()])])
  }

  async #write (tx: Transaction, writes: Map<string, Put>, texts: Map<string, Texts>): Promise<void> {
    const puts: object[] = []
    const deletes: object[] = []
    for (const [name, { namespace, key, value, ttl = this.#ttl?.defaultTtl }] of writes) {
      if (value === null) {
        deletes.push({ namespace, key })
        continue
      }
      const of = texts.get(name)
      puts.push({
        namespace, key, value,
        ttl: ttl === undefined ? null : `${ttl} minutes`,
        ...(of !== undefined && { index_text: of.texts.join('\n'), embeddings: of.vectors ?? null, language: this.#index?.language ?? null })
      })
    }
    if (deletes.length > 0) await tx.query('SELECT llmspell.item_delete_many($1)', [JSON.stringify(deletes)])
    if (puts.length > 0) await tx.query('SELECT count(*) FROM llmspell.item_put_many($1)', [JSON.stringify(puts)])
  }

  /** What each item is found by: its texts, and their vectors where there is a model. */
  async #texts (puts: Put[]): Promise<Map<string, Texts>> {
    const found = new Map<string, Texts>()
    for (const put of puts) {
      if (this.#index === undefined || put.value === null || put.index === false) continue
      const { value } = put
      const texts = [...new Set((put.index ?? this.#index.fields ?? ['$']).flatMap((path) => textsAt(value, path)))]
      if (texts.length > 0) found.set(nameOf(put), { texts })
    }
    if (this.#index?.embeddings !== undefined && found.size > 0) {
      const vectors = await this.#index.embeddings.embedDocuments([...found.values()].flatMap(({ texts }) => texts))
      let n = 0
      for (const of of found.values()) of.vectors = vectors.slice(n, n += of.texts.length)
    }
    return found
  }
}
