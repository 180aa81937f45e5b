import { errno } from '../abi/errno.ts'
import { F_DUPFD, F_DUPFD_CLOEXEC } from '../abi/fcntl.ts'
import { sharingScope } from './call-scope.ts'
import { DescriptorUses, type FileOf, tellUses } from './descriptor-uses.ts'
import * as check from './guard-checks.ts'
import type { IoctlArg } from './ioctl-arg.ts'
import { makesDescriptor, newDescriptor } from './requests/index.ts'
import type { Syscalls } from './syscalls.ts'

/** Runs `checks` and then `call`; a failed check rejects instead of throwing. */
function checked(checks: () => void, call: () => Promise<number>): Promise<number> {
  try {
    checks()
  } catch (error) {
    return Promise.reject(error)
  }
  return call()
}

/**
 * `sys` with a check of every argument that no C program could pass, or that would let a foreign
 * function call write past memory: it stands above both kernels. A violation is the caller's bug:
 * the call throws (`ioctl` and `poll` reject with) an AssertionError and does not reach the kernel.
 *
 * Descriptors that it makes and closes are counted for `usesOf`; `fileOf` covers changes by others.
 */
export function guarded(sys: Syscalls, fileOf?: FileOf): Syscalls {
  const uses = new DescriptorUses(fileOf)
  const made = (fd: number): number => {
    if (fd >= 0) uses.made(fd)
    return fd
  }
  const madeBy =
    (request: number, { bytes }: IoctlArg) =>
    (result: number): number => {
      made(newDescriptor(request, bytes, result) ?? -1)
      return result
    }
  const guard: Syscalls = {
    open(path, flags) {
      check.text('open', 'path', path)
      check.int('open', 'flags', flags)
      return made(sys.open(path, flags))
    },
    close(fd) {
      check.int('close', 'fd', fd)
      const result = sys.close(fd)
      if (result !== -errno.EBADF) uses.gone(fd)
      return result
    },
    dup(fd) {
      check.int('dup', 'fd', fd)
      return made(sys.dup(fd))
    },
    lseek(fd, offset, whence) {
      check.int('lseek', 'fd', fd)
      check.safe('lseek', 'offset', offset)
      check.int('lseek', 'whence', whence)
      return sys.lseek(fd, offset, whence)
    },
    fcntl(fd, command, argument) {
      check.int('fcntl', 'fd', fd)
      check.int('fcntl', 'command', command)
      check.int('fcntl', 'argument', argument)
      const result = sys.fcntl(fd, command, argument)
      return command === F_DUPFD || command === F_DUPFD_CLOEXEC ? made(result) : result
    },
    read(fd, target) {
      check.int('read', 'fd', fd)
      check.memory('read', 'target', target)
      return sys.read(fd, target)
    },
    memfdCreate(name, flags) {
      check.text('memfd_create', 'name', name)
      check.int('memfd_create', 'flags', flags)
      return made(sys.memfdCreate(name, flags))
    },
    ftruncate(fd, length) {
      check.int('ftruncate', 'fd', fd)
      check.safe('ftruncate', 'length', length)
      return sys.ftruncate(fd, length)
    },
    ioctl: (fd, request, argument, options) =>
      checked(
        () => {
          check.ioctl(fd, request, argument)
          check.wait('ioctl', options)
        },
        () => {
          const result = sys.ioctl(fd, request, argument, options)
          return makesDescriptor(request) ? result.then(madeBy(request, argument)) : result
        },
      ),
    poll: (fds, timeout, options) =>
      checked(
        () => {
          check.poll(fds, timeout)
          check.wait('poll', options)
        },
        () => sys.poll(fds, timeout, options),
      ),
    mmap(length, protection, flags, fd, offset) {
      check.size('mmap', 'length', length)
      check.int('mmap', 'protection', protection)
      check.int('mmap', 'flags', flags)
      check.int('mmap', 'fd', fd)
      check.safe('mmap', 'offset', offset)
      return sys.mmap(length, protection, flags, fd, offset)
    },
    munmap(address, length) {
      check.size('munmap', 'address', address)
      check.size('munmap', 'length', length)
      return sys.munmap(address, length)
    },
    mremap(address, oldLength, newLength, flags) {
      check.size('mremap', 'address', address)
      check.size('mremap', 'old length', oldLength)
      check.size('mremap', 'new length', newLength)
      check.int('mremap', 'flags', flags)
      return sys.mremap(address, oldLength, newLength, flags)
    },
    view(address, length, scope) {
      check.size('view', 'address', address)
      check.size('view', 'length', length)
      check.scope('view', scope)
      return sys.view(address, length, scope)
    },
    load(address, target) {
      check.size('load', 'address', address)
      check.memory('load', 'target', target)
      return sys.load(address, target)
    },
    store(address, source) {
      check.size('store', 'address', address)
      check.memory('store', 'source', source)
      return sys.store(address, source)
    },
  }
  tellUses(guard, uses)
  return sharingScope(guard, sys)
}
