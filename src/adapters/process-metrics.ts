/**
 * What a process costs, by the names that Prometheus' own clients give it. Not prom-client's defaults: they
 * wake the event loop a hundred times a second to see how late it is.
 */
import { readdirSync } from 'node:fs'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

const STARTED = Date.now() / 1000 - process.uptime()

/** Read when the registry is. */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry]
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of user and system, of all threads, in seconds',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('process_resident_memory_bytes', 'Resident memory, in bytes', () =>
    process.memoryUsage.rss(),
  )
  gauge('process_start_time_seconds', 'When it started, in seconds since 1970', () => STARTED)
  gauge('process_open_fds', 'Open file descriptors', () => readdirSync('/proc/self/fd').length)
}
