/**
 * Runs the packet and gossip threads of a speaker by themselves, for tests in a network namespace.
 * Standard input: what main would tell the gossip thread, a message a line. Standard output: what it
 * says to main.
 *
 *   node threads-host.ts '{"node": …, "bindAddress": …}'   (ThreadOptions but the key)
 */
import { createInterface } from 'node:readline'
import type { MainToGossip } from '../../src/speaker/messages.ts'
import { startThreads } from '../../src/speaker/threads.ts'
import type { ThreadOptions } from '../../src/speaker/threads.ts'

const options = JSON.parse(process.argv[2] ?? '') as Omit<ThreadOptions, 'key'>
const threads = await startThreads({ ...options, key: undefined })
threads.onGossip((message) => console.log(JSON.stringify(message)))
for await (const line of createInterface(process.stdin)) {
  threads.toGossip(JSON.parse(line) as MainToGossip)
}
process.exit()
