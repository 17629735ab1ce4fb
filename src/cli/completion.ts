/** What may follow on the command line, and the scripts that ask for it. */
import { flagSpec, flagsOf, FLAG_NAMES } from './flags.ts'
import type { FlagName } from './flags.ts'

/** What a word stands for; those of the cluster have to be looked up. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: Lookup }
  | { readonly kind: 'file' }

export type Lookup = 'service' | 'node' | 'pool' | 'namespace' | 'context'

export interface Candidate {
  readonly word: string
  readonly about?: string
}

export interface Completable {
  readonly name: string
  readonly summary: string
  /** What its operand is. */
  readonly operand?: Lookup | readonly string[]
}

const OF_FLAG: Partial<Record<FlagName, Lookup | 'file'>> = {
  namespace: 'namespace',
  'metallb-namespace': 'namespace',
  context: 'context',
  kubeconfig: 'file',
}

/** `words`: what was typed; the last one is to be completed, and may be ''. */
export function wanted(words: readonly string[], commands: readonly Completable[]): Wanted {
  const typed = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const flag = flagOf(before.at(-1))
  if (flag !== undefined && flagSpec(flag).type === 'string') return valueOf(flag)
  const operands = before.filter((word, i) => {
    const opened = flagOf(before[i - 1])
    return !word.startsWith('-') && (opened === undefined || flagSpec(opened).type === 'boolean')
  })
  const command = commands.find(({ name }) => name === operands[0])
  if (typed.startsWith('-')) {
    const flags = flagsOf(command?.name)
    return list(flags.map((name) => ({ word: `--${name}`, about: flagSpec(name).summary })))
  }
  if (operands.length === 0) {
    return list(commands.map(({ name, summary }) => ({ word: name, about: summary })))
  }
  const operand = operands.length === 1 ? command?.operand : undefined
  if (operand === undefined) return list([])
  return typeof operand === 'string' ? { kind: operand } : list(operand.map((word) => ({ word })))
}

const list = (words: readonly Candidate[]): Wanted => ({ kind: 'words', words })

function valueOf(flag: FlagName): Wanted {
  const kind = OF_FLAG[flag]
  return kind ? { kind } : list((flagSpec(flag).choices ?? []).map((word) => ({ word })))
}

/** The flag that the word is, where its value is the next word. */
const flagOf = (word = ''): FlagName | undefined =>
  FLAG_NAMES.find((name) => word === `--${name}` || word === `-${flagSpec(name).short ?? '-'}`)

/** As cobra's `__complete` answers: a line each, then a directive (4: no files, 0: files). */
export function completionText(typed: string, found: readonly Candidate[] | 'file'): string {
  if (found === 'file') return ':0\n'
  const lines = found
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, about }) => (about === undefined ? word : `${word}\t${about}`))
  return [...lines, ':4', ''].join('\n')
}

/** `kubectl` is the file that kubectl itself asks: kubectl_complete-bellwether. */
export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const
export type Shell = (typeof SHELLS)[number]

export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of kubectl-bellwether: source <(kubectl bellwether completion bash)
_kubectl_bellwether() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(kubectl-bellwether __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _kubectl_bellwether kubectl-bellwether
`,
  zsh: `#compdef kubectl-bellwether
# Completion of kubectl-bellwether: source <(kubectl bellwether completion zsh)
_kubectl_bellwether() {
  local -a lines
  lines=("\${(@f)$(kubectl-bellwether __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines:#:*}")
  compadd -- "\${(@)lines%%$'\\t'*}"
}
compdef _kubectl_bellwether kubectl-bellwether
`,
  fish: `# Completion of kubectl-bellwether: kubectl bellwether completion fish | source
function __kubectl_bellwether_complete
  set -l words (commandline -opc) (commandline -ct)
  kubectl-bellwether __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c kubectl-bellwether -f -a '(__kubectl_bellwether_complete)'
`,
  kubectl: `#!/bin/sh
# kubectl asks this file what may follow "kubectl bellwether": put it, executable, into the PATH.
exec kubectl-bellwether __complete "$@"
`,
}
