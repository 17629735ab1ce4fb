/** Debian's Chromium, driven by Playwright; it talks to nobody but the page's own server. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { BrowserContext, Page } from 'playwright-core'
import { ensurePackages } from '../lab/packages.ts'

const CHROMIUM = '/usr/bin/chromium'

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  readonly still?: boolean
}

/** A window on a page, and all that must not happen there. */
export interface Window {
  readonly page: Page
  /** Requests to anywhere else, refused scripts and styles, errors. */
  faults(): Promise<readonly string[]>
  close(): Promise<void>
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openWindow(url: string, look: Look = {}): Promise<Window> {
  if (!existsSync(CHROMIUM)) await ensurePackages(['chromium'])
  const { width = 1280, height = 900, dark = false, still = false } = look
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-chromium-'))
  const context: BrowserContext = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    args: ARGS,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: still ? 'reduce' : 'no-preference',
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const faults: string[] = []
  context.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`request to ${request.url()}`)
  })
  const page = context.pages()[0] ?? (await context.newPage())
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  await page.addInitScript(
    "globalThis.refused = []; addEventListener('securitypolicyviolation', (it) => refused.push(`refused: ${it.violatedDirective} ${it.blockedURI}`))",
  )
  await page.goto(url)
  return {
    page,
    faults: async () => [...faults, ...(await page.evaluate<string[]>('refused'))],
    async close() {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
