/**
 * Datagrams of hashicorp/memberlist v0.5.1, taken from its socket: each is read as it was meant, and
 * written again with the same bytes. Encryption 0 is only ever read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aesGcm } from '../../../adapters/aes-gcm.ts'
import { encodeMessage } from './messages.ts'
import type { Alive, Message } from './messages.ts'
import { compound, decodePacket, encodePacket } from './packet.ts'
import type { PacketForm } from './packet.ts'
import { labelHeader } from './security.ts'
import type { Security } from './security.ts'

interface Packet {
  readonly what: string
  readonly by: Security
  readonly form: PacketForm
  readonly bytes: string
  readonly messages: readonly Message[]
}

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const EMPTY = new Uint8Array(0)

const security = (label: string, keys: readonly Uint8Array[]): Security => ({
  label: Buffer.from(label),
  keys,
  cipher: aesGcm,
  nonce: () => assert.fail('no encryption here'),
})
const KEY = Buffer.from('0123456789abcdef')
const CLEAR = security('', [])
const SEALED = security('', [KEY])
const LABELLED = security('metallb', [])
const BOTH = security('metallb', [KEY])

const SOURCE = { sourceAddr: hex('7f0009cb'), sourceNode: 'go-ü', sourcePort: 7946 }
const ALIVE_GO: Alive = {
  kind: 'alive',
  node: 'go-ü',
  addr: hex('7f0009cb'),
  port: 7946,
  incarnation: 1,
  meta: hex('6d'),
  vsn: hex('010502000000'),
}
const ALIVE_A: Alive = { ...ALIVE_GO, node: 'fake-a', addr: hex('7f0009c9'), meta: EMPTY }
/** Whom no CRC is sent. */
const ALIVE_B = { ...ALIVE_A, node: 'fake-b', addr: hex('7f0009ca'), vsn: hex('010402000000') }

const LEAVE: Message = { kind: 'dead', node: 'go-ü', from: 'go-ü', incarnation: 2 }

const PACKETS: readonly Packet[] = [
  {
    what: 'a ping',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes:
      '0085a44e6f6465a666616b652d61a55365714e6f02aa536f7572636541646472a47f0009cbaa536f757263654e6f6465a5676f2dc3bcaa536f75726365506f7274cd1f0a',
    messages: [{ kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE }],
  },
  {
    what: 'an indirect ping',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes:
      '0188a44e61636bc3a44e6f6465a666616b652d61a4506f7274cd1f0aa55365714e6f02aa536f7572636541646472a47f0009cbaa536f757263654e6f6465a5676f2dc3bcaa536f75726365506f7274cd1f0aa6546172676574a47f0009c9',
    messages: [
      {
        kind: 'indirectPing',
        nack: true,
        node: 'fake-a',
        port: 7946,
        seqNo: 2,
        target: hex('7f0009c9'),
        ...SOURCE,
      },
    ],
  },
  {
    what: 'an ack',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes: '0282a75061796c6f6164c0a55365714e6f07',
    messages: [{ kind: 'ackResp', payload: EMPTY, seqNo: 7 }],
  },
  {
    what: 'a nack',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes: '0b81a55365714e6fcd012c',
    messages: [{ kind: 'nackResp', seqNo: 300 }],
  },
  {
    what: 'a suspect',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes: '0383a446726f6da5676f2dc3bcab496e6361726e6174696f6e01a44e6f6465a666616b652d61',
    messages: [{ kind: 'suspect', from: 'go-ü', incarnation: 1, node: 'fake-a' }],
  },
  {
    what: 'a suspect with CRC',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes: '0c985d218e0383a446726f6da5676f2dc3bcab496e6361726e6174696f6e01a44e6f6465a666616b652d61',
    messages: [{ kind: 'suspect', from: 'go-ü', incarnation: 1, node: 'fake-a' }],
  },
  {
    what: 'a dead',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes: '0583a446726f6da5676f2dc3bcab496e6361726e6174696f6e01a44e6f6465a666616b652d61',
    messages: [{ kind: 'dead', from: 'go-ü', incarnation: 1, node: 'fake-a' }],
  },
  {
    what: 'a dead with CRC',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes: '0c038d21400583a446726f6da5676f2dc3bcab496e6361726e6174696f6e01a44e6f6465a666616b652d61',
    messages: [{ kind: 'dead', from: 'go-ü', incarnation: 1, node: 'fake-a' }],
  },
  {
    what: 'an alive',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes:
      '0486a441646472a47f0009c9ab496e6361726e6174696f6e02a44d657461c0a44e6f6465a666616b652d61a4506f7274cd1f0aa356736ea6010502000000',
    messages: [{ ...ALIVE_A, incarnation: 2 }],
  },
  {
    what: 'an alive with CRC, of one with meta data, which refutes',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes:
      '0cd59fa8250486a441646472a47f0009cbab496e6361726e6174696f6e02a44d657461a16da44e6f6465a5676f2dc3bca4506f7274cd1f0aa356736ea6010502000000',
    messages: [{ ...ALIVE_GO, incarnation: 2 }],
  },
  {
    what: 'a leave',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes: '0583a446726f6da5676f2dc3bcab496e6361726e6174696f6e02a44e6f6465a5676f2dc3bc',
    messages: [LEAVE],
  },
  {
    what: 'a leave with CRC',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes: '0c135e8bd70583a446726f6da5676f2dc3bcab496e6361726e6174696f6e02a44e6f6465a5676f2dc3bc',
    messages: [LEAVE],
  },
  {
    what: 'a leave, labelled, encryption 0',
    by: BOTH,
    form: { compression: true, crc: false },
    bytes:
      'f4076d6574616c6c6200fb2f13f20790263906dff11ea24eda35a032745585647e66ab7ac33b8a399b61267031d1d4e64c734c711696a9e3040350adb732044ca6b28bc4e342785d2a6941b3d9fa9a95a6060154fd75',
    messages: [LEAVE],
  },
  {
    what: 'a user message with CRC',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes: '0cada372550868656c6c6f',
    messages: [{ kind: 'user', payload: hex('68656c6c6f') }],
  },
  {
    what: 'a compound of three alive',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes:
      '0703003e003e003e0486a441646472a47f0009caab496e6361726e6174696f6e01a44d657461c0a44e6f6465a666616b652d62a4506f7274cd1f0aa356736ea60104020000000486a441646472a47f0009c9ab496e6361726e6174696f6e01a44d657461c0a44e6f6465a666616b652d61a4506f7274cd1f0aa356736ea60105020000000486a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e6f6465a5676f2dc3bca4506f7274cd1f0aa356736ea6010502000000',
    messages: [ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'a compound with CRC',
    by: CLEAR,
    form: { compression: false, crc: true },
    bytes:
      '0c65db3b610703003e003e003e0486a441646472a47f0009caab496e6361726e6174696f6e01a44d657461c0a44e6f6465a666616b652d62a4506f7274cd1f0aa356736ea60104020000000486a441646472a47f0009c9ab496e6361726e6174696f6e01a44d657461c0a44e6f6465a666616b652d61a4506f7274cd1f0aa356736ea60105020000000486a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e6f6465a5676f2dc3bca4506f7274cd1f0aa356736ea6010502000000',
    messages: [ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'a ping for a suspect',
    by: CLEAR,
    form: { compression: false, crc: false },
    bytes:
      '0702004400260085a44e6f6465a666616b652d62a55365714e6f03aa536f7572636541646472a47f0009cbaa536f757263654e6f6465a5676f2dc3bcaa536f75726365506f7274cd1f0a0383a446726f6da5676f2dc3bcab496e6361726e6174696f6e01a44e6f6465a666616b652d61',
    messages: [
      { kind: 'ping', node: 'fake-b', seqNo: 3, ...SOURCE },
      { kind: 'suspect', from: 'go-ü', incarnation: 1, node: 'fake-a' },
    ],
  },
  {
    what: 'compressed',
    by: CLEAR,
    form: { compression: true, crc: false },
    bytes:
      '0982a4416c676f00a3427566da009c000f0c00e0832041028648052143460ea93f0012285b95c4cd983072dc84a193e68d9b00a49a94a113061829276fc894316526cc9a322dc49082f2460e9d661f148cb232c78da900040400188a50214387101324a36811a3468e1e418a246912a54a962e61869959f366ce9d3d7f16104a34e1c2860f232e637a31e3c68e1f438e0c13aacdc994654a9d79d362182fae3671eae4e933c0d8a1000202',
    messages: [ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'compressed with CRC',
    by: CLEAR,
    form: { compression: true, crc: true },
    bytes:
      '0ca18996890982a4416c676f00a3427566da009c000f0c00e0832041028648052143460ea93f0012285b95c4cd983072dc84a193e68d9b00a49a94a113061829276fc894316526cc9a322dc49082f2460e9d661f148cb232c78da900040400188a50214387101324a36811a3468e1e418a246912a54a962e61869959f366ce9d3d7f16104a34e1c2860f232e637a31e3c68e1f438e0c13aacdc994654a9d79d362182fae3671eae4e933c0d8a1000202',
    messages: [ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'a compressed ack with news',
    by: CLEAR,
    form: { compression: true, crc: false },
    bytes:
      '0982a4416c676f00a3427566da00b0000f10002001800f830605083a05254c1e366fc29001566a4a99384ede0834442a0819327248fd019040d9aa246ec68491e3260c9d346fdc0420d5a40c9d30c048652453c69499306bcab410430aca1b39749a7d5030caca1c37a602101000a02a018e1e418a2499ec64ca952d5fc69c59f366ce9d3d7f066d11a6e8d1a44b9b3e8d5a80aa55ac1f438e4cb0ccab4a962e61caa469334ca8363adff02c75e64d8b61bcdc2255cad429d40075ab020808',
    messages: [{ kind: 'ackResp', payload: EMPTY, seqNo: 7 }, ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'encrypted',
    by: SEALED,
    form: { compression: false, crc: false },
    bytes: '01a613be94cbfb04504fb1b4a5551ecb1dd4bd001e69cadf2fbcca31ad3fd17035e52db384f63a3b',
    messages: [{ kind: 'nackResp', seqNo: 300 }],
  },
  {
    what: 'encrypted with CRC',
    by: SEALED,
    form: { compression: false, crc: true },
    bytes: '01e480c0e6680c52b40767aa51131f962ae424a41e5ea1e77f260ca5719a277c9bede034677f7d78',
    messages: [{ kind: 'user', payload: hex('68656c6c6f') }],
  },
  {
    what: 'an encrypted compound',
    by: SEALED,
    form: { compression: false, crc: false },
    bytes:
      '01f0f92e6cc40b2132f8749e11f417688843ed674d3795099d29e8d4fd74a4ba731b4c85ab9fb1a13549dd7c3b38cdc6bc2bbed31423a37a8c59f0d2f86473bfdc9f55f3b2dcb1ba62154724b70b06026e6bf9bdc07b84e05228759ccf622b89d4d18f77956a08984db368c1754af36a076610f4d32fa4746677b5ec8cd50d5e3195397e9ad3d2d58cfaca4190dbb2b4192074d4751e81dc6c6135c44cf7b5a7db05ea6cb5b94729472c0f95ab2233e90affe66ee03721541b755d982f1ca6375b0d9547f1ffb5451cce71d151bb54541a5138996f09fdef68b600eabe73f0c15f9035bfe275d3ef83566d3e4fb23757e0f8a5c426c82e1eccaa20e04d0aa8be9509ba69982589ea968f4332031a3316f26138bd9964659894faf8871345cdf593dc8bf111',
    messages: [{ kind: 'ping', node: 'fake-b', seqNo: 1, ...SOURCE }, ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'labelled',
    by: LABELLED,
    form: { compression: false, crc: false },
    bytes: 'f4076d6574616c6c620b81a55365714e6fcd012c',
    messages: [{ kind: 'nackResp', seqNo: 300 }],
  },
  {
    what: 'labelled with CRC',
    by: LABELLED,
    form: { compression: false, crc: true },
    bytes: 'f4076d6574616c6c620cada372550868656c6c6f',
    messages: [{ kind: 'user', payload: hex('68656c6c6f') }],
  },
  {
    what: 'labelled and encrypted',
    by: BOTH,
    form: { compression: true, crc: false },
    bytes:
      'f4076d6574616c6c6201cfdfefd28b5aa47918ba9231cff484d333f318681e6ea58835e91ea7f2a264ea1f561fcbf39934',
    messages: [{ kind: 'nackResp', seqNo: 300 }],
  },
  {
    what: 'labelled, encrypted, compressed, with CRC',
    by: BOTH,
    form: { compression: true, crc: true },
    bytes:
      'f4076d6574616c6c6201f8ff2ad3e7524370e090ed26221304fe4425688dcab767c91d832aed999c9e422196e634df42ce8882228a5f37ac5f4edc88c327d7e415c111ee3c05e3379d10a7e4d3b07be36241bb780fa357b5dfabe947704ed4558acf0c3a5e02464e77e05e643d195fcfe722cae90d67b7df1c05d22cb005ff4e4a4a16b76fde077c2bbcf0119c213b4ec714562a5644c452763fed3dec8c5ceed8b24326bbc4cc11c9efd970d2dfb970c2d52238001bc3b56db6a078553bc31eb8c7db861fcf79728a98e618055f525d50ed237ec39e',
    messages: [ALIVE_B, ALIVE_A, ALIVE_GO],
  },
  {
    what: 'encryption 0',
    by: SEALED,
    form: { compression: false, crc: false },
    bytes:
      '00ada63a3aa7dddf42c7e8058df023e89af9b89df2bb8981bae2ee864e9e1823de0a7aecfccd2141dab20e1d3a',
    messages: [{ kind: 'nackResp', seqNo: 300 }],
  },
  {
    what: 'encryption 0 of a compound with CRC',
    by: SEALED,
    form: { compression: false, crc: true },
    bytes:
      '004f433856cb1a4429300e99eb7e5543419c1f29fa8a24cd0d51a3c32e85f45add815f908b95b0270a885791e265334a43b75b762e9baf7422023e54ee5f985fd1c358347dc7343648d7ad50abc6c5e79659cb1dabce02ea1ec62bcaaa98bd640f819f9d84a1b8d7afe582dce40e879ad158aa50fc1e1d2630c21de0bebaaa82d7211e05a1576a9d92a8de4c37ea55658d2d66f8c57b4358acb218b6ad69173c1bdbe838eeb6236da5524c2a51bfd22b2cbc738228952a9f2bd2071f51e86c0a46a3076e467f5d775e53d6c6199355d0e8623000c92a4a53a9ad2035794b26374d64a60f0d0461fb9e7931ea9b',
    messages: [ALIVE_B, ALIVE_A, { ...ALIVE_GO, vsn: hex('010501000000') }],
  },
]

/** `by`, with the nonce of 12 bytes that a peer took. */
const withNonce = (by: Security, bytes: Uint8Array, at: number): Security => ({
  ...by,
  nonce: () => bytes.subarray(at, at + 12),
})

for (const { what, by, form, bytes: text, messages } of PACKETS) {
  const bytes = hex(text)
  const version = labelHeader(by.label).length
  test(`memberlist/captured-packet: ${what}`, () => {
    assert.deepEqual(decodePacket(bytes, by), { messages, drops: [] })
    if (by.keys.length > 0 && bytes[version] === 0) return
    const plain = compound(messages.map(encodeMessage))
    const again = encodePacket(plain, form, withNonce(by, bytes, version + 1))
    assert.equal(Buffer.from(again).toString('hex'), text)
  })
}
