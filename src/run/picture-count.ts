import type { RunReport } from '../check/report/run-report.ts'
import type { ShownFrame } from '../sim/index.ts'

/** Counts the pictures of a run, and those that a coherent machine would not have shown. */
export class PictureCount {
  #frames = 0
  #wrongFrames = 0
  #firstWrongFrame: number | undefined

  /** Takes in each picture once, however often the display scans it. */
  add({ wrongBytes }: Pick<ShownFrame, 'wrongBytes'>): void {
    this.#frames++
    if (wrongBytes === 0) return
    this.#wrongFrames++
    this.#firstWrongFrame ??= this.#frames
  }

  get counts(): Pick<RunReport, 'frames' | 'wrongFrames' | 'firstWrongFrame'> {
    return {
      frames: this.#frames,
      wrongFrames: this.#wrongFrames,
      firstWrongFrame: this.#firstWrongFrame,
    }
  }
}
