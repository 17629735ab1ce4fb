/** What the controller and the speakers were started with, as far as it decides about Services. */
import type { PodObject } from './objects.ts'

export interface ComponentFlags {
  /** `--lb-class`; absent: Services without a class are theirs. */
  readonly loadBalancerClass: string | undefined
  /** `--ignore-exclude-lb` of the speakers. */
  readonly ignoreExcludeLabel: boolean
}

export function flagsOf(pods: readonly PodObject[]): ComponentFlags {
  const loadBalancerClass = pods.flatMap(({ args }) => flag(args, 'lb-class') ?? [])[0]
  const ignore = pods
    .filter(({ component }) => component === 'speaker')
    .flatMap(({ args }) => flag(args, 'ignore-exclude-lb') ?? [])[0]
  return {
    loadBalancerClass: loadBalancerClass === '' ? undefined : loadBalancerClass,
    ignoreExcludeLabel: ignore !== undefined && ignore !== 'false',
  }
}

/** As `--name=value` or `--name value`, with one dash or two; '' for a flag alone. */
function flag(args: readonly string[], name: string): string | undefined {
  for (const [i, arg] of args.entries()) {
    const [, value] = new RegExp(`^--?${name}(?:=(.*))?$`).exec(arg) ?? []
    if (value !== undefined) return value
    if (!new RegExp(`^--?${name}$`).test(arg)) continue
    const next = args[i + 1] ?? ''
    return next.startsWith('-') ? '' : next
  }
  return undefined
}
