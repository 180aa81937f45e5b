/** The driver of a device: /dev/blitter reads one dma-buf and writes another. */
import {
  type DmaBuf,
  type Driver,
  type DriverContext,
  type DriverFile,
  type IoctlCall,
  iow,
  iowr,
  KernelError,
  O_CLOEXEC,
  O_RDWR,
} from 'dmabuf/driver'
import { runBlitter } from './blitter-hardware.ts'
import { DEVICE, fillTable, freeTable, makeTable, type Table } from './blitter-table.ts'
import { dropImport, type Imported, importBuffer } from './imported.ts'
import { exportPages } from './page-buffer.ts'

/** Two descriptors, from and to; a key; a number: four words of 32 bits. */
export const BLIT: number = iow('B', 0, 16)
/** A size in 32 bits, updated to whole pages. Returns the descriptor of a new buffer. */
export const CREATE: number = iowr('B', 1, 4)

export const blitter: Driver = {
  name: 'blitter',
  probe(context) {
    context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20 })
    context.dma.setMask(DEVICE, 40)
    context.miscRegister({ name: 'blitter', open: () => openBlitter(context) })
  },
}

function openBlitter(context: DriverContext): DriverFile {
  const table = makeTable(context)
  let busy = false
  return {
    async ioctl(call) {
      if (call.request === CREATE) return createBuffer(context, call)
      if (call.request !== BLIT) throw new KernelError('ENOTTY', 'BLIT and CREATE are known')
      if (busy) throw new KernelError('EBUSY', 'a blit of this file is under way')
      busy = true
      try {
        return await blit(context, table, call)
      } finally {
        busy = false
      }
    },
    release: () => freeTable(context, table),
  }
}

/** May sleep. */
async function blit(context: DriverContext, table: Table, call: IoctlCall): Promise<number> {
  const words = new Int32Array(context.copyFromUser(call.argument, 16).buffer)
  const [from = -1, to = -1, key = 0, number = 0] = words
  const source = context.dmaBufGet(from, call)
  try {
    const target = context.dmaBufGet(to, call)
    try {
      checkSizes(source, target)
      fillTable(context, table, key)
      await transfer(context, table, source, target)
      await stamp(context, target, number)
    } finally {
      context.dmaBufPut(target)
    }
  } finally {
    context.dmaBufPut(source)
  }
  return 0
}

function checkSizes(source: DmaBuf, target: DmaBuf): void {
  if (source === target) throw new KernelError('EINVAL', 'from and to are one buffer')
  if (source.size <= target.size) return
  throw new KernelError('EINVAL', `${source.size} bytes do not fit into ${target.size}`)
}

/** May sleep. */
async function transfer(
  context: DriverContext,
  table: Table,
  source: DmaBuf,
  target: DmaBuf,
): Promise<void> {
  const read = await importBuffer(context, source, 'to-device')
  let write: Imported
  try {
    write = await importBuffer(context, target, 'from-device')
  } catch (error) {
    await dropImport(context, read)
    throw error
  }
  try {
    await runBlitter(context, {
      table: table.mapping,
      source: read.mapping,
      target: write.mapping,
      length: source.size,
    })
  } finally {
    await dropImport(context, write)
    await dropImport(context, read)
  }
}

/** May sleep. The CPU writes `number` over the first four bytes. */
async function stamp(context: DriverContext, buffer: DmaBuf, number: number): Promise<void> {
  const map = await context.dmaBufVmapUnlocked(buffer)
  try {
    await context.dmaBufBeginCpuAccess(buffer, 'bidirectional')
    map.store(0, new Uint8Array(Int32Array.of(number).buffer))
    await context.dmaBufEndCpuAccess(buffer, 'bidirectional')
  } finally {
    await context.dmaBufVunmapUnlocked(buffer, map)
  }
}

/** Exports a buffer of the blitter. Installing its descriptor is the last step. */
function createBuffer(context: DriverContext, call: IoctlCall): number {
  const [size = 0] = new Int32Array(context.copyFromUser(call.argument, 4).buffer)
  const buffer = exportPages(context, size, O_RDWR)
  try {
    context.copyToUser(call.argument, new Uint8Array(Int32Array.of(buffer.size).buffer))
    return context.dmaBufFd(buffer, O_CLOEXEC, call)
  } catch (error) {
    context.dmaBufPut(buffer)
    throw error
  }
}
