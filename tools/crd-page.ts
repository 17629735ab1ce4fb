/** docs/crds.md: every field of every kind, from the same schemas as the CustomResourceDefinitions. */
import { crdOf } from '../src/core/config/crd.ts'
import { KINDS } from '../src/core/config/kinds.ts'

/** A structural schema, as far as the page tells of it. */
interface Schema {
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly 'x-kubernetes-validations'?: readonly { readonly message?: string }[]
  readonly 'x-kubernetes-list-type'?: string
}

interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly {
      readonly name: string
      readonly deprecated?: boolean
      readonly schema: { readonly openAPIV3Schema: Schema }
    }[]
  }
}

const INTRODUCTION = `# Custom resources, field by field

Made by \`make crds\` from the schemas of which the CustomResourceDefinitions are made, so it is what the API
server holds objects to. All are of the group \`metallb.io\` and of the namespace that Bellwether runs in.
What is checked beyond one field: [admission.md](admission.md). What a pool can do beyond its fields, by
annotation: [annotations.md](annotations.md).

A path with \`[]\` is of each entry of a list, one with \`{}\` of each value of a map. Bold: it must be there.
`

/** Without what stands in every object: apiVersion, kind, metadata. */
export function crdPage(): string {
  const kinds = KINDS.map((kind) => {
    const { spec } = crdOf(kind) as unknown as Crd
    return spec.versions.map((version) => {
      const { properties = {}, description = '' } = version.schema.openAPIV3Schema
      const old = version.deprecated === true ? ', deprecated' : ''
      const rows = ['spec', 'status'].flatMap((part) => rowsOf(properties[part], part))
      const fields = rows.length === 0 ? ['It has no fields.'] : [HEAD, ...rows]
      const heading = `## ${spec.names.kind} (${version.name}${old})`
      return [heading, '', description, '', ...fields, ''].join('\n')
    })
  })
  return [INTRODUCTION, ...kinds.flat()].join('\n')
}

const HEAD = '| field | type | default | allowed | means |\n| --- | --- | --- | --- | --- |'

function rowsOf(schema: Schema | undefined, path: string): string[] {
  const { properties = {}, required = [], items, additionalProperties } = schema ?? {}
  if (items) return rowsOf(items, `${path}[]`)
  if (additionalProperties) return rowsOf(additionalProperties, `${path}{}`)
  return Object.entries(properties).flatMap(([name, field]) => {
    const at = `${path}.${name}`
    const bold = required.includes(name) && field.default === undefined ? '**' : ''
    const fallback = field.default === undefined ? '' : code(field.default)
    const cells = [
      `${bold}\`${at}\`${bold}`,
      typeOf(field),
      fallback,
      allowed(field),
      meaning(field),
    ]
    return [`| ${cells.map(cell).join(' | ')} |`, ...rowsOf(field, at)]
  })
}

const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function typeOf({ type = 'any', format, items, additionalProperties }: Schema): string {
  if (items) return `list of ${typeOf(items)}`
  if (additionalProperties) return `map of ${typeOf(additionalProperties)}`
  return format === 'date-time' ? 'time (RFC 3339)' : type
}

/** Every bound that the API server holds: of the field, and of the entries of its list. */
function allowed(field: Schema): string {
  const { minimum, maximum, minItems, maxItems, maxLength, pattern } = field
  const [first] = field.items?.properties ? [] : [field.items]
  return [
    field.enum?.map(code).join(', '),
    range(minimum, maximum, ''),
    range(minItems, maxItems, ' entries'),
    field['x-kubernetes-list-type'] === 'set' && 'each once',
    maxLength !== undefined && `at most ${maxLength} characters`,
    pattern !== undefined && `matches ${code(pattern)}`,
    ...(field['x-kubernetes-validations'] ?? []).map((it) => it.message),
    first && allowed(first),
  ]
    .filter(Boolean)
    .join('; ')
}

function range(from: number | undefined, to: number | undefined, unit: string): string | undefined {
  if (from !== undefined && to !== undefined) return `${from} to ${to}${unit}`
  if (from !== undefined) return `at least ${from}${unit}`
  return to === undefined ? undefined : `at most ${to}${unit}`
}

const meaning = ({ description, items }: Schema): string =>
  [description, items?.properties ? undefined : items?.description].filter(Boolean).join(' ')
