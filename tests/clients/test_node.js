#!/usr/bin/env node
// node-postgres, as an application uses it: untyped parameters, named statements, Buffers, jsonb, codes.
'use strict'
const assert = require('node:assert')
const { Client, Pool } = require('pg')

const role = `clients_test_node_${process.pid}`
const tests = []
const test = (name, run) => tests.push([name, run])
const many = (n) => Buffer.from(Array.from({ length: n }, (_, i) => i % 256))

async function refused (client, code, query, values) {
  try {
    await client.query(query, values)
  } catch (error) {
    assert.strictEqual(error.code, code, `${error.code} instead of ${code}: ${error.message}`)
    return error
  }
  assert.fail(`no error, ${code} was expected`)
}

test('untyped parameters find every function of the store', async (client) => {
  await client.query('SELECT llmspell.kv_delete_prefix($1)', [''])
  const set = await client.query('SELECT * FROM llmspell.kv_set($1, $2, $3, $4, $5)', ['key', many(256), { a: ["'", 'é', null] }, 0, '1 hour'])
  assert.match(set.rows[0].kv_id, /^[0-9a-f-]{36}$/)
  assert.deepStrictEqual([set.rows[0].version, set.rows[0].created], ['1', true])
  const get = await client.query('SELECT * FROM llmspell.kv_get($1)', ['key'])
  assert.deepStrictEqual(get.rows[0].value, many(256))
  assert.deepStrictEqual(get.rows[0].metadata, { a: ["'", 'é', null] })
  assert.ok(get.rows[0].expires_at instanceof Date)
  const batch = await client.query('SELECT * FROM llmspell.kv_set_many($1, $2)', [['x%', 'x_', ''], [many(3), Buffer.alloc(0), many(1)]])
  assert.deepStrictEqual(batch.rows.map((r) => r.key), ['', 'x%', 'x_'])
  assert.deepStrictEqual((await client.query('SELECT key FROM llmspell.kv_list($1, $2, $3)', ['x', 10, 'x%'])).rows, [{ key: 'x_' }])
  assert.deepStrictEqual((await client.query('SELECT key, value FROM llmspell.kv_get_many($1)', [['x_', '', 'no']])).rows,
    [{ key: '', value: many(1) }, { key: 'x_', value: Buffer.alloc(0) }])
  assert.strictEqual((await client.query('SELECT llmspell.kv_count($1) AS n', ['x'])).rows[0].n, '2')
  assert.strictEqual((await client.query('SELECT llmspell.kv_exists($1) AS e', ['absent'])).rows[0].e, false)
  assert.strictEqual((await client.query('SELECT llmspell.kv_delete($1, $2) AS d', ['key', 1])).rows[0].d, true)
  assert.strictEqual((await client.query('SELECT llmspell.kv_delete_many($1) AS n', [['x%', 'x_']])).rows[0].n, '2')
  assert.strictEqual((await client.query('SELECT llmspell.kv_sweep($1) AS n', [10])).rows[0].n, '0')
})

test('named prepared statements follow the tenant', async (client) => {
  const set = { name: 'set', text: 'SELECT version FROM llmspell.kv_set($1, $2)' }
  const get = { name: 'get', text: 'SELECT value FROM llmspell.kv_get($1)' }
  for (let i = 0; i < 20; i++) {
    const tenant = `node-${i % 2}`
    await client.query('SELECT llmspell.tenant_set($1, false)', [tenant])
    await client.query({ ...set, values: ['k', tenant] })
    const { rows } = await client.query({ ...get, values: ['k'] })
    assert.deepStrictEqual(rows, [{ value: Buffer.from(tenant) }])
  }
  await client.query('SELECT llmspell.tenant_set($1, false)', ['node'])
})

test('errors carry the SQLSTATE, detail and hint, and the session lives', async (client) => {
  await client.query('SELECT llmspell.kv_set($1, $2)', ['c', 'x'])
  const conflict = await refused(client, 'LS409', 'SELECT llmspell.kv_set($1, $2, expected_version => $3)', ['c', 'y', 7])
  assert.match(conflict.detail, /7.*1/)
  assert.ok(conflict.hint)
  await refused(client, '22001', 'SELECT llmspell.kv_set($1, $2)', ['k'.repeat(501), ''])
  await refused(client, '22004', 'SELECT llmspell.kv_set($1, $2)', [null, ''])
  await refused(client, '22023', 'SELECT llmspell.kv_set($1, $2, ttl => $3)', ['k', '', '-1 day'])
  await refused(client, '22023', 'SELECT llmspell.tenant_set($1)', [''])
  await refused(client, '42501', 'INSERT INTO llmspell.test_data (tenant_id, value) VALUES ($1, $2)', ['another', 'x'])
  await client.query('SELECT llmspell.tenant_clear()')
  const none = await refused(client, '42501', 'SELECT llmspell.kv_get($1)', ['c'])
  assert.ok(none.hint.includes('tenant_set'))
  await client.query("SELECT set_config('app.current_tenant_id', $1, false)", ['node'])
  assert.strictEqual((await client.query('SELECT llmspell.kv_exists($1) AS e', ['c'])).rows[0].e, true)
})

test('status, whoami and raw tables', async (client) => {
  const { status } = (await client.query('SELECT llmspell.status() AS status')).rows[0]
  assert.strictEqual(status.tenant, 'node')
  assert.strictEqual(status.rows.kv_store, 2)
  const who = (await client.query('SELECT * FROM llmspell.whoami()')).rows[0]
  assert.deepStrictEqual([who.role, who.superuser, who.bypassrls, who.tenant, who.hint], [role, false, false, 'node', null])
  const raw = await client.query(`INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, agent_id) DO UPDATE SET state_data = EXCLUDED.state_data RETURNING data_version`, ['node', 'a', 't', { n: 1 }, 'c'.repeat(64)])
  assert.strictEqual(raw.rows[0].data_version, 1)
})

test('a session is named by its own text in episodes and artifacts', async (client) => {
  const { session_id: id } = (await client.query('SELECT session_id FROM llmspell.session_create(name => $1)', ['chat 42'])).rows[0]
  for (const [session, content] of [['chat 42', 'one'], [id, 'two']]) {
    await client.query('SELECT llmspell.episode_add($1, $2, $3)', [session, 'user', content])
  }
  for (const session of ['chat 42', id]) {
    const { rows } = await client.query('SELECT session_id, content FROM llmspell.episode_list($1)', [session])
    assert.deepStrictEqual(rows, [{ session_id: 'chat 42', content: 'one' }, { session_id: 'chat 42', content: 'two' }])
  }
  const put = 'SELECT version FROM llmspell.artifact_put(session_name => $1, name => $2, data => $3)'
  assert.strictEqual((await client.query(put, ['chat 42', 'notes', Buffer.from('x')])).rows[0].version, 1)
  assert.deepStrictEqual((await client.query('SELECT session_id FROM llmspell.artifact_list(session_name => $1)', ['chat 42'])).rows, [{ session_id: id }])
  await refused(client, 'P0002', put, ['chat 43', 'notes', Buffer.from('x')])
})

test('a pool of 4 keeps two tenants apart, each inside its transaction', async (_, options) => {
  const pool = new Pool({ ...options, max: 4 })
  try {
    await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const client = await pool.connect()
      const tenant = `pool-${i % 2}`
      try {
        await client.query('BEGIN')
        await client.query('SELECT llmspell.tenant_set($1)', [tenant])
        await client.query('SELECT llmspell.kv_set($1, $2)', [`k${i}`, tenant])
        const { rows } = await client.query('SELECT DISTINCT tenant_id FROM llmspell.kv_store')
        assert.deepStrictEqual(rows, [{ tenant_id: tenant }])
        await client.query(i % 3 ? 'COMMIT' : 'ROLLBACK')
        assert.strictEqual((await client.query('SELECT llmspell.current_tenant() AS t')).rows[0].t, null)
        assert.strictEqual((await client.query('SELECT count(*) AS n FROM llmspell.kv_store')).rows[0].n, '0')
      } finally {
        client.release()
      }
    }))
  } finally {
    await pool.end()
  }
})

async function main () {
  const server = new Client()
  await server.connect()
  await server.query(`CREATE ROLE ${role} LOGIN IN ROLE llmspell_app`)
  const options = { user: role }
  try {
    for (const [name, run] of tests) {
      const client = new Client(options)
      await client.connect()
      try {
        await client.query("SELECT set_config('app.current_tenant_id', $1, false)", ['node'])
        await run(client, options)
        console.log(`ok clients/test_node: ${name}`)
      } catch (error) {
        console.log(`not ok clients/test_node: ${name}: ${error.message.split('\n').join(' ')}`)
        process.exitCode = 1
      } finally {
        await client.end()
      }
    }
  } finally {
    await server.query(`DROP OWNED BY ${role}`)
    await server.query(`DROP ROLE ${role}`)
    await server.end()
  }
}

main().catch((error) => {
  console.log(`not ok clients/test_node: ${error.message}`)
  process.exitCode = 1
})
