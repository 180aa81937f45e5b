/** A worker: one program, one run, in a thread that can be ended from outside. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { ShownFrame } from '../../drivers/display/shown-frame.ts'
import { type FrameSource, y4mSource } from '../../drivers/video/source.ts'
import { parseY4m } from '../../drivers/video/y4m.ts'
import { runProgram } from '../../run/run-program.ts'
import type { WorkerMessage, WorkerTask } from '../runs/messages.ts'
import { Accidents } from './accidents.ts'
import { loadProgram } from './load-program.ts'
import { named, placeOfRun } from './own-boards.ts'
import { pictureOf } from './picture.ts'
import { recordOf } from './record-of.ts'

/** How long, in milliseconds, promises that the program left behind may still fail. */
const AFTERMATH = 20

await work(workerData as WorkerTask)
tell({ kind: 'done' })

async function work(task: WorkerTask): Promise<void> {
  const accidents = new Accidents()
  const loaded = await loadProgram(task.file)
  if ('failure' in loaded) return tell({ kind: 'not-loaded', failure: loaded.failure })
  const place = placeOfRun(task.plan, loaded.boards)
  if ('failure' in place) return tell({ kind: 'not-loaded', failure: place.failure })
  tell({ kind: 'loaded', boards: loaded.boards.map(named) })
  const result = await runProgram(loaded.program, {
    prepare: loaded.prepare,
    drivers: loaded.drivers,
    ...place,
    policy: task.plan.policy,
    seed: task.plan.seed,
    source: sourceOf(task.clip),
    views: task.views,
    signal: accidents.signal,
    equal: (a, b) => Buffer.compare(a, b) === 0,
    onFrame: task.frames ? sendPictures() : undefined,
  })
  tell({ kind: 'record', record: recordOf(task.plan, result, accidents.first) })
  if (result.error !== undefined) return
  accidents.returned((failure) => tell({ kind: 'late', failure }))
  await setImmediate()
  await setTimeout(AFTERMATH)
}

function sourceOf(clip: Uint8Array | undefined): FrameSource | undefined {
  return clip === undefined ? undefined : y4mSource(parseY4m(clip))
}

/** Each picture once, however often the display scans it. */
function sendPictures(): (frame: ShownFrame) => void {
  let index = 0
  return (frame) => {
    if (!frame.first) return
    index++
    const png = pictureOf(frame)
    tell({ kind: 'frame', index, png }, [png.buffer])
  }
}

function tell(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
