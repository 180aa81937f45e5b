/** A memfd takes frames with the first access to its pages, and not when it is made. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import * as uapi from '../uapi.ts'
import { memfd, PAGE, peek, poke, share, start } from './rig.ts'

const { errno, F_SEAL_SHRINK } = uapi
const MIB = 2 ** 20
const GIB = 2 ** 30
/** How many bytes get their frames at once. */
const RUN = 2 * MIB

describe('a memfd of 16 GiB on a board with 2 GiB', () => {
  it('takes no memory when it is made and mapped', () => {
    const kernel = start()
    const fd = memfd(kernel, 16 * GIB)
    expect(fd).toBeGreaterThan(0)
    expect(share(kernel, fd, 16 * GIB)).toBeGreaterThan(0)
    expect(kernel.memoryInUse).toBe(0)
  })

  it('takes memory for the places that are loaded or stored, and gives it back', () => {
    const kernel = start()
    const fd = memfd(kernel, 16 * GIB)
    const address = share(kernel, fd, 16 * GIB)
    expect([peek(kernel, address + 15 * GIB), kernel.memoryInUse]).toEqual([0, RUN])
    expect([poke(kernel, address + GIB - 1, 7), kernel.memoryInUse]).toEqual([0, 2 * RUN])
    expect([peek(kernel, address + GIB - 1), kernel.memoryInUse]).toEqual([7, 2 * RUN])
    kernel.sys.close(fd)
    kernel.sys.munmap(address, 16 * GIB)
    expect(kernel.memoryInUse).toBe(0)
  })

  it('reads as zeros that take no memory', () => {
    const kernel = start()
    const fd = memfd(kernel, 16 * GIB)
    kernel.sys.lseek(fd, 3 * GIB - 5, uapi.SEEK_SET)
    const bytes = new Uint8Array(10).fill(9)
    expect(kernel.sys.read(fd, bytes)).toBe(10)
    expect([...bytes]).toEqual(new Array(10).fill(0))
    expect(kernel.memoryInUse).toBe(0)
  })

  it('shows an array over a part, which takes memory for that part', () => {
    const kernel = start()
    const fd = memfd(kernel, 16 * GIB, F_SEAL_SHRINK)
    const address = share(kernel, fd, 16 * GIB) + 5 * GIB
    const array = kernel.sys.view(address, 3 * RUN, 'mapping') as Uint8Array
    expect([array.length, kernel.memoryInUse]).toEqual([3 * RUN, 3 * RUN])
    array[RUN] = 5
    expect(peek(kernel, address + RUN)).toBe(5)
  })

  it('is EFAULT where the touched places take all frames, and what was stored stays', () => {
    const ram = { ...armSoc.ram, size: 16 * MIB }
    const kernel = start({ board: { ...armSoc, ram, cma: undefined } })
    const address = share(kernel, memfd(kernel, 16 * GIB, F_SEAL_SHRINK), 16 * GIB)
    expect(poke(kernel, address, 3)).toBe(0)
    expect(kernel.sys.view(address + GIB, 6 * RUN, 'mapping')).toBeInstanceOf(Uint8Array)
    const before = kernel.memoryInUse
    expect(kernel.sys.view(address + 2 * GIB, 2 * RUN, 'mapping')).toBe(-errno.EFAULT)
    expect([peek(kernel, address), kernel.memoryInUse]).toEqual([3, before])
    expect(poke(kernel, address + 2 * GIB, 1)).toBe(0)
    expect(poke(kernel, address + 3 * GIB, 1)).toBe(-errno.EFAULT)
  })
})

describe('a page of a memfd', () => {
  it('has its frame when a udmabuf is made of it, and no page beside it has', async () => {
    const kernel = start()
    const memory = memfd(kernel, 4 * GIB, F_SEAL_SHRINK)
    const device = kernel.sys.open('/dev/udmabuf', uapi.O_RDWR)
    const values = { memfd: memory, offset: 2 * GIB, size: PAGE }
    const bytes = uapi.udmabufCreate.create(values)
    const fd = await kernel.sys.ioctl(device, uapi.UDMABUF_CREATE, { bytes })
    expect([fd > 0, kernel.memoryInUse]).toEqual([true, RUN])
    kernel.sys.close(memory)
    expect(kernel.memoryInUse).toBe(RUN)
    kernel.sys.close(fd)
    expect(kernel.memoryInUse).toBe(0)
  })

  it('has no frame after a truncation in a place that was never touched', () => {
    const kernel = start()
    const fd = memfd(kernel, 2 * PAGE)
    kernel.sys.ftruncate(fd, 5)
    expect(kernel.memoryInUse).toBe(0)
    kernel.sys.ftruncate(fd, 2 * PAGE)
    expect(peek(kernel, share(kernel, fd, PAGE) + 6)).toBe(0)
  })

  it('is EFAULT where alloc_pages fails, and there the next time', () => {
    const kernel = start()
    const address = share(kernel, memfd(kernel, PAGE), PAGE)
    kernel.fail('alloc_pages', 1, 'ENOMEM')
    expect([poke(kernel, address, 1), poke(kernel, address, 1)]).toEqual([-errno.EFAULT, 0])
  })

  it('is zero or what was stored last, wherever in the file, and only touched runs take frames', () => {
    const place = fc.nat(8 * 1024).map((page) => page * MIB + 4090)
    const step = fc.record({
      at: place,
      value: fc.integer({ min: 1, max: 255 }),
      stores: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const kernel = start()
        const size = 9 * GIB
        const address = share(kernel, memfd(kernel, size), size)
        const model = new Map<number, number>()
        const touched = new Set<number>()
        for (const { at, value, stores } of steps) {
          touched.add(Math.floor(at / RUN))
          if (stores) {
            expect(poke(kernel, address + at, value)).toBe(0)
            model.set(at, value)
          }
          expect(peek(kernel, address + at)).toBe(model.get(at) ?? 0)
        }
        expect(kernel.memoryInUse).toBe(touched.size * RUN)
      }),
      { numRuns: 20 },
    )
  }, 30_000)
})
