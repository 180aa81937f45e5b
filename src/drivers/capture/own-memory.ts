/**
 * The driver's own buffers, for V4L2_MEMORY_MMAP: coherent memory, shared by EXPBUF.
 *
 * Unlike vb2, which exports anew at each EXPBUF, a buffer is one dma-buf from the start: events about
 * it need its number. Source: videobuf2-dma-contig.c of Linux 6.12.
 */

import { coherentAttribute, makeCoherent } from '../../dma/coherent.ts'
import type { MapRequest } from '../../dma/dma-layer.ts'
import type { DmaMapping } from '../../dma/mapping.ts'
import { type Segment, type SgTable, tableOf } from '../../dma/sg-table.ts'
import type { DmaBuf } from '../../dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../dmabuf/ops.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { PAGE_SIZE } from '../../machine/ram.ts'
import type { Storage } from '../../machine/storage.ts'
import { type CaptureContext, DRIVER, deviceName } from './context.ts'
import type { FrameMemory } from './frame-memory.ts'

/** The exporter's data of one buffer; the camera's mapping is made after the export. */
interface Owned {
  readonly storage: Storage
  readonly table: SgTable
  mapping: DmaMapping | undefined
}

/**
 * Memory for a frame of `size` bytes, rounded up to pages and zeroed; undefined when RAM is full, or
 * what it needs besides is not to be had. It outlives `release` as long as somebody holds a descriptor
 * of it.
 */
export function allocateOwn(context: CaptureContext, size: number): FrameMemory | undefined {
  const { machine, dma } = context
  const whole = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
  const storage = machine.ram.allocate(whole, { below: dma.reachOf(deviceName), contiguous: true })
  if (storage === undefined) return undefined
  const owned: Owned = { storage, table: contiguous(storage), mapping: undefined }
  try {
    return mapOwn(context, owned, exportOwn(context, owned))
  } catch (error) {
    if (error instanceof KernelError) return undefined
    throw error
  }
}

/** The storage is the buffer's from here on; where that fails, it is free again. */
function exportOwn(context: CaptureContext, owned: Owned): DmaBuf {
  const { machine, core } = context
  const { storage } = owned
  const what = { exporter: deviceName, driver: DRIVER, size: storage.size }
  try {
    return core.export({ ...what, ops: exporterOps(context, owned), priv: owned })
  } catch (error) {
    machine.ram.free(storage)
    throw error
  }
}

/** For the camera itself; where that fails, the buffer is gone. */
function mapOwn(context: CaptureContext, owned: Owned, buffer: DmaBuf): FrameMemory {
  const { machine, core, dma } = context
  const { storage, table } = owned
  storage.buffer = buffer.inode
  makeCoherent(machine, storage, { device: deviceName, driver: DRIVER.name })
  const use = { device: deviceName, buffer: buffer.inode, direction: 'from-device' } as const
  try {
    const mapping = dma.mapCoherent({ ...use, table, driver: DRIVER })
    owned.mapping = mapping
    return { buffer, mapping, release: () => core.put(buffer, DRIVER) }
  } catch (error) {
    core.put(buffer, DRIVER)
    throw error
  }
}

/** begin and end of CPU access are left out: coherent memory needs neither. */
function exporterOps(context: CaptureContext, owned: Owned): DmaBufOps {
  const { machine, dma } = context
  return {
    mapDmaBuf: ({ device, buffer, id }, direction) =>
      mapFor(context, owned, { device, buffer: buffer.inode, direction, attachment: id }),
    unmapDmaBuf: (_attachment, mapping) => dma.unmap(mapping),
    mmap: (_buffer, offset, length) => ({
      runs: [{ storage: owned.storage, offset, length }],
      attribute: coherentAttribute(machine, deviceName, 'uncached'),
    }),
    release: () => {
      if (owned.mapping !== undefined) dma.unmap(owned.mapping)
      machine.ram.free(owned.storage)
    },
  }
}

function mapFor(
  { dma }: CaptureContext,
  { table }: Owned,
  use: Pick<MapRequest, 'device' | 'direction' | 'buffer' | 'attachment'>,
): DmaMapping {
  return dma.map({ ...use, table, skipCpuSync: true, driver: DRIVER })
}

/** The storage's table, with chunks that follow each other as one segment. */
function contiguous(storage: Storage): SgTable {
  const segments: Segment[] = []
  for (const { physical, length } of storage.chunks) {
    const last = segments.at(-1)
    if (last === undefined || last.physical + last.length !== physical) {
      segments.push({ physical, length })
    } else {
      segments[segments.length - 1] = { ...last, length: last.length + length }
    }
  }
  return { ...tableOf(storage), segments }
}
