import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SCRIPTS, completionText, wanted } from './completion.ts'
import type { Completable } from './completion.ts'

const COMMANDS: readonly Completable[] = [
  { name: 'status', summary: 'all of it' },
  { name: 'where', summary: 'one', operand: 'service' },
  { name: 'drain', summary: 'away', operand: 'node' },
  { name: 'completion', summary: 'scripts', operand: ['bash', 'zsh'] },
]

const words = (...typed: string[]): string[] => {
  const want = wanted(typed, COMMANDS)
  return want.kind === 'words' ? want.words.map(({ word }) => word) : [`a ${want.kind}`]
}

for (const [typed, expected] of [
  [[''], ['status', 'where', 'drain', 'completion']],
  [
    ['-n', 'web', ''],
    ['status', 'where', 'drain', 'completion'],
  ],
  [['where', ''], ['a service']],
  [['where', 'nginx', ''], []],
  [['where', '-n', ''], ['a namespace']],
  [['--kubeconfig', ''], ['a file']],
  [['drain', '--dry-run', ''], ['a node']],
  [
    ['status', '-o', ''],
    ['table', 'json', 'yaml'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh'],
  ],
  [['nonsense', ''], []],
] as const) {
  test(`cli/completion: after ${JSON.stringify(typed)}`, () => {
    assert.deepEqual(words(...typed), expected)
  })
}

test('cli/completion: flags are those of the command', () => {
  assert.ok(words('drain', '--').includes('--force'))
  assert.ok(!words('status', '--').includes('--force'))
})

test('cli/completion: the answer is what cobra understands', () => {
  const found = [{ word: 'nginx', about: '10.0.0.1' }, { word: 'other' }]
  assert.equal(completionText('n', found), 'nginx\t10.0.0.1\n:4\n')
  assert.equal(completionText('', 'file'), ':0\n')
})

test('cli/completion: the script works in bash', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-completion-'))
  try {
    const plugin = join(folder, 'kubectl-bellwether')
    // Says what it was asked, as one candidate.
    writeFileSync(plugin, '#!/bin/sh\nprintf "%s|" "$@"; printf "\\tabout\\n:4\\n"\n')
    chmodSync(plugin, 0o755)
    const script = `${SCRIPTS.bash}
      COMP_WORDS=(kubectl-bellwether where -n web ngi) COMP_CWORD=4
      _kubectl_bellwether; printf '%s\\n' "\${COMPREPLY[@]}"`
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` }
    const said = execFileSync('bash', ['-c', script], { encoding: 'utf8', env })
    assert.equal(said, '__complete|where|-n|web|ngi|\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
