import { emptyCheckpoint, uuid6 } from '@langchain/langgraph-checkpoint'
import { MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { Tenant } from 'llmspell'
import { LlmspellSaver } from 'llmspell/langgraph'
import { asSuperuser, connect, fresh, pool } from './lib.mjs'

const talker = () => new StateGraph(MessagesAnnotation)
  .addNode('model', (state) => ({ messages: [['ai', `${state.messages.length} messages`]] }))
  .addEdge(START, 'model')

async function collected (found) {
  const all = []
  for await (const one of found) all.push(one)
  return all
}

test('a graph goes on where it stopped, goes back, and takes another branch; another tenant with the same thread begins anew', async () => {
  const [saver, other] = [fresh('saver'), fresh('saver')].map((name) => new LlmspellSaver(connect(name)))
  const thread = { configurable: { thread_id: 'talk' } }
  try {
    const graph = talker().compile({ checkpointer: saver })
    let answer
    for (const text of ['one', 'two', 'three']) answer = await graph.invoke({ messages: [['user', text]] }, thread)
    expect(answer.messages.at(-1).content).toBe('5 messages')
    const history = await collected(graph.getStateHistory(thread))
    const back = history.find((state) => state.values.messages?.length === 2 && state.next.length === 0)
    const branch = await graph.invoke({ messages: [['user', 'instead']] }, back.config)
    expect(branch.messages.map((message) => message.content)).toEqual(['one', '1 messages', 'instead', '3 messages'])
    expect((await collected(graph.getStateHistory(thread))).length).toBeGreaterThan(history.length)
    const first = await talker().compile({ checkpointer: other }).invoke({ messages: [['user', 'hello']] }, thread)
    expect(first.messages.at(-1).content).toBe('1 messages')
    await saver.copyThread('talk', 'copy')
    const copied = await graph.getState({ configurable: { thread_id: 'copy' } })
    expect(copied.values).toEqual((await graph.getState(thread)).values)
    await saver.prune(['copy'])
    expect(await collected(saver.list({ configurable: { thread_id: 'copy' } }))).toHaveLength(1)
    await saver.deleteThread('talk')
    expect(await saver.getTuple(thread)).toBeUndefined()
    expect((await graph.getState({ configurable: { thread_id: 'copy' } })).values).toEqual(copied.values)
    expect((await other.getTuple(thread)).checkpoint.channel_values.messages).toHaveLength(2)
  } finally {
    await saver.end()
    await other.end()
  }
})

test('values of every kind come back as they were', async () => {
  const saver = new LlmspellSaver(connect(fresh('saver')))
  const values = {
    float: 2.5, large: 1e300, minus: -1, beyond: 2 ** 60, zero: 'a\0b', half: 'a\ud800', long: 'é'.repeat(1000), bytes: new Uint8Array([0, 255]), none: null,
    true: true, text: 'short', list: [1, 'a', null], empty: [], dict: { a: { b: 2.5 } }, set: new Set([1]), map: new Map([['a', 1]]), undefined
  }
  try {
    const versions = Object.fromEntries(Object.keys(values).map((name) => [name, 1]))
    const metadata = { source: 'input', step: -1, parents: {}, note: 'zero \0 and é' }
    const config = await saver.put({ configurable: { thread_id: 'kinds' } }, { ...emptyCheckpoint(), id: uuid6(1), channel_values: values, channel_versions: versions }, metadata, versions)
    const found = await saver.getTuple(config)
    expect({ ...found.checkpoint.channel_values, bytes: [...found.checkpoint.channel_values.bytes] }).toEqual({ ...values, half: expect.any(String), bytes: [0, 255] })
    expect(found.metadata).toEqual({ ...metadata, note: 'zero  and é' })
    expect(await collected(saver.list({ configurable: {} }, { filter: { step: { $lt: 0 } } }))).toHaveLength(1)
    expect(await collected(saver.list({ configurable: {} }, { filter: { step: { $gt: 0 } } }))).toHaveLength(0)
  } finally {
    await saver.end()
  }
})

test('writes come in the order of task path, task and index, and those of runs are deleted', async () => {
  const saver = new LlmspellSaver(connect(fresh('saver')))
  try {
    const config = await saver.put({ configurable: { thread_id: 'writes' } }, { ...emptyCheckpoint(), id: uuid6(1) }, { source: 'loop', step: 0, parents: {}, run_id: 'r1' }, {})
    await saver.putWrites(config, [['x', 1], ['y', { z: 2 }]], 'b', '~2')
    await saver.putWrites(config, [['x', 3], ['__error__', 'e']], 'a', '~1')
    await saver.putWrites(config, [['x', 4]], 'c')
    expect((await saver.getTuple(config)).pendingWrites).toEqual([['c', 'x', 4], ['a', '__error__', 'e'], ['a', 'x', 3], ['b', 'x', 1], ['b', 'y', { z: 2 }]])
    await saver.deleteForRuns(['r1'])
    expect(await saver.getTuple(config)).toBeUndefined()
  } finally {
    await saver.end()
  }
})

test('a checkpoint of a format before 4 gets what its parent sent', async () => {
  const saver = new LlmspellSaver(connect(fresh('saver')))
  try {
    const old = (id) => ({ ...emptyCheckpoint(), v: 1, id, channel_versions: { a: 3 }, channel_values: { a: 1 } })
    const [first, second] = [uuid6(1), uuid6(2)]
    const parent = await saver.put({ configurable: { thread_id: 'old' } }, old(first), { source: 'loop', step: 0, parents: {} }, { a: 3 })
    await saver.putWrites(parent, [['__pregel_tasks', { node: 'n', args: 1 }]], 't')
    const config = await saver.put(parent, old(second), { source: 'loop', step: 1, parents: {} }, {})
    const { checkpoint } = await saver.getTuple(config)
    expect(checkpoint.channel_values).toEqual({ a: 1, __pregel_tasks: [{ node: 'n', args: 1 }] })
    expect(checkpoint.channel_versions.__pregel_tasks).toBe(3)
  } finally {
    await saver.end()
  }
})

test('sessions that the server ends between the calls lose nothing that was stored', async () => {
  const shared = pool({ max: 2, application_name: 'saver-lost' })
  const saver = new LlmspellSaver(new Tenant(fresh('saver'), shared))
  try {
    let config = { configurable: { thread_id: 'lost', checkpoint_ns: '' } }
    const wanted = {}
    for (let n = 0; n < 10; n++) {
      const checkpoint = { ...emptyCheckpoint(), id: uuid6(n), channel_values: { list: Array(100).fill(n) }, channel_versions: { list: n + 1 } }
      config = await saver.put(config, checkpoint, { source: 'loop', step: n, parents: {} }, { list: n + 1 })
      await saver.putWrites(config, [['list', [n]]], 'task')
      wanted[checkpoint.id] = [checkpoint.channel_values, [['task', 'list', [n]]]]
      await asSuperuser(async (server) => await server.query("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = 'saver-lost'"))
    }
    const found = await collected(saver.list({ configurable: { thread_id: 'lost' } }))
    expect(Object.fromEntries(found.map((tuple) => [tuple.checkpoint.id, [tuple.checkpoint.channel_values, tuple.pendingWrites]]))).toEqual(wanted)
  } finally {
    await shared.end()
  }
})
