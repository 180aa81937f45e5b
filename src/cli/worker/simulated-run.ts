/** A run on a simulated board. */

import { SECOND } from '../../base/time.ts'
import type { ComparedSetup } from '../../check/report/comparison.ts'
import type { ShownFrame } from '../../drivers/display/shown-frame.ts'
import { importMappings } from '../../kernel/dmabuf/import-mapping.ts'
import { parseSchedule } from '../../machine/schedule.ts'
import { mechanisms } from '../../mechanisms/index.ts'
import { type FrameSource, patternSource, y4mSource } from '../../media/source.ts'
import { parseY4m } from '../../media/y4m.ts'
import { startingWith } from '../../run/explore/explore-program.ts'
import { type RunOptions, type RunResult, runProgram } from '../../run/run-program.ts'
import { listenToFrameCounts } from '../../syscalls/watching.ts'
import type { CameraInput } from '../runs/messages.ts'
import type { LoadedProgram } from './load-program.ts'
import type { RunPlace } from './own-boards.ts'
import { differenceOf, pictureOf } from './picture.ts'
import type { OneRun } from './run-once.ts'
import type { Send } from './setup.ts'

/** May sleep. */
export async function runSimulated(
  { program, prepare, drivers }: LoadedProgram,
  { setup, plan, order, compared, calls, progress, accidents, send }: OneRun,
  place: RunPlace & Pick<RunOptions, 'trace'>,
): Promise<RunResult> {
  const { policy, seed } = plan
  const sendPicture = setup.frames ? pictureSender(send) : undefined
  return await runProgram(program, {
    prepare: (kernel) => {
      listenToFrameCounts(kernel.sys, (count) => progress.expectFrames(count))
      return prepare?.(kernel)
    },
    drivers,
    ...comparedOptions(compared),
    ...place,
    policy: policy === 'none' ? undefined : policy,
    ...choicesOf(setup.schedule, order, seed),
    linux: setup.release,
    source: setup.camera && sourceOf(setup.camera),
    frameInterval: setup.camera && intervalOf(setup.camera),
    views: setup.views,
    signal: accidents.signal,
    equal: (a, b) => Buffer.compare(a, b) === 0,
    onEvent: (event) => calls.observe(event),
    onFrame: (frame) => {
      // Each picture once, however often the display scans it.
      if (!frame.first) return
      progress.frame()
      sendPicture?.(frame)
    },
  })
}

function comparedOptions(
  compared: ComparedSetup | undefined,
): Pick<RunOptions, 'systemHeap' | 'imports'> {
  if (compared === undefined) return {}
  const { mechanism, imports } = compared
  return {
    systemHeap: mechanisms.find(({ name }) => name === mechanism)?.heap?.('system'),
    imports: importMappings.find((way) => way === imports),
  }
}

/** Recorded choices are replayed; those of an order are only its beginning. */
function choicesOf(
  schedule: string | undefined,
  order: string | undefined,
  seed: number,
): Pick<RunOptions, 'seed' | 'schedule' | 'choices' | 'timeless' | 'failures'> {
  if (order !== undefined) {
    const { timeless, failures, made } = parseSchedule(order)
    return { seed, timeless, failures, choices: startingWith(made) }
  }
  return schedule === undefined ? { seed } : { schedule }
}

function sourceOf(camera: CameraInput): FrameSource {
  if ('clip' in camera) return y4mSource(parseY4m(camera.clip))
  return patternSource(camera.width, camera.height)
}

function intervalOf(camera: CameraInput): number | undefined {
  if ('clip' in camera || camera.rate === undefined) return undefined
  return Math.round(SECOND / camera.rate)
}

/** In virtual nanoseconds. */

/** Each picture, and for the first wrong one its difference from the right one. */
function pictureSender(send: Send): (frame: ShownFrame) => void {
  let index = 0
  let isDifferenceSent = false
  return (frame) => {
    index++
    const png = pictureOf(frame)
    send({ kind: 'picture', name: 'frame', index, png }, [png.buffer])
    if (isDifferenceSent || frame.wrongBytes === 0) return
    isDifferenceSent = true
    const difference = differenceOf(frame)
    send({ kind: 'picture', name: 'diff', index, png: difference }, [difference.buffer])
  }
}
