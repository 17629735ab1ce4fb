/** The page's files, as tools/page.ts made them: read once, served from memory. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'

export interface Asset {
  readonly type: string
  readonly body: Buffer
  readonly etag: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** By path; `index.html` is `/`. Throws where the folder is not there. */
export function readAssets(folder: string): ReadonlyMap<string, Asset> {
  const files = readdirSync(folder).filter((name) => Object.hasOwn(TYPES, extname(name)))
  const assets = files.map((name) => {
    const body = readFileSync(join(folder, name))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const path = name === 'index.html' ? '/' : `/${name}`
    return [path, { type: TYPES[extname(name)] ?? '', body, etag }] as const
  })
  return new Map(assets)
}
