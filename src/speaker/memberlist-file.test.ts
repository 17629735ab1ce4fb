import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAN } from '../core/gossip/profiles.ts'
import { SWITCHES, parseMemberlistFile } from './memberlist-file.ts'

/** All that must be given, as memberlist's values for a LAN. */
const DURATIONS = {
  TCPTimeout: '10s',
  PushPullInterval: '30s',
  ProbeTimeout: '500ms',
  ProbeInterval: '1s',
  GossipInterval: '200ms',
  GossipToTheDeadTime: '30s',
  QueueCheckInterval: '30s',
}
const parse = (file: unknown) => parseMemberlistFile(JSON.stringify(file), 'config.json')

for (const [what, fields, profile, switches] of [
  ['durations alone leave the rest as on a LAN', {}, {}, {}],
  ['a key that nobody knows is passed over', { Colour: 'blue' }, {}, {}],
  ['null leaves the default', { IndirectChecks: null, EnableCompression: null }, {}, {}],
  ['keys are found in any case', { udpbuffersize: 512 }, { udpBufferSize: 512 }, {}],
  [
    'durations add up',
    { ProbeInterval: '1m30s', ProbeTimeout: '1.5s' },
    { probeIntervalMs: 90_000, probeTimeoutMs: 1500 },
    {},
  ],
  ['no push/pull at all', { PushPullInterval: '0' }, { pushPullIntervalMs: 0 }, {}],
  [
    'numbers, zero among them',
    { IndirectChecks: 0, RetransmitMult: 2, SuspicionMult: 5, SuspicionMaxTimeoutMult: 7 },
    { indirectChecks: 0, retransmitMult: 2, suspicionMult: 5, suspicionMaxTimeoutMult: 7 },
    {},
  ],
  [
    'the other numbers',
    { AwarenessMaxMultiplier: 3, GossipNodes: 9, HandoffQueueDepth: 5, UDPBufferSize: 65_507 },
    { awarenessMaxMultiplier: 3, gossipNodes: 9, udpBufferSize: 65_507 },
    {},
  ],
  [
    'switches',
    { DisableTcpPings: true, GossipVerifyIncoming: false, EnableCompression: false },
    { disableTcpPings: true },
    { verifyIncoming: false, compression: false },
  ],
  ['what is sent in clear', { GossipVerifyOutgoing: false }, {}, { verifyOutgoing: false }],
] as const) {
  test(`speaker/memberlist-file: ${what}`, () => {
    assert.deepEqual(parse({ ...DURATIONS, ...fields }), {
      ok: true,
      profile: { ...LAN, ...profile },
      switches: { ...SWITCHES, ...switches },
    })
  })
}

const { ProbeInterval: _, ...WITHOUT_PROBE } = DURATIONS
for (const [what, file, problems] of [
  ['no JSON', '{', [/^config.json: expected JSON: /]],
  ['a list', '[]', [/^config.json: expected an object, got \[\]$/]],
  [
    'nothing given',
    '{}',
    Object.keys(DURATIONS).map((name) => {
      return new RegExp(`^config.json: ${name}: expected a duration such as "500ms", got nothing$`)
    }),
  ],
  [
    'one missing',
    JSON.stringify(WITHOUT_PROBE),
    [/^config.json: ProbeInterval: expected a duration/],
  ],
  [
    'a time-out that is no less than the interval',
    JSON.stringify({ ...DURATIONS, ProbeTimeout: '1s' }),
    [/^config.json: ProbeTimeout: expected less than ProbeInterval, 1000ms, got 1000ms$/],
  ],
  [
    'all that is wrong at once',
    JSON.stringify({
      ...DURATIONS,
      TCPTimeout: 10,
      PushPullInterval: '1 minute',
      GossipInterval: '-1s',
      GossipToTheDeadTime: '25h',
      UDPBufferSize: 100,
      GossipNodes: 1.5,
      IndirectChecks: -1,
      DisableTcpPings: 'yes',
    }),
    [
      /TCPTimeout: expected a duration such as "500ms", got 10$/,
      /PushPullInterval: expected a duration such as "500ms", got "1 minute"$/,
      /GossipInterval: expected 0ms to 24h, got "-1s"$/,
      /GossipToTheDeadTime: expected 0ms to 24h, got "25h"$/,
      /IndirectChecks: expected 0 to 1000, got -1$/,
      /GossipNodes: expected a whole number from 0 to 1000, got 1.5$/,
      /UDPBufferSize: expected 512 to 65507, got 100$/,
      /DisableTcpPings: expected true or false, got "yes"$/,
    ],
  ],
] as const) {
  test(`speaker/memberlist-file: refused: ${what}`, () => {
    const parsed = parseMemberlistFile(file, 'config.json')
    assert.ok(!parsed.ok)
    assert.equal(parsed.problems.length, problems.length, parsed.problems.join('\n'))
    for (const [i, pattern] of problems.entries()) assert.match(parsed.problems[i] ?? '', pattern)
  })
}
