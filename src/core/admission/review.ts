/**
 * The API server's questions and our answers as JSON: AdmissionReview (admission.k8s.io/v1) and
 * ConversionReview (apiextensions.k8s.io/v1).
 */
import * as z from 'zod'
import { admit } from './admit.ts'
import type { Known, Verdict } from './admit.ts'
import { convertBgpPeer } from './convert.ts'
import { VALIDATING_PATHS } from './webhooks.ts'

const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string(),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE']),
    name: z.string().default(''),
    namespace: z.string().default(''),
    // null where there is none.
    object: z.unknown(),
    oldObject: z.unknown(),
  }),
})

const conversionReview = z.object({
  apiVersion: z.literal('apiextensions.k8s.io/v1'),
  kind: z.literal('ConversionReview'),
  request: z.object({
    uid: z.string(),
    desiredAPIVersion: z.string(),
    objects: z.array(z.unknown()),
  }),
})

export type Answer<T> =
  | { readonly ok: true; readonly body: object; readonly about: T }
  /** The question could not be understood: what was expected, what came. */
  | { readonly ok: false; readonly problem: string }

/** What an admission was about, for the log. */
export interface Admission extends Verdict {
  readonly object: string
  readonly operation: string
}

export function answerAdmission(
  path: string,
  question: unknown,
  known: Known,
  namespace: string,
): Answer<Admission> {
  const kind = Object.hasOwn(VALIDATING_PATHS, path) ? VALIDATING_PATHS[path] : undefined
  if (!kind) return { ok: false, problem: `no webhook at ${path}` }
  const parsed = admissionReview.safeParse(question)
  if (!parsed.success) return { ok: false, problem: z.prettifyError(parsed.error) }
  const { apiVersion, request } = parsed.data
  const name = request.name || nameOf(request.object) || nameOf(request.oldObject) || '?'
  const verdict = admit({ ...request, kind, name }, known, namespace)
  const { allowed, message, warnings } = verdict
  const response = {
    uid: request.uid,
    allowed,
    ...(allowed ? {} : { status: { code: 403, message } }),
    ...(warnings.length > 0 && { warnings }),
  }
  return {
    ok: true,
    body: { apiVersion, kind: 'AdmissionReview', response },
    about: { ...verdict, object: `${kind}/${name}`, operation: request.operation },
  }
}

export function answerConversion(question: unknown): Answer<{ readonly problems: string[] }> {
  const parsed = conversionReview.safeParse(question)
  if (!parsed.success) return { ok: false, problem: z.prettifyError(parsed.error) }
  const { apiVersion, kind, request } = parsed.data
  const converted = request.objects.map((it) => convertBgpPeer(it, request.desiredAPIVersion))
  const problems = converted.flatMap((it) => (it.ok ? [] : it.problem))
  const response = {
    uid: request.uid,
    convertedObjects: problems.length > 0 ? [] : converted.map((it) => it.ok && it.object),
    result:
      problems.length > 0
        ? { status: 'Failure', message: problems.join('; ') }
        : { status: 'Success' },
  }
  return { ok: true, body: { apiVersion, kind, response }, about: { problems } }
}

/** Objects with generateName have a name by the time they are admitted; those of tests may not. */
const nameOf = (object: unknown): string | undefined =>
  z.object({ metadata: z.object({ name: z.string() }) }).safeParse(object).data?.metadata.name
