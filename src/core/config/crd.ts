/** A kind's CustomResourceDefinition (apiextensions.k8s.io/v1), from its zod schemas. */
import * as z from 'zod'
import type { Kind, KindVersion } from './schema.ts'

export const GROUP = 'metallb.io'

type Json = Readonly<Record<string, unknown>>

/** Where the API server finds the webhooks (manifests/parts/40-webhooks.yaml). */
const WEBHOOK_SERVICE = { name: 'metallb-webhook-service', namespace: 'metallb-system', port: 443 }

/** The object to be applied; the same input gives the same output, key for key. */
export function crdOf(kind: Kind): Json {
  const { plural, older = [] } = kind
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular: kind.kind.toLowerCase(),
      },
      scope: 'Namespaced',
      ...(older.length > 0 && { conversion }),
      versions: [
        ...older.map((version) => versionOf(kind.description, version, version.deprecation)),
        versionOf(kind.description, kind),
      ],
    },
  }
}

/** The certificate authority is put in by the controller (controller/ca-injector.ts). */
const conversion = {
  strategy: 'Webhook',
  webhook: {
    conversionReviewVersions: ['v1'],
    clientConfig: { service: { ...WEBHOOK_SERVICE, path: '/convert' } },
  },
}

function versionOf(description: string, version: KindVersion, deprecation?: string): Json {
  return {
    name: version.version,
    served: true,
    storage: deprecation === undefined,
    ...(deprecation !== undefined && { deprecated: true, deprecationWarning: deprecation }),
    subresources: { status: {} },
    ...(version.columns.length > 0 && { additionalPrinterColumns: version.columns }),
    schema: { openAPIV3Schema: schemaOf(description, version) },
  }
}

function schemaOf(description: string, { spec, specRequired, status }: KindVersion): Json {
  return {
    description,
    type: 'object',
    ...(specRequired === true ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string', description: 'Version of the API that the object is of.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
      ...(spec && { spec: { description: `What is wanted.`, ...structural(spec) } }),
      status: { description: 'What is the case.', ...structural(status) },
    },
  }
}

/** Structural schema as apiextensions takes it: zod's JSON Schema without what is foreign to it. */
function structural(schema: z.ZodType): Json {
  return clean(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' })) as Json
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  const source = value as Json
  const result: Record<string, unknown> = {}
  for (const [key, part] of Object.entries(source)) {
    if (key === 'properties') {
      const properties = Object.entries(part as Json)
      // The API server drops an empty map, and would call each re-application a change.
      if (properties.length === 0) continue
      result[key] = Object.fromEntries(properties.map(([name, schema]) => [name, clean(schema)]))
    } else if (!isForeign(key, part)) result[key] = clean(part)
  }
  return result
}

/** Bounds of JavaScript's integers are no bounds of the field; records and closed objects differ. */
function isForeign(key: string, value: unknown): boolean {
  if (key === '$schema' || key === 'propertyNames') return true
  if (key === 'additionalProperties') return typeof value === 'boolean'
  const bound = key === 'minimum' || key === 'maximum'
  return bound && Math.abs(value as number) === Number.MAX_SAFE_INTEGER
}
