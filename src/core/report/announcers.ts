/** Which node announces which Service, by the ServiceL2Status objects. */
import type { Snapshot } from './snapshot.ts'

/** By Service, `namespace/name`. */
export const announcers = ({ l2Statuses }: Pick<Snapshot, 'l2Statuses'>): Map<string, string> =>
  new Map(l2Statuses.map(({ service, node }) => [service, node]))
