/** A command in the documents is run by test/e2e/tutorial.test.ts, or says why it is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocks, blocksOf, changesNothing, isPlain, readPage } from './pages.ts'

const TUTORIAL = 'docs/tutorial.md'
const TRANSLATED = 'docs/zh-CN/tutorial.md'

test('docs/commands: every command is one that a test runs, or is marked as not run, with a reason', () => {
  const all = blocks()
  assert.ok(all.length > 20)
  const unmarked = all
    .filter(({ notRun }) => notRun === undefined)
    .flatMap(({ page, line, commands }) =>
      commands
        .filter((it) => !isPlain(it) || !(isTutorial(page) || changesNothing(it)))
        .map((it) => `${page}:${line}: ${it}`),
    )
  assert.deepEqual(unmarked, [], 'put <!-- not run: why --> above the block')
})

const isTutorial = (page: string) => page === TUTORIAL || page === TRANSLATED

test('docs/commands: the translated tutorial has the commands of the English one', () => {
  const [one, other] = [TUTORIAL, TRANSLATED].map((page) =>
    blocksOf(page, readPage(page)).map((it) => it.commands),
  )
  assert.ok((one?.length ?? 0) > 3)
  assert.deepEqual(other, one)
})

test('docs/commands: the check sees a block, its reason, and what a shell would be needed for', () => {
  const fence = '```'
  const text = `a\n\n<!-- not run: too long -->\n\n${fence}sh\nmake it # so\n${fence}\n\n${fence}sh\nkubectl get pods\n\n${fence}\n`
  assert.deepEqual(blocksOf('x.md', text), [
    { page: 'x.md', line: 6, commands: ['make it'], notRun: 'too long' },
    { page: 'x.md', line: 10, commands: ['kubectl get pods'], notRun: undefined },
  ])
  assert.ok(isPlain('kubectl get pods') && changesNothing('kubectl -n a get pods'))
  assert.ok(!isPlain('kubectl get pods | sort') && !isPlain('make it'))
  assert.ok(!changesNothing('kubectl delete pod a'))
})
