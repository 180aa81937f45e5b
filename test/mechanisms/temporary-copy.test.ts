/** CPU access through a temporary copy: an access does no more than its direction says. */
import { DmaHeap, type Kernel } from 'dmabuf'
import { boards, runProgram, temporaryCopyHeap } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { Engine, engine } from '../driver/engine.ts'
import { RIGHT, SIZE, turns } from './turns.ts'

const setup = { systemHeap: temporaryCopyHeap('system'), drivers: [engine('dma', { keep: true })] }

/** The device's sum after it filled the buffer with 1, and the CPU stored 2 to its first half. */
const halfStored = (access: 'read' | 'write' | 'read-write') => async (kernel: Kernel) => {
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(SIZE)
  using dma = new Engine(kernel, 'dma')
  using map = buffer.map()
  await dma.fill(buffer, 1)
  await buffer.startCpuAccess(access)
  map.fill(2, 0, SIZE / 2)
  await buffer.endCpuAccess(access)
  return (await dma.sum(buffer)) / SIZE
}

describe('buffers with a temporary copy', () => {
  it.each([...boards.keys()])('work on %s inside CPU accesses', async (board) => {
    for (const policy of ['lazy', 'eager', 'random'] as const) {
      const result = await runProgram(turns({ synced: true }), { ...setup, board, policy })
      expect(result.error).toBeUndefined()
      expect([result.findings, result.value]).toEqual([[], RIGHT])
    }
  })

  it.each([
    ['read-write', 1.5, []],
    // Nothing is copied back.
    ['read', 1, ['bracket-direction']],
    // The other half is that of the older copy, which is zero.
    ['write', 1, []],
  ] as const)(
    'lose on every machine what an access for %s does not promise',
    async (access, sum, rules) => {
      const results = await Promise.all(
        ['pc', 'arm-soc'].map((board) => runProgram(halfStored(access), { ...setup, board })),
      )
      for (const { value, findings } of results) {
        expect(value).toBe(sum)
        expect(findings.map(({ rule }) => rule)).toEqual(rules)
      }
    },
  )

  it('cost two copies for each CPU access that reads and writes', async () => {
    const { cost } = await runProgram(halfStored('read-write'), { ...setup, board: 'pc' })
    // Zeros of both, copied there and back, and the half that the program stores.
    expect(cost.cpuBytes).toBe(2 * SIZE + 2 * 2 * SIZE + SIZE / 2)
  })
})
