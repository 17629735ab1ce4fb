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
import { formatIp } from '../../src/core/net/ip.ts'
import type { Ip } from '../../src/core/net/ip.ts'
import { ArpSocket, parseIpv4 } from './arp-socket.ts'

const ANSWER_MS = 200
const RATE = 2000
const TICK_MS = 5
const RETRY_MS = 1000
const DEADLINE_MS = 30_000

function roundTrips(socket: ArpSocket, ip: Ip, count: number) {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    socket.ask(ip)
    let answer = socket.hear(ANSWER_MS)
    while (answer && answer.senderIp.value !== ip.value) answer = socket.hear(ANSWER_MS)
    if (answer) times.push((performance.now() - started) * 1000)
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number) => Math.round(times[Math.floor(q * (times.length - 1))] ?? NaN)
  return { p50Us: quantile(0.5), p99Us: quantile(0.99), lost: count - times.length }
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

const [name = '', what = '', more = ''] = process.argv.slice(2)
const socket = new ArpSocket(name)
const result =
  what === '--all'
    ? askAll(socket, readFileSync(more, 'utf8').trim().split(/\s+/).map(parseIpv4))
    : roundTrips(socket, parseIpv4(what), Number(more))
console.log(JSON.stringify(result))
