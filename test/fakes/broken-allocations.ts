/** Clusters in which one thing keeps the Service default/web from having an address, and what is to be fixed. */
import type { Parts } from './snapshot.ts'
import { pod, pool, service } from './snapshot.ts'

export const WEB = (spec = {}, more = {}) => service('web', spec, { ips: ['10.0.0.1'], ...more })
export const WAITING = (spec = {}, more = {}) => service('web', spec, more)
const OTHER = (more = {}) => service('other', {}, { ips: ['10.0.0.1'], ...more })

export interface Case {
  readonly what: string
  readonly parts: Parts
  /** The first step that is not well. */
  readonly step: string
  readonly verdict?: 'warn'
  readonly fix: string
  readonly advice: RegExp
}

/** It has no address. */
export const WITHOUT_ADDRESS: readonly Case[] = [
  {
    what: 'no pool matches',
    parts: {
      services: [WAITING()],
      pools: [
        pool('first', ['10.0.0.1-10.0.0.9'], { serviceAllocation: { namespaces: ['prod'] } }),
      ],
    },
    step: 'pools',
    fix: 'IPAddressPool/first',
    advice: /^add default to spec\.serviceAllocation\.namespaces of IPAddressPool first$/,
  },
  {
    what: 'the only pool is for those that ask for it',
    parts: {
      services: [WAITING()],
      pools: [pool('first', ['10.0.0.1-10.0.0.9'], { autoAssign: false })],
    },
    step: 'pools',
    fix: 'Service/default/web',
    advice: /^annotate Service default\/web with metallb\.io\/address-pool: first, or set /,
  },
  {
    what: 'an unknown pool is asked for',
    parts: { services: [WAITING({}, { annotations: { 'metallb.io/address-pool': 'frist' } })] },
    step: 'pools',
    fix: 'Service/default/web',
    advice: /^create IPAddressPool frist, or have .* ask for one of first/,
  },
  {
    what: 'there is no pool',
    parts: { services: [WAITING()], pools: [] },
    step: 'pools',
    fix: 'IPAddressPool',
    advice: /^create an IPAddressPool/,
  },
  {
    what: 'the pool is full',
    parts: { services: [WAITING(), OTHER()], pools: [pool('first', ['10.0.0.1/32'])] },
    step: 'address',
    fix: 'IPAddressPool/first',
    advice: /^add addresses to spec\.addresses of IPAddressPool first, or delete Services/,
  },
  {
    what: 'the pool has none of the family',
    parts: { services: [WAITING()], pools: [pool('first', ['fd00::/120'])] },
    step: 'address',
    fix: 'IPAddressPool/first',
    advice: /^add IPv4 addresses to spec\.addresses of IPAddressPool first$/,
  },
  {
    what: 'the address that is asked for is taken',
    parts: { services: [WAITING({ loadBalancerIP: '10.0.0.1' }), OTHER()] },
    step: 'address',
    fix: 'Service/default/web',
    advice: /ask for another address than 10\.0\.0\.1, which default\/other has/,
  },
  {
    what: 'the address that is asked for is in no pool',
    parts: { services: [WAITING({ loadBalancerIP: '192.0.2.1' })] },
    step: 'pools',
    fix: 'Service/default/web',
    advice: /ask for an address of an IPAddressPool, or add 192\.0\.2\.1 to one$/,
  },
  {
    what: 'what is asked for is no address',
    parts: { services: [WAITING({ loadBalancerIP: '10.0.0.256' })] },
    step: 'pools',
    fix: 'Service/default/web',
    advice: /^correct what Service default\/web asks for$/,
  },
  {
    what: 'sharing is refused',
    parts: {
      services: [
        WAITING(
          { loadBalancerIP: '10.0.0.1' },
          { annotations: { 'metallb.io/allow-shared-ip': 'a' } },
        ),
        OTHER({ annotations: { 'metallb.io/allow-shared-ip': 'b' } }),
      ],
    },
    step: 'sharing',
    fix: 'Service/default/web',
    advice: /^let Services default\/web and default\/other agree: the same key/,
  },
  {
    what: 'its class is not ours',
    parts: { services: [WAITING({ loadBalancerClass: 'example.com/other' })] },
    step: 'class',
    fix: 'Service/default/web',
    advice: /anew without spec\.loadBalancerClass/,
  },
  {
    what: 'we serve a class, and it has none',
    parts: {
      services: [WAITING()],
      pods: [pod('controller', 'w1', true, ['--lb-class=metallb.io/metallb'])],
    },
    step: 'class',
    fix: 'Service/default/web',
    advice: /anew with spec\.loadBalancerClass: metallb\.io\/metallb/,
  },
  {
    what: 'it is no load balancer',
    parts: { services: [WAITING({ type: 'ClusterIP' })] },
    step: 'type',
    fix: 'Service/default/web',
    advice: /^set spec\.type of Service default\/web to LoadBalancer$/,
  },
  {
    what: 'there is none of that name',
    parts: { services: [] },
    step: 'service',
    fix: 'Service/default/web',
    advice: /kubectl get services -A/,
  },
]
