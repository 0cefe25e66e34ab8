/** Connections of one tenant, over a client of node-postgres or a pool of them. */
import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import type { ClientBase, Pool, PoolClient, PoolConfig, QueryResult, QueryResultRow } from 'pg'
import { named } from './conflict.js'

// For the transaction alone, so that a pooler may give the connection to another tenant afterwards.
const SET = "SELECT pg_catalog.set_config('app.current_tenant_id', $1, true)"
const CALL = 'SELECT r FROM llmspell.call($1, $2, $3) AS r'

/** A pool, or a connected client that nothing else uses meanwhile. */
export type Source = Pool | ClientBase

export interface Options {
  /** Whether it may run twice without harm: with a pool it is sent again where its connection was lost. */
  repeatable?: boolean
}

/** The last call over each client, of whatever tenant: they share its transaction. */
const turns = new WeakMap<ClientBase, Promise<unknown>>()
/** The calls over clients that a call is made within. */
const within = new AsyncLocalStorage<ReadonlyArray<{ client: ClientBase, open: boolean }>>()

/** The connection of a call was lost, or the server refused to go on with it. */
class Lost extends Error {}

const isPipelined = (client: ClientBase): boolean => (client as { pipeline?: boolean }).pipeline === true
const isPool = (source: Source): source is Pool => 'totalCount' in source

/** JSON of arguments: bytes as base64, typed arrays as arrays, whole numbers of any size. */
function json (value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, shown: unknown) {
    const given = this[key] // before toJSON
    if (given instanceof Uint8Array) return Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('base64')
    if (given instanceof Float32Array || given instanceof Float64Array) return Array.from(given)
    return typeof given === 'bigint' ? given.toString() : shown
  })
}

/** An open transaction of a tenant. */
export class Transaction {
  readonly #client: ClientBase
  #open = true

  /** @internal */
  constructor (client: ClientBase) {
    this.#client = client
  }

  /** @internal */
  end (): void {
    this.#open = false
  }

  /** Runs one statement. */
  async query<R extends QueryResultRow = QueryResultRow> (text: string, values: readonly unknown[] = []): Promise<QueryResult<R>> {
    if (!this.#open) throw new Error('the transaction has ended')
    try {
      return await this.#client.query<R>(text, [...values])
    } catch (error) {
      throw named(error)
    }
  }

  /** Calls an SQL function by its name, with named arguments; see `Tenant.call`. */
  async call<R = Record<string, unknown>> (name: string, args: object = {}): Promise<R[]> {
    const { rows } = await this.query<{ r: R }>(CALL, [name, json(args), null])
    return rows.map((row) => row.r)
  }
}

/** One tenant's way to the database. */
export class Tenant {
  readonly tenant: string
  readonly #source: Source
  #own: Pool | undefined

  constructor (tenant: string, source: Source) {
    this.tenant = tenant
    this.#source = source
  }

  /** A tenant with a pool of its own, which `end()` closes. An empty configuration is that of PGHOST, PGUSER, PGDATABASE, … */
  static connect (config: string | PoolConfig, tenant: string): Tenant {
    const pool = new pg.Pool(typeof config !== 'string' ? config : config === '' ? {} : { connectionString: config })
    pool.on('error', () => {}) // of an idle connection, which the pool replaces
    const connected = new Tenant(tenant, pool)
    connected.#own = pool
    return connected
  }

  /** Closes the pool of `Tenant.connect`; what was given to the constructor stays open. */
  async end (): Promise<void> {
    await this.#own?.end()
  }

  /** Runs one statement in a transaction of its own. */
  async query<R extends QueryResultRow = QueryResultRow> (text: string, values: readonly unknown[] = [], options: Options = {}): Promise<QueryResult<R>> {
    return await this.#run(options, async (client) => {
      if (!isPipelined(client)) return await this.#transaction(client, async (tx) => await tx.query<R>(text, values))
      // One round trip. COMMIT ends the transaction where one of the others has failed, too.
      const sent = await Promise.allSettled([client.query('BEGIN'), client.query(SET, [this.tenant]), client.query<R>(text, [...values]), client.query('COMMIT')])
      for (const step of sent) if (step.status === 'rejected') throw step.reason
      return (sent[2] as PromiseFulfilledResult<QueryResult<R>>).value
    })
  }

  /**
   * Calls an SQL function by its name, with named arguments, in one round trip. Each row is an object with the names of
   * the columns; a single value is `{ result }`. Bytes come as base64, times as text.
   */
  async call<R = Record<string, unknown>> (name: string, args: object = {}, options: Options = {}): Promise<R[]> {
    return await this.#run(options, async (client) => {
      const { rows } = await client.query<{ r: R }>(CALL, [name, json(args), this.tenant])
      return rows.map((row) => row.r)
    })
  }

  /** Runs several statements in one transaction, which is rolled back where `work` fails. */
  async transaction<T> (work: (tx: Transaction) => Promise<T>, options: Options = {}): Promise<T> {
    return await this.#run(options, async (client) => await this.#transaction(client, work))
  }

  async #transaction<T> (client: ClientBase, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const tx = new Transaction(client)
    let result: T
    let ended: QueryResult
    try {
      await client.query('BEGIN')
      await client.query(SET, [this.tenant])
      result = await work(tx)
      tx.end()
      ended = await client.query('COMMIT')
    } catch (error) {
      tx.end()
      await client.query('ROLLBACK').catch(() => { throw new Lost('the connection was lost', { cause: error }) })
      throw error
    }
    if (ended.command === 'ROLLBACK') throw new Error('the transaction was rolled back, because a statement in it had failed')
    return result
  }

  async #run<T> (options: Options, work: (client: ClientBase) => Promise<T>): Promise<T> {
    const source = this.#source
    if (!isPool(source)) return await this.#alone(source, work)
    // Idle connections may have been lost together with the first one.
    for (let left = options.repeatable === true ? source.idleCount + 1 : 0; ; left--) {
      try {
        return await this.#pooled(source, work)
      } catch (error) {
        if (!(error instanceof Lost)) throw named(error)
        if (left <= 0) throw named(error.cause)
      }
    }
  }

  async #pooled<T> (pool: Pool, work: (client: ClientBase) => Promise<T>): Promise<T> {
    let client: PoolClient
    try {
      client = await pool.connect()
    } catch (error) {
      throw new Lost('no connection', { cause: error })
    }
    let lost: Error | undefined
    const listener = (error: Error): void => { lost = error } // without one, a lost connection would end the process
    client.on('error', listener)
    try {
      return await work(client)
    } catch (error) {
      if (error instanceof Lost) lost ??= error
      else if ((error as pg.DatabaseError | undefined)?.severity === 'FATAL') lost ??= error as Error
      if (lost === undefined) throw error
      throw error instanceof Lost ? error : new Lost('the connection was lost', { cause: error })
    } finally {
      client.removeListener('error', listener)
      client.release(lost)
    }
  }

  async #alone<T> (client: ClientBase, work: (client: ClientBase) => Promise<T>): Promise<T> {
    const outer = within.getStore() ?? []
    if (outer.some((call) => call.open && call.client === client)) throw new Error('a call over the client of an open transaction would wait for its end: use the transaction')
    const call = { client, open: true }
    const mine = (turns.get(client) ?? Promise.resolve()).then(async () => {
      // A transaction of the caller's own would get this tenant, and be ended.
      if (['T', 'E'].includes((client as { getTransactionStatus?: () => string | null }).getTransactionStatus?.() ?? 'I')) throw new Error('the client is in a transaction')
      return await within.run([...outer, call], work, client)
    }).finally(() => { call.open = false })
    turns.set(client, mine.catch(() => {}))
    try {
      return await mine
    } catch (error) {
      throw named(error instanceof Lost ? error.cause : error)
    }
  }
}
