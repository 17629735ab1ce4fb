/** How unwell this node thinks it is (Lifeguard; memberlist's awareness.go): its probes are slower for it. */
import { clampScore } from './formulas.ts'

export class Awareness {
  readonly #max: number
  #score = 0

  constructor(max: number) {
    this.#max = max
  }

  /** 0: well. */
  get score(): number {
    return this.#score
  }

  healthier(by: number): void {
    this.#score = clampScore(this.#score - by, this.#max)
  }

  sicker(by: number): void {
    this.#score = clampScore(this.#score + by, this.#max)
  }
}
