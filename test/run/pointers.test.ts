/** Arrays of a mapping that a program keeps, as C keeps a pointer: taking one is not reading it. */
import { DmaHeap, type Frame, type Kernel, type Mapping, VideoDevice } from 'dmabuf'
import type { Driver } from 'dmabuf/driver'
import { boards, patternSource, type RunResult, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { pageExporter } from '../driver/page-exporter.ts'

const SIZE = { width: 64, height: 32 }
const FRAMES = 6
const policies = ['lazy', 'eager', 'random'] as const
/** The camera of arm-soc-cma takes no memory of these heaps. */
const ready = [...boards.values()].filter(({ name }) => name !== 'arm-soc-cma')
const all = ready.flatMap((board) =>
  policies.map((policy) => ({ name: `${board.name} ${policy}`, board, policy })),
)
type On = Pick<(typeof all)[number], 'board' | 'policy'> & { readonly drivers?: readonly Driver[] }

/** Frames of the camera in three buffers of a heap; `use` gets each, with the array that is kept of it. */
async function frames(
  { board, policy, drivers }: On,
  use: (frame: Frame, bytes: Uint8Array, turn: number) => Promise<void>,
  heapName = 'system',
): Promise<RunResult> {
  const program = async (kernel: Kernel): Promise<void> => {
    await using camera = await VideoDevice.open(kernel)
    using heap = DmaHeap.open(kernel, heapName)
    const format = await camera.setFormat({ ...SIZE, format: 'XR24' })
    await camera.start(await heap.allocateBuffers(3, format.sizeImage))
    const kept = new Map<number, { readonly map: Mapping; readonly bytes: Uint8Array }>()
    let turn = 0
    for await (await using frame of camera.frames({ count: FRAMES })) {
      const map = kept.get(frame.index)?.map ?? frame.buffer.map()
      const bytes = kept.get(frame.index)?.bytes ?? map.bytes
      kept.set(frame.index, { map, bytes })
      await use(frame, bytes, turn++)
    }
    for (const { map } of kept.values()) map[Symbol.dispose]()
  }
  const source = patternSource(SIZE.width, SIZE.height)
  const result = await runProgram(program, { board, policy, drivers, source })
  expect(result.error).toBeUndefined()
  return result
}

const sum = (bytes: Uint8Array): number => bytes.reduce((a, b) => (a + b) % 65_536, 0)

describe.each(all)('an array of a mapping, kept from the first frame on, on $name', (on) => {
  it('is clean where a CPU access lies around each use, and shows what exact loads show', async () => {
    const seen: (readonly [number, number])[] = []
    const { findings } = await frames(on, async ({ buffer }, bytes) => {
      await buffer.startCpuAccess('read')
      using exact = buffer.map({ access: 'read' })
      seen.push([sum(bytes), sum(exact.read(0, exact.length))])
      await buffer.endCpuAccess('read')
    })
    expect(findings).toEqual([])
    expect(seen).toHaveLength(FRAMES)
    for (const [kept, exact] of seen) expect(kept).toBe(exact)
  })

  it('is clean where the first frame of each buffer is not looked at', async () => {
    const { findings } = await frames(on, async ({ buffer }, bytes, turn) => {
      if (turn < 3) return
      await buffer.startCpuAccess('read')
      sum(bytes)
      await buffer.endCpuAccess('read')
    })
    expect(findings).toEqual([])
  })

  it('is a finding at the line that takes it where no CPU access ever begins', async () => {
    const { findings } = await frames(on, async (_frame, bytes) => void sum(bytes))
    expect(findings.map(({ rule }) => rule)).toEqual(['read-outside-bracket'])
    const [finding] = findings
    expect(finding?.where).toMatch(/pointers\.test\.ts/)
    expect(finding?.message).toMatch(
      /takes bytes .* as an array .* that may miss the data that camera stored .* and begins no CPU access/,
    )
  })
})

describe.each(all.filter(({ board }) => board.name !== 'pc'))(
  'a START that syncs nothing, on $name',
  ({ board, policy }) => {
    const deaf = pageExporter({ broken: () => ({ beginCpuAccess: () => {} }) })

    it('is found through an array that was taken before', async () => {
      const on = { board, policy, drivers: [deaf] }
      const { findings } = await frames(
        on,
        async ({ buffer }, bytes) => {
          await buffer.startCpuAccess('read')
          sum(bytes)
          await buffer.endCpuAccess('read')
        },
        'pages',
      )
      expect(findings.map(({ rule }) => rule)).toEqual(['sync-is-noop'])
    })
  },
)
