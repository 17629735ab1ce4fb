/** What the service accounts of the manifests may do and may not, as a real API server judges it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { ApiServer } from './api-server.ts'

const MANIFEST = readFileSync(new URL('../../manifests/bellwether.yaml', import.meta.url), 'utf8')
const OWN = 'metallb-system'

let api: ApiServer
before(async () => {
  api = await ApiServer.start()
  await api.apply(MANIFEST)
})
after(() => api.stop())

/** `get secrets/memberlist`, `update services/status`: verb, resource, and a name or a subresource. */
async function may(account: string, action: string, namespace: string): Promise<boolean> {
  const [verb = '', what = ''] = action.split(' ')
  const [path = '', group = ''] = what.split('@')
  const [resource, rest] = path.split('/')
  const sub = rest === 'status' ? { subresource: rest } : rest === undefined ? {} : { name: rest }
  const attributes = { verb, group, resource, ...sub, ...(namespace && { namespace }) }
  const user = `system:serviceaccount:${OWN}:${account}`
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${OWN}`, 'system:authenticated']
  const body = JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: attributes },
  })
  const argv = ['create', '--raw', '/apis/authorization.k8s.io/v1/subjectaccessreviews', '-f', '-']
  const answer = await api.kubectlWith(body, ...argv)
  const { status } = JSON.parse(answer) as { status: { allowed: boolean } }
  return status.allowed
}

const L2 = 'servicel2statuses@metallb.io'

for (const [account, namespace, allowed, actions] of [
  [
    'speaker',
    OWN,
    true,
    [
      'watch pods',
      'watch ipaddresspools@metallb.io',
      'watch l2advertisements@metallb.io',
      `create ${L2}`,
      `delete ${L2}`,
      'patch servicel2statuses/status@metallb.io',
    ],
  ],
  [
    'speaker',
    'default',
    true,
    ['watch services', 'watch endpointslices@discovery.k8s.io', 'create events', 'patch events'],
  ],
  [
    // Its key is mounted: it need not, and must not, read any Secret by the API.
    'speaker',
    OWN,
    false,
    [
      'get secrets/memberlist',
      'list secrets',
      'watch secrets',
      'create secrets',
      'get configmaps',
      'create pods',
      'delete pods',
      'patch daemonsets/speaker@apps',
      'update ipaddresspools@metallb.io',
      'update l2advertisements@metallb.io',
      'create serviceaccounts',
      'create rolebindings@rbac.authorization.k8s.io',
    ],
  ],
  [
    'speaker',
    'default',
    false,
    [
      'get secrets',
      'list pods',
      'update services',
      'patch services',
      'update services/status',
      'patch endpointslices@discovery.k8s.io',
      `create ${L2}`,
      'create pods',
    ],
  ],
  ['speaker', '', true, ['watch nodes', 'watch services']],
  [
    'speaker',
    '',
    false,
    [
      'patch nodes',
      'update nodes/status',
      'list secrets',
      'list configmaps',
      'impersonate users',
      'create clusterrolebindings@rbac.authorization.k8s.io',
    ],
  ],
  [
    'controller',
    OWN,
    true,
    ['get secrets/memberlist', 'create secrets', 'patch ipaddresspools/status@metallb.io'],
  ],
  ['controller', 'default', true, ['watch services', 'update services/status', 'create events']],
  [
    'controller',
    OWN,
    false,
    [
      'get secrets/other',
      'list secrets',
      'delete secrets/memberlist',
      'create pods',
      'patch daemonsets/speaker@apps',
      'create rolebindings@rbac.authorization.k8s.io',
    ],
  ],
  [
    'controller',
    'default',
    false,
    [
      'get secrets',
      'list secrets',
      'update services',
      'delete services',
      'list pods',
      'create pods',
    ],
  ],
  ['controller', '', false, ['list secrets', 'patch nodes', 'impersonate users']],
] as const) {
  const where = namespace === '' ? 'the whole cluster' : namespace
  for (const action of actions) {
    test(`permissions: the ${account} may ${allowed ? '' : 'not '}${action} in ${where}`, async () => {
      assert.equal(await may(account, action, namespace), allowed)
    })
  }
}
