/**
 * Puts together what the API, gossip and our own attempts say, and tells people what is wrong: an event
 * on this speaker's pod and a log line of the same name, once when it appears and once when it is over.
 */
import type { Door } from '../adapters/tcp-door.ts'
import { ProblemBook } from '../core/diagnosis/problem-book.ts'
import type { Standing } from '../core/diagnosis/problem-book.ts'
import { problemsOf } from '../core/diagnosis/problems.ts'
import type { SpeakerPod } from '../core/diagnosis/problems.ts'
import type { Finding } from '../core/gossip/findings.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { PortCheck } from './port-check.ts'

const LOOK_MS = 1000

export interface DiagnosisDeps {
  readonly clock: Clock
  readonly log: Log
  /** Own address. */
  readonly self: string
  /** Of gossip. */
  readonly port: number
  /** There is a secret, but nothing in it. */
  readonly secretEmpty: boolean
  readonly knock: (address: string) => Promise<Door>
  /** An event on our own pod. */
  readonly record: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

export class Diagnosis {
  readonly #deps: DiagnosisDeps
  readonly #book: ProblemBook
  readonly #ports: PortCheck
  #speakers: readonly SpeakerPod[] = []
  #findings: readonly Finding[] = []
  /** Addresses of members now, and when others were members last. */
  #members: ReadonlySet<string> = new Set()
  readonly #memberUntil = new Map<string, number>()
  #timer: { cancel(): void } | undefined

  constructor(deps: DiagnosisDeps) {
    this.#deps = deps
    this.#book = new ProblemBook(deps.port)
    this.#ports = new PortCheck(deps.clock, deps.knock)
    this.#look()
  }

  /** All speakers that the API names, this one among them. */
  setSpeakers(pods: readonly SpeakerPod[]): void {
    this.#speakers = pods.filter(({ address }) => address !== this.#deps.self)
    const addresses = this.#speakers.map(({ address }) => address)
    this.#ports.set(addresses)
    for (const address of this.#memberUntil.keys()) {
      if (!addresses.includes(address)) this.#memberUntil.delete(address)
    }
  }

  /** Addresses of the members that can be used. */
  setMembers(addresses: ReadonlySet<string>): void {
    const now = this.#deps.clock.now()
    for (const address of this.#members) this.#memberUntil.set(address, now)
    this.#members = addresses
  }

  setFindings(findings: readonly Finding[]): void {
    this.#findings = findings
  }

  get standing(): readonly Standing[] {
    return this.#book.standing
  }

  close(): void {
    this.#timer?.cancel()
    this.#ports.close()
  }

  #look(): void {
    const { clock, log, record, secretEmpty } = this.#deps
    const now = clock.now()
    const problems = problemsOf({
      speakers: this.#speakers,
      findings: this.#findings,
      doors: this.#ports.states(now),
      memberMs: (address) => this.#memberMs(address, now),
      secretEmpty,
    })
    for (const { type, reason, message } of this.#book.update(problems, now)) {
      log[type === 'Warning' ? 'warn' : 'info'](reason, { message })
      record(type, reason, message)
    }
    this.#timer = clock.after(LOOK_MS, () => this.#look())
  }

  #memberMs(address: string, now: number): number | undefined {
    if (this.#members.has(address)) return 0
    const until = this.#memberUntil.get(address)
    return until === undefined ? undefined : now - until
  }
}
