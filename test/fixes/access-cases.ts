/** Mistakes of drivers that load and store the bytes of a dma-buf with the CPU. */
import type { DmaBuf, DmaMapping, DriverContext, KernelMapping } from 'dmabuf/driver'
import { driven, give, named, read, SIZE, take, write } from './driven.ts'
import type { FixCase, Subject } from './fix-case.ts'

interface Parts {
  readonly context: DriverContext
  readonly buffer: DmaBuf
  /** The device's. */
  readonly mapping: DmaMapping
  /** The CPU's. */
  readonly bytes: KernelMapping
}

/** A buffer that a device has mapped, and that the driver reaches with the CPU. */
function shared(use: (parts: Parts) => Promise<unknown>): Subject {
  return driven(async (context, call) => {
    const buffer = named(context, call)
    const imported = await take(context, buffer, 'bidirectional')
    const bytes = await context.dmaBufVmapUnlocked(buffer)
    await use({ context, buffer, mapping: imported.mapping, bytes })
    await context.dmaBufVunmapUnlocked(buffer, bytes)
    await give(context, imported, 'bidirectional')
    context.dmaBufPut(buffer)
  })
}

export const accessCases: readonly FixCase[] = [
  {
    rule: 'read-outside-bracket',
    fix: 'Call dma_buf_begin_cpu_access with DMA_FROM_DEVICE before the loads',
    what: 'loads what the device wrote with no access',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        await write(context, mapping)
        if (fixed) await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        bytes.load(0, new Uint8Array(SIZE))
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'from-device')
      }),
  },
  {
    rule: 'write-outside-bracket',
    fix: 'Call dma_buf_begin_cpu_access with DMA_BIDIRECTIONAL before the stores',
    what: 'stores what the device reads with no access',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        if (fixed) await context.dmaBufBeginCpuAccess(buffer, 'bidirectional')
        bytes.store(20, new Uint8Array(100).fill(1))
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'bidirectional')
        await read(context, mapping)
      }),
  },
  {
    rule: 'unbalanced-bracket',
    fix: 'Pair each dma_buf_begin_cpu_access with one dma_buf_end_cpu_access',
    what: 'never ends an access',
    make: (fixed) =>
      shared(async ({ context, buffer, bytes }) => {
        await context.dmaBufBeginCpuAccess(buffer, 'bidirectional')
        bytes.fill(1)
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'bidirectional')
      }),
  },
  {
    rule: 'bracket-direction',
    fix: 'a direction that covers the accesses between them',
    what: 'stores in an access for loads',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        const direction = fixed ? 'bidirectional' : 'from-device'
        await context.dmaBufBeginCpuAccess(buffer, direction)
        bytes.store(20, new Uint8Array(100).fill(1))
        await context.dmaBufEndCpuAccess(buffer, direction)
        await read(context, mapping)
      }),
  },
  {
    rule: 'bracket-over-dma',
    fix: 'Call dma_buf_end_cpu_access before the device starts',
    what: 'ends the access after the device has read',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        await context.dmaBufBeginCpuAccess(buffer, 'bidirectional')
        bytes.fill(1)
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'bidirectional')
        await read(context, mapping)
        if (!fixed) await context.dmaBufEndCpuAccess(buffer, 'bidirectional')
      }),
  },
  {
    rule: 'dirty-over-dma',
    fix: 'Call dma_buf_end_cpu_access with DMA_TO_DEVICE or DMA_BIDIRECTIONAL after the last store',
    what: 'leaves stores in the cache that the device writes over',
    also: ['write-outside-bracket'],
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        if (fixed) await context.dmaBufBeginCpuAccess(buffer, 'to-device')
        bytes.fill(1)
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'to-device')
        await write(context, mapping, 2)
        await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        bytes.load(0, new Uint8Array(SIZE))
        await context.dmaBufEndCpuAccess(buffer, 'from-device')
      }),
  },
  {
    rule: 'early-invalidate',
    fix: 'Wait for the device to finish, then call dma_buf_begin_cpu_access',
    what: 'begins an access while the device writes',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        const written = write(context, mapping)
        if (fixed) await written
        await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        await written
        bytes.load(0, new Uint8Array(SIZE))
        await context.dmaBufEndCpuAccess(buffer, 'from-device')
      }),
  },
  {
    rule: 'partial-write-over-stale',
    fix: 'Call dma_buf_begin_cpu_access and dma_buf_end_cpu_access with DMA_BIDIRECTIONAL',
    what: 'stores a part in an access for stores alone',
    make: (fixed) =>
      shared(async ({ context, buffer, mapping, bytes }) => {
        await write(context, mapping)
        const direction = fixed ? 'bidirectional' : 'to-device'
        await context.dmaBufBeginCpuAccess(buffer, direction)
        bytes.store(20, new Uint8Array(100).fill(3))
        await context.dmaBufEndCpuAccess(buffer, direction)
        await read(context, mapping)
      }),
  },
  {
    rule: 'bracket-order',
    fix: 'Call dma_buf_end_cpu_access first, then dma_buf_vunmap',
    what: 'ends its kernel mapping before the access',
    make: (fixed) =>
      driven(async (context, call) => {
        const buffer = named(context, call)
        const imported = await take(context, buffer, 'bidirectional')
        const bytes = await context.dmaBufVmapUnlocked(buffer)
        await context.dmaBufBeginCpuAccess(buffer, 'from-device')
        bytes.load(0, new Uint8Array(64))
        if (fixed) await context.dmaBufEndCpuAccess(buffer, 'from-device')
        await context.dmaBufVunmapUnlocked(buffer, bytes)
        if (!fixed) await context.dmaBufEndCpuAccess(buffer, 'from-device')
        await give(context, imported, 'bidirectional')
        context.dmaBufPut(buffer)
      }),
  },
]
