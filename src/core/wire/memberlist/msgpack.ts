/**
 * The msgpack dialect of hashicorp's go-msgpack: the old specification, where strings and bytes are
 * one family and a struct is a map of its field names in ascending order. Driven by schemas, so that
 * bytes stay bytes. Reading accepts every form of a value; writing uses the legacy forms only.
 */
import type { Decoded } from '../../decoded.ts'
import { decoded, drop } from '../../decoded.ts'
import { EMPTY, bigEndian, concat, copyOf, readBigEndian } from './bytes.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** `int` is Go's signed int; `?` marks a field left out when it is zero. */
export type FieldKind = 'str' | 'bytes' | 'u8' | 'u16' | 'u32' | 'int' | 'bool'
/** Keys are Go's field names with a small first letter. */
export type Schema = Readonly<Record<string, FieldKind | `${FieldKind}?`>>

type ValueOf<K> = K extends 'str' | 'str?'
  ? string
  : K extends 'bytes' | 'bytes?'
    ? Uint8Array
    : K extends 'bool' | 'bool?'
      ? boolean
      : number
export type Struct<S extends Schema> = { readonly [K in keyof S]: ValueOf<S[K]> }

export type MsgpackDrop = 'truncated' | 'msgpackType' | 'msgpackRange' | 'notUtf8'

const MAX_INT = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, int: 0x7fffffff }

type Value = string | Uint8Array | number | boolean

const kindOf = (field: string): FieldKind => field.replace('?', '') as FieldKind
const zeroOf = (kind: FieldKind): Value =>
  kind === 'str' ? '' : kind === 'bytes' ? EMPTY : kind === 'bool' ? false : 0

/** The schema compiled once: what both directions walk. */
export interface Codec<S extends Schema> {
  encode(value: Struct<S>): Uint8Array
  /** Reads one struct at `at`; `end` is where the next thing begins. */
  decode(bytes: Uint8Array, at: number): Decoded<{ value: Struct<S>; end: number }, MsgpackDrop>
}

export function codec<const S extends Schema>(schema: S): Codec<S> {
  const fields = Object.entries(schema)
    .map(([key, field]) => {
      const wire = key.charAt(0).toUpperCase() + key.slice(1)
      const encoded = encodeRaw(encodeUtf8(wire))
      return { key, wire, encoded, kind: kindOf(field), optional: field.endsWith('?') }
    })
    .sort((a, b) => (a.wire < b.wire ? -1 : 1))
  const byWire = new Map(fields.map((field) => [field.wire, field]))
  return {
    encode(struct) {
      const values = struct as Readonly<Record<string, Value>>
      const parts: Uint8Array[] = []
      let count = 0
      for (const { key, encoded, kind, optional } of fields) {
        const value = values[key] ?? zeroOf(kind)
        if (optional && isZero(value)) continue
        count++
        parts.push(encoded, encodeValue(kind, value))
      }
      return concat(Uint8Array.of(0x80 | count), ...parts)
    },
    decode(bytes, at) {
      const reader = new Reader(bytes, at)
      const values: Record<string, Value> = {}
      for (const { key, kind } of fields) values[key] = zeroOf(kind)
      const count = reader.mapLength()
      // Every pair takes at least two bytes, so a lying count ends at the end of the bytes.
      for (let i = 0; i < count && !reader.failed; i++) {
        const field = byWire.get(reader.text())
        if (reader.failed) break
        if (field) values[field.key] = reader.value(field.kind)
        else reader.skip()
      }
      if (reader.failed) return drop(reader.failed)
      return decoded({ value: values as Struct<S>, end: reader.at })
    },
  }
}

const isZero = (value: Value): boolean =>
  value instanceof Uint8Array ? value.length === 0 : !value

function encodeValue(kind: FieldKind, value: Value): Uint8Array {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xc3 : 0xc2)
  if (typeof value === 'string') return encodeRaw(encodeUtf8(value))
  if (value instanceof Uint8Array) {
    return value.length === 0 ? Uint8Array.of(0xc0) : encodeRaw(value)
  }
  if (value < 0x80) return Uint8Array.of(value)
  // Go's int goes out signed, its unsigned kinds unsigned.
  if (kind === 'int') {
    return value < 0x8000
      ? concat(Uint8Array.of(0xd1), bigEndian(value, 2))
      : concat(Uint8Array.of(0xd2), bigEndian(value, 4))
  }
  if (value <= 0xff) return Uint8Array.of(0xcc, value)
  return value <= 0xffff
    ? concat(Uint8Array.of(0xcd), bigEndian(value, 2))
    : concat(Uint8Array.of(0xce), bigEndian(value, 4))
}

function encodeRaw(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 32) return concat(Uint8Array.of(0xa0 | bytes.length), bytes)
  return bytes.length <= 0xffff
    ? concat(Uint8Array.of(0xda), bigEndian(bytes.length, 2), bytes)
    : concat(Uint8Array.of(0xdb), bigEndian(bytes.length, 4), bytes)
}

/** Bytes of the length that follows a raw value's first byte. */
const RAW_LENGTH = new Map([
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
])
/** Bytes of the number that follows an integer's first byte, and whether it is signed. */
const INTEGER = new Map([
  [0xcc, { size: 1, signed: false }],
  [0xcd, { size: 2, signed: false }],
  [0xce, { size: 4, signed: false }],
  [0xcf, { size: 8, signed: false }],
  [0xd0, { size: 1, signed: true }],
  [0xd1, { size: 2, signed: true }],
  [0xd2, { size: 4, signed: true }],
  [0xd3, { size: 8, signed: true }],
])
/** Bytes to pass over after the first byte of values that no schema here has: floats, fixext. */
const OPAQUE = new Map([
  [0xca, 4],
  [0xcb, 8],
  [0xd4, 2],
  [0xd5, 3],
  [0xd6, 5],
  [0xd7, 9],
  [0xd8, 17],
])

/** Never throws: the first failure sticks in `failed`, and what is read after it means nothing. */
class Reader {
  readonly #bytes: Uint8Array
  at: number
  failed: MsgpackDrop | undefined
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  mapLength(): number {
    const lead = this.#number(1)
    if (lead >> 4 === 0x8) return lead & 0x0f
    if (lead === 0xde) return this.#number(2)
    if (lead === 0xdf) return this.#number(4)
    this.#fail('msgpackType')
    return 0
  }

  text(): string {
    const text = decodeUtf8(this.#raw())
    if (text === undefined) this.#fail('notUtf8')
    return text ?? ''
  }

  value(kind: FieldKind): Value {
    if (this.#bytes[this.at] === 0xc0) {
      this.at++
      return zeroOf(kind)
    }
    if (kind === 'str') return this.text()
    if (kind === 'bytes') return copyOf(this.#raw())
    if (kind === 'bool') return this.#boolean()
    const number = this.#integer()
    if (number < 0 || number > MAX_INT[kind]) this.#fail('msgpackRange')
    return number
  }

  /** Passes over one value of any type, however nested, without recursion. */
  skip(): void {
    for (let pending = 1; pending > 0 && !this.failed; pending--) {
      const lead = this.#bytes[this.at] ?? 0
      const opaque = OPAQUE.get(lead)
      if (opaque !== undefined) this.#take(1 + opaque)
      else if (lead >> 4 === 0x8 || lead === 0xde || lead === 0xdf) pending += 2 * this.mapLength()
      else if (lead >> 4 === 0x9) pending += this.#number(1) & 0x0f
      else if (lead === 0xdc || lead === 0xdd) {
        this.at++
        pending += this.#number(lead === 0xdc ? 2 : 4)
      } else if (lead >> 5 === 0x5 || RAW_LENGTH.has(lead)) this.#raw()
      else if (lead === 0xc0 || lead === 0xc2 || lead === 0xc3) this.#take(1)
      else this.#integer()
    }
  }

  #boolean(): boolean {
    const lead = this.#number(1)
    if (lead !== 0xc2 && lead !== 0xc3) this.#fail('msgpackType')
    return lead === 0xc3
  }

  #integer(): number {
    const lead = this.#number(1)
    if (lead < 0x80) return lead
    if (lead >= 0xe0) return lead - 0x100
    const form = INTEGER.get(lead)
    if (!form) {
      this.#fail('msgpackType')
      return 0
    }
    const number = this.#number(form.size)
    const half = 2 ** (8 * form.size - 1)
    return form.signed && number >= half ? number - 2 * half : number
  }

  #raw(): Uint8Array {
    const lead = this.#number(1)
    if (lead >> 5 === 0x5) return this.#take(lead & 0x1f)
    const size = RAW_LENGTH.get(lead)
    if (size === undefined) {
      this.#fail('msgpackType')
      return EMPTY
    }
    return this.#take(this.#number(size))
  }

  #number(size: number): number {
    return readBigEndian(this.#take(size), 0, size)
  }

  #take(length: number): Uint8Array {
    if (this.failed) return EMPTY
    if (this.at + length > this.#bytes.length) {
      this.#fail('truncated')
      return EMPTY
    }
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  #fail(reason: MsgpackDrop): void {
    this.failed ??= reason
  }
}
