import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { MAX_MOVES } from './board-moves.ts'
import { LOOK_MS } from './board-problems.ts'
import { MAX_SUSPECTS, PATIENCE_MS } from './board-suspects.ts'
import { applyDelta, emptyBoard } from './board-state.ts'
import { Board } from './board.ts'

const make = () => new Board({ namespace: 'metallb-system', loadBalancerClass: undefined })

const service = (name: string, ip?: string, more: object = {}) => ({
  metadata: {
    name,
    namespace: 'd',
    annotations: { 'metallb.io/ip-allocated-from-pool': 'p' },
  },
  spec: { type: 'LoadBalancer', ...more },
  status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
})

const status = (name: string, node: string, at: string, takeover?: object) => ({
  metadata: { name: `l2-${name}-${node}`, creationTimestamp: at },
  status: {
    node,
    serviceName: name,
    serviceNamespace: 'd',
    ...(takeover && { since: at, why: 'because', takeover }),
  },
})

test('board: a Service is with the node whose status is the youngest', () => {
  const board = make()
  board.put('service', 'd/a', service('a', '10.0.0.1'))
  board.put('announcement', 'new', status('a', 'n2', '2026-01-01T00:00:02Z'))
  board.put('announcement', 'old', status('a', 'n1', '2026-01-01T00:00:01Z'))
  board.delta(0)
  assert.equal(board.state.services['d/a']?.owner?.node, 'n2')
  board.remove('announcement', 'new')
  assert.deepEqual(Object.keys(board.delta(0) ?? {}), ['services'])
  assert.equal(board.state.services['d/a']?.owner?.node, 'n1')
})

test('board: a fail-over is on the time line with cause, outage and the node before', () => {
  const board = make()
  board.put('service', 'd/a', service('a', '10.0.0.1'))
  board.put('announcement', '1', status('a', 'n1', '2026-01-01T00:00:00Z', { cause: 'first' }))
  board.delta(0)
  assert.deepEqual(board.state.moves, {}, 'the first announcement is none')
  board.remove('announcement', '1')
  const takeover = { cause: 'nodeGone', from: 'n1', outageMs: 812 }
  board.put('announcement', '2', status('a', 'n2', '2026-01-01T00:01:00Z', takeover))
  const delta = board.delta(0)
  assert.deepEqual(Object.values(delta?.moves ?? {}), [
    {
      service: 'd/a',
      addresses: ['10.0.0.1'],
      from: 'n1',
      to: 'n2',
      at: '2026-01-01T00:01:00Z',
      cause: 'nodeGone',
      outageMs: 812,
    },
  ])
})

test("board: a move of MetalLB's speakers, which tell no cause, is known by the node before", () => {
  const board = make()
  board.put('announcement', '1', status('a', 'n1', '2026-01-01T00:00:00Z'))
  board.remove('announcement', '1')
  board.put('announcement', '2', status('a', 'n2', '2026-01-01T00:00:05Z'))
  board.delta(0)
  const [move] = Object.values(board.state.moves)
  assert.deepEqual([move?.from, move?.to, move?.cause], ['n1', 'n2', 'unknown'])
})

test('board: the time line is bounded, and the oldest goes', () => {
  const board = make()
  for (let i = 0; i <= MAX_MOVES; i++) {
    const at = new Date(i * 1000).toISOString()
    board.put('announcement', 'x', status('a', `n${i % 2}`, at, { cause: 'handover', from: 'n' }))
  }
  board.delta(0)
  const moves = Object.values(board.state.moves)
  assert.equal(moves.length, MAX_MOVES)
  assert.ok(moves.every(({ at }) => at !== new Date(0).toISOString()))
})

test('board: a move that only an event tells of is on the time line; with its status it is one', () => {
  const board = make()
  board.put('service', 'd/a', service('a', '10.0.0.1'))
  const told = (name: string, node: string, at: string, how: string) =>
    board.put('event', name, {
      metadata: { name },
      reason: 'nodeAssigned',
      message: `announcing from node "${node}" with protocol "layer2": a spread; and so on; ${how}`,
      involvedObject: { kind: 'Service', namespace: 'd', name: 'a' },
      lastTimestamp: at,
    })
  told('1', 'n1', '2026-01-01T00:00:00Z', 'nobody had it')
  const gone = 'taken from n1 (the node or its cable is gone), 812 ms without an answer at most'
  told('2', 'n2', '2026-01-01T00:01:00Z', gone)
  told('3', 'n1', '2026-01-01T00:09:00Z', 'handed over by n2')
  board.delta(0)
  const causes = () =>
    Object.values(board.state.moves).map((it) => [it.cause, it.from, it.outageMs])
  assert.deepEqual(causes(), [
    ['nodeGone', 'n1', 812],
    ['handover', 'n2', undefined],
  ])
  const takeover = { cause: 'handover', from: 'n2', outageMs: 0 }
  board.put('announcement', '3', status('a', 'n1', '2026-01-01T00:08:58Z', takeover))
  board.delta(0)
  assert.deepEqual(causes()[1], ['handover', 'n2', 0], 'the status tells it better')
  told('3', 'n1', '2026-01-01T00:09:01Z', 'handed over by n2')
  board.delta(0)
  assert.equal(causes().length, 2)
})

const MORE = {
  advertisement: { metadata: { name: 'ad' }, spec: { ipAddressPools: ['p'] } },
  pool: { metadata: { name: 'p' }, spec: { addresses: ['10.0.0.0/30'] } },
  node: { metadata: { name: 'n1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
}

const pod = (component: string, ready: string) => ({
  metadata: { name: component, labels: { component } },
  spec: { nodeName: 'n1' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] },
})

/** A cluster in which all is well, but for endpoints. */
function cluster(board: Board): void {
  board.put('service', 'd/a', service('a', '10.0.0.1', { clusterIP: '10.1.0.1' }))
  board.put('announcement', '1', status('a', 'n1', '2026-01-01T00:00:00Z'))
  board.put('pod', 's', pod('speaker', 'True'))
  board.put('pod', 'c', pod('controller', 'True'))
  for (const [kind, object] of Object.entries(MORE)) {
    board.put(kind as keyof typeof MORE, kind, object)
  }
}

const told = (board: Board) =>
  Object.values(board.state.problems).map(({ severity, object, reason, remedy, hits }) =>
    [severity, object, reason, remedy, hits].join(' | '),
  )

test('board: a problem is what the other reports say, with what to do, once it has lasted', () => {
  const board = make()
  cluster(board)
  board.delta(0)
  assert.deepEqual(told(board), [])
  assert.equal(board.waiting, true)
  board.delta(PATIENCE_MS)
  const remedy = 'give Service d/a a spec.selector, or EndpointSlices of its own'
  assert.deepEqual(told(board), [
    `broken | Service/d/a | endpoints: it has none: no node announces it | ${remedy} | `,
  ])
  board.put('endpointSlice', 'e', {
    metadata: { namespace: 'd', labels: { 'kubernetes.io/service-name': 'a' } },
    endpoints: [{ nodeName: 'n1' }],
  })
  board.delta(PATIENCE_MS + LOOK_MS)
  assert.deepEqual(told(board), [])
  assert.equal(board.waiting, false)
})

test('board: what heals within its time is never shown, and begins anew', () => {
  const board = make()
  cluster(board)
  board.unseen = { endpointSlices: 'nobody may' }
  board.delta(0)
  assert.equal(board.waiting, false, 'what is not seen is no problem')
  board.put('pod', 's', pod('speaker', 'False'))
  board.delta(1000)
  board.put('pod', 's', pod('speaker', 'True'))
  board.delta(2000)
  board.put('pod', 's', pod('speaker', 'False'))
  board.delta(4000)
  board.delta(7000)
  assert.deepEqual(told(board), [])
  board.delta(4000 + PATIENCE_MS)
  assert.match(told(board).join(), /warn \| .*speaker/)
})

test('board: what people have written does not heal, and is shown at once', () => {
  const board = make()
  cluster(board)
  board.unseen = { endpointSlices: 'nobody may' }
  board.put('configuration', 'c', {
    metadata: { name: 'controller' },
    status: { result: 'Invalid', errorSummary: 'IPAddressPool/p: spec.addresses overlap' },
  })
  board.put('pool', 'pool', {
    ...MORE.pool,
    status: {
      conditions: [{ type: 'UsageHigh', status: 'True', message: 'three of four' }],
      assignedIPv4: 3,
      availableIPv4: 1,
    },
  })
  board.delta(0)
  assert.match(
    told(board)[0] ?? '',
    /^\w+ \| IPAddressPool\/p \| configuration: invalid by .* \| mend /,
  )
  assert.match(told(board)[1] ?? '', /^warn \| IPAddressPool\/p \| three of four \| add addresses/)
  assert.equal(board.state.pools['p']?.share, 0.75)
})

test('board: problems are looked for now and then, however often objects change', () => {
  const board = make()
  board.delta(0)
  board.put('configuration', 'c', { metadata: { name: 'c' }, status: { result: 'Invalid' } })
  board.delta(LOOK_MS - 1)
  assert.deepEqual(told(board), [])
  assert.equal(board.waiting, true)
  board.delta(LOOK_MS)
  assert.equal(told(board).length, 1)
})

test('board: where thousands are hit, some are looked at', () => {
  const board = make()
  cluster(board)
  board.remove('service', 'd/a')
  for (let i = 0; i < 2 * MAX_SUSPECTS; i++) {
    board.put('service', `d/s${i}`, service(`s${i}`, undefined, { clusterIP: '10.1.0.2' }))
  }
  board.delta(0)
  board.delta(PATIENCE_MS)
  assert.equal(told(board).filter((it) => it.includes('Service/d/s')).length, MAX_SUSPECTS)
})

test('board: Services of another class and type are not shown', () => {
  const board = make()
  board.put('service', 'd/a', service('a', '10.0.0.1', { loadBalancerClass: 'other' }))
  board.put('service', 'd/b', service('b', undefined, { type: 'ClusterIP' }))
  assert.equal(board.delta(0), undefined)
})

test('board: deltas one after the other make the state', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    node: fc.constantFrom('n1', 'n2'),
    act: fc.constantFrom('service', 'lost', 'announce', 'silent'),
    flush: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const board = make()
      const seen = emptyBoard()
      let now = 0
      for (const { name, node, act, flush } of steps) {
        now += 1500
        const at = new Date(now).toISOString()
        if (act === 'service') board.put('service', `d/${name}`, service(name, '10.0.0.1'))
        if (act === 'lost') board.remove('service', `d/${name}`)
        if (act === 'announce') board.put('announcement', `${name}${node}`, status(name, node, at))
        if (act === 'silent') board.remove('announcement', `${name}${node}`)
        if (flush) applyDelta(seen, board.delta(now) ?? {})
      }
      applyDelta(seen, board.delta(now) ?? {})
      assert.deepEqual(seen, board.state)
      assert.equal(board.delta(now), undefined)
    }),
  )
})
