/** A whole speaker that leaves to a stranger what a stranger has: what people are told, and what is on the wire. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { GONE_MS } from '../../src/core/announce/rivals.ts'
import { ensureLabPackages } from '../lab/packages.ts'
import { passes, until } from '../lab/until.ts'
import { DUAL, PEER_ADDRESS, VIP, WholeSpeaker } from './whole-speaker.ts'

const [DUAL4, DUAL6] = DUAL
const STRANGERS = [VIP, DUAL4]
let speaker: WholeSpeaker

before(async () => {
  await ensureLabPackages()
  speaker = await WholeSpeaker.create('bwyield')
  for (const ip of STRANGERS) await speaker.atPeer('ip', 'addr', 'add', `${ip}/24`, 'dev', 'eth0')
  await speaker.start('--address-conflict=yield')
})
after(() => speaker.remove())

const told = (reason: string, service: string, timeoutMs?: number) =>
  until(
    `the event ${reason} on ${service}`,
    () =>
      speaker.events.find(
        ({ reason: it, involvedObject: { kind, name } }) =>
          it === reason && kind === 'Service' && name === service,
      ),
    timeoutMs === undefined ? {} : { timeoutMs },
  )

const metrics = async () => (await speaker.page('/metrics')).split('\n')

const announcedLine = (service: string, ip: string) =>
  `metallb_speaker_announced{service="default/${service}",protocol="layer2",node="w1",ip="${ip}"} 1`

/** Who answers for the address by ARP, asked from the peer's own; nobody, where none does soon. */
async function answerers(ip: string): Promise<string[]> {
  const argv = ['arping', '-c', '2', '-w', '1', '-i', 'eth0', '-S', PEER_ADDRESS, ip]
  const said = await speaker.atPeer(...argv).catch((error: Error) => error.message)
  return [...new Set([...said.matchAll(/from (\S+:\S+)/g)].map(([, mac = '']) => mac))]
}

test('netns/yield: what a stranger has is not announced, and people are told by event, status and metric', async () => {
  const mac = await speaker.mac('peer')
  for (const [service, ip] of [
    ['nginx', VIP],
    ['dual', DUAL4],
  ] as const) {
    const { type, message } = await told('AddressConflict', service)
    assert.equal(type, 'Warning')
    for (const part of [ip, mac, 'node "w1" leaves it to that host (--address-conflict=yield)']) {
      assert.ok(message.includes(part), `${part} not in ${message}`)
    }
  }
  await told('nodeAssigned', 'dual')
  const status = await until('the status to tell', () => {
    const status = speaker.status('dual')
    return status?.conditions && status
  })
  assert.equal(status.node, 'w1')
  const [condition] = status.conditions ?? []
  assert.deepEqual([condition?.type, condition?.reason], ['AddressConflict', 'Stranger'])
  assert.ok(condition?.message.includes(`${DUAL4} is also used by`), condition?.message)
  assert.equal(speaker.status('nginx'), undefined)

  for (const ip of STRANGERS) assert.deepEqual(await answerers(ip), [])
  const lines = await metrics()
  const announced = lines.filter((line) => line.startsWith('metallb_speaker_announced'))
  assert.deepEqual(announced, [announcedLine('dual', DUAL6)])
  for (const ip of STRANGERS) {
    assert.ok(lines.includes(`bellwether_rivals{ip="${ip}",mac="${mac}",kind="stranger"} 1`))
    const sent = lines.filter((line) =>
      line.startsWith(`metallb_layer2_gratuitous_sent{ip="${ip}"}`),
    )
    assert.ok(
      sent.every((line) => line.endsWith(' 0')),
      sent.join(),
    )
  }
  const yielded = lines.find((line) =>
    line.startsWith('bellwether_frames_dropped_total{reason="yielded"}'),
  )
  assert.ok(Number(yielded?.split(' ').at(-1)) >= STRANGERS.length, yielded)
  assert.ok(
    !speaker.events.some(
      (it) => it.reason === 'nodeAssigned' && it.involvedObject.name === 'nginx',
    ),
  )
})

test('netns/yield: when the stranger has gone it is announced, and that is told', async () => {
  for (const ip of STRANGERS) await speaker.atPeer('ip', 'addr', 'del', `${ip}/24`, 'dev', 'eth0')
  for (const service of ['nginx', 'dual']) {
    const { type } = await told('AddressConflictResolved', service, GONE_MS + 10_000)
    assert.equal(type, 'Normal')
  }
  await told('nodeAssigned', 'nginx')
  await until('a status without a conflict', () => {
    const both = ['nginx', 'dual'].map((service) => speaker.status(service))
    return both.every((status) => status?.node === 'w1' && !status.conditions)
  })
  const mac = await speaker.mac('speaker')
  for (const ip of STRANGERS) {
    await passes(`${ip} to be answered for`, async () =>
      assert.deepEqual(await answerers(ip), [mac]),
    )
  }
  const lines = await metrics()
  for (const line of [announcedLine('nginx', VIP), announcedLine('dual', DUAL4)]) {
    assert.ok(lines.includes(line), `${line}\nnot in\n${lines.join('\n')}`)
  }
  assert.ok(!lines.some((line) => line.startsWith('bellwether_rivals{')))
})
