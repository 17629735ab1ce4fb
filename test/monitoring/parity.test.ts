/**
 * MetalLB's metrics, so that its dashboards and alerts go on: names, types, labels, and the help that
 * Grafana shows. Not here: those of BGP and BFD (`metallb_bgp_*`, `metallb_bfd_*`), which nothing speaks yet,
 * and those of Go's runtime and of controller-runtime.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ofController, ofSpeaker } from './exported.ts'

const CLIENT = [
  [
    'metallb_k8s_client_updates_total',
    'counter',
    '',
    'Number of k8s object updates that have been processed.',
  ],
  [
    'metallb_k8s_client_update_errors_total',
    'counter',
    '',
    'Number of k8s object updates that failed for some reason.',
  ],
  [
    'metallb_k8s_client_config_loaded_bool',
    'gauge',
    '',
    '1 if the MetalLB configuration was successfully loaded at least once.',
  ],
  [
    'metallb_k8s_client_config_stale_bool',
    'gauge',
    '',
    '1 if running on a stale configuration, because the latest config failed to load.',
  ],
] as const

const CONTROLLER = [
  ['metallb_allocator_addresses_total', 'gauge', 'pool', 'Number of usable IP addresses, per pool'],
  [
    'metallb_allocator_ipv4_addresses_total',
    'gauge',
    'pool',
    'Number of usable IPV4 addresses, per pool',
  ],
  [
    'metallb_allocator_ipv6_addresses_total',
    'gauge',
    'pool',
    'Number of usable IPV6 addresses, per pool',
  ],
  [
    'metallb_allocator_addresses_in_use_total',
    'gauge',
    'pool',
    'Number of IP addresses in use, per pool',
  ],
  [
    'metallb_allocator_ipv4_addresses_in_use_total',
    'gauge',
    'pool',
    'Number of IPV4 addresses in use, per pool',
  ],
  [
    'metallb_allocator_ipv6_addresses_in_use_total',
    'gauge',
    'pool',
    'Number of IPV6 addresses in use, per pool',
  ],
  [
    'metallb_allocator_services_allocated_total',
    'gauge',
    'pool',
    'Number of services allocated, per pool',
  ],
  ...CLIENT,
] as const

const SPEAKER = [
  [
    'metallb_layer2_requests_received',
    'counter',
    'ip',
    'Number of layer2 requests received for owned IPs',
  ],
  [
    'metallb_layer2_responses_sent',
    'counter',
    'ip',
    'Number of layer2 responses sent for owned IPs in response to requests',
  ],
  [
    'metallb_layer2_gratuitous_sent',
    'counter',
    'ip',
    'Number of gratuitous layer2 packets sent for owned IPs as a result of failovers',
  ],
  [
    'metallb_speaker_announced',
    'gauge',
    'service,protocol,node,ip',
    'Services being announced from this node. This is desired state, it does not guarantee that the routing protocols have converged.',
  ],
  ...CLIENT,
] as const

/** What Go's client tells of a process, of which boards make use. */
const PROCESS = [
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'process_open_fds',
]

for (const [program, exported, theirs] of [
  ['controller', ofController, CONTROLLER],
  ['speaker', ofSpeaker, SPEAKER],
] as const) {
  test(`monitoring/parity: the ${program} has MetalLB's metrics as MetalLB has them, and invents none`, async () => {
    const ours = await exported()
    const named = [...ours].filter(([name]) => name.startsWith('metallb_'))
    assert.deepEqual(
      named.map(([name, { type, labels, help }]) => [name, type, labels.join(), help]).sort(),
      [...theirs].sort(),
    )
  })

  test(`monitoring/parity: the ${program} tells what it costs`, async () => {
    const ours = await exported()
    for (const name of PROCESS) assert.ok(ours.has(name), name)
  })
}
