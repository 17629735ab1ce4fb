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
import type { WebhookOptions } from './webhooks.ts'

const FLAGS = {
  ...COMMON_FLAGS,
  'ml-secret-name': { kind: 'text', env: 'METALLB_ML_SECRET_NAME' },
  deployment: { kind: 'text', env: 'METALLB_DEPLOYMENT' },
  'leader-elect': { kind: 'boolean', default: 'true' },
  'disable-cert-rotation': { kind: 'boolean' },
  'cert-dir': { kind: 'text', default: '/tmp/k8s-webhook-server/serving-certs' },
  'cert-service-name': { kind: 'text', default: 'metallb-webhook-service' },
  'webhook-mode': { kind: 'text', default: 'enabled' },
  'webhook-secret': { kind: 'text', default: 'metallb-webhook-cert' },
  'webhook-http2': { kind: 'boolean' },
  'dashboard-port': { kind: 'number', env: 'BELLWETHER_DASHBOARD_PORT' },
} as const satisfies Record<string, Flag>

const WEBHOOK_MODES = ['enabled', 'disabled', 'onlywebhook'] as const
export type WebhookMode = (typeof WEBHOOK_MODES)[number]

const isWebhookMode = (text: string): text is WebhookMode =>
  WEBHOOK_MODES.some((mode) => mode === text)

/** What MetalLB's webhook Service forwards to. */
const WEBHOOK_PORT = 9443

export interface ControllerOptions {
  readonly namespace: string
  /** This pod; '' where not known. */
  readonly pod: string
  /** '' leaves the memberlist secret to others. */
  readonly secretName: string
  /** Deployment that owns the secret. */
  readonly deployment: string
  readonly logLevel: string
  readonly healthPort: number
  /** False: this is the only controller there is. */
  readonly leaderElect: boolean
  readonly metrics: MetricsOptions
  readonly loadBalancerClass: string | undefined
}

export interface ProgramOptions extends ControllerOptions, WebhookOptions {
  /** `onlywebhook`: no addresses are given. */
  readonly webhookMode: WebhookMode
  /** 0: there is no dashboard. */
  readonly dashboardPort: number
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: ProgramOptions }
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
  const webhookMode = flags['webhook-mode']
  if (namespace === undefined || !metrics.ok || !isWebhookMode(webhookMode)) {
    const expected = `--webhook-mode: expected one of ${WEBHOOK_MODES.join(', ')}, got "${webhookMode}"`
    const problems = [
      ...(namespace === undefined ? [NAMESPACE_UNKNOWN] : []),
      ...(metrics.ok ? [] : metrics.problems),
      ...(isWebhookMode(webhookMode) ? [] : [expected]),
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
      webhookMode,
      webhookPort: WEBHOOK_PORT,
      certRotation: !flags['disable-cert-rotation'],
      certDirectory: flags['cert-dir'],
      certServiceName: flags['cert-service-name'],
      webhookSecret: flags['webhook-secret'],
      webhookHttp2: flags['webhook-http2'],
      dashboardPort: flags['dashboard-port'],
    },
  }
}
