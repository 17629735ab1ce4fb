/**
 * Certificates as of x509.ts, made by a process of its own: its library takes 20 MiB, which neither a program
 * nor a thread of it would give back, for what is done once a year.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Pair } from './x509.ts'

/** A busy machine starts a process late. */
const SIGNING_MS = 30_000

/** `now`: RFC 3339. */
export type Order = { readonly now: string; readonly days: number } & (
  | { readonly make: 'authority' | 'self-signed'; readonly name: string }
  | { readonly make: 'server'; readonly authority: Pair; readonly names: readonly string[] }
)

export const newAuthority = (name: string, now: Date, days: number): Promise<Pair> =>
  made({ make: 'authority', name, now: now.toISOString(), days })

export const issueServer = (
  authority: Pair,
  names: readonly string[],
  now: Date,
  days: number,
): Promise<Pair> => made({ make: 'server', authority, names, now: now.toISOString(), days })

export const selfSigned = (name: string, now: Date, days: number): Promise<Pair> =>
  made({ make: 'self-signed', name, now: now.toISOString(), days })

/** Rejects with what the process said if it fails, or takes too long. */
async function made(order: Order): Promise<Pair> {
  const entry = `./signing-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`
  const argv = [fileURLToPath(new URL(entry, import.meta.url))]
  const running = promisify(execFile)(process.execPath, argv, { timeout: SIGNING_MS })
  // The order holds a key: it is no argument, which everybody on the node could read.
  const { stdin } = running.child
  // That it ended early is told by its exit code.
  stdin?.on('error', () => undefined).end(JSON.stringify(order))
  const { stdout } = await running
  return JSON.parse(stdout) as Pair
}
