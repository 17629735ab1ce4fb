/**
 * `make bench-failover`: what a client on the segment sees when the owner of its VIP goes, in each of
 * the ways of failover-scenarios.ts. Takes a lab of its own and ends it; KEEP_LAB=1 leaves it up.
 *
 *   node test/bench/failover.ts [--runs 20] [--only cable,kill] [--settle 3] [--detection fast] [--json FILE]
 *
 * A run begins when all speakers are ready and one node has answered alone for `--settle` seconds;
 * whichever that is, is the victim.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  NAMESPACE as NAMESPACE_OF_SPEAKERS,
  externalIp,
  install,
  poolYaml,
  ready,
} from '../lab/bellwether.ts'
import { summarise, table } from '../lab/failover-summary.ts'
import type { Figures } from '../lab/failover-summary.ts'
import { Lab } from '../lab/lab.ts'
import { step } from '../lab/progress.ts'
import { serviceObject } from '../e2e/harness.ts'
import { SCENARIOS, speakersReady, victimOn } from './failover-scenarios.ts'
import type { Scenario } from './failover-scenarios.ts'
import { SegmentWatch } from './segment-watch.ts'

const NAMESPACE = 'bench-failover'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    only: { type: 'string', default: Object.keys(SCENARIOS).join() },
    settle: { type: 'string', default: '3' },
    detection: { type: 'string' },
    json: { type: 'string' },
  },
})
const [runs, settleMs] = [Number(values.runs), Number(values.settle) * 1000]
if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs: a number, got ${values.runs}`)
if (!(settleMs > 0)) throw new Error(`--settle: seconds, got ${values.settle}`)
const chosen = values.only.split(',').map((name): [string, Scenario] => {
  const scenario = SCENARIOS[name]
  if (scenario) return [name, scenario]
  throw new Error(`--only: some of ${Object.keys(SCENARIOS).join()} expected, got ${name}`)
})

const lab = new Lab({ prefix: process.env['LAB'] ?? 'bwbench' })
/** By title of the phase, one entry a run. */
const seen = new Map<string, Figures[]>()

/**
 * A backend on every node, and traffic that stays where it came in: a node that goes takes no backend
 * of the others' with it, so whatever fails is the VIP.
 */
async function expose(): Promise<string> {
  await lab.apply(poolYaml(NAMESPACE, ['172.18.3.10-172.18.3.20']))
  await lab.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  const labels = { app: 'backend' }
  await lab.apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { namespace: NAMESPACE, name: 'backend' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'nginx', image: 'nginx:1.7.9' }] },
      },
    },
  })
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/backend', '--timeout=120s')
  const spec = { externalTrafficPolicy: 'Local' }
  await lab.apply(serviceObject(NAMESPACE, 'vip', { spec }))
  return externalIp(lab, `${NAMESPACE}/vip`)
}

async function run(ip: string, { phases, mend }: Scenario): Promise<void> {
  await speakersReady(lab)
  const watch = new SegmentWatch(lab, ip, settleMs)
  try {
    let mac = await watch.rest()
    const victim = await victimOn(lab, await nodeOf(mac))
    const marks: { title: string; mac: string; fromMs: number }[] = []
    for (const { title, act, moves } of phases) {
      marks.push({ title, mac, fromMs: Date.now() })
      await act(lab, victim)
      mac = await watch.rest(moves && mac)
    }
    await speakersReady(lab)
    await watch.rest()
    for (const [i, { title, mac, fromMs }] of marks.entries()) {
      const toMs = marks[i + 1]?.fromMs ?? Infinity
      seen.set(title, [...(seen.get(title) ?? []), watch.figures(mac, { fromMs, toMs })])
    }
    await mend?.(lab, victim)
  } finally {
    await watch.stop()
  }
}

async function nodeOf(mac: string): Promise<string> {
  for (const node of lab.nodes) if ((await lab.hostMac(node)) === mac) return node
  throw new Error(`no node has the MAC address ${mac}`)
}

await lab.up()
try {
  await step('installing Bellwether', () => install(lab))
  if (values.detection !== undefined) {
    const setting = `BELLWETHER_FAILURE_DETECTION=${values.detection}`
    await lab.kubectl('-n', NAMESPACE_OF_SPEAKERS, 'set', 'env', 'daemonset/speaker', setting)
    await ready(lab)
  }
  const ip = await expose()
  for (const [name, scenario] of chosen) {
    await step(`${name}, ${runs} runs`, async () => {
      for (let i = 0; i < runs; i++) await run(ip, scenario)
    })
  }
} finally {
  // What was measured before a failure is measured.
  const summaries = [...seen].map(([title, figures]) => summarise(title, figures))
  console.log(`\n${table(summaries)}`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(summaries, null, 2))
  if (process.env['KEEP_LAB'] !== '1') await lab.down()
}
