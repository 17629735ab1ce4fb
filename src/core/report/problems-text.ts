/** Problems for people: what, and below it what to do. */
import { hitsText } from './problems.ts'
import type { Problem } from './problems.ts'
import { paragraph, verdicts } from './text.ts'
import type { Text } from './text.ts'

export function problemsText(problems: readonly Problem[]): Text {
  if (problems.length === 0) return [paragraph({ role: 'ok', text: 'no problems' })]
  return [
    verdicts(
      problems.map((problem) => ({
        verdict: problem.severity,
        subject: problem.object,
        text: problem.reason,
        details: [`fix: ${problem.remedy}`, hitsText(problem) ?? []].flat(),
      })),
    ),
  ]
}
