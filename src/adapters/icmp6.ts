/**
 * Membership in solicited-node groups, by raw-socket: the kernel then sends the MLD reports, and
 * switches that snoop them let solicitations through. Nothing is received here: see af-packet.ts.
 * For the main thread only: raw-socket is tied to its loop.
 */
import raw from 'raw-socket'
import type { Socket } from 'raw-socket'
import type { GroupMembership } from '../core/announce/groups.ts'
import { ipToBytes, parseIp } from '../core/net/ip.ts'
import type { Log } from '../ports/log.ts'

const IPPROTO_IPV6 = 41
const IPV6_JOIN_GROUP = 20
const IPV6_LEAVE_GROUP = 21
const IPPROTO_ICMPV6 = 58
const ICMP6_FILTER = 1

interface Holder {
  readonly socket: Socket
  joined: number
}

interface Joined {
  readonly request: Buffer
  readonly holder: Holder
}

export class SolicitedNodeGroups {
  readonly #log: Log
  /** A socket holds a few hundred groups (net.core.optmem_max): only the last has room. */
  #holders: Holder[] = []
  readonly #joined = new Map<string, Joined>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Joins exactly these, leaves others. What can't be joined is logged, and tried again next time. */
  set(groups: readonly GroupMembership[]): void {
    const wanted = new Map(groups.map((group) => [`${group.index} ${group.group}`, group]))
    for (const [key, joined] of this.#joined) if (!wanted.has(key)) this.#leave(key, joined)
    for (const [key, membership] of wanted) {
      if (!this.#joined.has(key)) this.#join(key, membership)
    }
  }

  close(): void {
    for (const { socket } of this.#holders) socket.close()
    this.#holders = []
    this.#joined.clear()
  }

  #join(key: string, membership: GroupMembership): void {
    const request = encodeRequest(membership)
    try {
      const holder = this.#joinBySome(request)
      holder.joined++
      this.#joined.set(key, { request, holder })
    } catch (error) {
      this.#log.warn('group-not-joined', { ...membership, error })
    }
  }

  /** By the last socket, or if it is full by a new one. */
  #joinBySome(request: Buffer): Holder {
    const last = this.#holders.at(-1)
    if (last && canJoin(last.socket, request)) return last
    const socket = this.#open()
    try {
      socket.setOption(IPPROTO_IPV6, IPV6_JOIN_GROUP, request, request.length)
    } catch (error) {
      socket.close()
      throw error
    }
    const holder = { socket, joined: 0 }
    this.#holders.push(holder)
    return holder
  }

  #leave(key: string, { request, holder }: Joined): void {
    this.#joined.delete(key)
    holder.joined--
    if (holder.joined === 0) {
      holder.socket.close()
      this.#holders = this.#holders.filter((other) => other !== holder)
      return
    }
    try {
      holder.socket.setOption(IPPROTO_IPV6, IPV6_LEAVE_GROUP, request, request.length)
    } catch (error) {
      this.#log.debug('group-not-left', { group: key, error })
    }
  }

  #open(): Socket {
    const { AddressFamily, Protocol } = raw
    const socket = raw.createSocket({
      protocol: Protocol.ICMPv6,
      addressFamily: AddressFamily.IPv6,
    })
    socket.on('error', (error) => this.#log.warn('group-socket', { error }))
    // A bit set is a type blocked (RFC 3542 section 3.2, as Linux has it).
    socket.setOption(IPPROTO_ICMPV6, ICMP6_FILTER, Buffer.alloc(32, 0xff), 32)
    return socket
  }
}

function canJoin(socket: Socket, request: Buffer): boolean {
  try {
    socket.setOption(IPPROTO_IPV6, IPV6_JOIN_GROUP, request, request.length)
    return true
  } catch {
    return false
  }
}

/** struct ipv6_mreq */
function encodeRequest({ group, index }: GroupMembership): Buffer {
  const ip = parseIp(group)
  if (!ip) throw new Error(`not a group: ${group}`)
  const request = Buffer.alloc(20)
  request.set(ipToBytes(ip))
  request.writeUInt32LE(index, 16)
  return request
}
