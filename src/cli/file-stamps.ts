/** Waiting until files change. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from '../run/thrown.ts'
import { UsageError } from './usage-error.ts'

/** Milliseconds without an event before the files are looked at: editors write in several steps. */
const QUIET = 100

/** Size and time of files, so that a change is seen however it was made. */
export class FileStamps {
  readonly #stamps: Map<string, string> = new Map()

  /** Adds `files` as they are now. Those that it has keep their stamps. */
  add(files: Iterable<string>): void {
    for (const file of files) if (!this.#stamps.has(file)) this.#stamps.set(file, stampOf(file))
  }

  get files(): readonly string[] {
    return [...this.#stamps.keys()]
  }

  isChanged(): boolean {
    return [...this.#stamps].some(([file, stamp]) => stampOf(file) !== stamp)
  }

  /**
   * May sleep, until one of the files changes, or any change in their folders makes `isOther` true. Throws
   * a UsageError where a folder cannot be watched, and the reason of `signal`.
   */
  async change(signal: AbortSignal, isOther: () => boolean = () => false): Promise<void> {
    const watchers: FSWatcher[] = []
    let timer: NodeJS.Timeout | undefined
    let onAbort = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (this.isChanged() || isOther()) resolve()
        }
        const onEvent = (): void => {
          clearTimeout(timer)
          timer = setTimeout(look, QUIET)
        }
        onAbort = () => reject(signal.reason)
        signal.throwIfAborted()
        signal.addEventListener('abort', onAbort)
        // A file that an editor replaces is another one then: its folder stays.
        for (const folder of new Set(this.files.map(dirname))) {
          watchers.push(watchFolder(folder, onEvent, reject))
        }
        // It may have changed before it was watched.
        onEvent()
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    }
  }
}

/** The files in the folders of `files` whose names `isWanted` takes. */
export function filesBeside(
  files: Iterable<string>,
  isWanted: (name: string) => boolean,
): string[] {
  const folders = new Set([...files].map(dirname))
  return [...folders].flatMap((folder) =>
    namesIn(folder)
      .filter(isWanted)
      .map((name) => join(folder, name)),
  )
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function watchFolder(
  folder: string,
  onEvent: () => void,
  onError: (error: UsageError) => void,
): FSWatcher {
  const problem = (error: unknown): UsageError =>
    new UsageError(`cannot watch ${folder}: ${messageOf(error)}`, 'Run without --watch.')
  try {
    return watch(folder, onEvent).on('error', (error) => onError(problem(error)))
  } catch (error) {
    throw problem(error)
  }
}

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`
}
