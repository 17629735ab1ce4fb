/**
 * A release of MetalLB's chart (0.15, 0.16): the objects of its manifest with the names, labels and
 * selectors that its templates give them (charts/metallb/templates of metallb/metallb), as a chart of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { metallbDefinitions } from './definitions.ts'
import type { Json } from './names.ts'
import { metallbObjects } from './objects.ts'
import type { StandIn } from './programs.ts'
import { metallbWebhooks } from './webhooks.ts'

/** Release and chart have one name, so that names begin with that alone. */
export const RELEASE = 'metallb'

const NAMES = new Map([
  ...['controller', 'speaker', 'pod-lister'].map((name) => [name, `${RELEASE}-${name}`] as const),
  ...['controller', 'speaker'].map(
    (name) => [`metallb-system:${name}`, `${RELEASE}:${name}`] as const,
  ),
])
const SECRET = 'memberlist'
const named = (name: string): string => (name === SECRET ? `${RELEASE}-${SECRET}` : name)

/** Writes the chart; what `helm install` makes of it is what MetalLB's makes. */
export function writeMetallbChart(folder: string, standIn: StandIn): void {
  const objects = [...metallbDefinitions(), ...metallbObjects(standIn), metallbWebhooks()]
    .filter(({ kind }) => kind !== 'Namespace')
    .map(asOfChart)
  mkdirSync(join(folder, 'templates'), { recursive: true })
  const chart = { apiVersion: 'v2', name: RELEASE, version: '0.16.0' }
  writeFileSync(join(folder, 'Chart.yaml'), JSON.stringify(chart))
  const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
  writeFileSync(join(folder, 'templates/all.yaml'), text)
}

/** An object of the manifest, as the chart has it. */
export function asOfChart(object: Json): Json {
  const { metadata } = object as { metadata: Json }
  const name = object['kind'] === 'Secret' ? named(metadata['name'] as string) : metadata['name']
  return renamed({ ...object, metadata: { ...metadata, name } }) as Json
}

function renamed(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return text(value, key)
  if (Array.isArray(value)) return value.map((it: unknown) => renamed(it, key))
  if (typeof value !== 'object' || value === null) return value
  const object = value as Json
  const { component, app, ...rest } = object
  const isLabels = app === 'metallb' || component === 'controller' || component === 'speaker'
  const entries = Object.entries(isLabels ? rest : object).map(([key, it]) => {
    // A container's name is its own.
    return [key, key === 'name' && 'image' in object ? it : renamed(it, key)] as const
  })
  return {
    ...Object.fromEntries(entries),
    ...(isLabels && {
      'app.kubernetes.io/name': 'metallb',
      'app.kubernetes.io/instance': RELEASE,
      ...(component !== undefined && { 'app.kubernetes.io/component': component }),
    }),
  }
}

function text(value: string, key: string): string {
  switch (key) {
    case 'name':
    case 'serviceAccountName':
      return NAMES.get(value) ?? value
    case 'secretName':
      return named(value)
    case 'value':
      return value === 'app=metallb,component=speaker'
        ? 'app.kubernetes.io/name=metallb,app.kubernetes.io/component=speaker'
        : (NAMES.get(value) ?? named(value))
    case 'resourceNames':
      return NAMES.get(value) ?? named(value)
    default:
      return value
  }
}
