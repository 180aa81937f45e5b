/** A driver's own memory and its mappings, through dmabuf/driver. */
import type { Driver, DriverContext } from 'dmabuf/driver'
import { KernelError } from 'dmabuf/driver'
import { describe, expect, it } from 'vitest'
import { type SimKernel, type Told, tell } from './harness.ts'

/** May sleep. The misuses of `probe`, in a driver with a device `engine`. */
async function probing(probe: (context: DriverContext) => void, fail?: string): Promise<Told> {
  const driver: Driver = {
    name: 'own',
    probe(context) {
      context.registerDevice('engine', { maxSegmentSize: 2 ** 20 })
      probe(context)
    },
  }
  const prepare =
    fail === undefined
      ? undefined
      : { prepare: (kernel: SimKernel) => kernel.fail(fail, 1, 'ENOMEM') }
  return await tell(() => 1, [driver], prepare)
}

describe('memory of a driver', () => {
  it('is loaded and stored exactly, and holds what the last owner left unless zeroed', async () => {
    const seen = new Uint8Array(4)
    const told = await probing((context) => {
      const first = context.allocPages(4096)
      first.store(4090, new Uint8Array([1, 2, 3, 4]))
      context.freePages(first)
      const second = context.allocPages(4096)
      second.load(4090, seen)
      context.freePages(second)
      const third = context.allocPages(100, { zero: true })
      expect(third.size).toBe(4096)
      third.load(4092, seen.subarray(0, 2))
      context.freePages(third)
    })
    expect([[...seen], told.misuse, told.left]).toEqual([[0, 0, 3, 4], [], {}])
  })

  it.each([
    ['alloc_pages', (context: DriverContext) => context.allocPages(4096)],
    ['kmalloc', (context: DriverContext) => context.kmalloc(16)],
    ['vmalloc', (context: DriverContext) => context.vmalloc(16)],
  ])('%s can fail', async (place, take) => {
    let code = 'ok'
    await probing((context) => {
      try {
        take(context)
      } catch (error) {
        code = (error as KernelError).code
      }
    }, place)
    expect(code).toBe('ENOMEM')
  })

  it('may share a page and a line between owners, each freed by itself', async () => {
    const told = await probing((context) => {
      const page = context.kmalloc(4096)
      const [a, b] = [context.pieceOf(page, 0, 32), context.pieceOf(page, 32, 32, 'status')]
      a.fill(1)
      b.fill(2)
      const both = new Uint8Array(64)
      page.load(0, both)
      expect([both[31], both[32]]).toEqual([1, 2])
      context.kfree(a)
      context.kfree(b)
      context.kfree(page)
    })
    expect([told.misuse, told.left, told.error]).toEqual([[], {}, undefined])
  })

  it('is used after it was freed: told', async () => {
    const told = await probing((context) => {
      const pages = context.allocPages(4096)
      context.freePages(pages)
      context.sgAllocTableFromPages(pages)
    })
    expect(told.misuse).toEqual(['use-after-release sg_alloc_table_from_pages own'])
    expect(told.lines).toEqual(['memory.test.ts'])
  })
})

describe('single mappings', () => {
  it('right: checked, synced, unmapped as they were made', async () => {
    const told = await probing((context) => {
      const { dma } = context
      const memory = context.kmalloc(256)
      const mapping = dma.mapSingle('engine', memory, 64, 128, 'bidirectional')
      if (dma.mappingError(mapping)) throw new KernelError('ENOMEM', 'no mapping')
      dma.syncSingleRangeForCpu(mapping, 0, 64, 'bidirectional')
      dma.syncSingleRangeForDevice(mapping, 0, 64, 'bidirectional')
      dma.unmapSingle(mapping, 128, 'bidirectional')
      context.kfree(memory)
      const coherent = dma.allocCoherent('engine', 4096)
      dma.freeCoherent(coherent)
      const cached = dma.allocNoncoherent('engine', 4096, 'to-device')
      dma.freeNoncoherent(cached, 'to-device')
    })
    expect([told.misuse, told.left, told.error]).toEqual([[], {}, undefined])
  })

  const wrong: [string, (context: DriverContext) => void, string[]][] = [
    [
      'never checked',
      ({ dma, ...context }) => {
        const mapping = dma.mapSingle('engine', context.kmalloc(64), 0, 64, 'to-device')
        dma.unmapSingle(mapping, 64, 'to-device')
      },
      ['map-error-unchecked', 'memory-leak'],
    ],
    [
      'unmapped in another size and direction',
      ({ dma, ...context }) => {
        const mapping = dma.mapSingle('engine', context.kmalloc(64), 0, 64, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 32, 'from-device')
      },
      ['unmap-size', 'unmap-direction', 'memory-leak'],
    ],
    [
      'unmapped twice',
      ({ dma, ...context }) => {
        const mapping = dma.mapSingle('engine', context.kmalloc(64), 0, 64, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 64, 'to-device')
        dma.unmapSingle(mapping, 64, 'to-device')
      },
      ['unmap-unknown', 'memory-leak'],
    ],
    [
      'of the stack',
      ({ dma, ...context }) => {
        const mapping = dma.mapSingle('engine', context.memoryOn('stack', 64), 0, 64, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 64, 'to-device')
      },
      ['map-stack'],
    ],
    [
      'of vmalloc, which is refused',
      ({ dma, ...context }) => {
        const memory = context.vmalloc(64)
        expect(dma.mappingError(dma.mapSingle('engine', memory, 0, 64, 'to-device'))).toBe(true)
        context.vfree(memory)
      },
      ['map-vmalloc'],
    ],
    [
      'of a list that is not mapped, synced',
      ({ dma, ...context }) => {
        const pages = context.allocPages(4096)
        dma.syncSgtableForCpu({ device: 'engine', table: pages.table }, 'from-device')
        context.freePages(pages)
      },
      ['sync-unknown'],
    ],
  ]

  it.each(wrong)('%s', async (_what, probe, codes) => {
    const told = await probing(probe)
    expect(told.misuse.map((line) => line.split(' ')[0])).toEqual(codes)
    expect([told.left, told.error]).toEqual([{}, undefined])
    for (const line of told.lines) expect(line).toBe('memory.test.ts')
  })
})
