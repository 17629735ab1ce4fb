/**
 * An address changes hands while both nodes live: planned, after a long sleep, after a partition. As a
 * client on the segment sees it, by ARP every 2 ms and TCP every 20.
 */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { EXCLUDE_LABEL } from '../../src/core/election/candidacy.ts'
import { speakersReady, victimOn } from '../bench/failover-scenarios.ts'
import { SegmentWatch } from '../bench/segment-watch.ts'
import { NAMESPACE, events, settled, takeover } from '../lab/bellwether.ts'
import { lateness } from '../lab/lateness.ts'
import { until } from '../lab/until.ts'
import { RETURN_DELAY_S, debugView, fixture, lab } from './harness.ts'

const vips = fixture('handover', ['172.18.4.10-172.18.4.20'])

// Who came back in the test before would take what is its own in the midst of the next one.
beforeEach(() => settled(lab))

/** Who comes back owns nothing for as long. */
const RETURN_DELAY_MS = RETURN_DELAY_S * 1000
/** A speaker that sleeps for longer is given up soon. */
const SHORT_SLEEP_MS = 1500
/** One host alone has answered for that long. */
const AT_REST_MS = 1500
/**
 * No requests are answered by two nodes for longer. The giver ends when it hears of the taker's first
 * announcement: one request of two milliseconds, or a few time slices where the machine is busy, as this one
 * is by three nodes on two cores. At rest 5 ms are the aim, and `make bench-failover` says how often they are
 * met; without a handover it would be a round of gossip, 200 ms.
 */
const DOUBLE_MS = 25

let ip = ''
let watch: SegmentWatch
after(() => watch.stop())

async function nodeOf(mac: string): Promise<string> {
  for (const node of lab.nodes) if ((await lab.hostMac(node)) === mac) return node
  throw new Error(`no node has the MAC address ${mac}`)
}

test('e2e/handover: a new address has one owner', async () => {
  // A backend on every node, and traffic that stays there: what fails is the address.
  ip = await vips.expose('vip', { spec: { externalTrafficPolicy: 'Local' } })
  await speakersReady(lab)
  watch = new SegmentWatch(lab, ip, AT_REST_MS)
  await watch.rest()
})

test('e2e/handover: a node excluded by its label hands over and takes back, no connection fails', async () => {
  const owner = await nodeOf(await watch.rest())
  for (const label of [`${EXCLUDE_LABEL}=`, `${EXCLUDE_LABEL}-`]) {
    const mac = await watch.rest()
    const fromMs = Date.now()
    await lab.kubectl('label', 'node', owner, label)
    const taker = await nodeOf(await watch.rest(mac))
    const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
    assert.equal(tcp.failed, 0, JSON.stringify(tcp))
    assert.ok(arp.doubleMs <= DOUBLE_MS, `two answer for ${arp.doubleMs} ms`)
    const giver = await nodeOf(mac)
    await until('the winner to be told with the reason', async () => {
      const told = await events(lab, 'Service', vips.key('vip'))
      const words = `handed over by ${giver}`
      return told.some((line) => line.includes(`from node "${taker}"`) && line.endsWith(words))
    })
    await until('the status to tell the same', async () => {
      const told = await takeover(lab, vips.key('vip'))
      return told?.node === taker && told.takeover.from === giver && told
    }).then((told) =>
      assert.deepEqual(told.takeover, { cause: 'handover', from: giver, outageMs: 0 }),
    )
  }
})

/** The owner's speaker sleeps for a second; false: the machine made more of it, which says nothing. */
async function napped(): Promise<boolean> {
  const mac = await watch.rest()
  const victim = await victimOn(lab, await nodeOf(mac))
  const fromMs = Date.now()
  lab.pause(victim.pid)
  await delay(1000)
  lab.resume(victim.pid)
  if (Date.now() - fromMs > SHORT_SLEEP_MS) return false
  assert.equal(await watch.rest(), mac)
  const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
  assert.equal(tcp.failed, 0, JSON.stringify(tcp))
  assert.equal(arp.takeoverMs, null)
  return true
}

// Nobody waits to take an address back so far: in these two nothing moves.
test('e2e/handover: a sleep shorter than the patience moves nothing', async () => {
  while (!(await napped())) await settled(lab)
})

test('e2e/handover: a speaker that crashes again and again does not shake the address', async () => {
  const mac = await watch.rest()
  const owner = await nodeOf(mac)
  const victim = lab.nodes.find((node) => node !== owner) ?? ''
  const fromMs = Date.now()
  const killed: number[] = []
  for (let i = 0; i < 3; i++) {
    const { pid } = await victimOn(lab, victim)
    killed.push(Date.now())
    process.kill(pid, 'SIGKILL')
    await until('it to be restarted', async () => (await victimOn(lab, victim)).pid !== pid, {
      // The kubelet waits ever longer: 10 s, 20 s, and as much again where it died before.
      timeoutMs: 180_000,
    })
  }
  await speakersReady(lab)
  const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
  assert.equal(arp.takeoverMs, null, 'somebody else answered')
  const seen = { address: ip, owner, victim, killed, fromMs, tcp, arp }
  assert.equal(tcp.failed, 0, JSON.stringify(seen))
})

test('e2e/handover: all speakers are rolled and no connection fails', async () => {
  const mac = await watch.rest()
  const fromMs = Date.now()
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'restart', 'daemonset/speaker')
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/speaker', '--timeout=120s')
  await speakersReady(lab)
  await watch.rest()
  const { tcp, arp } = watch.figures(mac, { fromMs, toMs: Infinity })
  assert.equal(tcp.failed, 0, JSON.stringify(tcp))
  assert.ok(arp.doubleMs <= DOUBLE_MS, `two answer for ${arp.doubleMs} ms`)
})

test('e2e/handover: a sleeper that was given up answers no request when it wakes', async () => {
  const mac = await watch.rest()
  const victim = await victimOn(lab, await nodeOf(mac))
  lab.pause(victim.pid)
  let wokenMs = 0
  try {
    await watch.rest(mac)
  } finally {
    wokenMs = Date.now()
    lab.resume(victim.pid)
  }
  await until('the sleeper to be a member again', async () => {
    const { gossip } = await debugView(victim.node)
    return gossip?.members.every(({ state }) => state === 'alive') && gossip.sure
  })
  await delay(500)
  // Later it may take back what is its own.
  const window = { fromMs: wokenMs, toMs: wokenMs + RETURN_DELAY_MS }
  const answers = watch.answers(window).get(mac) ?? 0
  assert.equal(answers, 0, `${answers} answers by the one that slept`)
})

test('e2e/handover: a healed partition has one owner within a second, which announces itself', async () => {
  const mac = await watch.rest()
  const node = await nodeOf(mac)
  await lab.cut(node)
  const other = await watch.rest(mac)
  const healingMs = Date.now()
  const late = lateness()
  await lab.heal(node)
  const healedMs = Date.now()
  // It does not wait for long.
  const waits = until('the one that was cut off to know that it has to wait', async () => {
    const { owners, gossip } = await debugView(node)
    const own = gossip?.members.find(({ name }) => name === node)
    return own?.settled === false && owners.some((it) => it.ip === ip && it.owner !== node)
  })
  await Promise.all([watch.rest(), waits])
  // Until it may take back what is its own.
  const window = { fromMs: healedMs + 1000 + late(), toMs: healingMs + RETURN_DELAY_MS }
  const hosts = await until('answers later than that', () => {
    const hosts = [...watch.answers(window).keys()]
    return hosts.length > 0 && hosts
  })
  assert.deepEqual(hosts, [other], 'who answers later than a second after the healing')
})
