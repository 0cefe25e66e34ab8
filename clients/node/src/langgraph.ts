/** Savers and stores for LangGraph. */
export { LlmspellSaver } from './saver.js'
export { LlmspellStore } from './store.js'
export type { IndexOptions, PutOptions, StoreOptions, TtlOptions } from './store.js'
