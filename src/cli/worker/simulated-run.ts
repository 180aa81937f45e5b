/** A run on a simulated board. */
import type { ShownFrame } from '../../drivers/display/shown-frame.ts'
import { type FrameSource, y4mSource } from '../../drivers/video/source.ts'
import { parseY4m } from '../../drivers/video/y4m.ts'
import { type RunResult, runProgram } from '../../run/run-program.ts'
import type { WorkerMessage, WorkerTask } from '../runs/messages.ts'
import type { LoadedProgram } from './load-program.ts'
import type { RunPlace } from './own-boards.ts'
import { pictureOf } from './picture.ts'

export type Tell = (message: WorkerMessage, transfer?: ArrayBuffer[]) => void

/** May sleep. */
export async function runSimulated(
  { program, prepare, drivers }: LoadedProgram,
  task: WorkerTask,
  place: RunPlace,
  { signal, tell }: { signal: AbortSignal; tell: Tell },
): Promise<RunResult> {
  const { policy, seed } = task.plan
  return await runProgram(program, {
    prepare,
    drivers,
    ...place,
    policy: policy === 'none' ? undefined : policy,
    seed,
    source: sourceOf(task.clip),
    views: task.views,
    linux: task.release,
    signal,
    equal: (a, b) => Buffer.compare(a, b) === 0,
    onFrame: task.frames ? sendPictures(tell) : undefined,
  })
}

function sourceOf(clip: Uint8Array | undefined): FrameSource | undefined {
  return clip === undefined ? undefined : y4mSource(parseY4m(clip))
}

/** Each picture once, however often the display scans it. */
function sendPictures(tell: Tell): (frame: ShownFrame) => void {
  let index = 0
  return (frame) => {
    if (!frame.first) return
    index++
    const png = pictureOf(frame)
    tell({ kind: 'frame', index, png }, [png.buffer])
  }
}
