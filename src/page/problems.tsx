/** What is wrong, by the kind of object to fix: a thousand of one kind are one line that opens. */
import type { BoardProblem } from '../core/report/board-state.ts'
import { compare } from './model.ts'

const SHOWN = 20

export function Problems({ problems }: { readonly problems: readonly BoardProblem[] }) {
  const byKind = Map.groupBy(
    problems,
    ({ object, severity }) => `${severity} ${object.split('/')[0] ?? ''}`,
  )
  // `broken` is before `warn`.
  const kinds = [...byKind].sort(([a], [b]) => compare(a, b))
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
      {kinds.map(([key, list]) => (
        <details key={key} open={list.length <= 3} class={list[0]?.severity}>
          <summary>
            <strong>{list.length}</strong> {titleOf(key, list.length)}
          </summary>
          <ul>
            {[...list]
              .sort((a, b) => compare(a.object, b.object))
              .slice(0, SHOWN)
              .map(({ object, reason, remedy, hits }) => (
                <li key={`${object} ${remedy}`}>
                  <b>{object}</b> <span>{reason}</span>
                  <p>
                    Fix: {remedy}
                    {hits && ` (${hits})`}
                  </p>
                </li>
              ))}
            {list.length > SHOWN && <li>and {list.length - SHOWN} more</li>}
          </ul>
        </details>
      ))}
    </section>
  )
}

/** `Services, broken`, `Node, warning`. */
function titleOf(key: string, count: number): string {
  const [severity, kind = ''] = key.split(' ')
  return `${kind}${count === 1 ? '' : 's'}, ${severity === 'broken' ? 'broken' : 'warning'}`
}
