/**
 * Runs the packet and gossip threads of a speaker by themselves, for tests in a network namespace.
 * Standard input: what main would tell the gossip thread, a message a line. Standard output: what it
 * says to main.
 *
 *   node threads-host.ts '{"node": …, "bindAddress": …}'   (ThreadOptions but profile and switches; keys are hex)
 */
import { createInterface } from 'node:readline'
import { LAN } from '../../src/core/gossip/profiles.ts'
import type { MainToGossip } from '../../src/speaker/messages.ts'
import { SWITCHES } from '../../src/speaker/memberlist-file.ts'
import { startThreads } from '../../src/speaker/threads.ts'
import type { ThreadOptions } from '../../src/speaker/threads.ts'

type Options = Omit<ThreadOptions, 'keys' | 'profile' | 'switches'> & { readonly keys: string[] }
const options = JSON.parse(process.argv[2] ?? '') as Options
const profile = { profile: LAN, switches: SWITCHES }
const keys = options.keys.map((key) => Buffer.from(key, 'hex'))
const threads = await startThreads({ ...options, ...profile, keys })
threads.onGossip((message) => console.log(JSON.stringify(message)))
for await (const line of createInterface(process.stdin)) {
  threads.toGossip(JSON.parse(line) as MainToGossip)
}
process.exit()
