/** Arrays that are used after the CPU access or the mapping that gave them has ended. */
import { type DmaBuf, DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import { type Program, type RunOptions, runProgram } from 'dmabuf/sim'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/machine/changed-runs.ts'
import { DeadArray } from '../../src/machine/dead-arrays.ts'

const LAYOUT = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 }
const SIZE = 8192

interface Bench {
  readonly kernel: Kernel
  readonly buffer: DmaBuf
  readonly show: () => Promise<void>
}

function withBuffer(body: (bench: Bench) => Promise<void>): Program {
  return async (kernel: Kernel) => {
    using heap = DmaHeap.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using buffer = await heap.allocate(SIZE)
    await body({ kernel, buffer, show: () => display.show(buffer, LAYOUT) })
  }
}

function storeByIndex(bytes: Uint8Array, from = 0, to = 100): void {
  for (let i = from; i < to; i++) bytes[i] = 7
}

/** `rule line` of each finding. The line is counted in this file. */
async function foundBy(program: Program, options: RunOptions): Promise<string[]> {
  const { findings, error } = await runProgram(program, options)
  expect(error).toBeUndefined()
  return findings.map(({ rule }) => rule)
}

const wrong: [string, Program][] = [
  [
    'stores by index after END',
    withBuffer(async ({ buffer, show }) => {
      const bytes = await buffer.withCpuAccess('write', (taken) => taken)
      storeByIndex(bytes)
      await show()
    }),
  ],
  [
    'stores by index in a callback that goes on after END',
    withBuffer(async ({ kernel, buffer, show }) => {
      const later = async (bytes: Uint8Array): Promise<void> => {
        await kernel.sleep(1e6)
        storeByIndex(bytes)
      }
      await buffer.withCpuAccess('read-write', (bytes) => void later(bytes))
      await kernel.sleep(1e7)
      await show()
    }),
  ],
  [
    'stores by index through the array of a mapping that is unmapped',
    withBuffer(async ({ buffer, show }) => {
      await buffer.startCpuAccess('write')
      const map = buffer.map()
      const { bytes } = map
      bytes.fill(3)
      await buffer.endCpuAccess('write')
      map.close()
      storeByIndex(bytes)
      await show()
    }),
  ],
  [
    'a store by index as the last thing that the program does',
    withBuffer(async ({ buffer, show }) => {
      const bytes = await buffer.withCpuAccess('write', (taken) => taken)
      await show()
      bytes[SIZE - 1] = 1
    }),
  ],
  [
    'stores through an array that was made of the one that ended',
    withBuffer(async ({ buffer, show }) => {
      const part = await buffer.withCpuAccess('write', (taken) => taken.subarray(64, 128))
      part.fill(9)
      await show()
    }),
  ],
]

describe('a dead array', () => {
  for (const board of ['pc', 'arm-soc', 'pc-bounce']) {
    for (const policy of ['lazy', 'random'] as const) {
      it.each(wrong)(`%s is one finding on ${board}, ${policy}`, async (_what, program) => {
        expect(await foundBy(program, { board, policy })).toEqual(['use-after-release'])
      })
    }
  }

  it.each(wrong.slice(0, 4))('%s is found at its own line by checked views', async (_, program) => {
    const { findings } = await runProgram(program, { views: 'checked' })
    expect(findings.map(({ rule }) => rule)).toEqual(['use-after-release'])
    expect(findings[0]?.message).toMatch(/stores to bytes \d+ to \d+ of buffer 1 \(event \d+\)/)
    expect(findings[0]?.range).toMatchObject({ end: (findings[0]?.range?.start ?? 0) + 1 })
  })

  it('read by index is found by checked views', async () => {
    const program = withBuffer(async ({ buffer, show }) => {
      const bytes = await buffer.withCpuAccess('read', (taken) => taken)
      await show()
      expect(bytes[0]).toBeUndefined()
    })
    const { findings } = await runProgram(program, { views: 'checked' })
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^the program reads bytes 0 to 1 of buffer 1 \(event \d+\) through an array /,
      ),
    ])
  })

  it('is reported with the line that took it and the line that ended its access', async () => {
    const [, program] = wrong[0] as (typeof wrong)[0]
    const [finding] = (await runProgram(program)).findings
    expect(finding?.where).toMatch(/dead-arrays\.test\.ts:\d+:\d+$/)
    expect(finding?.related.map(({ where }) => where)).toEqual([finding?.where])
    expect(finding?.because.text).toBe(`The array ended at event ${finding?.because.event}.`)
  })

  it.each(['lazy', 'eager', 'random'] as const)(
    'throws in a method, with the policy %s, and that is the finding',
    async (policy) => {
      const program = withBuffer(async ({ buffer }) => {
        const bytes = await buffer.withCpuAccess('write', (taken) => taken)
        bytes.set([1, 2, 3])
      })
      const { findings, error } = await runProgram(program, { policy })
      expect(error?.message).toMatch(/detached ArrayBuffer/)
      expect(findings.map(({ rule }) => rule)).toEqual(['use-after-release'])
    },
  )

  it.each(['lazy', 'eager', 'random'] as const)(
    'that nothing uses is no finding, with the policy %s',
    async (policy) => {
      const kept: Uint8Array[] = []
      const program = withBuffer(async ({ buffer, show }) => {
        for (let i = 1; i < 6; i++) {
          await buffer.withCpuAccess('write', (bytes) => {
            storeByIndex(bytes, 0, SIZE)
            kept.push(bytes)
          })
        }
        await show()
      })
      expect(await foundBy(program, { policy })).toEqual([])
      expect(kept).toHaveLength(5)
    },
  )

  it('finds the bytes that were stored, and each of them once', () => {
    const size = 150_000
    const stores = fc.array(
      fc.record({ at: fc.nat(size - 1), length: fc.integer({ min: 1, max: 3000 }) }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(stores, (list) => {
        const bytes = new Uint8Array(size)
        const dead = new DeadArray(bytes, [])
        const before = bytes.slice()
        for (const { at, length } of list) {
          for (let i = at; i < Math.min(size, at + length); i++) bytes[i] = (bytes[i] ?? 0) ^ 0xff
        }
        const stored = bytes.map((byte, i) => Number(byte !== before[i]))
        const found = new Uint8Array(size)
        for (const { start, end } of dead.stores(equalBytes, 1)) {
          expect([stored[start], stored[end - 1]]).toEqual([1, 1])
          found.fill(1, start, end)
        }
        expect(stored.every((is, i) => is <= (found[i] ?? 0))).toBe(true)
        expect([equalBytes(bytes, before), dead.stores(equalBytes, 2)]).toEqual([true, []])
      }),
      { numRuns: 20 },
    )
  }, 30_000)
})
