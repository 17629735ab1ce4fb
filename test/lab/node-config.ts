/** Configuration files of a node. JSON where YAML is asked for: it is YAML. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupOf } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { componentKubeconfig } from './control-plane.ts'
import { PAUSE_IMAGE } from './image-names.ts'
import { containerdSocket, nodeFolder } from './node.ts'
import { POD_CIDRS, ipv4, podCidrs } from './topology.ts'
import type { Host } from './topology.ts'

function write(lab: LabContext, node: Host, file: string, content: string | object): string {
  const path = join(nodeFolder(lab.state, node.name), file)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
  return path
}

/** Pods on a bridge; between nodes they are routed (topology.ts). */
export function cniConfig(lab: LabContext, node: Host): string {
  const [v4, v6] = podCidrs(node)
  const ipam = {
    type: 'host-local',
    dataDir: join(nodeFolder(lab.state, node.name), 'ipam'),
    ranges: [[{ subnet: v4 }], [{ subnet: v6 }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  }
  const bridge = { bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true }
  return write(lab, node, 'cni/10-bridge.conflist', {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', ...bridge, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  })
}

export function containerdConfig(lab: LabContext, node: Host): string {
  const folder = nodeFolder(lab.state, node.name)
  const socket = containerdSocket(lab.state, node.name)
  // Without restrict_oom_score_adj runc dies where CAP_SYS_RESOURCE is lacking.
  return write(
    lab,
    node,
    'containerd.toml',
    `version = 2
root = "${folder}/containerd"
state = "${folder}/run"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`,
  )
}

export function kubeletConfig(lab: LabContext, node: Host): string {
  const folder = nodeFolder(lab.state, node.name)
  return write(lab, node, 'kubelet.json', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: lab.pki.cert('ca') },
    },
    authorization: { mode: 'Webhook' },
    address: ipv4(node),
    healthzPort: 0,
    tlsCertFile: lab.pki.cert(node.name),
    tlsPrivateKeyFile: lab.pki.key(node.name),
    containerRuntimeEndpoint: `unix://${containerdSocket(lab.state, node.name)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroupOf(lab.prefix, node.name),
    enforceNodeAllocatable: [],
    failSwapOn: false,
    oomScoreAdj: 0,
    // No DNS server is part of the lab; the address is what one would have.
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    // A small disk is no reason to throw out images that no registry has.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'nodefs.available': '1%', 'memory.available': '10Mi' },
    localStorageCapacityIsolation: false,
    nodeStatusUpdateFrequency: '5s',
    // A changed Secret is with its pods within seconds, not a minute.
    syncFrequency: '10s',
    // What crashes again is started again at once: the lab is there to see it start.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '1s' },
    podLogsDir: join(folder, 'podlogs'),
    volumePluginDir: join(folder, 'volume-plugins'),
  })
}

export function kubeProxyConfig(lab: LabContext, node: Host): string {
  return write(lab, node, 'kube-proxy.json', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: componentKubeconfig(lab, 'proxy') },
    clusterCIDR: POD_CIDRS,
    mode: lab.proxyMode,
    hostnameOverride: node.name,
    oomScoreAdj: 0,
    // These would be sysctls of the whole machine.
    conntrack: {
      maxPerCore: 0,
      min: 0,
      tcpCloseWaitTimeout: '0s',
      tcpEstablishedTimeout: '0s',
    },
  })
}
