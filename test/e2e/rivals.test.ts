/** A host of the segment that has the address of a Service: people are told, on the Service. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { events, owner } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

interface L2Status {
  readonly status?: {
    readonly serviceName?: string
    readonly conditions?: readonly { readonly type: string; readonly message: string }[]
  }
}

const TAKEN = '172.18.9.10'
const vips = fixture('rivals', [`${TAKEN}-${TAKEN}`])

const client = (...argv: string[]) => lab.exec('client', argv)
after(() => client('ip', 'addr', 'del', `${TAKEN}/32`, 'dev', 'eth0').catch(() => undefined))

test('e2e/rivals: a stranger that has the address is told of before it is announced, with its MAC', async () => {
  await client('ip', 'addr', 'add', `${TAKEN}/32`, 'dev', 'eth0')
  const mac = await lab.hostMac('client')
  assert.equal(await vips.expose('taken'), TAKEN)
  const told = await until('the event', async () => {
    const all = await events(lab, 'Service', vips.key('taken'))
    return all.find((text) => text.includes('Warning AddressConflict:'))
  })
  assert.ok(told.includes(mac), told)
  const conflicts = async () => {
    const argv = ['-n', 'metallb-system', 'get', 'servicel2status', '-o', 'json']
    const { items } = JSON.parse(await lab.kubectl(...argv)) as { items: readonly L2Status[] }
    const taken = items.filter(({ status }) => status?.serviceName === 'taken')
    return taken.flatMap(({ status }) => status?.conditions ?? [])
  }
  await until('the condition', async () =>
    (await conflicts()).some(
      ({ type, message }) => type === 'AddressConflict' && message.includes(mac),
    ),
  )
  await client('ip', 'addr', 'del', `${TAKEN}/32`, 'dev', 'eth0')
  // By default it is announced all the same.
  await owner(lab, TAKEN)
  await until(
    'that it has passed',
    async () => {
      const all = await events(lab, 'Service', vips.key('taken'))
      return all.some((text) => text.includes('AddressConflictResolved'))
    },
    { timeoutMs: 60_000 },
  )
  await until('no condition', async () => (await conflicts()).length === 0)
})
