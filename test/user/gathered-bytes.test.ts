/** Bytes of buffers whose pages do not lie in one piece. */
import { type DmaBuf, type Kernel, Memfd, Udmabuf } from 'dmabuf'
import { type RunOptions, runProgram } from 'dmabuf/sim'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PAGE, start } from '../sim/rig.ts'

/** A buffer of the given pages of one memfd, in this order. */
async function bufferOf(kernel: Kernel, memfd: Memfd, pages: readonly number[]): Promise<DmaBuf> {
  using device = Udmabuf.open(kernel)
  return await device.createList(pages.map((page) => ({ memfd, offset: page * PAGE, size: PAGE })))
}

function sealed(kernel: Kernel, pages: number): Memfd {
  return Memfd.create(kernel, 'pages', pages * PAGE, { seals: ['shrink'] })
}

describe('gathered bytes', () => {
  test('are the pages in their order, and are merged at the end', async () => {
    const kernel = start({ linux: '6.12.95' })
    using memfd = sealed(kernel, 3)
    using own = memfd.map()
    for (let page = 0; page < 3; page++) own.fill(page + 1, page * PAGE, page * PAGE + 8)
    using buffer = await bufferOf(kernel, memfd, [2, 0, 1])
    const cpu = await buffer.beginCpuAccess('read-write')
    expect(cpu.isGathered).toBe(false)
    const { bytes } = cpu
    expect(cpu.isGathered).toBe(true)
    expect([bytes[0], bytes[PAGE], bytes[2 * PAGE]]).toEqual([3, 1, 2])
    bytes[PAGE - 1] = 8
    bytes[PAGE] = 9
    expect([...own.read(0, 1), ...own.read(3 * PAGE - 1)]).toEqual([1, 0])
    await cpu.end()
    expect([...own.read(0, 1), ...own.read(3 * PAGE - 1)]).toEqual([9, 8])
    expect(bytes.length).toBe(0)
  })

  test('leave alone what others stored meanwhile', async () => {
    const kernel = start({ linux: '6.12.95' })
    using memfd = sealed(kernel, 2)
    using own = memfd.map()
    using buffer = await bufferOf(kernel, memfd, [1, 0])
    await buffer.withCpuAccess('read-write', (bytes) => {
      own.fill(6)
      bytes[0] = 1
    })
    expect([...own.read(PAGE, PAGE + 2), ...own.read(0, 1)]).toEqual([1, 6, 6])
  })

  test('are one array where the pages lie in one piece', async () => {
    const kernel = start({ linux: '6.12.95' })
    using memfd = sealed(kernel, 3)
    using buffer = await bufferOf(kernel, memfd, [1])
    await buffer.withCpuAccess('write', (_bytes, cpu) => expect(cpu.isGathered).toBe(false))
  })

  test('are not to be had outside of an access, where exact access works all the same', async () => {
    const kernel = start({ linux: '6.12.95' })
    using memfd = sealed(kernel, 2)
    using buffer = await bufferOf(kernel, memfd, [1, 0])
    using map = buffer.map()
    expect(() => map.bytes).toThrow(/EINVAL.*use set, fill, copy and view.*bytes of a CPU access/)
    await buffer.startCpuAccess('write')
    map.view.setUint16(PAGE - 1, 0x0102)
    await buffer.endCpuAccess('write')
    using own = memfd.map()
    expect([...own.read(2 * PAGE - 1), ...own.read(0, 1)]).toEqual([1, 2])
  })

  test('hold what exact access holds, whatever the pages and the stores', async () => {
    const store = fc.record({ at: fc.nat(5 * PAGE - 1), value: fc.nat(255) })
    const pages = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(3)),
        pages,
        fc.array(store),
        async (_, list, stores) => {
          const unique = [...new Set(list)]
          const contents: number[][] = []
          for (const how of ['gathered', 'exact'] as const) {
            const kernel = start({ linux: '6.12.95' })
            using memfd = sealed(kernel, 4)
            using buffer = await bufferOf(kernel, memfd, unique)
            const cpu = await buffer.beginCpuAccess('read-write')
            for (const { at, value } of stores) {
              const place = at % buffer.size
              if (how === 'gathered') cpu.bytes[place] = value
              else cpu.set(Uint8Array.of(value), place)
            }
            await cpu.end()
            using own = memfd.map()
            contents.push([...own.read()])
          }
          expect(contents[0]).toEqual(contents[1])
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a program that draws into a udmabuf of pages in any order', () => {
  async function program(kernel: Kernel): Promise<void> {
    using memfd = sealed(kernel, 2)
    using buffer = await bufferOf(kernel, memfd, [1, 0])
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
    await buffer.withCpuAccess('read', (bytes) => expect(bytes[PAGE]).toBe(1))
  }

  test.each<[string, RunOptions]>([
    ['on a board that does not snoop', {}],
    ['with arrays that see every access', { views: 'checked' }],
    ['on a board that evicts and prefetches', { policy: 'eager' }],
    ['on a board that is coherent', { board: 'pc' }],
  ])('is clean %s', async (_what, options) => {
    const { verdict, findings, error } = await runProgram(program, options)
    expect([error, findings, verdict]).toEqual([undefined, [], 'clean'])
  })
})
