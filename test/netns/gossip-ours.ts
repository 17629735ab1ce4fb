/**
 * A member of ours as a program, with the flags, commands and lines of go-memberlist/main.go: so a
 * cluster can mix the two, and either can be killed or frozen. Its log goes to standard error.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { aesGcm, nonce } from '../../src/adapters/aes-gcm.ts'
import { systemClock } from '../../src/adapters/clock.ts'
import { LAN } from '../../src/core/gossip/profiles.ts'
import type { Security } from '../../src/core/wire/memberlist/security.ts'
import { followKeys, readKeys } from '../../src/speaker/key-follower.ts'
import { GossipShell } from '../../src/speaker/gossip-shell.ts'
import type { Log } from '../../src/ports/log.ts'

const text = { type: 'string', default: '' } as const
const on = { type: 'string', default: 'true' } as const
const { values } = parseArgs({
  options: {
    name: text,
    bind: text,
    port: { type: 'string', default: '7946' },
    label: text,
    keys: text,
    // Instead of keys: a directory like a mounted Secret, followed as the speaker does.
    secret: text,
    compression: on,
    'verify-incoming': on,
    'verify-outgoing': on,
  },
})

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const write = (event: string, fields: object = {}): void =>
  void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`)
const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }

const given = values.keys.split(',').flatMap((key) => (key === '' ? [] : [Buffer.from(key, 'hex')]))
const security: Omit<Security, 'keys'> & { keys: Security['keys'] } = {
  label: Buffer.from(values.label),
  keys: values.secret === '' ? given : readKeys(values.secret),
  cipher: aesGcm,
  nonce,
  compression: values.compression === 'true',
  verifyIncoming: values['verify-incoming'] === 'true',
  verifyOutgoing: values['verify-outgoing'] === 'true',
}
const where = { name: values.name, bindAddress: values.bind, bindPort: Number(values.port) }

let known: readonly string[] = []
const usable = (): string[] => shell.node.members.usable().map(({ name }) => name)
/** Who came and who went since the last time, as memberlist tells its delegate. */
function tell(): void {
  const now = usable()
  for (const name of now) if (!known.includes(name)) say({ event: 'join', name })
  for (const name of known) if (!now.includes(name)) say({ event: 'leave', name })
  known = now
}

const shell = await GossipShell.open(
  { ...where, profile: LAN, security },
  systemClock,
  log,
  Math.random,
  // Asked a moment later: the first change is before `shell` is known.
  { changed: () => setImmediate(tell) },
)
followKeys(values.secret, security.keys, log, (keys) => (security.keys = keys))
say({ event: 'ready' })

for await (const line of createInterface(process.stdin)) {
  const [command, address = ''] = line.split(' ')
  if (command === 'join') {
    const colon = address.lastIndexOf(':')
    const joined = await shell.join(address.slice(0, colon), Number(address.slice(colon + 1)))
    say({ joined: joined ? 1 : 0 })
  } else if (command === 'members') say({ members: usable() })
  else if (command === 'leave') {
    shell.leave()
    say({ event: 'left' })
  } else if (command === 'quit') break
  else throw new Error(`unknown command "${command}"`)
}
process.exit()
