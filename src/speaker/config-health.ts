/** Whether the configuration is in use, and what was heard: behind `metallb_k8s_client_*`. */
import type { Problem } from '../core/config/model.ts'

export interface ConfigHealthView {
  readonly updates: number
  readonly updateErrors: number
  readonly loaded: boolean
  readonly stale: boolean
}

export class ConfigHealth {
  #updates = 0
  #updateErrors = 0
  #loaded = false
  #stale = false

  /** Changes of objects were looked at. */
  updated(): void {
    this.#updates++
  }

  /** Undefined: the configuration is in use. Problems: the last good one is, if there was any. */
  configuration(problems: readonly Problem[] | undefined): void {
    this.#stale = problems !== undefined
    if (problems) this.#updateErrors++
    else this.#loaded = true
  }

  get view(): ConfigHealthView {
    return {
      updates: this.#updates,
      updateErrors: this.#updateErrors,
      loaded: this.#loaded,
      stale: this.#stale,
    }
  }
}
