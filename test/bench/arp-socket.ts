/** Asks by ARP on one interface of the network namespace it runs in, and hears the replies. */
import {
  ERRNO,
  PollSet,
  bind,
  must,
  recvfrom,
  sendto,
  setReceiveBuffer,
  socket,
} from '../../src/adapters/libc.ts'
import { LinkWatch } from '../../src/adapters/netlink.ts'
import { parseIp } from '../../src/core/net/ip.ts'
import type { Ip } from '../../src/core/net/ip.ts'
import { BROADCAST_MAC } from '../../src/core/net/mac.ts'
import type { Mac } from '../../src/core/net/mac.ts'
import { decodeArp, encodeArp } from '../../src/core/wire/arp.ts'
import type { ArpPacket } from '../../src/core/wire/arp.ts'
import { decodeEthernet, sameMac } from '../../src/core/wire/ethernet.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const ETH_P_ARP = 0x0806
/** Room for the answers of a speaker that was frozen for seconds, and gives them all at once. */
const RECEIVE_BYTES = 16 << 20

export class ArpSocket {
  readonly #fd = must(socket(AF_PACKET, SOCK_RAW, 0), 'socket(AF_PACKET)')
  readonly #poll = new PollSet([this.#fd])
  readonly #mac: Mac
  readonly #ip: Ip
  readonly #address = new Uint8Array(20)
  readonly #buffer = new Uint8Array(2048)
  readonly #from = new Uint8Array(20)

  /** `mac`: to ask as somebody else than the interface, whose kernel then makes nothing of replies. */
  constructor(name: string, mac?: Mac) {
    const { table } = new LinkWatch()
    const link = [...table.links].find((link) => link.name === name)
    if (!link?.mac) throw new Error(`no interface ${name} with a MAC address here`)
    this.#mac = mac ?? link.mac
    const own = [...table.addresses].find(
      ({ index, ip }) => index === link.index && ip.family === 4,
    )
    this.#ip = own?.ip ?? { family: 4, value: 0n }
    setReceiveBuffer(this.#fd, RECEIVE_BYTES)
    const view = new DataView(this.#address.buffer)
    view.setUint16(0, AF_PACKET, true)
    view.setUint16(2, ETH_P_ARP)
    view.setInt32(4, link.index, true)
    must(bind(this.#fd, this.#address), `bind(${name})`)
  }

  /** Asks everybody who has `ip`; the answer goes to `senderIp`, by default the interface's own. */
  ask(ip: Ip, senderIp: Ip = this.#ip): void {
    const sender = { senderMac: this.#mac, senderIp }
    const target = { targetMac: new Uint8Array(6), targetIp: ip }
    const packet = { operation: 'request', ...sender, ...target } as const
    must(sendto(this.#fd, encodeArp(packet, BROADCAST_MAC), this.#address), 'sendto')
  }

  /**
   * The next reply to what was asked; undefined: none within `timeoutMs`. Valid until the next call.
   * `awake`: looks for it all the time, so that how long it takes to be woken is not measured too.
   */
  hear(timeoutMs: number, awake = false): ArpPacket | undefined {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const length = recvfrom(this.#fd, this.#buffer, this.#from, Uint32Array.of(20))
      if (length === -ERRNO.EAGAIN) {
        const left = deadline - performance.now()
        if (left <= 0) return undefined
        if (!awake) this.#poll.wait(Math.ceil(left))
        continue
      }
      const frame = decodeEthernet(this.#buffer.subarray(0, must(length, 'recvfrom')))
      const packet = frame.ok ? decodeArp(frame.value.payload) : frame
      if (!packet.ok || packet.value.operation !== 'reply') continue
      // What is announced unasked goes to all: that is no answer.
      if (sameMac(packet.value.targetMac, this.#mac)) return packet.value
    }
  }
}

export function parseIpv4(text: string): Ip {
  const ip = parseIp(text)
  if (ip?.family !== 4) throw new Error(`not an IPv4 address: '${text}'`)
  return ip
}
