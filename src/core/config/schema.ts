/** What the custom resource schemas share: the shape of a kind, and pieces of Kubernetes' own types. */
import * as z from 'zod'

/** Everything a CustomResourceDefinition says of a kind besides the schema of its objects. */
export interface Kind extends KindVersion {
  readonly kind: string
  readonly plural: string
  readonly description: string
  /** Versions still served, oldest first; the webhook at /convert turns one into another. */
  readonly older?: readonly (KindVersion & { readonly deprecation: string })[]
}

export interface KindVersion {
  readonly version: 'v1beta1' | 'v1beta2'
  readonly columns: readonly Column[]
  /** Absent: the kind has no spec. */
  readonly spec?: z.ZodType
  /** True if an object without a spec is refused. */
  readonly specRequired?: boolean
  readonly status: z.ZodType
}

export interface Column {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'date' | 'integer'
  readonly description?: string
  readonly jsonPath: string
  readonly priority?: number
}

export interface Rule {
  /** True: the value is good (CEL). */
  readonly rule: string
  readonly message: string
  /** CEL: the message with what came in it; `message` is said where this one fails. */
  readonly messageExpression?: string
}

/** CEL rules of one field (x-kubernetes-validations). */
export const rules = (...list: readonly Rule[]) => ({ 'x-kubernetes-validations': list })

/** Each item once, in any order: the API server refuses a second one. */
export const asSet = { 'x-kubernetes-list-type': 'set' }

/** Set once, then never changed. */
export const immutable = rules({ rule: 'self == oldSelf', message: 'Value is immutable' })

const labelExpression = z
  .object({
    key: z.string().describe('The label that the expression is about.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .describe('How the label relates to the values.'),
    values: z
      .array(z.string())
      .optional()
      .describe('Values for In and NotIn; empty for Exists and DoesNotExist.'),
  })
  .meta(
    rules({
      rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0",
      message: 'In and NotIn need values, Exists and DoesNotExist take none',
    }),
  )

/** Bounds that the API server needs to know what a rule may cost; MetalLB has none. */
const MAX_EXPRESSIONS = 64
const MAX_SELECTORS = 1024

export const labelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), z.string())
      .optional()
      .describe('Labels that an object must carry, each with the value given.'),
    matchExpressions: z
      .array(labelExpression)
      .max(MAX_EXPRESSIONS)
      .optional()
      .describe('Expressions that must all hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

export const labelSelectors = (description: string) =>
  z.array(labelSelector).max(MAX_SELECTORS).optional().describe(description)

/** Names, each once. */
export const nameSet = (description: string) =>
  z.array(z.string()).optional().meta(asSet).describe(description)

/** Metadata as far as configuration reads it. */
export const metadata = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
})
