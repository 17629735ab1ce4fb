/** What is kept about a lab that is up; a lab without it is down, or was not brought up to the end. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface LabRecord {
  readonly nodes: number
  readonly proxyMode: string
  /** Archives that its nodes have imported. */
  readonly images: readonly string[]
}

const file = (state: string): string => join(state, 'lab.json')

export function readRecord(state: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(file(state), 'utf8')) as LabRecord
  } catch {
    return undefined
  }
}

export function writeRecord(state: string, record: LabRecord): void {
  writeFileSync(file(state), JSON.stringify(record))
}
