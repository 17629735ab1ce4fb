/**
 * Who answers for an address, from one millisecond to the next. Runs inside a host of the lab:
 *
 *   node test/bench/arp-watch.ts INTERFACE ADDRESS [intervalMs]
 *
 * Asks by broadcast and prints what test/lab/arp-timeline.ts reads: a JSON line for each request and
 * each answer, in order of time. Runs until it is killed.
 */
import { writeSync } from 'node:fs'
import { formatMac } from '../../src/core/net/mac.ts'
import type { ArpEvent } from '../lab/arp-timeline.ts'
import { ArpSocket, parseIpv4 } from './arp-socket.ts'

/**
 * Each request has a sender address of its own out of 198.18.0.0/15 (RFC 2544: for benchmarks), which
 * its answers name, so that an answer tells which request it is for, however late it is.
 */
const SENDERS = 0xc6120000
const SENDER_COUNT = 1 << 17
/** Nobody's: the host asked from is to learn nothing from answers that it would not have learnt. */
const ASKING_MAC = Uint8Array.of(0x02, 0xbe, 0x11, 0, 0, 0x01)
const FLUSH_MS = 50

const [name = '', address = '', interval = '2'] = process.argv.slice(2)
const ip = parseIpv4(address)
const socket = new ArpSocket(name, ASKING_MAC)
let lines = ''

function note(event: Omit<ArpEvent, 'atMs'>): void {
  const atMs = Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000
  lines += `${JSON.stringify({ ...event, atMs })}\n`
}

let seq = 0
let flushMs = 0
for (;;) {
  const nextMs = performance.now() + Number(interval)
  note({ seq })
  socket.ask(ip, { family: 4, value: BigInt(SENDERS + (seq % SENDER_COUNT)) })
  seq++
  for (let left = Number(interval); left > 0; left = nextMs - performance.now()) {
    const answer = socket.hear(left)
    if (!answer) break
    // Of another watch on this segment, which asks for another address.
    if (answer.senderIp.value !== ip.value) continue
    const position = Number(answer.targetIp.value) - SENDERS
    note({ seq: latest(position), mac: formatMac(answer.senderMac) })
  }
  if (performance.now() - flushMs < FLUSH_MS) continue
  writeSync(1, lines)
  lines = ''
  flushMs = performance.now()
}

/** The last request that was sent from this position in the ring of senders. */
function latest(position: number): number {
  const rounds = Math.floor((seq - 1 - position) / SENDER_COUNT)
  return position + rounds * SENDER_COUNT
}
