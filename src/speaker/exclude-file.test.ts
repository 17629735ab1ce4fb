import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MemoryLog } from '../../test/contract/memory-log.ts'
import { until } from '../../test/lab/until.ts'
import { followExcludeFile, readExcludeFile } from './exclude-file.ts'

const root = mkdtempSync(join(tmpdir(), 'bellwether-exclude-'))
after(() => rmSync(root, { recursive: true }))

const listOf = (...patterns: string[]) =>
  `announcedInterfacesToExclude: ${JSON.stringify(patterns)}\n`

/** A directory as kubelet makes it: files are links into `..data`, which is swapped. */
function volume(name: string, content: string) {
  const directory = join(root, name)
  mkdirSync(directory)
  let version = 0
  const write = (text: string) => {
    const folder = `..v${++version}`
    mkdirSync(join(directory, folder))
    writeFileSync(join(directory, folder, 'excludel2.yaml'), text)
    symlinkSync(folder, join(directory, '..tmp'))
    renameSync(join(directory, '..tmp'), join(directory, '..data'))
  }
  write(content)
  symlinkSync('..data/excludel2.yaml', join(directory, 'excludel2.yaml'))
  return { file: join(directory, 'excludel2.yaml'), write }
}

for (const [what, text, expected] of [
  ['the list', listOf('^lo$', '^veth.*'), { ok: true, patterns: ['^lo$', '^veth.*'] }],
  ['a file without one', '{}', { ok: true, patterns: [] }],
] as const) {
  test(`speaker/exclude-file: reads ${what}`, () => {
    const { file } = volume(what.replaceAll(' ', '-'), text)
    assert.deepEqual(readExcludeFile(file), expected)
  })
}

test('speaker/exclude-file: without the file nothing is excluded', () => {
  assert.deepEqual(readExcludeFile(join(root, 'nowhere')), { ok: true, patterns: [] })
})

for (const [what, text, problem] of [
  ['a pattern that is none', listOf('('), /excludel2.yaml: .*invalid pattern \(/s],
  ['what is no list', 'announcedInterfacesToExclude: eth0', /expected array/],
  ['what is no YAML', 'a: [', /excludel2.yaml: /],
] as const) {
  test(`speaker/exclude-file: ${what} is told of`, () => {
    const list = readExcludeFile(volume(what.replaceAll(' ', '-'), text).file)
    assert.ok(!list.ok)
    assert.match(list.problem, problem)
  })
}

test('speaker/exclude-file: a change is handed over; what is wrong is told once and changes nothing', async () => {
  const { file, write } = volume('followed', listOf('^a'))
  const log = new MemoryLog()
  const lists: (readonly string[])[] = []
  const following = followExcludeFile(file, ['^a'], log, (list) => lists.push(list))
  write(listOf('^b'))
  await until('the new list', () => lists.length === 1)
  write(listOf('('))
  await until('the problem', () =>
    log.lines.some(({ event }) => event === 'exclude-list-unchanged'),
  )
  write(listOf('^c', '^d'))
  await until('the third list', () => lists.length === 2)
  following.close()
  assert.deepEqual(lists, [['^b'], ['^c', '^d']])
})
