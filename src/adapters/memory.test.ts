import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanFileMappings } from './memory.ts'

const mapping = (line: string, { anonymous = 0, swap = 0 } = {}) => `${line}
Size:               1000 kB
Rss:                 900 kB
Anonymous:         ${anonymous} kB
AnonHugePages:         0 kB
Swap:              ${swap} kB
VmFlags: rd ex mr mw me
`
const TEXT = '55d0c0a00000-55d0c0b00000 r-xp 0122d000 08:01 42 /usr/local/bin/node'
const RODATA = '55d0bf000000-55d0bf001000 r--p 00000000 08:01 42 /usr/local/bin/node'

test('memory: what is of a file, not writable, and as in the file', () => {
  const smaps = mapping(TEXT) + mapping(RODATA)
  assert.deepEqual(cleanFileMappings(smaps), [
    { at: 0x55d0c0a00000n, bytes: 0x100000 },
    { at: 0x55d0bf000000n, bytes: 0x1000 },
  ])
})

const KEPT: readonly [why: string, smaps: string][] = [
  ['relocated', mapping(RODATA, { anonymous: 8 })],
  ['relocated, then swapped out', mapping(RODATA, { swap: 8 })],
  ['writable', mapping('7f00-8f00 rw-p 00000000 08:01 42 /usr/local/bin/node')],
  ['shared', mapping('7f00-8f00 r--s 00000000 08:01 42 /dev/shm/x')],
  ['of no file', mapping('7f00-8f00 r-xp 00000000 00:00 0')],
  ['the heap', mapping('7f00-8f00 r--p 00000000 00:00 0 [heap]')],
  ['of the kernel', mapping('7f00-8f00 r-xp 00000000 00:00 0 [vdso]')],
  ['without its counts', `${TEXT}\nSize: 1000 kB\n`],
]
for (const [why, smaps] of KEPT) {
  test(`memory: a mapping stays that is ${why}`, () => {
    assert.deepEqual(cleanFileMappings(smaps), [])
  })
}

test('memory: any text is read', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void cleanFileMappings(text)))
})

test('memory: a process goes on with half of the file pages, or fewer', () => {
  const program = `
    import { readFileSync } from 'node:fs'
    import { unmapFilePages } from ${JSON.stringify(new URL('memory.ts', import.meta.url).href)}
    const filePages = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
    const before = filePages()
    unmapFilePages()
    const after = filePages()
    new Intl.DateTimeFormat('zh').format()
    new Function('return 1')()
    console.log(JSON.stringify({ before, after }))`
  const argv = ['--input-type=module', '--eval', program]
  const said = execFileSync(process.execPath, argv, { encoding: 'utf8' })
  const { before, after } = JSON.parse(said) as Record<'before' | 'after', number>
  assert.ok(after < before / 2, said)
})
