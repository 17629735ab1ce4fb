/** The kinds that Bellwether defines, in the order in which they are installed. */
import { CONFIGURATION_STATE } from './configuration-state.ts'
import { IP_ADDRESS_POOL } from './ip-address-pool.ts'
import { L2_ADVERTISEMENT } from './l2-advertisement.ts'
import type { Kind } from './schema.ts'
import { SERVICE_L2_STATUS } from './service-l2-status.ts'

export const KINDS: readonly Kind[] = [
  IP_ADDRESS_POOL,
  L2_ADVERTISEMENT,
  SERVICE_L2_STATUS,
  CONFIGURATION_STATE,
]
