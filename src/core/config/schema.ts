/** What the custom resource schemas share: the shape of a kind, and pieces of Kubernetes' own types. */
import * as z from 'zod'

/** Everything a CustomResourceDefinition says of a kind besides the schema of its objects. */
export interface Kind {
  readonly kind: string
  readonly plural: string
  readonly version: 'v1beta1'
  readonly description: string
  readonly columns: readonly Column[]
  /** Absent: the kind has no spec. */
  readonly spec?: z.ZodType
  /** True if an object without a spec is refused. */
  readonly specRequired?: boolean
  readonly status: z.ZodType
}

export interface Column {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'date'
  readonly description?: string
  readonly jsonPath: string
  readonly priority?: number
}

/** A CEL rule of one field (x-kubernetes-validations). */
export const rule = (rule: string, message: string) => ({
  'x-kubernetes-validations': [{ rule, message }],
})

/** Set once, then never changed. */
export const immutable = rule('self == oldSelf', 'Value is immutable')

export const labelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), z.string())
      .optional()
      .describe('Labels that an object must carry, each with the value given.'),
    matchExpressions: z
      .array(
        z.object({
          key: z.string().describe('The label that the expression is about.'),
          operator: z
            .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
            .describe('How the label relates to the values.'),
          values: z
            .array(z.string())
            .optional()
            .describe('Values for In and NotIn; empty for Exists and DoesNotExist.'),
        }),
      )
      .optional()
      .describe('Expressions that must all hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

/** Metadata as far as configuration reads it. */
export const metadata = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
})
