/**
 * The classes under arbitrary calls: right and wrong objects, values and orders. Replay a failure
 * with FUZZ_SEED and FUZZ_PATH, as fast-check prints them; look for longer with FUZZ_RUNS.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CpuAccess,
  DisposalError,
  DmaBuf,
  DmaHeap,
  DrmDevice,
  DumbBuffer,
  Frame,
  ImportedBuffer,
  isSystemError,
  Mapping,
  Memfd,
  SyncFile,
  Udmabuf,
  VgemDevice,
  VideoDevice,
} from '../../src/index.ts'
import { type Numbers, pick } from './requests.ts'
import { type Choice, runs, WILD, World } from './world.ts'

const TIMEOUT = 60_000
/** Virtual nanoseconds that a call may wait. */
const PATIENCE = 100e6
/** One argument in so many is of any type. */
const WILD_ONE = 6

interface Operation {
  readonly which: number
  readonly numbers: Numbers
}

const ACCESSES = ['read', 'write', 'read-write']
const SIZES = [4096, 8192, 1, 16384, 0, 2 ** 40, -4096, 1.5]
const OFFSETS = [0, 1, 4096, 8191, 8192, -1, 0.5, Number.NaN]
const SMALL = [0, 1, 2, 3, 5, -1, 2 ** 32]
const SEALS = ['shrink', 'grow', 'write', 'future-write', 'seal', 'exec']
const LAYOUTS = [
  { width: 64, height: 32, format: 'XR24', stride: 256 },
  { width: 64, height: 32, format: 'NV12', stride: 64 },
  { width: 64, height: 32, format: 'YU12', stride: 63 },
  { width: 640, height: 360, format: 'XR24', stride: 1 },
]
/** Two kinds of errors are not faults: a kernel's, and those of arguments. */
const CODES = /^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE|INVALID_STATE)$/

/** A class, whose constructor may be private. */
interface Kind<T extends object> {
  readonly prototype: T
}

/** Everything that a program has made, by class. */
class Objects {
  readonly #all: object[] = []

  add(made: unknown): void {
    if (Array.isArray(made)) for (const one of made) this.add(one)
    else if (typeof made === 'object' && made !== null && isOwner(made)) this.#all.push(made)
  }

  pick<T extends object>({ prototype }: Kind<T>, number: number): T | undefined {
    const some = this.#all.filter((one) => Object.prototype.isPrototypeOf.call(prototype, one))
    return some.length === 0 ? undefined : (pick(some, number) as T)
  }

  get newestFirst(): readonly object[] {
    return [...this.#all].reverse()
  }
}

function isOwner(value: object): boolean {
  return Symbol.dispose in value || Symbol.asyncDispose in value
}

type Argument = (on: Player, number: number, signal: AbortSignal) => unknown

const access: Argument = (_on, n) => pick(ACCESSES, n)
const size: Argument = (_on, n) => pick(SIZES, n)
const offset: Argument = (_on, n) => pick(OFFSETS, n)
const small: Argument = (_on, n) => pick(SMALL, n)
const seal: Argument = (_on, n) => pick(SEALS, n)
const waiting: Argument = (_on, _n, signal) => ({ signal })
const limited: Argument = (_on, n, signal) => ({ signal, timeout: pick([0, 1000, undefined], n) })
const buffer: Argument = (on, n) => on.objects.pick(DmaBuf, n)
const memfd: Argument = (on, n) => on.objects.pick(Memfd, n)
const file: Argument = (on, n) => on.objects.pick(SyncFile, n)
const imported: Argument = (on, n) => on.objects.pick(ImportedBuffer, n)
const frame: Argument = (on, n) => on.objects.pick(Frame, n)
const layout: Argument = (_on, n) => pick(LAYOUTS, n)
const bytes: Argument = (_on, n) => new Uint8Array(n % 9000).fill(n)
const name: Argument = (_on, n) => 'n'.repeat(n % 40)
const kernel: Argument = (on) => on.kernel
const mapping: Argument = (_on, n) => ({ access: pick(ACCESSES, n), offset: pick([0, 4096], n) })
const use: Argument = (_on, n) => (shown: Uint8Array) => void shown.fill(n, 0, n % 5000)

/** Where no signal is, a call may wait for ever: these are refused. */
const WAITS: ReadonlySet<Argument> = new Set([waiting, limited])
const WRONG_WAITS: readonly unknown[] = [null, 5, 'x', [], { signal: 5 }, { signal: {} }]

type Row = readonly [kind: Kind<object>, method: string, ...Argument[]]

const METHODS: readonly Row[] = [
  [DmaHeap, 'allocate', size, waiting],
  [DmaHeap, 'allocateBuffers', small, size, waiting],
  [DmaBuf, 'dup'],
  [DmaBuf, 'close'],
  [DmaBuf, 'beginCpuAccess', access, waiting],
  [DmaBuf, 'withCpuAccess', access, use, waiting],
  [DmaBuf, 'map', mapping],
  [DmaBuf, 'startCpuAccess', access, waiting],
  [DmaBuf, 'endCpuAccess', access, waiting],
  [DmaBuf, 'sync', small, waiting],
  [DmaBuf, 'exportSyncFile', access],
  [DmaBuf, 'importSyncFile', access, file],
  [DmaBuf, 'setName', name],
  [CpuAccess, 'fill', small, offset, offset],
  [CpuAccess, 'read', offset, offset],
  [CpuAccess, 'set', bytes, offset],
  [CpuAccess, 'end'],
  [Mapping, 'fill', small, offset, offset],
  [Mapping, 'read', offset, offset],
  [Mapping, 'set', bytes, offset],
  [Mapping, 'copy', bytes, offset],
  [Mapping, 'close'],
  [Memfd, 'seal', seal],
  [Memfd, 'resize', size],
  [Memfd, 'map', mapping],
  [Memfd, 'close'],
  [Udmabuf, 'create', memfd, () => ({}), waiting],
  [Udmabuf, 'createList', (on, n) => [{ memfd: on.objects.pick(Memfd, n), size: 4096 }], waiting],
  [SyncFile, 'info'],
  [SyncFile, 'isSignaled'],
  [SyncFile, 'wait', limited],
  [SyncFile, 'merge', file, name],
  [SyncFile, 'dup'],
  [SyncFile, 'close'],
  [VideoDevice, 'formats'],
  [VideoDevice, 'setFormat', layout],
  [VideoDevice, 'getFormat'],
  [VideoDevice, 'start', (on, n) => [0, 1].map((i) => on.objects.pick(DmaBuf, n + i))],
  [VideoDevice, 'startMmap', small],
  [VideoDevice, 'stop'],
  [VideoDevice, 'queue', small],
  [VideoDevice, 'dequeue', waiting],
  [VideoDevice, 'requestBuffers', small, (_on, n) => pick(['dmabuf', 'mmap'], n)],
  [Frame, 'retain'],
  [Frame, 'close'],
  [DrmDevice, 'outputs'],
  [DrmDevice, 'importBuffer', buffer],
  [DrmDevice, 'show', buffer, layout, waiting],
  [DrmDevice, 'show', frame, waiting],
  [DrmDevice, 'createDumb', (_on, n) => ({ width: 64, height: pick([32, 0, 1], n) })],
  [DrmDevice, 'primeFdToHandle', buffer],
  [DrmDevice, 'closeHandle', small],
  [DrmDevice, 'addFramebuffer', (_on, n) => ({ ...pick(LAYOUTS, n), handle: n % 4 })],
  [DrmDevice, 'removeFramebuffer', small],
  [DrmDevice, 'pageFlip', (_on, n) => ({ crtc: n % 64, framebuffer: n % 8, userData: n })],
  [DrmDevice, 'readEvent', waiting],
  [DumbBuffer, 'map'],
  [DumbBuffer, 'exportBuffer'],
  [DumbBuffer, 'close'],
  [VgemDevice, 'importBuffer', buffer],
  [VgemDevice, 'attachFence', imported, access],
  [VgemDevice, 'signalFence', small],
  [ImportedBuffer, 'close'],
]

/** Functions of the classes themselves. */
const STATICS: readonly Row[] = [
  [DmaHeap, 'open', kernel],
  [Memfd, 'create', kernel, name, size, () => ({ seals: ['shrink'] })],
  [Udmabuf, 'open', kernel],
  [DmaBuf, 'adopt', kernel, small],
  [DmaBuf, 'borrow', kernel, small],
  [SyncFile, 'borrow', kernel, small],
  [VideoDevice, 'open', kernel],
  [DrmDevice, 'open', kernel],
  [VgemDevice, 'open', kernel],
]

class Player {
  readonly objects = new Objects()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  get kernel(): World['kernel'] {
    return this.#world.kernel
  }

  /** May sleep. One object of each, so that short programs get somewhere. */
  async begin(): Promise<void> {
    const { kernel, objects } = this
    const heap = DmaHeap.open(kernel)
    for (const one of [heap, Udmabuf.open(kernel)]) objects.add(one)
    objects.add(Memfd.create(kernel, 'fuzz', 16384, { seals: ['shrink'] }))
    objects.add(await VideoDevice.open(kernel))
    objects.add(await DrmDevice.open(kernel))
    objects.add(await VgemDevice.open(kernel))
    objects.add(await heap.allocateBuffers(3, 8192))
  }

  /** May sleep. One call; a new object is kept, and an error must be one that a user can use. */
  async make({ which, numbers }: Operation): Promise<void> {
    const [kind, method, ...wanted] = pick([...METHODS, ...STATICS], which)
    const isStatic = which % (METHODS.length + STATICS.length) >= METHODS.length
    const target = isStatic ? kind : this.objects.pick(kind, numbers[3])
    if (target === undefined) return
    try {
      const made = await this.#world.within(PATIENCE, async (signal) => {
        const given = wanted.map((argument, i) => {
          const number = pick(numbers, i) + which
          if (number % WILD_ONE !== 0) return argument(this, number, signal)
          return pick(WAITS.has(argument) ? WRONG_WAITS : WILD, number)
        })
        return (target as Record<string, (...all: unknown[]) => unknown>)[method]?.(...given)
      })
      this.objects.add(made)
      if (target instanceof VideoDevice && method.startsWith('start')) await this.#frame(target)
    } catch (error) {
      expectUsable(error)
    }
  }

  /** May sleep. */
  async #frame(camera: VideoDevice): Promise<void> {
    await this.#world.within(PATIENCE, async (signal) => {
      const { value } = await camera.frames({ signal }).next()
      this.objects.add(value)
    })
  }

  /** May sleep. Disposes everything, the newest first. */
  async end(): Promise<void> {
    for (const one of this.objects.newestFirst) {
      try {
        if (Symbol.asyncDispose in one) await (one as AsyncDisposable)[Symbol.asyncDispose]()
        else (one as Disposable)[Symbol.dispose]()
      } catch (error) {
        expectUsable(error)
      }
    }
  }
}

/** A kernel's error, one of an argument, or the reason of an abort; or several of these. */
function expectUsable(error: unknown): void {
  if (error instanceof DisposalError) {
    expectUsable(error.error)
    expectUsable(error.suppressed)
    return
  }
  if (isSystemError(error) || (error instanceof Error && error.message === 'over')) return
  expect(error).toMatchObject({ code: expect.stringMatching(CODES) })
}

const numbers: fc.Arbitrary<Numbers> = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999), fc.nat(999))
const operation: fc.Arbitrary<Operation> = fc.record({ which: fc.nat(9999), numbers })
const choice: fc.Arbitrary<Choice> = fc.record({
  ...{ board: fc.nat(5), policy: fc.nat(2), seed: fc.nat(999), checked: fc.boolean() },
})

/** May sleep. */
async function play(where: Choice, operations: readonly Operation[]): Promise<string> {
  const world = new World(where)
  const player = new Player(world)
  await player.begin()
  for (const one of operations) await player.make(one)
  await player.end()
  await world.expectNothingLeft()
  await world.expectSound()
  await world.expectNothingLeft()
  return world.report()
}

describe('the classes under random calls', () => {
  test(
    'throw what a user can use, leave nothing, stay sound, and do the same again',
    async () => {
      const programs = fc.array(operation, { maxLength: 50, size: 'max' })
      await fc.assert(
        fc.asyncProperty(choice, programs, async (where, operations) => {
          expect(await play(where, operations)).toBe(await play(where, operations))
        }),
        runs(20),
      )
    },
    TIMEOUT,
  )
})
