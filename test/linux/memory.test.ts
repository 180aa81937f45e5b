import { closeSync, openSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_MAYMOVE,
  PROT_READ,
} from '../../src/abi/fcntl.ts'
import { MFD_CLOEXEC } from '../../src/abi/memfd.ts'
import { Memfd } from '../../src/index.ts'
import { LinuxKernel } from '../../src/linux/index.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'
import {
  collect,
  collectAll,
  loaded,
  mapAll,
  mapsAt,
  PAGE,
  READ_WRITE,
  sealedMemfd,
  skipped,
} from './here.ts'
import { memoryStep, NaiveMemory } from './naive-memory.ts'

describe.skipIf(skipped !== '')(`memory of the real kernel${skipped}`, () => {
  const kernels: LinuxKernel[] = []
  const memfds: [Syscalls, number][] = []
  afterEach(() => {
    for (const [sys, fd] of memfds.splice(0)) sys.close(fd)
    for (const kernel of kernels.splice(0)) kernel.close()
  })

  function start(memory: 'direct' | 'copy' = 'direct'): Syscalls {
    const kernel = new LinuxKernel({ memory, reportForgotten: false })
    kernels.push(kernel)
    return kernel.sys
  }

  function memfd(sys: Syscalls, pages: number): number {
    const fd = sealedMemfd(sys, pages * PAGE)
    memfds.push([sys, fd])
    return fd
  }

  function view(sys: Syscalls, address: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = sys.view(address, length, 'mapping')
    if (typeof bytes === 'number') throw new Error(`view returned ${bytes}`)
    return bytes
  }

  test('is the memory itself in direct mode: one array for one mapping', () => {
    const sys = start()
    const address = mapAll(sys, memfd(sys, 2), 2 * PAGE)
    const whole = view(sys, address, 2 * PAGE)
    const part = view(sys, address + PAGE, 16)
    expect(part.buffer).toBe(whole.buffer)
    whole[PAGE + 3] = 7
    expect(part[3]).toBe(7)
    expect(loaded(sys, address + PAGE + 2, 3)).toEqual([0, 7, 0])
    sys.store(address, new Uint8Array([5]))
    expect(whole[0]).toBe(5)
    expect(sys.munmap(address, 2 * PAGE)).toBe(0)
  })

  test('unmapped under an array reads as zeros, keeps no store of the file, and goes with the array', async () => {
    const sys = start()
    const fd = memfd(sys, 2)
    const address = mapAll(sys, fd, 2 * PAGE)
    await (async () => {
      const kept = view(sys, address, 2 * PAGE).fill(9)
      expect(sys.munmap(address, 2 * PAGE)).toBe(0)
      expect(kept.length).toBe(2 * PAGE)
      await collectAll()
      expect([kept[0], kept[2 * PAGE - 1]]).toEqual([0, 0])
      kept.fill(1)
      expect(mapsAt(address, 2 * PAGE).length).toBeGreaterThan(0)
      expect(sys.view(address, 1, 'mapping')).toBe(-errno.EFAULT)
    })()
    const again = mapAll(sys, fd, 2 * PAGE)
    expect(loaded(sys, again, 2)).toEqual([9, 9])
    sys.munmap(again, 2 * PAGE)
    await collectAll()
    expect(mapsAt(address, 2 * PAGE).filter((line) => line.includes('memfd:test'))).toEqual([])
  })

  test('without an array is unmapped at once', () => {
    const sys = start()
    const address = mapAll(sys, memfd(sys, 4), 4 * PAGE)
    expect(sys.munmap(address, 4 * PAGE)).toBe(0)
    expect(mapsAt(address, 4 * PAGE)).toEqual([])
  })

  test('of many arrays that were dropped comes back', async () => {
    const sys = start()
    const fd = memfd(sys, 16)
    const lines = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length
    await collectAll()
    const before = lines()
    for (let i = 0; i < 500; i++) {
      const address = mapAll(sys, fd, 16 * PAGE)
      view(sys, address, PAGE)[0] = i
      sys.munmap(address, 16 * PAGE)
    }
    await collectAll()
    expect(lines() - before).toBeLessThan(50)
  })

  test('cannot be transferred away from those who watch it', () => {
    const sys = start()
    const address = mapAll(sys, memfd(sys, 1), PAGE)
    const { buffer } = view(sys, address, PAGE)
    if ('transfer' in buffer) {
      expect(() => (buffer as unknown as { transfer(): void }).transfer()).toThrow(/slice/)
    }
    let clone: ArrayBuffer | undefined
    try {
      clone = structuredClone(buffer, { transfer: [buffer] })
    } catch (error) {
      expect(String(error)).toMatch(/DataCloneError|transfer/)
    }
    expect(buffer.byteLength).toBe(PAGE)
    if (clone !== undefined) new Uint8Array(clone)[0] = 1
    expect(loaded(sys, address, 1)).toEqual([0])
    sys.munmap(address, PAGE)
  })

  test('that is read-only is shown as a copy, and no store reaches it', () => {
    const sys = start()
    const fd = memfd(sys, 1)
    const both = mapAll(sys, fd, PAGE)
    const address = sys.mmap(PAGE, PROT_READ, MAP_SHARED, fd, 0)
    sys.store(both, new Uint8Array([4]))
    const copy = view(sys, address, PAGE)
    expect(copy[0]).toBe(4)
    copy[0] = 6
    expect(loaded(sys, both, 1)).toEqual([4])
    expect(sys.store(address, new Uint8Array(1))).toBe(-errno.EFAULT)
    sys.store(both, new Uint8Array([8]))
    expect(view(sys, address, PAGE)[0]).toBe(8)
    sys.munmap(address, PAGE)
    expect(copy.length).toBe(0)
    sys.munmap(both, PAGE)
  })

  test('that may go away is reached exactly, and is EFAULT then', () => {
    const sys = start()
    const fd = sys.memfdCreate('unsealed', MFD_CLOEXEC)
    memfds.push([sys, fd])
    sys.ftruncate(fd, 40 * PAGE)
    const address = mapAll(sys, fd, 40 * PAGE)
    expect(sys.view(address, PAGE, 'mapping')).toBe(-errno.EINVAL)
    const much = new Uint8Array(40 * PAGE).map((_, i) => i % 251)
    expect(sys.store(address, much)).toBe(0)
    expect(loaded(sys, address + 17, 3)).toEqual([17, 18, 19])
    const back = new Uint8Array(much.length)
    expect(sys.load(address, back)).toBe(0)
    expect(Buffer.compare(back, much)).toBe(0)
    sys.ftruncate(fd, PAGE)
    expect(loaded(sys, address + PAGE - 1, 1)).toEqual([(PAGE - 1) % 251])
    expect(loaded(sys, address + PAGE - 1, 2)).toBe(-errno.EFAULT)
    expect(sys.store(address + 20 * PAGE, new Uint8Array(1))).toBe(-errno.EFAULT)
    sys.munmap(address, 40 * PAGE)
  })

  test('behind the end of a sealed memfd is not shown as an array', () => {
    const sys = start()
    const address = mapAll(sys, memfd(sys, 1), 2 * PAGE)
    expect(sys.view(address, PAGE, 'mapping')).toBe(-errno.EINVAL)
    expect(loaded(sys, address, 1)).toEqual([0])
    expect(loaded(sys, address + PAGE, 1)).toBe(-errno.EFAULT)
    sys.munmap(address, 2 * PAGE)
  })

  test('of more than 4 GiB is not shown as an array, and says so', async () => {
    for (const mode of ['direct', 'copy'] as const) {
      const kernel = new LinuxKernel({ memory: mode, reportForgotten: false })
      kernels.push(kernel)
      using file = Memfd.create(kernel, 'huge', 5 * 2 ** 30, { seals: ['shrink'] })
      using map = file.map()
      expect(() => map.bytes).toThrow(/^EINVAL.*4 GiB at most/)
      map.set(new Uint8Array([7]), 4.5 * 2 ** 30)
      expect([...map.read(4.5 * 2 ** 30, 4.5 * 2 ** 30 + 1)]).toEqual([7])
    }
  })

  test('of /dev/zero from an offset ends before its mapping does, and is reached exactly', () => {
    const sys = start()
    const fd = openSync('/dev/zero', 'r+')
    const address = sys.mmap(2 * PAGE, READ_WRITE, MAP_SHARED, fd, PAGE)
    expect(sys.view(address, 2 * PAGE, 'mapping')).toBe(-errno.EINVAL)
    expect(loaded(sys, address, 2)).toEqual([0, 0])
    expect(sys.store(address + PAGE, new Uint8Array([1]))).toBe(-errno.EFAULT)
    expect(sys.munmap(address, 2 * PAGE)).toBe(0)
    const whole = sys.mmap(PAGE, READ_WRITE, MAP_SHARED, fd, 0)
    expect(view(sys, whole, PAGE)[0]).toBe(0)
    sys.munmap(whole, PAGE)
    closeSync(fd)
  })

  test('says why it cannot be reached: read-only, private, cut short, or without the seal', () => {
    const kernel = new LinuxKernel({ reportForgotten: false })
    kernels.push(kernel)
    using file = Memfd.create(kernel, 'unsealed', 2 * PAGE)
    using map = file.map()
    using readOnly = file.map({ access: 'read' })
    expect(() => map.bytes).toThrow(/^EINVAL.*seals: \['shrink'\]/)
    expect(() => readOnly.set(new Uint8Array(1))).toThrow(/^EFAULT.*read-only.*'read-write'/)
    file.resize(PAGE)
    expect(() => map.set(new Uint8Array(1), PAGE)).toThrow(
      /^EFAULT.*the file ends before this offset/,
    )
    expect(() => map.read(PAGE, PAGE + 1)).toThrow(/^EFAULT.*the file ends before this offset/)
  })

  test('that is private has exact access alone', () => {
    const sys = start()
    const fd = memfd(sys, 1)
    const address = sys.mmap(PAGE, READ_WRITE, MAP_PRIVATE, fd, 0)
    expect(sys.view(address, PAGE, 'mapping')).toBe(-errno.EINVAL)
    expect(sys.store(address, new Uint8Array([3]))).toBe(0)
    expect(loaded(sys, address, 1)).toEqual([3])
    const shared = mapAll(sys, fd, PAGE)
    expect(loaded(sys, shared, 1)).toEqual([0])
    for (const at of [address, shared]) sys.munmap(at, PAGE)
  })

  test('of others cannot be unmapped, moved or looked at', () => {
    const sys = start()
    const foreign = mapAll(start(), memfd(sys, 1), PAGE)
    expect(sys.munmap(foreign, PAGE)).toBe(0)
    expect(mapsAt(foreign, PAGE)).toHaveLength(1)
    expect(sys.mremap(foreign, PAGE, 2 * PAGE, MREMAP_MAYMOVE)).toBe(-errno.EFAULT)
    expect(loaded(sys, foreign, 1)).toBe(-errno.EFAULT)
    expect(sys.view(foreign, 1, 'mapping')).toBe(-errno.EFAULT)
  })

  test('is refused as the kernel refuses', () => {
    const sys = start()
    const fd = memfd(sys, 1)
    expect(sys.mmap(0, READ_WRITE, MAP_SHARED, fd, 0)).toBe(-errno.EINVAL)
    expect(sys.mmap(PAGE, READ_WRITE, MAP_SHARED, fd, 1)).toBe(-errno.EINVAL)
    expect(sys.mmap(PAGE, READ_WRITE, 0, fd, 0)).toBe(-errno.EINVAL)
    expect(sys.mmap(PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0)).toBe(-errno.EINVAL)
    expect(sys.mmap(PAGE, READ_WRITE, MAP_SHARED, 99_999, 0)).toBe(-errno.EBADF)
    const readOnly = openSync('/proc/self/exe', 'r')
    memfds.push([sys, readOnly])
    expect(sys.mmap(PAGE, READ_WRITE, MAP_SHARED, readOnly, 0)).toBe(-errno.EACCES)
    expect(sys.munmap(1, PAGE)).toBe(-errno.EINVAL)
    expect(sys.munmap(PAGE, 0)).toBe(-errno.EINVAL)
    const anonymous = sys.mmap(PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
    expect(view(sys, anonymous, PAGE)[0]).toBe(0)
    sys.munmap(anonymous, PAGE)
  })

  test('that grows under an array moves away from it', async () => {
    const sys = start()
    const fd = memfd(sys, 4)
    const address = mapAll(sys, fd, PAGE)
    const old = view(sys, address, PAGE).fill(5)
    expect(sys.mremap(address, PAGE, 4 * PAGE, 0)).toBe(-errno.ENOMEM)
    const moved = sys.mremap(address, PAGE, 4 * PAGE, MREMAP_MAYMOVE)
    expect(moved).toBeGreaterThan(0)
    expect(loaded(sys, moved, 2)).toEqual([5, 5])
    await collectAll()
    expect(old[0]).toBe(0)
    old.fill(1)
    expect(loaded(sys, moved, 2)).toEqual([5, 5])
    expect(sys.mremap(moved, 4 * PAGE, PAGE, 0)).toBe(moved)
    expect(loaded(sys, moved + PAGE, 1)).toBe(-errno.EFAULT)
    expect(sys.munmap(moved, PAGE)).toBe(0)
  })

  describe('in copy mode', () => {
    test('is shown as a copy that all views share, and given back when the mapping goes', () => {
      const sys = start('copy')
      const fd = memfd(sys, 2)
      const address = mapAll(sys, fd, 2 * PAGE)
      const [whole, part] = [view(sys, address, 2 * PAGE), view(sys, address + PAGE, 8)]
      whole[PAGE] = 4
      expect(part[0]).toBe(4)
      expect(loaded(sys, address + PAGE, 1)).toEqual([4])
      sys.store(address + PAGE + 1, new Uint8Array([6]))
      expect(part[1]).toBe(6)
      part[2] = 8
      expect(sys.munmap(address, 2 * PAGE)).toBe(0)
      expect([whole.length, part.length]).toEqual([0, 0])
      const again = mapAll(sys, fd, 2 * PAGE)
      expect(loaded(sys, again + PAGE, 3)).toEqual([4, 6, 8])
      sys.munmap(again, 2 * PAGE)
    })

    test('is given back to where it was, when the mapping moves', () => {
      const sys = start('copy')
      const fd = memfd(sys, 1)
      const address = mapAll(sys, fd, PAGE)
      const bytes = view(sys, address, PAGE).fill(3)
      const moved = sys.mremap(address, PAGE, 2 ** 24, MREMAP_MAYMOVE)
      expect(moved).toBeGreaterThan(0)
      expect([bytes.length, loaded(sys, moved, 1)]).toEqual([0, [3]])
      expect(sys.munmap(moved, 2 ** 24)).toBe(0)
    })

    test('gives back only what the program changed', () => {
      const sys = start('copy')
      const other = start('direct')
      const fd = memfd(sys, 1)
      const address = mapAll(sys, fd, PAGE)
      const beside = mapAll(other, fd, PAGE)
      const bytes = view(sys, address, PAGE)
      bytes[0] = 1
      other.store(beside + 1, new Uint8Array([2]))
      sys.munmap(address, PAGE)
      expect(loaded(other, beside, 3)).toEqual([1, 2, 0])
      other.munmap(beside, PAGE)
    })

    test('is in step at every request, where there is no bracket', async () => {
      const sys = start('copy')
      const other = start('direct')
      const fd = memfd(sys, 1)
      const [address, beside] = [mapAll(sys, fd, PAGE), mapAll(other, fd, PAGE)]
      const bytes = view(sys, address, PAGE)
      bytes[0] = 1
      other.store(beside + 1, new Uint8Array([2]))
      await sys.ioctl(fd, 0x541b, { bytes: new Uint8Array(4) })
      expect(loaded(other, beside, 2)).toEqual([1, 2])
      expect([...bytes.subarray(0, 2)]).toEqual([1, 2])
      sys.munmap(address, PAGE)
      other.munmap(beside, PAGE)
    })
  })

  test('shows in every array, in any order of calls, the file or its own zeros', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(memoryStep, { maxLength: 40 }), async (steps) => {
        const sys = start()
        const model = new NaiveMemory(sys, memfd(sys, NaiveMemory.pages))
        for (const step of steps) {
          if (step.op === 'collect') collect()
          else model.take(step)
          await new Promise(setImmediate)
          model.check()
        }
        model.end()
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})
