/** Parts of a mapping that are gone, and copies that no device sees: whole programs, on every board. */
import { type DmaBuf, DmaHeap, type Kernel, Memfd, Udmabuf } from 'dmabuf'
import { boards, type Program, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { Engine, engine } from '../driver/engine.ts'
import { tell } from '../driver/harness.ts'
import * as uapi from '../uapi.ts'

const PAGE = 4096
const RW = uapi.PROT_READ | uapi.PROT_WRITE
const EFAULT = -14

/** A program's use of a mapping of four pages. */
type Use = (kernel: Kernel, address: number) => number | Uint8Array

const uses: readonly [string, (address: number) => Use][] = [
  [
    'a load',
    (at) =>
      ({ sys }, base) =>
        sys.load(base + at, new Uint8Array(4)),
  ],
  [
    'a store',
    (at) =>
      ({ sys }, base) =>
        sys.store(base + at, new Uint8Array(4)),
  ],
  [
    'an array',
    (at) =>
      ({ sys }, base) =>
        sys.view(base + at, 4, 'mapping'),
  ],
  [
    'a load across it',
    (at) =>
      ({ sys }, base) =>
        sys.load(base + at - 2, new Uint8Array(4)),
  ],
]

const ends: readonly [string, (kernel: Kernel, address: number) => void][] = [
  ['munmap of a part', ({ sys }, base) => void sys.munmap(base + 2 * PAGE, PAGE)],
  ['a shrinking mremap', ({ sys }, base) => void sys.mremap(base, 4 * PAGE, 2 * PAGE, 0)],
]

/** Maps four pages of a buffer, ends the third, and uses byte `at`. */
const heapProgram =
  (end: (kernel: Kernel, address: number) => void, use: Use): Program =>
  async (kernel) => {
    const { sys } = kernel
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(4 * PAGE)
    const base = sys.mmap(4 * PAGE, RW, uapi.MAP_SHARED, buffer.fd, 0)
    await buffer.startCpuAccess('read-write')
    end(kernel, base)
    const result = use(kernel, base)
    await buffer.endCpuAccess('read-write')
    sys.munmap(base, 4 * PAGE)
    return result
  }

describe.each(ends)('%s', (_name, end) => {
  it.each(uses)('makes %s a finding with both places, and the run goes on', async (_what, use) => {
    for (const board of boards.values()) {
      const { findings, value, verdict } = await runProgram(heapProgram(end, use(2 * PAGE)), {
        board,
      })
      expect(value).toBe(EFAULT)
      expect(verdict).toBe('findings')
      expect(findings.map(({ rule }) => rule)).toEqual(['use-after-release'])
      const [finding] = findings
      expect(finding?.hardware).toMatch(/SIGSEGV/)
      expect(finding?.related.map(({ label }) => label)).toEqual([
        expect.stringMatching(/was (un|re)mapped here/),
        'it was mapped here',
      ])
      expect(finding?.related[0]?.where).not.toBe(finding?.where)
    }
  })

  it('ends an array over it, and the CPU access that it was taken in ends as ever', async () => {
    const arrays: Program = async (kernel) => {
      const { sys } = kernel
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(4 * PAGE)
      const base = sys.mmap(4 * PAGE, RW, uapi.MAP_SHARED, buffer.fd, 0)
      await buffer.startCpuAccess('read-write')
      sys.view(base, 4 * PAGE, 'bracket')
      end(kernel, base)
      await buffer.endCpuAccess('read-write')
      sys.munmap(base, 4 * PAGE)
    }
    const { findings, error } = await runProgram(arrays)
    expect(error).toBeUndefined()
    expect(findings).toEqual([])
  })

  it.each(uses.slice(0, 3))('leaves %s beside it alone', async (_what, use) => {
    const { findings, value } = await runProgram(heapProgram(end, use(PAGE)))
    expect(findings).toEqual([])
    expect(value).not.toBe(EFAULT)
  })
})

describe('a file that is shortened under its mapping', () => {
  const truncated =
    (at: number, seals: readonly 'shrink'[] = []): Program =>
    (kernel) => {
      using shared = Memfd.create(kernel, 'pool', 4 * PAGE, { seals: [...seals] })
      using map = shared.map({ access: 'read' })
      try {
        shared.resize(PAGE)
      } catch {
        // The seal says no.
      }
      for (let round = 0; round < 2; round++) {
        try {
          map.read(at, at + 4)
        } catch {
          // EFAULT stands for the signal.
        }
      }
      try {
        expect(map.bytes.length).toBe(4 * PAGE)
      } catch {
        // EFAULT, too.
      }
      return Promise.resolve()
    }

  it.each([...boards.keys()])('is one finding with both places on %s', async (name) => {
    const { findings } = await runProgram(truncated(2 * PAGE), { board: name })
    expect(findings.map(({ rule }) => rule)).toEqual(['out-of-range'])
    const [finding] = findings
    expect(finding?.hardware).toMatch(/SIGBUS/)
    expect(finding?.related.map(({ label }) => label)).toEqual([
      'the file was cut here',
      'it was mapped here',
    ])
    expect(finding?.message).toMatch(/memfd pool .* was cut to 4096 bytes/)
  })

  it('is no finding when a seal forbids it, as the fix says', async () => {
    expect((await runProgram(truncated(2 * PAGE, ['shrink']))).findings).toEqual([])
  })
})

describe('a private mapping', () => {
  const drivers = [engine('dma')]

  /** Stores 1 to a page in a CPU access, and returns a device's sum. */
  const storing =
    (flags: number, access: 'read' | 'write'): Program =>
    async (kernel) => {
      const { sys } = kernel
      using heap = DmaHeap.open(kernel)
      using dma = new Engine(kernel, 'dma')
      using buffer = await heap.allocate(PAGE)
      const base = sys.mmap(PAGE, RW, flags, buffer.fd, 0)
      await buffer.startCpuAccess(access)
      sys.store(base, new Uint8Array(PAGE).fill(1))
      await buffer.endCpuAccess(access)
      const sum = await dma.sum(buffer)
      sys.munmap(base, PAGE)
      return sum
    }

  /** The camera of this program fills the buffer, which the program has copied before or not. */
  const reading =
    (isCopied: boolean): Program =>
    async (kernel) => {
      const { sys } = kernel
      using heap = DmaHeap.open(kernel)
      using dma = new Engine(kernel, 'dma')
      using buffer = await heap.allocate(PAGE)
      const base = sys.mmap(PAGE, RW, uapi.MAP_PRIVATE, buffer.fd, 0)
      await buffer.startCpuAccess('read')
      if (isCopied) sys.store(base, Uint8Array.of(1))
      await buffer.endCpuAccess('read')
      await dma.fill(buffer, 5)
      const byte = new Uint8Array(1)
      await buffer.startCpuAccess('read')
      sys.load(base + 8, byte)
      await buffer.endCpuAccess('read')
      sys.munmap(base, PAGE)
      return byte[0]
    }

  describe.each([...boards.values()])('on $name', (board) => {
    it('that is stored to in a CPU access for writing is named at its mmap', async () => {
      const { findings, value } = await tell(storing(uapi.MAP_PRIVATE, 'write'), drivers, { board })
      expect(value).toBe(0)
      expect(findings.map(({ rule }) => rule)).toEqual(['private-copy'])
      expect(findings[0]?.because.where).toBe(findings[0]?.where)
      expect(findings[0]?.related.map(({ label }) => label)).toEqual(['the store is here'])
    })

    it('that is shared instead is clean, as the fix says', async () => {
      const { findings, value } = await tell(storing(uapi.MAP_SHARED, 'write'), drivers, { board })
      expect(value).toBe(PAGE)
      expect(findings).toEqual([])
    })

    it('may be a scratch copy in a CPU access for reading', async () => {
      const { findings } = await tell(storing(uapi.MAP_PRIVATE, 'read'), drivers, { board })
      expect(findings).toEqual([])
    })

    it('shows what a device stored later unless the page was copied before', async () => {
      const copied = await tell(reading(true), drivers, { board })
      expect(copied.value).toBe(0)
      expect(copied.findings.map(({ rule }) => rule)).toEqual(['private-copy'])
      const shown = await tell(reading(false), drivers, { board })
      expect(shown.value).toBe(5)
      expect(shown.findings).toEqual([])
    })
  })

  it('of a memfd keeps stores from the udmabuf over it', async () => {
    const program = async (kernel: Kernel): Promise<number> => {
      const { sys } = kernel
      using dma = new Engine(kernel, 'dma')
      using memory = Memfd.create(kernel, 'frames', PAGE, { seals: ['shrink'] })
      const base = sys.mmap(PAGE, RW, uapi.MAP_PRIVATE, memory.fd, 0)
      using device = Udmabuf.open(kernel)
      using buffer: DmaBuf = await device.create(memory)
      await buffer.withCpuAccess('write', (bytes) => bytes.fill(0))
      sys.store(base, new Uint8Array(PAGE).fill(1))
      const sum = await dma.sum(buffer)
      sys.munmap(base, PAGE)
      return sum
    }
    const { findings, value } = await tell(program, drivers, { board: 'pc' })
    expect(value).toBe(0)
    expect(findings.map(({ rule }) => rule)).toEqual(['private-copy'])
  })
})
