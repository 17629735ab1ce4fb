/** Solicited-node groups as the kernel has them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { must } from '../lab/processes.ts'
import {
  NODE,
  addCable,
  createNamespaces,
  inside,
  removeNamespaces,
  script,
} from './packet-node.ts'

before(createNamespaces)
after(removeNamespaces)

const indexOf = async (name: string) =>
  Number(/^(\d+):/.exec(await must(['ip', '-n', NODE, '-o', 'link', 'show', name]))?.[1])

/** Groups of ours: those end in ff77:XXXX. */
async function joined(name: string): Promise<number> {
  const all = await must(['ip', '-n', NODE, '-6', 'maddr', 'show', 'dev', name])
  return [...all.matchAll(/ff02::1:ff77:/g)].length
}

test('netns/groups: joins exactly what is asked for, past what one socket holds', async () => {
  const [file = '', ...args] = inside(NODE, process.execPath, script('groups-host'))
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const set = async (groups: readonly object[]): Promise<string[]> => {
    child.stdin.write(`${JSON.stringify(groups)}\n`)
    const logged: string[] = []
    for (;;) {
      const { value: line } = (await lines.next()) as { value: string | undefined }
      if (line === 'done' || line === undefined) return logged
      logged.push(line)
    }
  }
  const groups = (name: string, index: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      interface: name,
      index,
      group: `ff02::1:ff77:${(i + 1).toString(16)}`,
    }))

  const eth0 = await indexOf('eth0')
  const many = groups('eth0', eth0, 3000)
  assert.deepEqual(await set(many), [])
  assert.equal(await joined('eth0'), 3000)
  assert.deepEqual(await set(many.slice(2990)), [])
  assert.equal(await joined('eth0'), 10)

  assert.deepEqual(await set(groups('gone', 9999, 1)), ['group-not-joined'])
  assert.equal(await joined('eth0'), 0)

  await addCable('eth1', '02:00:00:00:77:02')
  const first = await indexOf('eth1')
  assert.deepEqual(await set(groups('eth1', first, 2)), [])
  await must(['ip', '-n', NODE, 'link', 'del', 'eth1'])
  await addCable('eth1', '02:00:00:00:77:02')
  const second = await indexOf('eth1')
  assert.notEqual(second, first)
  await set(groups('eth1', second, 2))
  assert.equal(await joined('eth1'), 2)

  child.stdin.end()
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(await joined('eth1'), 0)
})
