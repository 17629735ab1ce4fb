/** Label selectors of configuration objects: duplicates, and what Kubernetes itself would refuse. */
import type { Problems } from './problems.ts'
import { selects } from './selector.ts'
import type { LabelSelector, Labels } from './selector.ts'

export function checkSelectors(
  path: string,
  selectors: readonly LabelSelector[],
  problems: Problems,
): void {
  problems.addDuplicates(path, 'label selector', selectors)
  selectors.forEach((selector, index) => checkSelector(`${path}[${index}]`, selector, problems))
}

export function checkSelector(path: string, selector: LabelSelector, problems: Problems): void {
  const expressions = selector.matchExpressions ?? []
  const at = `${path}.matchExpressions`
  problems.addDuplicates(at, 'match expression', expressions)
  expressions.forEach(({ key, operator, values = [] }, position) => {
    const place = `${at}[${position}].values`
    const needsValues = operator === 'In' || operator === 'NotIn'
    if (needsValues && values.length === 0) {
      problems.add(place, `operator ${operator} of "${key}": expected values, got none`)
    }
    if (!needsValues && values.length > 0) {
      problems.add(
        place,
        `operator ${operator} of "${key}": expected no values, got ${values.length}`,
      )
    }
    problems.addDuplicates(place, 'match expression value', values)
  })
}

/** True where any selector selects, or none is given. */
export const selectsAny = (selectors: readonly LabelSelector[], labels: Labels): boolean =>
  selectors.length === 0 || selectors.some((selector) => selects(selector, labels))
