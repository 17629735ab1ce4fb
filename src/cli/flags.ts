/** The plugin's flags; those that kubectl has too are named and mean as there. */

interface FlagSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly summary: string
  /** What the value can be. */
  readonly choices?: readonly string[]
  /** The commands that know it; absent: all. */
  readonly of?: readonly string[]
}

export const OUTPUTS = ['table', 'json', 'yaml'] as const
export type Output = (typeof OUTPUTS)[number]

export const FLAGS = {
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    summary: "the Service's namespace; else that of the context, else any",
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: OUTPUTS,
    summary: 'table for people (default), json or yaml for scripts',
  },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    summary: 'credentials; else those of KUBECONFIG, else ~/.kube/config',
  },
  context: { type: 'string', value: 'NAME', summary: 'context of the kubeconfig' },
  'metallb-namespace': {
    type: 'string',
    value: 'NAMESPACE',
    summary: 'where Bellwether is installed (default metallb-system)',
  },
  'request-timeout': {
    type: 'string',
    value: 'DURATION',
    summary: 'patience with one answer, such as 30s (default 10s; 0: endless)',
  },
  timeout: {
    type: 'string',
    value: 'DURATION',
    summary: 'how long to wait for the node to own nothing (default 2m)',
    of: ['drain'],
  },
  force: {
    type: 'boolean',
    summary: 'even if Services are then announced by nobody',
    of: ['drain'],
  },
  'dry-run': {
    type: 'boolean',
    summary: 'tell what would be done, change nothing',
    of: ['drain', 'undrain'],
  },
  help: { type: 'boolean', short: 'h', summary: 'this text, or that of a command' },
} as const satisfies Record<string, FlagSpec>

export type FlagName = keyof typeof FLAGS
export const FLAG_NAMES = Object.keys(FLAGS) as FlagName[]
export const flagSpec = (name: FlagName): FlagSpec => FLAGS[name]

/** Those that a command knows, or all that have no command of their own. */
export const flagsOf = (command?: string): FlagName[] =>
  FLAG_NAMES.filter((name) => {
    const { of } = flagSpec(name)
    return of === undefined || (command !== undefined && of.includes(command))
  })
