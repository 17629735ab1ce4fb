/** Which thread of a speaker goes first where processors are few. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { ensureLabPackages } from '../lab/packages.ts'
import { until } from '../lab/until.ts'
import { PacketHost, createNamespaces, removeNamespaces } from './packet-node.ts'

let host: PacketHost

before(async () => {
  await ensureLabPackages()
  await createNamespaces()
  host = new PacketHost()
  await host.heard('ready')
})
after(async () => {
  await host.stop()
  await removeNamespaces()
})

/** By thread. */
const niceness = (pid: number) =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((tid) => {
      const fields = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ')
      return [Number(tid), Number(fields?.[16])] as const
    }),
  )

test('netns/threads: the main thread is the only one that stepped back', async () => {
  const threads = await until('the main thread to step back', () => {
    const threads = niceness(host.pid)
    return threads.get(host.pid) === 10 && threads
  })
  threads.delete(host.pid)
  assert.deepEqual([...new Set(threads.values())], [0])
})

/** In ns, of each thread; undefined where the kernel does not show it. */
const slices = (pid: number): (number | undefined)[] =>
  readdirSync(`/proc/${pid}/task`).map((tid) => {
    const shown = readFileSync(`/proc/${pid}/task/${tid}/sched`, 'utf8')
    const slice = /^se\.slice\s*:\s*(\d+)$/m.exec(shown)?.[1]
    return slice === undefined ? undefined : Number(slice)
  })

test('netns/threads: the packet thread alone has the shortest turns', (t) => {
  if (!existsSync('/proc/self/sched') || slices(process.pid).includes(undefined)) {
    return t.skip('this kernel does not show how long turns are')
  }
  const short = slices(host.pid).filter((slice) => slice === 100_000)
  assert.equal(short.length, 1)
})
