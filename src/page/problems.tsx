/** What is wrong, by kind: a thousand of one kind are one line that opens. */
import type { BoardProblem } from '../core/report/board-state.ts'
import { compare } from './model.ts'

const SHOWN = 20

const TITLES: Readonly<Record<BoardProblem['kind'], readonly [one: string, many: string]>> = {
  configuration: ['configuration is not in use', 'configurations are not in use'],
  service: ['Service has no address', 'Services have no address'],
  announce: ['Service is announced by nobody', 'Services are announced by nobody'],
  node: ['node is not well', 'nodes are not well'],
  pool: ['pool is full or nearly so', 'pools are full or nearly so'],
  event: ['Service has a recent warning', 'Services have recent warnings'],
}

export function Problems({ problems }: { readonly problems: readonly BoardProblem[] }) {
  const kinds = (Object.keys(TITLES) as BoardProblem['kind'][]).flatMap((kind) => {
    const list = problems.filter((it) => it.kind === kind)
    return list.length === 0 ? [] : [{ kind, list }]
  })
  const summary =
    problems.length === 0
      ? 'No problems'
      : problems.length === 1
        ? '1 problem'
        : `${problems.length} problems`
  return (
    <section id="problems" aria-labelledby="problems-title" class={kinds.length ? 'bad' : 'good'}>
      <h2 id="problems-title" aria-live="polite">
        <span class="mark" aria-hidden="true">
          {kinds.length ? '!' : '✓'}
        </span>
        {summary}
      </h2>
      {kinds.map(({ kind, list }) => (
        <details key={kind} open={list.length <= 3} class={list[0]?.severity}>
          <summary>
            <strong>{list.length}</strong> {TITLES[kind][list.length === 1 ? 0 : 1]}
          </summary>
          <ul>
            {[...list]
              .sort((a, b) => compare(a.about, b.about))
              .slice(0, SHOWN)
              .map(({ about, text }) => (
                <li key={about}>
                  <b>{about}</b> <span>{text}</span>
                </li>
              ))}
            {list.length > SHOWN && <li>and {list.length - SHOWN} more</li>}
          </ul>
        </details>
      ))}
    </section>
  )
}
