/** Series of a cluster that is well, as Prometheus has them: three speakers, two controllers, two pools. */

/** Values from minute to minute, in promtool's words: `5+0x600` is 5 for ten hours. */
export type Series = Readonly<Record<string, string>>

type Labels = Readonly<Record<string, string>>

/** `name{label="value"}`. */
export const named = (name: string, labels: Labels): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`

export const still = (value: number | string): string => `${value}+0x600`
/** Five minutes the one, then the other. */
export const then = (before: number, after: number): string => `${before}+0x5 ${after}+0x595`

export const speaker = (node: number): Labels => ({
  job: 'speaker-monitor-service',
  instance: `10.0.0.${node}:9120`,
})
export const controller = (n: number): Labels => ({
  job: 'controller-monitor-service',
  instance: `10.244.0.${n}:9120`,
})

export const announced = (ip: string, node: number): string =>
  named('metallb_speaker_announced', {
    ...speaker(node),
    ...{ ip, node: `w${node}`, service: 'default/a', protocol: 'layer2' },
  })

/** A pool's six numbers, used and in all by family; each a number or promtool's words. */
export function poolSeries(
  pool: string,
  used: readonly [v4: number | string, v6: number | string],
  total: readonly [v4: number | string, v6: number | string],
): Series {
  const name = (what: string) =>
    named(`metallb_allocator_${what}_total`, { ...controller(1), pool })
  const words = (value: number | string) => (typeof value === 'string' ? value : still(value))
  const sum = ([v4, v6]: readonly [number | string, number | string]) =>
    typeof v4 === 'string' ? v4 : typeof v6 === 'string' ? v6 : still(v4 + v6)
  return {
    [name('addresses')]: sum(total),
    [name('ipv4_addresses')]: words(total[0]),
    [name('ipv6_addresses')]: words(total[1]),
    [name('addresses_in_use')]: sum(used),
    [name('ipv4_addresses_in_use')]: words(used[0]),
    [name('ipv6_addresses_in_use')]: words(used[1]),
  }
}

export const members = (node: number, alive: number, dead: number): Series => {
  const of = (state: string) => named('bellwether_gossip_members', { ...speaker(node), state })
  return { [of('alive')]: still(alive), [of('suspect')]: still(0), [of('dead')]: still(dead) }
}

const CAUSES = ['nodeGone', 'speakerGone', 'speakerSilent', 'uplink', 'dead', 'left', 'handover']
export const takeovers = (node: number, cause: string): string =>
  named('bellwether_takeovers_total', { ...speaker(node), cause })
export const outages = (node: number, le: string): string =>
  named('bellwether_takeover_outage_seconds_bucket', { ...speaker(node), le })

const ofSpeaker = (node: number): Series => {
  const one = (name: string, labels: Labels = {}) => named(name, { ...speaker(node), ...labels })
  return {
    [one('up')]: still(1),
    [one('metallb_k8s_client_config_loaded_bool')]: still(1),
    [one('metallb_k8s_client_config_stale_bool')]: still(0),
    ...members(node, 3, 0),
    [one('bellwether_thread_answering', { thread: 'gossip' })]: still(1),
    [one('bellwether_thread_answering', { thread: 'packet' })]: still(1),
    [takeovers(node, 'first')]: then(0, 2),
    ...Object.fromEntries(CAUSES.map((cause) => [takeovers(node, cause), still(0)])),
    // Planned, and no reason to wake anybody.
    [takeovers(node, 'handover')]: '0+1x600',
    ...Object.fromEntries(['1', '5', '+Inf'].map((le) => [outages(node, le), still(0)])),
    [one('bellwether_gossip_withheld_total', { reason: 'late' })]: still(1),
    [one('bellwether_frames_dropped_total', { reason: 'notAnnounced' })]: '0+50x600',
    [one('bellwether_frames_dropped_total', { reason: 'sendFailed' })]: still(0),
    // Scaled to none by somebody.
    [one('bellwether_services_not_announced', { reason: 'noEndpoints' })]: still(1),
  }
}

const writes = (result: string): string =>
  named('bellwether_api_writes_total', { ...controller(1), resource: 'services', result })

export const WELL: Series = {
  ...ofSpeaker(1),
  ...ofSpeaker(2),
  ...ofSpeaker(3),
  [announced('172.18.0.10', 1)]: still(1),
  [announced('172.18.0.11', 2)]: still(1),
  [named('up', controller(1))]: still(1),
  [named('up', controller(2))]: still(1),
  [named('bellwether_leader', controller(1))]: still(1),
  [named('bellwether_leader', controller(2))]: still(0),
  [named('metallb_k8s_client_config_loaded_bool', controller(1))]: still(1),
  [named('metallb_k8s_client_config_stale_bool', controller(1))]: still(0),
  ...poolSeries('ipv4', [5, 0], [20, 0]),
  ...poolSeries('both', [1, 1], [4, 1e18]),
  [writes('ok')]: '0+1x600',
  [writes('failed')]: still(0),
}

/** With what is different; undefined: without it. */
export function but(changes: Readonly<Record<string, string | undefined>>): Series {
  const all = Object.entries<string | undefined>({ ...WELL, ...changes })
  return Object.fromEntries(
    all.flatMap(([name, values]) => (values === undefined ? [] : [[name, values]])),
  )
}

export const failedWrites = writes('failed')
