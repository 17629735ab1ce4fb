/** What a controller is told at start: MetalLB's flags and environment (controller/main.go). */
import { parseFlags } from '../adapters/flags.ts'
import type { Flag } from '../adapters/flags.ts'
import {
  COMMON_FLAGS,
  NAMESPACE_UNKNOWN,
  metricsOptions,
  ownNamespace,
} from '../adapters/program-flags.ts'
import type { MetricsOptions } from '../adapters/metrics-server.ts'

const FLAGS = {
  ...COMMON_FLAGS,
  'ml-secret-name': { kind: 'text', env: 'METALLB_ML_SECRET_NAME' },
  deployment: { kind: 'text', env: 'METALLB_DEPLOYMENT' },
  'leader-elect': { kind: 'boolean', default: 'true' },
  // Accepted so that MetalLB's Deployment works unchanged; what they are for comes later.
  'disable-cert-rotation': { kind: 'boolean' },
  'cert-dir': { kind: 'text' },
  'cert-service-name': { kind: 'text' },
  'webhook-mode': { kind: 'text' },
  'webhook-secret': { kind: 'text' },
  'webhook-http2': { kind: 'boolean' },
} as const satisfies Record<string, Flag>

export interface ControllerOptions {
  readonly namespace: string
  /** '' leaves the memberlist secret to others. */
  readonly secretName: string
  /** Deployment that owns the secret. */
  readonly deployment: string
  readonly logLevel: string
  readonly healthPort: number
  /** '' where it is not told. */
  readonly pod: string
  /** False: this is the only controller there is. */
  readonly leaderElect: boolean
  readonly metrics: MetricsOptions
  readonly loadBalancerClass: string | undefined
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: ControllerOptions }
  | { readonly ok: false; readonly problems: readonly string[] }

export function controllerOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions {
  const parsed = parseFlags(FLAGS, argv, env)
  if (!parsed.ok) return parsed
  const flags = parsed.values
  const namespace = ownNamespace(flags.namespace)
  const metrics = metricsOptions(flags)
  if (namespace === undefined || !metrics.ok) {
    const problems = [
      ...(namespace === undefined ? [NAMESPACE_UNKNOWN] : []),
      ...(metrics.ok ? [] : metrics.problems),
    ]
    return { ok: false, problems }
  }
  return {
    ok: true,
    options: {
      namespace,
      secretName: flags['ml-secret-name'],
      deployment: flags.deployment,
      logLevel: flags['log-level'],
      healthPort: flags['health-probe-port'],
      pod: flags['pod-name'],
      leaderElect: flags['leader-elect'],
      metrics: metrics.options,
      loadBalancerClass: flags['lb-class'] || undefined,
    },
  }
}
