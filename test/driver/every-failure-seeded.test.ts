/** A driver that is wrong on one unwind path alone is named, with the failure that led there and its file. */
import type { DmaMapping, Driver } from 'dmabuf/driver'
import { runEveryFailure } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { copier, copyBuffers, DEVICE, fdsOf } from './copier.ts'
import { copy, noMemory, told } from './copy-failures.ts'
import { pageExporter, pageOps } from './page-exporter.ts'

describe('an importer that is wrong on one path alone', () => {
  const direction = 'bidirectional'

  /** The steps of an import; the test decides the handling of a failure. */
  function importer(
    undo: Partial<
      Record<
        'attach' | 'map' | 'second',
        (driver: { put(): void; detach(): void; unmap(): Promise<void> }) => Promise<void> | void
      >
    >,
  ): Driver {
    return copier(async (context, call) => {
      const [fd, other] = fdsOf(context, call)
      const buffer = context.dmaBufGet(fd, call)
      let attachment: Awaited<ReturnType<typeof context.dmaBufAttach>> | undefined
      let mapping: DmaMapping | undefined
      const steps = {
        put: () => context.dmaBufPut(buffer),
        detach: () => attachment && context.dmaBufDetach(buffer, attachment),
        unmap: async () => {
          if (attachment === undefined || mapping === undefined) return
          await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
        },
      }
      const all = async (): Promise<void> => {
        await steps.unmap()
        steps.detach()
        steps.put()
      }
      try {
        attachment = await context.dmaBufAttach(buffer, DEVICE)
      } catch (error) {
        await (undo.attach ?? all)(steps)
        throw error
      }
      try {
        mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
      } catch (error) {
        await (undo.map ?? all)(steps)
        throw error
      }
      try {
        const scratch = context.kmalloc(64)
        context.kfree(scratch)
        context.dmaBufPut(context.dmaBufGet(other, call))
      } catch (error) {
        await (undo.second ?? all)(steps)
        throw error
      }
      await all()
      return 0
    })
  }

  const wrong: [string, Driver, string[]][] = [
    ['is right', importer({}), []],
    [
      'keeps its reference where it cannot attach',
      importer({ attach: () => {} }),
      ['attach 1: reference-misuse in every-failure-seeded.test.ts'],
    ],
    [
      'drops it twice there',
      importer({
        attach: ({ put }) => {
          put()
          put()
        },
      }),
      ['attach 1: reference-misuse in every-failure-seeded.test.ts'],
    ],
    [
      'stays attached where it cannot map',
      importer({ map: ({ put }) => put() }),
      [
        'map_dma_buf 1: mapping-leak in every-failure-seeded.test.ts',
        'dma_map_sgtable 1: mapping-leak in every-failure-seeded.test.ts',
      ],
    ],
    [
      'detaches twice there',
      importer({
        map: ({ put, detach }) => {
          detach()
          detach()
          put()
        },
      }),
      [
        'map_dma_buf 1: reference-misuse in every-failure-seeded.test.ts',
        'dma_map_sgtable 1: reference-misuse in every-failure-seeded.test.ts',
      ],
    ],
    [
      'forgets to unmap where memory runs out',
      importer({
        second: ({ put, detach }) => {
          detach()
          put()
        },
      }),
      noMemory('mapping-leak in every-failure-seeded.test.ts', 3),
    ],
    [
      'unmaps twice there',
      importer({
        second: async ({ put, detach, unmap }) => {
          await unmap()
          await unmap()
          detach()
          put()
        },
      }),
      noMemory('reference-misuse in every-failure-seeded.test.ts', 3),
    ],
  ]

  it.each(wrong)('%s', async (_what, driver, expected) => {
    const result = await runEveryFailure(copy, { drivers: [pageExporter(), driver] })
    expect(told(result)).toEqual(expected)
    expect(result.verdict).toBe(expected.length === 0 ? 'clean' : 'findings')
    expect(result.baseline.verdict).toBe('clean')
  })
})

describe('an exporter that is wrong on one path alone', () => {
  const heap = (allocate: Parameters<typeof pageExporter>[0]): Driver[] => [
    pageExporter(allocate),
    copier(copyBuffers),
  ]

  const wrong: [string, Driver[], string[]][] = [
    [
      'keeps the pages of what it cannot export',
      heap({
        allocate(context, _good, size) {
          const pages = context.allocPages(size, { zero: true })
          return context.dmaBufExport({
            size,
            flags: 2,
            priv: { pages, mapped: new Set() },
            ops: pageOps(context),
          })
        },
      }),
      [
        'dma_buf_export 1: reference-misuse in every-failure-seeded.test.ts',
        'dma_buf_export 2: reference-misuse in every-failure-seeded.test.ts',
      ],
    ],
    [
      'frees them twice',
      heap({
        allocate(context, _good, size) {
          const pages = context.allocPages(size, { zero: true })
          try {
            const priv = { pages, mapped: new Set() }
            return context.dmaBufExport({ size, flags: 2, priv, ops: pageOps(context) })
          } catch (error) {
            context.freePages(pages)
            context.freePages(pages)
            throw error
          }
        },
      }),
      [
        'dma_buf_export 1: reference-misuse in every-failure-seeded.test.ts',
        'dma_buf_export 2: reference-misuse in every-failure-seeded.test.ts',
      ],
    ],
    [
      'leaves mapped what it cannot note down',
      heap({
        broken: (context, { mapDmaBuf, unmapDmaBuf }) => ({
          async mapDmaBuf(attachment, direction) {
            const mapping = await mapDmaBuf(attachment, direction)
            attachment.priv = context.kmalloc(64, 'note')
            return mapping
          },
          unmapDmaBuf(attachment, mapping, direction) {
            context.kfree(attachment.priv as Parameters<typeof context.kfree>[0])
            unmapDmaBuf(attachment, mapping, direction)
          },
        }),
      }),
      noMemory('mapping-leak in page-exporter.ts', 3, 4),
    ],
    [
      'unmaps twice what it cannot note down',
      heap({
        broken: (context, { mapDmaBuf, unmapDmaBuf }) => ({
          async mapDmaBuf(attachment, direction) {
            const mapping = await mapDmaBuf(attachment, direction)
            try {
              context.kfree(context.kmalloc(64, 'note'))
            } catch (error) {
              if (mapping === null) throw error
              unmapDmaBuf(attachment, mapping, direction)
              unmapDmaBuf(attachment, mapping, direction)
              throw error
            }
            return mapping
          },
        }),
      }),
      noMemory('dma-api-misuse in page-exporter.ts', 3, 4),
    ],
  ]

  it.each(wrong)('%s', async (_what, drivers, expected) => {
    const result = await runEveryFailure(copy, { drivers })
    expect(told(result)).toEqual(expected)
    expect(result.baseline.verdict).toBe('clean')
  })
})
