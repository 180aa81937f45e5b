/**
 * A process on the simulated kernel: the system calls, over its descriptors and its memory.
 *
 * No call throws for a failure of the kernel. A failure below is a KernelError with a name; here it
 * becomes the negative number, and its reason goes to the failure that the caller asked for, if it did.
 */

import { O_CLOEXEC } from '../../abi/fcntl.ts'
import { MFD_CLOEXEC } from '../../abi/memfd.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { CLOCK_END } from '../../machine/scheduler.ts'
import { type CallScope, scopeOf } from '../../syscalls/call-scope.ts'
import type { PollFd, Syscalls, ViewScope, WaitOptions } from '../../syscalls/syscalls.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DeviceNode, OpenFile, UserMemory } from '../dmabuf/file.ts'
import { Memfd } from '../shmem/memfd.ts'
import { MemfdFile } from '../shmem/memfd-file.ts'
import { canRead } from './access-mode.ts'
import { CallTime } from './call-time.ts'
import { Descriptors } from './descriptors.ts'
import type { Failures } from './failures.ts'
import { fileControl } from './file-control.ts'
import { requirePages } from './mapping-checks.ts'
import { Paths } from './paths.ts'
import { pollFiles } from './polling.ts'
import { ProcessMemory } from './process-memory.ts'
import { remap } from './remap.ts'
import { SyscallEntry } from './syscall-entry.ts'
import { exactView, rawView } from './views.ts'

/** SEEK_HOLE, the last one that the kernel knows. */
const SEEK_MAX = 4

export interface ProcessOptions {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly nodes: ReadonlyMap<string, DeviceNode>
  readonly failures: Failures
  readonly fdLimit?: number | undefined
  readonly views?: 'raw' | 'checked' | undefined
}

export class Process implements Syscalls {
  readonly #machine: Machine
  readonly #failures: Failures
  readonly #views: 'raw' | 'checked'
  readonly #time: CallTime
  readonly #scope: CallScope
  readonly #entry: SyscallEntry
  readonly #descriptors: Descriptors
  readonly #paths: Paths
  readonly #memory: ProcessMemory

  constructor(options: ProcessOptions) {
    const { machine, core, nodes, failures, fdLimit, views = 'raw' } = options
    this.#machine = machine
    this.#failures = failures
    this.#views = views
    this.#time = new CallTime(machine)
    this.#scope = scopeOf(this)
    this.#entry = new SyscallEntry(machine, failures, this.#time, this.#scope)
    this.#descriptors = new Descriptors(machine, fdLimit)
    this.#paths = new Paths(nodes, this.#descriptors, core)
    this.#memory = new ProcessMemory({ machine, core })
  }

  /** The open files of the process: `[fd, what]`. */
  get openFiles(): [number, string][] {
    return this.#descriptors.open.map(([fd, { file }]) => [fd, file.what])
  }

  get mappingCount(): number {
    return this.#memory.space.areas.length
  }

  open(path: string, flags: number): number {
    return this.#entry.call('open', () => this.#install(this.#paths.open(path, flags), flags))
  }

  close(fd: number): number {
    return this.#entry.call('close', () => {
      this.#descriptors.close(fd)
      return 0
    })
  }

  dup(fd: number): number {
    return this.#entry.call('dup', () => this.#descriptors.duplicate(fd))
  }

  lseek(fd: number, offset: number, whence: number): number {
    return this.#entry.call('lseek', () => {
      const { file } = this.#descriptors.openFile(fd)
      if (whence < 0 || whence > SEEK_MAX) throw new KernelError('EINVAL', `whence is ${whence}`)
      if (file.lseek === undefined) throw new KernelError('ESPIPE', `${file.what} cannot seek`)
      return file.lseek(offset, whence)
    })
  }

  fcntl(fd: number, command: number, argument: number): number {
    return this.#entry.call('fcntl', () => fileControl(this.#descriptors, fd, command, argument))
  }

  read(fd: number, target: Uint8Array): number {
    return this.#entry.call('read', () => {
      const { file } = this.#descriptors.openFile(fd)
      if (!canRead(file.flags)) throw new KernelError('EBADF', `fd ${fd} is not open for reading`)
      if (file.read === undefined) throw new KernelError('EINVAL', `${file.what} cannot be read`)
      return file.read(target)
    })
  }

  memfdCreate(name: string, flags: number): number {
    return this.#entry.call('memfd_create', () => {
      const file = new MemfdFile(name, new Memfd(this.#machine, name, flags))
      return this.#install(file, (flags & MFD_CLOEXEC) === 0 ? 0 : O_CLOEXEC)
    })
  }

  ftruncate(fd: number, length: number): number {
    return this.#entry.call('ftruncate', () => {
      if (length < 0) throw new KernelError('EINVAL', `length is ${length}`)
      this.#memory.truncate(this.#descriptors.openFile(fd).file, length)
      return 0
    })
  }

  ioctl(
    fd: number,
    request: number,
    argument: UserMemory,
    { signal }: WaitOptions = {},
  ): Promise<number> {
    const touches = [this.#descriptors.touchOf(fd)]
    const size = sizeOf(argument)
    return this.#entry.sleepingCall(touches, async () => {
      if (sizeOf(argument) < size) throw memoryGone()
      const refused = this.#failures.nextIoctl(request)
      if (refused !== undefined) {
        this.#descriptors.lookup(fd)?.refused?.(request, argument, refused)
        return refused
      }
      return await this.#ioctl(fd, request, argument, signal)
    })
  }

  async #ioctl(
    fd: number,
    request: number,
    argument: UserMemory,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const description = this.#descriptors.openFile(fd)
    const { file } = description
    if (file.ioctl === undefined) throw new KernelError('ENOTTY', `${file.what} has no ioctls`)
    const call = { request, argument, files: this.#descriptors, signal }
    const size = sizeOf(argument)
    // The call keeps the file open while it sleeps, also if the descriptor is closed meanwhile.
    description.get()
    try {
      const result = await this.#time.oweMaintenance(async () => (await file.ioctl?.(call)) ?? 0)
      if (sizeOf(argument) < size) throw memoryGone()
      return result
    } catch (error) {
      // The driver's error for missing memory is its copy_to_user, which failed.
      throw sizeOf(argument) < size ? memoryGone() : error
    } finally {
      description.put()
    }
  }

  poll(fds: readonly PollFd[], timeout: number, { signal }: WaitOptions = {}): Promise<number> {
    const deadline = this.#deadline(timeout)
    const touches = fds.map(({ fd }) => this.#descriptors.touchOf(fd))
    return this.#entry.sleepingCall(touches, async () => {
      const refused = this.#failures.next('poll')
      if (refused !== undefined) return refused
      return await pollFiles(this.#machine, this.#descriptors, fds, { deadline, signal })
    })
  }

  /** When a poll ends; never for a time beyond the clock's end, as for a negative one. */
  #deadline(timeout: number): number | undefined {
    const time = this.#machine.scheduler.now + timeout
    return timeout < 0 || time > CLOCK_END ? undefined : time
  }

  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number {
    return this.#entry.call('mmap', () => {
      requirePages('offset', offset)
      const description = this.#descriptors.openFile(fd)
      return this.#memory.map(description, { length, protection, flags, offset })
    })
  }

  munmap(address: number, length: number): number {
    return this.#entry.call('munmap', () => {
      this.#memory.unmap(address, length)
      return 0
    })
  }

  mremap(address: number, oldLength: number, newLength: number, flags: number): number {
    return this.#entry.call('mremap', () =>
      remap(this.#memory, address, oldLength, newLength, flags),
    )
  }

  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> | number {
    let view: Uint8Array<ArrayBuffer> | undefined
    const result = this.#entry.call('view', () => {
      view =
        this.#views === 'checked'
          ? exactView(this.#memory, { address, length, scope }, this, this.#scope)
          : rawView(this.#memory, address, length, scope)
      return 0
    })
    return view ?? result
  }

  load(address: number, target: Uint8Array): number {
    return this.#entry.call('load', () => {
      this.#memory.load(address, target)
      return 0
    })
  }

  store(address: number, source: Uint8Array): number {
    return this.#entry.call('store', () => {
      this.#memory.store(address, source)
      return 0
    })
  }

  /** Ends the process: everything it had is released, mappings first. */
  exit(): void {
    this.#memory.unmapAll()
    this.#descriptors.closeAll()
  }

  #install(file: OpenFile, flags: number): number {
    try {
      return this.#descriptors.install(file, flags)
    } catch (error) {
      file.release()
      throw error
    }
  }
}

/** Bytes of the argument and of everything its pointers lead to. */
function sizeOf({ bytes, pointers }: UserMemory): number {
  let size = bytes.byteLength
  if (pointers !== undefined) for (const target of pointers.values()) size += sizeOf(target)
  return size
}

/** The caller transferred its argument to another thread, or shrank it, while the call slept. */
function memoryGone(): KernelError {
  return new KernelError('EFAULT', 'the memory of the argument went away while the call slept')
}
