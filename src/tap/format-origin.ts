import { isHostFile } from '../base/host-file.ts'
import type { EventOrigin } from '../events/event.ts'
import { normalizeFile, parseStack, type StackFrame } from './stack.ts'

/** Where a call was made, in the user's program. */
export interface CallSite extends StackFrame {
  /** The user's own frames, innermost first; the first of them is this site. */
  readonly frames: readonly StackFrame[]
}

/** The folders of this package's own code: `src/` beside this file's, or `dist/`. */
const ownFolders = packageFolders(normalizeFile((import.meta as { url?: string }).url ?? ''))

/**
 * The package's `src/` and `dist/`, from the path of one of its files. None if another package's
 * bundle holds this file: its folders are not ours.
 */
function packageFolders(file: string): string[] {
  const match = /^(.*\/)(?:src\/tap\/[^/]*|dist\/shared\/dmabuf-\w+\.js)$/.exec(file)
  return match === null ? [] : [`${match[1]}src/`, `${match[1]}dist/`]
}

/** Whether `file` is part of this package or of the JavaScript host. */
function isOurs(file: string): boolean {
  return isHostFile(file) || ownFolders.some((folder) => file.startsWith(folder))
}

/** Code that compilers add: the packages that hold it, and the names of inlined helpers. */
const helperFile =
  /[\\/](tslib|@babel[\\/]runtime|@swc[\\/]helpers)[\\/]|\0|@oxc-project[+\\/]runtime/
const helperName = /^(__callDispose|__disposeResources|_usingCtx|_dispose)$/

/**
 * Whether `frame` is a helper of a compiler that lowered `using`; `above` is the frame that it
 * called.
 */
function isHelper(frame: StackFrame, above: StackFrame | undefined): boolean {
  if (helperFile.test(frame.file) || helperName.test(frame.name ?? '')) return true
  // The helpers of esbuild and TypeScript walk the resources in a function of this name.
  return frame.name === 'next' && /dispose\]$/i.test(above?.name ?? '')
}

/**
 * The first frame of `origin` outside this package and the host, or `undefined` if there is none or
 * capture is off. V8 formats the stack when it is first read: call this only to show a place.
 */
export function formatOrigin(origin: EventOrigin | undefined): CallSite | undefined {
  const stack = stackOf(origin)
  if (stack === undefined) return undefined
  const all = parseStack(stack)
  const frames = all.filter((frame, i) => !isOurs(frame.file) && !isHelper(frame, all[i - 1]))
  const [first] = frames
  return first === undefined ? undefined : { ...first, frames }
}

/** Whether this package's code was disposing an object of a `using` declaration at `origin`. */
export function isDisposal(origin: EventOrigin | undefined): boolean {
  const all = parseStack(stackOf(origin) ?? '')
  const end = all.findIndex((frame, i) => !isOurs(frame.file) && !isHelper(frame, all[i - 1]))
  const inside = (end === -1 ? all : all.slice(0, end)).filter(({ file }) => isOurs(file))
  return /\[(?:\w+\.)?(?:async)?dispose\]$/i.test(inside.at(-1)?.name ?? '')
}

/** The stack's text. A program can put anything into an error's `stack`, and a getter that throws. */
function stackOf(origin: EventOrigin | undefined): string | undefined {
  try {
    const stack: unknown = origin?.stack
    return typeof stack === 'string' ? stack : undefined
  } catch {
    return undefined
  }
}
