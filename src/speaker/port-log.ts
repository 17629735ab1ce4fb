/** A worker's log: its lines are printed by the main thread. */
import type { Log } from '../ports/log.ts'
import type { LogLevel } from './messages.ts'

export interface LogMessage {
  readonly kind: 'log'
  readonly level: LogLevel
  readonly event: string
  readonly fields: object
}

export class PortLog implements Log {
  readonly #post: (message: LogMessage) => void
  readonly #fields: object

  constructor(post: (message: LogMessage) => void, fields: object = {}) {
    this.#post = post
    this.#fields = fields
  }
  debug(event: string, fields: object = {}): void {
    this.#say('debug', event, fields)
  }
  info(event: string, fields: object = {}): void {
    this.#say('info', event, fields)
  }
  warn(event: string, fields: object = {}): void {
    this.#say('warn', event, fields)
  }
  error(event: string, fields: object = {}): void {
    this.#say('error', event, fields)
  }
  child(fields: object): Log {
    return new PortLog(this.#post, { ...this.#fields, ...fields })
  }
  #say(level: LogLevel, event: string, fields: object): void {
    this.#post({ kind: 'log', level, event, fields: { ...this.#fields, ...fields } })
  }
}
