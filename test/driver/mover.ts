/** An exporter of your own whose buffer moves: to other pages, or with a shadow that processes get. */
import { DmaBuf as Buffer, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type DmaMapping,
  type Driver,
  type DriverContext,
  io,
  type KernelMemory,
} from 'dmabuf/driver'
import { Engine } from './engine.ts'

export const SIZE = 8192
const EXPORT = io('b', 0)
const MOVE = io('b', 1)
const VMAP = io('b', 2)

interface Memory {
  /** The memory for devices. */
  pages: KernelMemory
  /** The memory for processes and drivers; undefined: the same. */
  readonly shadow: KernelMemory | undefined
  readonly mappings: Set<DmaMapping>
  readonly old: KernelMemory[]
}

/** How the exporter moves its buffer, and which memory each side gets. */
export interface How {
  readonly shadow?: 'copied' | 'forgotten'
  /** Takes the pages out of processes before. */
  readonly zaps?: boolean
  readonly notifies?: boolean
  /** Frees the pages that were left; without, they stay until release. */
  readonly frees?: boolean
  readonly copies?: boolean
}

/** As it must be. */
export const wholeMove: How = { zaps: true, notifies: true, frees: true }

const memoryOf = ({ priv }: DmaBuf): Memory => priv as Memory

function copy(from: KernelMemory, to: KernelMemory): void {
  const bytes = new Uint8Array(SIZE)
  from.load(0, bytes)
  to.store(0, bytes)
}

export function mover(how: How): Driver {
  return {
    name: 'mover',
    probe(context) {
      const allocate = (): KernelMemory =>
        context.allocPages(SIZE, { zero: true, contiguous: true })
      context.miscRegister({
        name: 'mover',
        open: () => {
          let exported: DmaBuf | undefined
          return {
            async ioctl(call) {
              if (call.request === EXPORT) {
                const shadow = how.shadow === undefined ? undefined : allocate()
                const priv: Memory = { pages: allocate(), shadow, mappings: new Set(), old: [] }
                exported = context.dmaBufExport({
                  size: SIZE,
                  flags: 2,
                  ops: opsOf(context, how),
                  priv,
                })
                return context.dmaBufFd(exported, 0, call)
              }
              const buffer = exported as DmaBuf
              if (call.request === MOVE) await move(context, buffer, how)
              else if (call.request === VMAP) await context.dmaBufVmapUnlocked(buffer)
              return 0
            },
          }
        },
      })
    },
  }
}

async function move(context: DriverContext, buffer: DmaBuf, how: How): Promise<void> {
  const memory = memoryOf(buffer)
  if (memory.shadow !== undefined) return
  if (how.zaps === true) context.unmapMappingRange(buffer)
  await context.dmaResvLock(buffer.resv)
  try {
    if (how.notifies === true) context.dmaBufMoveNotify(buffer)
  } finally {
    context.dmaResvUnlock(buffer.resv)
  }
  const before = memory.pages
  memory.pages = context.allocPages(SIZE, { zero: true, contiguous: true })
  if (how.copies !== false) copy(before, memory.pages)
  if (how.frees === true) context.freePages(before)
  else memory.old.push(before)
}

function opsOf(context: DriverContext, how: How): DmaBufOps {
  const { dma } = context
  return {
    pin: () => {},
    unpin: () => {},
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, mappings } = memoryOf(buffer)
      const mapping = dma.mapSgtable(device, context.sgAllocTableFromPages(pages), direction)
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping, direction) {
      memoryOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      const { mappings, pages, shadow } = memoryOf(buffer)
      for (const mapping of mappings) dma.syncSgtableForCpu(mapping, mapping.direction)
      if (how.shadow === 'copied' && shadow !== undefined) copy(pages, shadow)
    },
    endCpuAccess(buffer) {
      const { mappings, pages, shadow } = memoryOf(buffer)
      if (how.shadow === 'copied' && shadow !== undefined) copy(shadow, pages)
      for (const mapping of mappings) dma.syncSgtableForDevice(mapping, mapping.direction)
    },
    mmap(buffer, offset, length) {
      const { pages, shadow } = memoryOf(buffer)
      return context.remapPages(shadow ?? pages, offset, length)
    },
    vmap(buffer) {
      const { pages, shadow } = memoryOf(buffer)
      return context.remapPages(shadow ?? pages, 0, SIZE)
    },
    release(buffer) {
      const { pages, shadow, old } = memoryOf(buffer)
      for (const memory of [pages, ...old]) context.freePages(memory)
      if (shadow !== undefined) context.freePages(shadow)
    },
  }
}

interface World {
  readonly kernel: Kernel
  readonly buffer: Buffer
  readonly dma: Engine
  move(): Promise<void>
  vmap(): Promise<void>
}

export const withMover = (body: (world: World) => Promise<unknown>) => async (kernel: Kernel) => {
  const fd = kernel.sys.open('/dev/mover', 2)
  const call = (request: number): Promise<number> =>
    kernel.sys.ioctl(fd, request, { bytes: new Uint8Array() })
  try {
    using dma = new Engine(kernel, 'dma')
    using buffer = Buffer.adopt(kernel, await call(EXPORT))
    const value = await body({
      kernel,
      buffer,
      dma,
      move: async () => void (await call(MOVE)),
      vmap: async () => void (await call(VMAP)),
    })
    return value
  } finally {
    kernel.sys.close(fd)
  }
}
