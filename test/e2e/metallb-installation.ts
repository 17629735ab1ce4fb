/**
 * MetalLB on the lab: what `kubectl apply -f metallb-native.yaml` makes, and what its programs and its users
 * make of that. The programs themselves are not run (test/lab/metallb).
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newStatus, statusFields } from '../../src/speaker/status-plan.ts'
import { NAMESPACE, poolYaml } from '../lab/bellwether.ts'
import { metallbSpeaker } from '../lab/go-memberlist.ts'
import { metallbDefinitions } from '../lab/metallb/definitions.ts'
import { memberlistSecret, metallbObjects } from '../lab/metallb/objects.ts'
import {
  WEBHOOK_CONFIGURATION,
  metallbWebhooks,
  webhookCertificates,
} from '../lab/metallb/webhooks.ts'
import { ipv4 } from '../lab/topology.ts'
import { getJson, lab, serviceObject } from './harness.ts'
import { APPS, POOL, SUBNET, names, nodes, ruledBy, vips } from './migration-plan.ts'

const KEY = 'bm90IHNvIHNlY3JldCBrZX'

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string }
}

interface Pod extends Named {
  readonly spec: { readonly nodeName: string }
}

const nameOf = (object: object) => (object as Named).metadata.name
const listed = (items: readonly object[]) => ({ apiVersion: 'v1', kind: 'List', items })

/** Writes its manifest to `folder/metallb-native.yaml`, too. */
export async function installMetallb(folder: string): Promise<void> {
  const path = await metallbSpeaker()
  const standIn = { path, vips: [...vips.values()], nodes: nodes.map(ipv4) }
  const definitions = metallbDefinitions()
  const objects = [...definitions, ...metallbObjects(standIn)]
  const manifest = JSON.stringify(listed([...objects, metallbWebhooks()]))
  writeFileSync(join(folder, 'metallb-native.yaml'), manifest)
  // Its webhooks last: with nobody behind them they refuse the configuration.
  await lab.apply(listed(objects))
  const crds = definitions.map((object) => `crd/${nameOf(object)}`)
  await lab.kubectl('wait', '--for=condition=Established', ...crds)
  const deployment = await getJson<Named>('-n', NAMESPACE, 'get', 'deployment', 'controller')
  await lab.apply(memberlistSecret(KEY, deployment.metadata.uid))
  await lab.apply(poolYaml(POOL, [`${SUBNET}.10-${SUBNET}.120`]))
  await allocated()
  await lab.apply(manifest)
  await certified()
  await lab.kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/speaker', '--timeout=120s')
  await announced([
    ...[...vips].map(([name, ip]) => [name, ruledBy(ip)] as const),
    // A double, as of a node that did not hear that it had lost.
    ['w1-0', 'w3'],
  ])
  await valid(['controller', ...names.map((node) => `speaker-${node}`)])
}

/** Of it nothing is left but the Services, and their namespace. */
export async function removeMetallb(): Promise<void> {
  await lab.kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found')
  await lab.kubectl('delete', 'validatingwebhookconfiguration', WEBHOOK_CONFIGURATION)
  await lab.kubectl('delete', 'crd', ...metallbDefinitions().map(nameOf))
}

/** Its controller makes certificates, and puts the authority into the webhooks. */
async function certified(): Promise<void> {
  const data = await webhookCertificates()
  const filled = ['-p', JSON.stringify({ data })]
  await lab.kubectl('-n', NAMESPACE, 'patch', 'secret', 'metallb-webhook-cert', ...filled)
  const operations = metallbWebhooks().webhooks.map((_, i) => ({
    op: 'add',
    path: `/webhooks/${i}/clientConfig/caBundle`,
    value: data['ca.crt'],
  }))
  const patch = ['--type=json', '-p', JSON.stringify(operations)]
  await lab.kubectl('patch', 'validatingwebhookconfiguration', WEBHOOK_CONFIGURATION, ...patch)
}

const setStatus = (status: object, ...object: string[]) =>
  lab.kubectl(
    ...['patch', ...object, '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status })],
  )

/** Its controller gives the Services their addresses, of the pool. */
async function allocated(): Promise<void> {
  const annotations = { 'metallb.io/ip-allocated-from-pool': POOL }
  const services = [...vips.keys()].map((name) => serviceObject(APPS, name, { annotations }))
  await lab.apply(listed(services))
  const status = ([name, ip]: readonly [string, string]) =>
    setStatus({ loadBalancer: { ingress: [{ ip }] } }, 'service', name, '-n', APPS)
  await Promise.all([...vips].map(status))
}

/** Its speakers tell which Services they announce: pairs of Service and node. */
async function announced(pairs: readonly (readonly [string, string])[]): Promise<void> {
  const speakers = ['-n', NAMESPACE, 'get', 'pods', '-l', 'component=speaker']
  const { items } = await getJson<{ items: Pod[] }>(...speakers)
  const made = pairs.map(([service, node]) => {
    const pod = items.find(({ spec }) => spec.nodeName === node)
    const { name = '', uid = '' } = pod?.metadata ?? {}
    const owner = { apiVersion: 'v1', kind: 'Pod', name, uid }
    const what = { service: `${APPS}/${service}`, interfaces: [] }
    const object = newStatus(node, NAMESPACE, what, owner)
    const { generateName: _, ...metadata } = object.metadata
    const own = { ...metadata, name: `l2-${service}-${node}` }
    return { object: { ...object, metadata: own }, status: statusFields(node, what) }
  })
  await lab.apply(listed(made.map(({ object }) => object)))
  await Promise.all(
    made.map(({ object, status }) =>
      setStatus(status, 'servicel2status', object.metadata.name, '-n', NAMESPACE),
    ),
  )
}

/** Its programs, of 0.16, tell that the configuration is in use. */
async function valid(programs: readonly string[]): Promise<void> {
  const objects = programs.map((name) => ({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ConfigurationState',
    metadata: {
      namespace: NAMESPACE,
      name,
      labels: { 'metallb.io/component-type': name.split('-')[0] },
    },
  }))
  await lab.apply(listed(objects))
  const told = (name: string) => {
    const type = name === 'controller' ? 'poolReconcilerValid' : 'configReconcilerValid'
    const condition = { type, status: 'True', reason: 'Reconciled', message: '' }
    const conditions = [{ ...condition, lastTransitionTime: new Date() }]
    return setStatus({ result: 'Valid', conditions }, 'configurationstate', name, '-n', NAMESPACE)
  }
  await Promise.all(programs.map(told))
}
