/** One call of the plugin, from its words to its exit code. */
import { parseArguments } from './arguments.ts'
import type { Invocation } from './arguments.ts'
import { complete } from './candidates.ts'
import { COMMANDS } from './commands.ts'
import type { Entry } from './commands.ts'
import { BUG, Failure, USAGE, WELL } from './exit-codes.ts'
import { commandHelp, helpText } from './help.ts'
import { printed } from './output.ts'
import type { Paint } from '../core/report/text.ts'

export interface Terminal {
  readonly out: (text: string) => void
  /** What is not the answer: progress, and why there is none. */
  readonly tell: (text: string) => void
  readonly paint: Paint
  /** Progress can be overwritten. */
  readonly isTerminal: boolean
  /** Of the terminal that the answer goes to, in characters; absent: it goes to none. */
  readonly width?: number | undefined
}

/** Resolves to the exit code. */
export async function runPlugin(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    if (argv[0] === '__complete') {
      terminal.out(await complete(argv.slice(1), COMMANDS))
      return WELL
    }
    return await answered(argv, terminal)
  } catch (error) {
    if (error instanceof Failure) {
      terminal.tell(`${error.message}\n`)
      return error.exit
    }
    const stack = error instanceof Error ? error.stack : undefined
    terminal.tell(`this is a bug of kubectl-bellwether: ${stack ?? String(error)}\n`)
    return BUG
  }
}

async function answered(argv: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseArguments(argv)
  const name = parsed.ok ? parsed.invocation.command : parsed.command
  const entry = COMMANDS.find((it) => it.name === name)
  const problems = [
    ...(entry || name === '' || name === 'help' ? [] : [unknown(name)]),
    ...(parsed.ok ? [] : parsed.problems),
  ]
  if (!parsed.ok || problems.length > 0) {
    const remedy = `kubectl bellwether ${entry ? `${name} ` : ''}--help tells what there is.`
    throw new Failure(USAGE, [...problems, remedy].join('\n'))
  }
  const { invocation } = parsed
  if (!entry || invocation.options.help) {
    terminal.out(entry ? commandHelp(entry) : helpText(COMMANDS))
    // Who asks for nothing may have expected something else.
    return entry || invocation.options.help || name === 'help' ? WELL : USAGE
  }
  checkOperands(entry, invocation)
  const { operands, options } = invocation
  const progress = (line: string) => terminal.isTerminal && terminal.tell(`\r\u001b[K${line}`)
  const its = entry.answer({ operands, options, progress })
  if (typeof its === 'string') {
    terminal.out(its)
    return WELL
  }
  const answer = await its.finally(() => progress(''))
  terminal.out(printed(answer, options.output, terminal.paint, terminal.width))
  return answer.exit
}

const unknown = (name: string): string =>
  `unknown command "${name}"; there are: ${COMMANDS.map((it) => it.name).join(', ')}`

function checkOperands({ least, most, usage }: Entry, { operands }: Invocation): void {
  if (operands.length >= least && operands.length <= most) return
  const got = operands.length === 0 ? 'nothing' : `"${operands.join(' ')}"`
  throw new Failure(USAGE, `usage: kubectl bellwether ${usage}; got ${got}`)
}
