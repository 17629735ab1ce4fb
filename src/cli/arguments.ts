/** The words of the command line, taken apart. */
import { parseArgs } from 'node:util'
import { parseGoDuration } from '../core/go-duration.ts'
import { FLAGS, FLAG_NAMES, OUTPUTS, flagSpec } from './flags.ts'
import type { FlagName, Output } from './flags.ts'

export interface Invocation {
  /** '' where none was given. */
  readonly command: string
  /** What follows it. */
  readonly operands: readonly string[]
  readonly options: Options
}

export interface Options {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly namespace: string | undefined
  readonly metallbNamespace: string
  /** Infinity: no bound. */
  readonly requestTimeoutMs: number
  readonly timeoutMs: number
  readonly output: Output
  readonly dryRun: boolean
  readonly force: boolean
  readonly help: boolean
}

export type ParsedArguments =
  | { readonly ok: true; readonly invocation: Invocation }
  /** All of them, each a sentence for who typed it. */
  | { readonly ok: false; readonly command: string; readonly problems: readonly string[] }

type Given = Partial<Record<FlagName, string | true>>

/** `argv`: what follows the plugin's name. Flags may stand before the command and after it. */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  const problems: string[] = []
  const given: Given = {}
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      FLAG_NAMES.map((name) => {
        const { type, short } = flagSpec(name)
        return [name, short === undefined ? { type } : { type, short }]
      }),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const [command = '', ...operands] = positionals
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const name = FLAG_NAMES.find((it) => it === token.name)
    if (name === undefined) {
      problems.push(`unknown flag ${token.rawName}`)
      continue
    }
    const { type, of } = flagSpec(name)
    if (of !== undefined && !of.includes(command)) {
      problems.push(`${token.rawName} is a flag of ${of.join(' and ')} only`)
    } else if (type === 'boolean') {
      if (token.value === 'false') delete given[name]
      else if (token.value === undefined || token.value === 'true') given[name] = true
      else problems.push(`${token.rawName}: expected true or false, got "${token.value}"`)
    } else if (token.value === undefined || token.value === '') {
      problems.push(`${token.rawName} needs a value: ${flagSpec(name).value ?? ''}`)
    } else given[name] = token.value
  }
  const options = optionsOf(given, problems)
  if (problems.length > 0) return { ok: false, command, problems }
  return { ok: true, invocation: { command, operands, options } }
}

function optionsOf(given: Given, problems: string[]): Options {
  const text = (name: FlagName) => given[name] as string | undefined
  const patience = (name: FlagName, otherwise: number) => {
    const value = text(name)
    const ms = value === undefined ? otherwise : durationMs(value)
    if (ms === undefined) {
      problems.push(`--${name}: expected a duration like 30s or 2m, got "${value ?? ''}"`)
    }
    return ms === 0 ? Infinity : (ms ?? 0)
  }
  const output = OUTPUTS.find((it) => it === (given.output ?? 'table'))
  if (output === undefined) {
    const known = FLAGS.output.choices.join(', ')
    problems.push(`--output: expected one of ${known}, got "${text('output') ?? ''}"`)
  }
  return {
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    namespace: text('namespace'),
    metallbNamespace: text('metallb-namespace') ?? 'metallb-system',
    requestTimeoutMs: patience('request-timeout', 10_000),
    timeoutMs: patience('timeout', 120_000),
    output: output ?? 'table',
    dryRun: given['dry-run'] === true,
    force: given.force === true,
    help: given.help === true,
  }
}

/** As kubectl takes them: a bare number is of seconds. */
function durationMs(text: string): number | undefined {
  const ms = parseGoDuration(/^\d+$/.test(text) ? `${text}s` : text)
  return ms !== undefined && ms >= 0 ? ms : undefined
}
