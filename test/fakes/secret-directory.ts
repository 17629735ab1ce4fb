/** A directory like a mounted Secret, changed as kubelet does: all files at once, by one link. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type SecretFiles = Readonly<Record<string, string>>

export class SecretDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'bellwether-secret-'))
  #files: SecretFiles = {}
  #version = 0

  constructor(files: SecretFiles) {
    this.set(files)
  }

  /** Other content, in the order of kubelet's AtomicWriter: the folder, its link, the files' links. */
  set(files: SecretFiles): void {
    const folder = `..version-${++this.#version}`
    mkdirSync(join(this.path, folder))
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(this.path, folder, name), text)
    }
    symlinkSync(folder, join(this.path, '..data_tmp'))
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'))
    for (const name of Object.keys(files)) {
      if (!(name in this.#files)) symlinkSync(`..data/${name}`, join(this.path, name))
    }
    for (const name of Object.keys(this.#files)) {
      if (!(name in files)) rmSync(join(this.path, name))
    }
    if (this.#version > 1) {
      rmSync(join(this.path, `..version-${this.#version - 1}`), { recursive: true })
    }
    this.#files = files
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
