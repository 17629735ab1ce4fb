/** The node's links and addresses, and every change of them: rtnetlink(7). */
import { LinkTable } from '../core/announce/link-table.ts'
import { decodeLinkChanges, encodeDumpRequest } from '../core/wire/netlink-link.ts'
import type { LinkChange } from '../core/wire/netlink-link.ts'
import {
  ERRNO,
  PollSet,
  SOCK_CLOEXEC,
  bind,
  close,
  errnoName,
  must,
  recvfrom,
  sendto,
  setReceiveBuffer,
  socket,
} from './libc.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const NETLINK_ROUTE = 0
const GROUPS = { link: 0x1, ipv4Address: 0x10, ipv6Address: 0x100 } as const
const DATAGRAM = 1 << 16
const RECEIVE_BUFFER = 1 << 20
const DUMP_TIMEOUT_MS = 5000
const DUMP_ATTEMPTS = 10

export class LinkWatch {
  readonly fd: number
  readonly #buffer = new Uint8Array(DATAGRAM)
  #table = new LinkTable()

  /** Throws where the kernel refuses. */
  constructor() {
    this.fd = open(GROUPS.link | GROUPS.ipv4Address | GROUPS.ipv6Address)
    this.#table = dump()
  }

  get table(): LinkTable {
    return this.#table
  }

  /** Takes in what has changed since; true if anything may have. Throws where the kernel refuses. */
  update(): boolean {
    let changed = false
    for (;;) {
      const length = receive(this.fd, this.#buffer)
      if (length === -ERRNO.EAGAIN) return changed
      changed = true
      // The queue ran over: what was lost is only to be had by asking for everything.
      const lost = length === -ERRNO.ENOBUFS
      if (!lost) must(length, 'recvfrom(AF_NETLINK)')
      const changes = lost ? undefined : decodeLinkChanges(this.#buffer.subarray(0, length))
      if (changes?.ok) for (const change of changes.value) this.#table.apply(change)
      else this.#table = dump()
    }
  }

  close(): void {
    close(this.fd)
  }
}

function open(groups: number): number {
  const fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), 'socket(AF_NETLINK)')
  setReceiveBuffer(fd, RECEIVE_BUFFER)
  must(bind(fd, address(groups)), 'bind(AF_NETLINK)')
  return fd
}

/** struct sockaddr_nl */
function address(groups: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, AF_NETLINK, true)
  view.setUint32(8, groups, true)
  return bytes
}

const from = new Uint8Array(12)
const fromLength = new Uint32Array(1)
function receive(fd: number, buffer: Uint8Array): number {
  for (;;) {
    fromLength[0] = from.length
    const length = recvfrom(fd, buffer, from, fromLength)
    if (length !== -ERRNO.EINTR) return length
  }
}

/** All there is, by a socket of its own, so that no change slips in between. */
function dump(): LinkTable {
  for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
    const fd = open(0)
    try {
      const table = new LinkTable()
      if (dumpInto(table, fd, 'links') && dumpInto(table, fd, 'addresses')) return table
    } finally {
      close(fd)
    }
  }
  throw new Error(`links kept changing during ${DUMP_ATTEMPTS} dumps`)
}

/** False: it was interrupted by a change and is of no use. */
function dumpInto(table: LinkTable, fd: number, what: 'links' | 'addresses'): boolean {
  must(sendto(fd, encodeDumpRequest(what), address(0)), 'netlink dump')
  const poll = new PollSet([fd])
  const buffer = new Uint8Array(DATAGRAM)
  const deadline = performance.now() + DUMP_TIMEOUT_MS
  for (;;) {
    const length = receive(fd, buffer)
    if (length === -ERRNO.EAGAIN) {
      if (performance.now() > deadline) throw new Error('netlink dump: no answer')
      poll.wait(100)
      continue
    }
    must(length, 'netlink dump')
    const changes = decodeLinkChanges(buffer.subarray(0, length))
    if (!changes.ok) throw new Error(`netlink dump: ${changes.reason}`)
    for (const change of changes.value) table.apply(change)
    const end = ended(changes.value)
    if (end) return end.kind === 'done'
  }
}

function ended(changes: readonly LinkChange[]): LinkChange | undefined {
  const refused = changes.find((change) => change.kind === 'error')
  if (refused) throw new Error(`netlink dump: ${errnoName(refused.errno)}`)
  return changes.find(({ kind }) => kind === 'interrupted' || kind === 'done')
}
