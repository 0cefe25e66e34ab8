/** Client of llmspell: a connection that sets the tenant in each transaction. */
export { Conflict } from './conflict.js'
export { Tenant, Transaction } from './tenant.js'
export type { Options, Source } from './tenant.js'
