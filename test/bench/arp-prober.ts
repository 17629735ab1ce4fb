/**
 * Asks by ARP and times the answers. To be run in the network namespace to ask from.
 *
 *   node arp-prober.ts INTERFACE IP COUNT         one address, one request at a time:
 *                                                 {"p50Us":…,"p99Us":…,"lost":…}
 *   node arp-prober.ts INTERFACE --all FILE       each address of FILE (one a line) until it has
 *                                                 answered or 30 s are over:
 *                                                 {"asked":…,"answered":…,"seconds":…}
 */
import { readFileSync } from 'node:fs'
import { ERRNO, PollSet, bind, must, recvfrom, sendto, socket } from '../../src/adapters/libc.ts'
import { LinkWatch } from '../../src/adapters/netlink.ts'
import { formatIp, parseIp } from '../../src/core/net/ip.ts'
import type { Ip } from '../../src/core/net/ip.ts'
import { BROADCAST_MAC } from '../../src/core/net/mac.ts'
import type { Mac } from '../../src/core/net/mac.ts'
import { decodeArp, encodeArp } from '../../src/core/wire/arp.ts'
import { decodeEthernet, sameMac } from '../../src/core/wire/ethernet.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const ETH_P_ARP = 0x0806
const ANSWER_MS = 200
const RATE = 2000
const TICK_MS = 5
const RETRY_MS = 1000
const DEADLINE_MS = 30_000

class Prober {
  readonly #fd = must(socket(AF_PACKET, SOCK_RAW, 0), 'socket(AF_PACKET)')
  readonly #poll = new PollSet([this.#fd])
  readonly #mac: Mac
  readonly #sender: Ip
  readonly #address = new Uint8Array(20)
  readonly #buffer = new Uint8Array(2048)
  readonly #from = new Uint8Array(20)

  constructor(name: string) {
    const { table } = new LinkWatch()
    const link = [...table.links].find((link) => link.name === name)
    if (!link?.mac) throw new Error(`no interface ${name} with a MAC address here`)
    this.#mac = link.mac
    const own = [...table.addresses].find(
      ({ index, ip }) => index === link.index && ip.family === 4,
    )
    this.#sender = own?.ip ?? { family: 4, value: 0n }
    const view = new DataView(this.#address.buffer)
    view.setUint16(0, AF_PACKET, true)
    view.setUint16(2, ETH_P_ARP)
    view.setInt32(4, link.index, true)
    must(bind(this.#fd, this.#address), `bind(${name})`)
  }

  ask(ip: Ip): void {
    const targetMac = new Uint8Array(6)
    const sender = { senderMac: this.#mac, senderIp: this.#sender }
    const packet = { operation: 'request', ...sender, targetMac, targetIp: ip } as const
    must(sendto(this.#fd, encodeArp(packet, BROADCAST_MAC), this.#address), 'sendto')
  }

  /** Who has answered; undefined: nobody within `timeoutMs`. */
  answer(timeoutMs: number): Ip | undefined {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const length = recvfrom(this.#fd, this.#buffer, this.#from, Uint32Array.of(20))
      if (length === -ERRNO.EAGAIN) {
        const left = deadline - performance.now()
        if (left <= 0) return undefined
        this.#poll.wait(Math.ceil(left))
        continue
      }
      const frame = decodeEthernet(this.#buffer.subarray(0, must(length, 'recvfrom')))
      const packet = frame.ok ? decodeArp(frame.value.payload) : frame
      if (!packet.ok || packet.value.operation !== 'reply') continue
      // What is announced unasked goes to all: that is no answer.
      if (sameMac(packet.value.targetMac, this.#mac)) return packet.value.senderIp
    }
  }
}

function parse(text: string): Ip {
  const ip = parseIp(text)
  if (ip?.family !== 4) throw new Error(`not an IPv4 address: '${text}'`)
  return ip
}

function roundTrips(prober: Prober, ip: Ip, count: number) {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    prober.ask(ip)
    let answer = prober.answer(ANSWER_MS)
    while (answer && answer.value !== ip.value) answer = prober.answer(ANSWER_MS)
    if (answer) times.push((performance.now() - started) * 1000)
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number) => Math.round(times[Math.floor(q * (times.length - 1))] ?? NaN)
  return { p50Us: quantile(0.5), p99Us: quantile(0.99), lost: count - times.length }
}

function askAll(prober: Prober, ips: readonly Ip[]) {
  const open = new Map(ips.map((ip) => [formatIp(ip), { ip, nextMs: 0 }]))
  const asked = open.size
  const started = performance.now()
  const elapsed = () => performance.now() - started
  let sent = 0
  while (open.size > 0 && elapsed() < DEADLINE_MS) {
    for (const waiting of open.values()) {
      if (sent >= (elapsed() / 1000) * RATE) break
      if (waiting.nextMs > elapsed()) continue
      prober.ask(waiting.ip)
      sent++
      waiting.nextMs = elapsed() + RETRY_MS
    }
    for (let ip = prober.answer(TICK_MS); ip; ip = prober.answer(0)) open.delete(formatIp(ip))
  }
  return { asked, answered: asked - open.size, seconds: Number((elapsed() / 1000).toFixed(3)) }
}

const [name = '', what = '', more = ''] = process.argv.slice(2)
const prober = new Prober(name)
const result =
  what === '--all'
    ? askAll(prober, readFileSync(more, 'utf8').trim().split(/\s+/).map(parse))
    : roundTrips(prober, parse(what), Number(more))
console.log(JSON.stringify(result))
