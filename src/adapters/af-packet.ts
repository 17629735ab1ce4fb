/** Ethernet frames of all interfaces: packet(7), with a BPF filter for what is wanted of them. */
import {
  ERRNO,
  SOCK_CLOEXEC,
  attachFilter,
  bind,
  close,
  ioctl,
  must,
  recvfrom,
  sendto,
  setReceiveBuffer,
  socket,
} from './libc.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const ADDRESS = 20
const PACKET_OTHERHOST = 3
const PACKET_OUTGOING = 4
const PACKET_MULTICAST = 2
const RECEIVE_BUFFER = 4 << 20
/** socket(7). */
const SIOCGSTAMPNS = 0x8907

/** A signal; or the word that a device went, said once. */
const PASSING: ReadonlySet<number> = new Set([ERRNO.EINTR, ERRNO.ENETDOWN, ERRNO.ENXIO])

export interface ReceivedFrame {
  /** Overwritten by the next `receive`. */
  readonly bytes: Uint8Array
  readonly ifindex: number
  /** Sent by this node. */
  readonly outgoing: boolean
  /** Of a VLAN this node has no interface for, or overheard on the way to another host. */
  readonly otherHost: boolean
}

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

const KINDS = {
  arpRequests: {
    etherType: 0x0806,
    // Offset 20: the operation.
    filter: [
      [LOAD_HALF, 0, 0, 20],
      [JUMP_EQUAL, 0, 1, 1],
      [RETURN, 0, 0, WHOLE],
      [RETURN, 0, 0, 0],
    ],
  },
  /** And advertisements to all, which nobody asked for. */
  solicitations: {
    etherType: 0x86dd,
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
} as const satisfies Record<string, { etherType: number; filter: readonly Instruction[] }>

export class PacketSocket {
  readonly fd: number
  readonly #etherType: number
  readonly #buffer = new Uint8Array(2048)
  readonly #address = new Uint8Array(ADDRESS)
  readonly #addressView = new DataView(this.#address.buffer)
  readonly #addressLength = new Uint32Array(1)
  /** Seconds and nanoseconds. */
  readonly #stamp = new BigInt64Array(2)

  /** Needs CAP_NET_RAW. Throws where the kernel refuses. */
  constructor(kind: keyof typeof KINDS) {
    const { etherType, filter } = KINDS[kind]
    this.#etherType = etherType
    // Protocol 0 hears nothing: no frame gets past before the filter is in place.
    this.fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'socket(AF_PACKET)')
    must(attachFilter(this.fd, assemble(filter)), 'SO_ATTACH_FILTER')
    setReceiveBuffer(this.fd, RECEIVE_BUFFER)
    // Asked once, the kernel notes it from then on.
    this.stampMs()
    must(bind(this.fd, linkAddress(etherType, 0)), 'bind(AF_PACKET)')
  }

  /** The next frame; undefined: none is there. Throws when the socket is of no more use. */
  receive(): ReceivedFrame | undefined {
    for (;;) {
      this.#addressLength[0] = ADDRESS
      const length = recvfrom(this.fd, this.#buffer, this.#address, this.#addressLength)
      if (length === -ERRNO.EAGAIN) return undefined
      if (PASSING.has(-length)) continue
      must(length, 'recvfrom(AF_PACKET)')
      const type = this.#addressView.getUint8(10)
      return {
        bytes: this.#buffer.subarray(0, length),
        ifindex: this.#addressView.getInt32(4, true),
        outgoing: type === PACKET_OUTGOING,
        otherHost: type === PACKET_OTHERHOST,
      }
    }
  }

  /** When the last frame reached this node, Unix time in ms; undefined: the kernel does not know. */
  stampMs(): number | undefined {
    if (ioctl(this.fd, SIOCGSTAMPNS, this.#stamp) < 0) return undefined
    return Number(this.#stamp[0]) * 1000 + Number(this.#stamp[1]) / 1e6
  }

  /** 0, or the errno: ENETDOWN, ENXIO, ENOBUFS… */
  send(ifindex: number, frame: Uint8Array): number {
    const address = linkAddress(this.#etherType, ifindex)
    for (;;) {
      const result = sendto(this.fd, frame, address)
      if (result !== -ERRNO.EINTR) return result < 0 ? -result : 0
    }
  }

  close(): void {
    close(this.fd)
  }
}

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
