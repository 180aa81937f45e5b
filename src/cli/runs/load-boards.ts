/** The boards that a program's file brings, without a run of it. */
import type { Board } from '../../machine/board.ts'
import type { RunSetup } from './messages.ts'
import { NotLoadedError, ProgramWorker } from './program-worker.ts'
import { USUAL_LIMIT } from './time-limit.ts'

/** May sleep. Throws a NotLoadedError if `file` is not a program, and the reason of `signal`. */
export async function loadBoards(file: string, signal: AbortSignal): Promise<readonly Board[]> {
  const setup: RunSetup = {
    ...{ file, camera: undefined, views: 'raw', release: undefined, frames: false },
    schedule: undefined,
    linux: undefined,
  }
  const worker = new ProgramWorker(setup, { limit: USUAL_LIMIT, signal, onFiles: () => {} })
  try {
    const failure = await worker.loaded()
    if (failure !== undefined) throw new NotLoadedError(failure, worker.takePrinted())
    return worker.boards.map(({ table }) => table)
  } finally {
    await worker.close()
  }
}
