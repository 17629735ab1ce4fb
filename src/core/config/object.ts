/** How one configuration object is taken apart, whatever its kind. */
import * as z from 'zod'
import type { Problem } from './model.ts'
import { Problems } from './problems.ts'
import { metadata } from './schema.ts'
import type { Labels } from './selector.ts'

/** An object whose schema holds; its other problems are still to be found. */
export interface ParsedObject<Spec> {
  readonly name: string
  readonly labels: Labels
  readonly spec: Spec
  /** Where what is wrong with it is gathered. */
  readonly problems: Problems
}

/** Undefined, and the reasons in `all`, where the schema does not hold. */
export function parseObject<Spec>(
  kind: string,
  spec: z.ZodType<Spec>,
  object: unknown,
  all: Problem[],
): ParsedObject<Spec> | undefined {
  const problems = new Problems(whereOf(kind, object), all)
  const parsed = z.object({ metadata, spec }).safeParse(object)
  if (!parsed.success) {
    problems.addIssues(parsed.error)
    return undefined
  }
  return { ...parsed.data.metadata, spec: parsed.data.spec, problems }
}

/** By name, so that no result depends on the order of arrival. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

function whereOf(kind: string, object: unknown): string {
  const parsed = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(object)
  return `${kind}/${parsed.success ? parsed.data.metadata.name : '?'}`
}
