/** Mistakes of drivers with the DMA API: the arguments of its calls, and the mapped memory. */
import type { DmaMapping, DriverContext, KernelMemory, SgTable } from 'dmabuf/driver'
import { armSoc, type Board } from 'dmabuf/sim'
import { DEVICE, driven, read, SIZE, write } from './driven.ts'
import { type FixCase, ofBug, type Subject } from './fix-case.ts'

type Use = (context: DriverContext, memory: KernelMemory) => unknown

/** Memory of kmalloc, and its use. */
function allocated(use: Use): Subject {
  return driven(async (context) => {
    const memory = context.kmalloc(SIZE)
    memory.fill(0)
    await use(context, memory)
    context.kfree(memory)
  })
}

/** Mapped memory, and its use before it is unmapped. */
function mapped(
  direction: DmaMapping['direction'],
  use: (context: DriverContext, mapping: DmaMapping, memory: KernelMemory) => unknown,
  unmapped: DmaMapping['direction'] = direction,
): Subject {
  return allocated(async (context, memory) => {
    const mapping = context.dma.mapSingle(DEVICE, memory, 0, SIZE, direction)
    context.dma.mappingError(mapping)
    await use(context, mapping, memory)
    context.dma.unmapSingle(mapping, SIZE, unmapped)
  })
}

/** A scatter list of 32 pages. */
function listed(use: (context: DriverContext, pages: KernelMemory) => unknown): Subject {
  return driven(async (context) => {
    const pages = context.allocPages(32 * 4096, { zero: true })
    await use(context, pages)
    context.freePages(pages)
  })
}

/** Memory is in many pieces. */
const SCATTERED: Board = {
  ...armSoc,
  name: 'scattered',
  description: 'Free memory is scattered.',
  ram: { ...armSoc.ram, fragmented: true },
}

const GIB = 2 ** 30

/** Ordinary memory begins at 1 GiB, and nothing bounces. */
const HIGH: Board = {
  ...armSoc,
  name: 'high',
  description: 'Ordinary memory lies above 1 GiB.',
  ram: { base: 0, size: 8 * GIB, normal: GIB },
  bounce: undefined,
}

const BOUNDARY = 65_536

/** Each segment within its 64 KiB. */
function split({ segments, ...table }: SgTable): SgTable {
  const pieces = segments.flatMap(({ physical, length }) =>
    Array.from({ length: Math.ceil(length / 4096) }, (_, i) => ({
      physical: physical + 4096 * i,
      length: Math.min(4096, length - 4096 * i),
    })),
  )
  return { ...table, segments: pieces }
}

export const dmaCases: readonly FixCase[] = [
  {
    rule: 'dma-api-misuse',
    fix: 'Check dma_mapping_error after each map',
    what: 'unmaps what could not be mapped',
    make: (fixed) => ({
      ...allocated(({ dma }, memory) => {
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'to-device')
        const failed = dma.mappingError(mapping)
        if (!(fixed && failed)) dma.unmapSingle(mapping, SIZE, 'to-device')
      }),
      prepare: (kernel) => kernel.fail('dma_map_page', 1, 'ENOMEM'),
    }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Unmap once, with the address that the map returned',
    what: 'unmaps twice',
    make: (fixed) =>
      mapped('to-device', ({ dma }, mapping) => {
        if (!fixed) dma.unmapSingle(mapping, SIZE, 'to-device')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Pass the size of the map to the unmap',
    what: 'unmaps half of it',
    make: (fixed) =>
      allocated(({ dma }, memory) => {
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, fixed ? SIZE : SIZE / 2, 'to-device')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Pair dma_map_single with dma_unmap_single',
    what: 'unmaps a single mapping as a list',
    make: (fixed) =>
      allocated(({ dma }, memory) => {
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'to-device')
        dma.mappingError(mapping)
        if (fixed) dma.unmapSingle(mapping, SIZE, 'to-device')
        else dma.unmapSgtable(mapping, 'to-device')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Keep the CPU address and the DMA address of an allocation together',
    what: 'frees coherent memory with the CPU address of other memory',
    make: (fixed) =>
      driven(({ dma }) => {
        const first = dma.allocCoherent(DEVICE, SIZE)
        const second = dma.allocCoherent(DEVICE, SIZE)
        dma.freeCoherent(first, fixed ? {} : { memory: second.memory })
        dma.freeCoherent(second)
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Pass to dma_unmap_sg the count that dma_map_sg was given',
    what: 'unmaps fewer entries than it mapped',
    boards: [SCATTERED],
    make: (fixed) =>
      listed((context, pages) => {
        const table = context.sgAllocTableFromPages(pages)
        const mapping = context.dma.mapSgtable(DEVICE, table, 'to-device')
        const entries = fixed ? table.segments.length : 1
        context.dma.unmapSgtable(mapping, 'to-device', { entries })
      }),
  },
  {
    rule: 'mapping-direction',
    fix: 'Pass the direction of the map to the unmap.',
    what: 'unmaps with another direction',
    make: (fixed) => mapped('to-device', () => {}, fixed ? 'to-device' : 'bidirectional'),
  },
  {
    rule: 'mapping-direction',
    fix: 'Pass the direction of the map to the unmap.',
    what: 'unmaps with a direction that brings nothing back',
    make: (fixed) =>
      allocated(async (context, memory) => {
        const { dma } = context
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'from-device')
        dma.mappingError(mapping)
        await write(context, mapping)
        dma.unmapSingle(mapping, SIZE, fixed ? 'from-device' : 'to-device')
        memory.load(0, new Uint8Array(64))
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Call dma_mapping_error on the result of dma_map_single',
    what: 'never checks a mapping',
    make: (fixed) =>
      allocated(({ dma }, memory) => {
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'to-device')
        if (fixed) dma.mappingError(mapping)
        dma.unmapSingle(mapping, SIZE, 'to-device')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Allocate the memory with kmalloc.',
    what: 'maps a variable on the stack',
    make: (fixed) =>
      driven((context) => {
        const { dma } = context
        const memory = fixed ? context.kmalloc(64) : context.memoryOn('stack', 64)
        const mapping = dma.mapSingle(DEVICE, memory, 0, 64, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 64, 'to-device')
        if (fixed) context.kfree(memory)
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Allocate the memory with kmalloc, and copy',
    what: 'maps a constant of the kernel image',
    make: (fixed) =>
      driven((context) => {
        const { dma } = context
        const constant = context.memoryOn('rodata', 64)
        const memory = fixed ? context.kmalloc(64) : constant
        if (fixed) {
          const bytes = new Uint8Array(64)
          constant.load(0, bytes)
          memory.store(0, bytes)
        }
        const mapping = dma.mapSingle(DEVICE, memory, 0, 64, 'to-device')
        dma.mappingError(mapping)
        dma.unmapSingle(mapping, 64, 'to-device')
        if (fixed) context.kfree(memory)
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Map pages (dma_map_page), or memory from kmalloc',
    what: 'maps memory of user space',
    make: (fixed) =>
      driven((context) => {
        const { dma } = context
        const memory = fixed ? context.kmalloc(64) : context.memoryOn('user', 64)
        const mapping = dma.mapSingle(DEVICE, memory, 0, 64, 'to-device')
        if (!dma.mappingError(mapping)) dma.unmapSingle(mapping, 64, 'to-device')
        if (fixed) context.kfree(memory)
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Map it page by page, or allocate it with kmalloc',
    what: 'maps memory of vmalloc',
    make: (fixed) =>
      driven((context) => {
        const { dma } = context
        const memory = fixed ? context.kmalloc(SIZE) : context.vmalloc(SIZE)
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'to-device')
        if (!dma.mappingError(mapping)) dma.unmapSingle(mapping, SIZE, 'to-device')
        if (fixed) context.kfree(memory)
        else context.vfree(memory)
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Sync only between map and unmap',
    what: 'syncs before it maps',
    make: (fixed) =>
      listed((context, pages) => {
        const { dma } = context
        const table = context.sgAllocTableFromPages(pages)
        if (!fixed) dma.syncSgtableForDevice({ device: DEVICE, table }, 'bidirectional')
        const mapping = dma.mapSgtable(DEVICE, table, 'bidirectional')
        if (fixed) dma.syncSgtableForDevice(mapping, 'bidirectional')
        dma.unmapSgtable(mapping, 'bidirectional')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Keep offset and size of the sync within the mapping',
    what: 'syncs more than it mapped',
    make: (fixed) =>
      mapped('bidirectional', ({ dma }, mapping) => {
        dma.syncSingleRangeForCpu(mapping, 0, fixed ? SIZE : SIZE + 64, 'bidirectional')
      }),
  },
  {
    rule: 'mapping-direction',
    fix: 'Pass the direction of the map to each sync',
    what: 'syncs with another direction',
    make: (fixed) =>
      mapped('from-device', ({ dma }, mapping) => {
        dma.syncSingleRangeForCpu(mapping, 0, 64, fixed ? 'from-device' : 'bidirectional')
      }),
  },
  {
    rule: 'mapping-direction',
    fix: 'Map memory that the device both reads and writes as DMA_BIDIRECTIONAL',
    what: 'maps to-device what the device writes as well',
    make: (fixed) => {
      const direction = fixed ? 'bidirectional' : 'to-device'
      return mapped(direction, (context, mapping) => write(context, mapping))
    },
  },
  {
    rule: 'mapping-direction',
    fix: 'Map memory that the device writes only in part',
    what: 'maps from-device what the device fills in part',
    boards: [{ ...armSoc, name: 'invalidates', fromDeviceMap: 'invalidate' }],
    make: (fixed) => {
      const direction = fixed ? 'bidirectional' : 'from-device'
      return allocated(async (context, memory) => {
        memory.fill(5)
        const mapping = context.dma.mapSingle(DEVICE, memory, 0, SIZE, direction)
        context.dma.mappingError(mapping)
        await write(context, mapping, 7, 4096)
        context.dma.unmapSingle(mapping, SIZE, direction)
        memory.load(0, new Uint8Array(SIZE))
      })
    },
  },
  {
    rule: 'dma-api-misuse',
    fix: 'limit with dma_set_max_seg_size',
    what: 'maps long segments for a device with the usual limit',
    make: (fixed) =>
      driven(
        (context) => {
          const pages = context.allocPages(128 * 1024, { contiguous: true, zero: true })
          const table = context.sgAllocTableFromPages(pages)
          const mapping = context.dma.mapSgtable(DEVICE, table, 'to-device')
          context.dma.unmapSgtable(mapping, 'to-device')
          context.freePages(pages)
        },
        {
          register: (context) =>
            void context.registerDevice(DEVICE, fixed ? { maxSegmentSize: 2 ** 20 } : {}),
        },
      ),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Set dma_set_seg_boundary, and build the sg table within it',
    what: 'maps segments across a boundary of the device',
    make: (fixed) =>
      driven(
        (context) => {
          const pages = context.allocPages(2 * BOUNDARY, { contiguous: true, zero: true })
          const table = context.sgAllocTableFromPages(pages)
          const within = fixed ? split(table) : table
          const mapping = context.dma.mapSgtable(DEVICE, within, 'to-device')
          context.dma.unmapSgtable(mapping, 'to-device')
          context.freePages(pages)
        },
        {
          register: (context) =>
            void context.registerDevice(DEVICE, {
              maxSegmentSize: 2 ** 20,
              segmentBoundaryMask: BOUNDARY - 1,
            }),
        },
      ),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Map memory once and reuse the mapping',
    what: 'maps the same memory nine times',
    also: ['shared-line'],
    make: (fixed) =>
      allocated(({ dma }, memory) => {
        const mappings: DmaMapping[] = []
        for (let i = 0; i < (fixed ? 1 : 9); i++) {
          const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'bidirectional')
          dma.mappingError(mapping)
          mappings.push(mapping)
        }
        for (const mapping of mappings) dma.unmapSingle(mapping, SIZE, 'bidirectional')
      }),
  },
  {
    rule: 'mapping-leak',
    fix: 'Unmap the mappings of map_dma_buf in unmap_dma_buf, and those made since probe',
    what: 'leaves a mapping of its own memory behind',
    make: (fixed) =>
      allocated(({ dma }, memory) => {
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'bidirectional')
        dma.mappingError(mapping)
        if (fixed) dma.unmapSingle(mapping, SIZE, 'bidirectional')
      }),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Call dma_set_mask_and_coherent in probe',
    what: 'maps for a device that has no mask',
    make: (fixed) =>
      driven(
        (context) => {
          const pages = context.allocPages(SIZE, { zero: true })
          try {
            const table = context.sgAllocTableFromPages(pages)
            const mapping = context.dma.mapSgtable(DEVICE, table, 'to-device')
            context.dma.unmapSgtable(mapping, 'to-device')
          } finally {
            context.freePages(pages)
          }
        },
        {
          register(context) {
            context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20, mask: 'none' })
            if (fixed) context.dma.setMask(DEVICE, 64)
          },
        },
      ),
  },
  {
    rule: 'dma-api-misuse',
    fix: 'Allocate below the mask (GFP_DMA32), or set the device',
    what: 'maps memory above the mask',
    boards: [HIGH],
    make: (fixed) =>
      driven(
        (context) => {
          const pages = context.allocPages(
            SIZE,
            fixed ? { zero: true, below: GIB } : { zero: true },
          )
          try {
            const table = context.sgAllocTableFromPages(pages)
            const mapping = context.dma.mapSgtable(DEVICE, table, 'to-device')
            context.dma.unmapSgtable(mapping, 'to-device')
          } finally {
            context.freePages(pages)
          }
        },
        {
          register(context) {
            context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20 })
            context.dma.setMask(DEVICE, 30)
          },
        },
      ),
  },
  {
    rule: 'use-after-release',
    fix: 'Unmap memory before it is freed',
    what: 'frees memory that the device still writes',
    make: (fixed) =>
      driven(async (context) => {
        const { dma } = context
        const memory = context.kmalloc(SIZE)
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'from-device')
        dma.mappingError(mapping)
        if (!fixed) context.kfree(memory)
        await write(context, mapping)
        dma.unmapSingle(mapping, SIZE, 'from-device')
        if (fixed) context.kfree(memory)
      }),
  },
  {
    rule: 'use-after-release',
    fix: 'Unmap only after the last job that uses the mapping has finished',
    what: 'unmaps while the device writes',
    make: (fixed) =>
      driven(async (context) => {
        const { dma } = context
        const memory = context.kmalloc(SIZE)
        const mapping = dma.mapSingle(DEVICE, memory, 0, SIZE, 'from-device')
        dma.mappingError(mapping)
        const job = context.startJob(mapping, 'write')
        if (!fixed) dma.unmapSingle(mapping, SIZE, 'from-device')
        job.store(0, new Uint8Array(SIZE))
        job.finish()
        if (fixed) dma.unmapSingle(mapping, SIZE, 'from-device')
        context.kfree(memory)
      }),
  },
  {
    rule: 'out-of-range',
    fix: 'Give the device the DMA addresses of its mapping',
    what: 'gives the device an address where nothing is mapped',
    boards: ['arm-soc-iommu'],
    make: (fixed) =>
      mapped('to-device', (context, mapping, memory) => {
        const physical = memory.table.segments[0]?.physical ?? 0
        const address = mapping.segments[0]?.address ?? 0
        context.busLoad(DEVICE, fixed ? address : physical, new Uint8Array(64))
      }),
  },
  {
    rule: 'unsynced-handoff',
    fix: 'Call dma_sync_*_for_device after the stores',
    what: 'stores while the device has the memory',
    make: (fixed) =>
      mapped('bidirectional', async (context, mapping, memory) => {
        memory.fill(3)
        if (fixed) context.dma.syncSingleRangeForDevice(mapping, 0, SIZE, 'bidirectional')
        await read(context, mapping)
      }),
  },
  {
    rule: 'unsynced-handoff',
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the loads',
    what: 'loads while the device has the memory',
    make: (fixed) =>
      mapped('bidirectional', async (context, mapping, memory) => {
        await write(context, mapping)
        if (fixed) context.dma.syncSingleRangeForCpu(mapping, 0, SIZE, 'bidirectional')
        memory.load(0, new Uint8Array(SIZE))
      }),
  },
  {
    rule: 'unsynced-handoff',
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the stores',
    what: 'stores beside what the device has written',
    make: (fixed) =>
      mapped('bidirectional', async (context, mapping, memory) => {
        const { dma } = context
        memory.load(0, new Uint8Array(64))
        await write(context, mapping)
        if (fixed) dma.syncSingleRangeForCpu(mapping, 0, SIZE, 'bidirectional')
        memory.store(0, Uint8Array.of(1, 2, 3, 4))
        dma.syncSingleRangeForDevice(mapping, 0, SIZE, 'bidirectional')
        await read(context, mapping)
      }),
  },
  ofBug('B29-unsafe-skip', {
    rule: 'unsafe-skip-hint',
    fix: 'Drop DMA_ATTR_SKIP_CPU_SYNC',
    what: 'maps with no CPU sync',
  }),
  ofBug('B28-whole-sync', {
    rule: 'whole-buffer-sync',
    fix: 'Sync only the range',
    what: 'syncs 64 MiB of which it wrote 4 KiB',
  }),
  ofBug('B26-shared-edge', {
    rule: 'shared-line',
    fix: 'Give memory for DMA whole cache lines',
    what: 'has a counter in the line of a buffer',
  }),
]
