/** IPv6 beside IPv4: neighbour discovery instead of ARP, the same node for both. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { externalIps, owner } from '../lab/bellwether.ts'
import { until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const vips = fixture('dual', ['172.18.5.10-172.18.5.20', 'fd00:18::5:10-fd00:18::5:20'])

test('e2e/dual-stack: a RequireDualStack Service gets both, and both answer from one node', async () => {
  await vips.createService('both', { spec: { ipFamilyPolicy: 'RequireDualStack' } })
  const ips = await until('two addresses', async () => {
    const list = await externalIps(lab, vips.key('both'))
    return list.length === 2 && list
  })
  assert.deepEqual(ips.toSorted(), ['172.18.5.10', 'fd00:18::5:10'])

  const host = await owner(lab, '172.18.5.10')
  const mac = await lab.hostMac(host)
  await until('the neighbour to be found by ND', async () => {
    await lab.exec('client', ['ping', '-6', '-c', '1', '-W', '1', 'fd00:18::5:10'])
    const { stdout } = await lab.exec('client', ['ip', '-6', 'neigh', 'show', 'fd00:18::5:10'])
    return stdout.includes(mac)
  })
  for (const address of ['172.18.5.10', '[fd00:18::5:10]']) {
    await until(`http://${address} to answer`, async () => {
      const argv = ['curl', '-gsS', '-m', '2', `http://${address}/`]
      return (await lab.exec('client', argv)).stdout.includes('Welcome to nginx!')
    })
  }
})

test('e2e/dual-stack: a Service of IPv6 alone is found and reached', async () => {
  await vips.createService('six', { spec: { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' } })
  const [ip = ''] = await until('an address', async () => {
    const list = await externalIps(lab, vips.key('six'))
    return list.length === 1 && list
  })
  await until(`http://[${ip}] to answer`, async () => {
    const argv = ['curl', '-gsS', '-m', '2', `http://[${ip}]/`]
    return (await lab.exec('client', argv)).stdout.includes('Welcome to nginx!')
  })
})
