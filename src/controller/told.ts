/** What each Service was told last, so that nothing is told twice in a row. */
import type { Notice } from '../core/pool/converge.ts'

export class Told {
  readonly #last = new Map<string, ReadonlySet<string>>()

  /** Those of the notices that were not among the last ones. */
  news(key: string, notices: readonly Notice[]): readonly Notice[] {
    const last = this.#last.get(key)
    if (notices.length === 0) this.#last.delete(key)
    else this.#last.set(key, new Set(notices.map(textOf)))
    return notices.filter((notice) => !last?.has(textOf(notice)))
  }

  forget(key: string): void {
    this.#last.delete(key)
  }
}

const textOf = ({ type, reason, message }: Notice): string => `${type} ${reason} ${message}`
