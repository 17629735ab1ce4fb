/** The steady profile takes nobody for dead who lives (docs/failure-detection.md says what to expect). */
import { STEADY } from '../../src/core/gossip/detection.ts'
import { soak } from '../sim/soak.ts'

soak('steady', STEADY, { members: 3, minutes: 24 * 60, trimmed: 60 })
soak('steady', STEADY, { members: 5, minutes: 24 * 60, trimmed: 30 })
soak('steady', STEADY, { members: 20, minutes: 6 * 60, trimmed: 5 })
soak('steady', STEADY, { members: 100, minutes: 60, trimmed: 1 })
