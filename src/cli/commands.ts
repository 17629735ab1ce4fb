/** All commands: what each needs of the command line, and how it is run. */
import { drainPlanOf } from '../core/report/drain.ts'
import type { Text } from '../core/report/text.ts'
import type { Options } from './arguments.ts'
import { collect } from './collect.ts'
import type { Command } from './command.ts'
import { DOCTOR } from './commands/doctor.ts'
import { EXPLAIN } from './commands/explain.ts'
import { MEMBERS } from './commands/members.ts'
import { POOLS } from './commands/pools.ts'
import { STATUS } from './commands/status.ts'
import { WHERE } from './commands/where.ts'
import { SCRIPTS, SHELLS } from './completion.ts'
import type { Lookup } from './completion.ts'
import { connect } from './connection.ts'
import type { Connection } from './connection.ts'
import { drain, undrain } from './drain.ts'
import { Failure, PROBLEM, USAGE } from './exit-codes.ts'
import { surroundings } from './surroundings.ts'
import { versions } from './version.ts'

export interface Answer {
  readonly data: object
  readonly text: Text
  readonly exit: 0 | 1
}

export interface Asked {
  readonly operands: readonly string[]
  readonly options: Options
  /** Told while it lasts, on a terminal. */
  readonly progress: (line: string) => void
}

export interface Entry {
  readonly name: string
  readonly usage: string
  readonly summary: string
  /** What its operand is, for completion. */
  readonly operand?: Lookup | readonly string[]
  /** How many operands it takes. */
  readonly least: 0 | 1
  readonly most: 0 | 1
  /** Rejects with Failure. A text is printed as it is, whatever the format. */
  readonly answer: (asked: Asked) => Promise<Answer> | string
}

/** A command that looks: `args` from what was typed and, where need be, from the cluster. */
function looking<A>(
  command: Command<A>,
  shape: Pick<Entry, 'operand' | 'least' | 'most'>,
  args: (asked: Asked, connection: Connection) => A | Promise<A>,
): Entry {
  const { name, usage, summary, views } = command
  return {
    name,
    usage,
    summary,
    ...shape,
    answer: async (asked) => {
      const connection = connect(asked.options)
      const [snapshot, its] = await Promise.all([
        collect(connection, views),
        args(asked, connection),
      ])
      return command.run(snapshot, its)
    },
  }
}

/** It must know whether an address is left without a node. */
const OF_DRAIN = [
  'services',
  'pools',
  'l2Advertisements',
  'l2Statuses',
  'nodes',
  'endpointSlices',
] as const
const IGNORED =
  'the speakers were started with --ignore-exclude-lb: no label takes addresses from a node'

const NONE = { least: 0, most: 0 } as const

const ONE_SERVICE = { operand: 'service', least: 1, most: 1 } as const

export const COMMANDS: readonly Entry[] = [
  looking(STATUS, NONE, () => undefined),
  looking(WHERE, ONE_SERVICE, ({ operands: [what = ''] }, { namespace }) => ({ what, namespace })),
  looking(EXPLAIN, ONE_SERVICE, ({ operands: [service = ''] }, { namespace }) => ({
    service,
    namespace,
  })),
  looking(POOLS, { operand: 'pool', least: 0, most: 1 }, ({ operands: [pool] }) => ({ pool })),
  looking(MEMBERS, NONE, () => undefined),
  {
    name: 'drain',
    usage: 'drain NODE',
    summary: "gives the node's addresses to others, and waits until it has none",
    operand: 'node',
    least: 1,
    most: 1,
    answer: async ({ operands: [node = ''], options, progress }) => {
      const connection = connect(options)
      const snapshot = await collect(connection, false, OF_DRAIN)
      if (snapshot.flags.ignoreExcludeLabel) throw new Failure(PROBLEM, IGNORED)
      const tell = (left: number) => progress(`${node}: ${left} left`)
      return drain(connection, node, drainPlanOf(snapshot, node), options, tell)
    },
  },
  {
    name: 'undrain',
    usage: 'undrain NODE',
    summary: 'lets the node have addresses again',
    operand: 'node',
    least: 1,
    most: 1,
    answer: ({ operands: [node = ''], options }) => undrain(connect(options), node, options),
  },
  looking(DOCTOR, NONE, (_, connection) => surroundings(connection)),
  {
    name: 'version',
    usage: 'version',
    summary: 'of the plugin, of Kubernetes, of controller and speakers',
    ...NONE,
    answer: ({ options }) => versions(options),
  },
  {
    name: 'completion',
    usage: `completion ${SHELLS.join('|')}`,
    summary: 'a script that completes names; kubectl: the file that kubectl itself asks',
    operand: SHELLS,
    least: 1,
    most: 1,
    answer: ({ operands: [shell] }) => {
      const known = SHELLS.find((it) => it === shell)
      if (known) return SCRIPTS[known]
      const expected = `completion: expected one of ${SHELLS.join(', ')}`
      throw new Failure(USAGE, `${expected}, got "${shell ?? ''}"`)
    },
  },
]
