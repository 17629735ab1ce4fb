/**
 * CEL rules (x-kubernetes-validations): what one object can tell of itself is refused by the API server,
 * with or without a webhook. Each rule has a cost that the API server must be able to bound: results
 * of split() have no known length, so texts are cut by substring(), which keeps that of the whole, and
 * two computed values are not compared by ==, only with a literal.
 */
import type { Rule } from './schema.ts'

const FIRST = "self.substring(0, self.indexOf('-')).trim()"
const LAST = "self.substring(self.indexOf('-') + 1).trim()"
/** Not a range, or one that another rule refuses. */
const NO_RANGE = `!self.contains('-') || !isIP(${FIRST}) || !isIP(${LAST})`

/** An IPv4 address as a number. */
const number = (text: string): string =>
  [16_777_216, 65_536, 256, 1]
    .map((weight, index) => `int(${text}.split('.')[${index}]) * ${weight}`)
    .join(' + ')

/** Of one entry of a pool's addresses, with MetalLB's wording. */
export const ADDRESS_RULES: readonly Rule[] = [
  {
    rule: "self.contains('-') || isCIDR(self.trim())",
    message: 'invalid CIDR: expected a prefix such as 10.0.0.0/24, or a range first-last',
    messageExpression:
      "'invalid CIDR \"' + self + '\": expected a prefix such as 10.0.0.0/24, or a range first-last'",
  },
  {
    rule: `!self.contains('-') || isIP(${FIRST})`,
    message: 'invalid IP range: invalid start IP',
    messageExpression: `'invalid IP range "' + self + '": invalid start IP "' + ${FIRST} + '"'`,
  },
  {
    rule: `!self.contains('-') || isIP(${LAST})`,
    message: 'invalid IP range: invalid end IP',
    messageExpression: `'invalid IP range "' + self + '": invalid end IP "' + ${LAST} + '"'`,
  },
  {
    rule: `${NO_RANGE} || (ip(${FIRST}).family() == 4 ? ip(${LAST}).family() == 4 : ip(${LAST}).family() == 6)`,
    message: 'invalid IP range: start IP and end IP differ in family',
    messageExpression: `'invalid IP range "' + self + '": start IP and end IP differ in family'`,
  },
  {
    // IPv6 addresses cannot be compared in CEL at a known cost: the webhook and the controller do.
    rule: `${NO_RANGE} || self.contains(':') || ${number(FIRST)} <= ${number(LAST)}`,
    message: 'invalid IP range: start IP is after the end IP',
    messageExpression: `'invalid IP range "' + self + '": start IP is after the end IP'`,
  },
]

/** Of a community: `A:B`, `large:A:B:C`, or the name of an alias, which has no colon. */
const part = (index: number, most: number): string => `int(self.split(':')[${index}]) <= ${most}`
const LEGACY = `self.matches('^[0-9]{1,5}:[0-9]{1,5}$') && ${part(0, 65_535)} && ${part(1, 65_535)}`
const LARGE = [
  "self.matches('^large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}$')",
  ...[1, 2, 3].map((index) => part(index, 4_294_967_295)),
].join(' && ')
const COMMUNITY = `(self.startsWith('large:') ? ${LARGE} : ${LEGACY})`

const community = (rule: string): Rule => ({
  rule,
  message:
    'invalid community: expected A:B of two 16-bit numbers, or large:A:B:C of three 32-bit ones',
  messageExpression:
    "'invalid community \"' + self + '\": expected A:B of two 16-bit numbers, or large:A:B:C of three 32-bit ones'",
})

export const COMMUNITY_RULES: readonly Rule[] = [community(COMMUNITY)]
export const COMMUNITY_OR_ALIAS_RULES: readonly Rule[] = [
  community(`!self.contains(':') || ${COMMUNITY}`),
]

/** Of an address alone. */
export const ipRule = (what: string): Rule => ({
  rule: "self == '' || isIP(self)",
  message: `invalid ${what}: expected an IP address`,
  messageExpression: `'invalid ${what} "' + self + '": expected an IP address'`,
})

/** Of a text that must stay on its line in FRR's configuration. */
export const lineRule = (what: string): Rule => ({
  rule: "!self.contains('\\n') && !self.contains('\\r')",
  message: `${what} contains invalid characters: expected one line`,
})
