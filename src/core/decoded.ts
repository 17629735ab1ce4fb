/**
 * What a decoder answers. Decoders are total: any bytes give a value or a typed reason, never a
 * throw. The reason is also what a test asserts, what a debug log shows and the metric's label.
 */
export type Decoded<T, R extends string = string> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: R }

export const decoded = <T>(value: T): { readonly ok: true; readonly value: T } => ({
  ok: true,
  value,
})

export const drop = <R extends string>(reason: R): { readonly ok: false; readonly reason: R } => ({
  ok: false,
  reason,
})
