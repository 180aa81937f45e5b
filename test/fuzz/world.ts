/** A simulated kernel under a fuzzer: its events are checked, counted and written down. */
import { expect } from 'vitest'
import { Checker } from '../../src/check/index.ts'
import type { DmabufEvent } from '../../src/events/event.ts'
import { VideoDevice } from '../../src/index.ts'
import { SeededChoices } from '../../src/machine/choices.ts'
import { eagerPolicy, lazyPolicy, randomPolicy } from '../../src/machine/policy.ts'
import { pixelFormats } from '../../src/media/pixel-format.ts'
import { Holdings } from '../../src/run/failures/held.ts'
import { boards, patternSource, readFrame, SimKernel } from '../../src/sim/index.ts'

const SIZE = { width: 64, height: 32 }
/** All that a process may have mapped, in whole pages. */
const ADDRESSES = 2 ** 47 - 4096
/** The longest that anything on the board goes on by itself: a fence of vgem signals after 10 s. */
const SETTLED = 20e9

/** Which kernel: numbers, so that fast-check can shrink them. */
export interface Choice {
  readonly board: number
  readonly policy: number
  readonly seed: number
  readonly checked: boolean
}

export class World {
  readonly kernel: SimKernel
  readonly #checker = new Checker()
  readonly #holdings = new Holdings()
  readonly #trace: string[] = []
  readonly #source = patternSource(SIZE.width, SIZE.height)

  constructor({ board, policy, seed, checked }: Choice) {
    const names = [...boards.keys()]
    const choices = new SeededChoices(seed)
    const policies = [lazyPolicy, eagerPolicy, randomPolicy(choices)]
    this.kernel = new SimKernel({
      board: boards.get(names[board % names.length] as string) as never,
      policy: policies[policy % policies.length] as never,
      source: this.#source,
      views: checked ? 'checked' : 'raw',
      scheduler: { choices },
    })
    this.kernel.events.listen((event) => this.#observe(event))
  }

  #observe(event: DmabufEvent): void {
    this.#checker.observe(event)
    this.#holdings.observe(event)
    this.#trace.push(JSON.stringify({ ...event, origin: undefined }))
  }

  /** May sleep. `body` with a signal that aborts after `time`: no call waits for ever. */
  async within<T>(time: number, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const over = this.kernel.spawn('stop', async () => {
      await this.kernel.sleep(time)
      stop.abort(new Error('over'))
    })
    try {
      return await body(stop.signal)
    } finally {
      await over
    }
  }

  /** Open descriptors of files whose name matches. */
  descriptors(what: RegExp): number[] {
    return this.#holdings.all.flatMap(({ made }) =>
      made.kind === 'fd-open' && what.test(made.what) ? [made.fd] : [],
    )
  }

  /** May sleep. Releases everything that a process can release; nothing may be left then. */
  async expectNothingLeft(): Promise<void> {
    const { kernel } = this
    const { sys } = kernel
    sys.munmap(0, ADDRESSES)
    for (const { made } of this.#holdings.all) {
      if (made.kind === 'fd-open') expect(sys.close(made.fd)).toBe(0)
    }
    await kernel.sleep(SETTLED)
    expect(kernel.scheduler.waiting).toEqual([])
    expect(kernel.buffers).toEqual([])
    expect(kernel.memoryInUse).toBe(0)
    expect(this.#holdings.all.map(({ what }) => what)).toEqual([])
  }

  /** May sleep. A clean capture on the same kernel comes out right: nothing in it is broken. */
  async expectSound(): Promise<void> {
    const { kernel } = this
    await using camera = await VideoDevice.open(kernel)
    const format = await camera.setFormat({ ...SIZE, format: 'XR24' })
    await camera.startMmap(2)
    for await (await using frame of camera.frames({ count: 2 })) {
      const bytes = await frame.buffer.withCpuAccess('read', (shown) => shown.slice())
      const wanted = new Uint8Array(format.sizeImage)
      readFrame(this.#source, frame.sequence, pixelFormats.XR24, wanted, format.bytesPerLine)
      expect(Buffer.compare(bytes.subarray(0, wanted.length), wanted)).toBe(0)
    }
  }

  /** The events and the findings, byte for byte. Ends the kernel. */
  report(): string {
    this.kernel.exit()
    const { findings, notes, lints } = this.#checker.finish()
    const found = [...findings, ...notes, ...lints].map(
      ({ message, count }) => `${count} ${message}`,
    )
    return [...this.#trace, ...found].join('\n')
  }
}

/** For fast-check: a seed and a count from outside replay a failure, or look for longer. */
export function runs(usual: number): { numRuns: number; seed?: number; path?: string } {
  const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env
  return {
    numRuns: FUZZ_RUNS === undefined ? usual : Number(FUZZ_RUNS),
    ...(FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED) }),
    ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH }),
  }
}

const HOSTILE = new Proxy(
  {},
  {
    get: () => {
      throw new Error('a getter of the argument threw')
    },
  },
)

/** Values of every type, to stand where another is wanted. */
export const WILD: readonly unknown[] = [
  ...[undefined, null, true, '', '/dev/video0', 'read', 'a\0b', Symbol('wild'), 5n, () => 7],
  ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1, 1.5, 4096, 2 ** 31, 2 ** 53, -0],
  ...[{}, [], [null], new Map(), new Set(), new Date(0), Object.create(null), { signal: 5 }],
  ...[new Uint8Array(0), new Uint8Array(64), new Uint16Array(4), new ArrayBuffer(8)],
  ...[{ bytes: 5 }, { fd: 3, events: 1, revents: 0 }, { fd: 'x', size: 1 }, { count: Number.NaN }],
]

/** For where no property of an argument may be read, as `WILD` otherwise. */
export const HOSTILE_VALUE: unknown = HOSTILE
