/** `explain`: of whatever is broken, the one thing to fix. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WITHOUT_ADDRESS } from '../../../test/fakes/broken-allocations.ts'
import { NOT_ANNOUNCED } from '../../../test/fakes/broken-announcements.ts'
import { healthy } from '../../../test/fakes/snapshot.ts'
import { explainText } from './explain-text.ts'
import { explain } from './explain.ts'
import { renderText } from './text.ts'

for (const { what, parts, step, verdict = 'broken', fix, advice } of [
  ...WITHOUT_ADDRESS,
  ...NOT_ANNOUNCED,
]) {
  test(`explain: ${what}`, () => {
    const explanation = explain(healthy(parts), 'default/web')
    const first = explanation.steps.find((it) => it.verdict === verdict)
    assert.equal(first?.name, step, JSON.stringify(explanation, undefined, 2))
    assert.equal(explanation.verdict, verdict)
    assert.match(explanation.advice, advice)
    assert.equal(explanation.fix, fix)
  })
}

test('explain: nothing to fix where all is well, and every step is there', () => {
  const explanation = explain(healthy(), 'default/web')
  assert.equal(explanation.advice, 'nothing to fix')
  assert.equal(explanation.fix, undefined)
  assert.equal(explanation.verdict, 'ok')
  assert.deepEqual(
    explanation.steps.map(({ name }) => name),
    [
      'type',
      'class',
      'configuration',
      'controller',
      'pools',
      'sharing',
      'address',
      'endpoints',
      'traffic policy',
      'advertisement',
      'candidates',
      'interfaces',
      'speakers',
      'election',
      'gossip',
      'owner',
      'segment',
    ],
  )
})

test('explain: what could not be seen is told with why, and is no fault', () => {
  const no = (what: string) => `you may not list ${what}`
  const explanation = explain(
    healthy({
      nodes: no('nodes'),
      pods: no('pods'),
      endpointSlices: no('endpointslices'),
      l2Statuses: no('servicel2statuses'),
      views: {},
    }),
    'default/web',
  )
  assert.equal(explanation.fix, undefined)
  assert.match(explanation.advice, /^nothing to fix in what was seen; not seen: .*endpoints/)
  const step = explanation.steps.find(({ name }) => name === 'endpoints')
  assert.equal(step?.text, 'not seen, because you may not list endpointslices')
})

test('explain: a bare name is enough where one Service has it', () => {
  assert.equal(explain(healthy(), 'web').service, 'default/web')
  assert.equal(explain(healthy(), 'web', 'other').verdict, 'broken')
  assert.equal(explain(healthy(), 'web', 'default').service, 'default/web')
})

test('explain: its text ends with the one thing to fix', () => {
  const text = renderText(explainText(explain(healthy({ l2Advertisements: [] }), 'web')))
  const lines = text.trimEnd().split('\n')
  assert.equal(lines.at(-1), 'Fix: create an L2Advertisement with spec.ipAddressPools: [first]')
  assert.equal(lines.filter((line) => line.startsWith('Fix: ')).length, 1)
})
