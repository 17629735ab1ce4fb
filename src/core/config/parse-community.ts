/** BGP communities: `A:B` (RFC 1997), `large:A:B:C` (RFC 8092), and the aliases of Community objects. */
import { communitySpec } from './community.ts'
import type { Problem } from './model.ts'
import { byName, parseObject } from './object.ts'

/** `none`: it has no community's form, and may be the name of an alias. */
export type CommunityText = 'good' | 'bad number' | 'none'

export function readCommunity(text: string): CommunityText {
  const parts = text.split(':')
  const large = parts[0] === 'large' && parts.length === 4
  if (!large && parts.length !== 2) return 'none'
  const most = large ? 4_294_967_295 : 65_535
  const numbers = large ? parts.slice(1) : parts
  return numbers.every((part) => /^\d{1,10}$/.test(part) && Number(part) <= most)
    ? 'good'
    : 'bad number'
}

export const COMMUNITY_EXPECTED =
  'expected A:B of two 16-bit numbers, or large:A:B:C of three 32-bit ones'

/** The names of all aliases. */
export function parseCommunities(
  objects: readonly unknown[],
  all: Problem[],
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>()
  const parsed = objects.flatMap(
    (object) => parseObject('Community', communitySpec.prefault({}), object, all) ?? [],
  )
  for (const { spec, problems } of parsed.sort(byName)) {
    spec.communities?.forEach(({ name, value }, index) => {
      const path = `spec.communities[${index}]`
      if (readCommunity(value) !== 'good') {
        problems.add(`${path}.value`, `invalid community "${value}": ${COMMUNITY_EXPECTED}`)
      }
      const other = aliases.get(name)
      if (other === undefined) aliases.set(name, problems.where)
      else {
        problems.add(
          `${path}.name`,
          `duplicate definition of community "${name}", also in ${other}`,
        )
      }
    })
  }
  return aliases
}
