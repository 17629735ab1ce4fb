/** Flags that controller and speaker have in common, as MetalLB's do. */
import { readFileSync } from 'node:fs'
import type { Flag } from './flags.ts'

export const COMMON_FLAGS = {
  namespace: { kind: 'text', env: 'METALLB_NAMESPACE' },
  'pod-name': { kind: 'text', env: 'METALLB_POD_NAME' },
  'log-level': { kind: 'text', default: 'info' },
  'health-probe-port': { kind: 'number', default: '17472' },
  'lb-class': { kind: 'text' },
  // Accepted so that MetalLB's manifests work unchanged; what they are for comes later.
  port: { kind: 'number', default: '9120' },
  'pprof-bind-address': { kind: 'text' },
  'tls-min-version': { kind: 'text' },
  'tls-cipher-suites': { kind: 'text' },
  'tls-curve-preferences': { kind: 'text' },
  'metrics-cert-dir': { kind: 'text' },
} as const satisfies Record<string, Flag>

export const NAMESPACE_UNKNOWN = 'namespace unknown: give --namespace or METALLB_NAMESPACE'

/** What was given, or the namespace of the pod's service account. */
export function ownNamespace(given: string): string | undefined {
  if (given !== '') return given
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
  return readIfThere(file)?.toString().trim()
}

export function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The values, or an end of the program that tells all that is wrong. */
export function orExit<T>(
  parsed:
    | { readonly ok: true; readonly options: T }
    | { readonly ok: false; readonly problems: readonly string[] },
): T {
  if (parsed.ok) return parsed.options
  for (const problem of parsed.problems) console.error(problem)
  process.exit(2)
}
