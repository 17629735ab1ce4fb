/** What doctor checks of the cluster around Bellwether: each check says what it saw. */
import { crdOf, GROUP } from '../config/crd.ts'
import { KINDS } from '../config/kinds.ts'
import { canonical } from '../config/problems.ts'
import { networkPlugins, rivalObjects, rivalWorkloads } from './rivals.ts'
import type { Look } from './look.ts'
import type { Surroundings, Webhook } from './surroundings.ts'
import type { Verdict } from './text.ts'

export interface Check {
  /** One or two words, the same in all releases: `kube-proxy`. */
  readonly check: string
  readonly verdict: Verdict
  /** What was seen, or why nothing was. */
  readonly saw: string
  /** What to do about it. */
  readonly remedy?: string
}

/** Judges what was seen; what was not is no verdict. */
export function judge<T>(
  check: string,
  look: Look<T>,
  verdict: (seen: T) => Omit<Check, 'check'>,
): Check {
  if ('unseen' in look) return { check, verdict: 'unknown', saw: look.unseen }
  return { check, ...verdict(look.seen) }
}

const OLDEST_MINOR = 31

export const kubernetesCheck = ({ kubernetes }: Surroundings): Check =>
  judge('Kubernetes', kubernetes, (version) => {
    const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number)
    if (major > 1 || minor >= OLDEST_MINOR) return { verdict: 'ok', saw: version }
    const remedy = `update Kubernetes to 1.${OLDEST_MINOR} or newer`
    return { verdict: 'broken', saw: version, remedy }
  })

export function kubeProxyCheck(around: Surroundings): Check {
  return judge('kube-proxy', around.kubeProxy, (proxy) => {
    if (!proxy) {
      const replaced =
        'seen' in around.cilium && around.cilium.seen?.['kube-proxy-replacement'] === 'true'
      if (replaced)
        return { verdict: 'ok', saw: 'replaced by Cilium, which answers no ARP for VIPs' }
      return {
        verdict: 'warn',
        saw: 'no ConfigMap kube-system/kube-proxy: it is configured elsewhere (k3s, RKE2, a static pod)',
        remedy: 'if its mode is ipvs, see that ipvs.strictARP is true',
      }
    }
    const { mode, strictARP } = proxy
    const saw = `mode ${mode === '' ? 'iptables (default)' : mode}, strictARP ${strictARP}`
    if (mode !== 'ipvs' || strictARP) return { verdict: 'ok', saw }
    return {
      verdict: 'broken',
      saw: `${saw}: every node answers ARP for every address of a Service`,
      remedy:
        'set ipvs.strictARP to true: kubectl -n kube-system edit configmap kube-proxy, then kubectl -n kube-system rollout restart daemonset kube-proxy',
    }
  })
}

export function rivalChecks(around: Surroundings, namespace: string): Check[] {
  const check = 'other load balancers'
  const { workloads, foreign, cilium } = around
  const missing = [workloads, foreign].flatMap((look) => ('unseen' in look ? [look.unseen] : []))
  const config = 'seen' in cilium ? cilium.seen : undefined
  const found = [
    ...('seen' in workloads ? rivalWorkloads(workloads.seen, namespace) : []),
    ...('seen' in foreign ? rivalObjects(foreign.seen, config) : []),
  ]
  const checks = found.map(({ rival, where, harmful, remedy }): Check => ({
    check,
    verdict: harmful ? 'broken' : 'warn',
    saw: `${rival}: ${where}`,
    remedy,
  }))
  if (missing.length > 0) {
    checks.push({ check, verdict: 'unknown', saw: missing.join('; ') })
  } else if (found.length === 0) {
    checks.push({ check, verdict: 'ok', saw: 'none' })
  }
  return checks
}

export const networkCheck = (around: Surroundings): Check =>
  judge('network plugin', around.workloads, () => {
    const plugins = networkPlugins(around)
    const saw = plugins.join(', ') || 'none of those that are known'
    const calico = plugins.includes('Calico')
    const remedy =
      'where Calico peers by BGP with the same routers, keep its serviceLoadBalancerIPs clear of our pools'
    return calico ? { verdict: 'ok', saw, remedy } : { verdict: 'ok', saw }
  })

export function definitionChecks({ crds }: Surroundings): Check[] {
  const check = 'definitions'
  if ('unseen' in crds) return [{ check, verdict: 'unknown', saw: crds.unseen }]
  const known = new Map(crds.seen.map((crd) => [crd.name, crd.versions]))
  const remedy = 'apply the CustomResourceDefinitions of your release (crds/, or the manifest)'
  const wrong = KINDS.flatMap((kind): Check[] => {
    const name = `${kind.plural}.${GROUP}`
    const versions = known.get(name)
    if (!versions) return [{ check, verdict: 'broken', saw: `${name} is missing`, remedy }]
    const missing = wantedVersions(kind).filter(
      (version) => !versions.some((it) => it.name === version.name),
    )
    if (missing.length > 0) {
      const saw = `${name} does not serve ${missing.map((it) => it.name).join(', ')}`
      return [{ check, verdict: 'broken', saw, remedy }]
    }
    const other = wantedVersions(kind).filter(({ name: version, schema }) =>
      versions.every((it) => it.name !== version || canonical(it.schema) !== canonical(schema)),
    )
    if (other.length === 0) return []
    const saw = `${name} ${other.map((it) => it.name).join(', ')} is of another release than this plugin`
    return [{ check, verdict: 'warn', saw, remedy }]
  })
  if (wrong.length > 0) return wrong
  return [{ check, verdict: 'ok', saw: `all ${KINDS.length}, of this release` }]
}

interface WantedVersion {
  readonly name: string
  readonly schema: unknown
}

function wantedVersions(kind: (typeof KINDS)[number]): WantedVersion[] {
  const { versions } = crdOf(kind)['spec'] as {
    versions: { name: string; schema: { openAPIV3Schema: unknown } }[]
  }
  return versions.map(({ name, schema }) => ({ name, schema: schema.openAPIV3Schema }))
}

export function webhookChecks(around: Surroundings, namespace: string): Check[] {
  const check = 'webhooks'
  if ('unseen' in around.webhooks) {
    return [{ check, verdict: 'unknown', saw: around.webhooks.unseen }, tryCheck(around)]
  }
  const webhooks = around.webhooks.seen
  if (webhooks.length === 0) {
    const remedy = 'apply the ValidatingWebhookConfiguration of the manifest'
    return [{ check, verdict: 'warn', saw: 'none for metallb.io', remedy }]
  }
  const foreign = webhooks.filter(({ service }) => service?.split('/')[0] !== namespace)
  const blind = webhooks.filter((it) => !it.hasAuthority && !foreign.includes(it))
  const checks: Check[] = [
    ...perConfiguration(foreign).map(([name, [first]]): Check => ({
      check,
      verdict: 'broken',
      saw: `${name} asks ${first?.service ?? 'a URL'}, which is not Bellwether's (failurePolicy ${first?.failurePolicy ?? '?'})`,
      remedy: `kubectl delete validatingwebhookconfiguration ${name}`,
    })),
    ...perConfiguration(blind).map(([name]): Check => ({
      check,
      verdict: 'broken',
      saw: `${name} has no certificate authority: the API server cannot trust the webhook`,
      remedy: 'see the log of the controller that leads: it puts the authority in',
    })),
  ]
  return [...checks, tryCheck(around)]
}

function perConfiguration(webhooks: readonly Webhook[]): [string, Webhook[]][] {
  const byName = Map.groupBy(webhooks, ({ configuration }) => configuration)
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
}

const tryCheck = ({ webhookTry }: Surroundings): Check =>
  judge('webhook reached', webhookTry, ({ refused, answer }) => {
    if (refused) return { verdict: 'ok', saw: 'a wrong pool, created for a try, was refused by it' }
    return {
      verdict: 'broken',
      saw: answer,
      remedy:
        'the API server must reach port 9443 of the controller: see its pods, the endpoints of metallb-webhook-service, and firewalls between control plane and pods',
    }
  })

/** `pods`: of controller and speakers. */
export function imageCheck(
  pods: Look<readonly { readonly name: string; readonly images: readonly string[] }[]>,
): Check {
  return judge('images', pods, (seen) => {
    const images = Map.groupBy(
      seen.flatMap(({ name, images }) => images.map((image) => ({ name, image }))),
      ({ image }) => image,
    )
    const list = [...images]
      .map(([image, { length }]) => `${image} (${length} ${length === 1 ? 'pod' : 'pods'})`)
      .sort()
    if (images.size === 0) {
      return { verdict: 'broken', saw: 'no pods of controller and speakers', remedy: 'install it' }
    }
    if (images.size === 1) return { verdict: 'ok', saw: list.join() }
    const remedy = 'wait for the rollout to end, or bring all to one release'
    return { verdict: 'warn', saw: list.join(', '), remedy }
  })
}
