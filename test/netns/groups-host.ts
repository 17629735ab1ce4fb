/**
 * Joins solicited-node groups for a test. Standard input: a list of groups a line; standard output:
 * what was logged, then `done`. Ends with its input.
 */
import { createInterface } from 'node:readline'
import { SolicitedNodeGroups } from '../../src/adapters/icmp6.ts'
import type { GroupMembership } from '../../src/core/announce/groups.ts'
import type { Log } from '../../src/ports/log.ts'

const say = (event: string): void => console.log(event)
const log: Log = { debug: say, info: say, warn: say, error: say, child: () => log }
const groups = new SolicitedNodeGroups(log)
const input = createInterface(process.stdin)
input.on('line', (line) => {
  groups.set(JSON.parse(line) as GroupMembership[])
  console.log('done')
})
input.on('close', () => groups.close())
