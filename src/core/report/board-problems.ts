/** What is wrong, as far as the API's objects tell, worst first. */
import type { BoardObject } from './board-objects.ts'
import type { BoardNode, BoardProblem, BoardService } from './board-state.ts'

/** How long a Service may be without address or announcer before that is a problem: a move takes less. */
export const PATIENCE_MS = 5000
/** How long a Warning event is shown that nothing else bears out. */
export const EVENT_MS = 10 * 60_000

export interface BoardSight {
  readonly nodes: Iterable<BoardNode>
  /** With the moment since when each lacks something, in ms; undefined: it lacks nothing. */
  readonly services: Iterable<readonly [BoardService, lackingSince: number | undefined]>
  readonly pools: Iterable<BoardObject<'pool'>>
  readonly configurations: Iterable<BoardObject<'configuration'>>
  readonly events: Iterable<BoardObject<'event'> & { readonly atMs: number }>
  readonly now: number
}

/** By key. */
export function boardProblems(sight: BoardSight): Map<string, BoardProblem> {
  const found = new Map<string, BoardProblem>()
  const add = (kind: BoardProblem['kind'], severity: BoardProblem['severity']) => {
    return (about: string, text: string) =>
      void found.set(`${kind} ${about}`, { kind, severity, about, text })
  }
  const said = new Map<string, BoardObject<'event'> & { atMs: number }>()
  for (const event of sight.events) {
    if ((said.get(event.about)?.atMs ?? 0) <= event.atMs) said.set(event.about, event)
  }
  const told = (key: string, otherwise: string) => said.get(key)?.message || otherwise

  for (const { name, result, errorSummary } of sight.configurations) {
    if (result !== 'Invalid') continue
    add('configuration', 'error')(`ConfigurationState ${name}`, errorSummary || 'is not valid')
  }
  for (const [service, since] of sight.services) {
    if (since === undefined || sight.now - since < PATIENCE_MS) continue
    const about = `Service ${service.key}`
    if (service.addresses.length === 0) {
      add('service', 'error')(about, told(service.key, 'has no address yet'))
    } else {
      const nobody = `no node announces ${service.addresses.join(', ')}`
      add('announce', 'error')(about, told(service.key, nobody))
    }
    said.delete(service.key)
  }
  for (const node of sight.nodes) {
    const add1 = add('node', 'warning')
    if (!node.ready) add1(`Node ${node.name}`, 'is not ready')
    else if (node.speaker === 'not ready') add1(`Node ${node.name}`, 'its speaker is not ready')
  }
  for (const pool of sight.pools) {
    if (pool.usage?.free === '0' && pool.usage.total !== '0') {
      add('pool', 'warning')(`IPAddressPool ${pool.name}`, 'has no free address left')
    } else if (pool.warning !== undefined) {
      add('pool', 'warning')(`IPAddressPool ${pool.name}`, pool.warning || 'is nearly full')
    }
  }
  for (const [key, event] of said) {
    if (sight.now - event.atMs > EVENT_MS) continue
    add('event', 'warning')(`Service ${key}`, `${event.reason}: ${event.message}`)
  }
  return found
}
