/**
 * Ethernet frames of all interfaces: packet(7), with a BPF filter for what is wanted of them, by a ring of
 * slots that the kernel writes and this thread reads (PACKET_RX_RING, TPACKET_V2): to look whether there
 * is a frame, and to read it, is no system call, and allocates nothing.
 */
import type { FrameBuffer } from '../core/wire/ethernet.ts'
import {
  ERRNO,
  SOCK_CLOEXEC,
  SOL_SOCKET,
  attachFilter,
  bind,
  close,
  getsockopt,
  ioctl,
  mmap,
  must,
  sendto,
  setsockopt,
  socket,
} from './libc.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const ADDRESS = 20
const PACKET_BROADCAST = 1
const PACKET_MULTICAST = 2
const PACKET_OTHERHOST = 3
const PACKET_OUTGOING = 4
/** socket(7). */
const SIOCGSTAMPNS = 0x8907
const SO_ERROR = 4
/** packet(7), linux/if_packet.h. */
const SOL_PACKET = 263
const OPTION = { ring: 5, statistics: 6, version: 10 } as const
const TPACKET_V2 = 1

/** A slot has its header and the address first; a frame that needs more room is cut, and said to be. */
const SLOT = 256
const BLOCK = 1 << 16
/** Offsets in a slot: struct tpacket2_hdr, then struct sockaddr_ll. */
const AT = {
  status: 0,
  length: 4,
  kept: 8,
  mac: 12,
  seconds: 16,
  nanoseconds: 20,
  ifindex: 36,
  packetType: 42,
} as const
/** tp_status: who may touch the slot. */
const KERNELS = 0
const OURS = 1

/** A signal; or the word that a device went, said once. */
const PASSING: ReadonlySet<number> = new Set([0, ERRNO.EINTR, ERRNO.ENETDOWN, ERRNO.ENXIO])

/** Overwritten by the next `receive`. */
export interface ReceivedFrame extends FrameBuffer {
  readonly ifindex: number
  /** Sent by this node. */
  readonly outgoing: boolean
  /** Of a VLAN this node has no interface for, or overheard on the way to another host. */
  readonly otherHost: boolean
  /** The frame is longer than what was kept of it. */
  readonly cut: boolean
  /** When it reached this node, Unix time in ms. */
  readonly stampMs: number
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Instruction: code, jump if true, jump if false, value (linux/filter.h). */
type Instruction = readonly [code: number, jt: number, jf: number, k: number]
const LOAD_BYTE = 0x30
const LOAD_HALF = 0x28
const JUMP_EQUAL = 0x15
const RETURN = 0x06
const WHOLE = 0xffff
/** SKF_AD_OFF + SKF_AD_PKTTYPE (linux/filter.h): for whom the frame is; PACKET_HOST: this one alone. */
const PACKET_TYPE = 0xffff_f004
const PACKET_HOST = 0

/** Slots: a thread that is kept waiting for 0.2 s loses none of 20,000 requests a second. */
const MANY = 4096
const FEW = 512

const KINDS = {
  /** And replies to all, which nobody asked for. */
  arpRequests: {
    etherType: 0x0806,
    slots: MANY,
    // Offset 20: the operation.
    filter: [
      [LOAD_HALF, 0, 0, 20],
      [JUMP_EQUAL, 3, 0, 1],
      [JUMP_EQUAL, 0, 3, 2],
      [LOAD_BYTE, 0, 0, PACKET_TYPE],
      [JUMP_EQUAL, 0, 1, PACKET_BROADCAST],
      [RETURN, 0, 0, WHOLE],
      [RETURN, 0, 0, 0],
    ],
  },
  /** And advertisements to all, which nobody asked for. */
  solicitations: {
    etherType: 0x86dd,
    slots: MANY,
    // Offset 20: the next header; 54: the type of the ICMPv6 message that follows the header.
    filter: [
      [LOAD_BYTE, 0, 0, 20],
      [JUMP_EQUAL, 0, 6, 58],
      [LOAD_BYTE, 0, 0, 54],
      [JUMP_EQUAL, 3, 0, 135],
      [JUMP_EQUAL, 0, 3, 136],
      [LOAD_BYTE, 0, 0, PACKET_TYPE],
      [JUMP_EQUAL, 0, 1, PACKET_MULTICAST],
      [RETURN, 0, 0, WHOLE],
      [RETURN, 0, 0, 0],
    ],
  },
  /** To this host: neither to all nor by this host. */
  arpReplies: {
    etherType: 0x0806,
    slots: FEW,
    filter: [
      [LOAD_BYTE, 0, 0, PACKET_TYPE],
      [JUMP_EQUAL, 0, 3, PACKET_HOST],
      [LOAD_HALF, 0, 0, 20],
      [JUMP_EQUAL, 0, 1, 2],
      [RETURN, 0, 0, WHOLE],
      [RETURN, 0, 0, 0],
    ],
  },
  /** To this host, as `arpReplies`. */
  advertisements: {
    etherType: 0x86dd,
    slots: FEW,
    filter: [
      [LOAD_BYTE, 0, 0, PACKET_TYPE],
      [JUMP_EQUAL, 0, 5, PACKET_HOST],
      [LOAD_BYTE, 0, 0, 20],
      [JUMP_EQUAL, 0, 3, 58],
      [LOAD_BYTE, 0, 0, 54],
      [JUMP_EQUAL, 0, 1, 136],
      [RETURN, 0, 0, WHOLE],
      [RETURN, 0, 0, 0],
    ],
  },
} as const satisfies Record<
  string,
  { etherType: number; slots: number; filter: readonly Instruction[] }
>

export class PacketSocket {
  readonly fd: number
  readonly #etherType: number
  readonly #slots: number
  readonly #unmap: () => void
  #ring: DataView
  #ringBytes: Uint8Array
  #statuses: Int32Array
  /** The slot that is filled next. */
  #at = 0
  readonly #frame: Writable<ReceivedFrame>
  /** By interface. */
  readonly #addresses = new Map<number, Uint8Array>()

  /** Needs CAP_NET_RAW. Throws where the kernel refuses. */
  constructor(kind: keyof typeof KINDS) {
    const { etherType, filter, slots } = KINDS[kind]
    this.#etherType = etherType
    this.#slots = slots
    // Protocol 0 hears nothing: no frame gets past before filter and ring are in place.
    this.fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'socket(AF_PACKET)')
    must(attachFilter(this.fd, assemble(filter)), 'SO_ATTACH_FILTER')
    must(setsockopt(this.fd, SOL_PACKET, OPTION.version, words(TPACKET_V2)), 'PACKET_VERSION')
    const blocks = (slots * SLOT) / BLOCK
    const ring = words(BLOCK, blocks, SLOT, slots)
    must(setsockopt(this.fd, SOL_PACKET, OPTION.ring, ring), 'PACKET_RX_RING')
    const mapping = mmap(this.fd, slots * SLOT)
    const { memory } = mapping
    this.#unmap = () => mapping.unmap()
    this.#ring = new DataView(memory)
    this.#ringBytes = new Uint8Array(memory)
    this.#statuses = new Int32Array(memory)
    const bytes = new Uint8Array(SLOT)
    this.#frame = {
      bytes,
      view: new DataView(bytes.buffer),
      length: 0,
      ifindex: 0,
      outgoing: false,
      otherHost: false,
      cut: false,
      stampMs: 0,
    }
    // Asked once, the kernel notes the time at which a frame came as early as it can.
    ioctl(this.fd, SIOCGSTAMPNS, new BigInt64Array(2))
    must(bind(this.fd, linkAddress(etherType, 0)), 'bind(AF_PACKET)')
  }

  /** The next frame; undefined: none is there. */
  receive(): ReceivedFrame | undefined {
    const slot = this.#at * SLOT
    if ((Atomics.load(this.#statuses, slot >> 2) & OURS) === 0) return undefined
    const ring = this.#ring
    const frame = this.#frame
    const kept = Math.min(ring.getUint32(slot + AT.kept, true), SLOT)
    const from = slot + ring.getUint16(slot + AT.mac, true)
    for (let i = 0; i < kept; i++) frame.bytes[i] = this.#ringBytes[from + i] ?? 0
    frame.length = kept
    frame.cut = ring.getUint32(slot + AT.length, true) > kept
    frame.ifindex = ring.getInt32(slot + AT.ifindex, true)
    const type = ring.getUint8(slot + AT.packetType)
    frame.outgoing = type === PACKET_OUTGOING
    frame.otherHost = type === PACKET_OTHERHOST
    const seconds = ring.getUint32(slot + AT.seconds, true)
    frame.stampMs = seconds * 1000 + ring.getUint32(slot + AT.nanoseconds, true) / 1e6
    Atomics.store(this.#statuses, slot >> 2, KERNELS)
    this.#at = (this.#at + 1) % this.#slots
    return frame
  }

  /** Takes off what poll(2) has as an error. Throws when the socket is of no more use. */
  settle(): void {
    const error = new Uint32Array(1)
    must(getsockopt(this.fd, SOL_SOCKET, SO_ERROR, error), 'SO_ERROR')
    if (!PASSING.has(error[0] ?? 0)) must(-(error[0] ?? 0), 'AF_PACKET')
  }

  /** Frames for which there was no slot, since this was asked last. */
  overrun(): number {
    const statistics = new Uint32Array(2)
    must(getsockopt(this.fd, SOL_PACKET, OPTION.statistics, statistics), 'PACKET_STATISTICS')
    return statistics[1] ?? 0
  }

  /** 0, or the errno: ENETDOWN, ENXIO, ENOBUFS… */
  send(ifindex: number, frame: Uint8Array): number {
    let address = this.#addresses.get(ifindex)
    if (!address) {
      address = linkAddress(this.#etherType, ifindex)
      this.#addresses.set(ifindex, address)
    }
    for (;;) {
      const result = sendto(this.fd, frame, address)
      if (result !== -ERRNO.EINTR) return result < 0 ? -result : 0
    }
  }

  close(): void {
    this.#ring = new DataView(new ArrayBuffer(0))
    this.#ringBytes = new Uint8Array(0)
    this.#statuses = new Int32Array(1)
    this.#at = 0
    this.#unmap()
    close(this.fd)
  }
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

/** struct sockaddr_ll; of a frame that has its header only protocol and interface matter. */
function linkAddress(etherType: number, ifindex: number): Uint8Array {
  const address = new Uint8Array(ADDRESS)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, etherType)
  view.setInt32(4, ifindex, true)
  return address
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [i, [code, jt, jf, k]] of program.entries()) {
    view.setUint16(i * 8, code, true)
    view.setUint8(i * 8 + 2, jt)
    view.setUint8(i * 8 + 3, jf)
    view.setUint32(i * 8 + 4, k, true)
  }
  return bytes
}
