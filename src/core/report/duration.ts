/** Lengths of time for people, as kubectl has them: the two largest units. */

const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const

/** `3d4h`, `12m5s`, `0s`. Clocks of machines differ: what has yet to come counts as now. */
export function ageText(ms: number): string {
  let rest = Math.max(0, ms)
  const parts = UNITS.flatMap(({ name, ms: unit }) => {
    const count = Math.floor(rest / unit)
    rest -= count * unit
    return [{ count, name }]
  })
  const first = parts.findIndex(({ count }) => count > 0)
  if (first === -1) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ count, name }) => `${count}${name}`)
    .join('')
}
