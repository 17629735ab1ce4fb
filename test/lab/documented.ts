/** The commands of a document, so that what people are told to do is what is tested. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The shell commands below a heading of a document, up to the next heading. Throws where there are none. */
export function documented(path: string, heading: string): string {
  const lines = readFileSync(`${ROOT}/${path}`, 'utf8').split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  const rest = lines.slice(start + 1)
  let shell = false
  const commands: string[] = []
  for (const line of start < 0 ? [] : rest) {
    if (!shell && /^#+ /.test(line)) break
    if (line.startsWith('```')) shell = line === '```sh'
    else if (shell) commands.push(line)
  }
  if (commands.length === 0) throw new Error(`${path}: no commands below "${heading}"`)
  return commands.join('\n')
}
