/** What the Grafana dashboard shows. */
import { TARGETS } from './alerts.ts'

export interface Panel {
  readonly title: string
  readonly kind: 'timeseries' | 'stat' | 'bargauge' | 'table'
  /** Grafana's name of it. */
  readonly unit?: string
  /** One on the other: the sum is of interest. */
  readonly stacked?: boolean
  /** Of 24. */
  readonly width: number
  /** Legend, in Grafana's templates, and PromQL. */
  readonly queries: readonly (readonly [legend: string, expr: string])[]
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const rate = (counter: string) => `rate(${counter}[$__rate_interval])`
const MEMBERS = 'bellwether_gossip_members{state=~"alive|suspect"}'

export const ROWS: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      {
        title: 'Addresses announced',
        kind: 'stat',
        width: 4,
        queries: [['', 'count(count by (ip) (metallb_speaker_announced))']],
      },
      {
        title: 'Speakers',
        kind: 'stat',
        width: 4,
        queries: [
          ['members', `max(sum by (instance) (${MEMBERS}))`],
          ['seen by the one that sees least', `min(sum by (instance) (${MEMBERS}))`],
        ],
      },
      {
        title: 'Controllers',
        kind: 'stat',
        width: 4,
        queries: [
          ['leading', 'sum(bellwether_leader)'],
          ['in all', 'count(bellwether_leader)'],
        ],
      },
      {
        title: 'Rivals',
        kind: 'stat',
        width: 4,
        queries: [['', 'count(count by (ip, mac) (bellwether_rivals)) or vector(0)']],
      },
      {
        title: 'Problems',
        kind: 'stat',
        width: 4,
        queries: [['', 'count(count by (reason) (bellwether_problems)) or vector(0)']],
      },
      {
        title: 'Configurations in use that are stale',
        kind: 'stat',
        width: 4,
        queries: [['', 'sum(metallb_k8s_client_config_stale_bool)']],
      },
    ],
  },
  {
    title: 'Addresses',
    panels: [
      {
        title: 'Where each address is',
        kind: 'table',
        width: 12,
        queries: [['', 'max by (ip, service, node) (metallb_speaker_announced)']],
      },
      {
        title: 'Addresses of each node',
        kind: 'timeseries',
        width: 12,
        stacked: true,
        queries: [
          ['{{node}}', 'count by (node) (count by (node, ip) (metallb_speaker_announced))'],
        ],
      },
      {
        title: 'Services announced by nobody, by reason',
        kind: 'timeseries',
        width: 12,
        stacked: true,
        queries: [['{{reason}}', 'max by (reason) (bellwether_services_not_announced)']],
      },
      {
        title: 'Who else uses our addresses',
        kind: 'table',
        width: 12,
        queries: [['', 'max by (ip, mac, kind) (bellwether_rivals)']],
      },
    ],
  },
  {
    title: 'Take-overs',
    panels: [
      {
        title: 'Addresses taken, by cause',
        kind: 'timeseries',
        width: 12,
        stacked: true,
        queries: [
          ['{{cause}}', 'sum by (cause) (increase(bellwether_takeovers_total[$__rate_interval]))'],
        ],
      },
      {
        title: 'How long nobody answered',
        kind: 'timeseries',
        unit: 's',
        width: 12,
        queries: [0.5, 0.95].map((share) => [
          `${share * 100}%`,
          `histogram_quantile(${share}, sum by (le) (increase(bellwether_takeover_outage_seconds_bucket[$__rate_interval])))`,
        ]),
      },
      {
        title: 'Addresses handed over between speakers that live',
        kind: 'timeseries',
        width: 12,
        queries: [
          ['{{kind}}', 'sum by (kind) (increase(bellwether_handovers_total[$__rate_interval]))'],
        ],
      },
      {
        title: 'Deaths found, by cause',
        kind: 'timeseries',
        width: 12,
        queries: [
          [
            '{{cause}}',
            'sum by (cause) (increase(bellwether_gossip_detections_total[$__rate_interval]))',
          ],
        ],
      },
    ],
  },
  {
    title: 'Pools',
    panels: [
      {
        title: 'Used of each pool',
        kind: 'bargauge',
        unit: 'percentunit',
        width: 12,
        queries: [
          [
            '{{pool}}',
            'max by (pool) (metallb_allocator_addresses_in_use_total) / max by (pool) (metallb_allocator_addresses_total)',
          ],
        ],
      },
      {
        title: 'Addresses in use',
        kind: 'timeseries',
        width: 12,
        queries: [4, 6].map((family) => [
          `{{pool}} IPv${family}`,
          `max by (pool) (metallb_allocator_ipv${family}_addresses_in_use_total)`,
        ]),
      },
    ],
  },
  {
    title: 'Gossip',
    panels: [
      {
        title: 'Members, as each speaker sees them',
        kind: 'timeseries',
        width: 12,
        queries: [['{{instance}}', `sum by (instance) (${MEMBERS})`]],
      },
      {
        title: 'Suspicions and deaths',
        kind: 'timeseries',
        width: 12,
        queries: [
          [
            'suspected, by {{by}}',
            'sum by (by) (increase(bellwether_gossip_suspicions_total[$__rate_interval]))',
          ],
          [
            '{{change}}',
            'sum by (change) (increase(bellwether_gossip_changes_total[$__rate_interval]))',
          ],
        ],
      },
      {
        title: 'Silences held against nobody, by reason',
        kind: 'timeseries',
        width: 8,
        queries: [
          [
            '{{instance}} {{reason}}',
            'sum by (instance, reason) (increase(bellwether_gossip_withheld_total[$__rate_interval])) > 0',
          ],
        ],
      },
      {
        title: 'How unwell each speaker thinks it is (0: well)',
        kind: 'timeseries',
        width: 8,
        queries: [['{{instance}}', 'bellwether_gossip_health_score']],
      },
      {
        title: 'Gossip',
        kind: 'timeseries',
        unit: 'Bps',
        width: 8,
        queries: [
          ['{{direction}}', `sum by (direction) (${rate('bellwether_gossip_bytes_total')})`],
        ],
      },
    ],
  },
  {
    title: 'ARP and neighbour discovery',
    panels: [
      {
        title: 'Answered',
        kind: 'timeseries',
        unit: 'pps',
        width: 8,
        stacked: true,
        queries: [['{{asked}}', `sum by (asked) (${rate('bellwether_frames_answered_total')})`]],
      },
      {
        title: 'Not answered, by reason',
        kind: 'timeseries',
        unit: 'pps',
        width: 8,
        queries: [
          ['{{reason}}', `sum by (reason) (${rate('bellwether_frames_dropped_total')}) > 0`],
        ],
      },
      {
        title: 'Of all addresses',
        kind: 'timeseries',
        unit: 'pps',
        width: 8,
        queries: [
          ['asked for', `sum(${rate('metallb_layer2_requests_received')})`],
          ['answered', `sum(${rate('metallb_layer2_responses_sent')})`],
          ['announced', `sum(${rate('metallb_layer2_gratuitous_sent')})`],
        ],
      },
    ],
  },
  {
    title: 'Controller',
    panels: [
      {
        title: 'From the decision to the address',
        kind: 'timeseries',
        unit: 's',
        width: 8,
        queries: [0.5, 0.99].map((share) => [
          `${share * 100}%`,
          `histogram_quantile(${share}, sum by (le) (${rate('bellwether_allocation_seconds_bucket')}))`,
        ]),
      },
      {
        title: 'Waiting to be written',
        kind: 'timeseries',
        width: 8,
        queries: [['{{queue}}', 'sum by (queue) (bellwether_queue_depth)']],
      },
      {
        title: 'Services with addresses',
        kind: 'timeseries',
        width: 8,
        stacked: true,
        queries: [['{{pool}}', 'max by (pool) (metallb_allocator_services_allocated_total)']],
      },
    ],
  },
  {
    title: 'API server',
    panels: [
      {
        title: 'Writes, by how they ended',
        kind: 'timeseries',
        unit: 'ops',
        width: 8,
        queries: [
          [
            '{{resource}} {{result}}',
            `sum by (resource, result) (${rate('bellwether_api_writes_total')})`,
          ],
        ],
      },
      {
        title: 'Changes heard',
        kind: 'timeseries',
        unit: 'ops',
        width: 8,
        queries: [['{{instance}}', rate('metallb_k8s_client_updates_total')]],
      },
      {
        title: 'Errors, events not written',
        kind: 'timeseries',
        unit: 'ops',
        width: 8,
        queries: [
          ['{{instance}}', rate('metallb_k8s_client_update_errors_total')],
          ['events {{reason}}', `sum by (reason) (${rate('bellwether_events_dropped_total')})`],
        ],
      },
    ],
  },
  {
    title: 'Processes',
    panels: [
      {
        title: 'Memory',
        kind: 'timeseries',
        unit: 'bytes',
        width: 12,
        queries: [['{{job}} {{instance}}', `process_resident_memory_bytes{${TARGETS}}`]],
      },
      {
        title: 'CPU',
        kind: 'timeseries',
        unit: 'percentunit',
        width: 12,
        queries: [['{{job}} {{instance}}', rate(`process_cpu_seconds_total{${TARGETS}}`)]],
      },
    ],
  },
]
