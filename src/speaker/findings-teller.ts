/** Tells what a member finds wrong, the whole list when it changes. */
import type { Finding } from '../core/gossip/findings.ts'
import type { Clock } from '../ports/clock.ts'

const LOOK_MS = 1000

/** Returns what ends it. */
export function tellFindings(
  clock: Clock,
  read: () => readonly Finding[],
  tell: (findings: readonly Finding[]) => void,
): () => void {
  let told = '[]'
  let timer: { cancel(): void }
  const look = () => {
    const findings = read()
    const text = JSON.stringify(findings)
    if (text !== told) tell(findings)
    told = text
    timer = clock.after(LOOK_MS, look)
  }
  look()
  return () => timer.cancel()
}
