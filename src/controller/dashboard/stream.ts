/**
 * Server-sent events: the whole state to whoever comes, then what changes of it. Who comes back soon gets
 * only what was missed; who reads too slowly is cut off, and gets the whole state when it comes back.
 */
import type { ServerResponse } from 'node:http'
import type { BoardDelta, BoardState } from '../../core/report/board-state.ts'
import type { Clock } from '../../ports/clock.ts'

export interface StreamLimits {
  readonly clients: number
  /** More than this, in bytes, may not wait for one client when more comes; a whole state may. */
  readonly waitingBytes: number
  /** Deltas kept for those that come back. */
  readonly kept: number
  readonly heartbeatMs: number
}

export const LIMITS: StreamLimits = {
  clients: 16,
  waitingBytes: 4 << 20,
  kept: 256,
  heartbeatMs: 10_000,
}

interface Client {
  readonly response: ServerResponse
  /** More than this may not wait. */
  readonly patience: number
}

export class EventStream {
  readonly #state: BoardState
  readonly #epoch: string
  readonly #limits: StreamLimits
  readonly #clients = new Set<Client>()
  readonly #kept: { readonly number: number; readonly text: string }[] = []
  #number = 0
  #begun = false
  #beat: { cancel(): void } | undefined
  readonly #clock: Clock
  /** Clients cut off for reading too slowly. */
  cutOff = 0

  /** `epoch`: a name for this run; numbers of another run mean nothing here. */
  constructor(state: BoardState, epoch: string, clock: Clock, limits: StreamLimits = LIMITS) {
    this.#state = state
    this.#epoch = epoch
    this.#clock = clock
    this.#limits = limits
  }

  get clients(): number {
    return this.#clients.size
  }

  /** False: there are too many already. `last`: the header Last-Event-ID. */
  open(response: ServerResponse, last: string | undefined): boolean {
    if (this.#clients.size >= this.#limits.clients) return false
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    })
    const greeting = this.#begun ? (this.#missed(last) ?? this.#whole()) : ': soon\n\n'
    const client = { response, patience: this.#limits.waitingBytes + greeting.length * 2 }
    this.#clients.add(client)
    response.on('close', () => this.#clients.delete(client))
    response.write(`retry: 1000\n${greeting}`)
    this.#beat ??= this.#clock.after(this.#limits.heartbeatMs, () => this.#heartbeat())
    return true
  }

  send(delta: BoardDelta): void {
    const first = !this.#begun
    this.#begun = true
    const number = ++this.#number
    const text = frame('delta', `${this.#epoch}-${number}`, delta)
    this.#kept.push({ number, text })
    if (this.#kept.length > this.#limits.kept) this.#kept.shift()
    this.#tell(first ? this.#whole() : text)
  }

  close(): void {
    this.#beat?.cancel()
    for (const { response } of this.#clients) response.end()
  }

  #tell(text: string): void {
    for (const client of this.#clients) {
      const { response, patience } = client
      if (response.writableLength <= patience) {
        response.write(text)
        continue
      }
      this.cutOff++
      this.#clients.delete(client)
      response.destroy()
    }
  }

  #heartbeat(): void {
    this.#beat = undefined
    // By name, so that the page hears it: a silent stream is a dead one.
    this.#tell('event: beat\ndata:\n\n')
    if (this.#clients.size > 0) {
      this.#beat = this.#clock.after(this.#limits.heartbeatMs, () => this.#heartbeat())
    }
  }

  #whole(): string {
    return frame('state', `${this.#epoch}-${this.#number}`, this.#state)
  }

  /** What came after the event of that id; undefined: that is not known any more. */
  #missed(last: string | undefined): string | undefined {
    const [epoch, text = ''] = last?.split('-') ?? []
    const number = Number(text)
    if (epoch !== this.#epoch || !/^\d+$/.test(text) || number > this.#number) return undefined
    const oldest = this.#kept[0]?.number ?? this.#number + 1
    if (number < oldest - 1) return undefined
    return this.#kept
      .filter((it) => it.number > number)
      .map((it) => it.text)
      .join('')
  }
}

const frame = (event: string, id: string, data: unknown): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
