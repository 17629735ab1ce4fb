/** How the plugin ends, for scripts: docs/plugin.md. */
export const WELL = 0
/** It was looked, and something is wrong. */
export const PROBLEM = 1
/** What was typed cannot be done. */
export const USAGE = 2
/** The cluster does not answer, or not to this user. */
export const CANNOT_ASK = 3

/** A mistake of ours, which the others must not be taken for. */
export const BUG = 70

/** Ends the plugin with what is told on stderr. */
export class Failure extends Error {
  readonly exit: typeof PROBLEM | typeof USAGE | typeof CANNOT_ASK
  constructor(exit: Failure['exit'], message: string) {
    super(message)
    this.exit = exit
  }
}
