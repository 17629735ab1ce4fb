/** What the parts of one lab share. */
import type { Binaries } from './binaries.ts'
import type { Daemons } from './daemons.ts'
import type { Pki } from './pki.ts'
import type { Host } from './topology.ts'

export interface LabContext {
  /** Of everything the machine sees of it: namespaces, cgroups. */
  readonly prefix: string
  /** Its folder: everything it writes, except the cache. */
  readonly state: string
  readonly nodes: readonly Host[]
  readonly proxyMode: ProxyMode
  readonly binaries: Binaries
  readonly daemons: Daemons
  readonly pki: Pki
}

export type ProxyMode = 'nftables' | 'iptables'
