import { Embeddings } from '@langchain/core/embeddings'
import { afterAll, expect, test } from 'vitest'
import { InvalidNamespaceError } from '@langchain/langgraph-checkpoint'
import { LlmspellStore } from 'llmspell/langgraph'
import { asSuperuser, connect, fresh } from './lib.mjs'

const tenants = []
afterAll(async () => await Promise.all(tenants.map(async (tenant) => await tenant.end())))
function opened (options, name = fresh('store')) {
  tenants.push(connect(name, { max: 2 }))
  return new LlmspellStore(tenants.at(-1), options)
}

/** How often each letter is in a text. */
class Letters extends Embeddings {
  constructor () { super({}) }
  vector (text) {
    const counts = Array(27).fill(0.01)
    for (const letter of text.toLowerCase()) counts[Math.max(0, letter.charCodeAt(0) - 96) % 27]++
    return counts
  }

  async embedDocuments (texts) { return texts.map((text) => this.vector(text)) }
  async embedQuery (text) { return this.vector(text) }
}

const keys = (items) => items.map((item) => item.key)
const pause = async (ms) => await new Promise((resolve) => setTimeout(resolve, ms))

test('an item is put, read, replaced and deleted', async () => {
  const store = opened()
  await store.put(['a', 'b'], 'k', { n: 1, text: 'é', deep: { list: [1, null] } })
  const first = await store.get(['a', 'b'], 'k')
  expect(first).toMatchObject({ namespace: ['a', 'b'], key: 'k', value: { n: 1, text: 'é', deep: { list: [1, null] } } })
  expect(first.createdAt).toBeInstanceOf(Date)
  await pause(5)
  await store.put(['a', 'b'], 'k', { n: 2 })
  const second = await store.get(['a', 'b'], 'k')
  expect(second.value).toEqual({ n: 2 })
  expect(second.createdAt).toEqual(first.createdAt)
  expect(second.updatedAt.getTime()).toBeGreaterThan(first.updatedAt.getTime())
  expect(await store.get(['a'], 'k')).toBeNull()
  await store.delete(['a', 'b'], 'k')
  await store.delete(['a', 'b'], 'k')
  expect(await store.get(['a', 'b'], 'k')).toBeNull()
})

test('a namespace that is none is refused', async () => {
  const store = opened()
  for (const namespace of [[], [''], ['a.b'], ['langgraph', 'x'], [1]]) {
    await expect(store.put(namespace, 'k', {}), JSON.stringify(namespace)).rejects.toBeInstanceOf(InvalidNamespaceError)
  }
})

test('a batch answers in its order, reads before it writes, and the last write of an item holds', async () => {
  const store = opened()
  await store.put(['t'], 'old', { n: 0 })
  const answers = await store.batch([
    { namespace: ['t'], key: 'old' },
    { namespace: ['t'], key: 'old', value: { n: 1 } },
    { namespacePrefix: ['t'], limit: 10, offset: 0 },
    { namespace: ['t'], key: 'new', value: { n: 2 } },
    { namespace: ['t'], key: 'none' },
    { namespace: ['t'], key: 'new', value: { n: 3 } },
    { limit: 10, offset: 0 },
    { namespace: ['t'], key: 'old', value: null }
  ])
  expect(answers[0].value).toEqual({ n: 0 })
  expect(keys(answers[2])).toEqual(['old'])
  expect([answers[1], answers[3], answers[5], answers[7]]).toEqual([undefined, undefined, undefined, undefined])
  expect(answers[4]).toBeNull()
  expect(answers[6]).toEqual([['t']])
  expect((await store.search(['t'])).map((item) => [item.key, item.value])).toEqual([['new', { n: 3 }]])
  await expect(store.batch([{ namespace: ['t'], key: 'a', value: {} }, { namespace: ['\u0001'], key: 'b', value: {} }])).rejects.toThrow()
  expect(await store.get(['t'], 'a'), 'all or nothing').toBeNull()
})

test('search finds by namespace, filter and operators, in pages', async () => {
  const store = opened()
  for (let n = 0; n < 10; n++) await store.put(['docs', n % 2 ? 'odd' : 'even'], `k${n}`, { n, kind: n % 2 ? 'odd' : 'even', of: { n } })
  await store.put(['docsx'], 'other', { n: 1 })
  expect(await store.search(['docs'], { limit: 100 })).toHaveLength(10)
  expect(keys(await store.search(['docs', 'odd']))).toEqual(['k1', 'k3', 'k5', 'k7', 'k9'])
  expect(keys(await store.search(['docs', 'odd'], { limit: 2, offset: 3 }))).toEqual(['k7', 'k9'])
  expect(await store.search([], { limit: 100 })).toHaveLength(11)
  const where = async (filter) => keys(await store.search(['docs'], { filter, limit: 100 })).sort()
  expect(await where({ kind: 'odd', n: { $gt: 5 } })).toEqual(['k7', 'k9'])
  expect(await where({ n: { $eq: 3 } })).toEqual(['k3'])
  expect(await where({ n: { $ne: 3 }, kind: 'odd' })).toEqual(['k1', 'k5', 'k7', 'k9'])
  expect(await where({ n: { $gte: 8 } })).toEqual(['k8', 'k9'])
  expect(await where({ n: { $lt: 2 } })).toEqual(['k0', 'k1'])
  expect(await where({ n: { $lte: 1 } })).toEqual(['k0', 'k1'])
  expect(await where({ n: { $in: [2, 4] } })).toEqual(['k2', 'k4'])
  expect(await where({ of: { n: 6 } })).toEqual(['k6'])
  expect(await where({ kind: 'none' })).toEqual([])
})

test('search by meaning: the nearest first, by the fields of the item, and none that is not indexed', async () => {
  const store = opened({ index: { embeddings: new Letters(), fields: ['text', 'parts[*].text', 'authors[0]'] } })
  await store.put(['v'], 'z', { text: 'zzzz' })
  await store.put(['v'], 'part', { parts: [{ text: 'bbbb' }, { text: 'cccc' }] })
  await store.put(['v'], 'author', { authors: ['dddd', 'zzzz'] })
  await store.put(['v'], 'hidden', { text: 'zzzz' }, false)
  await store.put(['v'], 'own', { title: 'eeee', text: 'zzzz' }, ['title'])
  await store.put(['w'], 'z', { text: 'zzzz' })
  const best = async (query, options) => (await store.search(['v'], { query, ...options }))[0]
  expect(await best('zzz')).toMatchObject({ key: 'z', value: { text: 'zzzz' } })
  expect((await best('zzz')).score).toBeGreaterThan(0.99)
  expect((await best('ccc')).key).toBe('part')
  expect((await best('ddd')).key).toBe('author')
  expect((await best('eee')).key).toBe('own')
  const all = await store.search(['v'], { query: 'zzz' })
  expect(keys(all)).toHaveLength(4)
  expect(keys(all)).not.toContain('hidden')
  expect(all.map((item) => item.score)).toEqual(all.map((item) => item.score).sort((a, b) => b - a))
  expect(keys(await store.search(['v'], { query: 'zzz', offset: 1, limit: 2 }))).toEqual(keys(all).slice(1, 3))
  expect(keys(await store.search(['v'], { query: 'zzz', filter: { title: 'eeee' } }))).toEqual(['own'])
  await store.put(['v'], 'z', { text: 'aaaa' })
  expect((await best('aaa')).key).toBe('z')
})

test('search by words without a model, and no query without an index', async () => {
  const store = opened({ index: { language: 'english' } })
  await store.put(['w'], 'a', { text: 'the cat sleeps' })
  await store.put(['w'], 'b', { text: 'a dog barks' })
  const found = await store.search(['w'], { query: 'sleeping cats' })
  expect(keys(found)).toEqual(['a'])
  expect(found[0].score).toBeGreaterThan(0)
  const plain = opened({}, store.tenant.tenant)
  expect(keys(await plain.search(['w'], { query: 'cats' }))).toEqual(['a', 'b'])
})

test('an item lives as long as it was told, reading makes it live anew, and a write without a life for ever', async () => {
  const store = opened({ ttl: { defaultTtl: 10 } })
  const still = opened({ ttl: { refreshOnRead: false } }, store.tenant.tenant)
  const pass = async (minutes) => await asSuperuser(async (server) => await server.query(
    "UPDATE llmspell.items SET expires_at = expires_at - $2 * interval '1 minute' WHERE tenant_id = $1", [store.tenant.tenant, minutes]))
  await store.put(['t'], 'default', { n: 1 })
  await store.put(['t'], 'read', { n: 1 })
  await store.put(['t'], 'found', { kind: 'found' })
  await store.put(['t'], 'long', { n: 1 }, undefined, { ttl: 100 })
  await still.put(['t'], 'ever', { n: 1 })
  await pass(8)
  expect(await store.get(['t'], 'read')).not.toBeNull()
  expect(keys(await store.search(['t'], { filter: { kind: 'found' } }))).toEqual(['found'])
  expect(await still.get(['t'], 'default')).not.toBeNull()
  await pass(4)
  expect(await still.get(['t'], 'default')).toBeNull()
  expect(keys(await still.search(['t'], {})).sort()).toEqual(['ever', 'found', 'long', 'read'])
})

test('namespaces are listed by prefix and suffix with *, to a depth, in pages', async () => {
  const store = opened()
  const paths = [['a', 'b', 'c'], ['a', 'b', 'd', 'e'], ['a', 'x', 'c'], ['ab', 'b', 'c'], ['b', 'a', 'c'], ['users', '1', 'v1'], ['users', '2', 'v1'], ['users', '2', 'v2']]
  for (const path of paths) await store.put(path, 'k', {})
  const listed = async (options) => (await store.listNamespaces(options)).map((path) => path.join('/'))
  expect(await listed()).toEqual(paths.map((path) => path.join('/')))
  expect(await listed({ prefix: ['a'] })).toEqual(['a/b/c', 'a/b/d/e', 'a/x/c'])
  expect(await listed({ prefix: ['a', '*', 'c'] })).toEqual(['a/b/c', 'a/x/c'])
  expect(await listed({ suffix: ['c'] })).toEqual(['a/b/c', 'a/x/c', 'ab/b/c', 'b/a/c'])
  expect(await listed({ suffix: ['*', 'c'], prefix: ['*', 'b'] })).toEqual(['a/b/c', 'ab/b/c'])
  expect(await listed({ prefix: ['users'], maxDepth: 2 })).toEqual(['users/1', 'users/2'])
  expect(await listed({ prefix: ['users'], suffix: ['v1'] })).toEqual(['users/1/v1', 'users/2/v1'])
  expect(await listed({ limit: 2, offset: 3 })).toEqual(['ab/b/c', 'b/a/c'])
  await expect(store.batch([{ matchConditions: [{ matchType: 'prefix', path: ['a'] }, { matchType: 'prefix', path: ['b'] }], limit: 1, offset: 0 }])).rejects.toThrow('two conditions')
})

test('two tenants with the same namespaces and keys never meet', async () => {
  const index = { embeddings: new Letters(), fields: ['text'] }
  const [a, b] = [opened({ index }), opened({ index })]
  await Promise.all([a, b].flatMap((store, n) => Array.from({ length: 20 }, async (_, k) => await store.put(['shared'], `k${k}`, { text: 'same', of: n }))))
  await a.delete(['shared'], 'k0')
  for (const [n, store, count] of [[0, a, 19], [1, b, 20]]) {
    expect((await store.get(['shared'], 'k1')).value.of).toBe(n)
    for (const options of [{}, { query: 'same' }, { filter: { text: 'same' } }]) {
      const found = await store.search(['shared'], { limit: 100, ...options })
      expect(found.map((item) => item.value.of)).toEqual(Array(count).fill(n))
    }
    expect(await store.listNamespaces()).toEqual([['shared']])
  }
  expect(await a.search([], { filter: { of: 1 } })).toEqual([])
})
