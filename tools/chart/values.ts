/** The chart's values.yaml, read for its comments: what each value is for, and what it may be. */
import { isMap, isScalar, parseDocument } from 'yaml'
import type { Node, YAMLMap } from 'yaml'

export interface Value {
  /** Keys from the top. */
  readonly path: readonly string[]
  readonly description: string
  /** What it may be, where the comment says `@one of`. */
  readonly oneOf: readonly string[] | undefined
  readonly fallback: unknown
}

/** Every value in the order of the file. Throws where one has no description. */
export function chartValues(text: string): Value[] {
  const { contents } = parseDocument(text)
  if (!isMap(contents)) throw new Error('values.yaml: expected a map')
  // The comment before the first key counts as the map's own.
  return valuesIn(contents, [], contents.commentBefore ?? '')
}

function valuesIn(map: YAMLMap, above: readonly string[], firstComment: string): Value[] {
  return map.items.flatMap((pair, index) => {
    const key = pair.key as Node & { value: unknown }
    const node = pair.value as Node
    const path = [...above, String(key.value)]
    const comment = key.commentBefore ?? (index === 0 ? firstComment : '')
    if (isMap(node) && node.items.length > 0) {
      return valuesIn(node, path, node.commentBefore ?? '')
    }
    const description = /(?:^|\n) -- (.*)/.exec(comment)?.[1]
    if (description === undefined) throw new Error(`values.yaml: ${path.join('.')}: no "# --"`)
    const oneOf = /@one of (.*)/
      .exec(comment)?.[1]
      ?.split(' ')
      .map((it) => it.replace("''", ''))
    const fallback: unknown = isScalar(node) ? node.value : node.toJSON()
    return [{ path, description, oneOf, fallback }]
  })
}
