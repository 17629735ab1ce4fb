/** What is admitted, and what it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { admit } from './admit.ts'
import type { AdmissionRequest, Known } from './admit.ts'
import { convertBgpPeer } from './convert.ts'
import { answerAdmission, answerConversion } from './review.ts'
import { VALIDATING_PATHS } from './webhooks.ts'

const NAMESPACE = 'metallb-system'
const none: Known = {
  IPAddressPool: [],
  L2Advertisement: [],
  BGPAdvertisement: [],
  BGPPeer: [],
  BFDProfile: [],
  Community: [],
  nodes: [],
}
const named = (name: string, spec: object, metadata: object = {}) => ({
  metadata: { name, namespace: NAMESPACE, ...metadata },
  spec,
})
const pool = (name: string, ...addresses: string[]) => named(name, { addresses })
const peer = (spec: object = {}, name = 'p') =>
  named(name, { myASN: 64500, peerASN: 64501, peerAddress: '10.9.0.1', ...spec })

const ask = (some: Partial<AdmissionRequest>, known: Partial<Known> = {}) =>
  admit(
    { kind: 'IPAddressPool', operation: 'CREATE', name: 'p', namespace: NAMESPACE, ...some },
    { ...none, ...known },
    NAMESPACE,
  )

test('admission: what is good is admitted', () => {
  assert.deepEqual(ask({ object: pool('p', '10.0.0.0/24') }), {
    allowed: true,
    message: '',
    warnings: [],
  })
})

test('admission: all problems are told in one message, those of the object by their place alone', () => {
  const verdict = ask(
    { object: pool('p', '10.0.0.0/24', 'banana'), namespace: 'default' },
    { IPAddressPool: [pool('o', '10.0.0.8/29'), pool('z', '10.0.0.64/29')] },
  )
  assert.equal(verdict.allowed, false)
  assert.match(verdict.message, /^4 problems: \(1\) resource must be created in metallb-system/)
  assert.match(verdict.message, /\) spec.addresses\[1\]: invalid CIDR "banana"/)
  assert.match(verdict.message, /\) spec.addresses: CIDR .* in pool "o"/)
  // Told of the later of two by name, which is another object here.
  assert.match(verdict.message, /IPAddressPool\/z spec.addresses: CIDR .* in pool "p"/)
})

test('admission: what was wrong before is not held against this object', () => {
  const broken = [pool('x', 'banana'), pool('y', '10.1.0.0/24'), pool('z', '10.1.0.0/24')]
  assert.equal(ask({ object: pool('p', '10.0.0.0/24') }, { IPAddressPool: broken }).allowed, true)
})

test('admission: an update is judged by what it makes of the object, not together with the old one', () => {
  const known = { IPAddressPool: [pool('p', '10.0.0.0/24')] }
  const update = (object: unknown) =>
    ask({ operation: 'UPDATE', object, oldObject: known.IPAddressPool[0] }, known)
  assert.equal(update(pool('p', '10.0.0.0/25')).allowed, true)
  assert.equal(update(pool('p', 'banana')).allowed, false)
})

test('admission: an update of what configuration does not see is admitted, however bad the rest', () => {
  const bad = pool('p', 'banana')
  const annotated = { ...bad, metadata: { ...bad.metadata, annotations: { note: 'x' } } }
  const leaving = named('p', { addresses: ['kiwi'] }, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  for (const object of [annotated, leaving]) {
    const known = { IPAddressPool: [bad] }
    assert.equal(ask({ operation: 'UPDATE', object, oldObject: bad }, known).allowed, true)
  }
})

test('admission: what may still come is no reason to refuse', () => {
  const kind = 'BGPPeer'
  const object = peer({ bfdProfile: 'later', passwordSecret: { name: 'later' } })
  assert.equal(ask({ kind, object }).allowed, true)
  const ad = named('ad', { communities: ['later'], ipAddressPools: ['later'], peers: ['later'] })
  assert.equal(ask({ kind: 'BGPAdvertisement', object: ad }).allowed, true)
})

test('admission: a BFDProfile in use is not deleted', () => {
  const request = { kind: 'BFDProfile', operation: 'DELETE', name: 'quick' } as const
  const known = { BGPPeer: [peer({ bfdProfile: 'quick' }), peer({}, 'other')] }
  const { allowed, message } = ask(request, known)
  assert.equal(allowed, false)
  assert.equal(message, 'failed to delete BFDProfile quick, used by BGPPeer p')
  assert.equal(ask({ ...request, name: 'slow' }, known).allowed, true)
})

test('admission: disableMP is a warning beside the other checks, not instead of them', () => {
  const { allowed, warnings } = ask({
    kind: 'BGPPeer',
    object: peer({ disableMP: true, myASN: 0 }),
  })
  assert.equal(allowed, false)
  assert.equal(warnings.filter((text) => text.includes('disableMP')).length, 1)
  assert.equal(warnings.filter((text) => text.includes('BGP is not built yet')).length, 1)
})

test('admission: whatever comes, there is an answer', () => {
  const paths = fc.constantFrom(...Object.keys(VALIDATING_PATHS), '/elsewhere')
  fc.assert(
    fc.property(paths, fc.anything(), fc.anything(), (path, object, oldObject) => {
      const operation = 'UPDATE'
      const request = { uid: 'u', operation, name: 'n', namespace: 'x', object, oldObject }
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
      answerAdmission(path, review, none, NAMESPACE)
      answerAdmission(path, object, none, NAMESPACE)
      answerConversion(object)
    }),
  )
})

test('admission: the answer carries the uid, the code and the words', () => {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      operation: 'CREATE',
      namespace: NAMESPACE,
      object: pool('p', 'banana'),
      oldObject: null,
    },
  }
  const [path = ''] = Object.keys(VALIDATING_PATHS)
  const answer = answerAdmission(path, review, none, NAMESPACE)
  assert.ok(answer.ok)
  assert.deepEqual(answer.body, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u1',
      allowed: false,
      status: { code: 403, message: 'spec.addresses[0]: invalid CIDR "banana"' },
    },
  })
  assert.equal(answer.about.object, 'IPAddressPool/p')
})

const old = (spec: object) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'BGPPeer',
  metadata: { name: 'p', uid: 'u' },
  spec,
})
const v1beta1Spec = fc.record(
  {
    myASN: fc.nat(),
    peerASN: fc.nat(),
    peerAddress: fc.ipV4(),
    peerPort: fc.integer({ min: 1, max: 16_384 }),
    holdTime: fc.constantFrom('90s', '0s'),
    keepaliveTime: fc.constantFrom('30s', '0s'),
    routerID: fc.ipV4(),
    nodeSelectors: fc.constant([{ matchLabels: { a: 'b' } }]),
    password: fc.string(),
    bfdProfile: fc.string(),
    ebgpMultiHop: fc.boolean(),
  },
  { requiredKeys: ['myASN', 'peerASN', 'peerAddress'], noNullPrototype: true },
)

test('admission/convert: v1beta1 to v1beta2 and back loses nothing and sets nothing', () => {
  fc.assert(
    fc.property(v1beta1Spec, (spec) => {
      const there = convertBgpPeer(old(spec), 'metallb.io/v1beta2')
      assert.ok(there.ok)
      const fields = (there.object as { spec: object }).spec
      assert.deepEqual(Object.keys(fields).toSorted(), Object.keys(spec).toSorted())
      const back = convertBgpPeer(there.object, 'metallb.io/v1beta1')
      assert.ok(back.ok)
      assert.deepEqual(back.object, old(spec))
    }),
  )
})

test('admission/convert: what v1beta1 cannot say is left out, what it insists on is put in', () => {
  const object = {
    ...old({ myASN: 1, dynamicASN: 'external', interface: 'eth0', vrf: 'red' }),
    apiVersion: 'metallb.io/v1beta2',
  }
  const converted = convertBgpPeer(object, 'metallb.io/v1beta1')
  assert.ok(converted.ok)
  assert.deepEqual(converted.object, old({ peerASN: 0, peerAddress: '', myASN: 1 }))
})

test('admission/convert: port 0 of v1beta1 meant the default', () => {
  const converted = convertBgpPeer(old({ peerPort: 0 }), 'metallb.io/v1beta2')
  assert.ok(converted.ok)
  assert.deepEqual((converted.object as { spec: object }).spec, {})
})

for (const [what, object, version, problem] of [
  ['another kind', { kind: 'Pod' }, 'metallb.io/v1beta2', /expected a BGPPeer, got Pod/],
  ['another version', old({}), 'metallb.io/v1', /got metallb.io\/v1beta1 to metallb.io\/v1$/],
] as const) {
  test(`admission/convert: ${what} is refused`, () => {
    const answer = answerConversion({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'ConversionReview',
      request: { uid: 'u', desiredAPIVersion: version, objects: [object] },
    })
    assert.ok(answer.ok)
    assert.match(answer.about.problems.join(), problem)
    const { response } = answer.body as { response: { result: { status: string } } }
    assert.equal(response.result.status, 'Failure')
  })
}
