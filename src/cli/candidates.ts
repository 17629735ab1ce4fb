/** Names for completion, looked up in the cluster: none where it does not answer soon. */
import type { Resource, Scope } from '../ports/cluster.ts'
import { IP_ADDRESS_POOLS, NAMESPACES, NODES, SERVICES } from '../ports/resources.ts'
import { parseService } from '../core/config/service.ts'
import { parseArguments } from './arguments.ts'
import type { Options } from './arguments.ts'
import type { Candidate, Completable, Lookup } from './completion.ts'
import { completionText, wanted } from './completion.ts'
import { connect, kubeConfig } from './connection.ts'

/** Who waits for the Tab key. */
const PATIENCE = ['--request-timeout', '2s']

/** The answer to `__complete WORDS…`; the last of the words is the one to be completed. */
export async function complete(
  words: readonly string[],
  commands: readonly Completable[],
): Promise<string> {
  const typed = words.at(-1) ?? ''
  const want = wanted(words, commands)
  if (want.kind === 'words') return completionText(typed, want.words)
  if (want.kind === 'file') return completionText(typed, 'file')
  // The flags typed so far say which cluster it is.
  const parsed = parseArguments([...words.slice(0, -1), ...PATIENCE])
  if (!parsed.ok) return completionText(typed, [])
  try {
    const found = await lookUp(want.kind, parsed.invocation.options, typed)
    return completionText(typed, found)
  } catch {
    return completionText(typed, []) // Nobody wants to read errors while typing.
  }
}

async function lookUp(kind: Lookup, options: Options, typed: string): Promise<Candidate[]> {
  if (kind === 'context') {
    return kubeConfig(options)
      .getContexts()
      .map(({ name }) => ({ word: name }))
  }
  const { cluster, namespace, metallbNamespace } = connect(options)
  const names = async (resource: Resource, scope: Scope = {}) =>
    (await cluster.list(resource, scope)).map(({ metadata }) => ({ word: metadata.name }))
  switch (kind) {
    case 'node':
      return names(NODES)
    case 'namespace':
      return names(NAMESPACES)
    case 'pool':
      return names(IP_ADDRESS_POOLS, { namespace: metallbNamespace })
    case 'service': {
      const anywhere = typed.includes('/')
      const scope = anywhere || namespace === undefined ? {} : { namespace }
      const found = await cluster.list(SERVICES, scope)
      const services = found.flatMap((object) => parseService(object) ?? [])
      return services
        .filter(({ type }) => type === 'LoadBalancer')
        .map(({ key, name, ingress }) => ({
          word: anywhere ? key : name,
          ...(ingress.length > 0 && { about: ingress.join(', ') }),
        }))
    }
  }
}
