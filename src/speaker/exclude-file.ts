/**
 * MetalLB's `/etc/metallb/excludel2.yaml`: regular expressions of the interfaces on which nothing is ever
 * announced. Other than MetalLB's it is read again when it changes.
 */
import { dirname } from 'node:path'
import * as z from 'zod'
import { parse } from 'yaml'
import { readIfThere } from '../adapters/program-flags.ts'
import { watchDirectory } from '../adapters/secret-files.ts'
import type { Log } from '../ports/log.ts'

export const EXCLUDE_FILE = '/etc/metallb/excludel2.yaml'

const schema = z.object({
  announcedInterfacesToExclude: z
    .array(
      z.string().refine(isPattern, { error: ({ input }) => `invalid pattern ${String(input)}` }),
    )
    .default([]),
})

export type ExcludeList =
  | { readonly ok: true; readonly patterns: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/** Empty without the file. */
export function readExcludeFile(file: string): ExcludeList {
  try {
    const text = readIfThere(file)?.toString()
    if (text === undefined) return { ok: true, patterns: [] }
    const parsed = schema.safeParse(parse(text))
    return parsed.success
      ? { ok: true, patterns: parsed.data.announcedInterfacesToExclude }
      : { ok: false, problem: `${file}: ${z.prettifyError(parsed.error)}` }
  } catch (error) {
    return {
      ok: false,
      problem: `${file}: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

/** Hands over `changed` whatever list comes after `patterns`. One that is wrong leaves it as it is. */
export function followExcludeFile(
  file: string,
  patterns: readonly string[],
  log: Log,
  changed: (patterns: readonly string[]) => void,
): { close(): void } {
  let current = patterns
  let told = ''
  const look = () => {
    const list = readExcludeFile(file)
    const problem = list.ok ? '' : list.problem
    if (problem !== '' && problem !== told) {
      log.warn('exclude-list-unchanged', { problem, kept: current })
    }
    told = problem
    if (!list.ok || list.patterns.join('\n') === current.join('\n')) return
    current = list.patterns
    log.info('exclude-list', { patterns: current })
    changed(current)
  }
  const watching = watchDirectory(dirname(file), look, (error) => {
    log.warn('exclude-list-unwatched', { error, instead: 'looked at now and then' })
  })
  // Between the first reading and the watch it may have changed.
  look()
  return watching
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
