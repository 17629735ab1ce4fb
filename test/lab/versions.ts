/** Versions of what the lab is made of. */

/** 1.34 is the newest line whose kubelet starts on cgroup v1 without a flag. */
export const KUBERNETES_VERSION = 'v1.34.4'
/** The one of that line of Kubernetes. */
export const ETCD_VERSION = 'v3.6.4'
/** For machines whose own Go is missing or older than Kubernetes asks for. */
export const GO_VERSION = '1.24.13'
export const GO_MINIMUM = 24
/** Of the last line that the Go above builds. */
export const HELM_VERSION = 'v3.19.5'
export const DEBIAN_RELEASE = 'bookworm'
