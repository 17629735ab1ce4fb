/** Images of the lab, by the full names that a kubelet resolves. */

export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10'
export const AGNHOST_IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.53'
/** The one of the tutorial. */
export const NGINX_IMAGE = 'docker.io/library/nginx:1.7.9'
/** What the project's Dockerfile stands on. */
export const NODE_IMAGE = 'docker.io/library/node:24-bookworm-slim'
