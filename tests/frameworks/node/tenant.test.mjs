import pg from 'pg'
import { expect, test } from 'vitest'
import { Conflict, Tenant } from 'llmspell'
import { application, asSuperuser, connect, fresh, pool, refused } from './lib.mjs'

const who = 'SELECT llmspell.current_tenant() AS tenant'

for (const pipeline of [false, true]) {
  test(`a connection has no tenant after a call, nor after an error, pipeline: ${pipeline}`, async () => {
    const client = new pg.Client({ ...application, pipeline })
    await client.connect()
    try {
      const [a, b] = [new Tenant('node-a', client), new Tenant('node-b', client)]
      const calls = [
        async () => expect((await a.query(who)).rows).toEqual([{ tenant: 'node-a' }]),
        async () => await refused('22012', b.query('SELECT 1 / 0')),
        async () => expect(await b.call('kv_count')).toEqual([{ result: 0 }]),
        async () => await refused('22012', a.transaction(async (tx) => await tx.query('SELECT 1 / 0'))),
        async () => await refused('22023', b.call('no_such_function'))
      ]
      for (const call of calls) {
        await call()
        expect((await client.query(who)).rows).toEqual([{ tenant: null }])
      }
    } finally {
      await client.end()
    }
  })

  test(`calls of two tenants at once over one connection, or over a pool, do not mix, pipeline: ${pipeline}`, async () => {
    const shared = pool({ max: 3, pipeline })
    const client = await shared.connect()
    try {
      for (const source of [client, shared]) {
        const tenants = ['node-a', 'node-b'].map((name) => new Tenant(name, source))
        await Promise.all(Array.from({ length: 60 }, async (_, n) => {
          const tenant = tenants[n % 2]
          const { rows: [row] } = await tenant.query(`SELECT $1::int AS n, llmspell.current_tenant() AS tenant`, [n])
          expect(row).toEqual({ n, tenant: tenant.tenant })
          expect(await tenant.transaction(async (tx) => [(await tx.query(who)).rows[0].tenant, (await tx.query(who)).rows[0].tenant]))
            .toEqual([tenant.tenant, tenant.tenant])
        }))
      }
    } finally {
      client.release()
      await shared.end()
    }
  })
}

test('a transaction is committed, or rolled back where the work or a statement fails', async () => {
  const tenant = connect(fresh('tenant'), { max: 1 })
  try {
    await tenant.transaction(async (tx) => {
      await tx.call('kv_set_text', { key: 'a', value: '1' })
      expect(await tx.call('kv_count')).toEqual([{ result: 1 }])
    })
    await expect(tenant.transaction(async (tx) => {
      await tx.query('SELECT llmspell.kv_set_text($1, $2)', ['b', '2'])
      throw new Error('changed my mind')
    })).rejects.toThrow('changed my mind')
    await expect(tenant.transaction(async (tx) => {
      await tx.query('SELECT llmspell.kv_set_text($1, $2)', ['b', '2'])
      await tx.query('SELECT 1 / 0').catch(() => {})
    })).rejects.toThrow('rolled back')
    expect(await tenant.call('kv_count')).toEqual([{ result: 1 }])
  } finally {
    await tenant.end()
  }
})

test('a transaction that has ended runs nothing more', async () => {
  const tenant = connect(fresh('tenant'), { max: 1 })
  try {
    const kept = await tenant.transaction(async (tx) => ({ tx }))
    await expect(kept.tx.query('SELECT 1')).rejects.toThrow('has ended')
    await expect(kept.tx.call('kv_count')).rejects.toThrow('has ended')
  } finally {
    await tenant.end()
  }
})

test('a call over a client with an open transaction is an error, not a wait without end, and the client lives', async () => {
  const client = new pg.Client(application)
  await client.connect()
  try {
    const [a, b] = [new Tenant(fresh('tenant'), client), new Tenant(fresh('tenant'), client)]
    for (const other of [a, b]) {
      await expect(a.transaction(async () => await other.query('SELECT 1'))).rejects.toThrow('use the transaction')
      await expect(a.transaction(async () => await other.call('kv_count'))).rejects.toThrow('use the transaction')
    }
    await client.query('BEGIN')
    await expect(a.call('kv_count')).rejects.toThrow('in a transaction')
    await client.query('ROLLBACK')
    let later
    await a.transaction(async () => { later = new Promise((resolve) => setTimeout(resolve, 20)).then(async () => await b.call('kv_count')) })
    expect(await later).toEqual([{ result: 0 }])
  } finally {
    await client.end()
  }
})

test('a conflict is a Conflict with both versions, in a call, a statement and a transaction', async () => {
  const tenant = connect(fresh('tenant'))
  try {
    await tenant.call('kv_set_text', { key: 'k', value: 'v' })
    const stale = { key: 'k', value: 'w', expected_version: 7 }
    for (const work of [
      async () => await tenant.call('kv_set_text', stale),
      async () => await tenant.query("SELECT llmspell.kv_set_text('k', 'w', expected_version => 7)"),
      async () => await tenant.transaction(async (tx) => await tx.call('kv_set_text', stale))
    ]) {
      const error = await refused('LS409', work())
      expect(error).toBeInstanceOf(Conflict)
      expect(error.name).toBe('Conflict')
      expect(error.detail).toMatch(/7.*1/)
      expect(error.hint).toBeTruthy()
      expect(error.cause).toBeInstanceOf(pg.DatabaseError)
    }
  } finally {
    await tenant.end()
  }
})

test('arguments of each kind reach their function: bytes, JSON, times, large numbers, vectors, null', async () => {
  const tenant = connect(fresh('tenant'))
  try {
    const bytes = Buffer.from([0, 1, 254, 255])
    await tenant.call('kv_set', { key: 'bytes', value: bytes, metadata: { a: ["'", null, 'é'] }, ttl: '1 hour' })
    const [row] = await tenant.call('kv_get', { key: 'bytes' })
    expect(Buffer.from(row.value, 'base64')).toEqual(bytes)
    expect(row.metadata).toEqual({ a: ["'", null, 'é'] })
    expect(new Date(row.expires_at).getTime()).toBeGreaterThan(Date.now())
    await tenant.call('kv_set', { key: 'view', value: new Uint8Array(bytes.buffer, bytes.byteOffset + 1, 2) })
    expect((await tenant.call('kv_get', { key: 'view' }))[0].value).toBe(bytes.subarray(1, 3).toString('base64'))
    await refused('LS409', tenant.call('kv_set_text', { key: 'bytes', value: '', expected_version: 2n ** 60n }))
    await tenant.call('item_put', { namespace: ['n'], key: 'k', value: { at: new Date(0) }, embedding: new Float32Array([1, 0.5]) })
    expect(await tenant.call('item_search', { namespace_prefix: ['n'], query_embedding: [1, 0.5], query_text: null }))
      .toMatchObject([{ key: 'k', value: { at: '1970-01-01T00:00:00.000Z' } }])
    await refused('22023', tenant.call('kv_get', { kye: 'bytes' }))
    await refused('42501', tenant.call('tenant_list'))
  } finally {
    await tenant.end()
  }
})

test('a tenant that is none is refused, and hostile names are names', async () => {
  const hostile = connect("x'; DROP TABLE llmspell.kv_store; --")
  const none = connect('')
  try {
    expect((await hostile.query(who)).rows).toEqual([{ tenant: hostile.tenant }])
    await refused('42501', none.query("SELECT llmspell.kv_get_text('k')"))
    await refused('22023', none.call('kv_count'))
    await refused('22021', connect('a\0b').query(who))
  } finally {
    await hostile.end()
    await none.end()
  }
})

test('sessions that the server ends: what may be repeated goes over new ones, what may not is an error, and the pool lives', async () => {
  const shared = pool({ max: 3, application_name: 'lost' })
  const tenant = new Tenant(fresh('tenant'), shared)
  const end = async () => await asSuperuser(async (server) =>
    await server.query("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = 'lost'"))
  try {
    await Promise.all([1, 2, 3].map(async () => await tenant.query('SELECT pg_sleep(0.05)')))
    for (let n = 0; n < 5; n++) {
      await end()
      expect((await tenant.query('SELECT $1::int AS n', [n], { repeatable: true })).rows).toEqual([{ n }])
      await end()
      expect(await tenant.call('kv_count', {}, { repeatable: true })).toEqual([{ result: 0 }])
    }
    const running = refused('57P01', tenant.query('SELECT pg_sleep(30)'))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await end()
    await running
    await refused('57P01', tenant.transaction(async (tx) => await tx.query('SELECT pg_terminate_backend(pg_backend_pid())')))
    expect(await tenant.call('kv_count')).toEqual([{ result: 0 }])
  } finally {
    await shared.end()
  }
})

test('where no server is, the error says so', async () => {
  const tenant = Tenant.connect({ ...application, host: '127.0.0.1', port: 1 }, 'node')
  await expect(tenant.query('SELECT 1', [], { repeatable: true })).rejects.toThrow('ECONNREFUSED')
  await tenant.end()
})
