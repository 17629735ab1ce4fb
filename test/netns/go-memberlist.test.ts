/**
 * hashicorp/memberlist at the version MetalLB pins, in every form of its wire format, meets ours; and
 * strangers stay strangers. On loopback addresses of their own.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { goMemberlist } from '../lab/go-memberlist.ts'
import { agreed, withPeers } from './gossip-cluster.ts'
import type { Peer, PeerFlags } from './gossip-peer.ts'

const KEY = '30313233343536373839616263646566'
const OTHER_KEY = Buffer.from('another key of thirty-two bytes!').toString('hex')
const MEDIUM_KEY = Buffer.from('a key of twenty-four byt').toString('hex')

before(async () => void (await goMemberlist()), { timeout: 900_000 })

/** How each kind is set up; what is the same for both stands once. */
const FORMS: readonly [what: string, both: PeerFlags, go?: PeerFlags, ours?: PeerFlags][] = [
  ['in clear, compressed', {}],
  ['in clear, not compressed', { compression: 'false' }],
  ['encrypted, compressed', { keys: KEY }],
  ['encrypted, not compressed', { keys: KEY, compression: 'false' }],
  ['AES-192', { keys: MEDIUM_KEY }],
  ['AES-256', { keys: OTHER_KEY }],
  ['labelled', { label: 'metallb-é' }],
  ['labelled, not compressed', { label: 'metallb', compression: 'false' }],
  ['labelled and encrypted', { label: 'metallb', keys: KEY }],
  ['labelled and encrypted, not compressed', { label: 'x', keys: KEY, compression: 'false' }],
  ['only they compress', {}, {}, { compression: 'false' }],
  ['only we compress', {}, { compression: 'false' }],
  [
    'keys half-way through a rotation',
    {},
    { keys: `${KEY},${OTHER_KEY}` },
    { keys: `${OTHER_KEY},${KEY}` },
  ],
  ['they speak protocol 1, hence encryption 0', { keys: KEY }, { protocol: '1' }],
  ['they speak protocol 5', { keys: KEY }, { protocol: '5' }],
  [
    'first step to a key: known, neither used nor asked for',
    { keys: KEY, 'verify-incoming': 'false', 'verify-outgoing': 'false' },
  ],
  [
    'second step to a key: they seal, we do not yet',
    { keys: KEY, 'verify-incoming': 'false' },
    {},
    { 'verify-outgoing': 'false' },
  ],
  [
    'second step to a key: we seal, they do not yet',
    { keys: KEY, 'verify-incoming': 'false' },
    { 'verify-outgoing': 'false' },
  ],
]

describe('netns/go-memberlist: forms', { concurrency: 6 }, () => {
  for (const [what, both, go, ours] of FORMS) {
    test(`netns/go-memberlist: ${what}: we join, another joins us, one of each leaves`, async () => {
      const flags = (kind: string) => ({ ...both, ...(kind === 'go' ? go : ours) })
      await withPeers(['ours', 'go', 'go'], flags, async (peers) => {
        const [us, first, second] = peers as [Peer, Peer, Peer]
        assert.equal(await us.join(first), 1, us.log)
        assert.equal(await second.join(us), 1, us.log)
        await agreed('joined', peers)
        second.leave()
        await agreed('second left', [us, first], 5000)
        us.leave()
        await agreed('we left', [first], 5000)
        assert.deepEqual(us.left, [second.name, us.name])
        assert.deepEqual(first.left, [second.name, us.name])
      })
    })
  }
})

const STRANGERS: readonly [what: string, theirs: PeerFlags, ours: PeerFlags][] = [
  ['another key', { keys: OTHER_KEY }, { keys: KEY }],
  ['no key', {}, { keys: KEY }],
  ['a key where we have none', { keys: KEY }, {}],
  ['another label', { label: 'a' }, { label: 'b' }],
  ['no label', {}, { label: 'b' }],
  ['a label where we have none', { label: 'a' }, {}],
]
describe('netns/go-memberlist: strangers', { concurrency: 3 }, () => {
  for (const [what, theirs, ours] of STRANGERS) {
    test(`netns/go-memberlist: a peer with ${what} stays a stranger, whoever asks`, async () => {
      const flags = (kind: string) => (kind === 'go' ? theirs : ours)
      await withPeers(['ours', 'go'], flags, async (peers) => {
        const [us, them] = peers as [Peer, Peer]
        assert.equal(await us.join(them), 0)
        assert.equal(await them.join(us), 0)
        assert.deepEqual(await us.members(), [us.name])
        assert.deepEqual(await them.members(), [them.name])
      })
    })
  }
})
