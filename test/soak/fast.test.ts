/** The fast profile, within its limits, takes nobody for dead who lives (docs/failure-detection.md says what to expect). */
import { FAST } from '../../src/core/gossip/detection.ts'
import { soak } from '../sim/soak.ts'

soak('fast', FAST, { members: 3, minutes: 24 * 60, trimmed: 20 })
soak('fast', FAST, { members: 5, minutes: 24 * 60, trimmed: 10 })
soak('fast', FAST, { members: 20, minutes: 6 * 60, trimmed: 2 })
soak('fast', FAST, { members: 100, minutes: 60, trimmed: 1 })
