/** Links and their addresses, as rtnetlink(7) tells of them. Numbers are little-endian: x86, ARM. */
import type { Link, LinkAddress } from '../announce/interfaces.ts'
import type { Decoded } from '../decoded.ts'
import { decoded, drop } from '../decoded.ts'
import { ipFromBytes } from '../net/ip.ts'
import { viewOf } from './ethernet.ts'

export type LinkChange =
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'linkGone'; readonly index: number }
  | { readonly kind: 'address'; readonly address: LinkAddress }
  | { readonly kind: 'addressGone'; readonly address: LinkAddress }
  /** A dump ends here. */
  | { readonly kind: 'done' }
  /** Something changed during the dump: it must be asked for again. */
  | { readonly kind: 'interrupted' }
  /** The kernel refused the request, with this errno. */
  | { readonly kind: 'error'; readonly errno: number }

export type NetlinkDrop = 'netlinkTruncated'

const HEADER = 16
const LINK_HEADER = 16
const ADDRESS_HEADER = 8
const TYPE = {
  error: 2,
  done: 3,
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddr: 20,
  delAddr: 21,
  getAddr: 22,
} as const
const FLAG = { request: 0x1, dumpInterrupted: 0x10, dump: 0x300 } as const
const AF_UNSPEC = 0
const ATTRIBUTE_TYPE = 0x3fff

/** Asks for all links, or all addresses. */
export function encodeDumpRequest(what: 'links' | 'addresses'): Uint8Array {
  const bytes = new Uint8Array(HEADER + LINK_HEADER)
  const view = viewOf(bytes)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, what === 'links' ? TYPE.getLink : TYPE.getAddr, true)
  view.setUint16(6, FLAG.request | FLAG.dump, true)
  return bytes
}

/** One datagram: any number of messages. Those of other types are passed over. */
export function decodeLinkChanges(bytes: Uint8Array): Decoded<LinkChange[], NetlinkDrop> {
  const changes: LinkChange[] = []
  const view = viewOf(bytes)
  let at = 0
  while (at < bytes.length) {
    if (at + HEADER > bytes.length) return drop('netlinkTruncated')
    const length = view.getUint32(at, true)
    if (length < HEADER || at + length > bytes.length) return drop('netlinkTruncated')
    if ((view.getUint16(at + 6, true) & FLAG.dumpInterrupted) !== 0) {
      changes.push({ kind: 'interrupted' })
    }
    const change = decodeChange(
      view.getUint16(at + 4, true),
      bytes.subarray(at + HEADER, at + length),
    )
    if (!change.ok) return change
    if (change.value) changes.push(change.value)
    at += aligned(length)
  }
  return decoded(changes)
}

function decodeChange(
  type: number,
  body: Uint8Array,
): Decoded<LinkChange | undefined, NetlinkDrop> {
  switch (type) {
    case TYPE.done:
      return decoded({ kind: 'done' })
    case TYPE.error:
      if (body.length < 4) return drop('netlinkTruncated')
      return decoded({ kind: 'error', errno: -viewOf(body).getInt32(0, true) })
    case TYPE.newLink:
    case TYPE.delLink:
      return decodeLink(type, body)
    case TYPE.newAddr:
    case TYPE.delAddr:
      return decodeAddress(type, body)
    default:
      return decoded(undefined)
  }
}

const IFLA = { address: 1, name: 3, master: 10 } as const

function decodeLink(type: number, body: Uint8Array): Decoded<LinkChange | undefined, NetlinkDrop> {
  if (body.length < LINK_HEADER) return drop('netlinkTruncated')
  const view = viewOf(body)
  // Bridges tell of their ports by messages of their own: a port that leaves is no link that goes.
  if (view.getUint8(0) !== AF_UNSPEC) return decoded(undefined)
  const index = view.getInt32(4, true)
  if (type === TYPE.delLink) return decoded({ kind: 'linkGone', index })
  const attributes = decodeAttributes(body.subarray(LINK_HEADER))
  if (!attributes.ok) return attributes
  const mac = attributes.value.get(IFLA.address)
  const name = attributes.value.get(IFLA.name) ?? new Uint8Array()
  return decoded({
    kind: 'link',
    link: {
      index,
      name: String.fromCharCode(...name.subarray(0, 15)).replace(/\0.*$/s, ''),
      mac: mac?.length === 6 ? mac.slice() : undefined,
      flags: view.getUint32(8, true),
      master: uint32(attributes.value.get(IFLA.master)) ?? 0,
    },
  })
}

const IFA = { address: 1, local: 2, flags: 8 } as const

function decodeAddress(
  type: number,
  body: Uint8Array,
): Decoded<LinkChange | undefined, NetlinkDrop> {
  if (body.length < ADDRESS_HEADER) return drop('netlinkTruncated')
  const view = viewOf(body)
  const attributes = decodeAttributes(body.subarray(ADDRESS_HEADER))
  if (!attributes.ok) return attributes
  // On a point-to-point link ADDRESS is the peer's, LOCAL this node's.
  const bytes = attributes.value.get(IFA.local) ?? attributes.value.get(IFA.address)
  const ip = bytes && ipFromBytes(bytes)
  if (!ip) return decoded(undefined)
  const flags = uint32(attributes.value.get(IFA.flags)) ?? view.getUint8(2)
  const address = { index: view.getUint32(4, true), ip, prefixLength: view.getUint8(1), flags }
  return decoded({ kind: type === TYPE.newAddr ? 'address' : 'addressGone', address })
}

function decodeAttributes(bytes: Uint8Array): Decoded<Map<number, Uint8Array>, NetlinkDrop> {
  const attributes = new Map<number, Uint8Array>()
  const view = viewOf(bytes)
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) return drop('netlinkTruncated')
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > bytes.length) return drop('netlinkTruncated')
    attributes.set(
      view.getUint16(at + 2, true) & ATTRIBUTE_TYPE,
      bytes.subarray(at + 4, at + length),
    )
    at += aligned(length)
  }
  return decoded(attributes)
}

const aligned = (length: number): number => (length + 3) & ~3

const uint32 = (bytes: Uint8Array | undefined): number | undefined =>
  bytes && bytes.length >= 4 ? viewOf(bytes).getUint32(0, true) : undefined
