import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import {
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  SEEK_CUR,
  SEEK_SET,
} from '../../src/abi/fcntl.ts'
import type { DmabufEvent } from '../../src/events/event.ts'
import { DmaBuf, DmaHeap, Memfd, VgemDevice } from '../../src/index.ts'
import { LinuxKernel, openLinux } from '../../src/linux/index.ts'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import { Fifo, mapAll, PAGE, sealedMemfd, skipped } from './here.ts'

const root = join(import.meta.dirname, '../..')
const here = mkdtempSync(join(tmpdir(), 'dmabuf-linux-'))
afterAll(() => rmSync(here, { recursive: true }))

/** Runs a separate program, with `kernel` and `sys`; returns its outcome. */
function runAlone(source: string, options = ''): { status: number | null; stderr: string } {
  const file = join(here, `program-${readdirSync(here).length}.mts`)
  const imports = [
    `import { openLinux } from '${root}/src/linux/index.ts'`,
    `import * as fs from 'node:fs'`,
    `const kernel = openLinux(${options})`,
    'const { sys } = kernel',
  ]
  writeFileSync(file, `${imports.join('; ')}\n${source}\n`)
  const tsx = join(root, 'node_modules/tsx/dist/loader.mjs')
  const run = spawnSync(process.execPath, ['--expose-gc', '--import', `file://${tsx}`, file], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status: run.status, stderr: run.stderr }
}

describe.skipIf(skipped !== '')(`a process on the real kernel${skipped}`, () => {
  test('has the results of the kernel, errors as negative numbers', () => {
    const { sys } = new LinuxKernel({ reportForgotten: false })
    const fd = sys.memfdCreate('x', 0)
    expect(sys.ftruncate(fd, 100)).toBe(0)
    expect(sys.lseek(fd, 7, SEEK_SET)).toBe(7)
    expect(sys.lseek(fd, -1, SEEK_SET)).toBe(-errno.EINVAL)
    // The kernel moves, and no number holds where to.
    expect(sys.lseek(fd, Number.MAX_SAFE_INTEGER, SEEK_SET)).toBe(Number.MAX_SAFE_INTEGER)
    expect(sys.lseek(fd, 4096, SEEK_CUR)).toBe(-errno.EOVERFLOW)
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^pos:\t9007199254745087\n/)
    expect(sys.lseek(fd, 7, SEEK_SET)).toBe(7)
    const copy = sys.fcntl(fd, F_DUPFD_CLOEXEC, 50)
    expect(copy).toBeGreaterThanOrEqual(50)
    expect(sys.fcntl(copy, F_GETFD, 0)).toBe(FD_CLOEXEC)
    const other = sys.dup(fd)
    for (const each of [fd, copy, other]) expect(sys.close(each)).toBe(0)
    for (const each of [fd, -1, 0xffff_ffff, 99_999]) expect(sys.close(each)).toBe(-errno.EBADF)
    expect(sys.open('/no/such/node', O_RDWR)).toBe(-errno.ENOENT)
    expect(sys.open('', 0)).toBe(-errno.ENOENT)
    expect(sys.dup(-1)).toBe(-errno.EBADF)
    expect(() => sys.close(0.5)).toThrow(/integer of 32 bits/)
  })

  test('opens a FIFO without its other end, and waits for none', () => {
    using fifo = new Fifo()
    const { sys } = new LinuxKernel({ reportForgotten: false })
    const fd = sys.open(fifo.path, O_RDONLY)
    expect(fd).toBeGreaterThan(0)
    expect(sys.fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(0)
    sys.close(fd)
  })

  test('has the commands of fcntl that neither wait, nor signal, nor write to an address', () => {
    const { sys } = new LinuxKernel({ reportForgotten: false })
    const fd = sys.memfdCreate('x', 0)
    // F_GETLK, F_SETLKW, F_SETOWN, F_OFD_GETLK, F_NOTIFY
    for (const command of [5, 7, 8, 36, 1026]) {
      expect(sys.fcntl(fd, command, 0)).toBe(-errno.EINVAL)
      expect(sys.fcntl(99_999, command, 0)).toBe(-errno.EBADF)
    }
    sys.close(fd)
  })

  test('does not take a file for another one that got its number, however that was closed', () => {
    const kernel = new LinuxKernel({ reportForgotten: false })
    const stranger = /^EBADF.*was closed by other code/
    for (const close of [closeSync, (fd: number) => kernel.sys.close(fd)]) {
      const mine = Memfd.create(kernel, 'mine', PAGE)
      const { fd } = mine
      close(fd)
      expect(() => mine.resize(PAGE)).toThrow(/^EBADF: bad file descriptor, ftruncate/)
      const other = openSync('/dev/null', 'r+')
      expect(other).toBe(fd)
      expect(() => mine.resize(2 * PAGE)).toThrow(stranger)
      expect(() => mine.close()).toThrow(stranger)
      closeSync(other)
    }
  })

  test('lets any number of waits share a signal without a warning of listeners', () => {
    const { status, stderr } = runAlone(
      `const controller = new AbortController()
       const fd = fs.openSync('/dev/ptmx', 'r+')
       const waits = Array.from({ length: 40 }, (_, i) =>
         i % 2 ? sys.poll([{ fd, events: 1, revents: 0 }], -1, controller)
               : kernel.sleep(1e12, controller).catch((error) => error.errno))
       await new Promise((resolve) => setTimeout(resolve, 50))
       controller.abort()
       const results = await Promise.all(waits)
       process.exitCode = results.every((result) => result === -4) ? 42 : 1`,
      '{ reportForgotten: false }',
    )
    expect(stderr).toBe('')
    expect(status).toBe(42)
  }, 60_000)

  test('knows what it holds', () => {
    const kernel = openLinux({ reportForgotten: false })
    const fd = sealedMemfd(kernel.sys, 2 * PAGE)
    const address = mapAll(kernel.sys, fd, 2 * PAGE)
    expect(kernel.held).toEqual({ fds: [fd], mappings: 1 })
    kernel.sys.munmap(address, PAGE)
    expect(kernel.held).toEqual({ fds: [fd], mappings: 1 })
    kernel.sys.munmap(address + PAGE, PAGE)
    kernel.disown(fd)
    expect(kernel.held).toEqual({ fds: [], mappings: 0 })
    expect(kernel.sys.close(fd)).toBe(0)
  })

  test('tells its calls, with the line and the task, while somebody listens', async () => {
    const kernel = openLinux({ reportForgotten: false })
    const events: DmabufEvent[] = []
    kernel.sys.close(-1)
    const stop = kernel.events.listen((event) => events.push(event))
    await kernel.spawn('worker', async () => {
      await kernel.sleep(1)
      kernel.sys.close(-2)
    })
    kernel.sys.close(-3)
    stop()
    kernel.sys.close(-4)
    expect(
      events.map((event) => [
        event.agent.name,
        'fd' in event && event.fd,
        'phase' in event && event.phase,
      ]),
    ).toEqual([
      ['worker', -2, 'enter'],
      ['worker', -2, 'exit'],
      ['main', -3, 'enter'],
      ['main', -3, 'exit'],
    ])
    expect(events[0]?.time).toBeGreaterThan(0)
    expect(formatOrigin(events[0]?.origin)?.file).toBe(import.meta.filename)
  })

  test('says what is missing, by node, call and error, with the way out', async () => {
    const kernel = openLinux({ reportForgotten: false })
    const before = readdirSync('/proc/self/fd').length
    expect(() => DmaHeap.open(kernel, 'nowhere')).toThrow(
      /^ENOENT.*open '\/dev\/dma_heap\/nowhere'.*the heaps of this kernel/,
    )
    await expect(VgemDevice.open(kernel, '/dev/null')).rejects.toThrow(
      /^ENOENT.*'\/dev\/null'.*modprobe vgem/,
    )
    const fd = sealedMemfd(kernel.sys, PAGE)
    expect(() => DmaBuf.adopt(kernel, fd)).toThrow(/^EINVAL.*not a dma-buf/)
    kernel.sys.close(fd)
    expect(() => DmaBuf.borrow(kernel, fd)).toThrow(/^EBADF.*is not open/)
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  test('is told at its end what it forgot, and where that was made', () => {
    const program = [
      "const fd = sys.memfdCreate('forgotten', 3)",
      'sys.ftruncate(fd, 4096)',
      'for (let i = 0; i < 2; i++) sys.mmap(4096, 3, 1, fd, 0)',
      'sys.close(sys.dup(fd))',
      'const given = sys.dup(fd)',
      'fs.closeSync(given)',
    ].join('\n')
    const { status, stderr } = runAlone(program)
    expect(status).toBe(0)
    expect(stderr).toMatch(/leaked when the process ended:\n/)
    expect(stderr).toMatch(
      / {2}fd \d+, created by memfd_create 'forgotten', at .*program-\d\.mts:2:\d+\n/,
    )
    expect(stderr).toMatch(/mapping of 4096 bytes and 1 more, created by mmap, at .*\.mts:4:\d+\n/)
    expect(stderr.trim().split('\n')).toHaveLength(3)
    expect(runAlone(program, '{ reportForgotten: false }').stderr).toBe('')
  }, 60_000)

  test('ends by itself when nothing waits any more, and not while something does', () => {
    const fifo = join(here, 'fifo')
    spawnSync('mkfifo', [fifo])
    const { status, stderr } = runAlone(
      `const fd = fs.openSync('${fifo}', 'r+')
       setTimeout(() => fs.writeSync(fd, 'x'), 100).unref()
       const ready = await sys.poll([{ fd, events: 1, revents: 0 }], -1)
       process.exitCode = 40 + ready`,
    )
    expect(stderr).toBe('')
    expect(status).toBe(41)
  }, 60_000)

  test('survives arrays that are used after their mapping, whatever is collected when', () => {
    const { status, stderr } = runAlone(
      `const fd = sys.memfdCreate('x', 3)
       sys.ftruncate(fd, 1 << 20)
       sys.fcntl(fd, 1033, 2)
       const kept = []
       for (let i = 0; i < 400; i++) {
         const address = sys.mmap(1 << 20, 3, 1, fd, 0)
         const bytes = sys.view(address, 1 << 20, i % 2 ? 'mapping' : 'bracket')
         bytes.fill(i)
         kept[i % 7] = i % 3 ? bytes : bytes.subarray(4096, 8192)
         sys.munmap(address, i % 5 ? 1 << 20 : 4096)
         for (const old of kept) old.fill(1, 0, 4096)
         if (i % 10 === 0) { gc(); await new Promise(setImmediate) }
       }
       process.exitCode = 42`,
      '{ reportForgotten: false }',
    )
    expect(stderr).toBe('')
    expect(status).toBe(42)
  }, 60_000)
})

describe('the foreign function library', () => {
  test('is named by no folder but linux', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    const naming = files
      .filter((file) => file.endsWith('.ts') && !file.startsWith('linux/'))
      .filter((file) => readFileSync(join(root, 'src', file), 'utf8').includes('koffi'))
    expect(naming).toEqual([])
    expect(existsSync(join(root, 'src/linux/koffi.ts'))).toBe(true)
  })
})
