/** Debian packages the lab stands on; those that are missing are installed. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { run, must } from './processes.ts'
import { step } from './progress.ts'

/** Package by a file of it: a name is looked for on PATH. */
const NEEDED: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  buildah: 'buildah',
  debootstrap: 'debootstrap',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  // By path: another package has an arping with other options.
  '/usr/sbin/arping': 'arping',
  ndisc6: 'ndisc6',
  tcpdump: 'tcpdump',
  serf: 'serf',
  openssl: 'openssl',
  '/etc/ssl/certs/ca-certificates.crt': 'ca-certificates',
  curl: 'curl',
  ping: 'iputils-ping',
  sysctl: 'procps',
  gcc: 'gcc',
  '/usr/include/stdlib.h': 'libc6-dev',
}

/** Folders of administration tools, which a user's PATH may lack. */
const PATH = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']

async function present(file: string): Promise<boolean> {
  const candidates = file.startsWith('/') ? [file] : PATH.map((folder) => join(folder, file))
  const found = await Promise.allSettled(candidates.map((path) => access(path, constants.R_OK)))
  return found.some(({ status }) => status === 'fulfilled')
}

/** Installs those of the lab's packages that are missing. */
export const ensureLabPackages = (): Promise<void> => ensureFiles(NEEDED)

/** Installs the packages of those files that are missing: package by file, as above. */
export async function ensureFiles(needed: Readonly<Record<string, string>>): Promise<void> {
  const missing = new Set<string>()
  for (const [file, name] of Object.entries(needed)) {
    if (!(await present(file))) missing.add(name)
  }
  if (missing.size > 0)
    await step(`installing ${[...missing].join(' ')}`, () => ensurePackages([...missing]))
}

let listsAreFresh = false

/** `apt-get install`, with services kept from starting. */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  if ((await run(['apt-get', '--version']).catch(() => ({ code: 1 }))).code !== 0) {
    throw new Error(`missing: ${names.join(' ')}. There is no apt-get here: install them by hand`)
  }
  if (!listsAreFresh) await must(['apt-get', 'update', '-qq'])
  listsAreFresh = true
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names]
  await withoutServices(() => must(install, { env: { DEBIAN_FRONTEND: 'noninteractive' } }))
}

/** Debian asks this script before it starts a service; 101 is "no" (invoke-rc.d(8)). */
const POLICY = '/usr/sbin/policy-rc.d'

/** Debian's own containerd and serf are not to run beside those of the nodes. */
async function withoutServices(work: () => Promise<unknown>): Promise<void> {
  const ours = !existsSync(POLICY)
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await work()
  } finally {
    if (ours) rmSync(POLICY, { force: true })
  }
}
