/** The dashboard of the lab's own controllers, looked at as docs/dashboard.md says. */
import assert from 'node:assert/strict'
import { delimiter, dirname } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { applyDelta, emptyBoard } from '../../src/core/report/board-state.ts'
import type { BoardDelta, BoardState } from '../../src/core/report/board-state.ts'
import { owner } from '../lab/bellwether.ts'
import { binaries } from '../lab/binaries.ts'
import { documented } from '../lab/documented.ts'
import { must } from '../lab/processes.ts'
import { Running } from '../lab/running.ts'
import { passes, until } from '../lab/until.ts'
import { fixture, lab } from './harness.ts'

const GUIDE = 'docs/dashboard.md'
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const URL_OF_PAGE = 'http://localhost:8080/'
const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

const vips = fixture('dashboard', ['172.18.15.10-172.18.15.20'])

const shell = async (commands: string): Promise<string[]> => {
  const { kubectl } = await binaries()
  const path = `PATH=${dirname(kubectl)}${delimiter}${process.env['PATH'] ?? ''}`
  const env = [path, `KUBECONFIG=${lab.kubeconfig}`]
  return ['env', '-C', ROOT, ...env, 'sh', '-euc', commands]
}

after(async () => {
  await must(await shell(documented(GUIDE, 'Turn it off')))
  await lab.kubectl('-n', 'metallb-system', 'rollout', 'status', 'deployment/controller')
})

/** What a process beside the controller finds at the guide's port. */
async function servedInPod(): Promise<string> {
  const ask = `fetch('http://127.0.0.1:8080/').then(() => 'yes', () => 'no').then(console.log)`
  const inPod = ['exec', 'deploy/controller', '--', 'node', '-e', ask]
  return (await lab.kubectl('-n', 'metallb-system', ...inPod)).trim()
}

/** The state as the page has it, for as long as the stream comes. */
async function follow(signal: AbortSignal): Promise<BoardState> {
  const state = emptyBoard()
  const { body } = await fetch(`${URL_OF_PAGE}events`, { signal })
  const read = async () => {
    let text = ''
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + chunk).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = /^event: (?:state|delta)\ndata: (.*)$/m.exec(event)?.[1]
        if (data !== undefined) applyDelta(state, JSON.parse(data) as BoardDelta)
      }
    }
  }
  read().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return state
}

test('e2e/dashboard: by the guide, it shows nodes and an address, and a move as it happens', async () => {
  const ip = await vips.expose('shown')
  const before = await owner(lab, ip)
  assert.equal(await servedInPod(), 'no', 'it is off unless it is asked for')
  const commands = documented(GUIDE, 'Turn it on, look at it').split('\n')
  const forward = commands.pop() ?? ''
  await must(await shell(commands.join('\n')))
  const forwarding = new Running(await shell(`exec ${forward}`))
  const stop = new AbortController()
  try {
    const page = await until('the page', () => fetch(URL_OF_PAGE)).catch((error: unknown) => {
      throw new Error(forwarding.stderr, { cause: error })
    })
    assert.match(await page.text(), /<script/)
    const state = await follow(stop.signal)
    const shown = () => state.services[vips.key('shown')]
    await until(`${before} to be shown as owner`, () => shown()?.owner?.node === before)
    assert.deepEqual(shown()?.addresses, [ip])
    assert.deepEqual(Object.keys(state.nodes).sort(), [...lab.nodes].sort())
    await passes('all nodes to be shown as ready', () => {
      for (const { ready, speaker } of Object.values(state.nodes)) {
        assert.deepEqual([ready, speaker], [true, 'ready'])
      }
    })
    const known = new Set(Object.keys(state.moves))
    await lab.kubectl('label', 'node', before, `${LABEL}=`)
    const move = await until('the move', () =>
      Object.entries(state.moves).find(([key, { service }]) => {
        return service === vips.key('shown') && !known.has(key)
      }),
    )
    const { from, to, addresses, cause } = move[1]
    assert.deepEqual([from, addresses, cause], [before, [ip], 'handover'])
    assert.equal(await servedInPod(), 'yes')
    await until(`${to} to be shown as owner`, () => shown()?.owner?.node === to)
    assert.equal(await owner(lab, ip), to)
    await until(`${before} to be shown as excluded`, () => state.nodes[before]?.excluded)
  } finally {
    stop.abort()
    await forwarding.stop()
    await lab.kubectl('label', 'node', before, `${LABEL}-`)
  }
})
