/** The problems of the other reports, as the dashboard shows them. */
import type { BoardProblem } from './board-state.ts'
import { PATIENCE_MS } from './board-suspects.ts'
import { hitsText, problems } from './problems.ts'
import type { Snapshot } from './snapshot.ts'

/** How often they are looked for, at most, while objects change: it takes a while where there are many. */
export const LOOK_MS = 2000
/** Objects whose state comes and goes, other than what people have written: these are given time to heal. */
const HEALS = /^(?:Node|Pod|DaemonSet|Deployment)\//

interface Found {
  readonly problem: BoardProblem
  /** Of a Service that was given time. */
  readonly lasting: boolean
  /** When it was found first. */
  readonly since: number
}

export class BoardProblems {
  /** By key. */
  #found: ReadonlyMap<string, Found> = new Map()
  #lookedAt = -Infinity
  #services = ''
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

  /** Those to be shown, by key. Of Services, only these are looked at. */
  at(now: number, services: ReadonlySet<string>, take: () => Snapshot): Map<string, BoardProblem> {
    const text = [...services].join()
    if (text !== this.#services) this.#changed = true
    if (this.#changed && now - this.#lookedAt >= LOOK_MS) {
      this.#look(now, take(), services)
      this.#services = text
      this.#lookedAt = now
      this.#changed = false
    }
    const shown = [...this.#found].filter(
      ([, { problem, lasting, since }]) =>
        lasting || !HEALS.test(problem.object) || now - since >= PATIENCE_MS,
    )
    this.#heldBack = shown.length < this.#found.size
    return new Map(shown.map(([key, { problem }]) => [key, problem]))
  }

  #look(now: number, snapshot: Snapshot, services: ReadonlySet<string>): void {
    this.#found = new Map(
      problems(snapshot, services).map((found) => {
        const { services: hit, ...rest } = found
        const key = `${found.object} ${found.remedy}`
        const hits = hitsText(found)
        const problem = { ...rest, ...(hits !== undefined && { hits }) }
        const since = this.#found.get(key)?.since ?? now
        return [key, { problem, lasting: hit.length > 0, since }]
      }),
    )
  }
}
