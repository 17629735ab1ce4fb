/**
 * The lab's network: hosts as network namespaces, with eth0 on one L2 segment (a bridge in a
 * namespace of its own) and eth1 on another, for tests of interface selection.
 */
import { must, run } from './processes.ts'

export interface Host {
  readonly name: string
  /** Last octet of its IPv4, last group of its IPv6 addresses. */
  readonly number: number
}

export const CONTROL_PLANE: Host = { name: 'cp', number: 2 }
export const CLIENT: Host = { name: 'client', number: 100 }

/** Node names inside Kubernetes: w1, w2, … */
export const workers = (count: number): Host[] =>
  Array.from({ length: count }, (_, i) => ({ name: `w${i + 1}`, number: i + 3 }))

export const ipv4 = (host: Host): string => `172.18.0.${host.number}`
export const ipv6 = (host: Host): string => `fd00:18::${host.number}`
/** On the second segment. */
export const ipv4Second = (host: Host): string => `172.19.0.${host.number}`

export const POD_CIDRS = '10.244.0.0/16,fd00:244::/48'
export const SERVICE_CIDRS = '10.96.0.0/16,fd00:96::/112'
/** A node's share of POD_CIDRS. */
export const podCidrs = (worker: Host): [v4: string, v6: string] => [
  `10.244.${worker.number - 2}.0/24`,
  `fd00:244:0:${worker.number - 2}::/64`,
]

const ROUTER_V4 = '172.18.0.1'
const ROUTER_V6 = 'fd00:18::1'

/** Name of the namespace of a host of the lab `prefix`. */
export const namespace = (prefix: string, host: string): string => `${prefix}-${host}`

/**
 * The command that runs another in a host. Not `ip netns exec`: it mounts a fresh /sys, and hides
 * /sys/fs/cgroup from what needs it.
 */
export const inHost = (prefix: string, host: string, argv: readonly string[]): string[] => [
  'nsenter',
  `--net=/var/run/netns/${namespace(prefix, host)}`,
  ...argv,
]

/** Makes the segments and the hosts on them. */
export async function createTopology(prefix: string, hosts: readonly Host[]): Promise<void> {
  await createFabric(prefix)
  await Promise.all(hosts.map((host) => createHost(prefix, host)))
}

/** Runs many `ip` commands at once: `ip -batch` stops at the first that fails. */
const ip = (netns: string, lines: readonly string[]): Promise<string> =>
  must(['ip', '-n', netns, '-batch', '-'], { input: lines.join('\n') })

async function createFabric(prefix: string): Promise<void> {
  const fabric = namespace(prefix, 'fabric')
  await must(['ip', 'netns', 'add', fabric])
  await ip(fabric, [
    'link set lo up',
    'link add br0 type bridge',
    'link add br1 type bridge',
    'link set br0 up',
    'link set br1 up',
    `addr add ${ROUTER_V4}/16 dev br0`,
    `addr add ${ROUTER_V6}/64 dev br0 nodad`,
  ])
  await sysctl(prefix, 'fabric', ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'])
  // A bridge is a switch here: its frames are no business of iptables. Absent without br_netfilter.
  for (const family of ['iptables', 'ip6tables', 'arptables']) {
    const off = `net.bridge.bridge-nf-call-${family}=0`
    await run(inHost(prefix, 'fabric', ['sysctl', '-qw', off]))
  }
}

async function createHost(prefix: string, host: Host): Promise<void> {
  const netns = namespace(prefix, host.name)
  await must(['ip', 'netns', 'add', netns])
  await ip(namespace(prefix, 'fabric'), [
    `link add v-${host.name} type veth peer name eth0 netns ${netns}`,
    `link add x-${host.name} type veth peer name eth1 netns ${netns}`,
    `link set v-${host.name} master br0 up`,
    `link set x-${host.name} master br1 up`,
  ])
  // Before the links are up: an address is not to wait for duplicate address detection.
  const off = ['eth0', 'eth1'].map((link) => `net.ipv6.conf.${link}.accept_dad=0`)
  await sysctl(prefix, host.name, off)
  await ip(netns, [
    'link set lo up',
    `addr add ${ipv4(host)}/16 dev eth0`,
    `addr add ${ipv6(host)}/64 dev eth0 nodad`,
    `addr add ${ipv4Second(host)}/16 dev eth1`,
    'link set eth0 up',
    'link set eth1 up',
    `route replace default via ${ROUTER_V4}`,
    `route replace ::/0 via ${ROUTER_V6}`,
  ])
}

/**
 * Routes to the pods of each node, as a CNI would keep them; the control plane also needs the
 * Services' network, or the API server could call no webhook.
 */
export async function addPodRoutes(prefix: string, nodes: readonly Host[]): Promise<void> {
  const first = nodes[0]
  for (const host of [...nodes, CONTROL_PLANE]) {
    const others = nodes.filter((node) => node !== host)
    const routes = others.flatMap((node) => {
      const [v4, v6] = podCidrs(node)
      return [`route replace ${v4} via ${ipv4(node)}`, `route replace ${v6} via ${ipv6(node)}`]
    })
    if (host === CONTROL_PLANE && first !== undefined) {
      const [v4 = '', v6 = ''] = SERVICE_CIDRS.split(',')
      routes.push(`route replace ${v4} via ${ipv4(first)}`)
      routes.push(`route replace ${v6} via ${ipv6(first)}`)
    }
    await ip(namespace(prefix, host.name), routes)
  }
  const forward = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
  const asymmetric = ['net.ipv4.conf.all.rp_filter=0']
  await Promise.all(nodes.map((node) => sysctl(prefix, node.name, [...forward, ...asymmetric])))
}

async function sysctl(prefix: string, host: string, settings: readonly string[]): Promise<void> {
  await must(inHost(prefix, host, ['sysctl', '-qw', ...settings]))
}

/** Namespaces of the lab that exist. */
export async function namespacesOf(prefix: string): Promise<string[]> {
  const listed = (await run(['ip', '-json', 'netns', 'list'])).stdout
  const all = (listed.trim() === '' ? [] : JSON.parse(listed)) as { name: string }[]
  return all.map(({ name }) => name).filter((name) => isOurs(prefix, name))
}

/** A lab `a` is not to take `a-b-w1` of a lab `a-b` for its own. */
const isOurs = (prefix: string, name: string): boolean =>
  name.startsWith(`${prefix}-`) && /^(fabric|cp|client|w\d+)$/.test(name.slice(prefix.length + 1))

/** Deletes every namespace of the lab, and with them all of its links. */
export async function deleteTopology(prefix: string): Promise<void> {
  for (const name of await namespacesOf(prefix)) await run(['ip', 'netns', 'delete', name])
}
