/** Log lines as JSON on standard output, by pino, at MetalLB's levels. */
import { pino, stdSerializers } from 'pino'
import type { Logger } from 'pino'
import type { Log } from '../ports/log.ts'

/** MetalLB's `--log-level` values, as pino's. */
export const LOG_LEVELS = {
  all: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  none: 'silent',
} as const

export type LogLevelName = keyof typeof LOG_LEVELS

export const isLogLevel = (text: string): text is LogLevelName => Object.hasOwn(LOG_LEVELS, text)

export function createLog(level: LogLevelName, component: string): Log {
  return new PinoLog(
    pino({
      level: LOG_LEVELS[level],
      messageKey: 'event',
      base: { component },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    }),
  )
}

class PinoLog implements Log {
  readonly #logger: Logger
  constructor(logger: Logger) {
    this.#logger = logger
  }
  debug(event: string, fields: object = {}): void {
    this.#logger.debug(fields, event)
  }
  info(event: string, fields: object = {}): void {
    this.#logger.info(fields, event)
  }
  warn(event: string, fields: object = {}): void {
    this.#logger.warn(fields, event)
  }
  error(event: string, fields: object = {}): void {
    this.#logger.error(fields, event)
  }
  child(fields: object): Log {
    return new PinoLog(this.#logger.child(fields))
  }
}
