import pg from 'pg'

/** What is stored has another version than the call expected: SQLSTATE LS409. Read it, apply the change to it, and write again. */
export class Conflict extends Error {
  readonly code = 'LS409'
  /** The version that was expected, and the one that is there. */
  readonly detail: string | undefined
  readonly hint: string | undefined

  constructor (error: pg.DatabaseError) {
    super(error.message, { cause: error })
    this.name = 'Conflict'
    this.detail = error.detail
    this.hint = error.hint
  }
}

/** The error as this package throws it. */
export function named (error: unknown): unknown {
  return error instanceof Error && (error as pg.DatabaseError).code === 'LS409' && !(error instanceof Conflict)
    ? new Conflict(error as pg.DatabaseError)
    : error
}
