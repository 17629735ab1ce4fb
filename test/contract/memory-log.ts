/** A log for tests: says nothing, remembers what it was told. */
import type { Log } from '../../src/ports/log.ts'

export class MemoryLog implements Log {
  readonly lines: { level: string; event: string; fields: object }[]
  constructor(lines: MemoryLog['lines'] = []) {
    this.lines = lines
  }
  #add(level: string, event: string, fields: object): void {
    this.lines.push({ level, event, fields })
  }
  debug(event: string, fields: object = {}): void {
    this.#add('debug', event, fields)
  }
  info(event: string, fields: object = {}): void {
    this.#add('info', event, fields)
  }
  warn(event: string, fields: object = {}): void {
    this.#add('warn', event, fields)
  }
  error(event: string, fields: object = {}): void {
    this.#add('error', event, fields)
  }
  child(): Log {
    return this
  }
  events(): string[] {
    return this.lines.map(({ event }) => event)
  }
}
