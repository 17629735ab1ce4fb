import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { table } from '../core/report/text.ts'
import { printed } from './output.ts'

const text = [
  table(
    ['NAME', 'STATE'],
    [
      ['w1', { role: 'bad', text: 'dead' }],
      ['w22', 'alive'],
    ],
  ),
]
const answer = { data: { nodes: [{ name: 'w1' }] }, text }

test('cli/output: people get the text, painted', () => {
  const said = printed(answer, 'table', (role, it) => `<${role}>${it}</>`)
  assert.equal(said, '<strong>NAME</>   <strong>STATE</>\nw1     <bad>dead</>\nw22    alive\n')
})

test('cli/output: JSON and YAML are the data, never painted', () => {
  const paint = () => assert.fail('painted')
  assert.deepEqual(JSON.parse(printed(answer, 'json', paint)), answer.data)
  assert.deepEqual(parse(printed(answer, 'yaml', paint)), answer.data)
})
