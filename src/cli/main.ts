/** `kubectl bellwether`: where every address is, and why. */
import { styleText } from 'node:util'
import { STYLES } from './output.ts'
import { runPlugin } from './run.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads has read enough: `| head`.
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await runPlugin(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  tell: (text) => process.stderr.write(text),
  // styleText heeds NO_COLOR, and that the output may be no terminal.
  paint: (role, text) => styleText(STYLES[role], text, { stream: process.stdout }),
  isTerminal: process.stderr.isTTY,
  width: process.stdout.columns,
})
