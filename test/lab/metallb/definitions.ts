/** MetalLB's definitions, as far as they matter: ours without what is ours alone. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Json } from './names.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Fields of a status that MetalLB's definitions know: others are pruned. */
const STATUS: Readonly<Record<string, readonly string[]>> = {
  IPAddressPool: ['assignedIPv4', 'assignedIPv6', 'availableIPv4', 'availableIPv6'],
  ServiceL2Status: ['node', 'serviceName', 'serviceNamespace', 'interfaces'],
}

export function metallbDefinitions(): Json[] {
  return globSync('crds/*.yaml', { cwd: ROOT }).map((path) => {
    const crd = parse(readFileSync(`${ROOT}/${path}`, 'utf8')) as Definition
    const known = STATUS[crd.spec.names.kind]
    for (const version of crd.spec.versions) {
      const { spec, status } = version.schema.openAPIV3Schema.properties
      if (spec) withoutRules(spec)
      if (known === undefined || status?.properties === undefined) continue
      const { properties } = status
      for (const field of Object.keys(properties)) {
        if (!known.includes(field)) delete properties[field]
      }
    }
    return crd as unknown as Json
  })
}

interface Definition {
  spec: {
    names: { kind: string }
    versions: {
      schema: { openAPIV3Schema: { properties: { spec?: Json; status?: { properties?: Json } } } }
    }[]
  }
}

function withoutRules(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  delete (schema as Json)['x-kubernetes-validations']
  for (const value of Object.values(schema)) withoutRules(value)
}
