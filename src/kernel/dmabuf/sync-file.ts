/**
 * The file behind a sync file's descriptor: fences for user space to wait for, merge and pass on.
 * Source: drivers/dma-buf/sync_file.c of Linux 6.12, with its order of checks.
 */

import { O_CLOEXEC, POLLIN } from '../../abi/fcntl.ts'
import * as abi from '../../abi/sync-file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import type { Fence } from '../fence/fence.ts'
import { leavesOf } from '../fence/fence-array.ts'
import type { FdContext } from './dma-buf-fd.ts'
import type { CallerFiles, IoctlCall, OpenFile, UserMemory } from './file.ts'
import { nameAt, putName } from './sync-name.ts'

const FENCE = abi.syncFenceInfo

export class SyncFile implements OpenFile {
  readonly what = 'sync_file'
  flags = 0
  readonly fence: Fence
  readonly #kernel: FdContext
  /** The name from MERGE; empty: the fence's own. */
  readonly #name: Uint8Array
  readonly #signaled = new WaitQueue()
  readonly #wake = (): void => this.#signaled.wakeAll()
  #armed = false

  constructor(kernel: FdContext, fence: Fence, name: Uint8Array = new Uint8Array(0)) {
    this.#kernel = kernel
    this.fence = fence
    this.#name = name
  }

  /** Does not sleep. ENOTTY for a request of another kind of file. */
  async ioctl(call: IoctlCall): Promise<number> {
    switch (call.request) {
      case abi.SYNC_IOC_MERGE:
        this.#merge(call)
        return 0
      case abi.SYNC_IOC_FILE_INFO:
        this.#info(call.argument)
        return 0
      case abi.SYNC_IOC_SET_DEADLINE:
        return this.#setDeadline(call.argument)
      default:
        throw new KernelError('ENOTTY', `0x${call.request.toString(16)} is not a sync file request`)
    }
  }

  /**
   * Ready when it is signalled, also with an error. The first call enables the fence's signalling.
   */
  poll(events: number): number {
    if (!this.#armed) {
      this.#armed = true
      this.fence.addCallback(this.#wake)
    }
    return this.fence.isSignaled ? events & POLLIN : 0
  }

  onReady(listener: () => void): () => void {
    return this.#signaled.listen(listener)
  }

  release(): void {
    this.fence.removeCallback(this.#wake)
  }

  /** A new sync file of the fences of both. EMFILE, EFAULT, EINVAL, ENOENT, ENOMEM, in this order. */
  #merge({ argument, files }: IoctlCall): void {
    const { machine, core } = this.#kernel
    requireDescriptor(this.#kernel, files)
    machine.faults.pass('copy_from_user')
    const data = abi.syncMergeData.over(argument.bytes)
    requireZero(data)
    const other = fenceOf(files.lookup(data.fd2))
    if (other === undefined) throw new KernelError('ENOENT', `fd ${data.fd2} is not a sync file`)
    const name = nameAt(argument.bytes)
    machine.faults.pass('kmalloc')
    const fence = core.fences.merge([this.fence, other])
    machine.faults.pass('copy_to_user')
    const file = new SyncFile(this.#kernel, fence, name)
    data.fence = files.install(file, O_CLOEXEC)
    argument.bytes[abi.SYNC_FILE_NAME_LEN - 1] = 0
  }

  /** The name, the status and, where there is room for them, every fence. EFAULT, EINVAL, ENOMEM. */
  #info(argument: UserMemory): void {
    const { faults } = this.#kernel.machine
    faults.pass('copy_from_user')
    const info = abi.syncFileInfo.over(argument.bytes)
    requireZero(info)
    const leaves = leavesOf(this.fence)
    const room = info.num_fences
    const status = room === 0 ? this.fence.status : this.#putFences(argument, leaves, room)
    faults.pass('copy_to_user')
    putName(argument.bytes, 0, this.#name.length > 0 ? this.#name : nameOf(this.fence))
    info.status = status
    info.num_fences = leaves.length
  }

  /** The status of all together: that of the first fence that is not signalled well. */
  #putFences(argument: UserMemory, leaves: readonly Fence[], room: number): number {
    const { faults } = this.#kernel.machine
    if (room < leaves.length) {
      throw new KernelError('EINVAL', `room for ${room} fences, and there are ${leaves.length}`)
    }
    faults.pass('kmalloc')
    const table = new Uint8Array(leaves.length * FENCE.size)
    let all = 1
    for (const [index, leaf] of leaves.entries()) {
      const status = putFence(table.subarray(index * FENCE.size), leaf)
      if (all > 0) all = status
    }
    faults.pass('copy_to_user')
    const target = argument.pointers?.get(abi.syncFileInfo.offsets.sync_fence_info)?.bytes
    if (target === undefined || target.length < table.length) {
      throw new KernelError('EFAULT', `sync_fence_info leads to no ${table.length} bytes`)
    }
    target.set(table)
    return all
  }

  /** A hint to the fence's maker; none here needs it. EFAULT, EINVAL. */
  #setDeadline(argument: UserMemory): number {
    this.#kernel.machine.faults.pass('copy_from_user')
    if (abi.syncSetDeadline.over(argument.bytes).pad === 0) return 0
    throw new KernelError('EINVAL', 'pad is not 0')
  }
}

/** A new descriptor, close-on-exec, for a sync file of `fence`. EMFILE. */
export function installSyncFile(kernel: FdContext, fence: Fence, files: CallerFiles): number {
  return files.install(new SyncFile(kernel, fence), O_CLOEXEC)
}

/** get_unused_fd_flags, for calls that take a number before they look at anything else. EMFILE. */
export function requireDescriptor({ machine }: FdContext, files: CallerFiles): void {
  machine.faults.pass('get_unused_fd_flags')
  files.requireFree()
}

/** The fences of a sync file; undefined for another kind of file. */
export function fenceOf(file: OpenFile | undefined): Fence | undefined {
  return file instanceof SyncFile ? file.fence : undefined
}

function requireZero({ flags, pad }: { flags: number; pad: number }): void {
  if (flags === 0 && pad === 0) return
  throw new KernelError('EINVAL', 'flags and pad must be 0: none is defined')
}

/** sync_file_get_name without a name from MERGE. */
function nameOf({ ops, context, seqno }: Fence): string {
  return `${ops.driverName}-${ops.timelineName}${context}-${seqno}`
}

function putFence(bytes: Uint8Array, fence: Fence): number {
  const { status } = fence
  const info = FENCE.over(bytes)
  putName(bytes, FENCE.offsets.obj_name, fence.ops.timelineName)
  putName(bytes, FENCE.offsets.driver_name, fence.ops.driverName)
  info.status = status
  info.timestamp_ns = Math.round(fence.timestamp)
  return status
}
