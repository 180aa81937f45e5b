/** Bugs that only some orders of tasks show are found, with an order that replays them. */
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import { exploreProgram, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

/** One task draws and another reads the picture back: with `isOrdered`, after that. */
const drawAndRead = (isOrdered: boolean) =>
  async function pipeline(kernel: Kernel): Promise<void> {
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(4096)
    const handle = await display.primeFdToHandle(buffer)
    using map = buffer.map()
    const draw = async (): Promise<void> => {
      await buffer.startCpuAccess('write')
      map.fill(1)
      await buffer.endCpuAccess('write')
    }
    const read = async (): Promise<void> => {
      await buffer.startCpuAccess('read')
      map.read(0, 64)
      await buffer.endCpuAccess('read')
    }
    if (isOrdered) {
      await kernel.spawn('draw', draw)
      await kernel.spawn('read', read)
    } else await Promise.all([kernel.spawn('draw', draw), kernel.spawn('read', read)])
    await display.closeHandle(handle)
  }

describe('exploreProgram', () => {
  it('finds the order that breaks, which replays', async () => {
    const program = drawAndRead(false)
    const usual = await runProgram(program, { board: 'arm-soc' })
    const { findings, runs } = await exploreProgram(program, { board: 'arm-soc' })
    expect(findings.length).toBeGreaterThan(usual.findings.length)
    for (const { item, schedule, runs: count } of findings) {
      expect(count).toBeLessThanOrEqual(runs)
      const again = await runProgram(program, { board: 'arm-soc', schedule })
      expect(again.findings.map(({ rule, where }) => [rule, where])).toContainEqual([
        item.rule,
        item.where,
      ])
    }
  })

  it('tries every order of a program without the bug', async () => {
    const limits = { bound: 20, limit: 5000 }
    const { findings, errors, complete } = await exploreProgram(drawAndRead(true), {
      board: 'arm-soc',
      ...limits,
    })
    expect([findings, errors, complete]).toEqual([[], [], true])
  })

  it('reports a failure that only some orders have', async () => {
    const program = async (kernel: Kernel): Promise<void> => {
      using heap = DmaHeap.open(kernel)
      const buffer = await heap.allocate(4096)
      const use = () => buffer.withCpuAccess('read', () => {})
      const close = async (): Promise<void> => {
        await kernel.sleep(0)
        buffer[Symbol.dispose]()
      }
      await Promise.all([kernel.spawn('use', use), kernel.spawn('close', close)])
    }
    const { errors, runs } = await exploreProgram(program, { board: 'pc' })
    const failing = errors.reduce((sum, one) => sum + one.runs, 0)
    expect(failing).toBeGreaterThan(0)
    expect(failing).toBeLessThan(runs)
  })

  it('stops at its limit and when it is aborted', async () => {
    const few = await exploreProgram(drawAndRead(false), { limit: 3 })
    expect([few.runs, few.complete]).toEqual([3, false])
    const stop = new AbortController()
    const { runs, complete } = await exploreProgram(drawAndRead(false), {
      signal: stop.signal,
      onRun: (_, count) => {
        if (count === 2) stop.abort()
      },
    })
    expect([runs, complete]).toEqual([2, false])
    await expect(exploreProgram(drawAndRead(false), { bound: -1 })).rejects.toThrow('bound')
  })
})
