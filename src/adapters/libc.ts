/**
 * The few calls of the C library that Node has no counterpart for, made synchronously on the thread
 * that asks. Each returns what it does in C, or the negative errno.
 */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'

const libc = koffi.load(null)

type Call = (...args: unknown[]) => number
const define = (prototype: string): Call => {
  const call = libc.func(prototype) as Call
  return (...args) => {
    const result = call(...args)
    return result < 0 ? -koffi.errno() : result
  }
}

export const socket: (family: number, type: number, protocol: number) => number = define(
  'int socket(int family, int type, int protocol)',
)
export const close: (fd: number) => number = define('int close(int fd)')
export const eventfd: (initial: number, flags: number) => number = define(
  'int eventfd(uint initial, int flags)',
)

const bindCall = define('int bind(int fd, void *address, uint length)')
export const bind = (fd: number, address: Uint8Array): number =>
  bindCall(fd, address, address.length)

const setsockoptCall = define(
  'int setsockopt(int fd, int level, int name, void *value, uint length)',
)
export const setsockopt = (fd: number, level: number, name: number, value: Uint8Array): number =>
  setsockoptCall(fd, level, name, value, value.length)

koffi.struct('bw_sock_fprog', { len: 'uint16_t', filter: 'void *' })
const attachCall = define(
  'int setsockopt(int fd, int level, int name, bw_sock_fprog *program, uint length)',
)
/** Attaches a classic BPF program of 8-byte instructions (socket(7), SO_ATTACH_FILTER). */
export const attachFilter = (fd: number, program: Uint8Array): number =>
  attachCall(fd, SOL_SOCKET, 26, { len: program.length / 8, filter: program }, 16)

/** ioctl(2) with a pointer. */
export const ioctl: (fd: number, request: number, argument: ArrayBufferView) => number = define(
  'int ioctl(int fd, ulong request, void *argument)',
)

const readCall = define('long read(int fd, void *buffer, size_t length)')
export const read = (fd: number, buffer: Uint8Array): number => readCall(fd, buffer, buffer.length)

const recvfromCall = define(
  'long recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)',
)
/** Never waits: -EAGAIN when there is nothing. `addressLength`: one number, in and out. */
export const recvfrom = (
  fd: number,
  buffer: Uint8Array,
  address: Uint8Array,
  addressLength: Uint32Array,
): number => recvfromCall(fd, buffer, buffer.length, MSG_DONTWAIT, address, addressLength)

const sendtoCall = define(
  'long sendto(int fd, void *buffer, size_t length, int flags, void *address, uint addressLength)',
)
/** Never waits: -EAGAIN or -ENOBUFS when the queue is full. */
export const sendto = (fd: number, buffer: Uint8Array, address: Uint8Array): number =>
  sendtoCall(fd, buffer, buffer.length, MSG_DONTWAIT, address, address.length)

const pollCall = define('int poll(void *fds, ulong count, int timeoutMs)')
const POLLIN = 1
/** Waits until one of `fds` can be read; -1: for as long as it takes. Which, in their order. */
export class PollSet {
  readonly #fds: Int32Array
  readonly #events: Int16Array

  constructor(fds: readonly number[]) {
    const memory = new ArrayBuffer(fds.length * 8)
    this.#fds = new Int32Array(memory)
    this.#events = new Int16Array(memory)
    for (const [i, fd] of fds.entries()) {
      this.#fds[i * 2] = fd
      this.#events[i * 4 + 2] = POLLIN
    }
  }

  /** Also ends, with nothing to read, when a signal came. */
  wait(timeoutMs: number): void {
    const result = pollCall(this.#fds, this.#fds.length / 2, timeoutMs)
    if (result < 0) {
      this.#events.forEach((_, i) => i % 4 === 3 && (this.#events[i] = 0))
      if (result !== -ERRNO.EINTR) must(result, 'poll')
    }
  }

  /** An error counts: the read that follows tells of it. */
  readable(position: number): boolean {
    return this.#events[position * 4 + 3] !== 0
  }
}

export const SOL_SOCKET = 1
const MSG_DONTWAIT = 0x40
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000
export const ERRNO = { EINTR: 4, ENXIO: 6, EAGAIN: 11, ENETDOWN: 100, ENOBUFS: 105 } as const

/** Throws where a call failed that must not. */
export function must(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${errnoName(-result)}`)
  return result
}

/** `ENETDOWN` and the like. */
export const errnoName = (errno: number): string => getSystemErrorName(-errno)

/** Room for this much in a socket's receive queue, if need be past the system's limit. */
export function setReceiveBuffer(fd: number, bytes: number): void {
  const value = new Uint8Array(Int32Array.of(bytes).buffer)
  const SO_RCVBUF = 8
  const SO_RCVBUFFORCE = 33
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, value) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, value)
  }
}
