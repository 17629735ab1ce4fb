/** The problems of the other reports, as the dashboard shows them: what heals by itself is given the time for it. */
import type { BoardProblem } from './board-state.ts'
import { hitsText, problems } from './problems.ts'
import type { Snapshot } from './snapshot.ts'

/** How long what may heal by itself lasts before it is shown: a move, or a pod that starts, takes less. */
export const PATIENCE_MS = 5000
/** How often they are looked for, at most, while objects change: it takes a while where there are many. */
export const LOOK_MS = 1000
/** Objects whose state comes and goes, other than what people have written. */
const HEALS = /^(?:Service|Node|Pod|DaemonSet|Deployment)\//

export class BoardProblems {
  /** All that were found, by key, with the moment at which each first was. */
  #found: ReadonlyMap<string, { readonly problem: BoardProblem; readonly since: number }> =
    new Map()
  #lookedAt = -Infinity
  #changed = true
  #heldBack = false

  /** An object is not what it was when they were looked for. */
  changed(): void {
    this.#changed = true
  }

  /** True where time alone changes what is to be shown. */
  get waiting(): boolean {
    return this.#changed || this.#heldBack
  }

  /** Those to be shown, by key. */
  at(now: number, snapshot: () => Snapshot): Map<string, BoardProblem> {
    if (this.#changed && now - this.#lookedAt >= LOOK_MS) {
      this.#look(now, snapshot())
      this.#lookedAt = now
      this.#changed = false
    }
    const shown = [...this.#found].filter(
      ([, { problem, since }]) => !HEALS.test(problem.object) || now - since >= PATIENCE_MS,
    )
    this.#heldBack = shown.length < this.#found.size
    return new Map(shown.map(([key, { problem }]) => [key, problem]))
  }

  #look(now: number, snapshot: Snapshot): void {
    this.#found = new Map(
      problems(snapshot).map((found) => {
        const { services: _, ...problem } = found
        const key = `${problem.object} ${problem.remedy}`
        const hits = hitsText(found)
        const since = this.#found.get(key)?.since ?? now
        return [key, { problem: { ...problem, ...(hits !== undefined && { hits }) }, since }]
      }),
    )
  }
}
