/** The documents, and the commands in them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Paths of all documents, those not yet tracked included. */
export const pages = (): string[] =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')

export const readPage = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Documents whose commands a test of their own runs as they stand. */
const HELD_ELSEWHERE: readonly string[] = ['docs/migration.md', 'docs/dashboard.md']

export interface Block {
  readonly page: string
  /** Of its first command. */
  readonly line: number
  /** Without comments and empty lines. */
  readonly commands: readonly string[]
  /** Why no test runs it, from the comment above: `<!-- not run: why -->`. */
  readonly notRun: string | undefined
}

/** Every block marked as `sh`. */
export function blocksOf(page: string, text: string): Block[] {
  const found = text.matchAll(/(?:<!-- not run: (.+?) -->\s*)?^ *```sh\n([^]*?)^ *```/gm)
  return [...found].map(({ 0: whole, 1: notRun, 2: body = '', index }) => ({
    page,
    line: text.slice(0, index + whole.indexOf('```sh')).split('\n').length + 1,
    commands: body
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*/, '').trim())
      .filter((line) => line !== ''),
    notRun,
  }))
}

export const blocks = (): Block[] =>
  pages()
    .filter((page) => !HELD_ELSEWHERE.includes(page))
    .flatMap((page) => blocksOf(page, readPage(page)))

/** One command without a shell's help: what test/e2e/tutorial.test.ts can run. */
export const isPlain = (command: string): boolean =>
  /^(kubectl|curl) [^|&;<>$'"`\\]+$/.test(command)

/** Besides the tutorial only commands that change nothing. */
export const changesNothing = (command: string): boolean =>
  /^kubectl (-n \S+ )?(get|describe|logs|rollout status|explain|version)\b/.test(command)
