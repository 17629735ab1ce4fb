/** Who announces a Service, by the speakers, by gossip, by the owner itself and by the segment. */
import { takeoverWords } from '../election/takeover.ts'
import type { Service } from '../config/model.ts'
import { formatIp } from '../net/ip.ts'
import { ipsOf } from './allocation.ts'
import type { Context, Election } from './context.ts'
import { ageText } from './duration.ts'
import { objectOf, startRemedy } from './service-steps.ts'
import { isStranger, rivalRemedy, rivalText } from './speaker-words.ts'
import { broken, few, ok, unknown, warning } from './step.ts'
import type { Step } from './step.ts'
import { parseTime } from './time.ts'

export function speakersStep({ snapshot, speakers }: Context, order: readonly string[]): Step {
  const name = 'speakers'
  const { unseen, namespace, nodes } = snapshot
  if (unseen.pods !== undefined) return unknown(name, unseen.pods)
  const down = order.filter((node) => speakers.get(node)?.ready !== true)
  const details = down.map((node) => `${node}: ${speakers.get(node)?.trouble ?? 'no pod there'}`)
  const [node] = down
  if (node === undefined) return ok(name, `ready on ${few(order)}`)
  const pod = speakers.get(node)
  const lost = nodes.find((it) => it.name === node)?.ready === false
  const remedy = lost
    ? `bring node ${node} back: it is not ready`
    : pod
      ? startRemedy(pod, namespace)
      : `get a speaker onto node ${node}: kubectl -n ${namespace} describe daemonset speaker tells why it has none`
  const all = down.length === order.length
  const object = lost ? `Node/${node}` : `DaemonSet/${namespace}/speaker`
  const text = all
    ? 'none is ready on a node that may announce it'
    : `not ready on ${few(down)}; ready on ${few(order.filter((it) => !down.includes(it)))}`
  return all
    ? broken(name, text, object, remedy, details)
    : warning(name, text, object, remedy, details)
}

export function electionStep(context: Context, service: Service, { order, verdict }: Election) {
  const name = 'election'
  const weights = verdict.candidacies[0]?.weights ?? {}
  const texts = order.map((node) => {
    const weight = weights[node]
    return weight === undefined ? node : `${node} (weight ${weight})`
  })
  const home = context.home(service.key)
  const spread =
    home !== undefined && home !== order[0]
      ? [`an even spread puts it on ${home}: those before it have their share`]
      : []
  return ok(name, `in this order: ${few(texts, 8)}`, spread)
}

export function gossipStep(context: Context, service: Service): Step {
  const name = 'gossip'
  const { words } = context
  if (words.seen.size === 0) return unknown(name, words.whyNot())
  const views = [...words.seen]
  const said = ipsOf(service).map((ip) => {
    const text = formatIp(ip)
    const by = Map.groupBy(words.owners(text), ({ owner }) => owner ?? 'nobody')
    return { ip: text, by }
  })
  const disputed = said.find(({ by }) => by.size > 1)
  const unasked = [...words.unseen].map(([node, why]) => `${node}: not seen, because ${why}`)
  if (disputed) {
    const details = [...disputed.by].map(
      ([owner, its]) => `${owner}, say ${few(its.map(({ by }) => by))}`,
    )
    const text = `the speakers do not agree on who has ${disputed.ip}`
    const remedy = `open TCP and UDP port 7946 between the nodes: kubectl bellwether members shows who does not see whom`
    return broken(name, text, 'DaemonSet/speaker', remedy, [...details, ...unasked])
  }
  const [trouble] = views.flatMap(([node, { problems }]) =>
    problems.map(({ reason, message }) => ({ node, reason, message })),
  )
  if (trouble) {
    const text = `${trouble.reason}, says ${trouble.node}`
    return warning(name, text, `Node/${trouble.node}`, trouble.message, unasked)
  }
  const owner = [...(said[0]?.by.keys() ?? [])][0]
  const asked = `${views.length} of ${views.length + words.unseen.size} speakers`
  if (views.every(([, { gossip }]) => gossip === undefined)) {
    return unknown(name, 'membership is off, or its threads do not answer')
  }
  return ok(
    name,
    owner === undefined ? `${asked} know of no owner` : `${asked} agree: ${owner} has it`,
    unasked,
  )
}

export function ownerStep(context: Context, service: Service, election: Election): Step {
  const name = 'owner'
  const { snapshot } = context
  if (snapshot.unseen.l2Statuses !== undefined) return unknown(name, snapshot.unseen.l2Statuses)
  const [status, second] = context.statuses(service.key)
  if (!status) return unowned(context, service, election)
  const { node, since, why, takeover } = status
  const details = [
    ...(why === undefined ? [] : [`why: ${why}`]),
    ...(takeover === undefined ? [] : [takeoverWords(takeover)]),
  ]
  const speaker = context.speakers.get(node)
  if (second && second.node !== node) {
    const text = `${node} and ${second.node} both tell that they announce it`
    const remedy = `wait a moment: it is moving; where it stays so, open TCP and UDP port 7946 between the nodes`
    return warning(name, text, objectOf(service), remedy, details)
  }
  if (snapshot.unseen.pods === undefined && speaker?.ready !== true) {
    const text = `${node}, it says, but the speaker there is not ready`
    const remedy = speaker
      ? startRemedy(speaker, snapshot.namespace)
      : `wait a moment: another takes over from node ${node}, which has no speaker`
    return warning(name, text, `Node/${node}`, remedy, details)
  }
  if (snapshot.unseen.nodes === undefined && !election.order.includes(node)) {
    const text = `${node}, which may not announce it any more`
    const remedy = `wait a moment: it is moving; where it stays so, see kubectl -n ${snapshot.namespace} logs of the speaker of ${node}`
    return warning(name, text, `Node/${node}`, remedy, details)
  }
  const at = parseTime(since)
  const age = at === undefined ? '' : `, for ${ageText(snapshot.at - at)}`
  return ok(name, `${node} announces it${age}`, details)
}

function unowned(context: Context, service: Service, { order }: Election): Step {
  const { namespace } = context.snapshot
  const expected = context.expectedOwner(service.key) ?? order[0]
  const refused = [...context.words.seen.values()].flatMap((view) => {
    return view.refused[service.key]?.message ?? []
  })[0]
  if (expected === undefined) {
    const remedy = `let a node announce Service ${service.key}`
    return broken('owner', 'nobody announces it', objectOf(service), remedy)
  }
  const rival = ipsOf(service)
    .flatMap((ip) => context.words.rivals(formatIp(ip)))
    .find(isStranger)
  if (rival) {
    const text = `nobody announces it: ${rivalText(rival)}, and it is left to that host (--address-conflict=yield)`
    return broken('owner', text, objectOf(service), rivalRemedy(rival))
  }
  const pod = context.speakers.get(expected)?.name ?? `ds/speaker`
  const text = `nobody tells that it announces it${refused === undefined ? '' : `: ${refused}`}`
  const remedy = `wait a moment; where it stays so, kubectl -n ${namespace} logs ${pod} tells what keeps node ${expected}`
  return broken('owner', text, objectOf(service), remedy)
}

/** Rivals that the owner hears are told of as events too: again each 5 minutes. */
const RIVAL_EVENT_MS = 660_000

export function segmentStep(context: Context, service: Service): Step {
  const name = 'segment'
  const { words, snapshot } = context
  const ips = ipsOf(service).map(formatIp)
  const rivals = ips.flatMap((ip) => words.rivals(ip))
  const [rival] = [...rivals].sort((a, b) => Number(isStranger(b)) - Number(isStranger(a)))
  if (rival) {
    const details = rivals.map(
      (it) => `${it.ip}: ${it.mac}, a ${it.kind}, heard by ${it.heardBy} on ${it.interface}`,
    )
    return broken(name, rivalText(rival), objectOf(service), rivalRemedy(rival), details)
  }
  const status = context.statuses(service.key)[0]
  const owner = status?.node
  if (owner !== undefined && words.of(owner)?.packet) {
    return ok(name, `${owner} hears nobody else use ${few(ips)}`)
  }
  if (status?.conflict !== undefined) {
    const remedy = `give the other host that uses ${few(ips)} another address; where it is a node, open TCP and UDP port 7946 between the nodes`
    return broken(name, status.conflict, objectOf(service), remedy)
  }
  const told = ['AddressConflict', 'AnnouncedTwice', 'AddressConflictResolved']
  const event = context.lastEvent(service.key, told, RIVAL_EVENT_MS)
  if (event && event.reason !== 'AddressConflictResolved') {
    const remedy =
      event.reason === 'AddressConflict'
        ? `give the other host that uses ${few(ips)} another address, or take this one out of the IPAddressPool`
        : 'open TCP and UDP port 7946 between the nodes'
    return broken(name, event.message, objectOf(service), remedy)
  }
  if (owner === undefined) return unknown(name, 'nobody announces it, so nobody listens')
  return unknown(
    name,
    words.whyNot(owner) + (snapshot.unseen.events ? '' : '; no event tells of another'),
  )
}
