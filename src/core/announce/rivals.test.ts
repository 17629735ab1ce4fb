import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ALARM_AGAIN_MS,
  DISPUTE_MS,
  GONE_MS,
  IDENTIFY_MS,
  MOST_RIVALS,
  PROBE_EVERY_MS,
  Rivals,
} from './rivals.ts'
import type { Rival } from './rivals.ts'

const IP = '10.0.0.9'
const MAC = '02:00:00:00:00:99'
const stranger = { ip: IP, mac: MAC, interface: 'eth0', kind: 'stranger', speaker: undefined }
const speaker = { ...stranger, kind: 'speaker', speaker: '10.0.0.2' }

/** Who is told of by each step until `untilMs`, with the time; the rival is heard `every` ms. */
function alarms(rivals: Rivals, untilMs: number, every: number): [number, Rival['kind']][] {
  const told: [number, Rival['kind']][] = []
  for (let now = 0; now <= untilMs; now += every) {
    rivals.seen(IP, MAC, 'eth0', now)
    told.push(...rivals.news(now).alarms.map(({ kind }) => [now, kind] as [number, Rival['kind']]))
  }
  return told
}

test('announce/rivals: who is no speaker is a stranger after a moment, and told of', () => {
  const rivals = new Rivals()
  assert.equal(rivals.seen(IP, MAC, 'eth0', 0), 'unknown')
  assert.equal(rivals.deadline, IDENTIFY_MS)
  assert.deepEqual(rivals.news(IDENTIFY_MS - 1).found, [])
  assert.equal(rivals.isStrangers(IP), false)
  const { found, alarms } = rivals.news(IDENTIFY_MS)
  assert.deepEqual(found, [stranger])
  assert.deepEqual(alarms, [stranger])
  assert.equal(rivals.isStrangers(IP), true)
  assert.deepEqual(rivals.standing, [stranger])
})

test('announce/rivals: a stranger that stays is told of again every five minutes', () => {
  const told = alarms(new Rivals(), 2 * ALARM_AGAIN_MS + 2000, 1000)
  const first = 1000
  assert.deepEqual(told, [
    [first, 'stranger'],
    [first + ALARM_AGAIN_MS, 'stranger'],
    [first + 2 * ALARM_AGAIN_MS, 'stranger'],
  ])
})

test('announce/rivals: a speaker is one at its answer, and told of only where it goes on', () => {
  const rivals = new Rivals()
  rivals.seen(IP, MAC, 'eth0', 0)
  rivals.speakerHas('10.0.0.2', MAC, 5)
  const { found, alarms } = rivals.news(IDENTIFY_MS)
  assert.deepEqual([found, alarms], [[speaker], []])
  rivals.seen(IP, MAC, 'eth0', DISPUTE_MS - 1)
  assert.deepEqual(rivals.news(DISPUTE_MS).alarms, [])
  rivals.seen(IP, MAC, 'eth0', DISPUTE_MS)
  assert.deepEqual(rivals.news(DISPUTE_MS).alarms, [speaker])
})

test('announce/rivals: a stranger is a conflict as soon as it is one, a speaker when it has gone on for long', () => {
  const rivals = new Rivals()
  rivals.seen(IP, MAC, 'eth0', 0)
  rivals.news(IDENTIFY_MS - 1)
  assert.deepEqual(rivals.conflicts, [])
  rivals.news(IDENTIFY_MS)
  assert.deepEqual(rivals.conflicts, [stranger])
  rivals.speakerHas('10.0.0.2', MAC, 200)
  rivals.news(200)
  assert.deepEqual([rivals.conflicts, rivals.standing], [[], [speaker]])
  rivals.seen(IP, MAC, 'eth0', DISPUTE_MS)
  assert.deepEqual(rivals.conflicts, [speaker])
  rivals.news(DISPUTE_MS + GONE_MS)
  assert.deepEqual(rivals.conflicts, [])
})

test('announce/rivals: the MAC of a speaker is remembered', () => {
  const rivals = new Rivals()
  rivals.speakerHas('10.0.0.2', MAC, 0)
  assert.equal(rivals.seen(IP, MAC, 'eth0', 1000), 'known')
  assert.deepEqual(rivals.news(1000).found, [speaker])
})

test('announce/rivals: who turns out to be a speaker is no stranger any more', () => {
  const rivals = new Rivals()
  rivals.seen(IP, MAC, 'eth0', 0)
  rivals.news(IDENTIFY_MS)
  rivals.speakerHas('10.0.0.2', MAC, 200)
  assert.deepEqual(rivals.news(300).found, [speaker])
  assert.equal(rivals.isStrangers(IP), false)
})

test('announce/rivals: it is asked whether the rival is still there; who leaves that unanswered is gone', () => {
  const rivals = new Rivals()
  rivals.seen(IP, MAC, 'eth0', 0)
  const asked: number[] = []
  for (let now = rivals.deadline; now !== undefined; now = rivals.deadline) {
    const { probe, gone } = rivals.news(now)
    if (probe.length > 0) asked.push(now)
    if (gone.length > 0) assert.deepEqual([now, gone], [GONE_MS, [stranger]])
  }
  assert.deepEqual(
    asked,
    [1, 2, 3].map((n) => n * PROBE_EVERY_MS),
  )
  assert.deepEqual(rivals.standing, [])
})

test('announce/rivals: what is not announced here any more has none', () => {
  const rivals = new Rivals()
  rivals.seen(IP, MAC, 'eth0', 0)
  rivals.keep((ip) => ip !== IP)
  assert.equal(rivals.deadline, undefined)
})

test('announce/rivals: a flood of forged senders is bounded, in memory and in alarms', () => {
  const senders = fc.array(fc.tuple(fc.nat(5000), fc.nat(50), fc.nat(200)), { maxLength: 2000 })
  fc.assert(
    fc.property(senders, (frames) => {
      const rivals = new Rivals()
      let [now, told] = [0, 0]
      for (const [ip, mac, after] of frames) {
        now += after
        rivals.seen(`${ip}`, `${mac}`, 'eth0', now)
        told += rivals.news(now).alarms.length
        assert.ok(rivals.standing.length <= MOST_RIVALS)
        assert.ok(told <= 10 + now / 6000 + 1, `${told} alarms in ${now} ms`)
      }
    }),
    { numRuns: 20 },
  )
})
