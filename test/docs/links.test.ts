/** Links between documents lead somewhere, and every document is in the index. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { ROOT, pages, readPage } from './pages.ts'

const linksOf = (text: string): string[] =>
  [...text.replace(/```[^]*?```|`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

/** As GitHub makes them: small letters, blanks to hyphens, all else away. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )

test('docs/links: no link between documents is dead', () => {
  const all = pages()
  assert.ok(all.length > 15)
  const dead = all.flatMap((page) =>
    linksOf(readPage(page))
      .filter((link) => !leads(page, link))
      .map((link) => `${page}: ${link}`),
  )
  assert.deepEqual(dead, [])
})

function leads(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchorsOf(readPage(target)).includes(anchor)
}

test('docs/links: the index names every document', () => {
  const listed = linksOf(readPage('docs/README.md')).map((link) => `docs/${link}`)
  const missing = pages().filter(
    (page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md' && !listed.includes(page),
  )
  assert.deepEqual(missing, [])
})
