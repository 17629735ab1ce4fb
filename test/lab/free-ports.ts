/**
 * Ports of 127.0.0.1 for servers that are started a moment later. Not those that the kernel chooses: until the
 * server has one, any connection of another process may have got it.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below Linux' own (32768 and more): so many for each process, by its number, as files run beside each other. */
const [FIRST, OF_PROCESS, PROCESSES] = [10_240, 32, 512]
const BASE = FIRST + (process.pid % PROCESSES) * OF_PROCESS
let used = 0

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > OF_PROCESS) throw new Error(`no free port from ${BASE} on`)
    const port = BASE + (used++ % OF_PROCESS)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
