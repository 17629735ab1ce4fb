/** What --help says. */
import { flagSpec, flagsOf } from './flags.ts'
import type { FlagName } from './flags.ts'

export interface Described {
  readonly name: string
  /** Of the command, with what follows it. */
  readonly usage: string
  readonly summary: string
}

export function helpText(commands: readonly Described[]): string {
  return `kubectl bellwether: where every address is, and why

usage: kubectl bellwether COMMAND [flags]

${columns(commands.map(({ usage, summary }) => [usage, summary]))}

${flagLines(flagsOf())}

exit codes: 0 all well, 1 a problem was found, 2 usage, 3 the cluster cannot be asked
kubectl bellwether COMMAND --help tells more of one.
`
}

export function commandHelp({ name, usage, summary }: Described): string {
  return `usage: kubectl bellwether ${usage} [flags]

${summary}

${flagLines(flagsOf(name))}
`
}

function flagLines(names: readonly FlagName[]): string {
  return columns(
    names.map((name) => {
      const { short, value, summary } = flagSpec(name)
      const words = short === undefined ? `    --${name}` : `-${short}, --${name}`
      return [value === undefined ? words : `${words} ${value}`, summary]
    }),
  )
}

/** Two columns, the first as wide as it has to be. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
