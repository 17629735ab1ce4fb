/**
 * What a client sees of a VIP: opens a TCP connection every `intervalMs` and tells how each went.
 * Runs inside a host of the lab:
 *
 *   node test/lab/tcp-prober.ts ADDRESS PORT [intervalMs] [timeoutMs]
 *
 * Prints one JSON line a connection, in order of start: `{"atMs":…,"ok":true,"tookMs":0.4}`, where
 * `atMs` is Unix time in milliseconds; where it failed, `error` says how. Ends when standard input closes or on SIGTERM.
 */
import { connect } from 'node:net'

const [address = '127.0.0.1', port = '80', interval = '20', timeout = '500'] = process.argv.slice(2)

function probe(): void {
  const atMs = performance.timeOrigin + performance.now()
  const socket = connect({ host: address, port: Number(port) })
  const done = (error?: string) => {
    clearTimeout(deadline)
    socket.removeAllListeners().on('error', () => undefined)
    socket.destroy()
    const tookMs = performance.timeOrigin + performance.now() - atMs
    process.stdout.write(
      `${JSON.stringify({ atMs, ok: error === undefined, tookMs: Math.round(tookMs * 100) / 100, error })}\n`,
    )
  }
  const deadline = setTimeout(() => done('ETIMEDOUT'), Number(timeout))
  socket.on('connect', () => done())
  socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
}

const ticker = setInterval(probe, Number(interval))
const stop = () => {
  clearInterval(ticker)
  process.stdin.destroy()
  setTimeout(() => process.exit(0), Number(timeout)).unref()
}
process.on('SIGTERM', stop)
process.stdin.on('end', stop).resume()
