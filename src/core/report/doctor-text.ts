/** Checks, for people: what is wrong comes last, where the eye is. */
import type { Check } from './checks.ts'
import { verdicts } from './text.ts'
import type { Text, Verdict } from './text.ts'

const ORDER: readonly Verdict[] = ['ok', 'unknown', 'warn', 'broken']

export function doctorText(checks: readonly Check[]): Text {
  const sorted = ORDER.flatMap((verdict) => checks.filter((it) => it.verdict === verdict))
  return [
    verdicts(
      sorted.map(({ check, verdict, saw, remedy }) => ({
        verdict,
        subject: check,
        text: saw,
        ...(remedy !== undefined && { details: [remedy] }),
      })),
    ),
  ]
}
