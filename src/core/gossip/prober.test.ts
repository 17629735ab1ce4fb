/** A suspect is asked beside the rounds; whole clusters are in test/sim/. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY } from '../wire/memberlist/bytes.ts'
import type { Message } from '../wire/memberlist/messages.ts'
import { VSN } from '../wire/memberlist/version.ts'
import type { Address } from './effects.ts'
import { Members } from './members.ts'
import { Prober } from './prober.ts'
import { LAN } from './profiles.ts'
import { Timers } from './timers.ts'

const address = (last: number): Address => ({ ip: Uint8Array.of(10, 0, 0, last), port: 7946 })

/** `self`, the suspect and two others; 10.0.0.2 is the suspect's. Each datagram: ms, last byte of the address, kind. */
function asked(answer: (prober: Prober, message: Message, to: Address, now: number) => void) {
  const members = new Members('self')
  for (const [i, node] of ['self', 'suspect', 'one', 'other'].entries()) {
    const { ip: addr, port } = address(i + 1)
    const news = { kind: 'alive', node, addr, port, incarnation: 1, meta: EMPTY, vsn: VSN } as const
    members.alive(news, 0, false, node === 'self')
  }
  const timers = new Timers()
  const sent: [at: number, to: number | undefined, kind: string][] = []
  const answeredAt: number[] = []
  let now = 0
  const send = (to: Address, message: Message) => {
    sent.push([now, to.ip[3], message.kind])
    answer(prober, message, to, now)
  }
  const options = { self: 'self', address: address(1), profile: LAN, random: () => 0 }
  const prober = new Prober(options, members, timers, {
    send,
    sendAccused: ({ addr: ip, port }, ping) => send({ ip, port }, ping),
    exchange: () => undefined,
    score: () => 0,
    healthier: () => undefined,
    sicker: () => undefined,
    failed: () => undefined,
    udpLost: () => undefined,
  })
  const suspect = members.get('suspect')
  assert.ok(suspect)
  prober.ask(suspect, 0, (at) => answeredAt.push(at))
  for (let next = timers.next(); next !== undefined; next = timers.next()) {
    now = next
    timers.run(now)
  }
  return { sent, answeredAt, load: prober.load }
}

const ack = (seqNo: number): Parameters<Prober['receive']>[0] => ({
  kind: 'ackResp',
  seqNo,
  payload: EMPTY,
})

test('gossip/prober: a suspect that answers is asked of nobody else', () => {
  const { sent, answeredAt, load } = asked((prober, message, to, now) => {
    if (message.kind === 'ping') prober.receive(ack(message.seqNo), to, now + 1)
  })
  assert.deepEqual(sent, [[0, 2, 'ping']])
  assert.deepEqual([answeredAt, load], [[1], 0])
})

test('gossip/prober: one whose answers get lost on the way here is asked by way of one other', () => {
  const { sent, answeredAt, load } = asked((prober, message, to, now) => {
    if (message.kind === 'indirectPing') prober.receive(ack(message.seqNo), to, now + 1)
  })
  assert.deepEqual(sent[0], [0, 2, 'ping'])
  assert.deepEqual(sent.length, 2)
  const [at, relay, kind] = sent[1] ?? []
  assert.deepEqual([at, kind], [LAN.probeTimeoutMs, 'indirectPing'])
  assert.ok(relay === 3 || relay === 4, `by 10.0.0.${relay}`)
  assert.deepEqual([answeredAt, load], [[LAN.probeTimeoutMs + 1], 0])
})

test('gossip/prober: nobody hears it: that is no answer, and nothing is waited for any more', () => {
  const { sent, answeredAt, load } = asked(() => undefined)
  assert.equal(sent.length, 2)
  assert.deepEqual([answeredAt, load], [[], 0])
})
