/** The pictures of a run as files: whole ones or none. */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../usage-error.ts'

const PICTURE = /^frame-\d{4,}\.png(?:\.part)?$/

export class PictureFiles {
  readonly #folder: string

  /** Makes `folder`, or throws a UsageError where nothing can be written. */
  constructor(folder: string) {
    this.#folder = folder
    attempt(folder, () => {
      mkdirSync(folder, { recursive: true })
      accessSync(folder, constants.W_OK)
    })
  }

  /** Makes room for run `name`: the pictures that an earlier command left there go. */
  begin(name: string): void {
    const folder = join(this.#folder, name)
    attempt(folder, () => {
      mkdirSync(folder, { recursive: true })
      for (const file of readdirSync(folder)) if (PICTURE.test(file)) rmSync(join(folder, file))
    })
  }

  /** Writes beside the final name first, so that under that name there is a whole file or none. */
  write(name: string, index: number, png: Uint8Array): void {
    const file = join(this.#folder, name, `frame-${String(index).padStart(4, '0')}.png`)
    const part = `${file}.part`
    attempt(file, () => {
      try {
        writeFileSync(part, png)
        renameSync(part, file)
      } catch (error) {
        rmSync(part, { force: true })
        throw error
      }
    })
  }
}

function attempt(path: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`cannot write to ${path}: ${reason}`, 'Choose another folder with --out.')
  }
}
