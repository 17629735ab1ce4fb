/** The knobs of the fast detector (watch.ts) and their presets. Times in ms. */

export interface Detection {
  /** Each member is watched by this many others, or by all where there are fewer. */
  readonly watchers: number
  /** Each watched member is pinged this often. */
  readonly intervalMs: number
  /** A ping unanswered for this long: the watcher hurries, and asks the member's kernel too. */
  readonly quietMs: number
  /** Interval of pings and knocks in a hurry. */
  readonly hurryMs: number
  /** Neither member nor kernel answered anything for this long: the node or its cable is gone. */
  readonly goneMs: number
  /** The kernel answers but the member does not, for this long: given up as too slow to serve. */
  readonly pausedMs: number
  /** A watcher that is itself this late has slept: what it did not hear in that time says nothing. */
  readonly lateMs: number
  /** Not having run for this long, a member answers for nothing before it has asked the others: less
   * than any of their patiences. */
  readonly sureMs: number
}

export type DetectionName = 'steady' | 'fast' | 'memberlist'

/** Cut cable to a death told: 0.6–0.8 s. */
export const STEADY: Detection = {
  watchers: 3,
  intervalMs: 200,
  quietMs: 120,
  hurryMs: 60,
  goneMs: 600,
  pausedMs: 2000,
  lateMs: 100,
  sureMs: 500,
}

/** Cut cable to a death told: 0.2–0.25 s, for four times the datagrams. */
export const FAST: Detection = {
  watchers: 3,
  intervalMs: 50,
  quietMs: 35,
  hurryMs: 20,
  goneMs: 200,
  pausedMs: 1500,
  lateMs: 40,
  sureMs: 180,
}

/** 'memberlist': none beside memberlist's own probing. */
export const DETECTIONS: Readonly<Record<DetectionName, Detection | undefined>> = {
  steady: STEADY,
  fast: FAST,
  memberlist: undefined,
}
