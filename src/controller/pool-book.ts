/**
 * The pools as allocation sees them: the last good ones and their options. Tells on the pools what is
 * wrong with them and when they get full, and reports their state.
 */
import { poolOptions } from '../core/config/pool-annotations.ts'
import type { PoolOptions } from '../core/config/pool-annotations.ts'
import type { Pool, Problem } from '../core/config/model.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import { problemText } from '../core/config/problems.ts'
import type { Allocator } from '../core/pool/allocator.ts'
import type { Notice } from '../core/pool/converge.ts'
import { UsageAlarms, fullnessOf, usageText } from '../core/pool/usage-alarms.ts'
import type { KubeObject } from '../ports/cluster.ts'
import type { Log } from '../ports/log.ts'
import { poolReport, statusOf, stepTold } from './pool-report.ts'
import type { PoolReport } from './pool-report.ts'

/** IPAddressPools by `namespace/name`. */
type Objects = ReadonlyMap<string, KubeObject>

export interface PoolOutputs {
  notice(pool: KubeObject, notice: Notice): void
  /** At each look at the pools: what keeps the new ones from being used, or undefined. */
  configuration(problems: readonly Problem[] | undefined): void
}

export class PoolBook {
  readonly #allocator: Allocator
  readonly #log: Log
  readonly #namespace: string
  readonly #outputs: PoolOutputs
  readonly #alarms = new UsageAlarms()
  #pools: ReadonlyMap<string, Pool> | undefined
  #options: ReadonlyMap<string, PoolOptions> = new Map()
  #told = ''
  /** By pool, what was told of its annotations. */
  #toldOptions: ReadonlyMap<string, string> = new Map()

  constructor(allocator: Allocator, log: Log, namespace: string, outputs: PoolOutputs) {
    this.#allocator = allocator
    this.#log = log
    this.#namespace = namespace
    this.#outputs = outputs
  }

  /** The last good ones; undefined before there were any. */
  get pools(): ReadonlyMap<string, Pool> | undefined {
    return this.#pools
  }

  get options(): ReadonlyMap<string, PoolOptions> {
    return this.#options
  }

  /** Takes new pools, or keeps the last good ones. Returns true if allocation sees other ones now. */
  take(objects: Objects): boolean {
    const parsed = parseConfig({ pools: [...objects.values()], l2Advertisements: [] })
    this.#outputs.configuration(parsed.ok ? undefined : parsed.problems)
    if (!parsed.ok) {
      this.#tellProblems(parsed.problems, objects)
      return false
    }
    this.#told = ''
    const { pools } = parsed.config
    const options = this.#optionsOf(pools, objects)
    // The status of a pool is in the object too: only what allocation sees counts.
    if (this.#pools && text(this.#pools, this.#options) === text(pools, options)) return false
    this.#log.info('pools-loaded', { pools: [...pools.keys()] })
    for (const name of this.#pools?.keys() ?? []) if (!pools.has(name)) this.#alarms.forget(name)
    this.#pools = pools
    this.#options = options
    this.#allocator.setPools(
      pools,
      each(options, ({ reserved }) => reserved),
    )
    this.#allocator.keeper.setTimes(each(options, ({ keepMs }) => keepMs))
    return true
  }

  /** At the first pass: which steps of use were told before a restart. */
  recallAlarms(objects: Objects): void {
    for (const name of this.#options.keys()) {
      const object = this.#objectOf(name, objects)
      if (object) this.#alarms.recall(name, stepTold(statusOf(object)))
    }
  }

  /** Warns of pools whose use has reached a further step. */
  warn(objects: Objects): void {
    if ([...this.#options.values()].every(({ warnAt }) => warnAt.length === 0)) return
    for (const [name, usage] of this.#allocator.usage()) {
      const warnAt = this.#options.get(name)?.warnAt ?? []
      const fullness = fullnessOf(usage)
      const object = this.#objectOf(name, objects)
      if (warnAt.length === 0) this.#alarms.forget(name)
      if (warnAt.length === 0 || !fullness || !object) continue
      const { step, tell } = this.#alarms.look(name, warnAt, fullness)
      if (!tell) continue
      const message = `${usageText(fullness)}: at least ${step} %`
      this.#outputs.notice(object, { type: 'Warning', reason: 'UsageHigh', message })
    }
  }

  /** What the status of each pool is to say. */
  reports(): ReadonlyMap<string, PoolReport> {
    const reports = new Map<string, PoolReport>()
    for (const [name, usage] of this.#allocator.usage()) {
      const options = this.#options.get(name)
      if (!options) continue
      const step = this.#alarms.stepOf(name)
      reports.set(name, poolReport(name, usage, options, step, this.#allocator))
    }
    return reports
  }

  #optionsOf(pools: ReadonlyMap<string, Pool>, objects: Objects): Map<string, PoolOptions> {
    const told = new Map<string, string>()
    const options = new Map<string, PoolOptions>()
    for (const [name, { ranges }] of pools) {
      const object = this.#objectOf(name, objects)
      const parsed = poolOptions(name, object?.metadata.annotations ?? {}, ranges)
      options.set(name, parsed.options)
      if (parsed.problems.length === 0) continue
      const said = JSON.stringify(parsed.problems)
      told.set(name, said)
      if (this.#toldOptions.get(name) === said) continue
      this.#log.warn('pool-annotations-invalid', { pool: name, problems: parsed.problems })
      for (const problem of parsed.problems) {
        this.#tell(problem, objects, 'It is ignored until this is mended.')
      }
    }
    this.#toldOptions = told
    return options
  }

  #tellProblems(problems: readonly Problem[], objects: Objects): void {
    const said = JSON.stringify(problems)
    if (said === this.#told) return
    this.#told = said
    this.#log.error('pools-invalid', { problems, kept: 'the last good ones' })
    for (const problem of problems) {
      this.#tell(problem, objects, 'The last good configuration stays in use until this is mended.')
    }
  }

  #tell(problem: Problem, objects: Objects, consequence: string): void {
    const object = this.#objectOf(problem.where.split('/')[1] ?? '', objects)
    if (!object) return
    this.#outputs.notice(object, {
      type: 'Warning',
      reason: 'ConfigurationError',
      message: `${problemText(problem, problem.where)}. ${consequence}`,
    })
  }

  #objectOf(name: string, objects: Objects): KubeObject | undefined {
    return objects.get(`${this.#namespace}/${name}`)
  }
}

/** By pool, where there is anything. */
function each<T>(
  options: ReadonlyMap<string, PoolOptions>,
  value: (options: PoolOptions) => T | undefined,
): ReadonlyMap<string, T> {
  const result = new Map<string, T>()
  for (const [name, its] of options) {
    const it = value(its)
    if (it !== undefined) result.set(name, it)
  }
  return result
}

const text = (
  pools: ReadonlyMap<string, Pool>,
  options: ReadonlyMap<string, PoolOptions>,
): string =>
  JSON.stringify([...pools.values(), ...options.values()], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
