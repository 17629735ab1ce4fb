/** How full each pool is, and who holds what: counted from the Services themselves. */
import type { Config, Pool, Service } from '../config/model.ts'
import { RESERVED_ADDRESSES, poolOptions } from '../config/pool-annotations.ts'
import type { Labels } from '../config/selector.ts'
import { compareIp, formatIp, parseIp } from '../net/ip.ts'
import type { Family, Ip } from '../net/ip.ts'
import { formatRange } from '../net/range.ts'
import { Addresses } from '../pool/addresses.ts'
import { announcers } from './announcers.ts'
import type { Snapshot } from './snapshot.ts'

export interface PoolInput {
  readonly pools: Config['pools']
  /** Annotations of the IPAddressPools, by name. */
  readonly annotations: ReadonlyMap<string, Labels>
  readonly kept: readonly Kept[]
  readonly services: readonly Service[]
  /** The node that has a Service, by `namespace/name`; undefined: it is not known of any. */
  readonly nodes: ReadonlyMap<string, string> | undefined
}

/** An address kept for the name of a Service that is gone. */
export interface Kept {
  readonly pool: string
  readonly service: string
  readonly addresses: readonly string[]
  readonly until: string
}

export interface PoolsReport {
  readonly pools: readonly PoolRow[]
  readonly holders: readonly Holder[]
  /** Addresses of Services that are in no pool: another gave them, or the pool is gone. */
  readonly strangers: readonly Omit<Holder, 'pool'>[]
}

export interface PoolRow {
  readonly name: string
  readonly addresses: readonly string[]
  readonly autoAssign: boolean
  /** As said in the annotation; absent: none. */
  readonly reserved?: string
  readonly ipv4?: Usage
  readonly ipv6?: Usage
  readonly kept: readonly Omit<Kept, 'pool'>[]
}

/** Numbers where JavaScript can tell them apart, else their digits. */
export interface Usage {
  readonly used: number
  readonly free: number | string
  readonly total: number | string
}

export interface Holder {
  readonly address: string
  readonly pool: string
  readonly services: readonly string[]
  /** Who announces it; null: nobody; absent: it is not known. */
  readonly node?: string | null
}

export function poolsOf(snapshot: Snapshot): PoolsReport {
  const { config, pools, services, unseen } = snapshot
  return poolsReport({
    pools: config.pools,
    annotations: new Map(pools.map(({ name, annotations }) => [name, annotations])),
    kept: pools.flatMap(({ name, kept }) => kept.map((it) => ({ pool: name, ...it }))),
    services,
    nodes: unseen.l2Statuses === undefined ? announcers(snapshot) : undefined,
  })
}

export function poolsReport(input: PoolInput): PoolsReport {
  const { pools, services, nodes } = input
  const reserved = new Map(
    [...pools.values()].map(({ name, ranges }) => [
      name,
      poolOptions(name, input.annotations.get(name) ?? {}, ranges).options.reserved,
    ]),
  )
  const addresses = new Addresses(pools, reserved)
  const held = new Map<string, { readonly ip: Ip; readonly services: string[] }>()
  for (const { type, key, ingress } of services) {
    if (type !== 'LoadBalancer') continue
    for (const ip of ingress.flatMap((text) => parseIp(text) ?? [])) {
      addresses.take(ip, key)
      const text = formatIp(ip)
      const entry = held.get(text) ?? { ip, services: [] }
      entry.services.push(key)
      held.set(text, entry)
    }
  }
  const used = new Map([...pools.keys()].map((name) => [name, usedOf(addresses, name)]))
  for (const { service, addresses: texts } of input.kept) {
    for (const ip of texts.flatMap((text) => parseIp(text) ?? [])) {
      addresses.take(ip, `kept ${service}`)
    }
  }
  const all = [...held.values()].sort((a, b) => compareIp(a.ip, b.ip))
  const rows = all.map(({ ip, services }) => {
    const [node = null] = services.flatMap((key) => nodes?.get(key) ?? [])
    const pool = addresses.poolOf(ip)?.name
    const row = {
      address: formatIp(ip),
      services: services.sort(),
      ...(nodes && { node }),
    }
    return { pool, row }
  })
  return {
    pools: [...pools.values()].map((pool) => poolRow(pool, addresses, used.get(pool.name), input)),
    holders: rows.flatMap(({ pool, row }) => (pool === undefined ? [] : [{ ...row, pool }])),
    strangers: rows.flatMap(({ pool, row }) => (pool === undefined ? [row] : [])),
  }
}

const usedOf = (addresses: Addresses, pool: string): Readonly<Record<Family, number>> => ({
  4: addresses.count(pool, 4).held,
  6: addresses.count(pool, 6).held,
})

function poolRow(
  pool: Pool,
  addresses: Addresses,
  used: Readonly<Record<Family, number>> = { 4: 0, 6: 0 },
  { annotations, kept }: PoolInput,
): PoolRow {
  const usage = (family: Family): Usage | undefined => {
    const { usable, free } = addresses.count(pool.name, family)
    if (usable === 0n && !pool.ranges.some((range) => range.family === family)) return undefined
    return { used: used[family], free: plain(free), total: plain(usable) }
  }
  const [ipv4, ipv6] = [usage(4), usage(6)]
  const reserved = annotations.get(pool.name)?.[RESERVED_ADDRESSES]
  return {
    name: pool.name,
    addresses: pool.ranges.map(formatRange),
    autoAssign: pool.autoAssign,
    ...(reserved !== undefined && { reserved }),
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    kept: kept.filter((it) => it.pool === pool.name).map(({ pool: _, ...rest }) => rest),
  }
}

const plain = (count: bigint): number | string =>
  count <= Number.MAX_SAFE_INTEGER ? Number(count) : `${count}`
