/** Addresses change hands between speakers that hear of the new owner at different moments. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HandoverMessage } from '../wire/handover.ts'
import { Handover } from './handover.ts'
import { PATIENCE_MS, WANT_MS } from './held-address.ts'
import type { Peer } from './handover.ts'

const VIP = '172.18.0.10'

/** Speakers and the messages between them; nothing arrives before it is delivered. */
class Speakers {
  readonly peers = new Map<string, Peer>()
  readonly all: ReadonlyMap<string, Handover>
  now = 0
  #mail: { to: string; message: HandoverMessage }[] = []

  constructor(...names: string[]) {
    for (const name of names) this.peers.set(name, 'ours')
    this.all = new Map(
      names.map((name) => [name, new Handover(name, (peer) => this.peers.get(peer) ?? 'gone', 0)]),
    )
  }

  of(name: string): Handover {
    const speaker = this.all.get(name)
    assert.ok(speaker)
    return speaker
  }

  /** These, or all, reckon that `owner` owns the VIP. */
  reckon(owner: string | undefined, names: Iterable<string> = this.all.keys()): void {
    for (const name of names) this.of(name).update(new Map([[VIP, owner]]), this.now)
    this.collect()
  }

  collect(): void {
    for (const speaker of this.all.values()) this.#mail.push(...speaker.drain().send)
  }

  get mail(): string[] {
    return this.#mail.map(({ to, message }) => `${message.from} ${message.kind} ${to}`)
  }

  /** The message at that place of the queue. */
  deliver(at = 0): void {
    const [mail] = this.#mail.splice(at, 1)
    if (mail) this.of(mail.to).heard(mail.message, this.now)
    this.collect()
  }

  lose(at: number): void {
    this.#mail.splice(at, 1)
  }

  /** Its packet thread has told the neighbours, and those of the others have heard it. */
  announce(name: string): void {
    const speaker = this.of(name)
    if (speaker.holding(VIP) !== 'mine') return
    speaker.announced([VIP])
    for (const other of this.all.values()) if (other !== speaker) other.claimed([VIP], this.now)
    this.collect()
  }

  /** Deadlines come; what is said at them is under way. */
  tick(ms: number): void {
    this.now += ms
    for (const it of this.all.values()) it.tick(this.now)
    this.collect()
  }

  settle(): void {
    for (let i = 0; i < 10; i++) {
      for (const name of this.all.keys()) this.announce(name)
      while (this.#mail.length > 0) this.deliver()
    }
  }

  /** Deadlines come, and what follows. */
  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const deadlines = [...this.all.values()].flatMap((it) => it.nextDeadline() ?? [])
      const next = Math.min(...deadlines)
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (const it of this.all.values()) it.tick(this.now)
      this.collect()
      this.settle()
    }
    this.now = end
  }

  get answering(): string[] {
    return [...this.all].flatMap(([name, it]) => (it.held.includes(VIP) ? [name] : []))
  }
}

/** `a` has it, and everybody knows. */
function begin(): Speakers {
  const speakers = new Speakers('a', 'b', 'c')
  speakers.reckon('a')
  speakers.settle()
  assert.deepEqual(speakers.answering, ['a'])
  return speakers
}

test('election/handover: the old owner answers until the new one has announced', () => {
  const speakers = begin()
  speakers.reckon('b', ['a'])
  assert.deepEqual(speakers.mail, ['a give b'])
  speakers.deliver()
  assert.deepEqual(speakers.answering, ['a'], 'b does not reckon so yet')
  speakers.reckon('b', ['b'])
  assert.deepEqual(speakers.answering, ['a', 'b'])
  assert.deepEqual(speakers.mail, [], 'b has not announced yet')
  speakers.announce('b')
  assert.deepEqual(speakers.answering, ['b'], 'a has heard it on the segment')
  assert.deepEqual(speakers.mail, ['b taken a'])
})

test('election/handover: where it does not hear the announcement, the old owner is told', () => {
  const speakers = begin()
  speakers.reckon('b', ['a'])
  speakers.deliver()
  speakers.reckon('b', ['b'])
  speakers.of('b').announced([VIP])
  speakers.collect()
  assert.deepEqual(speakers.answering, ['a', 'b'])
  assert.deepEqual(speakers.mail, ['b taken a'])
  speakers.deliver()
  assert.deepEqual(speakers.answering, ['b'])
})

test('election/handover: an owner that has not given it does not mind what the segment says', () => {
  const speakers = begin()
  speakers.of('a').claimed([VIP], 0)
  assert.deepEqual(speakers.answering, ['a'])
})

test('election/handover: an old owner that is the last to know is asked', () => {
  const speakers = begin()
  speakers.reckon('b', ['b', 'c'])
  assert.deepEqual(speakers.mail, ['b want a'])
  assert.deepEqual(speakers.answering, ['a'])
  speakers.deliver()
  assert.deepEqual(speakers.mail, ['a give b'])
  speakers.reckon('a', ['a'])
  assert.equal(speakers.of('a').holding(VIP), 'lame', 'that it reckons so still changes nothing')
  speakers.deliver()
  speakers.announce('b')
  assert.deepEqual(speakers.answering, ['b'])
  assert.equal(speakers.of('a').holding(VIP), 'yielded')
  speakers.reckon('b', ['a'])
  assert.equal(speakers.of('a').holding(VIP), 'none')
})

test('election/handover: who is asked and does not answer is not waited for', () => {
  const speakers = begin()
  speakers.reckon('b', ['b'])
  while (speakers.now < WANT_MS) {
    speakers.lose(0)
    speakers.tick(10)
  }
  assert.deepEqual(speakers.answering, ['a', 'b'])
  speakers.announce('b')
  while (speakers.mail.length > 0) speakers.deliver()
  assert.deepEqual(speakers.answering, ['b'])
})

test('election/handover: whoever asked and does not come for it leaves it where it is', () => {
  const speakers = begin()
  speakers.reckon('b', ['b'])
  speakers.deliver()
  speakers.lose(0)
  speakers.reckon('a', ['b'])
  for (let i = 0; i < 100; i++) {
    speakers.tick(PATIENCE_MS / 50)
    speakers.lose(0)
  }
  assert.equal(speakers.of('a').holding(VIP), 'mine')
})

test('election/handover: of two that ask each other one is let', () => {
  const speakers = begin()
  // Both have once believed the other the owner, while it was with a.
  speakers.of('a').update(new Map([[VIP, 'a']]), 0)
  speakers.reckon('c', ['b'])
  speakers.reckon('b', ['c'])
  speakers.reckon('b', ['b'])
  speakers.reckon('c', ['c'])
  assert.deepEqual(speakers.mail, ['b want c', 'c want b'])
  speakers.settle()
  assert.equal(speakers.of('b').holding(VIP), 'yielded')
  assert.equal(speakers.of('c').holding(VIP), 'mine')
})

test('election/handover: one that has yielded takes it again when the taker dies', () => {
  const speakers = begin()
  speakers.reckon('b', ['b'])
  speakers.settle()
  speakers.peers.set('b', 'gone')
  speakers.reckon('a', ['a'])
  assert.ok(speakers.answering.includes('a'))
})

test('election/handover: one that has yielded takes it again when the taker gives it', () => {
  const speakers = begin()
  speakers.reckon('b', ['b'])
  speakers.settle()
  speakers.reckon('a', ['b'])
  speakers.settle()
  assert.deepEqual(speakers.answering, ['a'])
})

for (const [what, peer, answering] of [
  ['dead', 'gone', ['b']],
  ['of another make', 'foreign', ['b']],
] as const) {
  test(`election/handover: nobody waits for a member that is ${what}`, () => {
    const speakers = begin()
    speakers.peers.set('a', peer)
    speakers.reckon('b', ['b'])
    speakers.peers.set('b', peer)
    speakers.reckon('b', ['a'])
    speakers.settle()
    assert.deepEqual(speakers.answering, answering)
  })
}

test('election/handover: give is said again until it is heard, but an old owner has its limits', () => {
  const speakers = begin()
  speakers.reckon('b', ['a'])
  const a = speakers.of('a')
  let given = 1
  while (a.held.length > 0) {
    const at = a.nextDeadline()
    assert.ok(at !== undefined && at > speakers.now)
    speakers.now = at
    a.tick(at)
    given += a.drain().send.length
  }
  assert.equal(speakers.now, PATIENCE_MS)
  assert.ok(given > 10 && given < 100, `${given} times`)
  assert.equal(a.counts.expired, 1)
})

test('election/handover: one that leaves gives, and takes no more', () => {
  const speakers = begin()
  speakers.of('a').leave()
  speakers.peers.set('a', 'left')
  speakers.reckon('b')
  speakers.settle()
  assert.deepEqual(speakers.answering, ['b'])
  speakers.reckon('a', ['a'])
  assert.deepEqual(speakers.answering, ['b'])
})

test('election/handover: one that slept answers nothing it has not been told anew', () => {
  const speakers = begin()
  speakers.of('a').reset()
  assert.deepEqual(speakers.answering, [])
  speakers.reckon('a', ['a'])
  assert.deepEqual(speakers.answering, ['a'])
})

test('election/handover: words about addresses that the API does not name leave no trace', () => {
  const a = new Handover('a', () => 'ours', 0)
  for (const kind of ['give', 'taken'] as const) a.heard({ kind, from: 'b', seq: 1, ips: [VIP] }, 0)
  assert.deepEqual(a.held, [])
  assert.deepEqual(a.drain(), { send: [], changed: false })
})

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('announce'), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver'), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose'), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick'), ms: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hear'), who: fc.nat(2) }) },
)
const change = fc.record({ owner: fc.nat(2), steps: fc.array(step, { maxLength: 25 }) })

test('election/handover: whoever hears what when, somebody answers at every moment, one in the end', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const speakers = begin()
      const names = [...speakers.all.keys()]
      for (const { owner, steps } of changes) {
        const truth = names[owner] ?? ''
        for (const step of steps) {
          if (step.kind === 'deliver') speakers.deliver(step.at)
          else if (step.kind === 'lose') speakers.lose(step.at)
          else if (step.kind === 'tick') speakers.tick(step.ms)
          else if (step.kind === 'hear') speakers.reckon(truth, [names[step.who] ?? ''])
          else speakers.announce(names[step.who] ?? '')
          assert.notEqual(speakers.answering.length, 0, 'nobody answers')
        }
      }
      const last = names[changes.at(-1)?.owner ?? 0] ?? ''
      speakers.reckon(last)
      speakers.settle()
      for (let i = 0; i < 3; i++) speakers.pass(PATIENCE_MS)
      assert.deepEqual(speakers.answering, [last])
    }),
    { numRuns: 3000 },
  )
})
