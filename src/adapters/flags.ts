/**
 * Command-line flags as Go's `flag` package takes them, which MetalLB's manifests are written for:
 * one dash or two, `--name=value` or `--name value`, booleans as `--name` or `--name=false`.
 */

export interface Flag {
  readonly kind: 'text' | 'number' | 'boolean'
  /** Environment variable that gives the value where the flag does not. */
  readonly env?: string
  readonly default?: string
}

export type FlagValues<S extends Readonly<Record<string, Flag>>> = {
  readonly [name in keyof S]: S[name]['kind'] extends 'number'
    ? number
    : S[name]['kind'] extends 'boolean'
      ? boolean
      : string
}

export type ParsedFlags<S extends Readonly<Record<string, Flag>>> =
  | { readonly ok: true; readonly values: FlagValues<S> }
  /** Every problem at once, each a sentence for the person who wrote the flags. */
  | { readonly ok: false; readonly problems: readonly string[] }

/** An absent flag takes its environment variable, then its default, then '', 0 or false. */
export function parseFlags<const S extends Readonly<Record<string, Flag>>>(
  spec: S,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedFlags<S> {
  const problems: string[] = []
  const given = new Map<string, string>()
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    const match = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word)
    const name = match?.[1] ?? ''
    const flag = Object.hasOwn(spec, name) ? spec[name] : undefined
    if (!flag) {
      problems.push(`unknown argument "${word}"; known flags: --${Object.keys(spec).join(', --')}`)
    } else if (match?.[2] !== undefined) given.set(name, match[2])
    else if (flag.kind === 'boolean') given.set(name, 'true')
    else if (i + 1 < argv.length) given.set(name, argv[++i] ?? '')
    else problems.push(`--${name} needs a value`)
  }
  const values: Record<string, string | number | boolean> = {}
  for (const [name, flag] of Object.entries(spec)) {
    const fromEnv = flag.env === undefined ? undefined : env[flag.env]
    const text = given.get(name) ?? fromEnv ?? flag.default ?? ''
    const value = convert(flag.kind, text)
    if (value === undefined) problems.push(`--${name}: expected a ${flag.kind}, got "${text}"`)
    else values[name] = value
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, values: values as FlagValues<S> }
}

function convert(kind: Flag['kind'], text: string): string | number | boolean | undefined {
  if (kind === 'text') return text
  if (kind === 'number') return /^\d*$/.test(text) ? Number(text) : undefined
  return { '': false, true: true, '1': true, false: false, '0': false }[text]
}
