import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Findings } from './findings.ts'

const A = Uint8Array.of(10, 0, 0, 1)
const B = Uint8Array.of(10, 0, 0, 2)
const UNREADABLE = { kind: 'undecipherable', address: '10.0.0.1', reason: 'cannotDecrypt' }

/** [what, what happens at which ms, when it is asked, what is found]. */
const ROWS: readonly [string, readonly ((findings: Findings) => void)[], number, object[]][] = [
  ['nothing seen', [], 0, []],
  [
    'one datagram that cannot be read may be damaged',
    [(it) => it.dropped(A, 'cannotDecrypt', 0)],
    10,
    [],
  ],
  [
    'two, a while apart, are of another secret',
    [(it) => it.dropped(A, 'cannotDecrypt', 0), (it) => it.dropped(A, 'cannotDecrypt', 1500)],
    1500,
    [UNREADABLE],
  ],
  [
    'what can be read in between shows that the secret is right',
    [
      (it) => it.dropped(A, 'cannotDecrypt', 0),
      (it) => it.heard(A, 1000),
      (it) => it.dropped(A, 'cannotDecrypt', 1500),
    ],
    1500,
    [],
  ],
  [
    'what can be read of another says nothing',
    [
      (it) => it.dropped(A, 'cannotDecrypt', 0),
      (it) => it.heard(B, 1000),
      (it) => it.dropped(A, 'cannotDecrypt', 1500),
    ],
    1500,
    [UNREADABLE],
  ],
  [
    'half a minute of silence ends it',
    [(it) => it.dropped(A, 'cannotDecrypt', 0), (it) => it.dropped(A, 'cannotDecrypt', 1500)],
    31_600,
    [],
  ],
  [
    'a drop that has nothing to do with secrets',
    [(it) => it.dropped(A, 'badCrc', 0), (it) => it.dropped(A, 'badCrc', 1500)],
    1500,
    [],
  ],
  ['UDP lost', [(it) => it.udpLost(A, 0, 5000)], 4000, [{ kind: 'udpLost', address: '10.0.0.1' }]],
  ['UDP lost, and an answer', [(it) => it.udpLost(A, 0, 5000), (it) => it.acked(A)], 4000, []],
  ['UDP lost, long ago', [(it) => it.udpLost(A, 0, 5000)], 5001, []],
  [
    'a name twice',
    [(it) => it.conflict('w1', [B, A], 0, 5000)],
    4000,
    [{ kind: 'nameConflict', name: 'w1', addresses: ['10.0.0.1', '10.0.0.2'] }],
  ],
]

for (const [what, steps, at, found] of ROWS) {
  test(`gossip/findings: ${what}`, () => {
    const findings = new Findings()
    for (const step of steps) step(findings)
    assert.deepEqual(findings.list(at), found)
  })
}

test('gossip/findings: a hundred thousand senders do not fill the memory, the latest are known', () => {
  const findings = new Findings()
  const ip = (i: number) => Uint8Array.of(10, i >> 16, (i >> 8) & 0xff, i & 0xff)
  for (let i = 0; i < 100_000; i++) {
    findings.heard(ip(i), i)
    findings.conflict(`w${i}`, [A, B], 0, 1000)
  }
  assert.equal(findings.heardAt(ip(0)), undefined)
  assert.equal(findings.heardAt(ip(99_999)), 99_999)
  assert.equal(findings.list(0).length, 256)
})
