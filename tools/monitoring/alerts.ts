/**
 * What Prometheus is to watch for: MetalLB's alerts by its names, labels and thresholds, and ours. The
 * rules files are made of this; docs/alerts.md says of each what it means and what to do.
 */

export interface Alert {
  readonly alert: string
  /** PromQL; each series that it yields is one alert. */
  readonly expr: string
  /** How long it has to hold. */
  readonly for?: string
  readonly labels: {
    readonly severity: 'critical' | 'warning' | 'info'
    readonly family?: string
  }
  /** For people, in Prometheus' templates. */
  readonly message: string
  /** The heading in docs/alerts.md, if it is not the alert's name. */
  readonly section?: string
}

/** Both programs, by the `job` of our monitors, of MetalLB's chart, and of scrape-config.yaml. */
export const TARGETS = 'job=~"metallb|.*(controller|speaker)-monitor.*"'
/** Takings that nobody asked for: an owner fell out. */
export const UNPLANNED = 'cause!~"first|handover|left"'
const WHO = '{{ $labels.job }} at {{ $labels.instance }}'

/** Two controllers may both have it for a moment, when the lead changes: by pool there is one. */
const pool = (name: string): string => `max by (pool) (metallb_allocator_${name})`
const IN_USE = pool('addresses_in_use_total')
const TOTAL = pool('addresses_total')

const usage = (percent: number, severity: 'warning' | 'critical'): Alert => ({
  alert: `MetalLBAddressPoolUsage${percent}Percent`,
  expr: `(${IN_USE} / ${TOTAL}) * 100 > ${percent}`,
  labels: { severity },
  message: `address pool {{ $labels.pool }} is past ${percent}% usage: {{ $value | printf "%.0f" }}%`,
  section: 'MetalLBAddressPoolUsage',
})

/** Names and labels as in MetalLB's chart. Of BGP there is nothing to watch yet. */
export const METALLB: readonly Alert[] = [
  {
    alert: 'MetalLBStaleConfig',
    expr: 'metallb_k8s_client_config_stale_bool == 1',
    for: '1m',
    labels: { severity: 'warning' },
    message: `${WHO} has a stale configuration for more than a minute`,
  },
  {
    alert: 'MetalLBConfigNotLoaded',
    expr: 'metallb_k8s_client_config_loaded_bool == 0',
    for: '1m',
    labels: { severity: 'warning' },
    message: `${WHO} has loaded no configuration for more than a minute`,
  },
  {
    alert: 'MetalLBAddressPoolExhausted',
    expr: `${IN_USE} >= ${TOTAL}`,
    for: '1m',
    labels: { severity: 'critical' },
    message: 'address pool {{ $labels.pool }} has no free address for more than a minute',
  },
  usage(75, 'warning'),
  usage(85, 'warning'),
  usage(95, 'critical'),
]

/** Of a pool of both families MetalLB's alerts see the sum, in which IPv6 hides that IPv4 is used up. */
const familyExhausted = (family: string, other: string): Alert => ({
  alert: 'BellwetherPoolFamilyExhausted',
  expr:
    `${pool(`${family}_addresses_in_use_total`)} >= (${pool(`${family}_addresses_total`)} > 0)` +
    ` and ${pool(`${other}_addresses_total`)} > 0`,
  for: '1m',
  labels: { severity: 'critical', family },
  message: `address pool {{ $labels.pool }} has no free ${family} address for more than a minute`,
})

/** Half full, and at the pace of the last six hours full within a day. */
const forecast = (family: string): Alert => {
  const used = pool(`${family}_addresses_in_use_total`)
  const total = pool(`${family}_addresses_total`)
  return {
    alert: 'BellwetherPoolForecast',
    expr:
      `predict_linear(${used}[6h:5m], 24 * 3600) >= (${total} > 0)` +
      ` and ${used} / ${total} >= 0.5 and ${used} < ${total}`,
    for: '1h',
    labels: { severity: 'warning', family },
    message: `address pool {{ $labels.pool }} will have no free ${family} address within a day`,
  }
}

const TAKEN = `bellwether_takeovers_total{${UNPLANNED}}`
const MEMBERS = 'sum by (instance) (bellwether_gossip_members{state=~"alive|suspect"})'
const SPEAKERS = 'count(bellwether_gossip_members{state="alive"})'

export const BELLWETHER: readonly Alert[] = [
  {
    alert: 'BellwetherFailover',
    expr: `sum by (cause) (increase(${TAKEN}[10m])) > 0`,
    labels: { severity: 'info' },
    message:
      'addresses were taken over in the last 10 min: {{ $value | printf "%.0f" }}, cause {{ $labels.cause }}',
  },
  {
    alert: 'BellwetherFailoverRate',
    expr: `sum(increase(${TAKEN}[1h])) > 2 * count(count by (ip) (metallb_speaker_announced))`,
    labels: { severity: 'warning' },
    message:
      'each address was taken over more than twice within an hour, on average: {{ $value | printf "%.0f" }} in all',
  },
  {
    alert: 'BellwetherSlowTakeover',
    expr: 'histogram_quantile(0.95, sum by (le) (increase(bellwether_takeover_outage_seconds_bucket[15m]))) > 3',
    labels: { severity: 'warning' },
    message: 'addresses were without an owner for {{ $value | printf "%.1f" }} s',
  },
  {
    alert: 'BellwetherAddressConflict',
    expr: 'max by (ip, mac) (bellwether_rivals{kind="stranger"}) > 0',
    labels: { severity: 'critical' },
    message: 'a stranger with the MAC {{ $labels.mac }} uses {{ $labels.ip }}',
  },
  {
    alert: 'BellwetherAnnouncedTwice',
    expr:
      'max by (ip) (bellwether_rivals{kind="speaker"}) > 0' +
      ' or count by (ip) (count by (ip, node) (metallb_speaker_announced{protocol="layer2"})) > 1',
    for: '1m',
    labels: { severity: 'critical' },
    message: '{{ $labels.ip }} is announced by more than one node for more than a minute',
  },
  {
    alert: 'BellwetherGossipSplit',
    expr: `${MEMBERS} < scalar(max(${MEMBERS} or ${SPEAKERS}))`,
    for: '2m',
    labels: { severity: 'critical' },
    message:
      'the speaker at {{ $labels.instance }} sees {{ $value }} members; there are more, or another sees more',
  },
  {
    alert: 'BellwetherNetworkProblem',
    expr: 'max by (reason) (bellwether_problems) > 0',
    for: '1m',
    labels: { severity: 'warning' },
    message: 'speakers report {{ $labels.reason }}',
  },
  {
    alert: 'BellwetherSpeakerDown',
    expr: 'up{job=~".*speaker-monitor.*"} == 0 or up{job="metallb", container="speaker"} == 0',
    for: '2m',
    labels: { severity: 'critical' },
    message: 'the speaker at {{ $labels.instance }} does not answer for more than 2 min',
  },
  {
    alert: 'BellwetherSpeakerLate',
    expr: 'sum by (instance) (increase(bellwether_gossip_withheld_total{reason="late"}[15m])) > 5',
    labels: { severity: 'warning' },
    message: 'the node of the speaker at {{ $labels.instance }} lets it wait, again and again',
  },
  {
    alert: 'BellwetherThreadSilent',
    expr: 'bellwether_thread_answering == 0',
    for: '2m',
    labels: { severity: 'critical' },
    message:
      'the thread {{ $labels.thread }} of the speaker at {{ $labels.instance }} does not answer',
  },
  {
    alert: 'BellwetherFramesUnanswered',
    expr: 'sum by (instance, reason) (increase(bellwether_frames_dropped_total{reason=~"queueFull|sendFailed|rivalFlood"}[5m])) > 0',
    for: '5m',
    labels: { severity: 'warning' },
    message:
      'the speaker at {{ $labels.instance }} cannot answer what it should: {{ $labels.reason }}',
  },
  {
    alert: 'BellwetherServicesNotAnnounced',
    expr: 'max by (reason) (bellwether_services_not_announced{reason!="noEndpoints"}) > 0',
    for: '5m',
    labels: { severity: 'warning' },
    message: '{{ $value }} Services are announced by nobody: {{ $labels.reason }}',
  },
  familyExhausted('ipv4', 'ipv6'),
  familyExhausted('ipv6', 'ipv4'),
  forecast('ipv4'),
  forecast('ipv6'),
  {
    alert: 'BellwetherNoLeader',
    expr: '(sum(bellwether_leader) or vector(0)) == 0',
    for: '1m',
    labels: { severity: 'critical' },
    message: 'no controller leads for more than a minute: Services get no addresses',
  },
  {
    alert: 'BellwetherAPIWritesFail',
    expr: 'sum by (resource) (rate(bellwether_api_writes_total{result="failed"}[5m])) > 0',
    for: '10m',
    labels: { severity: 'warning' },
    message: 'the controller cannot write {{ $labels.resource }} for more than 10 min',
  },
]

/** Of a heading of docs/alerts.md, as GitHub makes it. */
export const runbookOf = ({ alert, section }: Alert): string =>
  `docs/alerts.md#${(section ?? alert).toLowerCase()}`
