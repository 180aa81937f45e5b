/** The pictures of a run as files: whole ones or none. */
import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../run/thrown.ts'
import { makeFolder } from '../folder.ts'
import { UsageError } from '../usage-error.ts'
import type { PictureFile } from './messages.ts'

const PICTURE = /^(?:frame|diff)-\d{4,}\.png(?:\.part)?$/
/** Half a picture of the process that its name ends with. */
const PART = /^(?:frame|diff)-\d{4,}\.png\.(\d+)\.part$/

/** `frame-0007.png`. */
export function pictureName(name: PictureFile['name'], index: number): string {
  return `${name}-${String(index).padStart(4, '0')}.png`
}

export class PictureFiles {
  readonly #folder: string

  /** Makes `folder`, or throws a UsageError where nothing can be written. */
  constructor(folder: string) {
    this.#folder = folder
    attempt(folder, () => {
      makeFolder(folder)
      accessSync(folder, constants.W_OK)
    })
  }

  /** Makes room for run `name`, a safe one: the pictures that an earlier command left there go. */
  begin(name: string): void {
    const folder = join(this.#folder, name)
    attempt(folder, () => {
      makeFolder(folder)
      // The pictures in the folder that it leads to are not this command's to remove.
      if (lstatSync(folder).isSymbolicLink()) throw new Error('it is a symbolic link')
      for (const file of readdirSync(folder)) if (isLeftOver(file)) rmSync(join(folder, file))
    })
  }

  /**
   * Writes beside the final name first, so that under that name there is a whole file or none, also
   * where another command writes the same picture.
   */
  write(run: string, { name, index, png }: PictureFile): void {
    const file = join(this.#folder, run, pictureName(name, index))
    const part = `${file}.${process.pid}.part`
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

/** Half a picture is left over when the process that wrote it is gone. */
function isLeftOver(file: string): boolean {
  const writer = PART.exec(file)?.[1]
  return writer === undefined ? PICTURE.test(file) : !isRunning(Number(writer))
}

function isRunning(process_: number): boolean {
  try {
    return process.kill(process_, 0)
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function attempt(path: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    throw new UsageError(
      `cannot write to ${path}: ${messageOf(error)}`,
      'Choose another folder with --out.',
    )
  }
}
