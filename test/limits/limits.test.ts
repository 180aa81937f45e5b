/**
 * False negatives and false positives of the checker: each limit in docs/limits.md has a program that shows it.
 * A test that fails here is good news: remove the limit from docs/limits.md.
 */
import { DmaHeap, DrmDevice, type Frame, type Kernel, VideoDevice } from 'dmabuf'
import { type Program, patternSource, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { pc } from '../../src/boards/pc.ts'
import type { Hazard } from '../../src/events/event.ts'
import { Machine } from '../../src/machine/machine.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'

const SIZE = { width: 64, height: 32 }
const LINE = 64

/** The rules that a program of two frames from one buffer brings, on arm-soc. */
async function rulesOf(
  use: (frame: Frame, turn: number) => Promise<void>,
  views: 'raw' | 'checked' = 'raw',
  policy: 'lazy' | 'eager' = 'lazy',
): Promise<string[]> {
  const program: Program = async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ ...SIZE, format: 'XR24' })
    await camera.start(await heap.allocateBuffers(2, format.sizeImage))
    let turn = 0
    for await (await using frame of camera.frames({ count: 4 })) {
      await use(frame, turn++)
      await display.show(frame)
    }
  }
  const source = patternSource(SIZE.width, SIZE.height)
  const result = await runProgram(program, { board: 'arm-soc', policy, source, views })
  expect(result.error).toBeUndefined()
  return [...new Set(result.findings.map(({ rule }) => rule as string))]
}

describe('false negatives', () => {
  it('a load through an array that was taken in time, and used too late', async () => {
    const kept = new Map<number, Uint8Array>()
    let sum = 0
    const late = async (frame: Frame): Promise<void> => {
      const known = kept.get(frame.index)
      if (known !== undefined) {
        sum += known[0] ?? 0
        return
      }
      await frame.buffer.startCpuAccess('read')
      const map = frame.buffer.map()
      kept.set(frame.index, map.bytes)
      await frame.buffer.endCpuAccess('read')
    }
    expect(await rulesOf(late)).not.toContain('read-outside-bracket')
    kept.clear()
    expect(await rulesOf(late, 'checked')).toContain('read-outside-bracket')
    expect(sum).toBeGreaterThanOrEqual(0)
  })

  it('a write-only access that stores less than a word of a line', async () => {
    const oneByte = (frame: Frame): Promise<void> =>
      frame.buffer.withCpuAccess('write', (bytes) => {
        for (let at = 0; at < LINE; at += 4) bytes[at] = 1
      })
    expect(await rulesOf(oneByte)).not.toContain('partial-write-over-stale')
    expect(await rulesOf(oneByte, 'checked')).toContain('partial-write-over-stale')
  })

  it('a write-only access whose gaps hold the very value that it stores beside them', async () => {
    // The first line holds two bars of the pattern, eight pixels each.
    const spread = (frame: Frame): Promise<void> =>
      frame.buffer.withCpuAccess('write', (bytes) => bytes.set(bytes.slice(0, LINE / 2), LINE / 2))
    expect(await rulesOf(spread)).not.toContain('partial-write-over-stale')
    expect(await rulesOf(spread, 'checked')).not.toEqual([])
  })
})

describe('false positives', () => {
  it('a write-only access that stores what memory holds already into part of a line', async () => {
    const sameAgain = (frame: Frame): Promise<void> =>
      frame.buffer.withCpuAccess('write', (bytes) => {
        bytes.set(bytes.slice(0, LINE / 2))
        bytes.fill(1, LINE / 2, LINE)
      })
    expect(await rulesOf(sameAgain)).toContain('partial-write-over-stale')
  })

  it('on pc, storing what is there again over bytes that the judged board may have lost', () => {
    /** The hazards of a device that reads last, after the CPU stored `value` over the lost 5. */
    const hazardsAfter = (value: number, seen: 'exact' | 'array'): readonly Hazard[] => {
      const machine = new Machine({ board: pc, judged: armSoc, policy: lazyPolicy })
      const { memory, ram, scheduler } = machine
      const storage = ram.allocate(4096)
      if (storage === undefined) throw new Error('no memory')
      const snoops = { actual: true, judged: false }
      memory.cpuStore(storage, 0, new Uint8Array(LINE).fill(7), 'cached', 1)
      memory.deviceStore(storage, 0, new Uint8Array(LINE).fill(5), snoops, 2)
      if (seen === 'exact') {
        memory.cpuStore(storage, 0, new Uint8Array(LINE).fill(value), 'cached', 3)
      } else {
        const place = { buffer: 1, shift: 0, start: 0, end: LINE, mapping: 1, task: 'main' }
        const view = { ...place, attribute: 'cached', scope: 'mapping', taken: 1 } as const
        memory.handOut(storage, { ...view })
        memory.arrayFor(storage, 'cached').fill(value, 0, LINE)
        scheduler.programRan()
      }
      memory.maintain(storage, 0, LINE, { actual: undefined, judged: 'clean' })
      return memory.deviceLoad(storage, 0, new Uint8Array(LINE), snoops)
    }
    expect(hazardsAfter(5, 'exact')).toEqual([])
    expect(hazardsAfter(6, 'array')).toEqual([])
    expect(hazardsAfter(5, 'array')).toMatchObject([{ kind: 'lost', wrongNow: false }])
  })
})
