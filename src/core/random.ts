/** Chance comes in as an argument: a number in [0, 1). Shells pass `Math.random`, tests a seeded one. */
export type Random = () => number
