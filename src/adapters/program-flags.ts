/** Flags that controller and speaker have in common, as MetalLB's do. */
import { readFileSync } from 'node:fs'
import type { Flag, FlagValues } from './flags.ts'
import type { MetricsOptions } from './metrics-server.ts'
import { TLS_FLAGS, tlsSettings } from './tls-settings.ts'

export const COMMON_FLAGS = {
  namespace: { kind: 'text', env: 'METALLB_NAMESPACE' },
  'pod-name': { kind: 'text', env: 'METALLB_POD_NAME' },
  'log-level': { kind: 'text', default: 'info' },
  'health-probe-port': { kind: 'number', default: '17472' },
  'lb-class': { kind: 'text' },
  port: { kind: 'number', default: '9120' },
  'metrics-secure': { kind: 'boolean', default: 'true' },
  'metrics-cert-dir': { kind: 'text' },
  ...TLS_FLAGS,
  // Accepted so that MetalLB's manifests work unchanged: it is Go's profiler.
  'pprof-bind-address': { kind: 'text' },
} as const satisfies Record<string, Flag>

export type MetricsFlags = Pick<
  FlagValues<typeof COMMON_FLAGS>,
  'port' | 'metrics-secure' | 'metrics-cert-dir' | keyof typeof TLS_FLAGS
>

/** How metrics are served, or what is wrong with the flags for it. */
export function metricsOptions(
  flags: MetricsFlags,
):
  | { readonly ok: true; readonly options: MetricsOptions }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const tls = tlsSettings(flags)
  if (!tls.ok) return tls
  return {
    ok: true,
    options: {
      port: flags.port,
      secure: flags['metrics-secure'],
      certificateDirectory: flags['metrics-cert-dir'],
      tls: tls.settings,
    },
  }
}

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
