/** Multicast groups to be joined, so that switches that snoop MLD let solicitations through. */
import { formatIp } from '../net/ip.ts'
import { solicitedNodeGroup } from '../wire/icmpv6-nd.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { VipTable } from './vips.ts'

export interface GroupMembership {
  readonly interface: string
  readonly index: number
  /** ff02::1:ffXX:XXXX */
  readonly group: string
}

/** Each group once an interface, however many addresses share it. */
export function solicitedNodeGroups(
  vips: VipTable,
  interfaces: readonly AnnouncingInterface[],
): GroupMembership[] {
  const ipv6 = [...vips]
    .filter(({ ip }) => ip.family === 6)
    .map((vip) => ({ vip, group: solicitedNodeGroup(vip.ip) }))
  return interfaces
    .filter(({ linkLocal }) => linkLocal !== undefined)
    .flatMap(({ name, index }) => {
      const values = ipv6.filter(({ vip }) => allowsInterface(vip, name))
      const groups = new Set(values.map(({ group }) => group.value))
      return [...groups].map((value) => ({
        interface: name,
        index,
        group: formatIp({ family: 6, value }),
      }))
    })
}
