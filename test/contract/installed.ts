/** What manifests/bellwether.yaml makes of an API server: definitions, rights, webhooks; nothing that runs. */
import { readFileSync } from 'node:fs'
import { until } from '../lab/until.ts'
import { ApiServer } from './api-server.ts'

export const NAMESPACE = 'metallb-system'

export const manifest = (): string =>
  readFileSync(new URL('../../manifests/bellwether.yaml', import.meta.url), 'utf8')

/** A real API server on which the manifest is applied, and whose kinds are served. */
export async function installed(): Promise<ApiServer> {
  const api = await ApiServer.start()
  await api.apply(manifest())
  const kinds = ['ipaddresspools', 'servicel2statuses', 'configurationstates', 'bgppeers']
  await until('the kinds to be served', () => api.kubectl('get', kinds.join(), '-A'))
  return api
}
