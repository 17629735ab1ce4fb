/**
 * Makes the API server reachable from outside the lab's namespaces, on a port of 127.0.0.1: no route
 * leads into a lab, so that two of them may use the same addresses.
 *
 * A socket belongs to the namespace it was made in for good. The port is opened outside and handed
 * to a process inside the host `cp`: this file, run as the main program.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { API_PORT } from './control-plane.ts'
import type { Daemons } from './daemons.ts'
import { CONTROL_PLANE, inHost } from './topology.ts'

/** Starts the forwarder; returns the port. */
export async function startForwarder(prefix: string, daemons: Daemons): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const command = [process.execPath, fileURLToPath(import.meta.url)]
  const [file = '', ...args] = inHost(prefix, CONTROL_PLANE.name, command)
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  daemons.record('forwarder', child.pid)
  child.send('serve', server)
  // It says "serving" when it has the port: only then may this end be closed.
  await once(child, 'message')
  child.disconnect()
  child.unref()
  server.close()
  return port
}

function serve(server: Server): void {
  server.on('connection', (outside) => {
    const inside = connect(API_PORT, '127.0.0.1')
    outside.on('error', () => inside.destroy()).on('close', () => inside.destroy())
    inside.on('error', () => outside.destroy()).on('close', () => outside.destroy())
    outside.pipe(inside).pipe(outside)
  })
  process.send?.('serving')
}

if (import.meta.main) process.once('message', (_, server) => serve(server as Server))
