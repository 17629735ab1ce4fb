import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configurationStatus } from './configuration-report.ts'
import { configurationStateStatus } from './configuration-state.ts'

const problem = (message: string) => ({
  where: 'IPAddressPool/a',
  path: 'spec.addresses',
  message,
  transient: false,
})

test('config/report: good is Valid, problems are Invalid with one line each', () => {
  const good = configurationStatus('t', [], undefined, '2026-01-01T00:00:00Z')
  assert.equal(good.result, 'Valid')
  assert.equal(good.errorSummary, '')
  const bad = configurationStatus('t', [problem('x'), problem('y')], good, '2026-01-02T00:00:00Z')
  assert.equal(bad.result, 'Invalid')
  assert.equal(
    bad.errorSummary,
    'IPAddressPool/a spec.addresses: x\nIPAddressPool/a spec.addresses: y',
  )
  for (const status of [good, bad]) configurationStateStatus.parse(status)
})

test('config/report: the time of a condition stays while it says the same', () => {
  const time = (status: ReturnType<typeof configurationStatus>) =>
    status.conditions?.[0]?.lastTransitionTime
  const first = configurationStatus('t', [problem('x')], undefined, '2026-01-01T00:00:00Z')
  const second = configurationStatus('t', [problem('y')], first, '2026-01-02T00:00:00Z')
  assert.equal(time(second), '2026-01-01T00:00:00Z')
  assert.equal(
    time(configurationStatus('t', [], second, '2026-01-03T00:00:00Z')),
    '2026-01-03T00:00:00Z',
  )
})

test('config/report: a flood of problems fits into the condition', () => {
  const many = Array.from({ length: 2000 }, (_, i) => problem(`trouble number ${i}`))
  configurationStateStatus.parse(configurationStatus('t', many, undefined, '2026-01-01T00:00:00Z'))
})
