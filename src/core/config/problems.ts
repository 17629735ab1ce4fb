/** Problems of configuration objects, gathered so that all are told at once. */
import type { z } from 'zod'
import type { Problem } from './model.ts'

/** Gathers the problems of one object. */
export class Problems {
  readonly where: string
  readonly #all: Problem[]

  /** `where`: `IPAddressPool/first`. Found problems are put into `all`. */
  constructor(where: string, all: Problem[]) {
    this.where = where
    this.#all = all
  }

  add(path: string, message: string, transient = false): void {
    this.#all.push({ where: this.where, path, message, transient })
  }

  /** What a schema did not like: expected, got, where. */
  addIssues(error: z.ZodError): void {
    for (const issue of error.issues) this.add(pathText(issue.path), issue.message)
  }

  /** MetalLB's wording for anything that is listed twice. */
  addDuplicates(path: string, what: string, values: readonly unknown[]): void {
    const seen = new Set<string>()
    values.forEach((value, index) => {
      const text = typeof value === 'string' ? value : canonical(value)
      if (seen.has(text)) this.add(`${path}[${index}]`, `duplicate definition of ${what} ${text}`)
      seen.add(text)
    })
  }
}

/** `spec.addresses[0]: invalid CIDR "x"`, after the object's name where that is not `self`. */
export function problemText({ where, path, message }: Problem, self?: string): string {
  const place = [...(where === self ? [] : [where]), ...(path === '' ? [] : [path])].join(' ')
  return place === '' ? message : `${place}: ${message}`
}

/** JSON with sorted keys: equal values give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** `spec.addresses[0]`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}
