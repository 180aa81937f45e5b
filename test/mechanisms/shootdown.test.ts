/** User mappings kept coherent by faults: no SYNC, and the two contracts that its critics named. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { Driver, DriverContext } from 'dmabuf/driver'
import { boards, runProgram, shootdownHeap } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { loadProgram } from '../bugs/programs.ts'
import { Engine, engine } from '../driver/engine.ts'

const PAGES = 4
const SIZE = PAGES * 4096
const POLICIES = ['lazy', 'eager', 'random'] as const
const BOUNCING = ['pc-bounce', 'rpi4']
const BOARDS = [...boards.keys()].filter((name) => !BOUNCING.includes(name))

type Turn = (tools: {
  readonly kernel: Kernel
  readonly buffer: Awaited<ReturnType<DmaHeap['allocate']>>
  readonly dma: Engine
}) => Promise<unknown>

/** A program with a buffer of the heap and an engine. */
function withBuffer(body: Turn, heapName = 'shootdown') {
  return async (kernel: Kernel): Promise<unknown> => {
    using heap = DmaHeap.open(kernel, heapName)
    using buffer = await heap.allocate(SIZE)
    using dma = new Engine(kernel, 'dma')
    return await body({ kernel, buffer, dma })
  }
}

/** CPU and device take turns, without one SYNC. */
const turns: Turn = async ({ buffer, dma }) => {
  using map = buffer.map()
  const seen: unknown[] = []
  for (const value of [1, 2]) {
    map.fill(value)
    seen.push((await dma.sum(buffer)) / SIZE)
    await dma.fill(buffer, value + 4)
    seen.push(map.read(0, 1)[0])
  }
  return seen
}

/** The CPU reads while the device fills, or after that. */
const read = (isEarly: boolean): Turn =>
  async function reading({ kernel, buffer, dma }) {
    using map = buffer.map()
    map.fill(1)
    const filling = kernel.spawn('device', () => dma.fill(buffer, 7, { duration: 1_000_000 }))
    await kernel.sleep(500_000)
    if (isEarly) map.read(0, 1)
    await filling
    return map.read(0, 1)[0]
  }

function throws(body: () => unknown): boolean {
  try {
    body()
    return false
  } catch {
    return true
  }
}

function run(turn: Turn, drivers: readonly Driver[], options: Parameters<typeof runProgram>[1]) {
  return runProgram(withBuffer(turn), { ...options, drivers })
}

describe('buffers of the shootdown heap', () => {
  it.each(BOARDS)('need no SYNC on %s if importers map for each use', async (board) => {
    for (const policy of POLICIES) {
      const drivers = [shootdownHeap(), engine('dma')]
      const { findings, value, error } = await run(turns, drivers, { board, policy })
      expect(error).toBeUndefined()
      expect(findings).toEqual([])
      expect(value).toEqual([1, 5, 2, 6])
    }
  })

  it('are reported with an importer that keeps its mapping, at its lines', async () => {
    for (const board of ['arm-soc', 'arm-soc-iommu']) {
      const drivers = [shootdownHeap(), engine('dma', { keep: true })]
      const { findings } = await run(turns, drivers, { board })
      expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(['import-not-renewed']))
      for (const { where } of findings) expect(where).toContain('engine.ts')
    }
  })

  it.each(BOUNCING)(
    'lose bytes on %s, where a skipped sync leaves a bounce buffer behind',
    async (board) => {
      const { findings } = await run(turns, [shootdownHeap(), engine('dma')], { board })
      const rules = new Set(findings.map(({ rule }) => rule))
      expect([...rules]).toEqual(['bounce-not-synced'])
      for (const { where } of findings) expect(where).toContain('engine.ts')
    },
  )

  it('are reported if the CPU touches them while a device has them mapped', async () => {
    const drivers = [shootdownHeap(), engine('dma')]
    const early = await run(read(true), drivers, { board: 'arm-soc' })
    expect(early.findings.map(({ rule }) => rule)).toEqual(['touched-over-dma'])
    expect(early.findings[0]?.where).toContain('shootdown.test.ts')
    const late = await run(read(false), drivers, { board: 'arm-soc' })
    expect([late.findings, late.value]).toEqual([[], 7])
  })

  it('lose their page table entries when a device maps, and fault them in at the next touch', async () => {
    const one: Turn = async ({ buffer, dma }) => {
      using map = buffer.map()
      map.read(0, 1)
      map.read(4096, 4097)
      await dma.sum(buffer)
      map.read(1, 2)
    }
    const drivers = [shootdownHeap(), engine('dma')]
    const { cost, findings } = await run(one, drivers, { board: 'arm-soc' })
    expect(findings).toEqual([])
    expect([cost.faults, cost.zapped]).toEqual([3, 2])
  })

  it('end the arrays of a mapping when a device maps', async () => {
    const one: Turn = async ({ buffer, dma }) => {
      using map = buffer.map()
      const before = map.bytes
      before.fill(3)
      const sum = await dma.sum(buffer)
      return [sum / SIZE, throws(() => before.at(0)), map.bytes.at(0)]
    }
    const { value, findings } = await run(one, [shootdownHeap(), engine('dma')], {})
    expect(value).toEqual([3, true, 3])
    expect(findings).toEqual([])
  })

  it('write back only the touched pages', async () => {
    const one: Turn = async ({ buffer, dma }) => {
      using map = buffer.map()
      await dma.sum(buffer)
      map.fill(1, 0, 1)
      await dma.sum(buffer)
    }
    const { cost } = await run(one, [shootdownHeap(), engine('dma')], { board: 'arm-soc' })
    expect(cost.cleaned).toBe(SIZE + 4096)
  })
})

/** The heap, with a call of the DMA API that does nothing. */
function broken(call: 'syncSingleRangeForDevice' | 'syncSingleRangeForCpu'): Driver {
  const heap = shootdownHeap()
  return {
    name: heap.name,
    probe: (context: DriverContext) => {
      const dma = { ...context.dma, [call]: () => {} }
      return heap.probe({ ...context, dma })
    },
  }
}

describe('an exporter with faults', () => {
  it.each(['syncSingleRangeForDevice', 'syncSingleRangeForCpu'] as const)(
    'is reported if %s does not do its work',
    async (call) => {
      const { findings } = await run(turns, [broken(call), engine('dma')], { board: 'arm-soc' })
      expect(findings.length).toBeGreaterThan(0)
      for (const { rule } of findings) expect(['sync-is-noop', 'unsafe-skip-hint']).toContain(rule)
    },
  )
})

it('a bug of a heap with SYNC is none here, and the other way round', async () => {
  const heap = DmaHeap.open
  expect(heap).toBeDefined()
  const { program } = await loadProgram('B01-no-bracket')
  const { findings } = await runProgram(program, { board: 'arm-soc' })
  expect(findings.length).toBeGreaterThan(0)
  const system = await runProgram(withBuffer(turns, 'system'), {
    board: 'arm-soc',
    drivers: [engine('dma')],
  })
  const rules = new Set(system.findings.map(({ rule }) => rule))
  expect(rules).toEqual(new Set(['write-outside-bracket', 'read-outside-bracket']))
})
