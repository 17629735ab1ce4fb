/** Problems for people: what, and below it what to do. */
import type { Problem } from './problems.ts'
import { few } from './step.ts'
import { paragraph, verdicts } from './text.ts'
import type { Text } from './text.ts'

export function problemsText(problems: readonly Problem[]): Text {
  if (problems.length === 0) return [paragraph({ role: 'ok', text: 'no problems' })]
  return [
    verdicts(
      problems.map(({ severity, object, reason, remedy, services }) => ({
        verdict: severity,
        subject: object,
        text: reason,
        details: [
          `fix: ${remedy}`,
          ...(services.length > 0 && !services.includes(object.replace('Service/', ''))
            ? [`hits ${services.length} Service${services.length > 1 ? 's' : ''}: ${few(services)}`]
            : []),
        ],
      })),
    ),
  ]
}
