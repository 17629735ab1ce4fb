import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { MAX_MOVES } from './board-moves.ts'
import { applyDelta, emptyBoard } from './board-state.ts'
import { Board } from './board.ts'

const make = () => new Board(undefined, (text) => Date.parse(text))

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

test('board: what is not announced for long is a problem, told by its event; a move is none', () => {
  const board = make()
  board.put('service', 'd/a', service('a', '10.0.0.1'))
  board.delta(0)
  assert.deepEqual(board.state.problems, {})
  assert.equal(board.waiting, true)
  board.put('event', 'e', {
    metadata: { name: 'e' },
    type: 'Warning',
    reason: 'announceFailed',
    message: 'no active endpoints',
    involvedObject: { kind: 'Service', namespace: 'd', name: 'a' },
    lastTimestamp: new Date(5000).toISOString(),
  })
  board.delta(5000)
  assert.deepEqual(board.state.problems['announce Service d/a'], {
    kind: 'announce',
    severity: 'error',
    about: 'Service d/a',
    text: 'no active endpoints',
  })
  board.put('announcement', '1', status('a', 'n1', '2026-01-01T00:00:00Z'))
  board.remove('event', 'e')
  board.delta(5001)
  assert.deepEqual(board.state.problems, {})
  assert.equal(board.waiting, false)
})

test('board: a node, a speaker, a pool and a configuration that are not well are problems', () => {
  const board = make()
  const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] })
  board.put('node', 'n1', { metadata: { name: 'n1' }, status: ready('Unknown') })
  board.put('node', 'n2', { metadata: { name: 'n2' }, status: ready('True') })
  board.put('pod', 's', {
    metadata: { name: 's', labels: { component: 'speaker' } },
    spec: { nodeName: 'n2' },
    status: ready('False'),
  })
  board.put('pool', 'p', {
    metadata: { name: 'p' },
    spec: { addresses: ['10.0.0.0/31'] },
    status: {
      assignedIPv4: 2,
      availableIPv4: 0,
      usage: { used: '2', free: '0', total: '2' },
    },
  })
  const errorSummary = 'pool overlaps'
  board.put('configuration', 'c', {
    metadata: { name: 'c' },
    status: { result: 'Invalid', errorSummary },
  })
  board.delta(0)
  assert.deepEqual(
    Object.values(board.state.problems).map(({ about, text }) => `${about}: ${text}`),
    [
      'ConfigurationState c: pool overlaps',
      'Node n1: is not ready',
      'Node n2: its speaker is not ready',
      'IPAddressPool p: has no free address left',
    ],
  )
  assert.equal(board.state.pools['p']?.share, 1)
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
