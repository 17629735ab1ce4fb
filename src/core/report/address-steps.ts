/** How a Service comes by its address: pools, sharing, and what it has. */
import type { Service } from '../config/model.ts'
import { poolOf } from '../election/candidacy.ts'
import { formatIp } from '../net/ip.ts'
import { candidatePools } from '../pool/candidate-pools.ts'
import type { PassedOver } from '../pool/explain.ts'
import { sharingConflict, sharingOf } from '../pool/sharing.ts'
import { wishOf } from '../pool/wish.ts'
import type { Wish } from '../pool/wish.ts'
import { ipsOf } from './allocation.ts'
import type { Context } from './context.ts'
import { objectOf } from './service-steps.ts'
import { broken, few, ok, unknown, warning } from './step.ts'
import type { Step } from './step.ts'

export function addressSteps(context: Context, service: Service): Step[] {
  const missing = context.snapshot.unseen.pools
  if (missing !== undefined) {
    const has = service.ingress.join(', ')
    const held = has === '' ? unknown('address', missing) : ok('address', has)
    return [unknown('pools', missing), unknown('sharing', missing), held]
  }
  const parsed = wishOf(service)
  if (!parsed.ok) {
    const remedy = `correct what Service ${service.key} asks for`
    return [broken('pools', parsed.problem, objectOf(service), remedy), heldStep(context, service)]
  }
  return [
    poolsStep(context, service, parsed.wish),
    sharingStep(context, service, parsed.wish),
    addressStep(context, service, parsed.wish),
  ]
}

function poolsStep({ snapshot }: Context, service: Service, wish: Wish): Step {
  const { config, namespaces } = snapshot
  const name = 'pools'
  const labels = namespaces.get(service.namespace) ?? {}
  if (config.pools.size === 0) {
    const remedy = 'create an IPAddressPool with addresses of the segment that nothing else uses'
    return broken(name, 'there is no IPAddressPool', 'IPAddressPool', remedy)
  }
  if (wish.ips.length > 0) return requestedStep(snapshot, service, wish)
  const { pools, passedOver } = candidatePools(config.pools, service, wish.pool, labels)
  const reasons = passedOver.map(({ pool, because }) => `${pool}: ${because}`)
  if (pools.length > 0) {
    const names = few(pools.map((pool) => pool.name))
    const asked = wish.pool === undefined ? '' : ', as the Service asks'
    return ok(name, `it may use ${names}${asked}`, reasons)
  }
  const text =
    wish.pool === undefined
      ? 'it may use no pool'
      : `it asks for pool ${wish.pool}, which it cannot have`
  const [object, remedy] = passedOver[0]
    ? admitRemedy(service, passedOver[0], [...config.pools.keys()])
    : ['IPAddressPool', 'create an IPAddressPool']
  return broken(name, text, object, remedy, reasons)
}

/** The one way to let the Service use the pool. */
function admitRemedy(
  service: Service,
  { pool, because }: PassedOver,
  pools: readonly string[],
): readonly [object: string, remedy: string] {
  const object = `IPAddressPool/${pool}`
  if (!pools.includes(pool)) {
    const remedy = `create IPAddressPool ${pool}, or have Service ${service.key} ask for one of ${few(pools)} (metallb.io/address-pool)`
    return [objectOf(service), remedy]
  }
  if (because.startsWith('autoAssign')) {
    const remedy = `annotate Service ${service.key} with metallb.io/address-pool: ${pool}, or set spec.autoAssign of IPAddressPool ${pool} to true`
    return [objectOf(service), remedy]
  }
  if (because.startsWith('namespace')) {
    const remedy = `add ${service.namespace} to spec.serviceAllocation.namespaces of IPAddressPool ${pool}`
    return [object, remedy]
  }
  const remedy = `let spec.serviceAllocation.serviceSelectors of IPAddressPool ${pool} select Service ${service.key}, by its labels`
  return [object, remedy]
}

function requestedStep(
  { config }: Context['snapshot'],
  service: Service,
  { ips, pool: wanted }: Wish,
): Step {
  const name = 'pools'
  const texts = few(ips.map(formatIp))
  const pool = poolOf(ips, config)
  if (!pool) {
    const remedy = `have Service ${service.key} ask for an address of an IPAddressPool, or add ${texts} to one`
    const text = `it asks for ${texts}, which is in no one pool`
    return broken(name, text, objectOf(service), remedy)
  }
  if (wanted !== undefined && wanted !== pool.name) {
    const text = `it asks for ${texts} and for pool ${wanted}, but that is in pool ${pool.name}`
    const remedy = `have Service ${service.key} ask for pool ${pool.name}, or for no pool`
    return broken(name, text, objectOf(service), remedy)
  }
  return ok(name, `it asks for ${texts}, which is in ${pool.name}`)
}

function sharingStep(context: Context, service: Service, wish: Wish): Step {
  const name = 'sharing'
  const { key } = sharingOf(service)
  const asked = ipsOf(service).length > 0 ? ipsOf(service) : wish.ips
  const others = asked.flatMap((ip) =>
    context
      .holders(formatIp(ip))
      .filter((other) => other.key !== service.key)
      .map((other) => ({ ip: formatIp(ip), other })),
  )
  if (key === '') return ok(name, 'it shares its address with nobody (no allow-shared-ip)')
  for (const { ip, other } of others) {
    const why = sharingConflict(sharingOf(other), sharingOf(service))
    if (why === undefined) continue
    const text = `it may not share ${ip} with ${other.key}: ${why}`
    const remedy = `let Services ${service.key} and ${other.key} agree: the same key in metallb.io/allow-shared-ip, other ports, and with externalTrafficPolicy Local the same selector; or have ${service.key} ask for another address`
    return broken(name, text, objectOf(service), remedy)
  }
  const names = [...new Set(others.map(({ other }) => other.key))]
  return ok(
    name,
    names.length > 0
      ? `key ${key}, with ${few(names)}`
      : `key ${key}; no other Service has its address`,
  )
}

/** What it has, and whether it may keep it; or why it has none. */
function addressStep(context: Context, service: Service, wish: Wish): Step {
  const name = 'address'
  if (service.ingress.length > 0) return heldStep(context, service)
  const outcome = context.allocation.outcomeOf(service)
  if (outcome.ips.length > 0) {
    const { namespace } = context.snapshot
    const text = `it has none yet; ${few(outcome.ips)} is free for it`
    const remedy = `wait a moment; where it still has none, kubectl -n ${namespace} logs deployment/controller tells why`
    return broken(name, text, objectOf(service), remedy)
  }
  const why = outcome.notices
    .filter(({ type }) => type === 'Warning')
    .map(({ message }) => message.replace(/^Failed to allocate IP for "[^"]*": /, ''))
  const text = `it has none: ${why.at(-1) ?? 'nothing can be given to it'}`
  const [object, remedy] = noneRemedy(context, service, wish)
  return broken(name, text, object, remedy)
}

function noneRemedy(
  context: Context,
  service: Service,
  wish: Wish,
): readonly [object: string, remedy: string] {
  for (const ip of wish.ips.map(formatIp)) {
    const [holder] = context.holders(ip).filter(({ key }) => key !== service.key)
    if (!holder) continue
    const remedy = `have Service ${service.key} ask for another address than ${ip}, which ${holder.key} has, or take it from ${holder.key}`
    return [objectOf(service), remedy]
  }
  if (wish.ips.length > 0) {
    const remedy = `have Service ${service.key} ask for another address, or for none`
    return [objectOf(service), remedy]
  }
  const { config, namespaces } = context.snapshot
  const labels = namespaces.get(service.namespace) ?? {}
  const [pool] = candidatePools(config.pools, service, wish.pool, labels).pools
  if (!pool) return [objectOf(service), `let Service ${service.key} use an IPAddressPool`]
  const lacking = wish.families.filter((family) => {
    return !pool.ranges.some((range) => range.family === family)
  })
  const what = lacking.length > 0 ? `IPv${lacking.join(' and IPv')} addresses` : 'addresses'
  const remedy = `add ${what} to spec.addresses of IPAddressPool ${pool.name}${lacking.length > 0 ? '' : ', or delete Services that need none'}`
  return [`IPAddressPool/${pool.name}`, remedy]
}

function heldStep(context: Context, service: Service): Step {
  const name = 'address'
  const ips = ipsOf(service).map(formatIp)
  const object = objectOf(service)
  if (ips.length === 0) {
    const has = service.ingress.join(', ')
    const text = has === '' ? 'it has none' : `it has ${has}, which is no IP address`
    return broken(name, text, object, `correct what Service ${service.key} asks for`)
  }
  const pool = poolOf(ipsOf(service), context.snapshot.config)
  if (!pool) {
    const text = `it has ${few(ips)}, which is in no one pool: it is not announced`
    const remedy = `add ${few(ips)} to spec.addresses of an IPAddressPool, or delete the address from the Service's status for another`
    return broken(name, text, object, remedy)
  }
  const outcome = context.allocation.outcomeOf(service)
  const stays = ips.every((ip) => outcome.ips.includes(ip))
  if (stays) return ok(name, `${few(ips)} of pool ${pool.name}`)
  const why = outcome.notices.map(({ message }) => message)
  const text = `it has ${few(ips)} of pool ${pool.name}, but may not keep it: ${why[0] ?? ''}`
  const remedy = `look at what Service ${service.key} asks for and at IPAddressPool ${pool.name}: they do not agree`
  return warning(name, text, object, remedy, why.slice(1))
}
