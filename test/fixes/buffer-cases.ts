/** Mistakes of drivers with dma-bufs: exporters, importers, references and locks. */
import { DmaHeap, type Kernel } from 'dmabuf'
import { type DmaBuf, type DmaBufOps, type DriverContext, KernelError } from 'dmabuf/driver'
import { COPY, copier } from '../driver/copier.ts'
import { engine } from '../driver/engine.ts'
import { request } from '../driver/harness.ts'
import { type How, mover, wholeMove, withMover } from '../driver/mover.ts'
import {
  type Exported,
  exportPages,
  type PageExporterOptions,
  pageExporter,
} from '../driver/page-exporter.ts'
import { DEVICE, driven, give, SIZE, take, write } from './driven.ts'
import { type FixCase, ofBug, type Subject } from './fix-case.ts'

type Use = (context: DriverContext, buffer: DmaBuf) => unknown

/** A driver's own buffer, and its use. `broken` replaces its operations. */
function exported(use: Use, broken?: PageExporterOptions['broken']): Subject {
  return driven(async (context) => {
    const buffer = exportPages(context, SIZE, broken)
    await use(context, buffer)
    context.dmaBufPut(buffer)
  })
}

/** A driver's own heap, and a program that draws into a buffer and has it copied. */
function copied(options: PageExporterOptions): Subject {
  return {
    drivers: [pageExporter(options), copier()],
    async program(kernel: Kernel) {
      using heap = DmaHeap.open(kernel, 'pages')
      using from = await heap.allocate(SIZE)
      using to = await heap.allocate(SIZE)
      await from.withCpuAccess('write', (bytes) => bytes.fill(1))
      await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
      await to.withCpuAccess('read', (bytes) => bytes.slice())
    },
  }
}

function partsOf({ priv }: DmaBuf): Exported {
  return priv as Exported
}

interface Moved {
  readonly how: How
  readonly importer?: 'drops' | 'stubborn'
}

/** A buffer moves between two turns in which the CPU fills it and a device, which keeps it, sums up. */
function moved({ how, importer = 'drops' }: Moved): Subject {
  return {
    drivers: [mover(how), engine('dma', { keep: true, dynamic: importer })],
    program: withMover(async ({ buffer, dma, move }) => {
      using map = buffer.map()
      for (const value of [1, 2]) {
        await buffer.startCpuAccess('write')
        map.fill(value)
        await buffer.endCpuAccess('write')
        await dma.sum(buffer)
        if (value === 1) await move()
      }
    }),
  }
}

export const bufferCases: readonly FixCase[] = [
  {
    rule: 'driver-contract',
    fix: 'Give dma_buf_export map_dma_buf, unmap_dma_buf, release',
    what: 'exports a buffer with no release',
    make: (fixed) =>
      driven((context) => {
        const pages = context.allocPages(SIZE, { zero: true })
        const ops: DmaBufOps = {
          mapDmaBuf: ({ device }, direction) =>
            context.dma.mapSgtable(device, context.sgAllocTableFromPages(pages), direction),
          unmapDmaBuf: (_attachment, mapping, direction) =>
            context.dma.unmapSgtable(mapping, direction),
          release: fixed ? () => context.freePages(pages) : (undefined as never),
        }
        try {
          context.dmaBufPut(context.dmaBufExport({ size: SIZE, ops, priv: pages }))
        } catch (error) {
          context.freePages(pages)
          throw error
        }
      }),
  },
  {
    rule: 'driver-contract',
    fix: 'Give a dynamic importer its move_notify',
    what: 'attaches as dynamic with no move_notify',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const ops = fixed ? { moveNotify: () => {} } : ({} as never)
        const attached = context.dmaBufDynamicAttach(buffer, DEVICE, ops)
        const attachment = await attached.catch(() => undefined)
        if (attachment !== undefined) context.dmaBufDetach(buffer, attachment)
      }),
  },
  {
    rule: 'reference-misuse',
    fix: 'Keep buffer and attachment together, and detach once',
    what: 'detaches twice',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const attachment = await context.dmaBufAttach(buffer, DEVICE)
        context.dmaBufDetach(buffer, attachment)
        if (!fixed) context.dmaBufDetach(buffer, attachment)
      }),
  },
  ofBug('B58-never-detached', {
    rule: 'mapping-leak',
    fix: 'Detach before the last reference is dropped',
    what: 'never detaches',
  }),
  {
    rule: 'mapping-leak',
    fix: 'Unmap the attachment before it is detached',
    what: 'detaches what is mapped',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const { attachment, mapping } = await take(context, buffer, 'to-device')
        if (fixed) await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
        context.dmaBufDetach(buffer, attachment)
      }),
  },
  {
    rule: 'mapping-direction',
    fix: 'Pass the direction of dma_buf_map_attachment',
    what: 'unmaps an attachment with another direction',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const imported = await take(context, buffer, 'bidirectional')
        await give(context, imported, fixed ? 'bidirectional' : 'to-device')
      }),
  },
  {
    rule: 'driver-contract',
    fix: 'Pin only attachments of dma_buf_dynamic_attach',
    what: 'pins a static attachment',
    make: (fixed) =>
      exported(
        async (context, buffer) => {
          const attachment = fixed
            ? await context.dmaBufDynamicAttach(buffer, DEVICE, { moveNotify: () => {} })
            : await context.dmaBufAttach(buffer, DEVICE)
          await context.dmaResvLock(buffer.resv)
          await context.dmaBufPin(attachment)
          context.dmaBufUnpin(attachment)
          context.dmaResvUnlock(buffer.resv)
          context.dmaBufDetach(buffer, attachment)
        },
        () => ({ pin: () => {}, unpin: () => {} }),
      ),
  },
  {
    rule: 'driver-contract',
    fix: 'Pair each vmap with one vunmap',
    what: 'ends a kernel mapping twice',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const mapping = await context.dmaBufVmapUnlocked(buffer)
        await context.dmaBufVunmapUnlocked(buffer, mapping)
        if (!fixed) await context.dmaBufVunmapUnlocked(buffer, mapping)
      }),
  },
  {
    rule: 'mapping-leak',
    fix: 'Call dma_buf_vunmap before the last reference is dropped',
    what: 'never ends a kernel mapping',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const mapping = await context.dmaBufVmapUnlocked(buffer)
        if (fixed) await context.dmaBufVunmapUnlocked(buffer, mapping)
      }),
  },
  {
    rule: 'reference-misuse',
    fix: 'Release each object once',
    what: 'drops a reference twice',
    make: (fixed) =>
      exported((context, buffer) => {
        if (!fixed) context.dmaBufPut(buffer)
      }),
  },
  {
    rule: 'use-after-release',
    fix: 'Hold a reference (get_dma_buf) for as long as the buffer is used',
    what: 'uses a kernel mapping that has ended',
    make: (fixed) =>
      exported(async (context, buffer) => {
        await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        const mapping = await context.dmaBufVmapUnlocked(buffer)
        if (!fixed) await context.dmaBufVunmapUnlocked(buffer, mapping)
        mapping.load(0, new Uint8Array(4))
        await context.dmaBufEndCpuAccess(buffer, 'from-device')
        if (fixed) await context.dmaBufVunmapUnlocked(buffer, mapping)
      }),
  },
  ofBug('B50-last-reference-first', {
    rule: 'use-after-release',
    fix: 'Hold a reference (get_dma_buf) for as long as the buffer is used',
    what: 'drops the last reference before it takes another',
  }),
  {
    rule: 'reference-misuse',
    fix: 'Call dma_buf_put on each path',
    what: 'never drops a reference',
    make: (fixed) =>
      exported((context, buffer) => {
        context.getDmaBuf(buffer)
        if (fixed) context.dmaBufPut(buffer)
      }),
  },
  {
    rule: 'reference-misuse',
    fix: 'Free allocations in release or in remove',
    what: 'never frees its pages',
    make: (fixed) => copied({ broken: () => (fixed ? {} : { release: () => {} }) }),
  },
  ofBug('B54-put-after-fd', {
    rule: 'early-publish',
    fix: 'Reserve the number, finish the object, and install the descriptor',
    what: 'drops the reference of a descriptor that is there',
  }),
  {
    rule: 'driver-contract',
    fix: 'Fail with a KernelError',
    what: 'throws what is no errno',
    make: (fixed) =>
      exported(
        async (context, buffer) => {
          await context.dmaBufVmapUnlocked(buffer).catch(() => undefined)
        },
        () => ({
          vmap: () => {
            throw fixed ? new KernelError('ENOMEM', 'no space is left') : new Error('no space')
          },
        }),
      ),
  },
  {
    rule: 'driver-contract',
    fix: 'Return a live mapping of the whole buffer for that device',
    what: 'returns a number from map_dma_buf',
    make: (fixed) => copied({ broken: () => (fixed ? {} : { mapDmaBuf: () => 5 as never }) }),
  },
  {
    rule: 'driver-contract',
    fix: 'Settle the promise on every path',
    what: 'never comes back from map_dma_buf',
    make: (fixed) =>
      copied({
        broken: () => (fixed ? {} : { mapDmaBuf: (): Promise<never> => new Promise(() => {}) }),
      }),
  },
  {
    rule: 'driver-contract',
    fix: 'Add the offset of mmap to the start of the buffer',
    what: 'maps the beginning of a buffer wherever it is asked for',
    make: (fixed) => ({
      drivers: [
        pageExporter({
          broken: (context) => ({
            mmap: (buffer, offset, length) =>
              context.remapPages(partsOf(buffer).pages, fixed ? offset : 0, length),
          }),
        }),
      ],
      async program(kernel) {
        const { sys } = kernel
        using heap = DmaHeap.open(kernel, 'pages')
        using buffer = await heap.allocate(SIZE)
        const addresses = [0, 4096].map((offset) => sys.mmap(4096, 3, 1, buffer.fd, offset))
        for (const address of addresses) sys.munmap(address, 4096)
      },
    }),
  },
  {
    rule: 'reservation-lock',
    fix: 'Take the lock with dma_resv_lock before map, pin and vmap',
    what: 'maps without the lock',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const attachment = await context.dmaBufAttach(buffer, DEVICE)
        if (fixed) await context.dmaResvLock(buffer.resv)
        const mapping = await context.dmaBufMapAttachment(attachment, 'to-device')
        context.dmaBufUnmapAttachment(attachment, mapping, 'to-device')
        if (fixed) context.dmaResvUnlock(buffer.resv)
        context.dmaBufDetach(buffer, attachment)
      }),
  },
  {
    rule: 'reservation-lock',
    fix: 'or call the _unlocked variant without it',
    what: 'maps a kernel mapping without the lock',
    make: (fixed) =>
      exported(async (context, buffer) => {
        const mapping = fixed
          ? await context.dmaBufVmapUnlocked(buffer)
          : await context.dmaBufVmap(buffer)
        if (fixed) await context.dmaBufVunmapUnlocked(buffer, mapping)
        else context.dmaBufVunmap(buffer, mapping)
      }),
  },
  ofBug('B67-growable', {
    rule: 'growable-mapping',
    fix: 'Set VM_DONTEXPAND in the mmap operation',
    what: 'lets mremap make mappings longer',
  }),
  ofBug('B24-cached-view', {
    rule: 'attribute-alias',
    fix: 'Let the mmap and vmap operations use the attribute',
    what: 'maps uncached memory cached',
  }),
  {
    rule: 'attribute-alias',
    fix: 'Use one attribute for all mappings of the buffer',
    what: 'maps every second time past the cache',
    make: (fixed) => {
      let count = 0
      return {
        drivers: [
          pageExporter({
            broken: (context) => ({
              mmap(buffer, offset, length) {
                const attribute = count++ % 2 === 0 || fixed ? 'cached' : 'write-combine'
                return context.remapPages(partsOf(buffer).pages, offset, length, { attribute })
              },
            }),
          }),
        ],
        async program(kernel) {
          using heap = DmaHeap.open(kernel, 'pages')
          using buffer = await heap.allocate(SIZE)
          using first = buffer.map()
          using second = buffer.map()
          if (first.length !== second.length) throw new Error('the mappings differ')
        },
      }
    },
  },
  ofBug('B13-hooks-swapped', {
    rule: 'sync-is-noop',
    fix: 'In begin_cpu_access call dma_sync_sgtable_for_cpu',
    what: "has hooks that do each other's work",
  }),
  ofBug('B16-sync-unmapped', {
    rule: 'sync-is-noop',
    fix: 'Remember per attachment whether it is mapped',
    what: 'syncs attachments that are not mapped',
  }),
  ofBug('B21-bounced-scanout', {
    rule: 'bounce-not-synced',
    fix: 'Refuse the import on a device that cannot reach the buffer',
    what: 'shows bounce copies',
  }),
  {
    rule: 'mapping-leak',
    fix: 'Unmap the mapping of map_dma_buf in unmap_dma_buf.',
    what: 'frees the list of a mapping and leaves it mapped',
    make: (fixed) =>
      exported(
        async (context, buffer) => {
          const imported = await take(context, buffer, 'from-device')
          await write(context, imported.mapping)
          await give(context, imported, 'from-device')
          await context.dmaBufBeginCpuAccess(buffer, 'from-device')
          const mapping = await context.dmaBufVmapUnlocked(buffer)
          mapping.load(0, new Uint8Array(SIZE))
          await context.dmaBufEndCpuAccess(buffer, 'from-device')
          await context.dmaBufVunmapUnlocked(buffer, mapping)
        },
        (_context, ops) => ({
          unmapDmaBuf(attachment, mapping, direction) {
            if (fixed) ops.unmapDmaBuf(attachment, mapping, direction)
            else partsOf(attachment.buffer).mapped.delete(mapping)
          },
        }),
      ),
  },
  {
    rule: 'freed-in-use',
    fix: 'or remove it from processes (unmap_mapping_range)',
    what: 'frees pages that a process has mapped',
    make: (fixed) => moved({ how: { ...wholeMove, zaps: fixed } }),
  },
  {
    rule: 'freed-in-use',
    fix: 'Keep the memory until release',
    what: 'frees pages that a device has mapped',
    make: (fixed) => moved({ how: { ...wholeMove, notifies: fixed } }),
  },
  {
    rule: 'backing-mismatch',
    fix: 'before these change, remove the previous ones from processes',
    what: 'swaps its pages, and leaves processes with the ones before',
    make: (fixed) => moved({ how: { zaps: fixed, notifies: true } }),
  },
  {
    rule: 'backing-mismatch',
    fix: 'or copy the shadow in begin_cpu_access and end_cpu_access',
    what: 'never copies the shadow that processes get',
    make: (fixed) => moved({ how: { shadow: fixed ? 'copied' : 'forgotten' } }),
  },
  {
    rule: 'backing-mismatch',
    fix: 'Unmap the attachment in move_notify',
    what: 'imports a buffer, and goes on as before when it has moved',
    make: (fixed) => moved({ how: wholeMove, importer: fixed ? 'drops' : 'stubborn' }),
  },
]
