/** The stream of the controller: the whole state once, then changes. Redraws at most once a frame. */
import { applyDelta, emptyBoard } from '../core/report/board-state.ts'
import type { BoardDelta, BoardMove, BoardState } from '../core/report/board-state.ts'

/** A beat comes each 10 s. */
const SILENCE_MS = 25_000

export type Link = 'connecting' | 'live' | 'lost'

export interface Live {
  readonly link: Link
  /** Changed in place: `version` tells that it did. */
  readonly state: BoardState
  readonly version: number
  /** Moves that came since the page was opened, told once each. */
  readonly news: readonly BoardMove[]
}

export function follow(tell: (live: Live) => void): void {
  let state = emptyBoard()
  let version = 0
  let link: Link = 'connecting'
  let news: BoardMove[] = []
  let drawn = 0
  let silence: ReturnType<typeof setTimeout> | undefined
  let source: EventSource | undefined

  const draw = () => {
    drawn = 0
    tell({ link, state, version: ++version, news })
    news = []
  }
  // A page in the background gets no frames: a timer goes on.
  const schedule = () => (drawn ||= setTimeout(draw, 16))
  const heard = () => {
    link = 'live'
    clearTimeout(silence)
    silence = setTimeout(connect, SILENCE_MS)
    schedule()
  }
  const connect = () => {
    source?.close()
    source = new EventSource('/events')
    source.addEventListener('beat', heard)
    source.addEventListener('state', (event: MessageEvent<string>) => {
      state = emptyBoard()
      applyDelta(state, JSON.parse(event.data) as BoardState)
      heard()
    })
    source.addEventListener('delta', (event: MessageEvent<string>) => {
      const delta = JSON.parse(event.data) as BoardDelta
      const fresh = Object.entries(delta.moves ?? {}).filter(([key]) => !(key in state.moves))
      news.push(...fresh.flatMap(([, move]) => move ?? []))
      applyDelta(state, delta)
      heard()
    })
    source.addEventListener('error', () => {
      link = 'lost'
      schedule()
      // A refusal ends it for good: it is tried again here.
      clearTimeout(silence)
      silence = setTimeout(connect, source?.readyState === EventSource.CLOSED ? 2000 : SILENCE_MS)
    })
  }
  connect()
}
