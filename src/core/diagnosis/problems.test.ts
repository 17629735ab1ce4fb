import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf, problemsOf } from './problems.ts'
import type { DoorState, Observed, ProblemReason } from './problems.ts'

const speaker = (n: number, ready = true) => ({
  name: `speaker-${n}`,
  node: `w${n}`,
  address: `10.0.0.${n}`,
  ready,
})

const door = (door: string, forMs: number): ReadonlyMap<string, DoorState> =>
  new Map([['10.0.0.2', { door, forMs }]])

const observed = (some: Partial<Observed> = {}): Observed => ({
  speakers: [speaker(2), speaker(3)],
  doors: door('open', 60_000),
  memberMs: () => 0,
  findings: [],
  secretEmpty: false,
  ...some,
})

const never = () => undefined

for (const [what, some, message] of [
  ['all is well', {}, ''],
  ['nothing known yet', { speakers: [], doors: new Map() }, ''],
  [
    'a port silent for 10 s',
    { doors: door('silent', 10_000), memberMs: never },
    'no TCP connection to port 7946 of w2 (10.0.0.2): no answer. Allow TCP and UDP 7946 between the nodes',
  ],
  [
    'a port that refuses, of a member by way of others',
    { doors: door('ECONNREFUSED', 10_000) },
    'no TCP connection to port 7946 of w2 (10.0.0.2): connection refused. Allow TCP and UDP 7946 between the nodes',
  ],
  ['a port silent for less', { doors: door('silent', 9_999), memberMs: never }, ''],
  [
    'a port silent whose pod is not ready',
    { doors: door('silent', 60_000), memberMs: never, speakers: [speaker(2, false)] },
    '',
  ],
  [
    'a member that died a moment ago is no blocked port',
    { doors: door('silent', 20_000), memberMs: () => 20_000 },
    '',
  ],
  [
    'a member lost a minute ago, whose pod is still ready',
    { doors: door('silent', 60_000), memberMs: () => 60_000 },
    'no TCP connection to port 7946 of w2 (10.0.0.2): no answer. Allow TCP and UDP 7946 between the nodes',
  ],
  [
    'UDP lost',
    { findings: [{ kind: 'udpLost', address: '10.0.0.3' }] },
    'gossip is answered by TCP but not by UDP by w3 (10.0.0.3). Allow UDP 7946 between the nodes, in both directions',
  ],
  [
    'another secret at a speaker',
    { findings: [{ kind: 'undecipherable', address: '10.0.0.3', reason: 'cannotDecrypt' }] },
    'gossip cannot be read that comes from w3 (10.0.0.3): cannotDecrypt. It has another secret, or none: compare the secret "memberlist" with what each speaker has mounted, and restart the speaker that has the old one',
  ],
  [
    'another secret at somebody who is no speaker',
    { findings: [{ kind: 'undecipherable', address: '10.0.0.9', reason: 'cannotDecrypt' }] },
    '',
  ],
  [
    'one name at two addresses',
    { findings: [{ kind: 'nameConflict', name: 'w1', addresses: ['10.0.0.1', '10.0.0.9'] }] },
    'two addresses claim one node name: w1: 10.0.0.1 and 10.0.0.9. Typical of two clusters on one segment, or a docker swarm beside one: give each cluster a memberlist secret of its own',
  ],
  [
    'large datagrams lost',
    { findings: [{ kind: 'mtuTooSmall', address: '10.0.0.3', bytes: 1400 }] },
    'datagrams of 1400 bytes get lost, small ones do not, on the way to w3 (10.0.0.3). Raise the MTU of the network between the nodes, or lower UDPBufferSize in the memberlist config',
  ],
  [
    'an empty secret',
    { secretEmpty: true },
    'gossip is not encrypted: the secret "memberlist" is empty. Delete it, restart the controller, which makes a new one, then the speakers',
  ],
] as const satisfies readonly [string, Partial<Observed>, string][]) {
  test(`diagnosis/problems: ${what}`, () => {
    assert.equal(messageOf(problemsOf(observed(some)), 7946), message)
  })
}

test('diagnosis/problems: several at once, each with its own reason', () => {
  const problems = problemsOf(
    observed({
      doors: door('silent', 60_000),
      memberMs: never,
      secretEmpty: true,
      findings: [{ kind: 'udpLost', address: '10.0.0.3' }],
    }),
  )
  const expected: ProblemReason[] = ['GossipPortBlocked', 'GossipUDPBlocked', 'GossipNotEncrypted']
  assert.deepEqual(
    problems.map(({ reason }) => reason),
    expected,
  )
})

test('diagnosis/problems: a hundred peers make one message that names five', () => {
  const findings = Array.from({ length: 100 }, (_, i) => {
    return { kind: 'udpLost', address: `10.0.1.${i}` } as const
  })
  const message = messageOf(problemsOf(observed({ findings })), 7946)
  assert.match(message, /by 10\.0\.1\.0, 10\.0\.1\.1, .*10\.0\.1\.4 and 95 more\. Allow/)
})
