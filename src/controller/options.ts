/** What a controller is told at start: MetalLB's flags and environment (controller/main.go). */
import { readFileSync } from 'node:fs'
import { parseFlags } from '../adapters/flags.ts'
import type { Flag } from '../adapters/flags.ts'

/** Accepted so that MetalLB's Deployment works unchanged; what they are for comes later. */
const WITHOUT_EFFECT = {
  port: { kind: 'number', default: '9120' },
  'pod-name': { kind: 'text', env: 'METALLB_POD_NAME' },
  'pprof-bind-address': { kind: 'text' },
  'disable-cert-rotation': { kind: 'boolean' },
  'cert-dir': { kind: 'text' },
  'cert-service-name': { kind: 'text' },
  'webhook-mode': { kind: 'text' },
  'webhook-secret': { kind: 'text' },
  'webhook-http2': { kind: 'boolean' },
  'tls-min-version': { kind: 'text' },
  'tls-cipher-suites': { kind: 'text' },
  'tls-curve-preferences': { kind: 'text' },
  'metrics-cert-dir': { kind: 'text' },
} as const satisfies Record<string, Flag>

const FLAGS = {
  namespace: { kind: 'text', env: 'METALLB_NAMESPACE' },
  'ml-secret-name': { kind: 'text', env: 'METALLB_ML_SECRET_NAME' },
  deployment: { kind: 'text', env: 'METALLB_DEPLOYMENT' },
  'log-level': { kind: 'text', default: 'info' },
  'health-probe-port': { kind: 'number', default: '17472' },
  'lb-class': { kind: 'text' },
  ...WITHOUT_EFFECT,
} as const satisfies Record<string, Flag>

export interface ControllerOptions {
  readonly namespace: string
  /** '' leaves the memberlist secret to others. */
  readonly secretName: string
  /** Deployment that owns the secret. */
  readonly deployment: string
  readonly logLevel: string
  readonly healthPort: number
  readonly loadBalancerClass: string | undefined
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: ControllerOptions }
  | { readonly ok: false; readonly problems: readonly string[] }

const SERVICE_ACCOUNT_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

export function controllerOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions {
  const parsed = parseFlags(FLAGS, argv, env)
  if (!parsed.ok) return parsed
  const flags = parsed.values
  const namespace = flags.namespace || ownNamespace()
  if (namespace === undefined) {
    return { ok: false, problems: ['namespace unknown: give --namespace or METALLB_NAMESPACE'] }
  }
  return {
    ok: true,
    options: {
      namespace,
      secretName: flags['ml-secret-name'],
      deployment: flags.deployment,
      logLevel: flags['log-level'],
      healthPort: flags['health-probe-port'],
      loadBalancerClass: flags['lb-class'] || undefined,
    },
  }
}

function ownNamespace(): string | undefined {
  try {
    return readFileSync(SERVICE_ACCOUNT_NAMESPACE, 'utf8').trim()
  } catch {
    return undefined // Not in a cluster: the flag or the variable must tell.
  }
}
