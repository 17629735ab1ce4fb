/** The page: problems on top, the segment as a picture, pools, time line, and every address in a table. */
import { render } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Addresses } from './addresses.tsx'
import { follow } from './live.ts'
import type { Live } from './live.ts'
import { moveNews, movesOf, rowsOf, search } from './model.ts'
import { Pools } from './pools.tsx'
import { Problems } from './problems.tsx'
import { Segment } from './segment.tsx'
import { TimeLine } from './time-line.tsx'

const LINKS = { connecting: 'connecting', live: 'live', lost: 'connection lost, trying again' }

function App() {
  const [live, setLive] = useState<Live>()
  const [query, setQuery] = useState('')
  const [news, setNews] = useState('')
  const box = useRef<HTMLInputElement>(null)

  useEffect(() => {
    follow((next) => {
      setLive(next)
      if (next.news.length > 0) setNews(moveNews(next.news))
    })
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      box.current?.focus()
    }
    addEventListener('keydown', focus)
    return () => removeEventListener('keydown', focus)
  }, [])

  const rows = useMemo(() => (live ? rowsOf(live.state) : []), [live?.version])
  const found = useMemo(() => search(rows, query), [rows, query])
  const moves = useMemo(() => (live ? movesOf(live.state) : []), [live?.version])
  const show = (words: string) => {
    setQuery(words)
    const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches
    const table = document.getElementById('addresses')
    table?.scrollIntoView({ behavior: reduced ? 'auto' : 'smooth' })
    table?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true })
  }
  const link = live?.link ?? 'connecting'
  const state = live?.state
  return (
    <>
      <a class="skip" href="#addresses">
        Skip to all addresses
      </a>
      <header>
        <h1>
          <img src="/icon.svg" alt="" width="28" height="28" /> Bellwether
        </h1>
        <p class={`link ${link}`} role="status">
          {LINKS[link]}
        </p>
        <form role="search" onSubmit={(event) => (event.preventDefault(), show(query))}>
          <label for="search">Find an address or Service</label>
          <span class="box">
            <input
              ref={box}
              id="search"
              type="search"
              autocomplete="off"
              spellcheck={false}
              placeholder="172.18.0.10, default/nginx, node:…"
              aria-keyshortcuts="/"
              value={query}
              onInput={(event) => setQuery(event.currentTarget.value)}
            />
            <kbd aria-hidden="true">/</kbd>
          </span>
        </form>
        <p class="visually-hidden" role="status">
          {query && `${found.length} of ${rows.length} Services found`}
        </p>
      </header>
      <p class="visually-hidden" id="news" aria-live="polite">
        {news}
      </p>
      <main aria-busy={!state}>
        {state && (
          <>
            <Problems problems={Object.values(state.problems)} />
            <Segment nodes={Object.values(state.nodes)} rows={rows} found={found} show={show} />
            <div class="columns">
              <Pools pools={Object.values(state.pools)} rows={rows} show={show} />
              <TimeLine moves={moves} />
            </div>
            <Addresses rows={found} total={rows.length} />
          </>
        )}
      </main>
    </>
  )
}

const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  render(<App />, root)
}
