/**
 * BGPPeer between v1beta1 and v1beta2. What v1beta1 has no field for is lost on the way there, as in
 * MetalLB. What is unset stays unset: MetalLB makes hold and keepalive times of 0 of it.
 */
import { bgpPeerSpecV1beta1 } from '../config/bgp-peer.ts'
import { GROUP } from '../config/crd.ts'

export type Converted =
  { readonly ok: true; readonly object: object } | { readonly ok: false; readonly problem: string }

type Fields = Readonly<Record<string, unknown>>

const OLD = `${GROUP}/v1beta1`
const NEW = `${GROUP}/v1beta2`
const OLD_FIELDS = Object.keys(bgpPeerSpecV1beta1.shape)

/** `object`: a BGPPeer as the API server has it, valid by its schema. */
export function convertBgpPeer(object: unknown, apiVersion: string): Converted {
  if (!isFields(object) || object['kind'] !== 'BGPPeer') {
    return { ok: false, problem: `expected a BGPPeer, got ${textOf(object, 'kind')}` }
  }
  const from = object['apiVersion']
  if (from === apiVersion) return { ok: true, object }
  const spec = isFields(object['spec']) ? object['spec'] : undefined
  if (from === OLD && apiVersion === NEW) {
    return { ok: true, object: { ...object, apiVersion, ...(spec && { spec: upwards(spec) }) } }
  }
  if (from === NEW && apiVersion === OLD) {
    return { ok: true, object: { ...object, apiVersion, ...(spec && { spec: downwards(spec) }) } }
  }
  const expected = `${OLD} and ${NEW}`
  return {
    ok: false,
    problem: `expected a conversion between ${expected}, got ${textOf(object, 'apiVersion')} to ${apiVersion}`,
  }
}

/** All fields are there under the same names; port 0 meant "the default". */
function upwards({ peerPort, ...rest }: Fields): Fields {
  return peerPort === undefined || peerPort === 0 ? rest : { ...rest, peerPort }
}

/** v1beta1 insists on an AS number and an address, which a peer may have learnt now. */
function downwards(spec: Fields): Fields {
  const kept = Object.entries(spec).filter(([field]) => OLD_FIELDS.includes(field))
  return { peerASN: 0, peerAddress: '', ...Object.fromEntries(kept) }
}

const textOf = (object: unknown, field: string): string =>
  isFields(object) && typeof object[field] === 'string' ? object[field] : 'none'

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
