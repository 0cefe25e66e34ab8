// What the tests of the client package for node share.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect } from 'vitest'
import { Tenant } from 'llmspell'

/** How an application connects: as a role of llmspell_app, directly or through a pooler. */
export const application = JSON.parse(process.env.LLMSPELL_CONNECTION)
export const fresh = (name) => `${name}-${randomUUID()}`
export const pool = (options = {}) => {
  const made = new pg.Pool({ ...application, ...options })
  made.on('error', () => {})
  return made
}
export const connect = (name, options = {}) => Tenant.connect({ ...application, ...options }, name)

/** Runs `work` with a connection as superuser. */
export async function asSuperuser (work) {
  const client = new pg.Client()
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The promise must fail with this SQLSTATE. */
export async function refused (code, promise) {
  const error = await promise.then(() => undefined, (error) => error)
  expect(error, `no error, ${code} was expected`).toBeDefined()
  expect(error.code, error.message).toBe(code)
  return error
}
