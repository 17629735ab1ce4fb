/** Clusters in which the Service default/web has an address and is not announced, or not well. */
import { WAITING, WEB } from './broken-allocations.ts'
import type { Case } from './broken-allocations.ts'
import { advertisement, l2Status, node, pod, pool, slice, state, view } from './snapshot.ts'

/** It has one, and is not announced, or not as it should be. */
export const NOT_ANNOUNCED: readonly Case[] = [
  {
    what: 'no endpoint with the policy Local',
    parts: { services: [WEB({ externalTrafficPolicy: 'Local' })], endpointSlices: [] },
    step: 'endpoints',
    fix: 'Service/default/web',
    advice: /^start pods with the labels app=web in namespace default, or correct spec\.selector/,
  },
  {
    what: 'no endpoint is ready',
    parts: { endpointSlices: [slice('web', [{ node: 'w1', ready: false }])] },
    step: 'endpoints',
    fix: 'Service/default/web',
    advice: /^get the pods of Service default\/web ready: kubectl -n default get pods -l app=web$/,
  },
  {
    what: 'no endpoint on a node that may announce, with the policy Local',
    parts: {
      services: [WEB({ externalTrafficPolicy: 'Local' })],
      l2Advertisements: [
        advertisement('all', {
          nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'w3' } }],
        }),
      ],
    },
    step: 'candidates',
    fix: 'Service/default/web',
    advice: /^run a pod of Service default\/web on a node that may announce it \(w3\), or set /,
  },
  {
    what: 'no L2Advertisement',
    parts: { l2Advertisements: [] },
    step: 'advertisement',
    fix: 'IPAddressPool/first',
    advice: /^create an L2Advertisement with spec\.ipAddressPools: \[first\]$/,
  },
  {
    what: 'the L2Advertisement is for others',
    parts: {
      l2Advertisements: [
        advertisement('some', { serviceSelectors: [{ matchLabels: { tier: 'x' } }] }),
      ],
    },
    step: 'advertisement',
    fix: 'L2Advertisement/some',
    advice: /^let spec\.serviceSelectors of L2Advertisement some select Service default\/web/,
  },
  {
    what: 'a shared address with serviceSelectors',
    parts: {
      services: [
        WEB({}, { annotations: { 'metallb.io/allow-shared-ip': 'a' }, labels: { tier: 'x' } }),
      ],
      l2Advertisements: [
        advertisement('some', { serviceSelectors: [{ matchLabels: { tier: 'x' } }] }),
      ],
    },
    step: 'advertisement',
    fix: 'L2Advertisement/some',
    advice: /^take serviceSelectors out of L2Advertisement some, or /,
  },
  {
    what: 'nodeSelectors match no node',
    parts: {
      l2Advertisements: [
        advertisement('edge', { nodeSelectors: [{ matchLabels: { role: 'edge' } }] }),
      ],
    },
    step: 'candidates',
    fix: 'L2Advertisement/edge',
    advice: /^let spec\.nodeSelectors of L2Advertisement edge select a node/,
  },
  {
    what: 'all nodes are excluded',
    parts: {
      nodes: ['w1', 'w2', 'w3'].map((name) =>
        node(name, { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
      ),
    },
    step: 'candidates',
    fix: 'Node/w3',
    advice:
      /^take the label from node w3: kubectl label node w3 node\.kubernetes\.io\/exclude-from-external-load-balancers-$/,
  },
  {
    what: 'the only node is drained',
    parts: {
      nodes: [
        node('w1', {
          'node.kubernetes.io/exclude-from-external-load-balancers': 'bellwether-drain',
        }),
      ],
    },
    step: 'candidates',
    fix: 'Node/w1',
    advice: /^kubectl bellwether undrain w1$/,
  },
  {
    what: 'the interface is nowhere',
    parts: { l2Advertisements: [advertisement('all', { interfaces: ['bond7'] })] },
    step: 'interfaces',
    fix: 'L2Advertisement/all',
    advice: /^name in spec\.interfaces of L2Advertisement all one that w\d, w\d, w\d has/,
  },
  {
    what: 'the interface is nowhere, by the events',
    parts: {
      l2Advertisements: [advertisement('all', { interfaces: ['bond7'] })],
      l2Statuses: [],
      views: {},
      events: [
        {
          involvedObject: { kind: 'Service', namespace: 'default', name: 'web' },
          type: 'Warning',
          reason: 'announceFailed',
          message: 'the interfaces specified by LB IP "10.0.0.1" don\'t exist',
          lastTimestamp: '2026-01-02T03:00:00Z',
        },
      ],
    },
    step: 'interfaces',
    fix: 'L2Advertisement/all',
    advice: /^name in spec\.interfaces of L2Advertisement all/,
  },
  {
    what: 'no speaker runs',
    parts: {
      pods: [pod('controller', 'w1'), ...['w1', 'w2', 'w3'].map((it) => pod('speaker', it, false))],
      l2Statuses: [],
    },
    step: 'speakers',
    fix: 'DaemonSet/metallb-system/speaker',
    advice: /^get the speaker of node w3 to run: kubectl -n metallb-system describe pod speaker-w3/,
  },
  {
    what: 'a speaker of several does not run',
    parts: {
      pods: [pod('controller', 'w1'), pod('speaker', 'w1'), pod('speaker', 'w2')],
    },
    step: 'speakers',
    verdict: 'warn',
    fix: 'DaemonSet/metallb-system/speaker',
    advice: /^get a speaker onto node w3/,
  },
  {
    what: 'a node is gone',
    parts: {
      nodes: [node('w1'), node('w2'), node('w3', {}, false)],
      pods: [
        pod('controller', 'w1'),
        pod('speaker', 'w1'),
        pod('speaker', 'w2'),
        pod('speaker', 'w3', false),
      ],
    },
    step: 'speakers',
    verdict: 'warn',
    fix: 'Node/w3',
    advice: /^bring node w3 back/,
  },
  {
    what: 'a rival on the segment',
    parts: {
      views: {
        w2: view('w2', {
          packet: {
            rivals: [
              {
                ip: '10.0.0.1',
                mac: '02:00:00:00:00:99',
                interface: 'eth0',
                kind: 'stranger',
                speaker: null,
              },
            ],
          },
        }),
      },
    },
    step: 'segment',
    fix: 'Service/default/web',
    advice: /^give the host with MAC 02:00:00:00:00:99 another address, or take 10\.0\.0\.1 out of/,
  },
  {
    what: 'a rival on the segment, by the condition',
    parts: {
      l2Statuses: [
        l2Status('web', 'w3', {
          conditions: [
            { type: 'AddressConflict', status: 'True', message: '10.0.0.1 is also used by MAC x' },
          ],
        }),
      ],
      views: {},
    },
    step: 'segment',
    fix: 'Service/default/web',
    advice: /^give the other host that uses 10\.0\.0\.1 another address/,
  },
  {
    what: 'an address left to a stranger',
    parts: {
      l2Statuses: [],
      views: {
        w3: view('w3', {
          packet: {
            rivals: [
              {
                ip: '10.0.0.1',
                mac: '02:00:00:00:00:99',
                interface: 'eth0',
                kind: 'stranger',
                speaker: null,
              },
            ],
          },
        }),
      },
    },
    step: 'owner',
    fix: 'Service/default/web',
    advice: /^give the host with MAC 02:00:00:00:00:99 another address/,
  },
  {
    what: 'a rival on the segment, by the events',
    parts: {
      views: {},
      events: [
        {
          involvedObject: { kind: 'Service', namespace: 'default', name: 'web' },
          type: 'Warning',
          reason: 'AddressConflict',
          message: '10.0.0.1 is also used by a host that is no speaker: MAC 02:00:00:00:00:99',
          lastTimestamp: '2026-01-02T03:00:00Z',
        },
      ],
    },
    step: 'segment',
    fix: 'Service/default/web',
    advice: /^give the other host that uses 10\.0\.0\.1 another address/,
  },
  {
    what: 'the speakers do not agree',
    parts: {
      views: {
        w2: view('w2'),
        w1: view('w1', { owners: [{ service: 'default/web', ip: '10.0.0.1', owner: 'w1' }] }),
      },
    },
    step: 'gossip',
    fix: 'DaemonSet/speaker',
    advice: /^open TCP and UDP port 7946 between the nodes/,
  },
  {
    what: 'a speaker tells of a blocked port',
    parts: {
      views: {
        w2: view('w2', { problems: [{ reason: 'GossipPortBlocked', message: 'Allow TCP' }] }),
      },
    },
    step: 'gossip',
    verdict: 'warn',
    fix: 'Node/w2',
    advice: /^Allow TCP$/,
  },
  {
    what: 'nobody tells that it announces it',
    parts: { l2Statuses: [] },
    step: 'owner',
    fix: 'Service/default/web',
    advice: /^wait a moment; where it stays so, kubectl -n metallb-system logs speaker-w3 tells/,
  },
  {
    what: 'its owner has no speaker any more',
    parts: {
      l2Statuses: [l2Status('web', 'w9')],
    },
    step: 'owner',
    verdict: 'warn',
    fix: 'Node/w9',
    advice: /^wait a moment: another takes over from node w9/,
  },
  {
    what: 'the configuration is invalid, and it has no address yet',
    parts: {
      services: [WAITING()],
      pools: [pool('first', ['10.0.0.1-10.0.0.9']), pool('second', ['10.0.0.5/32'])],
    },
    step: 'configuration',
    fix: 'IPAddressPool/second',
    advice: /^mend IPAddressPool\/second spec\.addresses: CIDR .* overlaps/,
  },
  {
    what: 'the configuration is invalid by what components say',
    parts: {
      services: [WAITING()],
      configurationStates: [state('controller', 'BGPPeer/x spec.myASN: expected …')],
    },
    step: 'configuration',
    fix: 'BGPPeer/x',
    advice: /^mend BGPPeer\/x spec\.myASN/,
  },
  {
    what: 'the configuration became invalid later',
    parts: { configurationStates: [state('speaker-w1', 'BGPPeer/x: wrong')] },
    step: 'configuration',
    verdict: 'warn',
    fix: 'BGPPeer/x',
    advice: /^mend BGPPeer\/x: wrong/,
  },
  {
    what: 'the controller does not run',
    parts: { services: [WAITING()], pods: [pod('controller', 'w1', false)] },
    step: 'controller',
    fix: 'Deployment/metallb-system/controller',
    advice: /^get the controller to run: kubectl -n metallb-system describe pod controller-w1/,
  },
  {
    what: 'the controller has not come to it',
    parts: { services: [WAITING()] },
    step: 'address',
    fix: 'Service/default/web',
    advice: /^wait a moment; where it still has none, /,
  },
  {
    what: 'its address is in no pool any more',
    parts: { pools: [pool('first', ['10.1.0.0/24'])] },
    step: 'address',
    fix: 'Service/default/web',
    advice: /^add 10\.0\.0\.1 to spec\.addresses of an IPAddressPool/,
  },
]
