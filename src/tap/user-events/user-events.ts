/**
 * The events that follow from a program's calls and their results alone, on any kernel. The work of
 * the kernel and of devices in between is not seen, with one exception: DQBUF shows that a device
 * has filled a buffer, at the latest by then.
 *
 * The simulated kernel also emits these, which are missing here: the release of a buffer, because
 * other processes and drivers may hold it; loads by read(2).
 */
import { errno } from '../../abi/errno.ts'
import { F_DUPFD, F_DUPFD_CLOEXEC } from '../../abi/fcntl.ts'
import { scopeOf, sharingScope } from '../../syscalls/call-scope.ts'
import type { Syscalls } from '../../syscalls/syscalls.ts'
import { Buffers } from './buffers.ts'
import { Files } from './files.ts'
import { Handles } from './handles.ts'
import { Mappings } from './mappings.ts'
import { Memories } from './memories.ts'
import { Queues } from './queues.ts'
import { type Requests, tellers } from './requests.ts'
import type { Tell } from './tell.ts'

/** The known state of the program. */
interface Known {
  readonly files: Files
  readonly memories: Memories
  readonly mappings: Mappings
  readonly requests: Requests
}

export class UserEvents {
  /** The calls to make in place of the given ones; each emits its events before it returns. */
  readonly sys: Syscalls
  readonly #own: Syscalls
  readonly #tell: Tell
  #known: Known

  /**
   * `own` are the calls as they are, also used to look at descriptors: see `readFdInfo`. `tell` takes
   * the events, whose origin is the one in force.
   */
  constructor(own: Syscalls, tell: Tell) {
    this.#own = own
    this.#tell = tell
    this.#known = know(own, tell)
    this.sys = sharingScope(this.#telling(), own)
  }

  /** Nothing that was seen so far holds any more: calls were made that were not seen. */
  forget(): void {
    this.#known = know(this.#own, this.#tell)
  }

  #telling(): Syscalls {
    const own = this.#own
    return {
      ...this.#aboutFiles(),
      ...this.#aboutMemory(),
      read: (fd, target) => own.read(fd, target),
      poll: (fds, timeout, options) => own.poll(fds, timeout, options),
      ioctl: async (fd, request, argument, options) => {
        const { files, requests } = this.#known
        const { origin, within } = scopeOf(own)
        const file = files.at(fd)
        const heard = file && requests.get(request)?.({ file, argument })
        const result = await own.ioctl(fd, request, argument, options)
        if (heard !== undefined) scopeOf(own).run({ origin, within }, () => heard(result))
        return result
      },
    }
  }

  #aboutFiles(): Pick<
    Syscalls,
    'open' | 'close' | 'dup' | 'lseek' | 'fcntl' | 'memfdCreate' | 'ftruncate'
  > {
    const own = this.#own
    return {
      open: (path, flags) => {
        const fd = own.open(path, flags)
        if (fd >= 0) this.#known.files.opened(fd, path)
        return fd
      },
      close: (fd) => {
        const { files } = this.#known
        files.at(fd)
        const result = own.close(fd)
        // The number is free also where the file could not be written.
        if (result !== -errno.EBADF) files.closed(fd)
        return result
      },
      dup: (fd) => this.#duplicating(fd, own.dup(fd)),
      lseek: (fd, offset, whence) => {
        this.#known.files.at(fd)
        return own.lseek(fd, offset, whence)
      },
      fcntl: (fd, command, argument) => {
        const result = own.fcntl(fd, command, argument)
        const isCopy = command === F_DUPFD || command === F_DUPFD_CLOEXEC
        return isCopy ? this.#duplicating(fd, result) : result
      },
      memfdCreate: (name, flags) => {
        const { files, memories } = this.#known
        const fd = own.memfdCreate(name, flags)
        if (fd >= 0) files.opened(fd, `memfd:${name}`, memories.memfd(name))
        return fd
      },
      ftruncate: (fd, length) => {
        const { files, memories, mappings } = this.#known
        const result = own.ftruncate(fd, length)
        const file = files.at(fd)
        if (result >= 0 && file?.memfd !== undefined) {
          memories.resized(file.memfd, length)
          mappings.truncated(file)
        }
        return result
      },
    }
  }

  #duplicating(fd: number, copy: number): number {
    if (copy < 0) return copy
    const { files } = this.#known
    files.at(fd)
    files.duplicated(fd, copy)
    return copy
  }

  #aboutMemory(): Pick<Syscalls, 'mmap' | 'munmap' | 'mremap' | 'view' | 'load' | 'store'> {
    const own = this.#own
    return {
      mmap: (length, protection, flags, fd, offset) => {
        const { files, mappings } = this.#known
        const address = own.mmap(length, protection, flags, fd, offset)
        const file = address < 0 ? undefined : files.at(fd)
        if (file !== undefined) {
          mappings.mapped(file, address, { length, protection, flags, offset })
        }
        return address
      },
      munmap: (address, length) => {
        const result = own.munmap(address, length)
        if (result >= 0) this.#known.mappings.unmapped(address, length)
        return result
      },
      mremap: (address, before, after, flags) => {
        const result = own.mremap(address, before, after, flags)
        if (result >= 0) this.#known.mappings.remapped(address, before, after, result)
        return result
      },
      view: (address, length, scope) => {
        const result = own.view(address, length, scope)
        if (typeof result !== 'number') this.#known.mappings.viewed(address, length, scope)
        return result
      },
      load: (address, target) => {
        const result = own.load(address, target)
        if (result >= 0) this.#known.mappings.accessed('cpu-load', address, target.length)
        return result
      },
      store: (address, source) => {
        const result = own.store(address, source)
        if (result >= 0) this.#known.mappings.accessed('cpu-store', address, source.length)
        return result
      },
    }
  }
}

function know(own: Syscalls, tell: Tell): Known {
  const released: ((file: Parameters<Queues['released']>[0]) => void)[] = []
  const files = new Files(own, new Buffers(tell), tell, (file) => {
    for (const hear of released) hear(file)
  })
  const memories = new Memories(tell)
  const mappings = new Mappings(files, memories, tell)
  const queues = new Queues(files, tell)
  const handles = new Handles(files, tell)
  released.push(
    (file) => queues.released(file),
    (file) => handles.released(file),
  )
  return { files, memories, mappings, requests: tellers({ files, queues, handles, tell }) }
}
