/**
 * Another's word to all, unasked, that an address is its own: an ARP announcement (RFC 5227 section 3)
 * or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6). An old owner that has given an
 * address falls silent at it (core/election/handover.ts).
 */
import type { Mac } from '../net/mac.ts'
import { decodeArp } from '../wire/arp.ts'
import { ETHERTYPE, decodeEthernet } from '../wire/ethernet.ts'
import { decodeNeighbor } from '../wire/icmpv6-nd.ts'
import type { AnnouncingInterface } from './interfaces.ts'
import { allowsInterface } from './vips.ts'
import type { Vip, VipTable } from './vips.ts'

/** The one of `vips` that the frame, which came in by `on`, claims for a MAC that is not `ours`. */
export function claimedIn(
  bytes: Uint8Array,
  on: AnnouncingInterface,
  vips: VipTable,
  ours: (mac: Mac) => boolean,
): Vip | undefined {
  const claim = decodeClaim(bytes)
  const vip = claim && vips.get(claim.ip)
  if (!vip || ours(claim.mac) || !allowsInterface(vip, on.name)) return undefined
  return vip
}

function decodeClaim(bytes: Uint8Array) {
  const frame = decodeEthernet(bytes)
  if (!frame.ok) return undefined
  const { type, payload } = frame.value
  if (type === ETHERTYPE.arp) {
    const arp = decodeArp(payload)
    if (!arp.ok || arp.value.senderIp.value !== arp.value.targetIp.value) return undefined
    return { ip: arp.value.senderIp, mac: arp.value.senderMac }
  }
  if (type !== ETHERTYPE.ipv6) return undefined
  const nd = decodeNeighbor(payload)
  if (!nd.ok || nd.value.kind !== 'advertisement' || nd.value.solicited) return undefined
  const { target, linkLayer, override } = nd.value
  return override && linkLayer ? { ip: target, mac: linkLayer } : undefined
}
