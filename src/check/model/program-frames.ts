/** The frames of a stack that belong to the program, and not to the JavaScript host. */
import { isHostFile } from '../../base/host-file.ts'
import type { EventOrigin } from '../../events/event.ts'

/** A frame of a stack that has a position. */
const FRAME = /:\d+:\d+\)?$/
/** The file of a frame, as V8 and JavaScriptCore write it for Node, Bun and Deno. */
const FILE = /(?:^\s*at (?:async )?|\()([^()]+):\d+:\d+\)?$/

/**
 * The stack of `origin` without the frames of the host, which are not the same for each run: Node's
 * `processTicksAndRejections` is below a function or not, as its event loop happens to be.
 */
export function stackOfProgram({ stack }: EventOrigin): string {
  return (stack ?? '')
    .split('\n')
    .filter((line) => !isHostFrame(line))
    .join('\n')
}

/**
 * The line that called the function in which `origin` is; undefined where that function had slept
 * before, so that nothing of the program called it.
 */
export function callerOf(origin: EventOrigin | undefined): EventOrigin | undefined {
  const frames = origin?.stack?.split('\n').filter((line) => FRAME.test(line))
  const caller = frames?.[1]
  if (caller === undefined || /^\s*at async /.test(caller) || isHostFrame(caller)) {
    return undefined
  }
  return { stack: caller }
}

function isHostFrame(line: string): boolean {
  return isHostFile(FILE.exec(line)?.[1] ?? '')
}
