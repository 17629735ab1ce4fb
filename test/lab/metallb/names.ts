/** What MetalLB's objects have in common. */
import { NAMESPACE } from '../bellwether.ts'

export type Json = Record<string, unknown>

export const LABELS = { app: 'metallb' }

/** An object of its namespace, as far as all are alike. */
export const named = (apiVersion: string, kind: string, name: string, labels: Json = {}): Json => ({
  apiVersion,
  kind,
  metadata: { name, namespace: NAMESPACE, labels: { ...LABELS, ...labels } },
})
