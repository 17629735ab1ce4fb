/** `explain` for people: a verdict line for each step, then the one thing to fix. */
import type { Explanation } from './explain.ts'
import { heading, paragraph, verdicts } from './text.ts'
import type { Text } from './text.ts'

export function explainText({ service, addresses, steps, advice, fix }: Explanation): Text {
  const has = addresses.length > 0 ? `: ${addresses.join(', ')}` : ''
  return [
    heading(`Service ${service}${has}`),
    verdicts(
      steps.map(({ name, verdict, text, details }) => ({ verdict, subject: name, text, details })),
    ),
    fix === undefined
      ? paragraph({ role: 'ok', text: advice })
      : paragraph({ role: 'bad', text: 'Fix: ' }, advice),
  ]
}
