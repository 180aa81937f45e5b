/** A finding stands with the party that made the mistake: the importer, the exporter, or the program. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import {
  type DmaBuf,
  type DmaDirection,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iowr,
} from 'dmabuf/driver'
import { armSoc, type Board, boards, patternSource } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { COPY, type Copy, close, copier, DEVICE, fdsOf, open, transfer } from './copier.ts'
import { request, type Told, tell } from './harness.ts'
import { pageExporter } from './page-exporter.ts'

const SIZE = 8192
const all = [...boards.values()]
const bouncing = boards.get('pc-bounce') as Board
const rpi4 = boards.get('rpi4') as Board

/** `rule at file`, each once. */
function named({ findings }: Told): string[] {
  const places = findings.map(
    ({ rule, where }) => `${rule} at ${where?.replace(/.*\//, '').replace(/:.*/, '')}`,
  )
  return [...new Set(places)].sort()
}

/** Copies a buffer of each heap, and reads the copy in a CPU access. */
const copies =
  (...heaps: readonly string[]) =>
  async (kernel: Kernel) => {
    const seen: number[] = []
    for (const name of heaps) {
      using heap = DmaHeap.open(kernel, name)
      using from = await heap.allocate(SIZE)
      using to = await heap.allocate(SIZE)
      await from.withCpuAccess('write', (bytes) => bytes.fill(7))
      await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
      await to.withCpuAccess('read', (bytes) => void seen.push(bytes[0] ?? -1))
    }
    return seen
  }

const copyInto =
  (direction: DmaDirection): Copy =>
  async (context, call) => {
    const [from, to] = fdsOf(context, call)
    const source = await open(context, call, from, 'to-device')
    const target = await open(context, call, to, direction)
    await transfer(context, source, target)
    await close(context, source)
    await close(context, target)
    return 0
  }

describe.each(all)('a mapping too narrow for its device on $name', (board) => {
  it("is the importer's mistake, once, whichever exporter maps as it was asked", async () => {
    const drivers = [pageExporter(), copier(copyInto('to-device'))]
    const told = await tell(copies('pages', 'system'), drivers, { board })
    expect(named(told)).toEqual(['mapping-direction at copier.ts'])
    expect(told.findings).toHaveLength(1)
  })

  it("is the exporter's where the importer asked for the right direction", async () => {
    const narrowing = pageExporter({
      broken: (_context, ops) => ({
        mapDmaBuf: (attachment) => ops.mapDmaBuf(attachment, 'to-device'),
        unmapDmaBuf: (attachment, mapping) =>
          ops.unmapDmaBuf(attachment, mapping, mapping.direction),
      }),
    })
    const drivers = [narrowing, copier(copyInto('from-device'))]
    expect(named(await tell(copies('pages'), drivers, { board }))).toEqual([
      'mapping-direction at page-exporter.ts',
    ])
  })

  it('is no mistake where it covers what the device does', async () => {
    const drivers = [pageExporter(), copier(copyInto('from-device'))]
    const told = await tell(copies('pages', 'system'), drivers, { board })
    expect([told.findings, told.value]).toEqual([[], [7, 7]])
  })
})

describe.each(all)('a job on a mapping that its own driver ended on $name', (board) => {
  const late: Copy = async (context, call) => {
    const [from, to] = fdsOf(context, call)
    const source = await open(context, call, from, 'to-device')
    const target = await open(context, call, to, 'from-device')
    await context.dmaBufUnmapAttachmentUnlocked(target.attachment, target.mapping, 'from-device')
    await transfer(context, source, target)
    await close(context, source)
    context.dmaBufDetach(target.buffer, target.attachment)
    context.dmaBufPut(target.buffer)
    return 0
  }

  it('is one finding, which names the driver, and not what the program reads afterwards', async () => {
    const told = await tell(copies('system'), [copier(late, 'late copier')], { board })
    expect(told.findings.map(({ rule }) => rule)).toEqual(['use-after-release'])
    const [finding] = told.findings
    expect(finding?.where).toMatch(/copier\.ts/)
    expect(finding?.message).toMatch(/that late copier had unmapped/)
  })
})

/** Stores to a bus address: the mapping's own, or the memory's physical one. */
function bus(which: 'dma' | 'physical'): Driver {
  return copier(async (context, call) => {
    const [, to] = fdsOf(context, call)
    const { buffer, attachment, mapping, direction } = await open(
      context,
      call,
      to,
      'bidirectional',
    )
    const physical = mapping.table.segments[0]?.physical ?? 0
    context.busStore(DEVICE, which === 'dma' ? mapping.address : physical, new Uint8Array(64))
    await close(context, { buffer, attachment, mapping, direction })
    return 0
  })
}

describe.each([bouncing, rpi4, boards.get('arm-soc-iommu') as Board])(
  'a device that is given a physical address on $name',
  (board) => {
    it('is out of range, at the line that gave it, and nothing else is a finding', async () => {
      const told = await tell(copies('system'), [bus('physical')], { board })
      expect(named(told)).toEqual(['out-of-range at parties.test.ts'])
      expect(told.findings).toHaveLength(1)
    })

    it('is right where it is given the address of its mapping', async () => {
      expect((await tell(copies('system'), [bus('dma')], { board })).findings).toEqual([])
    })
  },
)

const TOUCH = iowr('T', 0, 16)
type Way = 'load' | 'store'

/** Loads or stores a dma-buf by the CPU, in an access of `direction`, or in none. */
function touching(way: Way, direction: DmaDirection | undefined): Driver {
  return {
    name: 'cpu driver',
    probe(context) {
      context.miscRegister({
        name: 'cpu',
        open: () => ({ ioctl: (call) => touch(context, call, way, direction) }),
      })
    },
  }
}

async function touch(
  context: DriverContext,
  call: IoctlCall,
  way: Way,
  direction: DmaDirection | undefined,
): Promise<number> {
  const [fd = -1] = new Int32Array(context.copyFromUser(call.argument, 4).buffer)
  const buffer: DmaBuf = context.dmaBufGet(fd, call)
  const view = await context.dmaBufVmapUnlocked(buffer)
  if (direction !== undefined) await context.dmaBufBeginCpuAccess(buffer, direction)
  if (way === 'load') view.load(200, new Uint8Array(8))
  else view.store(200, new Uint8Array(8).fill(9))
  if (direction !== undefined) await context.dmaBufEndCpuAccess(buffer, direction)
  await context.dmaBufVunmapUnlocked(buffer, view)
  context.dmaBufPut(buffer)
  return 0
}

/** A device writes, a driver's CPU touches, a device reads. */
async function touched(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel, 'pages')
  using a = await heap.allocate(SIZE)
  using b = await heap.allocate(SIZE)
  await a.withCpuAccess('write', (bytes) => bytes.fill(1))
  for (let i = 0; i < 2; i++) {
    await request(kernel, '/dev/copier', COPY, a.fd, b.fd)
    await request(kernel, '/dev/cpu', TOUCH, b.fd, 0, 0, 0)
    await request(kernel, '/dev/copier', COPY, b.fd, a.fd)
  }
}

const mistakes: readonly [string, Way, DmaDirection | undefined, string][] = [
  ['loads outside any CPU access', 'load', undefined, 'read-outside-bracket'],
  ['stores outside any CPU access', 'store', undefined, 'write-outside-bracket'],
  ['stores in an access that was begun from-device', 'store', 'from-device', 'bracket-direction'],
  ['loads in an access that was begun to-device', 'load', 'to-device', 'bracket-direction'],
]

describe.each(all)('a driver that imports and uses vmap on $name', (board) => {
  it.each(mistakes)(
    'is named where it %s, with calls of the kernel as the way out',
    async (...it) => {
      const [, way, direction, rule] = it
      const drivers = [pageExporter(), copier(), touching(way, direction)]
      const told = await tell(touched, drivers, { board })
      expect(named(told)).toEqual([`${rule} at parties.test.ts`])
      const [finding] = told.findings
      expect(finding?.fix).toMatch(/dma_buf_begin_cpu_access/)
      expect(finding?.fix).not.toMatch(/withCpuAccess|SYNC/)
    },
  )

  it.each([
    ['load', 'from-device'],
    ['store', 'bidirectional'],
  ] as const)('is right with a %s in an access %s', async (way, direction) => {
    const drivers = [pageExporter(), copier(), touching(way, direction)]
    expect((await tell(touched, drivers, { board })).findings).toEqual([])
  })
})

describe('a map with a skip hint over memory that its owner before left dirty', () => {
  const sensor = (skipCpuSync: boolean): Driver => ({
    name: 'sensor driver',
    probe(context) {
      const { dma } = context
      context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20 })
      context.miscRegister({
        name: 'sensor',
        open: () => ({
          async ioctl() {
            const before = context.allocPages(SIZE, { contiguous: true })
            before.fill(1)
            context.freePages(before)
            const pages = context.allocPages(SIZE, { contiguous: true })
            const table = context.sgAllocTableFromPages(pages)
            const mapping = dma.mapSgtable(DEVICE, table, 'from-device', { skipCpuSync })
            const job = context.startJob(mapping, 'write')
            await context.sleep(1000)
            job.store(0, new Uint8Array(SIZE).fill(2))
            job.finish()
            dma.unmapSgtable(mapping, 'from-device')
            pages.load(0, new Uint8Array(SIZE))
            context.freePages(pages)
            return 0
          },
        }),
      })
    },
  })
  const program = (kernel: Kernel): Promise<number> =>
    request(kernel, '/dev/sensor', TOUCH, 0, 0, 0, 0)

  it.each([armSoc, rpi4])(
    'is named at the map on $name, and the load is no finding',
    async (board) => {
      const told = await tell(program, [sensor(true)], { board })
      expect(told.findings.map(({ rule }) => rule)).toEqual(['unsafe-skip-hint'])
      expect(told.findings[0]?.because.text).toMatch(/map at event \d+ has DMA_ATTR_SKIP_CPU_SYNC/)
      expect((await tell(program, [sensor(false)], { board })).findings).toEqual([])
    },
  )
})

describe('an exporter that has its memory mapped for its own engine', () => {
  it.each(all.filter(({ name }) => name !== 'pc-bounce' && name !== 'rpi4'))(
    'is no finding beside an importer that keeps its mapping on $name',
    async (board) => {
      const told = await tell(copies('engine', 'engine'), [engine, copier()], { board })
      expect([told.findings, told.misuse]).toEqual([[], []])
    },
  )
})

/**
 * Exports pages that it has mapped for its own device, bidirectional, for as long as they exist.
 */
const engine: Driver = {
  name: 'engine',
  probe(context) {
    const { dma } = context
    context.registerDevice('engine', { maxSegmentSize: 2 ** 20 })
    const inner = pageExporter({ name: 'engine' })
    return inner.probe({
      ...context,
      dmaBufExport(info) {
        const { pages } = info.priv as { pages: Parameters<typeof context.freePages>[0] }
        const own = dma.mapSgtable('engine', context.sgAllocTableFromPages(pages), 'bidirectional')
        const { beginCpuAccess, endCpuAccess, release } = info.ops
        return context.dmaBufExport({
          ...info,
          ops: {
            ...info.ops,
            beginCpuAccess(buffer, direction) {
              dma.syncSgtableForCpu(own, 'bidirectional')
              return beginCpuAccess?.(buffer, direction)
            },
            endCpuAccess(buffer, direction) {
              dma.syncSgtableForDevice(own, 'bidirectional')
              return endCpuAccess?.(buffer, direction)
            },
            release(buffer) {
              dma.unmapSgtable(own, 'bidirectional')
              return release(buffer)
            },
          },
        })
      },
    })
  },
}

describe('two devices with bounce copies of their own', () => {
  const player = (first: 'camera' | 'display') => async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    const buffers = await heap.allocateBuffers(2, format.sizeImage)
    if (first === 'camera') await camera.start(buffers)
    const imports = await Promise.all(buffers.map((buffer) => display.primeFdToHandle(buffer)))
    if (first === 'display') await camera.start(buffers)
    for (let i = 0; i < 4; i++) {
      const filled = await camera.dequeue()
      if (filled === undefined) break
      await buffers[filled.index]?.withCpuAccess('read', () => {})
      await camera.queue(filled.index)
    }
    await camera.stop()
    for (const handle of imports) await display.closeHandle(handle)
  }
  const source = patternSource(64, 32)

  it.each([bouncing, rpi4])(
    'are a finding on $name where the older copy comes last, which names it and the order',
    async (board) => {
      const told = await tell(player('display'), [], { board, source })
      expect(told.findings.map(({ rule }) => rule)).toEqual(['bounce-not-synced'])
      const [finding] = told.findings
      expect(finding?.message).toMatch(
        /the stale bounce buffer of display was copied over the bytes of camera/,
      )
      expect(finding?.fix).toMatch(/^Let camera take the buffer before display does/)
      expect((await tell(player('camera'), [], { board, source })).findings).toEqual([])
    },
  )

  it('and a write-only access that replaces a part are told at the access', async () => {
    const program = (access: 'write' | 'read-write') => async (kernel: Kernel) => {
      await using camera = await VideoDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(2, format.sizeImage))
      for await (await using frame of camera.frames({ count: 1 })) {
        await frame.buffer.withCpuAccess(access, (bytes) => bytes.fill(1, 0, 1024))
        await frame.buffer.withCpuAccess('read', () => {})
      }
    }
    const told = await tell(program('write'), [], { board: bouncing, source })
    expect(named(told)).toEqual(['partial-write-over-stale at parties.test.ts'])
    expect(told.findings[0]?.fix).toMatch(/'read-write', or store every byte of the buffer/)
    const twin = await tell(program('read-write'), [], { board: bouncing, source })
    expect(twin.findings).toEqual([])
  })
})

describe('a device that snoops, beside a mapping that another device keeps', () => {
  const FILL = iowr('G', 0, 4)
  const gpu: Driver = {
    name: 'gpu driver',
    probe(context) {
      context.registerDevice('gpu', { maxSegmentSize: 2 ** 20 })
      context.miscRegister({
        name: 'gpu',
        open: () => ({
          async ioctl(call) {
            const [fd = -1] = new Int32Array(context.copyFromUser(call.argument, 4).buffer)
            const buffer = context.dmaBufGet(fd, call)
            const attachment = await context.dmaBufAttach(buffer, 'gpu')
            const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'bidirectional')
            const job = context.startJob(mapping, 'write', { start: 0, end: 4096 })
            await context.sleep(1000)
            job.store(0, new Uint8Array(4096).fill(5))
            job.finish()
            await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'bidirectional')
            context.dmaBufDetach(buffer, attachment)
            context.dmaBufPut(buffer)
            return 0
          },
        }),
      })
    },
  }
  /** The camera has the buffers mapped all the time. */
  const program =
    (between: 'nothing' | 'an empty access for writing') => async (kernel: Kernel) => {
      await using camera = await VideoDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(2, format.sizeImage))
      for await (await using frame of camera.frames({ count: 1 })) {
        await request(kernel, '/dev/gpu', FILL, frame.buffer.fd)
        if (between !== 'nothing') await frame.buffer.withCpuAccess('write', () => {})
        await frame.buffer.withCpuAccess('read', () => {})
      }
    }

  it.each([armSoc, boards.get('arm-soc-iommu') as Board])(
    'loses what it left in the cache to the START on $name, and an END for writing before it helps',
    async (board) => {
      const options = { board, source: patternSource(64, 32) }
      const told = await tell(program('nothing'), [gpu], options)
      expect(named(told)).toEqual(['unsynced-handoff at parties.test.ts'])
      const [finding] = told.findings
      expect(finding?.message).toMatch(/an invalidate for camera, which also has the buffer mapped/)
      expect(finding?.fix).toMatch(/empty CPU access for writing/)
      const twin = await tell(program('an empty access for writing'), [gpu], options)
      expect(twin.findings).toEqual([])
    },
  )
})
