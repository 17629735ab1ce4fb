/** The dashboard in a real Chromium. With UPDATE=1 it writes docs/screenshots/. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { openWindow } from './browser.ts'
import type { Look } from './browser.ts'
import { rig } from './rig.ts'
import { largeSegment, smallSegment } from './segment-objects.ts'
import type { SegmentObjects } from './segment-objects.ts'

const SCREENSHOTS = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
const LARGE = 5000

async function keep(page: Page, name: string, fullPage = true): Promise<void> {
  if (process.env['UPDATE'] !== '1') return
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage })
}

async function looking(
  fill: (objects: SegmentObjects) => Promise<void>,
  look: Look,
  body: (page: Page, objects: SegmentObjects) => Promise<void>,
): Promise<void> {
  const { objects, url, stop } = await rig(fill)
  const window = await openWindow(url, look)
  try {
    await window.page.locator('#segment .card').first().waitFor()
    await body(window.page, objects)
    assert.deepEqual(await window.faults(), [])
  } finally {
    await window.close()
    stop()
  }
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const result = await page.evaluate<axe.AxeResults>('axe.run()')
  assert.ok(result.passes.length > 20, 'axe looked at the page')
  return result.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  )
}

/** Which chips have flown since: kept, as a flight is soon over. */
async function flights(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`
    globalThis.flown = []
    const { animate } = Element.prototype
    Element.prototype.animate = function (...of) {
      flown.push(this.dataset.key)
      return animate.apply(this, of)
    }`)
  return () => page.evaluate<string[]>('flown')
}

/** With everything on it that there is to be seen. */
async function troubled(objects: SegmentObjects): Promise<void> {
  await smallSegment(objects)
  await objects.node('node-4', 'False')
  await objects.invalid('IPAddressPool/edge: overlaps with ip-pool')
}

async function moves(objects: SegmentObjects): Promise<void> {
  await objects.move('web-0', 'node-1', 'node-2', 'nodeGone', 812)
  await objects.move('web-3', 'node-1', 'node-3', 'nodeGone', 790)
  await objects.move('web-1', 'node-2', 'node-3', 'handover', 0)
  await objects.move('edge-2', 'node-2', 'node-1', 'speakerSilent', 2140)
}

test('page: a move is seen as it happens: in the picture, the time line, the table, and aloud', async () => {
  await looking(smallSegment, {}, async (page, objects) => {
    const on = (node: string) => page.locator(`.card[data-node=${node}] [data-key="default/web-0"]`)
    await on('node-1').waitFor()
    const flown = await flights(page)
    await objects.move('web-0', 'node-1', 'node-2', 'nodeGone', 812)
    await on('node-2').waitFor()
    assert.equal(await on('node-1').count(), 0)
    assert.deepEqual(await flown(), ['default/web-0'], 'it flies')
    const line = await page.locator('#time-line li').first().innerText()
    for (const word of ['172.18.0.10', 'node-1', 'node-2', 'node gone', '812 ms']) {
      assert.ok(line.includes(word), `${word} in ${line}`)
    }
    const row = page.locator('#addresses [role=row]', { hasText: 'default/web-0' })
    assert.match(await row.innerText(), /node-2/)
    assert.equal(await page.locator('#news').innerText(), '172.18.0.10 moved from node-1 to node-2')
  })
})

test('page: where motion is not wanted, nothing flies', async () => {
  await looking(smallSegment, { still: true }, async (page, objects) => {
    const flown = await flights(page)
    await objects.move('web-0', 'node-1', 'node-2', 'handover', 0)
    await page.locator('.card[data-node=node-2] [data-key="default/web-0"]').waitFor()
    assert.deepEqual(await flown(), [])
  })
})

test('page: problems stand on top with what to do, and go when they are over', async () => {
  await looking(smallSegment, {}, async (page, objects) => {
    const top = page.locator('main > section').first()
    const title = top.locator('h2')
    assert.match(await title.innerText(), /No problems/)
    await objects.invalid('IPAddressPool/edge: overlaps')
    await top.getByText('Fix: mend IPAddressPool/edge: overlaps').waitFor()
    assert.match(await title.innerText(), /1 problem/)
    await objects.valid()
    await top.getByText('No problems').waitFor()
    await objects.service('poor', undefined, 'edge')
    await top.getByText('Service/default/poor').waitFor()
    assert.match(await top.innerText(), /Fix: wait a moment/)
  })
})

test('page: the keyboard leads past the picture, to the search and through the table', async () => {
  await looking(smallSegment, {}, async (page) => {
    const focused = () =>
      page.evaluate<string>(
        'document.activeElement.id || document.activeElement.className || document.activeElement.tagName',
      )
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'skip')
    await page.keyboard.press('/')
    assert.equal(await focused(), 'search')
    await page.keyboard.type('edge-4')
    await page.getByText('1 of 16 Services', { exact: true }).waitFor()
    assert.equal(await page.locator('.chips .lit').count(), 1)
    await page.keyboard.press('Enter')
    assert.equal(await focused(), 'addresses-title')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'scroller')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    assert.equal(outline, 'solid', 'where the focus is can be seen')
    await page.locator('.card[data-node=node-2] .count').press('Enter')
    assert.equal(await page.locator('#search').inputValue(), 'node:node-2')
  })
})

for (const dark of [false, true]) {
  const name = dark ? 'dark' : 'light'
  test(`page: axe finds nothing to complain of, ${name}`, async () => {
    await looking(troubled, { dark, still: true }, async (page, objects) => {
      await moves(objects)
      await page.locator('#time-line li').nth(3).waitFor()
      await page.locator('#problems').getByText('Node/node-4').waitFor()
      await keep(page, name)
      const closed = page.locator('details:not([open]) > summary')
      while ((await closed.count()) > 0) await closed.first().click()
      assert.deepEqual(await violations(page), [])
    })
  })
}

test('page: on a phone of 320 px nothing is cut off, and axe is content', async () => {
  await looking(troubled, { width: 320, height: 640, still: true }, async (page, objects) => {
    await moves(objects)
    await page.locator('#time-line li').nth(3).waitFor()
    await page.locator('#problems').getByText('Node/node-4').waitFor()
    await keep(page, 'phone')
    const [scroll, client] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )
    assert.equal(scroll, client)
    assert.deepEqual(await violations(page), [])
  })
})

test(`page: ${LARGE} Services: few elements, few changes for a move, all found`, async () => {
  const fill = (objects: SegmentObjects) => largeSegment(objects, LARGE)
  await looking(fill, { still: true }, async (page, objects) => {
    const elements = () => page.evaluate<number>('document.querySelectorAll("*").length')
    await page.getByText(`${LARGE} Services`, { exact: true }).waitFor()
    assert.ok((await elements()) < 1500, `${await elements()} elements`)
    await page.evaluate(
      'globalThis.changes = 0; new MutationObserver((list) => (changes += list.length)).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })',
    )
    await objects.move('app-0', 'worker-1', 'worker-2', 'uplink', 640)
    await page.locator('.card[data-node=worker-2] [data-key="default/app-0"]').waitFor()
    const changes = await page.evaluate<number>('changes')
    assert.ok(changes > 0 && changes < 100, `${changes} changes of the document for one move`)
    await keep(page, '5000-services')
    await page.locator('.scroller').press('End')
    const last = page.locator('#addresses [role=row]', { hasText: `default/app-${LARGE - 1}` })
    await last.waitFor()
    assert.equal(await last.getAttribute('aria-rowindex'), String(LARGE + 1))
    await page.locator('#search').fill('10.20.7.77')
    await page.getByText(`1 of ${LARGE} Services`, { exact: true }).waitFor()
    assert.equal(await page.locator('.chips .lit').count(), 1)
    assert.ok((await elements()) < 1500)
  })
})
