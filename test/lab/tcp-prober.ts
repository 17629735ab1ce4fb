/**
 * What a client sees of a VIP: opens a TCP connection every `intervalMs` and tells how each went.
 * Runs inside a host of the lab:
 *
 *   node test/lab/tcp-prober.ts ADDRESS PORT [intervalMs] [timeoutMs]
 *
 * Prints one JSON line a connection, in order of start: `{"atMs":…,"ok":true,"tookMs":0.4}`, where
 * `atMs` is Unix time in milliseconds; where it failed, `error` says how. Ends when standard input closes or on SIGTERM.
 *
 * Patience is counted in intervals that it was awake for: what was answered while the machine kept this
 * process waiting is an answer.
 */
import { connect } from 'node:net'

const [address = '127.0.0.1', port = '80', interval = '20', timeout = '500'] = process.argv.slice(2)
const PATIENCE = Math.ceil(Number(timeout) / Number(interval))

/** How to give up each that is under way, oldest first, and the intervals that are left to it. */
const waiting = new Map<() => void, number>()
let stopping = false

function tick(): void {
  for (const [giveUp, left] of waiting) {
    if (left > 0) waiting.set(giveUp, left - 1)
    else giveUp()
  }
  if (!stopping) probe()
  else if (waiting.size === 0) process.exit(0)
}

function probe(): void {
  const atMs = performance.timeOrigin + performance.now()
  const socket = connect({ host: address, port: Number(port) })
  const done = (error?: string) => {
    waiting.delete(giveUp)
    socket.removeAllListeners().on('error', () => undefined)
    socket.destroy()
    const tookMs = performance.timeOrigin + performance.now() - atMs
    process.stdout.write(
      `${JSON.stringify({ atMs, ok: error === undefined, tookMs: Math.round(tookMs * 100) / 100, error })}\n`,
    )
  }
  const giveUp = () => done('ETIMEDOUT')
  waiting.set(giveUp, PATIENCE)
  socket.on('connect', () => done())
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
}

setInterval(tick, Number(interval))
const stop = () => {
  stopping = true
  process.stdin.destroy()
}
process.on('SIGTERM', stop)
process.stdin.on('end', stop).resume()
