/**
 * A real Kubernetes on one machine: three nodes with kubelet, containerd and kube-proxy in network
 * namespaces, and what a test does to them. Any number of objects, in any process, may stand for the
 * same lab: it is known by its prefix.
 */
import { join } from 'node:path'
import { binaries } from './binaries.ts'
import type { Binaries } from './binaries.ts'
import { bringUp, loadImages } from './bring-up.ts'
import type { LabOptions } from './bring-up.ts'
import { locked } from './cache.ts'
import type { LabContext } from './context.ts'
import { CONTROLLERS, apiServerReady, startApiServer, startControllers } from './control-plane.ts'
import { Daemons } from './daemons.ts'
import { cutCable, healCable, macOf, setLoss } from './faults.ts'
import { orCleanUp } from './interruption.ts'
import { containerPid } from './node.ts'
import { Pki } from './pki.ts'
import { must, needRoot, run } from './processes.ts'
import type { Result, RunOptions } from './processes.ts'
import { readRecord, writeRecord } from './record.ts'
import type { LabRecord } from './record.ts'
import { refresh } from './refresh.ts'
import { Running } from './running.ts'
import { step } from './progress.ts'
import { tearDown } from './teardown.ts'
import { inHost, workers } from './topology.ts'

export class Lab {
  readonly #options: LabOptions
  readonly #daemons: Daemons
  readonly #spawned: Running[] = []
  #binaries: Binaries | undefined

  /** `prefix`: of everything the machine sees of it, so that labs can run side by side. */
  constructor(options: Partial<Omit<LabOptions, 'state'>> = {}) {
    const { prefix = process.env['LAB'] ?? 'bw', nodes = 3, proxyMode = 'nftables' } = options
    if (!/^[a-z][a-z0-9]{0,7}$/.test(prefix)) {
      throw new Error(`lab prefix: up to 8 lower-case letters and digits expected, got "${prefix}"`)
    }
    this.#options = { prefix, state: `/var/lib/bellwether-lab/${prefix}`, nodes, proxyMode }
    this.#daemons = new Daemons(this.#options.state)
  }

  get prefix(): string {
    return this.#options.prefix
  }

  /** The administrator's, for clients outside the lab: it names a port of 127.0.0.1. */
  get kubeconfig(): string {
    return join(this.#options.state, 'kubeconfig')
  }

  /** Names of the worker nodes, in Kubernetes and as hosts. */
  get nodes(): string[] {
    return workers(this.#options.nodes).map(({ name }) => name)
  }

  /** Builds the lab, or finds it up; either way it is whole and runs the sources of now. */
  async up(): Promise<void> {
    needRoot()
    await this.#alone(async () => {
      const record = readRecord(this.#options.state)
      if (record !== undefined && this.#alive()) {
        return orCleanUp(() => this.#refresh(record))
      }
      const { state, nodes, proxyMode } = this.#options
      await orCleanUp(async () => {
        const images = await bringUp(this.#options, this.kubeconfig)
        writeRecord(state, { nodes, proxyMode, images })
      }, this.#tearDown)
    })
  }

  async down(): Promise<void> {
    needRoot()
    await this.#alone(() => step(`taking down lab ${this.prefix}`, this.#tearDown))
  }

  /** One line a fact, for people. */
  status(): string {
    const record = readRecord(this.#options.state)
    if (record === undefined) return `lab ${this.prefix} is down`
    const processes = this.processes().map(
      (name) => `  ${name.padEnd(16)}${this.#daemons.pid(name) ?? 'GONE'}`,
    )
    return [
      `lab ${this.prefix} is up: ${record.nodes} nodes, kube-proxy ${record.proxyMode}`,
      `  KUBECONFIG=${this.kubeconfig}`,
      `  logs in ${join(this.#options.state, 'log')}`,
      ...processes,
    ].join('\n')
  }

  /** Runs a command in a host (`client`, `cp`, `w1`…) to its end; a string goes to the shell. */
  exec(host: string, command: readonly string[] | string, options?: RunOptions): Promise<Result> {
    return run(this.commandIn(host, command), options)
  }

  /** Starts a command in a host that runs until it is stopped. */
  spawn(host: string, command: readonly string[] | string): Running {
    return this.#started(this.commandIn(host, command))
  }

  /** Ends what `spawn` and `watch` started and nobody has stopped. */
  async stopSpawned(): Promise<void> {
    await Promise.all(this.#spawned.splice(0).map((running) => running.stop()))
  }

  /** The command line that runs a command in a host. */
  commandIn(host: string, command: readonly string[] | string): string[] {
    const argv = typeof command === 'string' ? ['sh', '-c', command] : command
    return inHost(this.prefix, host, argv)
  }

  /** Runs kubectl as the administrator; returns what it printed. */
  async kubectl(...args: string[]): Promise<string> {
    return must([await this.#kubectl(), ...args], { env: { KUBECONFIG: this.kubeconfig } })
  }

  /** Starts a kubectl that runs until it is stopped, such as one with `--watch`. */
  async watch(...args: string[]): Promise<Running> {
    return this.#started([await this.#kubectl(), '--kubeconfig', this.kubeconfig, ...args])
  }

  /** `kubectl apply` of YAML text or of an object. */
  async apply(manifest: string | object): Promise<string> {
    const input = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    const env = { KUBECONFIG: this.kubeconfig }
    return must([await this.#kubectl(), 'apply', '-f', '-'], { env, input })
  }

  /** Cuts a host off the first segment. */
  cut(host: string): Promise<void> {
    return cutCable(this.prefix, host)
  }

  heal(host: string): Promise<void> {
    return healCable(this.prefix, host)
  }

  /** Loses a share of all frames on the first segment; 0 ends it. */
  loss(percent: number): Promise<void> {
    return setLoss(this.prefix, percent)
  }

  hostMac(host: string, link = 'eth0'): Promise<string> {
    return macOf(this.prefix, host, link)
  }

  /** Names of the processes that make the cluster. */
  processes(): string[] {
    return this.#daemons.names()
  }

  /** Stops a process without ending it: a part of the cluster (`apiserver`, `kubelet-w1`…) or a pid. */
  pause(target: string | number): void {
    this.#signal(target, 'SIGSTOP')
  }

  resume(target: string | number): void {
    this.#signal(target, 'SIGCONT')
  }

  /** Ends the API server, hard. What watches it sees connections refused. */
  stopApiServer(): Promise<void> {
    return this.#daemons.stop('apiserver')
  }

  /** Starts it again, and anew what makes endpoints and places pods: that tries ever more seldom. */
  async startApiServer(): Promise<void> {
    const lab = await this.#context()
    startApiServer(lab)
    await apiServerReady(lab, this.kubeconfig)
    await Promise.all(CONTROLLERS.map((name) => this.#daemons.stop(name)))
    startControllers(lab)
  }

  /** Pid of a container's first process. `pod`: its name, or a label such as `app=x`. */
  async podProcess(
    node: string,
    namespace: string,
    pod: string,
    container: string,
  ): Promise<number> {
    const name = pod.includes('=') ? await this.#podByLabel(node, namespace, pod) : pod
    return containerPid(this.#options.state, node, { name, namespace, container })
  }

  /** Kills a container as a crash would; the kubelet restarts it about a second later. */
  async killContainer(node: string, pod: string, container: string): Promise<void> {
    process.kill(await containerPid(this.#options.state, node, { name: pod, container }), 'SIGKILL')
  }

  /** Makes an image known to all nodes. `tar`: a docker-archive. */
  loadImage(tar: string): Promise<void> {
    return loadImages(this.#options.state, this.nodes, [tar])
  }

  #started(argv: readonly string[]): Running {
    const running = new Running(argv)
    this.#spawned.push(running)
    return running
  }

  async #context(): Promise<LabContext> {
    const { prefix, state, proxyMode, nodes } = this.#options
    const pki = new Pki(join(state, 'pki'))
    const parts = { binaries: await this.#resolve(), daemons: this.#daemons, pki }
    return { prefix, state, proxyMode, nodes: workers(nodes), ...parts }
  }

  async #podByLabel(node: string, namespace: string, label: string): Promise<string> {
    const select = ['-l', label, '--field-selector', `spec.nodeName=${node}`]
    const path = 'jsonpath={.items[*].metadata.name}'
    const names = await this.kubectl('-n', namespace, 'get', 'pods', ...select, '-o', path)
    const [name] = names.split(' ')
    if (name === undefined || name === '') throw new Error(`no pod ${label} on ${node}`)
    return name
  }

  #signal(target: string | number, signal: NodeJS.Signals): void {
    if (typeof target === 'number') process.kill(target, signal)
    else this.#daemons.signal(target, signal)
  }

  async #refresh(record: LabRecord): Promise<void> {
    const { nodes, proxyMode, state } = this.#options
    if (record.nodes !== nodes || record.proxyMode !== proxyMode) {
      const is = `${record.nodes} nodes and kube-proxy in mode ${record.proxyMode}`
      throw new Error(`lab ${this.prefix} is up with ${is}; take it down first`)
    }
    writeRecord(state, { ...record, images: await refresh(this, record.images) })
    console.log(`lab ${this.prefix} is up`)
  }

  /** No two processes build or end the same lab at once. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    return locked(`lab-${this.prefix}`, work)
  }

  #alive(): boolean {
    return this.processes().every((name) => this.#daemons.pid(name) !== undefined)
  }

  readonly #tearDown = (): Promise<void> => tearDown(this.prefix, this.#options.state)

  async #resolve(): Promise<Binaries> {
    return (this.#binaries ??= await binaries())
  }

  async #kubectl(): Promise<string> {
    return (await this.#resolve()).kubectl
  }
}
