/**
 * Asks by ARP and times the answers. To be run in the network namespace to ask from.
 *
 *   node arp-prober.ts INTERFACE IP COUNT         one address, one request at a time:
 *                                                 {"p50Us":…,"p99Us":…,"lost":…}
 *   node arp-prober.ts INTERFACE --all FILE       each address of FILE (one a line) until it has
 *                                                 answered or 30 s are over:
 *                                                 {"asked":…,"answered":…,"seconds":…}
 *   node arp-prober.ts INTERFACE --beside KERNEL FILE COUNT [awake] [PAUSE_MS]
 *                                                 an address of the kernel and one of FILE by turns:
 *                                                 {"kernel":{"p50Us":…},"vip":{"p50Us":…}}
 *   node arp-prober.ts INTERFACE --flood FILE RATE SECONDS
 *                                                 so many requests a second:
 *                                                 {"asked":…,"answered":…,"seconds":…}
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { formatIp } from '../../src/core/net/ip.ts'
import type { Ip } from '../../src/core/net/ip.ts'
import { ArpSocket, parseIpv4 } from './arp-socket.ts'

const ANSWER_MS = 200
const RATE = 2000
const TICK_MS = 5
const RETRY_MS = 1000
const DEADLINE_MS = 30_000

/** In µs; undefined: no answer. */
function roundTrip(socket: ArpSocket, ip: Ip, awake = false): number | undefined {
  const started = performance.now()
  socket.ask(ip)
  let answer = socket.hear(ANSWER_MS, awake)
  while (answer && answer.senderIp.value !== ip.value) answer = socket.hear(ANSWER_MS, awake)
  return answer && (performance.now() - started) * 1000
}

function summary(all: readonly (number | undefined)[]) {
  const times = all.filter((time) => time !== undefined).sort((a, b) => a - b)
  const quantile = (q: number) => {
    const time = times[Math.floor(q * (times.length - 1))] ?? NaN
    return Math.round(time * 10) / 10
  }
  return { p50Us: quantile(0.5), p99Us: quantile(0.99), lost: all.length - times.length }
}

const roundTrips = (socket: ArpSocket, ip: Ip, count: number) =>
  summary(Array.from({ length: count }, () => roundTrip(socket, ip)))

/** By turns, so that whatever else the machine does meets both. */
async function beside(
  socket: ArpSocket,
  kernel: Ip,
  vips: readonly Ip[],
  count: number,
  awake: boolean,
  pauseMs: number,
) {
  const times: Record<'kernel' | 'vip', (number | undefined)[]> = { kernel: [], vip: [] }
  const warmUp = count / 10
  for (let i = -warmUp; i < count; i++) {
    const vip = vips[(i * 7919 + warmUp * 7919) % vips.length] ?? kernel
    for (const [what, ip] of [
      ['kernel', kernel],
      ['vip', vip],
    ] as const) {
      if (pauseMs > 0) await delay(pauseMs)
      const time = roundTrip(socket, ip, awake)
      if (i >= 0) times[what].push(time)
    }
  }
  return { kernel: summary(times.kernel), vip: summary(times.vip) }
}

function flood(socket: ArpSocket, ips: readonly Ip[], rate: number, seconds: number) {
  const started = performance.now()
  let [asked, answered] = [0, 0]
  const hear = () => {
    while (socket.hear(0)) answered++
  }
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - started) {
    const due = Math.min((elapsed / 1000) * rate, seconds * rate)
    for (; asked < due; asked++) socket.ask(ips[asked % ips.length] ?? { family: 4, value: 0n })
    hear()
  }
  const lastMs = performance.now() + ANSWER_MS
  while (answered < asked && performance.now() < lastMs) hear()
  return { asked, answered, seconds }
}

function askAll(socket: ArpSocket, ips: readonly Ip[]) {
  const open = new Map(ips.map((ip) => [formatIp(ip), { ip, nextMs: 0 }]))
  const asked = open.size
  const started = performance.now()
  const elapsed = () => performance.now() - started
  let sent = 0
  while (open.size > 0 && elapsed() < DEADLINE_MS) {
    for (const waiting of open.values()) {
      if (sent >= (elapsed() / 1000) * RATE) break
      if (waiting.nextMs > elapsed()) continue
      socket.ask(waiting.ip)
      sent++
      waiting.nextMs = elapsed() + RETRY_MS
    }
    for (let answer = socket.hear(TICK_MS); answer; answer = socket.hear(0)) {
      open.delete(formatIp(answer.senderIp))
    }
  }
  return { asked, answered: asked - open.size, seconds: Number((elapsed() / 1000).toFixed(3)) }
}

const [name = '', what = '', ...more] = process.argv.slice(2)
const socket = new ArpSocket(name)
const ipsOf = (file: string) => readFileSync(file, 'utf8').trim().split(/\s+/).map(parseIpv4)

function result() {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = more
  switch (what) {
    case '--all':
      return askAll(socket, ipsOf(first))
    case '--beside': {
      const [kernel, vips] = [parseIpv4(first), ipsOf(second)]
      return beside(socket, kernel, vips, Number(third), fourth === 'awake', Number(fifth))
    }
    case '--flood':
      return flood(socket, ipsOf(first), Number(second), Number(third))
    default:
      return roundTrips(socket, parseIpv4(what), Number(first))
  }
}
console.log(JSON.stringify(await result()))
