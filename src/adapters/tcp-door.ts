/** Whether a TCP port can be reached, seen from this host. */
import { connect } from 'node:net'

/** 'silent': nothing in time. Else how it was refused: ECONNREFUSED, EHOSTUNREACH, … */
export type Door = 'open' | 'silent' | (string & {})

/** Connects and closes. Never rejects. */
export function tryDoor(host: string, port: number, limitMs: number): Promise<Door> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (door: Door) => {
      clearTimeout(timer)
      resolve(door)
      socket.destroy()
    }
    const timer = setTimeout(() => done('silent'), limitMs)
    socket.on('connect', () => done('open'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      done(code === undefined || code === 'ETIMEDOUT' ? 'silent' : code)
    })
  })
}
