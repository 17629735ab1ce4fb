/**
 * `make bench-arp`: how the packet thread answers beside the kernel, on one cable between two namespaces,
 * in one run: round trips at 10, 1,000 and 5,000 addresses with the main thread kept busy, and while all of
 * them are announced; 20,000 requests a second, and what they cost. Client and thread share the processors;
 * with `PIN=1` the client has the first for its own, as a client on another machine has.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../lab/processes.ts'
import { until } from '../lab/until.ts'
import {
  PEER,
  PacketHost,
  createNamespaces,
  inside,
  removeNamespaces,
} from '../netns/packet-node.ts'

const SIZES = [10, 1000, 5000]
const KERNEL = '10.77.0.1'
const REQUESTS = 5000
const RATE = 20_000
const SECONDS = 5
/** Long enough for the packet thread to sleep. */
const PAUSE_MS = 2
const FEW_REQUESTS = 500
/** As `--announce-rate` has it. */
const ANNOUNCED_PER_SECOND = 5000
/** Longer than between two announcements of an address. */
const QUIET_MS = 2500
const PIN = Boolean(process.env['PIN'])

interface Times {
  readonly p50Us: number
  readonly p99Us: number
  readonly lost: number
}

const folder = mkdtempSync(join(tmpdir(), 'bellwether-arp-'))
const list = join(folder, 'vips')

async function prober<T>(...args: string[]): Promise<T> {
  const script = new URL('arp-prober.ts', import.meta.url).pathname
  const pinned = PIN ? ['taskset', '-c', '0'] : []
  const argv = inside(PEER, ...pinned, process.execPath, script, 'eth0', ...args)
  return JSON.parse(await must(argv)) as T
}

/** Of a process, in ms: user and system time are in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Of all processors since the start, in ticks: what the hypervisor gave to others, and all. */
function stolen(): readonly [stolen: number, all: number] {
  const [, ...ticks] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? []
  const all = (ticks[0] ?? '').split(' ').map(Number)
  return [all[7] ?? 0, all.slice(0, 8).reduce((sum, it) => sum + it, 0)]
}

const rows: string[][] = [
  ['', 'kernel p50', 'ours p50', 'ratio', 'kernel p99', 'ours p99', 'ratio'],
]

async function roundTrips(what: string, count: number, ...how: string[]): Promise<void> {
  const args = ['--beside', KERNEL, list, `${count}`, ...how]
  const { kernel, vip } = await prober<Record<'kernel' | 'vip', Times>>(...args)
  const ratio = (a: number, b: number) => `${(a / b).toFixed(1)} ×`
  rows.push([
    what,
    `${kernel.p50Us} µs`,
    `${vip.p50Us} µs`,
    ratio(vip.p50Us, kernel.p50Us),
    `${kernel.p99Us} µs`,
    `${vip.p99Us} µs`,
    ratio(vip.p99Us, kernel.p99Us) + (vip.lost > 0 ? ` (${vip.lost} lost)` : ''),
  ])
}

async function withVips(count: number, busy: boolean, act: (host: PacketHost) => Promise<void>) {
  await createNamespaces()
  const vips = Array.from({ length: count }, (_, i) => `10.78.${i >> 8}.${i & 255}`)
  writeFileSync(list, vips.join('\n'))
  const host = new PacketHost({ busy, announce: { packetsPerSecond: ANNOUNCED_PER_SECOND } })
  if (PIN) await must(['taskset', '-apc', `1-${cpus().length - 1}`, `${host.pid}`])
  try {
    await host.heard('interfaces', ({ names }) => names.includes('eth0'))
    await host.announce(vips)
    await host.heard('announced', ({ ips }) => ips.includes(vips.at(-1) ?? ''))
    await act(host)
  } finally {
    await host.stop()
  }
}

/** Resolves when all that a take-over tells the neighbours has been told. */
async function announcementsOver(host: PacketHost): Promise<void> {
  let before = -1
  const quiet = async () => {
    const { vips } = await host.counters()
    const sent = vips.reduce((sum, { gratuitousSent }) => sum + gratuitousSent, 0)
    const same = sent === before
    before = sent
    return same
  }
  await until('the announcements to be over', quiet, { everyMs: QUIET_MS })
}

const notes: string[] = []
const [stolenBefore, ticksBefore] = stolen()
try {
  for (const count of SIZES) {
    for (const busy of [false, true]) {
      await withVips(count, busy, async (host) => {
        const what = `${count} VIPs${busy ? ', main busy' : ''}`
        if (count === SIZES.at(-1)) {
          await roundTrips(`${what}, announcing, client sleeps`, REQUESTS, 'asleep')
        }
        await announcementsOver(host)
        await roundTrips(`${what}, client awake`, REQUESTS, 'awake')
        await roundTrips(`${what}, client sleeps`, REQUESTS, 'asleep')
        if (count !== SIZES[0]) return
        await roundTrips(`${what}, 2 ms apart`, FEW_REQUESTS, 'awake', `${PAUSE_MS}`)
        const before = cpuMs(host.pid)
        const { asked, answered } = await prober<{ asked: number; answered: number }>(
          ...['--flood', list, `${RATE}`, `${SECONDS}`],
        )
        const cpu = (1000 * (cpuMs(host.pid) - before)) / answered
        notes.push(
          `${what}: ${RATE} requests/s for ${SECONDS} s: ${asked} asked, ${answered} answered` +
            (busy ? '' : `; ${cpu.toFixed(1)} ms of CPU for 1,000`),
        )
      })
    }
  }
} finally {
  await removeNamespaces()
  rmSync(folder, { recursive: true })
}
const [stolenAfter, ticksAfter] = stolen()
const percent = (100 * (stolenAfter - stolenBefore)) / (ticksAfter - ticksBefore)
notes.push(
  `${percent.toFixed(1)} % of the processors' time was others' (steal): see it before the 99th percentiles`,
)
const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
for (const row of rows) console.log(row.map((cell, i) => cell.padEnd(width(i))).join('  '))
for (const note of notes) console.log(note)
