// The conformance suite of LangGraph for savers, each of its parts with a tenant of its own.
import { validate } from '@langchain/langgraph-checkpoint-validation'
import { LlmspellSaver } from 'llmspell/langgraph'
import { connect, fresh } from './lib.mjs'

validate({
  checkpointerName: 'LlmspellSaver',
  createCheckpointer: () => new LlmspellSaver(connect(fresh('validation'), { max: 2 })),
  destroyCheckpointer: async (saver) => { await saver.end() }
})
