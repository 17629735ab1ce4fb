/**
 * `make demo`: a real three-node cluster, Bellwether on it, the tutorial's steps, a cut cable. Leaves
 * the cluster up; `make demo-down` ends it.
 */
import { readFileSync } from 'node:fs'
import { externalIp, install, owner, probe, settled, statusNode } from './bellwether.ts'
import { Lab } from './lab.ts'
import { step } from './progress.ts'
import { until } from './until.ts'

const tutorial = (file: string) =>
  readFileSync(new URL(`../../examples/tutorial/${file}`, import.meta.url), 'utf8')

const lab = new Lab()
const seen: [what: string, value: string][] = []
const started = performance.now()

/** Says the command as a person would type it, runs it, shows what it printed. */
async function show(...args: string[]): Promise<void> {
  console.log(`\n$ kubectl ${args.join(' ')}`)
  console.log((await lab.kubectl(...args)).trimEnd())
}

async function apply(file: string): Promise<void> {
  console.log(`\n$ kubectl apply -f examples/tutorial/${file}`)
  console.log((await lab.apply(tutorial(file))).trimEnd())
}

async function curl(ip: string): Promise<string> {
  const page = await until(`http://${ip} to answer the client`, async () => {
    const { code, stdout } = await lab.exec('client', ['curl', '-sS', '-m', '2', `http://${ip}/`])
    return code === 0 && stdout
  })
  const title = /<title>(.*)<\/title>/.exec(page)?.[1] ?? page.slice(0, 60)
  console.log(`\nclient$ curl http://${ip}/\n<title>${title}</title>`)
  return title
}

async function tutorialSteps(): Promise<string> {
  await step('apply manifests/bellwether.yaml', () => install(lab))
  for (const file of ['ip-pool.yaml', 'advertise.yaml', 'test-lb.yaml', 'test-lb2.yaml']) {
    await apply(file)
  }
  await step('nginx starts', () =>
    lab.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=120s'),
  )
  const first = await externalIp(lab, 'nginx')
  const second = await externalIp(lab, 'nginx2')
  seen.push(['Service nginx got', first], ['Service nginx2 asked for and got', second])
  seen.push([`curl ${first}`, await curl(first)], [`curl ${second}`, await curl(second)])
  return first
}

async function cutCable(ip: string): Promise<void> {
  // A backend on each node: the cut must silence the owner, not the only backend.
  await lab.kubectl('scale', 'deployment/nginx', '--replicas=3')
  await lab.kubectl('rollout', 'status', 'deployment/nginx', '--timeout=120s')
  const before = await owner(lab, ip)
  await until('ServiceL2Status to name the owner', async () => {
    return (await statusNode(lab, 'nginx')) === before
  })
  await show('get', 'pods,svc', '-o', 'wide')
  await show('-n', 'metallb-system', 'get', 'pods,servicel2status')
  console.log(`\n${ip} is answered by ${before}; its cable is cut now …`)
  const probing = await probe(lab, ip)
  await lab.cut(before)
  try {
    const after = await until('another node to take over', async () => {
      const now = await owner(lab, ip)
      return now !== before && now
    })
    await probing.answered()
    const outage = await probing.stop()
    seen.push(['its owner was', before], ['after the cut it is', after])
    seen.push(['silent, as the client saw it', `${(outage.silentMs / 1000).toFixed(2)} s`])
  } finally {
    await lab.heal(before)
  }
  // Whoever looks around next finds everything at rest. That need not be as before: of speakers that have only
  // just been installed the first owned everything.
  await settled(lab)
}

await lab.up()
const ip = await tutorialSteps()
await cutCable(ip)

const width = Math.max(...seen.map(([what]) => what.length))
console.log(`\n── seen, in ${((performance.now() - started) / 1000).toFixed(0)} s ──`)
for (const [what, value] of seen) console.log(`  ${what.padEnd(width)}  ${value}`)
console.log(`
The cluster is up. Try next:
  export KUBECONFIG=${lab.kubeconfig}
  kubectl get svc -A
  kubectl -n metallb-system get servicel2status
  kubectl -n metallb-system logs ds/speaker
  make lab-exec HOST=client CMD='curl -s ${ip}'
  make lab-exec HOST=client CMD='arping -c 3 -I eth0 ${ip}'
  make demo-down`)
