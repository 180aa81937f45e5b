/**
 * Drivers that break their contract: the run survives, everything is released, and each breach is
 * reported.
 */
import { DmaHeap, type Kernel } from 'dmabuf'
import type {
  Attachment,
  DmaBufOps,
  Driver,
  DriverContext,
  IoctlCall,
  KernelMemory,
} from 'dmabuf/driver'
import { iow } from 'dmabuf/driver'
import { describe, expect, it } from 'vitest'
import {
  COPY,
  type Copy,
  close,
  copier,
  copyBuffers,
  DEVICE,
  fdsOf,
  type Imported,
  open,
  transfer,
} from './copier.ts'
import { request, tell } from './harness.ts'
import {
  type Exported,
  exportPages,
  type PageExporterOptions,
  pageExporter,
  pageOps,
} from './page-exporter.ts'

const SIZE = 8192
const EIO = -5
const ENOMEM = -12
const EINVAL = -22

/** Copies between two buffers; returns the result of the ioctl. */
async function copy(kernel: Kernel): Promise<number> {
  using heap = DmaHeap.open(kernel, 'pages')
  using from = await heap.allocate(SIZE)
  using to = await heap.allocate(SIZE)
  await from.withCpuAccess('write', (bytes) => bytes.fill(1))
  const result = await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
  await to.withCpuAccess('read', () => {})
  return result
}

type Broken = NonNullable<PageExporterOptions['broken']>

describe('an exporter', () => {
  const never = (): Promise<never> => new Promise(() => {})
  const boom = (): never => {
    throw new TypeError('boom')
  }
  const wrong: [string, Broken, number, string[]][] = [
    ['maps nothing', () => ({ mapDmaBuf: () => null }), ENOMEM, []],
    [
      'returns a number from map',
      () => ({ mapDmaBuf: () => 5 as never }),
      EINVAL,
      ['operation-returned map_dma_buf pages'],
    ],
    ['throws in map', () => ({ mapDmaBuf: boom }), EIO, ['operation-threw map_dma_buf pages']],
    [
      'maps for another device',
      (_context, ops) => ({
        mapDmaBuf: (attachment, direction) =>
          ops.mapDmaBuf(
            { ...attachment, buffer: attachment.buffer, device: 'other' } as Attachment,
            direction,
          ),
      }),
      EINVAL,
      ['operation-returned map_dma_buf pages', 'mapping-leak dma_map_sgtable pages'],
    ],
    [
      'maps what it does not own',
      (context) => ({
        mapDmaBuf: ({ device }, direction) =>
          context.dma.mapSgtable(
            device,
            {
              size: SIZE,
              segments: [],
              runs: [{ storage: { size: 1 } as never, offset: 0, length: SIZE }],
            },
            direction,
          ),
      }),
      EINVAL,
      ['map-invalid-area dma_map_sgtable pages'],
    ],
    [
      'throws in unmap',
      () => ({ unmapDmaBuf: boom }),
      0,
      [
        'operation-threw unmap_dma_buf pages',
        'operation-threw unmap_dma_buf pages',
        'mapping-leak dma_map_sgtable pages',
        'mapping-leak dma_map_sgtable pages',
      ],
    ],
    [
      'frees the table and not the mapping',
      () => ({
        unmapDmaBuf: ({ buffer }, mapping) => void (buffer.priv as Exported).mapped.delete(mapping),
      }),
      0,
      ['mapping-leak dma_map_sgtable pages', 'mapping-leak dma_map_sgtable pages'],
    ],
    [
      'never frees its pages',
      () => ({ release: () => {} }),
      0,
      ['memory-leak remove pages', 'memory-leak remove pages'],
    ],
    [
      'frees its pages twice',
      (context) => ({
        release: ({ priv }) => {
          const { pages } = priv as Exported
          context.freePages(pages)
          context.freePages(pages)
        },
      }),
      0,
      ['put-after-release __free_pages pages', 'put-after-release __free_pages pages'],
    ],
    [
      'throws in release',
      () => ({ release: boom }),
      0,
      [
        'operation-threw release pages',
        'operation-threw release pages',
        'memory-leak remove pages',
        'memory-leak remove pages',
      ],
    ],
    [
      'sleeps in release',
      () => ({ release: async () => {} }),
      0,
      [
        'operation-returned release pages',
        'operation-returned release pages',
        'memory-leak remove pages',
        'memory-leak remove pages',
      ],
    ],
  ]

  it.each(wrong)('that %s', async (_what, broken, result, misuse) => {
    const told = await tell(copy, [pageExporter({ broken }), copier()])
    expect(told.error).toBeUndefined()
    expect([told.value, told.misuse, told.left]).toEqual([result, misuse, {}])
    for (const line of told.lines) expect(line).toMatch(/wrong\.test\.ts|page-exporter\.ts/)
  })

  it('that never comes back from map is named, and the kernel still releases everything', async () => {
    const broken: Broken = () => ({ mapDmaBuf: never })
    const told = await tell(copy, [pageExporter({ broken }), copier()])
    expect(told.error?.kind).toBe('stuck')
    expect(told.error?.message).toContain(
      `map_dma_buf(attachment 1 of ${DEVICE}, to-device) of driver pages`,
    )
    expect(told.misuse).toContain('operation-pending map_dma_buf pages')
    expect(told.lines[0]).toBe('page-exporter.ts')
    expect(told.left).toEqual({})
  })

  it('that lies about its size', async () => {
    const driver: Driver = {
      name: 'liar',
      probe(context) {
        context.dmaHeapAdd({
          name: 'pages',
          allocate: (length) => {
            const priv = { pages: context.allocPages(4096), mapped: new Set() }
            return context.dmaBufExport({ size: length, priv, ops: pageOps(context) })
          },
        })
      },
    }
    const told = await tell(copy, [driver, copier()])
    expect(told.error?.message).toContain('EINVAL')
    expect(told.misuse).toEqual(['operation-returned mmap liar'])
    expect(told.texts[0]).toContain('run that lies not within its storage')
    const program = async (kernel: Kernel): Promise<number> => {
      using heap = DmaHeap.open(kernel, 'pages')
      using buffer = await heap.allocate(SIZE)
      return await request(kernel, '/dev/copier', COPY, buffer.fd, buffer.fd)
    }
    const mapped = await tell(program, [driver, copier()])
    expect([mapped.value, mapped.misuse]).toEqual([EINVAL, ['operation-returned map_dma_buf liar']])
    expect(mapped.texts[0]).toContain('4096 bytes: the buffer was exported with 8192')
  })

  it('that exports with operations missing', async () => {
    const allocate: PageExporterOptions['allocate'] = (context) =>
      context.dmaBufExport({ size: 1, priv: 1, ops: {} as DmaBufOps })
    const told = await tell(copy, [pageExporter({ allocate }), copier()])
    expect(told.error?.message).toContain('EINVAL')
    expect(told.misuse).toEqual(['export-info dma_buf_export pages'])
    expect(told.lines).toEqual(['wrong.test.ts'])
  })

  it.each([
    ['nothing', () => undefined],
    ['an object', () => ({ inode: 1 })],
  ])('whose heap allocates %s', async (_what, returned) => {
    const told = await tell(copy, [pageExporter({ allocate: returned as never }), copier()])
    expect(told.error?.message).toContain('EINVAL')
    expect(told.misuse).toEqual(['operation-returned allocate pages'])
  })
})

describe('an exporter that hands out descriptors by itself', () => {
  const EXPORT = iow('X', 0, 8)
  type Give = (
    context: DriverContext,
    call: IoctlCall,
    pages: () => ReturnType<typeof exportPages>,
  ) => number

  function giver(give: Give): Driver {
    return {
      name: 'giver',
      probe(context) {
        const make = (): ReturnType<typeof exportPages> => exportPages(context, 4096)
        context.miscRegister({
          name: 'giver',
          open: () => ({ ioctl: (call) => give(context, call, make) }),
        })
      },
    }
  }

  const good: Give = (context, call, make) => {
    const buffer = make()
    try {
      return context.dmaBufFd(buffer, 2, call)
    } catch (error) {
      context.dmaBufPut(buffer)
      throw error
    }
  }
  const give = async (kernel: Kernel): Promise<number> => {
    const fd = await request(kernel, '/dev/giver', EXPORT, 0, 0)
    return fd < 0 ? fd : kernel.sys.close(fd)
  }

  it('is right when it drops its reference only where that fails', async () => {
    for (const prepare of [
      undefined,
      (kernel: { fail(...args: unknown[]): void }) =>
        kernel.fail('get_unused_fd_flags', 1, 'EMFILE'),
    ]) {
      const told = await tell(give, [giver(good)], { prepare: prepare as never })
      expect([told.misuse, told.findings, told.left]).toEqual([[], [], {}])
    }
  })

  it('and touches the buffer afterwards: user space may have closed it', async () => {
    const told = await tell(give, [
      giver((context, call, make) => {
        const buffer = make()
        const fd = context.dmaBufFd(buffer, 2, call)
        context.dmaBufMmap(buffer, 4096, 0)
        return fd
      }),
    ])
    expect(told.misuse).toEqual(['early-publish dma_buf_mmap giver'])
    expect(told.lines).toEqual(['wrong.test.ts'])
  })

  it('keeps a reference of its own where it wants to touch it: silent', async () => {
    const told = await tell(give, [
      giver((context, call, make) => {
        const buffer = context.getDmaBuf(make())
        const fd = context.dmaBufFd(buffer, 2, call)
        context.dmaBufMmap(buffer, 4096, 0)
        context.dmaBufPut(buffer)
        return fd
      }),
    ])
    expect([told.misuse, told.left]).toEqual([[], {}])
  })

  it('and drops the reference of the descriptor when the copy to user space fails', async () => {
    const wrong: Give = (context, call, make) => {
      const buffer = make()
      const fd = context.dmaBufFd(buffer, 2, call)
      try {
        context.copyToUser(call.argument, new Uint8Array(new Int32Array([fd]).buffer))
      } catch (error) {
        context.dmaBufPut(buffer)
        throw error
      }
      return fd
    }
    const told = await tell(give, [giver(wrong)], {
      prepare: (kernel) => kernel.fail('copy_to_user', 1, 'EFAULT'),
    })
    expect(told.value).toBe(-14)
    expect(told.misuse).toEqual([
      'early-publish dma_buf_put giver',
      'put-after-release dma_buf_put kernel',
    ])
    expect(told.left).toEqual({})
  })

  it('and drops the reference twice, or not at all, when there is no descriptor', async () => {
    const prepare = (kernel: { fail(...args: unknown[]): void }): void =>
      kernel.fail('get_unused_fd_flags', 1, 'EMFILE')
    const twice: Give = (context, call, make) => {
      const buffer = make()
      try {
        return context.dmaBufFd(buffer, 2, call)
      } catch (error) {
        context.dmaBufPut(buffer)
        context.dmaBufPut(buffer)
        throw error
      }
    }
    const never: Give = (context, call, make) => context.dmaBufFd(make(), 2, call)
    const [a, b] = [
      await tell(give, [giver(twice)], { prepare: prepare as never }),
      await tell(give, [giver(never)], { prepare: prepare as never }),
    ]
    expect([a.value, a.misuse, a.left]).toEqual([-24, ['put-after-release dma_buf_put giver'], {}])
    expect([b.value, b.misuse, b.left]).toEqual([-24, ['reference-leak dma_buf_put giver'], {}])
  })
})

describe('an importer', () => {
  const around =
    (
      use: (
        context: DriverContext,
        source: Imported,
        target: Imported,
        call: IoctlCall,
      ) => Promise<void>,
    ): Copy =>
    async (context, call) => {
      const [from, to] = fdsOf(context, call)
      await use(
        context,
        await open(context, call, from, 'to-device'),
        await open(context, call, to, 'from-device'),
        call,
      )
      return 0
    }

  const wrong: [string, Copy, string[]][] = [
    [
      'forgets everything',
      around(transfer),
      [
        'attachment-leak dma_buf_attach copier',
        'attachment-leak dma_buf_attach copier',
        'reference-leak dma_buf_put copier',
        'reference-leak dma_buf_put copier',
      ],
    ],
    [
      'forgets to detach',
      around(async (context, ...both) => {
        for (const { attachment, mapping, direction, buffer } of both.slice(0, 2) as Imported[]) {
          await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
          context.dmaBufPut(buffer)
        }
      }),
      [
        'attachment-leak dma_buf_release copier',
        'attachment-leak dma_buf_release copier',
        'attachment-leak dma_buf_attach copier',
        'attachment-leak dma_buf_attach copier',
      ],
    ],
    [
      'forgets to unmap',
      around(async (context, ...both) => {
        for (const { attachment, buffer } of both.slice(0, 2) as Imported[]) {
          context.dmaBufDetach(buffer, attachment)
          context.dmaBufPut(buffer)
        }
      }),
      [
        'attachment-mapping-leak dma_buf_detach copier',
        'attachment-mapping-leak dma_buf_detach copier',
      ],
    ],
    [
      'detaches and drops twice',
      around(async (context, source, target) => {
        await close(context, source)
        await close(context, target)
        context.dmaBufDetach(source.buffer, source.attachment)
        context.dmaBufPut(source.buffer)
      }),
      [
        'detach-mismatch dma_buf_detach copier',
        'put-after-release dma_buf_put copier',
        'put-after-release dma_buf_put kernel',
      ],
    ],
    [
      'maps without the lock',
      async (context, call) => {
        const [fd] = fdsOf(context, call)
        const buffer = context.dmaBufGet(fd, call)
        const attachment = await context.dmaBufAttach(buffer, DEVICE)
        const mapping = await context.dmaBufMapAttachment(attachment, 'to-device')
        context.dmaBufUnmapAttachment(attachment, mapping, 'to-device')
        context.dmaBufDetach(buffer, attachment)
        context.dmaBufPut(buffer)
        return 0
      },
      [
        'lock-not-held dma_buf_map_attachment copier',
        'lock-not-held dma_buf_unmap_attachment copier',
      ],
    ],
    [
      'unlocks what it has not',
      async (context, call) => {
        const [fd] = fdsOf(context, call)
        const buffer = context.dmaBufGet(fd, call)
        context.dmaResvUnlock(buffer.resv)
        context.dmaBufPut(buffer)
        return 0
      },
      ['lock-not-held dma_resv_unlock copier'],
    ],
  ]

  it.each(wrong)('that %s', async (_what, use, misuse) => {
    const told = await tell(copy, [pageExporter(), copier(use)])
    expect(told.misuse.filter((line) => !line.startsWith('mapping-leak'))).toEqual(misuse)
    const ours = told.lines.filter((line) => line !== undefined)
    for (const line of ours) expect(line).toMatch(/wrong\.test\.ts|copier\.ts|harness\.ts/)
    expect(told.left).toEqual({})
  })

  it('that throws, or returns what is no number, is EIO and EINVAL to the program', async () => {
    const throwing = await tell(copy, [
      pageExporter(),
      copier(async () => (undefined as never as { x: number }).x),
    ])
    expect([throwing.value, throwing.misuse]).toEqual([EIO, ['operation-threw ioctl copier']])
    expect(throwing.lines).toEqual(['wrong.test.ts'])
    const returning = await tell(copy, [pageExporter(), copier(async () => 'done' as never)])
    expect([returning.value, returning.misuse]).toEqual([
      EINVAL,
      ['operation-returned ioctl copier'],
    ])
  })

  it('that gives arguments of no sense is told which, by an error in its own code', async () => {
    const messages: string[] = []
    const attempt = async (body: () => unknown): Promise<void> => {
      try {
        await body()
      } catch (error) {
        messages.push((error as Error).message)
      }
    }
    const use: Copy = async (context, call) => {
      const [fd] = fdsOf(context, call)
      const buffer = context.dmaBufGet(fd, call)
      await attempt(() => context.dmaBufPut(undefined as never))
      await attempt(() => context.dmaBufAttach(7 as never, DEVICE))
      const attachment = await context.dmaBufAttach(buffer, DEVICE)
      await attempt(() => context.dmaBufMapAttachmentUnlocked(attachment, 'both' as never))
      await attempt(() => context.dmaBufMapAttachmentUnlocked(undefined as never, 'to-device'))
      await attempt(() => context.dma.unmapSgtable({} as never, 'to-device'))
      await attempt(() => context.dma.mapSingle(DEVICE, undefined as never, 0, 1, 'to-device'))
      await attempt(() => context.startJob(undefined as never, 'read'))
      await attempt(() => context.registerDevice(''))
      context.dmaBufDetach(buffer, attachment)
      context.dmaBufPut(buffer)
      return 0
    }
    const told = await tell(copy, [pageExporter(), copier(use)])
    expect([told.value, told.misuse]).toEqual([0, []])
    expect(messages.map((text) => text.replace('broken promise: ', '').split(' that ')[0])).toEqual(
      [
        'copier: the buffer',
        'copier: the buffer',
        'copier: the direction of dma_buf_map_attachment is to-device, from-device or bidirectional, not both',
        'copier: the attachment',
        'copier: the mapping',
        'copier: the memory',
        'copier: the mapping',
        'copier: the name of a device must not be empty',
      ],
    )
  })

  it('that holds the lock and takes it again waits for ever, and the lock is named', async () => {
    const use: Copy = async (context, call) => {
      const [fd] = fdsOf(context, call)
      const buffer = context.dmaBufGet(fd, call)
      await context.dmaResvLock(buffer.resv)
      await context.dmaBufAttach(buffer, DEVICE)
      return 0
    }
    const told = await tell(copy, [pageExporter(), copier(use)])
    expect(told.error?.kind).toBe('stuck')
    expect(told.error?.message).toContain('reservation lock of dmabuf 1')
    expect(told.misuse).toEqual([
      'lock-held dma_buf_attach copier',
      'reference-leak dma_buf_put copier',
    ])
    expect(told.left).toEqual({})
  })
})

describe('a driver that goes', () => {
  it('and forgets what it has: told with the line that took it, and released', async () => {
    const driver: Driver = {
      name: 'forgetful',
      async probe(context) {
        context.registerDevice('engine')
        const memory = context.kmalloc(100, 'descriptors')
        const mapping = context.dma.mapSingle('engine', memory, 0, 100, 'to-device')
        expect(context.dma.mappingError(mapping)).toBe(false)
        context.dma.allocCoherent('engine', 4096)
        exportPages(context, 4096)
        context.kthreadRun('for ever', () => new Promise(() => {}))
      },
    }
    const told = await tell(() => {}, [driver])
    expect(told.misuse).toEqual([
      'reference-leak dma_buf_put forgetful',
      'mapping-leak device_unbind_driver forgetful',
      'memory-leak remove forgetful',
    ])
    expect([told.lines[0], told.lines[2]]).toEqual(['page-exporter.ts', 'wrong.test.ts'])
    expect(told.left).toEqual({})
  })

  it('and throws in remove', async () => {
    const driver: Driver = {
      name: 'thrower',
      probe: () => {},
      remove: () => {
        throw new Error('too late')
      },
    }
    const told = await tell(() => 1, [driver])
    expect([told.value, told.misuse]).toEqual([1, ['operation-threw remove thrower']])
  })

  it('and gives back all it made in remove: silent', async () => {
    let memory: KernelMemory | undefined
    let context: DriverContext | undefined
    const driver: Driver = {
      name: 'tidy',
      probe(given) {
        context = given
        memory = given.kmalloc(64)
      },
      remove() {
        if (memory !== undefined) context?.kfree(memory)
      },
    }
    const told = await tell(() => 1, [driver])
    expect([told.misuse, told.left]).toEqual([[], {}])
  })

  it('frees no memory that it does not own', async () => {
    let foreign: KernelMemory | undefined
    const a: Driver = {
      name: 'a',
      probe(context) {
        foreign = context.kmalloc(8)
      },
    }
    const b: Driver = {
      name: 'b',
      probe(context) {
        context.kfree(foreign as KernelMemory)
        context.kfree(undefined as never)
      },
    }
    const told = await tell(() => 1, [a, b])
    expect(told.misuse).toEqual([
      'put-after-release kfree b',
      'put-after-release kfree b',
      'memory-leak remove a',
    ])
  })
})

describe('the same driver', () => {
  it('gets the same judgement twice: nothing is kept from run to run', async () => {
    const drivers = [pageExporter(), copier(copyBuffers)]
    const [a, b] = [await tell(copy, drivers), await tell(copy, drivers)]
    expect([a.value, a.cost, a.verdict]).toEqual([b.value, b.cost, b.verdict])
  })
})
