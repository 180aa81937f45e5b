import { sharingScope } from '../syscalls/call-scope.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'

/**
 * Calls that go through `watched` while `isWatched` says so, and straight to `plain` otherwise:
 * without a listener they cost nothing.
 */
export function switching(plain: Syscalls, watched: Syscalls, isWatched: () => boolean): Syscalls {
  const to = (): Syscalls => (isWatched() ? watched : plain)
  const switched: Syscalls = {
    open: (path, flags) => to().open(path, flags),
    close: (fd) => to().close(fd),
    dup: (fd) => to().dup(fd),
    lseek: (fd, offset, whence) => to().lseek(fd, offset, whence),
    fcntl: (fd, command, argument) => to().fcntl(fd, command, argument),
    read: (fd, target) => to().read(fd, target),
    ioctl: (fd, request, argument, options) => to().ioctl(fd, request, argument, options),
    poll: (fds, timeout, options) => to().poll(fds, timeout, options),
    memfdCreate: (name, flags) => to().memfdCreate(name, flags),
    ftruncate: (fd, length) => to().ftruncate(fd, length),
    mmap: (length, protection, flags, fd, offset) =>
      to().mmap(length, protection, flags, fd, offset),
    munmap: (address, length) => to().munmap(address, length),
    mremap: (address, oldLength, newLength, flags) =>
      to().mremap(address, oldLength, newLength, flags),
    view: (address, length, scope) => to().view(address, length, scope),
    load: (address, target) => to().load(address, target),
    store: (address, source) => to().store(address, source),
  }
  return sharingScope(switched, plain)
}
