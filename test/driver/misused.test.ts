/**
 * Late uses, double releases and wrong arguments of custom drivers: each is reported, and survived.
 */
import { DmaHeap, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type Driver,
  type DriverContext,
  type DriverFile,
  type IoctlCall,
  io,
  type KernelMemory,
  type SgTable,
} from 'dmabuf/driver'
import { describe, expect, it } from 'vitest'
import { COPY, copier } from './copier.ts'
import { request, type Told, tell } from './harness.ts'
import { type Exported, exportPages, pageExporter } from './page-exporter.ts'

const GO = io('G', 0)
const SIZE = 8192
const EINVAL = -22
const EIO = -5

type Go = (context: DriverContext, call: IoctlCall) => Promise<number> | number

/** A device /dev/one with one request, and other functions of its file. */
function one(go: Go, file: Partial<DriverFile> = {}): Driver {
  return {
    name: 'one',
    probe(context) {
      context.registerDevice('engine', { maxSegmentSize: 2 ** 20 })
      context.miscRegister({
        name: 'one',
        open: () => ({ ioctl: (call) => go(context, call), ...file }),
      })
    },
  }
}

async function going(go: Go, drivers: readonly Driver[] = []): Promise<Told> {
  return await tell((kernel) => request(kernel, '/dev/one', GO), [one(go), ...drivers])
}

function pagesOf(buffer: DmaBuf | undefined): KernelMemory | undefined {
  return (buffer?.priv as Exported | undefined)?.pages
}

function rules({ findings }: Told): string[] {
  return findings.map(({ rule }) => rule)
}

describe('memory that was freed', () => {
  const bytes = new Uint8Array(64)
  const uses: [string, (memory: KernelMemory, context: DriverContext) => void][] = [
    ['load', (memory) => void memory.load(0, bytes)],
    ['store', (memory) => memory.store(0, bytes)],
    [
      'dma_map_single',
      (memory, { dma }) => {
        const mapping = dma.mapSingle('engine', memory, 0, 4096, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 4096, 'to-device')
      },
    ],
  ]

  it.each(uses)('and is used: %s', async (operation, use) => {
    const told = await going((context) => {
      const memory = context.kmalloc(4096)
      memory.fill(0)
      context.kfree(memory)
      use(memory, context)
      return 0
    })
    expect(told.misuse).toEqual([`use-after-release ${operation} one`])
    expect(rules(told)).toEqual(['use-after-release'])
  })

  it('while a device has it mapped is reached by the device', async () => {
    const told = await going((context) => {
      const memory = context.kmalloc(4096)
      const mapping = context.dma.mapSingle('engine', memory, 0, 4096, 'from-device')
      context.dma.mappingError(mapping)
      const job = context.startJob(mapping, 'write')
      context.kfree(memory)
      job.store(0, new Uint8Array(4096))
      job.finish()
      context.dma.unmapSingle(mapping, 4096, 'from-device')
      return 0
    })
    expect(rules(told)).toEqual(['use-after-release'])
    expect(told.findings[0]?.message).toContain('freed while it was mapped for engine')
  })
})

it('a vmap that was taken back is used', async () => {
  const told = await going(async (context) => {
    const buffer = exportPages(context, SIZE)
    await context.dmaBufBeginCpuAccess(buffer, 'from-device')
    const mapping = await context.dmaBufVmapUnlocked(buffer)
    await context.dmaBufVunmapUnlocked(buffer, mapping)
    mapping.load(0, new Uint8Array(4))
    await context.dmaBufEndCpuAccess(buffer, 'from-device')
    context.dmaBufPut(buffer)
    return 0
  })
  expect(told.misuse).toEqual(['use-after-release load one'])
})

describe('a reference that the driver has not', () => {
  it('goes with a descriptor that a later call gives out', async () => {
    let kept: DmaBuf | undefined
    const driver = one((context, call) => {
      kept ??= exportPages(context, SIZE)
      return context.dmaBufFd(kept, 0, call)
    })
    const told = await tell(
      async (kernel) => {
        const [first, second] = [
          await request(kernel, '/dev/one', GO),
          await request(kernel, '/dev/one', GO),
        ]
        kernel.sys.close(first)
        kernel.sys.close(second)
      },
      [driver],
    )
    expect(told.misuse[0]).toBe('put-after-release dma_buf_fd one')
    expect(rules(told)).toEqual(['reference-misuse'])
  })

  it('goes with a buffer that a heap allocates twice', async () => {
    let kept: DmaBuf | undefined
    const allocate = (_: DriverContext, good: (length: number) => DmaBuf, length: number): DmaBuf =>
      (kept ??= good(length))
    const program = async (kernel: Kernel): Promise<void> => {
      using heap = DmaHeap.open(kernel, 'pages')
      using first = await heap.allocate(SIZE)
      using second = await heap.allocate(SIZE)
      expect(first.size).toBe(second.size)
    }
    const told = await tell(program, [pageExporter({ allocate })])
    expect(told.misuse[0]).toBe('put-after-release allocate pages')
    expect(rules(told)).toEqual(['reference-misuse'])
  })
})

describe('a table that lies', () => {
  const lies: [string, (table: SgTable) => SgTable][] = [
    [
      'of fewer segments',
      (table) => ({
        ...table,
        segments: table.segments.map((segment) => ({ ...segment, length: 100 })),
      }),
    ],
    ['of segments elsewhere', (table) => ({ ...table, segments: [{ physical: 0, length: SIZE }] })],
    [
      'of longer segments',
      (table) => ({
        ...table,
        segments: table.segments.map((segment) => ({ ...segment, length: 2 * SIZE })),
      }),
    ],
    ['of its size', (table) => ({ ...table, size: 2 * SIZE })],
    [
      'of memory that there is not',
      (table) =>
        ({ ...table, runs: [{ storage: { size: SIZE }, offset: 0, length: SIZE }] }) as never,
    ],
    [
      'of half bytes',
      (table) => ({
        ...table,
        runs: table.runs.flatMap((run) => [
          { ...run, length: 0.5 },
          { ...run, length: SIZE - 0.5 },
        ]),
      }),
    ],
  ]

  it.each(lies)('%s is refused', async (_what, lie) => {
    const told = await going((context) => {
      const pages = context.allocPages(SIZE)
      try {
        context.dma.mapSgtable('engine', lie(context.sgAllocTableFromPages(pages)), 'to-device')
      } finally {
        context.freePages(pages)
      }
      return 0
    })
    expect([told.value, told.misuse, told.left]).toEqual([
      EINVAL,
      ['map-invalid-area dma_map_sgtable one'],
      {},
    ])
  })

  it.each([
    ['nothing', undefined],
    ['no memory', { runs: [{ storage: null, offset: 0, length: SIZE }], segments: [], size: SIZE }],
  ])('must have memory, and not %s', async (_what, table) => {
    const told = await going((context) => {
      context.dma.mapSgtable('engine', table as never, 'to-device')
      return 0
    })
    expect([told.value, told.misuse]).toEqual([EIO, ['operation-threw ioctl one']])
    expect(told.texts[0]).toContain('one: the table that dma_map_sgtable is given')
  })

  it('is none where it lists smaller pieces of the same places', async () => {
    const told = await going((context) => {
      const pages = context.allocPages(SIZE, { contiguous: true })
      const table = context.sgAllocTableFromPages(pages)
      const segments = table.segments.flatMap(({ physical, length }) => [
        { physical, length: 100 },
        { physical: physical + 100, length: length - 100 },
      ])
      const mapping = context.dma.mapSgtable('engine', { ...table, segments }, 'to-device')
      context.dma.unmapSgtable(mapping, 'to-device')
      context.freePages(pages)
      return 0
    })
    expect([told.value, told.misuse, told.left]).toEqual([0, [], {}])
  })
})

describe('pages that an exporter maps', () => {
  it.each([
    ['nowhere', null],
    ['in what is no memory', { size: SIZE }],
  ])('%s are refused', async (_what, storage) => {
    const runs = [{ storage: storage as never, offset: 0, length: SIZE }]
    const broken = () => ({ mmap: () => ({ runs, attribute: 'cached' as const }) })
    const program = async (kernel: Kernel): Promise<void> => {
      using heap = DmaHeap.open(kernel, 'pages')
      using buffer = await heap.allocate(SIZE)
      expect(() => buffer.map()).toThrow('EINVAL')
    }
    const told = await tell(program, [pageExporter({ broken })])
    expect([told.error, told.misuse, told.left]).toEqual([
      undefined,
      ['operation-returned mmap pages'],
      {},
    ])
  })
})

describe('bytes that an exporter maps', () => {
  const twoPages = async (kernel: Kernel): Promise<void> => {
    const { sys } = kernel
    using heap = DmaHeap.open(kernel, 'pages')
    using buffer = await heap.allocate(SIZE)
    const [first, second] = [
      sys.mmap(4096, 3, 1, buffer.fd, 0),
      sys.mmap(4096, 3, 1, buffer.fd, 4096),
    ]
    sys.munmap(first, 4096)
    sys.munmap(second, 4096)
  }

  it('from the wrong base are told: two views overlap', async () => {
    const broken = (context: DriverContext) => ({
      mmap: ({ priv }: DmaBuf, _offset: number, length: number) =>
        context.remapPages((priv as Exported).pages, 0, length),
    })
    const told = await tell(twoPages, [pageExporter({ broken })])
    expect(rules(told)).toEqual(['driver-contract'])
    expect(told.findings[0]?.message).toContain(
      'pages maps bytes 4096 to 8192 of buffer 1 for the program',
    )
    expect(told.findings[0]?.message).toContain('where the program has its bytes 0 to 4096')
  })

  it('from the right one are not', async () => {
    expect(rules(await tell(twoPages, [pageExporter()]))).toEqual([])
  })

  it('elsewhere than for devices are told', async () => {
    const program = async (kernel: Kernel): Promise<void> => {
      using heap = DmaHeap.open(kernel, 'pages')
      using buffer = await heap.allocate(SIZE)
      using mapping = buffer.map()
      await request(kernel, '/dev/copier', COPY, buffer.fd, buffer.fd)
      expect(mapping.length).toBe(SIZE)
    }
    const broken = (context: DriverContext) => ({
      mmap: ({ priv }: DmaBuf) => {
        const { storage } = context.remapPages((priv as Exported).pages, 0, SIZE).runs[0] as never
        const page = (offset: number) => ({ storage, offset, length: 4096 })
        return { runs: [page(4096), page(0)], attribute: 'cached' as const }
      },
    })
    const told = await tell(program, [pageExporter({ broken }), copier()])
    expect(rules(told)).toEqual(['driver-contract'])
    expect(told.findings[0]?.message).toContain('for copier')
  })
})

describe('a file of a driver', () => {
  const boom = (): never => {
    throw new TypeError('boom')
  }
  const opened =
    (use: (kernel: Kernel, fd: number) => unknown) =>
    async (kernel: Kernel): Promise<unknown> => {
      const fd = kernel.sys.open('/dev/one', 2)
      const result = await use(kernel, fd)
      kernel.sys.close(fd)
      return result
    }

  it('that reads more than was asked', async () => {
    const program = opened(({ sys }, fd) => sys.read(fd, new Uint8Array(8)))
    const told = await tell(program, [one(() => 0, { read: () => 9 })])
    expect([told.value, told.misuse]).toEqual([EINVAL, ['operation-returned read one']])
  })

  it('that throws where somebody wants to be woken', async () => {
    const program = opened(({ sys }, fd) => sys.poll([{ fd, events: 1, revents: 0 }], 1000))
    const told = await tell(program, [one(() => 0, { poll: () => 0, onReady: boom })])
    expect([told.value, told.misuse]).toEqual([0, ['operation-threw poll_wait one']])
  })

  it.each([
    ['no buffer', undefined, 0],
    ['what is no buffer', { inode: 5 }, 0],
    ['no place', 'real', Number.NaN],
  ])('that maps pages of %s', async (_what, buffer, offset) => {
    let context: DriverContext | undefined
    let real: DmaBuf | undefined
    const driver = one(
      (own) => {
        context = own
        real = exportPages(own, SIZE)
        return 0
      },
      {
        mmap: ({ length }) => ({
          buffer: (buffer === 'real' ? real : buffer) as DmaBuf,
          offset,
          pages: context?.remapPages(pagesOf(real) as never, 0, length) as never,
        }),
        release: () => real !== undefined && context?.dmaBufPut(real),
      },
    )
    const program = opened(async ({ sys }, fd) => {
      await sys.ioctl(fd, GO, { bytes: new Uint8Array(0) })
      return sys.mmap(4096, 3, 1, fd, 0)
    })
    const told = await tell(program, [driver])
    expect([told.value, told.misuse, told.left]).toEqual([
      EINVAL,
      ['operation-returned mmap one'],
      {},
    ])
  })
})

describe('a job', () => {
  it.each([
    [
      'of no range',
      (context: DriverContext, on: never) =>
        context.startJob(on, 'write', { start: Number.NaN, end: 4 }),
    ],
    [
      'that goes beyond its range',
      (context: DriverContext, on: never) =>
        context.startJob(on, 'write', { start: 0, end: 4 }).store(0, new Uint8Array(8)),
    ],
    [
      'that writes though it reads',
      (context: DriverContext, on: never) =>
        context.startJob(on, 'read').store(0, new Uint8Array(8)),
    ],
  ])('%s is refused', async (_what, start) => {
    const told = await going((context) => {
      const memory = context.dma.allocCoherent('engine', 4096)
      try {
        start(context, memory.mapping as never)
      } finally {
        context.dma.freeCoherent(memory)
      }
      return 0
    })
    expect([told.value, told.misuse, told.left]).toEqual([EIO, ['operation-threw ioctl one'], {}])
  })

  it('on a mapping that could not be made faults', async () => {
    const told = await tell(
      (kernel) => request(kernel, '/dev/one', GO),
      [
        one((context) => {
          const memory = context.kmalloc(4096)
          const mapping = context.dma.mapSingle('engine', memory, 0, 4096, 'to-device')
          const job = context.startJob(mapping, 'read')
          job.load(0, new Uint8Array(4096))
          job.finish()
          context.kfree(memory)
          return 0
        }),
      ],
      { prepare: (kernel) => kernel.fail('dma_map_page', 1, 'ENOMEM') },
    )
    expect(rules(told)).toEqual(['out-of-range'])
  })
})

it('a lock that the core holds around an operation is not given back in it', async () => {
  const broken = (context: DriverContext) => ({
    vmap: (buffer: DmaBuf) => {
      context.dmaResvUnlock(buffer.resv)
      return context.remapPages((buffer.priv as Exported).pages, 0, SIZE)
    },
  })
  const told = await going(async (context) => {
    const buffer = exportPages(context, SIZE, broken)
    await context.dmaBufVunmapUnlocked(buffer, await context.dmaBufVmapUnlocked(buffer))
    context.dmaBufPut(buffer)
    return 0
  })
  expect(told.misuse).toEqual(['lock-not-held dma_resv_unlock one'])
})

it('a mistake in a call that nobody awaits is told all the same', async () => {
  const told = await going((context) => {
    void context.dmaBufUnmapAttachmentUnlocked(undefined as never, undefined as never, 'to-device')
    return 0
  })
  expect([told.value, told.misuse]).toEqual([EIO, ['operation-threw ioctl one']])
})

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('no sleep lasts %d', async (time) => {
  const told = await going(async (context) => {
    await context.sleep(time)
    return 0
  })
  expect([told.value, told.misuse]).toEqual([EIO, ['operation-threw ioctl one']])
})

it('syncs of two accesses at a time are seen by both', async () => {
  const slow = (context: DriverContext) => ({
    async beginCpuAccess({ priv }: DmaBuf) {
      for (const mapping of (priv as Exported).mapped) {
        context.dma.syncSgtableForCpu(mapping, mapping.direction)
      }
      await context.sleep(1000)
    },
  })
  const told = await going(async (context) => {
    const buffer = exportPages(context, SIZE, slow)
    const attachment = await context.dmaBufAttach(buffer, 'engine')
    const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'bidirectional')
    await Promise.all(
      [1, 2].map(async () => {
        await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        await context.dmaBufEndCpuAccess(buffer, 'from-device')
      }),
    )
    await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'bidirectional')
    context.dmaBufDetach(buffer, attachment)
    context.dmaBufPut(buffer)
    return 0
  })
  const notes = told.notes.map(({ message }) => message).join('\n')
  expect(notes).not.toContain('syncs nothing')
})

it('an access to an address where nothing is has the line that made it', async () => {
  const told = await going((context) => {
    context.busLoad('engine', 5, new Uint8Array(4))
    return 0
  })
  expect(rules(told)).toEqual(['out-of-range'])
  expect(told.findings[0]?.where).toContain('misused.test.ts')
})
