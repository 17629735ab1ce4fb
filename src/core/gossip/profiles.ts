/** The knobs of memberlist and their presets (hashicorp/memberlist config.go). Times in ms. */

export interface Profile {
  /** One member is probed every interval. Shorter finds the dead sooner and sends more. */
  readonly probeIntervalMs: number
  /** How long a direct ping may go unanswered before others are asked. About the 99th percentile of
   * round trips; must be below probeIntervalMs. */
  readonly probeTimeoutMs: number
  /** How many others are asked to ping a member that did not answer. */
  readonly indirectChecks: number
  /** No ping by TCP where one by UDP was not answered. */
  readonly disableTcpPings: boolean
  /** A broadcast is sent retransmitMult × ceil(log10(n + 1)) times. */
  readonly retransmitMult: number
  /** Shortest suspicion: suspicionMult × max(1, log10 n) × probeIntervalMs. */
  readonly suspicionMult: number
  /** Longest suspicion, where nobody confirms: this many times the shortest. */
  readonly suspicionMaxTimeoutMult: number
  /** Own probes are slowed by up to this factor when this node itself seems to be in trouble. */
  readonly awarenessMaxMultiplier: number
  readonly gossipIntervalMs: number
  /** Members told at each interval. */
  readonly gossipNodes: number
  /** The dead are told of for this long, so that they may refute. */
  readonly gossipToTheDeadMs: number
  /** One that is dead for longer than this may come back at another address; 0: not before it is
   * forgotten. One that has left always may. */
  readonly deadNodeReclaimMs: number
  /** Whole states are exchanged with one member at this interval, longer in large clusters. */
  readonly pushPullIntervalMs: number
  readonly tcpTimeoutMs: number
  /** Budget of a datagram in bytes. */
  readonly udpBufferSize: number
}

export const LAN: Profile = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  indirectChecks: 3,
  disableTcpPings: false,
  retransmitMult: 4,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  awarenessMaxMultiplier: 8,
  gossipIntervalMs: 200,
  gossipNodes: 3,
  gossipToTheDeadMs: 30_000,
  deadNodeReclaimMs: 0,
  pushPullIntervalMs: 30_000,
  tcpTimeoutMs: 10_000,
  udpBufferSize: 1400,
}

export const WAN: Profile = {
  ...LAN,
  probeIntervalMs: 5000,
  probeTimeoutMs: 3000,
  suspicionMult: 6,
  gossipIntervalMs: 500,
  gossipNodes: 4,
  gossipToTheDeadMs: 60_000,
  pushPullIntervalMs: 60_000,
  tcpTimeoutMs: 30_000,
}

/** Members on one machine: tests. */
export const LOCAL: Profile = {
  ...LAN,
  tcpTimeoutMs: 1000,
  indirectChecks: 1,
  retransmitMult: 2,
  suspicionMult: 3,
  pushPullIntervalMs: 15_000,
  probeTimeoutMs: 200,
  gossipIntervalMs: 100,
  gossipToTheDeadMs: 15_000,
}
