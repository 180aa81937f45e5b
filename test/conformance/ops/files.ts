/** Opening, duplicating, closing, seeking, reading: the operations of every descriptor. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { anyFd, fdOf, flags, huge, offset } from '../arbitraries.ts'
import { summary } from '../bytes.ts'
import { fdinfo } from '../fdinfo.ts'
import type { Operation } from '../operation.ts'
import type { Side } from '../side.ts'
import type { FdRef, Kind } from '../world.ts'

const paths: Readonly<Record<string, Kind | undefined>> = {
  '/dev/dma_heap/system': 'heap',
  '/dev/udmabuf': 'udmabuf-node',
  card: 'card',
  '/dev/dma_heap/nowhere': undefined,
  '/dev/nowhere': undefined,
  '': undefined,
}

const open: Operation<{ path: string; flags: number }> = {
  name: 'open',
  group: 'files',
  weight: 4,
  arguments: fc.record({
    path: fc.constantFrom('card', ...Object.keys(paths)),
    flags: fc.constantFrom(
      uapi.O_RDWR,
      uapi.O_RDWR,
      uapi.O_RDWR | uapi.O_CLOEXEC,
      uapi.O_RDONLY,
      uapi.O_WRONLY | uapi.O_CLOEXEC,
      uapi.O_RDWR | uapi.O_NONBLOCK,
    ),
  }),
  run: (side, words) => [side.slot(side.sys.open(pathOn(side, words.path), words.flags))],
  settle({ path }, [slot], world) {
    world.add(slot as number, paths[path] ?? 'text')
  },
}

function pathOn(side: Side, path: string): string {
  return path === 'card' ? side.card : path
}

const openInfo: Operation<{ fd: FdRef; flags: number }> = {
  name: 'openInfo',
  group: 'files',
  weight: 1,
  arguments: fc.record({ fd: anyFd, flags: fc.constantFrom(uapi.O_RDONLY, uapi.O_CLOEXEC) }),
  run(side, { fd, flags: mode }, world) {
    const number = side.fd(world.slot(fd))
    return [side.slot(side.sys.open(`/proc/self/fdinfo/${number}`, mode))]
  },
  settle(_words, [slot], world) {
    world.add(slot as number, 'text')
  },
}

const info: Operation<{ fd: FdRef }> = {
  name: 'fdinfo',
  group: 'files',
  weight: 3,
  arguments: fc.record({ fd: anyFd }),
  run: (side, { fd }, world) => [fdinfo(side, world.slot(fd))],
}

const dup: Operation<{ fd: FdRef }> = {
  name: 'dup',
  group: 'files',
  weight: 3,
  arguments: fc.record({ fd: anyFd }),
  run: (side, { fd }, world) => [side.slot(side.sys.dup(side.fd(world.slot(fd))))],
  settle({ fd }, [slot], world) {
    const file = world.file(fd)
    if ((slot as number) >= 0 && file !== undefined) world.open.set(slot as number, file)
  },
}

/** Takes every descriptor that is left. */
const fill: Operation<{ fd: FdRef }> = {
  name: 'fill',
  group: 'files',
  weight: 0,
  arguments: fc.record({ fd: anyFd }),
  run(side, { fd }, world) {
    for (;;) {
      const copy = side.sys.dup(side.fd(world.slot(fd)))
      if (copy < 0) return [copy]
      side.filling.push(copy)
    }
  },
}

const close: Operation<{ fd: FdRef }> = {
  name: 'close',
  group: 'files',
  weight: 5,
  arguments: fc.record({ fd: anyFd }),
  run: (side, { fd }, world) => [side.sys.close(side.fd(world.slot(fd)))],
  settle({ fd }, [result], world) {
    if (result === 0) world.open.delete(world.slot(fd))
  },
}

const lseek: Operation<{ fd: FdRef; offset: number; whence: number }> = {
  name: 'lseek',
  group: 'files',
  weight: 4,
  arguments: fc.record({
    fd: anyFd,
    offset: fc.oneof(offset, fc.constantFrom(0, -1, -4096, 2 ** 40, 2 ** 53 - 1)),
    whence: fc.constantFrom(0, 1, 2, 2, 5, -1),
  }),
  run: (side, { fd, offset: by, whence }, world) => [
    side.sys.lseek(side.fd(world.slot(fd)), by, whence),
  ],
}

const read: Operation<{ fd: FdRef; length: number }> = {
  name: 'read',
  group: 'files',
  weight: 3,
  arguments: fc.record({
    fd: fdOf('memfd', 'memfd', 'memfd', 'dma-buf', 'heap', 'udmabuf-node', 'sync-file'),
    length: fc.constantFrom(0, 1, 64, 4096, 10_000),
  }),
  // A text contains numbers that differ; the operation `fdinfo` compares texts.
  isLeftOut: (_sides, { fd }, world) => world.file(fd)?.kind === 'text',
  run(side, words, world) {
    const target = new Uint8Array(words.length)
    const count = side.sys.read(side.fd(world.slot(words.fd)), target)
    return count < 0 ? [count] : [count, summary(target.subarray(0, count))]
  },
}

const COMMANDS = [
  uapi.F_DUPFD,
  uapi.F_DUPFD_CLOEXEC,
  uapi.F_GETFD,
  uapi.F_SETFD,
  uapi.F_GETFL,
  uapi.F_SETFL,
  uapi.F_ADD_SEALS,
  uapi.F_GET_SEALS,
]
const duplicates = new Set([uapi.F_DUPFD, uapi.F_DUPFD_CLOEXEC])

const fcntl: Operation<{ fd: FdRef; command: number; argument: number }> = {
  name: 'fcntl',
  group: 'files',
  weight: 6,
  arguments: fc.record({
    fd: anyFd,
    command: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...COMMANDS) },
      { weight: 1, arbitrary: fc.constantFrom(77, 1999, -1) },
    ),
    argument: fc.oneof(
      fc.nat({ max: 15 }),
      fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 0x10, 0x20, 0x40, -1, 0x7fffffff),
      fc.constantFrom(uapi.O_NONBLOCK, uapi.O_NONBLOCK | 0o2000, uapi.O_RDWR, uapi.O_CLOEXEC),
    ),
  }),
  run(side, { fd, command, argument }, world) {
    const makes = duplicates.has(command)
    const word = makes ? lowest(side, argument) : argument
    const result = side.sys.fcntl(side.fd(world.slot(fd)), command, word)
    return [makes ? side.slot(result) : result]
  },
  settle({ fd, command }, [slot], world) {
    const file = world.file(fd)
    if (!duplicates.has(command) || (slot as number) < 0 || file === undefined) return
    world.open.set(slot as number, file)
  },
}

/** Where slots end numbers stop being comparable. */
function lowest(side: Side, argument: number): number {
  return argument >= 0 && argument < 100 ? side.fd(argument) : argument
}

const memfd: Operation<{ name: number; flags: number }> = {
  name: 'memfd',
  group: 'files',
  weight: 4,
  arguments: fc.record({
    name: fc.oneof(
      { weight: 8, arbitrary: fc.constant(4) },
      { weight: 1, arbitrary: fc.constantFrom(0, 248, 249, 250, 300) },
    ),
    flags: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(uapi.MFD_ALLOW_SEALING, uapi.MFD_ALLOW_SEALING | 1) },
      {
        weight: 1,
        arbitrary: flags(
          [uapi.MFD_CLOEXEC, uapi.MFD_ALLOW_SEALING, uapi.MFD_NOEXEC_SEAL, uapi.MFD_EXEC],
          [0x20, 0x80000000, 0x8000],
        ),
      },
    ),
  }),
  run: (side, words) => [side.slot(side.sys.memfdCreate('n'.repeat(words.name), words.flags))],
  settle(_words, [slot], world) {
    world.add(slot as number, 'memfd')
  },
}

const ftruncate: Operation<{ fd: FdRef; length: number }> = {
  name: 'ftruncate',
  group: 'files',
  weight: 5,
  arguments: fc.record({
    fd: fdOf('memfd'),
    length: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 8 }).map((pages) => pages * 4096) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1, 4095, 4097, 6000, 84 * 4096, -1) },
    ),
  }),
  run: (side, words, world) => [side.sys.ftruncate(side.fd(world.slot(words.fd)), words.length)],
}

const seal: Operation<{ fd: FdRef; seals: number }> = {
  name: 'seal',
  group: 'files',
  weight: 4,
  arguments: fc.record({
    fd: fdOf('memfd'),
    seals: fc.oneof(
      { weight: 6, arbitrary: fc.constant(uapi.F_SEAL_SHRINK) },
      { weight: 3, arbitrary: flags([1, 2, 4, 8, 0x10, 0x20], [0x40, 0x80000000]) },
    ),
  }),
  run: (side, words, world) => [
    side.sys.fcntl(side.fd(world.slot(words.fd)), uapi.F_ADD_SEALS, words.seals),
  ],
}

/** A request that the file does not know. */
const ioctl: Operation<{ fd: FdRef; request: number; fill: number }> = {
  name: 'ioctl',
  group: 'files',
  weight: 2,
  arguments: fc.record({
    fd: fdOf('dma-buf', 'heap', 'udmabuf-node', 'memfd', 'text', 'sync-file'),
    request: fc.constantFrom(
      uapi.DMA_BUF_IOCTL_SYNC,
      uapi.iow('b', 9, 8),
      uapi.iow('b', 0, 4),
      uapi.io('b', 0),
      uapi.iowr('H', 1, 24),
      uapi.iowr('H', 0, 16),
      uapi.iowr('H', 0, 40),
      uapi.iowr('u', 0x44, 24),
      uapi.iow('u', 0x42, 16),
      uapi.SYNC_IOC_FILE_INFO,
      uapi.iowr('>', 9, 16),
      uapi.DRM_IOCTL_GEM_CLOSE,
      uapi.VIDIOC_QUERYCAP,
    ),
    fill: fc.constantFrom(0, 1, 255),
  }),
  async run(side, { fd, request, fill }, world) {
    const bytes = new Uint8Array(Math.max(8, uapi.ioctlSize(request))).fill(fill)
    return [await side.sys.ioctl(side.fd(world.slot(fd)), request, { bytes })]
  },
  // A heap looks at the number alone and may allocate; such a descriptor has no name.
  isLeftOut: (_sides, { fd, request, fill }, world) =>
    (world.file(fd)?.kind === 'heap' && (request & 0xff) === 0 && fill !== 0) ||
    (world.file(fd)?.kind === 'dma-buf' && request === uapi.DMA_BUF_IOCTL_SYNC),
}

const poll: Operation<{ fds: { fd: FdRef; events: number }[] }> = {
  name: 'poll',
  group: 'files',
  weight: 4,
  arguments: fc.record({
    fds: fc.array(
      fc.record({ fd: anyFd, events: fc.constantFrom(5, 5, 1, 4, 2, 0, 7, 0x18, 0x40, 0x145) }),
      {
        maxLength: 4,
      },
    ),
  }),
  async run(side, { fds }, world) {
    const entries = fds.map(({ fd, events }) => ({
      fd: side.fd(world.slot(fd)),
      events,
      revents: 0,
    }))
    const result = await side.sys.poll(entries, 0)
    return [result, ...entries.map(({ revents }) => revents)]
  },
}

/** Lengths that no file can have. */
const ftruncateFar: Operation<{ fd: FdRef; length: number }> = {
  name: 'ftruncateFar',
  group: 'files',
  weight: 0.2,
  arguments: fc.record({ fd: anyFd, length: huge.map((value) => -Math.min(value, 2 ** 53 - 1)) }),
  run: (side, words, world) => [side.sys.ftruncate(side.fd(world.slot(words.fd)), words.length)],
}

export const files = [
  open,
  openInfo,
  info,
  dup,
  fill,
  close,
  lseek,
  read,
  fcntl,
  memfd,
  ftruncate,
  ftruncateFar,
  seal,
  ioctl,
  poll,
]
