import {
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  dmaBufExportSyncFile,
  dmaBufImportSyncFile,
} from '../abi/dma-buf.ts'
import { type ErrnoCode, errnoName } from '../abi/errno.ts'
import { F_DUPFD_CLOEXEC, POLLIN } from '../abi/fcntl.ts'
import {
  SYNC_FILE_NAME_LEN,
  SYNC_IOC_FILE_INFO,
  SYNC_IOC_MERGE,
  syncFenceInfo,
  syncFileInfo,
  syncMergeData,
} from '../abi/sync-file.ts'
import * as check from '../syscalls/arguments.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { Calls, type Reasons } from './calls.ts'
import { checkSyncFile, sysOf } from './checks.ts'
import { type CpuAccessKind, syncFlags } from './cpu-access-kind.ts'
import type { AdoptableFd, AnyFd } from './fd.ts'
import {
  areReady,
  checkFenceWait,
  type FencePoll,
  type FenceWaitOptions,
  waitForFences,
} from './fence-wait.ts'
import { ShareableFdOwner } from './owned-fd.ts'

/** The state of a fence: pending, signalled, or signalled with an error. */
export type FenceStatus = 'active' | 'signaled' | ErrnoCode

/** One fence of a sync file. */
export interface FenceInfo {
  readonly driver: string
  readonly timeline: string
  readonly status: FenceStatus
  /** When it was signalled, in nanoseconds of the kernel's clock; undefined before. */
  readonly signaledAt: number | undefined
}

/** The state of a sync file and its fences. */
export interface SyncFileInfo {
  readonly name: string
  /** Of all fences together. */
  readonly status: FenceStatus
  readonly fences: readonly FenceInfo[]
}

/**
 * A sync file: the fences of some work, held by a descriptor that this object owns. It can be waited
 * for, merged with others, put on a buffer, and passed to other processes.
 */
export class SyncFile extends ShareableFdOwner {
  private constructor(sys: Syscalls, fd: number) {
    super(sys, fd)
  }

  /**
   * May sleep. Takes over the descriptor `fd`, which must be a sync file's; the caller must not close
   * it any more. EBADF, or ENOTTY for a file that is not a sync file: it then stays the caller's.
   */
  static async adopt(kernel: Pick<Kernel, 'sys'>, fd: AdoptableFd): Promise<SyncFile> {
    const calls = Calls.from(sysOf(kernel), SyncFile.adopt)
    check.descriptor('fd', fd)
    await readInfo(calls, fd, 0)
    return new SyncFile(calls.sys, fd)
  }

  /** May sleep. A second owner, through a duplicate; `fd` stays open and with its owner. As `adopt`. */
  static async borrow(kernel: Pick<Kernel, 'sys'>, fd: AnyFd): Promise<SyncFile> {
    const calls = Calls.from(sysOf(kernel), SyncFile.borrow)
    check.descriptor('fd', fd)
    await readInfo(calls, fd, 0)
    return new SyncFile(calls.sys, duplicate(calls, fd))
  }

  /** A descriptor that the kernel has just made. */
  static made(calls: Calls, fd: number): SyncFile {
    return new SyncFile(calls.sys, fd)
  }

  /** May sleep. The name, the status, and every fence. ENOMEM. */
  async info(): Promise<SyncFileInfo> {
    const calls = Calls.from(this.sys, this.info)
    const fd = this.requireFd('SYNC_IOC_FILE_INFO')
    const { head } = await readInfo(calls, fd, 0)
    // Fences that signal meanwhile only reduce their number.
    const { head: full, fences } = await readInfo(calls, fd, head.num_fences)
    return { name: full.name, status: statusOf(full.status), fences }
  }

  /** May sleep. Whether all fences are signalled now. */
  async isSignaled(): Promise<boolean> {
    const calls = Calls.from(this.sys, this.isSignaled)
    return await areReady(calls, this.#polled)
  }

  /** May sleep, until all fences are signalled. ETIME when `timeout` is over before. */
  async wait(options: FenceWaitOptions = {}): Promise<void> {
    const calls = Calls.from(this.sys, this.wait)
    checkFenceWait(options)
    await waitForFences(
      calls,
      this.#polled,
      options,
      (timeout) =>
        `the fences were not signalled in ${timeout} ns: see info() for which are active`,
    )
  }

  get #polled(): FencePoll {
    return { fd: () => this.requireFd('poll'), events: POLLIN }
  }

  /**
   * May sleep. A sync file of the fences of both, of which each timeline's newest is kept. EMFILE,
   * ENOMEM. `name` is cut to 31 bytes.
   */
  async merge(other: SyncFile, name = 'merged'): Promise<SyncFile> {
    const calls = Calls.from(this.sys, this.merge)
    checkSyncFile('other', other)
    check.text('name', name)
    const fd2 = other.fd
    const bytes = syncMergeData.create({ name: shortened(name), fd2 })
    await calls.ioctl(this.requireFd('SYNC_IOC_MERGE'), SYNC_IOC_MERGE, plainArg(bytes), {
      why: () => ({ ENOENT: `descriptor ${fd2} is not a sync file`, ...noDescriptors() }),
    })
    return new SyncFile(this.sys, syncMergeData.decode(bytes).fence)
  }

  /** A second owner of the same fences. EBADF, EMFILE. */
  dup(): SyncFile {
    const calls = Calls.from(this.sys, this.dup)
    return new SyncFile(this.sys, duplicate(calls, this.requireFd('dup')))
  }

  protected override closedDetail(): string {
    return 'this SyncFile was closed or released: use it before, or keep a dup()'
  }
}

const noDescriptors: Reasons = () => ({ EMFILE: 'too many descriptors are open: close some' })

function duplicate(calls: Calls, fd: number): number {
  return calls.call('fcntl', () => calls.sys.fcntl(fd, F_DUPFD_CLOEXEC, 0), {
    fd,
    why: noDescriptors,
  })
}

function statusOf(status: number): FenceStatus {
  if (status === 0) return 'active'
  return status > 0 ? 'signaled' : (errnoName(status) ?? 'EIO')
}

/** Bytes of a sync file's name, without the NUL behind it. */
const LONGEST_NAME = SYNC_FILE_NAME_LEN - 1

/** `name` as far as that many bytes of UTF-8 hold whole characters. */
function shortened(name: string): string {
  let cut = ''
  let size = 0
  for (const character of name) {
    size += new TextEncoder().encode(character).length
    if (size > LONGEST_NAME) break
    cut += character
  }
  return cut
}

/** May sleep. FILE_INFO with room for `count` fences; 0 asks how many there are. */
async function readInfo(
  calls: Calls,
  fd: number,
  count: number,
): Promise<{ head: ReturnType<typeof syncFileInfo.decode>; fences: FenceInfo[] }> {
  const bytes = syncFileInfo.create({ num_fences: count })
  const table = new Uint8Array(count * syncFenceInfo.size)
  const pointers = new Map([[syncFileInfo.offsets.sync_fence_info, plainArg(table)]])
  const argument = count === 0 ? plainArg(bytes) : { bytes, pointers }
  await calls.ioctl(fd, SYNC_IOC_FILE_INFO, argument, {
    why: () => ({
      ENOTTY: `${fd} is not a sync file: get one from exportSyncFile, a display or another process`,
      EBADF: `${fd} is not open: pass the descriptor before it is closed, or a dup of it`,
    }),
  })
  const head = syncFileInfo.decode(bytes)
  const fences = Array.from({ length: Math.min(count, head.num_fences) }, (_, i) =>
    fenceInfo(table.subarray(i * syncFenceInfo.size)),
  )
  return { head, fences }
}

function fenceInfo(bytes: Uint8Array): FenceInfo {
  const { driver_name, obj_name, status, timestamp_ns } = syncFenceInfo.decode(bytes)
  const signaledAt = status === 0 ? undefined : timestamp_ns
  return { driver: driver_name, timeline: obj_name, status: statusOf(status), signaledAt }
}

/** May sleep. EXPORT_SYNC_FILE: the fences that an `access` to the dma-buf `fd` has to wait for. */
export async function exportSyncFile(
  calls: Calls,
  fd: number,
  access: CpuAccessKind,
): Promise<SyncFile> {
  const bytes = dmaBufExportSyncFile.create({ flags: syncFlags(access), fd: -1 })
  await calls.ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, plainArg(bytes), { why: noDescriptors })
  return SyncFile.made(calls, dmaBufExportSyncFile.decode(bytes).fd)
}

/** May sleep. IMPORT_SYNC_FILE: the dma-buf `fd` is busy with an `access` until `file` is signalled. */
export async function importSyncFile(
  calls: Calls,
  fd: number,
  access: CpuAccessKind,
  file: SyncFile,
): Promise<void> {
  const bytes = dmaBufImportSyncFile.create({ flags: syncFlags(access), fd: file.fd })
  await calls.ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, plainArg(bytes), {
    why: () => ({ EINVAL: `descriptor ${file.fd} is not a sync file` }),
  })
}
