/** Ways in which an owner goes, each in one phase or more; the client's view of each phase is measured. */
import { setTimeout as delay } from 'node:timers/promises'
import { EXCLUDE_LABEL } from '../../src/core/election/candidacy.ts'
import { NAMESPACE, pods, ready } from '../lab/bellwether.ts'
import type { Lab } from '../lab/lab.ts'
import { until } from '../lab/until.ts'

/** The node that answers when the run begins, and its speaker. */
export interface Victim {
  readonly node: string
  readonly pod: string
  /** Of the speaker's process. */
  readonly pid: number
}

export interface Phase {
  readonly title: string
  /** What happens to the victim, at once. Returns when no more is to come. */
  readonly act: (lab: Lab, victim: Victim) => Promise<void>
  /** The phase is over only when another node answers. */
  readonly moves?: true
}

export interface Scenario {
  readonly phases: readonly Phase[]
  /** After the last phase, unmeasured: makes good what would tell on the next run. */
  readonly mend?: (lab: Lab, victim: Victim) => Promise<void>
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  cable: {
    phases: [
      { title: "owner's cable cut", act: (lab, victim) => lab.cut(victim.node), moves: true },
      { title: '… healed', act: (lab, victim) => lab.heal(victim.node) },
    ],
  },
  kill: {
    phases: [{ title: "owner's speaker killed", act: kill }],
    // Each run kills a container that has not died before: the kubelet waits ever longer with others.
    mend: async (lab, { pod }) => {
      await lab.kubectl('-n', NAMESPACE, 'delete', 'pod', pod)
    },
  },
  'freeze-2s': { phases: [{ title: "owner's speaker frozen for 2 s", act: freeze(2000) }] },
  'freeze-5s': { phases: [{ title: "owner's speaker frozen for 5 s", act: freeze(5000) }] },
  rolling: {
    phases: [
      {
        title: 'rolling update of all speakers',
        act: async (lab) => {
          await lab.kubectl('-n', NAMESPACE, 'rollout', 'restart', 'daemonset/speaker')
          await ready(lab)
        },
      },
    ],
  },
  cordon: {
    phases: [
      {
        title: 'owner labelled as excluded',
        act: async (lab, victim) => {
          await lab.kubectl('label', 'node', victim.node, `${EXCLUDE_LABEL}=`)
        },
        moves: true,
      },
      {
        title: '… label off',
        act: async (lab, victim) => {
          await lab.kubectl('label', 'node', victim.node, `${EXCLUDE_LABEL}-`)
        },
      },
    ],
  },
}

async function kill(lab: Lab, victim: Victim): Promise<void> {
  process.kill(victim.pid, 'SIGKILL')
  await until(`the speaker on ${victim.node} to be restarted`, async () => {
    return (await processOf(lab, victim)) !== victim.pid
  })
}

function freeze(ms: number): Phase['act'] {
  return async (lab, { pid }) => {
    lab.pause(pid)
    try {
      await delay(ms)
    } finally {
      lab.resume(pid)
    }
  }
}

export async function victimOn(lab: Lab, node: string): Promise<Victim> {
  const pod = (await pods(lab, 'speaker')).get(node)
  if (pod === undefined) throw new Error(`no speaker on ${node}`)
  return { node, pod, pid: await processOf(lab, { node, pod }) }
}

const processOf = (lab: Lab, { node, pod }: Omit<Victim, 'pid'>): Promise<number> =>
  lab.podProcess(node, NAMESPACE, pod, 'speaker')

/** Awaits that each node has one speaker, which is ready: none goes, none comes. */
export async function speakersReady(lab: Lab): Promise<void> {
  const label = ['-l', 'component=speaker']
  await until(
    'all speakers to be ready',
    async () => {
      const list = await lab.kubectl('-n', NAMESPACE, 'get', 'pods', ...label, '-o', 'json')
      const { items } = JSON.parse(list) as { items: PodObject[] }
      return items.length === lab.nodes.length && items.every(isReady)
    },
    { timeoutMs: 120_000 },
  )
}

interface PodObject {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly status: { readonly conditions?: { readonly type: string; readonly status: string }[] }
}

const isReady = ({ metadata, status }: PodObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
