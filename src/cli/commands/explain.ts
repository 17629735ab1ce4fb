/** `explain`: the whole chain of one Service, and the one thing to fix. */
import { explain } from '../../core/report/explain.ts'
import { explainText } from '../../core/report/explain-text.ts'
import type { Command } from '../command.ts'

export interface ExplainArgs {
  /** `namespace/name` or a name. */
  readonly service: string
  /** Of a bare name; absent: any. */
  readonly namespace: string | undefined
}

export const EXPLAIN: Command<ExplainArgs> = {
  name: 'explain',
  usage: 'explain SERVICE',
  summary: 'why a Service has its address and is reached, or why not, and the one thing to fix',
  views: true,
  run(snapshot, { service, namespace }) {
    const explanation = explain(snapshot, service, namespace)
    const exit = explanation.fix === undefined ? 0 : 1
    return { data: explanation, text: explainText(explanation), exit }
  },
}
