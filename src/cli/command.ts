/** What a command of the plugin is that looks and tells. */
import type { Snapshot } from '../core/report/snapshot.ts'
import type { Text } from '../core/report/text.ts'

/** One command of the plugin: what it needs, and what it answers. */
export interface Command<A = unknown> {
  readonly name: string
  /** `where IP|SERVICE` */
  readonly usage: string
  readonly summary: string
  /** Of the snapshot: whether the speakers' views are worth a port-forward each. */
  readonly views: boolean
  /** Data is what -o json|yaml prints; text is for people; exit: 0 well, 1 a problem was found. */
  run(
    snapshot: Snapshot,
    args: A,
  ): { readonly data: object; readonly text: Text; readonly exit: 0 | 1 }
}
