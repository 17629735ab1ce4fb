/**
 * Streams of hashicorp/memberlist v0.5.1, taken from its socket: each is read as it was meant, and
 * written again with the same bytes. Encryption 0 is only ever read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aesGcm } from '../../../adapters/aes-gcm.ts'
import { labelHeader } from './security.ts'
import type { Security } from './security.ts'
import { decodeStream, encodeStream } from './stream.ts'
import type { PushNodeState, Side, StreamMessage } from './stream.ts'

interface Stream {
  readonly what: string
  readonly by: Security
  readonly side: Side
  readonly compression: boolean
  readonly bytes: string
  readonly message: StreamMessage
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
const NODE_GO: PushNodeState = {
  name: 'go-ü',
  addr: hex('7f0009cb'),
  port: 7946,
  incarnation: 1,
  meta: hex('6d'),
  state: 0,
  vsn: hex('010502000000'),
}
const NODE_A = { ...NODE_GO, name: 'fake-a', addr: hex('7f0009c9'), meta: EMPTY }
/** Whom no CRC is sent. */
const NODE_B = { ...NODE_A, name: 'fake-b', addr: hex('7f0009ca'), vsn: hex('010402000000') }
const STREAMS: readonly Stream[] = [
  {
    what: 'a push/pull request',
    by: CLEAR,
    side: 'dialer',
    compression: false,
    bytes:
      '0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656e0887a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e616d65a5676f2dc3bca4506f7274cd1f0aa5537461746500a356736ea6010502000000676f2d7374617465',
    message: { kind: 'pushPull', join: true, nodes: [NODE_GO], userState: hex('676f2d7374617465') },
  },
  {
    what: 'its reply',
    by: CLEAR,
    side: 'acceptor',
    compression: false,
    bytes:
      '0683a44a6f696ec2a54e6f64657303ac5573657253746174654c656e0887a441646472a47f0009c9ab496e6361726e6174696f6e01a44d657461c0a44e616d65a666616b652d61a4506f7274cd1f0aa5537461746500a356736ea601050200000087a441646472a47f0009caab496e6361726e6174696f6e01a44d657461c0a44e616d65a666616b652d62a4506f7274cd1f0aa5537461746500a356736ea601040200000087a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e616d65a5676f2dc3bca4506f7274cd1f0aa5537461746500a356736ea6010502000000676f2d7374617465',
    message: {
      kind: 'pushPull',
      join: false,
      nodes: [NODE_A, NODE_B, NODE_GO],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'a ping',
    by: CLEAR,
    side: 'dialer',
    compression: false,
    bytes:
      '0085a44e6f6465a666616b652d61a55365714e6f02aa536f7572636541646472a47f0009cbaa536f757263654e6f6465a5676f2dc3bcaa536f75726365506f7274cd1f0a',
    message: { kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE },
  },
  {
    what: 'its ack',
    by: CLEAR,
    side: 'acceptor',
    compression: false,
    bytes: '0282a75061796c6f6164c0a55365714e6fce00011170',
    message: { kind: 'ackResp', payload: EMPTY, seqNo: 70000 },
  },
  {
    what: 'a user message',
    by: CLEAR,
    side: 'dialer',
    compression: false,
    bytes: '0881aa557365724d73674c656e0f68656c6c6f2062792073747265616d',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'an error',
    by: CLEAR,
    side: 'acceptor',
    compression: false,
    bytes:
      '0d81a54572726f72da003a52656d6f746520737461746520697320656e6372797074656420616e6420656e6372797074696f6e206973206e6f7420636f6e66696775726564',
    message: { kind: 'err', error: 'Remote state is encrypted and encryption is not configured' },
  },
  {
    what: 'a push/pull request, compressed',
    by: CLEAR,
    side: 'dialer',
    compression: true,
    bytes:
      '0982a4416c676f00a3427566da0070000d0c22a5e44d1a37c34a397943a6cc9c00acaacc2923670a9d3074ca3029e306c1215241c8909143ea0f8004cb56257133268c1c3718d3bc7113805493321743b521e5244c9b32a5cebc69318c1729286fe4d069f64141298b18cb001865658e1b53010a0800c055688b3917330604',
    message: { kind: 'pushPull', join: true, nodes: [NODE_GO], userState: hex('676f2d7374617465') },
  },
  {
    what: 'its reply, compressed',
    by: CLEAR,
    side: 'acceptor',
    compression: true,
    bytes:
      '0982a4416c676f00a3427566da00c3000d0c22a5e44d1a37c24a397943a6cc9c01acaacc2923670a9d3074ca3029e306c1215241c8909143ea0f8004c956257133268c1c3718d3bc7113805493321781917212a64d195366c2ac29d3220c29286fe4d069f64141298b18cb001865658e1b53010a0800c0f563c891254f2a53c9d2254c3a3269dac41946274f9f408512157334e9d2a64f2f669c5af56a00025bbb821449d2648265645bbe8c39b3e6cd8ba1daecec59a6d499372d86f1aaab94a953a87ba95ac5aa952b80cb2de6e82d1310',
    message: {
      kind: 'pushPull',
      join: false,
      nodes: [NODE_A, NODE_B, NODE_GO],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'a ping, compressed',
    by: CLEAR,
    side: 'dialer',
    compression: true,
    bytes:
      '0982a4416c676f00a3427566da004400011422e5e40d9932a6cc845953a645985253cac4292840d5943775e48c2913840c1939a4fe0048b0cc22468d650a1e2c75e64d8b61bc4c66dc08e58d1c3acd3e280808',
    message: { kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE },
  },
  {
    what: 'its ack, compressed',
    by: CLEAR,
    side: 'acceptor',
    compression: true,
    bytes: '0982a4416c676f00a3427566bb0005083a05254c1e366fc29001566a4a99384ede38031020029c80',
    message: { kind: 'ackResp', payload: EMPTY, seqNo: 70000 },
  },
  {
    what: 'a user message, compressed',
    by: CLEAR,
    side: 'dialer',
    compression: true,
    bytes:
      '0982a4416c676f00a3427566da00230011045255654e19394de69c6152c6cd033465d8b07903424c1e1073e8c82913a64d40',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'an error, compressed',
    by: CLEAR,
    side: 'acceptor',
    compression: true,
    bytes:
      '0982a4416c676f00a3427566da0045001b042a55448e9c3772b401d021a54c9b3774ca809843274c441069e68028e3668c9c3c7022920111c6cd488e1e41d249f3c60d468d6e208218d3d24c9a3375e494211310',
    message: { kind: 'err', error: 'Remote state is encrypted and encryption is not configured' },
  },
  {
    what: 'a push/pull request, encrypted',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000008601f80dfa799b3fa2303a82f7c9c978919214a83b22ac81ea4aff79fd09734713331188155b59456c70ee249a7e39ad5dba6dfa643c2d0fc75d7d9208bb0cbe6b91f5d5aeefbb5f6b543086206bf81d038a385bd9270814c88df5cf4c70f3752ce7450fe5cdd39bcdb9309c1500f873d2b066b345941ca5471beed0d42c349990ca4b149cc832',
    message: { kind: 'pushPull', join: true, nodes: [NODE_GO], userState: hex('676f2d7374617465') },
  },
  {
    what: 'its reply, encrypted',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a0000010e017e3e3dfa55ce99fd2ad9edeba9e690607cbab0a2d00010341e208edee30a119e4001413919556cf7485a4ebcf8da808501ea787f3f103b23a74a5ef8980add322aac4f017fae04a25ff246ef81cfd1c1605304addcf33411137b2e093398884acedecd0492f4a4f2bb382185e96cec327db81c73d46cd5a9c7e9ed79e5c1b0367e41121dd8062e2e448ea70204fd01a75db73b246028b26c48da7a79b7588a6f28f480fe74892f30eec6e98bd1dd1a3acc765777c71c6ce20c542b24214f5d104e0cab3dafc34fb6c71fafb7b664b7c30b74d72ecd59fbb4e809b0b55b5ab6458d29fa981b97004b5b868cbd835868e292668aec6e8e6493fab3882c8707d55c76281b5d1a468115669c426b83',
    message: {
      kind: 'pushPull',
      join: false,
      nodes: [NODE_A, NODE_B, NODE_GO],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'a ping, encrypted',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000006101f941e882b83795d3bc38a700068723397082836d0f7aac7adfea54f4bdacd025d1dbd32dc2eae2f866850bbda7010b2a17c3872f7e90f734eff5baf6f110cad799db17fd5cd119b5e9e8b3ed825df369aeff5a5702063e8adc9c92a34dc100de',
    message: { kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE },
  },
  {
    what: 'its ack, encrypted',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a000000330149cfa20d0c87fe8825ce70e51c5ebf6388d6f7487ec01f1123573f943568e371a32c8cb5906b48f2ea61b146e7ee041d19dd',
    message: { kind: 'ackResp', payload: EMPTY, seqNo: 70000 },
  },
  {
    what: 'a user message, encrypted',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000003a015b09435a6c87780308ca4a9c89d30dc95eaf7997547e507f83967feed7713b336066a319b26331ca5ccedc411cf2160b264764919407a97a12',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'an error, encrypted',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a00000062016f33cf5185ed49b156de359513ab310abb50b285114ffbc8875a8b3c54093469bb0276479e98bef01db25dbf3ec0c780cf4623c9a125098cbc434e02ec67cffd17f7cd00d5375d76db589966267e3357f992963f45dab2d5e4e5f6fb14420f6c39',
    message: { kind: 'err', error: 'Encryption is configured but remote state is not encrypted' },
  },
  {
    what: 'a push/pull request, labelled',
    by: LABELLED,
    side: 'dialer',
    compression: false,
    bytes:
      'f4076d6574616c6c620683a44a6f696ec3a54e6f64657301ac5573657253746174654c656e0887a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e616d65a5676f2dc3bca4506f7274cd1f0aa5537461746500a356736ea6010502000000676f2d7374617465',
    message: { kind: 'pushPull', join: true, nodes: [NODE_GO], userState: hex('676f2d7374617465') },
  },
  {
    what: 'a ping, labelled',
    by: LABELLED,
    side: 'dialer',
    compression: false,
    bytes:
      'f4076d6574616c6c620085a44e6f6465a666616b652d62a55365714e6f02aa536f7572636541646472a47f0009cbaa536f757263654e6f6465a5676f2dc3bcaa536f75726365506f7274cd1f0a',
    message: { kind: 'ping', node: 'fake-b', seqNo: 2, ...SOURCE },
  },
  {
    what: 'a user message, labelled',
    by: LABELLED,
    side: 'dialer',
    compression: false,
    bytes: 'f4076d6574616c6c620881aa557365724d73674c656e0f68656c6c6f2062792073747265616d',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'a push/pull request, labelled, encrypted, compressed',
    by: BOTH,
    side: 'dialer',
    compression: true,
    bytes:
      'f4076d6574616c6c620a0000009c018c5f98ae28b11078ecb40005d3dc864c4738ed2a3156c5702ed0cb8a902cbf33eda5ba3ca7ff762b1f1ac860dc24f4017b179225744a1e38aaa3513112510f255cb7efc50ba97646816f7eb8df1c88d43dce44f6a3ba837c4a9286d76c7bc45e2b4bfda09ad3a77735db49b51894b0bac6462ca6f93b024f96b1aa8b562e5e03237ffd33214f78a74bb5140019c0a5733036b9c23e5a8ac9037725',
    message: { kind: 'pushPull', join: true, nodes: [NODE_GO], userState: hex('676f2d7374617465') },
  },
  {
    what: 'its reply, labelled, encrypted, compressed',
    by: BOTH,
    side: 'acceptor',
    compression: true,
    bytes:
      '0a000000ef012e78f690e5cacd7a7461f4fa7532745699b838d33ec7016149311a7359bae1fa165eed6928c66a4053e852024b5cda83d5a62dc2c2203c5d91d0ea0e242765e9b08cf22dd0a3a9d98b34b45ada172ea261c8e47f7733a769cb23a1ee9e4ff382e4cf4b35fe25fc07bd4fd206dd45f7ced10cadf9a5dc40ea62dc4a4d5ff379edaef09211b8a2d6a056ab5fd1f9a17d5fbbf66922feb693704852e399836c6b2236cab5fefed8d18a6a938f172dce51ba5b65262332e46d653cd0878a5d145be21a335fe011882f75f9afd22c4e451a9f907dc558055b56175eff82013d032693b72abf589738e761b8ffa48451b0',
    message: {
      kind: 'pushPull',
      join: false,
      nodes: [NODE_A, NODE_B, NODE_GO],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'a ping, labelled, encrypted, compressed',
    by: BOTH,
    side: 'dialer',
    compression: true,
    bytes:
      'f4076d6574616c6c620a00000070012bcbea86e8a6745e267a268a10c09691cab35487fd7437bc26ac6838eb7b9c9b71c7998c3049ade04c31ed040e7d35c8bd5ddbe2ddcf0af23c24a4acb6be0753fa13acf50eeeab513e758b06affa17e98bd7edbce77f515d0b362a6e2238cf798b3faebf3aa8861608bb643e0ff0b4',
    message: { kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE },
  },
  {
    what: 'its ack, labelled, encrypted, compressed',
    by: BOTH,
    side: 'acceptor',
    compression: true,
    bytes:
      '0a0000004501c37f462c2b7f07496f99b411a4a09ec2f1c938d6010beaf600b8edb3d6a86065df2e400d62e225f7a2b5ebc8cda6bab001cf659f8703cc031ec826fc3cf5f8759f27cd08',
    message: { kind: 'ackResp', payload: EMPTY, seqNo: 70000 },
  },
  {
    what: 'a user message, labelled, encrypted, compressed',
    by: BOTH,
    side: 'dialer',
    compression: true,
    bytes:
      'f4076d6574616c6c620a0000004f01298a94bb4f6b9872f3ca4839e9634293348556ae2bedae38ecc3ddb65ae2661e0598bf647b4646d54a51dfc00194d6d5b2841c3a8a09d2fe9c744a9259dd5c819462ed1e33aeeea79a77bed5ccd4',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'an error, labelled, encrypted, compressed',
    by: BOTH,
    side: 'acceptor',
    compression: true,
    bytes:
      '0a0000007101ec62e2889ff2f1f12bc5c532164200c28851226f653ae722723a3f1e790cd492f394426280eb93301b652e6dd0bb2802d2b7aafe8094ef4ce0a6c3ce984395b2f9525d708d449700fe4d44a1eda778168592bc1561f9a6402d52abbf67786d6873e486b144711a6609cf35983af44c21',
    message: { kind: 'err', error: 'Encryption is configured but remote state is not encrypted' },
  },
  {
    what: 'a push/pull request, encryption 0',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000008d009ca51103d58debb2f5c7c74fa17be4a30788dec1ef28fc0a8f86976949ad152339339c938680005a6758c58b39aeec4eadd967614fcc06bdd86cee2670a36f08398a081ff511fda87af103853fb90332d6e3b1f01daed79ced9bec5518483beb5e8cfe87c119de5612659c30e565aae29b28e5fed638708406425dc8a5f42da3494aea07e51c11722780087d',
    message: {
      kind: 'pushPull',
      join: true,
      nodes: [{ ...NODE_GO, vsn: hex('010501000000') }],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'its reply, encryption 0',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a0000011d00991d85d8c4df71925a1ff74bf38fc83909c010b5395207e44bf097123e62d850751be79d05c017aa4edadbb7fdc2a078d81a01222dd23286467972448a17d27936844e8c9e88826f1bba502e1cc3b22dc3e3dd4f8f2868c88728d2603ec65f85c699531b2e64aed45296b4317c66a65dd40d9f0753deeed9358c658b554ef4cdaf0fba7c10958ab0449c727923298047e94c8a6db3eec83901894c5903b191a127cb2de944804c30b2e60cba491cf465439d19706c4aca7c6c0f4904843c78281f3464b313b07c7cadf8a1ded8ffe96e226b659caf8e77b46bdadc1ac6910396d8398eb197e91fc04b7755619c461a699774857a7f31e341a103d837262eee12d838e0a2cccc460f147c952c478952d2c337065294c5f67748199951',
    message: {
      kind: 'pushPull',
      join: false,
      nodes: [NODE_A, NODE_B, { ...NODE_GO, vsn: hex('010501000000') }],
      userState: hex('676f2d7374617465'),
    },
  },
  {
    what: 'a ping, encryption 0',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000006d00de3fc2608bfcff29fc8e22a377d48c4cb3776eb573e3a66873a04a37d0c91cb22320bb4131626114b45a09ca48c14f694419448c0108bc120af3d15080e0883166ab2a644ad807944c5a4afbbafd57d693e3d06f8d7f0a1cf5a511878c491a7181cbd67f7d5f8cba27faee55',
    message: { kind: 'ping', node: 'fake-a', seqNo: 2, ...SOURCE },
  },
  {
    what: 'its ack, encryption 0',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a0000003d00233e9c46b91fba4fc0fd2cb9d99a78a02d31c64650c9262e85811da5c4456e90c615d90022ac0337f40b45f5ca8aa77c25ef1036002f51c1a43bbb5d',
    message: { kind: 'ackResp', payload: EMPTY, seqNo: 70000 },
  },
  {
    what: 'a user message, encryption 0',
    by: SEALED,
    side: 'dialer',
    compression: false,
    bytes:
      '0a0000003d00fd75dd7e3ad0b0003f46e4af4cbc97b7d9b5ccce21188256de39374fe67b249a80b9abc11f7549eb0bdc4d106f0ae5d815dc1c6c744f6497bab8af89',
    message: { kind: 'user', payload: hex('68656c6c6f2062792073747265616d') },
  },
  {
    what: 'an error, encryption 0',
    by: SEALED,
    side: 'acceptor',
    compression: false,
    bytes:
      '0a0000006d00ecd79bd580848d9bd1ee8e3249d33a4bff75104cf70dd5fa5b98693c414b81a981cc8d68239843c3a5b43e01979b123678eff4098af9ffe90993b0c9665bf5c29435d5b68a3eeadc9a7354dda73de05b60bf8f9bb24a605b4bf8bef062a0f7dab61f4d70892b0c727efa9c32',
    message: { kind: 'err', error: 'Encryption is configured but remote state is not encrypted' },
  },
  {
    what: 'a push/pull request with a long user state',
    by: CLEAR,
    side: 'dialer',
    compression: false,
    bytes: `0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656ed100c887a441646472a47f0009cbab496e6361726e6174696f6e01a44d657461a16da44e616d65a5676f2dc3bca4506f7274cd1f0aa5537461746500a356736ea6010502000000${'78'.repeat(200)}`,
    message: {
      kind: 'pushPull',
      join: true,
      nodes: [NODE_GO],
      userState: new Uint8Array(200).fill(0x78),
    },
  },
]

/** `by`, with the nonce of 12 bytes that a peer took. */
const withNonce = (by: Security, bytes: Uint8Array, at: number): Security => ({
  ...by,
  nonce: () => bytes.subarray(at, at + 12),
})

for (const { what, by, side, compression, bytes: text, message } of STREAMS) {
  const bytes = hex(text)
  const version = (side === 'dialer' ? labelHeader(by.label).length : 0) + 5
  test(`memberlist/captured-stream: ${what}`, () => {
    assert.deepEqual(decodeStream(bytes, side, by), { ok: true, value: message })
    for (let length = 0; length < bytes.length; length++) {
      const part = decodeStream(bytes.subarray(0, length), side, by)
      assert.deepEqual(part, { ok: false, reason: 'truncated' }, `${length} bytes`)
    }
    if (by.keys.length > 0 && bytes[version] === 0) return
    const again = encodeStream(message, side, compression, withNonce(by, bytes, version + 1))
    assert.equal(Buffer.from(again).toString('hex'), text)
  })
}
