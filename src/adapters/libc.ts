/**
 * The few calls of the C library that Node has no counterpart for, made synchronously on the thread
 * that asks. Each returns what it does in C, or the negative errno.
 */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'

const libc = koffi.load(null)

type Call = (...args: unknown[]) => number
const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result)
const define = (prototype: string): Call => {
  const call = libc.func(prototype) as Call
  return (...args) => orErrno(call(...args))
}
/** For what is called for every frame: `orErrno` is left to the caller, so no array is made of `args`. */
const defineBare = (prototype: string): Call => libc.func(prototype) as Call

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

const getsockoptCall = define(
  'int getsockopt(int fd, int level, int name, void *value, void *length)',
)
export const getsockopt = (fd: number, level: number, name: number, value: Uint32Array): number =>
  getsockoptCall(fd, level, name, value, Uint32Array.of(value.byteLength))

const mmapCall = libc.func(
  'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
) as (...args: unknown[]) => bigint | null
const munmapCall = define('int munmap(void *address, size_t length)')
const READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 2n ** 64n - 1n
/** Memory shared with the kernel. Nothing may look into `memory` after `unmap`. */
export function mmap(fd: number, length: number): { memory: ArrayBuffer; unmap(): void } {
  const at = mmapCall(null, length, READ_WRITE, MAP_SHARED, fd, 0)
  if (at === null || BigInt.asUintN(64, at) === MAP_FAILED) {
    throw new Error(`mmap: ${errnoName(koffi.errno())}`)
  }
  return { memory: koffi.view(at, length), unmap: () => void munmapCall(at, length) }
}

export const madvise: (at: bigint, length: number, advice: number) => number = define(
  'int madvise(uintptr_t at, size_t length, int advice)',
)

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

const SYS_SCHED_SETATTR: Partial<Record<NodeJS.Architecture, number>> = { x64: 314, arm64: 274 }
const setattrCall = define('long syscall(long number, int thread, void *attributes, uint flags)')
/** Of this thread: a `struct sched_attr` (sched_setattr(2)), for which the C library of most has no call. */
export function schedSetattr(attributes: Uint8Array): number {
  const number = SYS_SCHED_SETATTR[process.arch]
  return number === undefined ? -ERRNO.ENOSYS : setattrCall(number, 0, attributes, 0)
}

const readCall = define('long read(int fd, void *buffer, size_t length)')
export const read = (fd: number, buffer: Uint8Array): number => readCall(fd, buffer, buffer.length)

const recvfromCall = defineBare(
  'long recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)',
)
/** Never waits: -EAGAIN when there is nothing. `addressLength`: one number, in and out. */
export const recvfrom = (
  fd: number,
  buffer: Uint8Array,
  address: Uint8Array,
  addressLength: Uint32Array,
): number => orErrno(recvfromCall(fd, buffer, buffer.length, MSG_DONTWAIT, address, addressLength))

const sendtoCall = defineBare(
  'long sendto(int fd, void *buffer, size_t length, int flags, void *address, uint addressLength)',
)
/** Never waits: -EAGAIN or -ENOBUFS when the queue is full. */
export const sendto = (fd: number, buffer: Uint8Array, address: Uint8Array): number =>
  orErrno(sendtoCall(fd, buffer, buffer.length, MSG_DONTWAIT, address, address.length))

const pollCall = defineBare('int poll(void *fds, ulong count, int timeoutMs)')
const POLLIN = 1
const POLLERR = 8
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
    const result = orErrno(pollCall(this.#fds, this.#fds.length / 2, timeoutMs))
    if (result < 0) {
      this.#events.forEach((_, i) => i % 4 === 3 && (this.#events[i] = 0))
      if (result !== -ERRNO.EINTR) must(result, 'poll')
    }
  }

  /** An error counts: the read that follows tells of it. */
  readable(position: number): boolean {
    return this.#events[position * 4 + 3] !== 0
  }

  /** Where nothing is read by a call that would tell. */
  failed(position: number): boolean {
    return ((this.#events[position * 4 + 3] ?? 0) & POLLERR) !== 0
  }
}

export const SOL_SOCKET = 1
const MSG_DONTWAIT = 0x40
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000
export const ERRNO = {
  EINTR: 4,
  ENXIO: 6,
  EAGAIN: 11,
  ENOSYS: 38,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const

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
