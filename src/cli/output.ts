/** Answers as they are printed: text for people, JSON and YAML for scripts. */
import { stringify } from 'yaml'
import { renderText } from '../core/report/text.ts'
import type { Paint, Role, Text } from '../core/report/text.ts'
import type { Output } from './flags.ts'

/** How a role looks, by the names that Node has for it. */
export const STYLES = {
  ok: 'green',
  warn: 'yellow',
  bad: 'red',
  dim: 'dim',
  strong: 'bold',
} as const satisfies Record<Role | 'strong', string>

export function printed(
  answer: { readonly data: object; readonly text: Text },
  output: Output,
  paint: Paint,
  width?: number,
): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(answer.data, undefined, 2)}\n`
    case 'yaml':
      return stringify(answer.data, { aliasDuplicateObjects: false })
    case 'table':
      return renderText(answer.text, paint, width)
  }
}
