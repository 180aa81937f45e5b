/** Loads past the cache take virtual time, and more of it than cached ones with their syncs. */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { boardNamed } from '../../src/boards/index.ts'
import { pc } from '../../src/boards/pc.ts'
import { loadCost } from '../../src/machine/board.ts'
import { runProgram } from '../../src/run/run-program.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'
import { VideoDevice } from '../../src/user/video-device.ts'

const WANTED = { width: 640, height: 360, format: 'XR24' }
const BYTES = 640 * 360 * 4

type Access = 'read' | 'write' | 'read-write'

/** Virtual nanoseconds of one CPU access of a frame, with the lints of the run. */
async function timeOf(
  memory: 'heap' | 'own',
  access: Access,
  board = 'arm-soc',
): Promise<[number, string[]]> {
  const { value, lints, error } = await runProgram(
    async (kernel: Kernel) => {
      await using camera = await VideoDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const { sizeImage } = await camera.setFormat(WANTED)
      if (memory === 'own') await camera.startMmap(2)
      else await camera.start(await heap.allocateBuffers(2, sizeImage))
      for await (await using frame of camera.frames({ count: 1 })) {
        const before = kernel.now()
        await frame.buffer.withCpuAccess(access, (bytes) => bytes.fill(1, 0, 64))
        return kernel.now() - before
      }
      return 0
    },
    { board },
  )
  if (error !== undefined) throw new Error(error.message)
  return [value as number, lints.map(({ rule }) => rule)]
}

describe('a CPU access for reading', () => {
  it("takes longer on the camera's own memory, which is uncached, than on a heap's with its syncs", async () => {
    const [heap, none] = await timeOf('heap', 'read')
    const [own, hints] = await timeOf('own', 'read')
    expect(own).toBeGreaterThan(heap)
    expect(own).toBeGreaterThan(BYTES * loadCost(armSoc, 'uncached'))
    expect([none, hints]).toEqual([[], ['uncached-read']])
  })

  it('takes no longer where coherent memory is cached', async () => {
    const [own] = await timeOf('own', 'read', 'pc')
    expect(own).toBeLessThan(BYTES * pc.cost.cpuByte)
  })

  it('that only writes loads nothing', async () => {
    const [written, hints] = await timeOf('own', 'write')
    expect(written).toBeLessThan(BYTES)
    expect(hints).toEqual([])
    const [both] = await timeOf('own', 'read-write')
    expect(both).toBeGreaterThan(BYTES * loadCost(armSoc, 'uncached'))
  })
})

describe('exact loads', () => {
  it.each([
    ['arm-soc', 128, armSoc],
    ['pc', 128, pc],
  ])(
    'on %s from a dumb buffer take the time of write-combining memory',
    async (name, height, board) => {
      const { value, lints } = await runProgram(
        async (kernel) => {
          await using display = await DrmDevice.open(kernel)
          await using dumb = await display.createDumb({ width: 640, height })
          using map = await dumb.map()
          await kernel.sleep(1)
          const before = kernel.now()
          map.read(0, 1000)
          map.fill(0)
          await kernel.sleep(0)
          const few = kernel.now() - before
          map.read()
          await display.outputs()
          return [few, kernel.now() - before]
        },
        { board: name },
      )
      const [, all] = value as [number, number]
      const size = 640 * height * 4
      const loads = (size + 1000) * loadCost(board, 'write-combine')
      expect(all).toBeGreaterThanOrEqual(loads)
      expect(all).toBeLessThan(loads + 1e6)
      expect(lints.map(({ rule }) => rule)).toEqual(['uncached-read'])
    },
  )

  it('of less than 256 KiB are not hinted at', async () => {
    const { lints } = await runProgram(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      await using dumb = await display.createDumb({ width: 128, height: 128 })
      using map = await dumb.map()
      map.read()
      map.read()
    })
    expect(lints).toEqual([])
  })
})

it('a table that leaves the costs out gets 40 times that of a cached byte', () => {
  const {
    uncachedByte: _uncached,
    writeCombineByte: _combine,
    ...cost
  } = boardNamed('arm-soc').cost
  const board = { ...armSoc, cost }
  for (const attribute of ['uncached', 'write-combine'] as const) {
    expect(loadCost(board, attribute)).toBe(39 * cost.cpuByte)
  }
  expect(loadCost(board, 'cached')).toBe(0)
})
