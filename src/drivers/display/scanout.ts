/**
 * The engine that reads the picture from memory as the beam goes down, again and again.
 *
 * A picture is read in bands, each when the beam has passed it. After the last one comes the vertical
 * blank: a flip that waits takes effect there. Nothing here syncs caches: DRM takes scanout for
 * coherent, and a buffer that is not needs its CPU accesses bracketed.
 */

import type { EventOrigin } from '../../events/event.ts'
import type { DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { Machine } from '../../machine/machine.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import type { Framebuffers } from './framebuffers.ts'
import type { HeldPictures } from './held-pictures.ts'
import type { Timing } from './mode.ts'
import { finishJobs, loadRows, type PlaneJob, startJobs } from './scan-jobs.ts'
import { ScannedPicture } from './scanned-picture.ts'
import type { OnFrame } from './shown-frame.ts'
import { type View, type VisiblePlane, visiblePlanes } from './view.ts'

/** The parts that the engine uses. */
export interface ScanoutParts {
  readonly machine: Machine
  readonly jobs: DeviceJobs
  readonly framebuffers: Framebuffers
  readonly held: HeldPictures
}

export interface ScanoutOptions {
  /** In how many bands a picture is read. */
  readonly bands: number
  readonly onFrame: OnFrame | undefined
}

/** The picture on screen. */
interface Screen {
  readonly view: View
  readonly planeJobs: readonly PlaneJob[]
  readonly size: number
  /** No whole picture was read from it yet. */
  fresh: boolean
}

interface Flip {
  readonly view: View
  /** The line that asked for it: it takes effect when no call is under way. */
  readonly origin: EventOrigin | undefined
  readonly done: (sequence: number) => void
}

export class Scanout {
  /** Wakes when a flip took effect or was dropped. */
  readonly settled: WaitQueue = new WaitQueue()
  readonly #machine: Machine
  readonly #jobs: DeviceJobs
  readonly #framebuffers: Framebuffers
  readonly #held: HeldPictures
  readonly #options: ScanoutOptions
  #screen: Screen | undefined
  #timing: Timing = { period: 0, visible: 0 }
  #flip: Flip | undefined
  #cancelTimer: (() => void) | undefined
  #sequence = 0
  readonly #picture = new ScannedPicture()

  constructor({ machine, jobs, framebuffers, held }: ScanoutParts, options: ScanoutOptions) {
    this.#machine = machine
    this.#jobs = jobs
    this.#framebuffers = framebuffers
    this.#held = held
    this.#options = options
  }

  /** A flip waits for the vertical blank. */
  get isFlipping(): boolean {
    return this.#flip !== undefined
  }

  /** The picture that was last requested: the flip that waits, else the one on screen. */
  get latest(): View | undefined {
    return this.#flip?.view ?? this.#screen?.view
  }

  /** Shows `view` from now on, from the first line. Replaces the previous picture. */
  turnOn(view: View, timing: Timing): void {
    this.#take(view)
    this.turnOff()
    this.#timing = timing
    this.#screen = this.#begin(view, this.#machine.scheduler.current.origin)
    this.#beam(this.#machine.scheduler.now, 0)
  }

  /** Shows `view` from the next vertical blank on, and then calls `done` with its number. */
  flip(view: View, done: (sequence: number) => void): void {
    this.#take(view)
    this.#flip = { view, done, origin: this.#machine.scheduler.current.origin }
  }

  /** Shows nothing; a flip that waits is dropped. */
  turnOff(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const { view } = this.#flip ?? {}
    this.#flip = undefined
    if (view !== undefined) this.#put(view)
    this.#end(this.#screen)
    this.#screen = undefined
    this.settled.wakeAll()
  }

  #begin(view: View, origin: EventOrigin | undefined): Screen {
    const planes = visiblePlanes(view)
    const size = planes.reduce((sum, { line, rows }) => sum + line * rows, 0)
    return { view, planeJobs: startJobs(this.#jobs, planes, origin), size, fresh: true }
  }

  #end(screen: Screen | undefined): void {
    if (screen === undefined) return
    finishJobs(screen.planeJobs)
    this.#put(screen.view)
  }

  #take(view: View): void {
    this.#framebuffers.show(view.framebuffer)
    this.#held.take(view)
  }

  #put(view: View): void {
    this.#held.put(view)
    this.#framebuffers.hide(view.framebuffer)
  }

  /** Waits until the beam of the picture that began at `start` has passed `band`. */
  #beam(start: number, band: number): void {
    const passed = Math.round((this.#timing.visible * (band + 1)) / this.#options.bands)
    this.#cancelTimer = this.#machine.scheduler.at(start + passed, () => this.#read(start, band))
  }

  #read(start: number, band: number): void {
    const screen = this.#screen
    if (screen === undefined) return
    if (band === 0) this.#picture.begin(screen.size)
    for (const planeJob of screen.planeJobs) this.#readBand(screen, planeJob, band)
    if (band + 1 < this.#options.bands) {
      this.#beam(start, band + 1)
      return
    }
    this.#beam(start + this.#timing.period, 0)
    this.#verticalBlank(screen)
  }

  #readBand({ view }: Screen, planeJob: PlaneJob, band: number): void {
    const { down } = planeJob.plane
    const from = rowAt(view.height, band, this.#options.bands, down)
    const to = rowAt(view.height, band + 1, this.#options.bands, down)
    if (from < to) loadRows(planeJob, from, to, this.#picture)
  }

  #verticalBlank(screen: Screen): void {
    this.#sequence++
    this.#announce(screen)
    screen.fresh = false
    const flip = this.#flip
    if (flip === undefined) return
    this.#flip = undefined
    this.#screen = this.#begin(flip.view, flip.origin)
    this.#end(screen)
    flip.done(this.#sequence)
    this.settled.wakeAll()
  }

  #announce({ view, planeJobs, fresh }: Screen): void {
    const { framebuffer, width, height } = view
    const { plane } = planeJobs[0] as { plane: VisiblePlane }
    this.#options.onFrame?.({
      sequence: this.#sequence,
      time: this.#machine.scheduler.now,
      width,
      height,
      format: framebuffer.format.name,
      stride: plane.line,
      pitch: plane.line,
      bytes: this.#picture.bytes,
      wrongBytes: this.#picture.wrongBytes,
      expected: () => this.#picture.expected(),
      buffer: plane.object.buffer.inode,
      first: fresh,
    })
  }
}

/** The first line of a plane that belongs to `band`; a line of chroma goes with its first of luma. */
function rowAt(height: number, band: number, bands: number, down: number): number {
  return Math.ceil(Math.floor((height * band) / bands) / down)
}
