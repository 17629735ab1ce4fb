/** Who else in the cluster gives or announces addresses of Services: by what they run and what they made. */
import type { ForeignObject, Surroundings, Workload } from './surroundings.ts'

export interface RivalFound {
  readonly rival: string
  /** `DaemonSet kube-system/svclb-traefik`. */
  readonly where: string
  /** False: it may be there on purpose, and does no harm by itself. */
  readonly harmful: boolean
  readonly remedy: string
}

interface Known {
  readonly rival: string
  /** Undefined: it is not that one. */
  readonly harmful: (workload: Workload, namespace: string) => boolean | undefined
  readonly remedy: string
}

const runs = ({ images }: Workload, pattern: RegExp): boolean =>
  images.some((image) => pattern.test(image))

/** A flag as Go's programs take them. */
const isOn = ({ words }: Workload, flag: string): boolean =>
  words.some((word) => new RegExp(`^--?${flag}(=true)?$`).test(word))

const KNOWN: readonly Known[] = [
  {
    rival: 'MetalLB',
    harmful: (it, namespace) =>
      runs(it, /\bmetallb(\/|-)(controller|speaker)\b/) ? it.namespace !== namespace : undefined,
    remedy: 'two load balancers of one API group take each other for a replica: remove one of them',
  },
  {
    rival: 'OpenELB',
    harmful: (it) => (runs(it, /\bopenelb\b|kubesphere\/porter\b/) ? true : undefined),
    remedy: 'remove OpenELB, or keep its Eips and our pools apart and set --lb-class',
  },
  {
    rival: 'kube-vip',
    harmful: (it) => {
      if (!runs(it, /\bkube-vip(:|@|$)/)) return undefined
      return it.env['svc_enable'] === 'true' || isOn(it, 'services')
    },
    remedy: 'set svc_enable to false, so that kube-vip serves the control plane only',
  },
  {
    rival: 'PureLB',
    harmful: (it) => (runs(it, /\bpurelb\//) ? true : undefined),
    remedy: 'remove PureLB, or give one of the two a loadBalancerClass of its own',
  },
  {
    rival: 'ServiceLB of k3s',
    harmful: (it) =>
      it.name.startsWith('svclb-') || runs(it, /\bklipper-lb\b/) ? true : undefined,
    remedy: 'start k3s with --disable=servicelb',
  },
  {
    rival: 'a cloud controller',
    harmful: (it) =>
      runs(it, /cloud-controller-manager|cloud-provider/) ||
      /cloud-controller-manager/.test(it.name)
        ? false
        : undefined,
    remedy: 'see that its service controller is off (--controllers=*,-service)',
  },
  {
    rival: 'kube-router',
    harmful: (it) =>
      runs(it, /\bkube-router\b/) && isOn(it, 'advertise-loadbalancer-ip') ? true : undefined,
    remedy: 'start kube-router with --advertise-loadbalancer-ip=false',
  },
]

/** `namespace`: where Bellwether is. */
export function rivalWorkloads(workloads: readonly Workload[], namespace: string): RivalFound[] {
  const found = workloads.flatMap((workload) =>
    KNOWN.flatMap(({ rival, harmful, remedy }): RivalFound[] => {
      const answer = harmful(workload, namespace)
      if (answer === undefined) return []
      const where = `${workload.kind} ${workload.namespace}/${workload.name}`
      return [{ rival, where, harmful: answer, remedy }]
    }),
  )
  return found.sort((a, b) => (a.where < b.where ? -1 : 1))
}

/** Objects that make a network plugin give or announce addresses of Services. */
export function rivalObjects(
  objects: readonly ForeignObject[],
  cilium: Readonly<Record<string, string>> | undefined,
): RivalFound[] {
  const announces = cilium?.['enable-l2-announcements'] === 'true'
  return objects.flatMap((object): RivalFound[] => {
    const where = `${object.kind} ${object.name}`
    switch (object.kind) {
      case 'CiliumLoadBalancerIPPool': {
        const remedy = 'delete the pool, or set enable-lb-ipam to false in cilium-config'
        const harmful = cilium?.['enable-lb-ipam'] !== 'false' && object.spec['disabled'] !== true
        return [{ rival: "Cilium's LB IPAM", where, harmful, remedy }]
      }
      case 'CiliumL2AnnouncementPolicy': {
        const remedy = 'delete the policy, or set enable-l2-announcements to false in cilium-config'
        return [{ rival: "Cilium's L2 announcements", where, harmful: announces, remedy }]
      }
      case 'IPPool': {
        const uses = object.spec['allowedUses']
        if (!Array.isArray(uses) || !uses.includes('LoadBalancer')) return []
        const remedy = 'take LoadBalancer out of allowedUses of the IPPool'
        return [{ rival: "Calico's LoadBalancer IPAM", where, harmful: true, remedy }]
      }
      case 'BGPConfiguration': {
        const blocks = object.spec['serviceLoadBalancerIPs']
        if (!Array.isArray(blocks) || blocks.length === 0) return []
        const remedy = 'see that serviceLoadBalancerIPs has no block of a pool announced on layer 2'
        return [{ rival: "Calico's BGP", where, harmful: false, remedy }]
      }
      default:
        return []
    }
  })
}

/** Where those objects are; all are of the whole cluster. */
export const FOREIGN_KINDS = [
  {
    kind: 'CiliumLoadBalancerIPPool',
    plural: 'ciliumloadbalancerippools',
    group: 'cilium.io',
    versions: ['v2', 'v2alpha1'],
  },
  {
    kind: 'CiliumL2AnnouncementPolicy',
    plural: 'ciliuml2announcementpolicies',
    group: 'cilium.io',
    versions: ['v2', 'v2alpha1'],
  },
  { kind: 'IPPool', plural: 'ippools', group: 'crd.projectcalico.org', versions: ['v1'] },
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    group: 'crd.projectcalico.org',
    versions: ['v1'],
  },
] as const

/** The network plugins that can be told by what runs. */
export function networkPlugins({ workloads }: Pick<Surroundings, 'workloads'>): string[] {
  if ('unseen' in workloads) return []
  const known = [
    ['Calico', /\bcalico\/node\b|calico\/node:/],
    ['Cilium', /\bcilium\/cilium\b|\/cilium:/],
    ['Flannel', /\bflannel\b/],
    ['kube-router', /\bkube-router\b/],
    ['Weave Net', /\bweave-kube\b/],
    ['Antrea', /\bantrea-agent|antrea-ubuntu\b/],
    ['Kube-OVN', /\bkube-ovn\b/],
    ['Multus', /\bmultus-cni\b/],
  ] as const
  return known.flatMap(([name, pattern]) =>
    workloads.seen.some((it) => it.kind === 'DaemonSet' && runs(it, pattern)) ? [name] : [],
  )
}
