/** What a component says of the configuration in its ConfigurationState. */
import type * as z from 'zod'
import type { configurationStateStatus } from './configuration-state.ts'
import type { Problem } from './model.ts'
import { problemText } from './problems.ts'

export type ConfigurationStatus = z.infer<typeof configurationStateStatus>
export type Condition = NonNullable<ConfigurationStatus['conditions']>[number]

/** The schema's bound. */
const MAX_MESSAGE = 32_768

/**
 * `problems`: none where the configuration is in use. `before`: what the state said last; the time of
 * a condition stays while it says the same. `now`: as RFC 3339 has it.
 */
export function configurationStatus(
  type: string,
  problems: readonly Problem[],
  before: ConfigurationStatus | undefined,
  now: string,
): ConfigurationStatus {
  const good = problems.length === 0
  const message = problems.map((problem) => problemText(problem)).join('\n')
  const status = good ? 'True' : 'False'
  const known = before?.conditions?.find((condition) => condition.type === type)
  const condition: Condition = {
    type,
    status,
    lastTransitionTime: known?.status === status ? known.lastTransitionTime : now,
    reason: good ? 'Reconciled' : 'ConfigurationError',
    message: message.slice(0, MAX_MESSAGE),
  }
  return {
    result: good ? 'Valid' : 'Invalid',
    errorSummary: condition.message,
    conditions: [condition],
  }
}
