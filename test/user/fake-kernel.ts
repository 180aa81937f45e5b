import { expect } from 'vitest'
import { DMA_BUF_SYNC_VALID_FLAGS_MASK, dmaBufSync } from '../../src/abi/dma-buf.ts'
import { dmaHeapAllocationData } from '../../src/abi/dma-heap.ts'
import { errno } from '../../src/abi/errno.ts'
import { POLLIN, PROT_WRITE, SEEK_END } from '../../src/abi/fcntl.ts'
import { decodeText } from '../../src/abi/field-kinds.ts'
import { scopeOf } from '../../src/syscalls/call-scope.ts'
import { guarded } from '../../src/syscalls/guard.ts'
import type { IoctlArg } from '../../src/syscalls/ioctl-arg.ts'
import type { Origin } from '../../src/syscalls/origin.ts'
import { requestName } from '../../src/syscalls/requests/index.ts'
import type { PollFd, Syscalls, WaitOptions } from '../../src/syscalls/syscalls.ts'
import { FakeDrm } from './fake-drm.ts'
import { type FakeBuffer, FakeFiles } from './fake-files.ts'
import { FakeVideo } from './fake-video.ts'

/** Calls that give something back: they do so even when they fail, as close(2) does, if not restarted. */
const releasing = /^(close|munmap|.*_GEM_CLOSE|.*_RMFB|.*_DESTROY_DUMB|VIDIOC_STREAMOFF)$/
const paths: Readonly<Record<string, 'heap' | 'video' | 'drm'>> = {
  '/dev/dma_heap/system': 'heap',
  '/dev/video0': 'video',
  '/dev/dri/card0': 'drm',
}

/** A kernel small enough to see through: it keeps books, and fails where a test says. */
export class FakeKernel {
  readonly files = new FakeFiles()
  readonly video = new FakeVideo(this.files)
  readonly drm = new FakeDrm(this.files)
  /** The names of the calls, in order. */
  readonly log: string[] = []
  readonly origins: (Origin | undefined)[] = []
  readonly names = new Map<number, string>()
  /** The result of the call at this place in the log, instead of the usual one. */
  readonly failures = new Map<number, number>()
  readonly sys: Syscalls = guarded(this.#syscalls())

  constructor() {
    this.video.onQueue = (buffer) => expect(this.drm.reading()).not.toContain(buffer)
  }

  /** Fails the `nth` call (from 1) of `name` with `-code`; counted from now. */
  fail(name: string, nth: number, code: keyof typeof errno): void {
    this.#byName.push({ name, left: nth, result: -errno[code] })
  }
  readonly #byName: { name: string; left: number; result: number }[] = []

  /** How often `name` was called. */
  count(name: string): number {
    return this.log.filter((other) => other === name).length
  }

  /** Everything that is open; empty when nothing leaked. */
  leaks(): string[] {
    return [
      ...[...this.files.fds].map(([fd, { kind }]) => `fd ${fd} ${kind}`),
      ...[...this.files.mappings.keys()].map((address) => `mapping ${address}`),
      ...[...this.drm.handles.keys()].map((handle) => `handle ${handle}`),
      ...[...this.drm.framebuffers.keys()].map((id) => `framebuffer ${id}`),
      ...(this.video.streaming ? ['stream'] : []),
    ]
  }

  #call<T>(name: string, body: () => T): T | number {
    this.origins.push(scopeOf(this.sys).origin)
    const failure = this.#failure(name, this.log.push(name) - 1)
    if (failure === undefined) return body()
    const again = failure === -errno.EINTR || failure === -errno.EAGAIN
    if (releasing.test(name) && !again) body()
    return failure
  }

  #failure(name: string, place: number): number | undefined {
    for (const entry of this.#byName) {
      if (entry.name === name && --entry.left === 0) return entry.result
    }
    return this.failures.get(place)
  }

  #ioctl(fd: number, name: string, argument: IoctlArg): number {
    const file = this.files.fds.get(fd)
    if (file === undefined) return -errno.EBADF
    if (file.kind === 'heap') return this.#allocate(argument.bytes)
    if (file.kind === 'dmabuf') return this.#buffer(file.buffer, name, argument.bytes)
    if (file.kind === 'video') return this.video.ioctl(name, argument.bytes)
    return file.kind === 'drm' ? this.drm.ioctl(name, argument) : -errno.ENOTTY
  }

  #allocate(bytes: Uint8Array): number {
    const fields = dmaHeapAllocationData.over(bytes)
    if (fields.len === 0) return -errno.EINVAL
    fields.fd = this.files.install({ kind: 'dmabuf', buffer: this.files.newBuffer(fields.len) })
    return 0
  }

  #buffer(buffer: FakeBuffer, name: string, bytes: Uint8Array): number {
    if (name === 'DMA_BUF_SET_NAME_B') {
      if (!bytes.subarray(0, 32).includes(0)) return -errno.EINVAL
      this.names.set(buffer.id, decodeText(bytes))
      return 0
    }
    if (name !== 'DMA_BUF_IOCTL_SYNC') return -errno.ENOTTY
    const { flags } = dmaBufSync.decode(bytes)
    if (flags > DMA_BUF_SYNC_VALID_FLAGS_MASK || (flags & 3) === 0) return -errno.EINVAL
    buffer.syncs.push(flags)
    return 0
  }

  async #poll(entry: PollFd, options: WaitOptions): Promise<number> {
    const kind = this.files.fds.get(entry.fd)?.kind
    const ready = kind === 'video' ? this.video.ready : this.drm.ready
    if (ready) {
      entry.revents = POLLIN
      return 1
    }
    const { signal } = options
    if (signal === undefined) throw new Error('the test would hang: nothing will ever be ready')
    if (!signal.aborted) {
      await new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      )
    }
    return -errno.EINTR
  }

  #seek(fd: number, whence: number): number {
    const file = this.files.fds.get(fd)
    if (file === undefined) return -errno.EBADF
    if (file.kind !== 'dmabuf') return 0
    return whence === SEEK_END ? file.buffer.memory.length : -errno.EINVAL
  }

  #mapped(fd: number): FakeBuffer | undefined {
    if (this.files.fds.get(fd)?.kind !== 'drm') return this.files.buffer(fd)
    return [...this.drm.handles.values()].at(-1)
  }

  #access(address: number, bytes: Uint8Array, store: boolean): number {
    const memory = this.files.bytes(address, bytes.length)
    if (memory === undefined) return -errno.EFAULT
    const mapping = this.files.mappings.get(address)
    if (store && mapping !== undefined && (mapping.protection & PROT_WRITE) === 0) {
      return -errno.EFAULT
    }
    if (store) memory.set(bytes)
    else bytes.set(memory)
    return 0
  }

  #syscalls(): Syscalls {
    const { files } = this
    const number = (name: string, body: () => number): number => this.#call(name, body)
    return {
      open: (path) =>
        number('open', () => {
          const kind = paths[path]
          return kind === undefined ? -errno.ENOENT : files.install({ kind })
        }),
      close: (fd) => number('close', () => (files.fds.delete(fd) ? 0 : -errno.EBADF)),
      dup: (fd) => this.sys.fcntl(fd, 1030, 0),
      fcntl: (fd) =>
        number('fcntl', () => {
          const file = files.fds.get(fd)
          return file === undefined ? -errno.EBADF : files.install(file)
        }),
      lseek: (fd, _, whence) => number('lseek', () => this.#seek(fd, whence)),
      read: (_, target) => number('read', () => this.drm.read(target)),
      ioctl: async (fd, request, argument) => {
        const name = requestName(request)
        return number(name, () => this.#ioctl(fd, name, argument))
      },
      poll: async (fds, _, options = {}) => {
        const entry = fds[0] as PollFd
        return await this.#call('poll', () => this.#poll(entry, options))
      },
      mmap: (length, protection, _, fd) =>
        number('mmap', () => files.map(this.#mapped(fd), length, protection)),
      memfdCreate: () => number('memfd_create', () => -errno.ENOSYS),
      ftruncate: () => number('ftruncate', () => -errno.EINVAL),
      mremap: () => number('mremap', () => -errno.EFAULT),
      munmap: (address) => number('munmap', () => (files.mappings.delete(address) ? 0 : -22)),
      view: (address, length) =>
        this.#call('view', () => files.bytes(address, length) ?? -errno.EFAULT),
      load: (address, target) => number('load', () => this.#access(address, target, false)),
      store: (address, source) => number('store', () => this.#access(address, source, true)),
    }
  }
}
