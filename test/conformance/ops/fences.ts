/** Sync files, and the fences that vgem lets a program put on a buffer. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { fdOf } from '../arbitraries.ts'
import type { Operation } from '../operation.ts'
import type { FdRef } from '../world.ts'
import { type HandleRef, handleNumber, handleRef } from './import.ts'

const accessFlags = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 3) },
  { weight: 1, arbitrary: fc.constantFrom(0, 4, 7, 0x80000000) },
)

const exportSyncFile: Operation<{ fd: FdRef; flags: number; fdIn: number }> = {
  name: 'exportSyncFile',
  group: 'sync-files',
  weight: 4,
  arguments: fc.record({ fd: fdOf('dma-buf'), flags: accessFlags, fdIn: fc.constantFrom(0, -1) }),
  async run(side, words, world) {
    const bytes = uapi.dmaBufExportSyncFile.create({ flags: words.flags, fd: words.fdIn })
    const fd = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, { bytes })
    return result < 0 ? [result] : [result, side.slot(uapi.dmaBufExportSyncFile.decode(bytes).fd)]
  },
  settle(_words, [result, slot], world) {
    if (result === 0) world.add(slot as number, 'sync-file')
  },
}

const importSyncFile: Operation<{ fd: FdRef; flags: number; file: FdRef }> = {
  name: 'importSyncFile',
  group: 'sync-files',
  weight: 3,
  arguments: fc.record({ fd: fdOf('dma-buf'), flags: accessFlags, file: fdOf('sync-file') }),
  async run(side, words, world) {
    const fence = side.fd(world.slot(words.file))
    const bytes = uapi.dmaBufImportSyncFile.create({ flags: words.flags, fd: fence })
    const fd = side.fd(world.slot(words.fd))
    return [await side.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, { bytes })]
  },
}

interface MergeWords {
  readonly fd: FdRef
  readonly other: FdRef
  readonly name: string
  readonly flags: number
  readonly pad: number
}

const merge: Operation<MergeWords> = {
  name: 'merge',
  group: 'sync-files',
  weight: 3,
  arguments: fc.record({
    fd: fdOf('sync-file'),
    other: fdOf('sync-file'),
    name: fc.constantFrom('', 'both', 'n'.repeat(31), 'n'.repeat(32)),
    flags: fc.constantFrom(0, 0, 0, 0, 1),
    pad: fc.constantFrom(0, 0, 0, 0, 1),
  }),
  async run(side, { fd, other, name, flags, pad }, world) {
    const fd2 = side.fd(world.slot(other))
    const bytes = uapi.syncMergeData.create({ fd2, flags, pad })
    bytes.set(new TextEncoder().encode(name).subarray(0, 32))
    const file = side.fd(world.slot(fd))
    const result = await side.sys.ioctl(file, uapi.SYNC_IOC_MERGE, { bytes })
    return result < 0 ? [result] : [result, side.slot(uapi.syncMergeData.decode(bytes).fence)]
  },
  settle(_words, [result, slot], world) {
    if (result === 0) world.add(slot as number, 'sync-file')
  },
}

/** `room` for so many fences; `wild`: the address leads nowhere. */
interface InfoWords {
  readonly fd: FdRef
  readonly room: number
  readonly flags: number
  readonly wild: boolean
}

const fileInfo: Operation<InfoWords> = {
  name: 'fileInfo',
  group: 'sync-files',
  weight: 4,
  arguments: fc.record({
    fd: fdOf('sync-file'),
    room: fc.constantFrom(0, 0, 1, 2, 4, 4),
    flags: fc.constantFrom(0, 0, 0, 0, 1),
    wild: fc.constantFrom(false, false, false, false, true),
  }),
  async run(side, { fd, room, flags, wild }, world) {
    const at = uapi.syncFileInfo.offsets.sync_fence_info
    const bytes = uapi.syncFileInfo.create({
      num_fences: room,
      flags,
      sync_fence_info: wild ? 8 : 0,
    })
    const list = new Uint8Array(Math.max(1, room) * uapi.syncFenceInfo.size)
    const pointers = wild || room === 0 ? new Map() : new Map([[at, { bytes: list }]])
    const file = side.fd(world.slot(fd))
    const result = await side.sys.ioctl(file, uapi.SYNC_IOC_FILE_INFO, { bytes, pointers })
    if (result < 0) return [result]
    const { name, status, num_fences } = uapi.syncFileInfo.decode(bytes)
    return [result, withoutNumbers(name), status, num_fences, ...fences(list, room, num_fences)]
  },
}

/** A fence's context in a default name, `driver-timelineCONTEXT-SEQNO`, counts all fences ever made. */
function withoutNumbers(name: string): string {
  return name.replace(/\d+-\d+$/, 'N-N')
}

/** Drivers are the same; an array's members are in the order of their contexts. */
function fences(list: Uint8Array, room: number, count: number): (string | number)[] {
  const { size } = uapi.syncFenceInfo
  return Array.from({ length: Math.min(room, count) }, (_, i) => {
    const fence = uapi.syncFenceInfo.decode(list.subarray(i * size))
    const isTimed = fence.timestamp_ns === 0 ? 'no time' : 'a time'
    return `${fence.driver_name} ${fence.obj_name} ${fence.status} ${fence.flags} ${isTimed}`
  })
}

const attachFence: Operation<HandleRef & { flags: number; pad: number }> = {
  name: 'attachFence',
  group: 'fences',
  weight: 4,
  arguments: fc.record({
    ...handleRef,
    flags: fc.constantFrom(0, 0, 1, 1, 1, 2),
    pad: fc.constantFrom(0, 0, 0, 0, 1),
  }),
  async run(side, words, world) {
    const handle = handleNumber(words, world)
    const bytes = uapi.drmVgemFenceAttach.create({ handle, flags: words.flags, pad: words.pad })
    const card = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_VGEM_FENCE_ATTACH, { bytes })
    return result < 0 ? [result] : [result, uapi.drmVgemFenceAttach.decode(bytes).out_fence]
  },
  settle({ fd }, [result, fence], world) {
    if (result === 0) world.file(fd)?.fences.push(fence as number)
  },
}

const signalFence: Operation<{ fd: FdRef; fence: number; flags: number }> = {
  name: 'signalFence',
  group: 'fences',
  weight: 3,
  arguments: fc.record({
    fd: fdOf('card'),
    fence: fc.nat({ max: 4 }),
    flags: fc.constantFrom(0, 0, 0, 0, 1),
  }),
  async run(side, words, world) {
    const fences = world.file(words.fd)?.fences ?? []
    const fence = fences[words.fence % Math.max(1, fences.length)] ?? words.fence
    const bytes = uapi.drmVgemFenceSignal.create({ fence, flags: words.flags })
    const card = side.fd(world.slot(words.fd))
    return [await side.sys.ioctl(card, uapi.DRM_IOCTL_VGEM_FENCE_SIGNAL, { bytes })]
  },
}

/** A wait that is interrupted at once: its result shows whether it would have waited. */
const wait: Operation<{ fd: FdRef; events: number }> = {
  name: 'wait',
  group: 'sync-files',
  weight: 2,
  arguments: fc.record({
    fd: fdOf('dma-buf', 'sync-file'),
    events: fc.constantFrom(uapi.POLLIN, uapi.POLLOUT, uapi.POLLIN | uapi.POLLOUT),
  }),
  async run(side, words, world) {
    const entry = { fd: side.fd(world.slot(words.fd)), events: words.events, revents: 0 }
    const controller = new AbortController()
    const result = side.sys.poll([entry], -1, { signal: controller.signal })
    controller.abort()
    const count = await result
    return count < 0 ? [count] : [count, entry.revents]
  },
}

export const syncFiles = [exportSyncFile, importSyncFile, merge, fileInfo, wait]
export const vgemFences = [attachFence, signalFence]
