/** One step of the chain from a Service to a client that reaches it: what was looked at, what came of it. */
import type { Verdict } from './text.ts'

export interface Step {
  readonly name: string
  /** `unknown`: it could not be seen. `warn`: it works, but not as it should. */
  readonly verdict: Verdict
  /** One line. */
  readonly text: string
  readonly details?: readonly string[]
  /** Where it is not ok: the one thing to do. */
  readonly fix?: Fix
}

export interface Fix {
  /** The object at fault, `IPAddressPool/first`. */
  readonly object: string
  /** An imperative, without a full stop. */
  readonly remedy: string
}

export const ok = (name: string, text: string, details?: readonly string[]): Step => ({
  name,
  verdict: 'ok',
  text,
  ...(details && { details }),
})

export const unknown = (name: string, why: string): Step => ({
  name,
  verdict: 'unknown',
  text: `not seen, because ${why}`,
})

export const broken = (
  name: string,
  text: string,
  object: string,
  remedy: string,
  details?: readonly string[],
): Step => ({
  name,
  verdict: 'broken',
  text,
  fix: { object, remedy },
  ...(details && { details }),
})

/** As broken, but it works for now. */
export const warning = (...step: Parameters<typeof broken>): Step => ({
  ...broken(...step),
  verdict: 'warn',
})

const RANK: Readonly<Record<Verdict, number>> = { broken: 0, warn: 1, unknown: 2, ok: 3 }

export const worst = (steps: readonly Step[]): Verdict =>
  steps.map(({ verdict }) => verdict).sort((a, b) => RANK[a] - RANK[b])[0] ?? 'ok'

/** What to fix: of the first step that is broken; where none is, of the first that warns. */
export function fixOf(steps: readonly Step[]): Fix | undefined {
  const first = (wanted: Verdict) => steps.find(({ verdict }) => verdict === wanted)?.fix
  return first('broken') ?? first('warn')
}

/** For people: a few by name, the others counted. */
export function few(names: readonly string[], most = 5): string {
  const rest = names.length - most
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ')
}
