/** What people read on a Service whose address another uses too. docs/layer2.md has it at length. */
import type { ConflictPolicy, Rival } from './messages.ts'

/** What stands in a ServiceL2Status about rivals. */
export interface Conflict {
  readonly reason: 'Stranger' | 'AnnouncedTwice'
  /** For people: all of them, a line for each. */
  readonly message: string
}

/** `rivals`: at least one. */
export const conflictOf = (
  rivals: readonly Rival[],
  node: string,
  policy: ConflictPolicy,
): Conflict => ({
  reason: rivals.some(({ kind }) => kind === 'stranger') ? 'Stranger' : 'AnnouncedTwice',
  message: rivals.map((rival) => rivalWarning(rival, node, policy)).join('\n'),
})

const DOES: Readonly<Record<ConflictPolicy, (node: string) => string>> = {
  tell: (node) =>
    `node "${node}" goes on announcing it (--address-conflict=tell), and hosts may reach either`,
  defend: (node) =>
    `node "${node}" announces it again whenever it is used (--address-conflict=defend)`,
  yield: (node) =>
    `node "${node}" leaves it to that host (--address-conflict=yield): clients do not reach the Service`,
}

export function rivalWarning(rival: Rival, node: string, policy: ConflictPolicy): string {
  const { ip, mac, interface: on, kind, speaker } = rival
  if (kind === 'speaker') {
    return (
      `${ip} is announced by node "${node}", and for more than 5 s also by the node at ${speaker ?? '?'} ` +
      `(MAC ${mac}, heard on ${on}): check that UDP and TCP port 7946 are open between the nodes, ` +
      `and that strictARP is true where kube-proxy is in IPVS mode`
    )
  }
  return (
    `${ip} is also used by a host that is no speaker: MAC ${mac}, heard on ${on}; ${DOES[policy](node)}. ` +
    `Give that host another address, or take this one out of the IPAddressPool`
  )
}

export const rivalGone = ({ ip, mac }: Rival, node: string): string =>
  `${ip} is used by node "${node}" alone again: MAC ${mac} was not heard any more`
