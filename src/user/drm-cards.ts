import { errno } from '../abi/errno.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Calls } from './calls.ts'
import { drainAll, joinErrors } from './dispose.ts'

/** The cards that are looked at; their numbers are not fixed. */
const CARDS = 16

/** Requirements on a card. */
export interface CardSearch {
  /** Flags of open. */
  readonly flags: number
  /** The one card to look at, or all of them. */
  readonly path?: string | undefined
  /** May sleep. Why the open card `fd` will not do; undefined where it will. */
  unfit(fd: number): Promise<string | undefined>
  /** The way out where none does, and the error. */
  readonly none: { readonly errno: number; readonly detail: string }
}

/** An open card. */
export interface Card {
  readonly fd: number
  readonly path: string
}

/** Errors of `open` that only say that there is no such card. */
const ABSENT: ReadonlySet<number> = new Set([-errno.ENOENT, -errno.ENXIO, -errno.ENODEV])

/** May sleep. Opens the first suitable card. EACCES, the error of `none`, and the error of a card. */
export async function openCard(calls: Calls, search: CardSearch): Promise<Card> {
  const refused: string[] = []
  const unfit: string[] = []
  const failures: unknown[] = []
  for (const path of pathsOf(search)) {
    const fd = calls.run(() => calls.sys.open(path, search.flags))
    if (fd === -errno.EACCES || fd === -errno.EPERM) refused.push(path)
    else if (fd < 0 && !ABSENT.has(fd)) {
      failures.push(systemError({ errno: fd, syscall: 'open', path }))
    }
    if (fd < 0) continue
    try {
      const why = await search.unfit(fd)
      if (why === undefined) return { fd, path }
      unfit.push(`${path} ${why}`)
    } catch (error) {
      failures.push(error)
    }
    await drainAll([() => calls.close(fd)], failures.splice(0)).catch((error: unknown) =>
      failures.push(error),
    )
  }
  if (failures.length > 0) throw joinErrors(failures)
  throw notFound(search, refused, unfit)
}

function pathsOf({ path }: CardSearch): readonly string[] {
  return path === undefined ? Array.from({ length: CARDS }, (_, i) => `/dev/dri/card${i}`) : [path]
}

function notFound(
  { path, none }: CardSearch,
  refused: readonly string[],
  unfit: readonly string[],
): Error {
  const looked = unfit.length === 0 ? '' : ` (${unfit.join(', ')})`
  const isRefused = refused.length > 0
  return systemError({
    errno: isRefused ? -errno.EACCES : -none.errno,
    syscall: 'open',
    path: path ?? '/dev/dri/card*',
    detail: isRefused
      ? `you may not open ${refused.join(', ')}: join the group 'video'${looked}`
      : `${none.detail}${looked}`,
  })
}
