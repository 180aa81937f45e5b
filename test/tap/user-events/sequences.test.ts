/** Any calls, in any order: their events must be those that the simulated kernel emits for them. */
import type { Kernel } from 'dmabuf'
import { lazyPolicy, pc, SimKernel } from 'dmabuf/sim'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DmabufEvent } from '../../../src/events/event.ts'
import * as uapi from '../../uapi.ts'
import { alike } from './alike.ts'
import { watchBoth } from './watched.ts'

const PAGE = uapi.PAGE_SIZE
const READ_WRITE = uapi.PROT_READ | uapi.PROT_WRITE

/** Numbers that choose among the existing objects. */
type Choices = readonly [number, number, number]
type Sys = Kernel['sys']

/** Descriptors and areas that there are or were: calls on dead ones belong to the game. */
interface World {
  readonly sys: Sys
  readonly fds: number[]
  readonly areas: { address: number; length: number }[]
}

type Step = (world: World, choices: Choices) => unknown

function pick<T>(list: readonly T[], choice: number): T | undefined {
  return list[choice % Math.max(1, list.length)]
}

const fdOf = ({ fds }: World, choice: number): number => pick(fds, choice) ?? 77

function keep({ fds }: World, fd: number): void {
  if (fd >= 0) fds.push(fd)
}

const steps: Readonly<Record<string, Step>> = {
  memfd(world, [a]) {
    const fd = world.sys.memfdCreate('m', uapi.MFD_ALLOW_SEALING)
    keep(world, fd)
    world.sys.ftruncate(fd, ((a % 4) + 1) * PAGE)
    if (a % 2 === 0) world.sys.fcntl(fd, uapi.F_ADD_SEALS, uapi.F_SEAL_SHRINK)
  },
  async heap(world, [a]) {
    const heap = world.sys.open('/dev/dma_heap/system', uapi.O_RDWR)
    const bytes = uapi.dmaHeapAllocationData.create({ len: (a % 5) * PAGE, fd_flags: 2 })
    const result = await world.sys.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, uapi.plainArg(bytes))
    if (result === 0) keep(world, uapi.dmaHeapAllocationData.decode(bytes).fd)
    world.sys.close(heap)
  },
  async udmabuf(world, [a, b]) {
    const device = world.sys.open('/dev/udmabuf', uapi.O_RDWR)
    const bytes = uapi.udmabufCreate.create({ memfd: fdOf(world, a), size: ((b % 3) + 1) * PAGE })
    keep(world, await world.sys.ioctl(device, uapi.UDMABUF_CREATE, uapi.plainArg(bytes)))
    world.sys.close(device)
  },
  dup: (world, [a]) => keep(world, world.sys.dup(fdOf(world, a))),
  dupFrom: (world, [a, b]) =>
    keep(world, world.sys.fcntl(fdOf(world, a), uapi.F_DUPFD_CLOEXEC, b % 40)),
  close: (world, [a]) => world.sys.close(fdOf(world, a)),
  truncate: (world, [a, b]) => world.sys.ftruncate(fdOf(world, a), (b % 6) * 3000),
  sync: (world, [a, b]) => {
    const bytes = uapi.dmaBufSync.create({ flags: b % 9 })
    return world.sys.ioctl(fdOf(world, a), uapi.DMA_BUF_IOCTL_SYNC, uapi.plainArg(bytes))
  },
  map(world, [a, b, c]) {
    const length = ((b % 5) + 1) * PAGE
    const protection = c % 3 === 0 ? uapi.PROT_READ : READ_WRITE
    const offset = (c % 3) * PAGE
    const { sys, areas } = world
    const address = sys.mmap(length, protection, uapi.MAP_SHARED, fdOf(world, a), offset)
    if (address >= 0) areas.push({ address, length })
  },
  unmap({ sys, areas }, [a, b, c]) {
    const area = pick(areas, a)
    if (area === undefined) return
    sys.munmap(area.address + (b % 3) * PAGE, ((c % 5) + 1) * PAGE)
  },
  remap({ sys, areas }, [a, b, c]) {
    const area = pick(areas, a)
    if (area === undefined) return
    const length = ((b % 8) + 1) * PAGE
    const flags = c % 2 === 0 ? uapi.MREMAP_MAYMOVE : 0
    const address = sys.mremap(area.address, area.length, length, flags)
    if (address >= 0) areas.push({ address, length })
  },
  view({ sys, areas }, [a, b, c]) {
    const area = pick(areas, a)
    if (area === undefined) return
    sys.view(area.address + (b % 5000), c % (3 * PAGE), b % 2 === 0 ? 'bracket' : 'mapping')
  },
  load({ sys, areas }, [a, b, c]) {
    const area = pick(areas, a)
    if (area !== undefined) sys.load(area.address + (b % 9000), new Uint8Array((c % 9000) + 1))
  },
  store({ sys, areas }, [a, b, c]) {
    const area = pick(areas, a)
    if (area !== undefined) sys.store(area.address + (b % 9000), new Uint8Array((c % 9000) + 1))
  },
}

/**
 * Without the accesses of calls that faulted: a store beyond a file's end is done up to it, which only
 * the kernel knows.
 */
function withoutFaulted(events: readonly DmabufEvent[]): DmabufEvent[] {
  const kept: DmabufEvent[] = []
  let entered = 0
  for (const event of events) {
    if (event.kind === 'call' && event.phase === 'enter') entered = kept.length
    const isFault = event.kind === 'call' && event.phase === 'exit' && (event.result ?? 0) < 0
    if (isFault) {
      const made = kept.splice(entered)
      kept.push(...made.filter(({ kind }) => kind !== 'cpu-store' && kind !== 'cpu-load'))
    }
    kept.push(event)
  }
  return kept
}

const number = fc.nat(50_000)
const sequences = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.tuple(number, number, number)),
  { minLength: 5, maxLength: 60 },
)

test('calls in any order tell what the kernel tells of them', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      const sim = new SimKernel({ board: pc, policy: lazyPolicy })
      const { kernel, user } = watchBoth(sim)
      const world: World = { sys: sim.sys, fds: [], areas: [] }
      for (const [name, choices] of sequence) await steps[name]?.(world, choices)
      const { fromCalls, fromKernel } = alike(withoutFaulted(kernel), user)
      expect(fromCalls).toEqual(fromKernel)
      sim.exit()
    }),
    {
      numRuns: 300,
      // Found differences before: a store that its file's end cuts.
      examples: [
        [
          [
            ['memfd', [8761, 0, 0]],
            ['map', [0, 56, 9616]],
            ['memfd', [0, 0, 0]],
            ['store', [0, 0, 31_096]],
            ['memfd', [0, 0, 0]],
          ],
        ],
      ],
    },
  )
}, 60_000)
