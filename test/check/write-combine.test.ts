/** Memory past the cache: its bytes are never stale, and the promises of a CPU access hold there too. */
import { describe, expect, test } from 'vitest'
import { runProgram } from '../../src/run/run-program.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import type { DmaBuf } from '../../src/user/dma-buf.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'

const SIZE = { width: 64, height: 32 }

/** The findings if `draw` draws into an exported dumb buffer, which is shown then. */
async function rules(draw: (buffer: DmaBuf) => unknown, board: string): Promise<readonly string[]> {
  const { findings, error } = await runProgram(
    async (kernel: Kernel) => {
      await using display = await DrmDevice.open(kernel)
      await using dumb = await display.createDumb(SIZE)
      using buffer = await dumb.exportBuffer()
      await draw(buffer)
      await display.show(buffer, { ...SIZE, format: 'XR24', stride: dumb.stride })
      await kernel.sleep(40)
    },
    { board },
  )
  expect(error).toBeUndefined()
  return findings.map(({ rule }) => rule)
}

describe.each(['pc', 'arm-soc'])('a dumb buffer that was exported, on %s', (board) => {
  test('stores without any CPU access are no finding: no cache holds them', async () => {
    const drawn = (buffer: DmaBuf): void => {
      using mapping = buffer.map()
      mapping.bytes.fill(7)
    }
    expect(await rules(drawn, board)).toEqual([])
  })

  test('stores in a CPU access for reading break its direction', async () => {
    const inside = (access: 'read' | 'write') => (buffer: DmaBuf) =>
      buffer.withCpuAccess(access, (_, cpu) => cpu.fill(7, 0, 4096))
    expect(await rules(inside('read'), board)).toEqual(['bracket-direction'])
    expect(await rules(inside('write'), board)).toEqual([])
  })

  test('stores through an array in a CPU access for reading break its direction', async () => {
    const inside = (access: 'read' | 'write') => (buffer: DmaBuf) =>
      buffer.withCpuAccess(access, (bytes) => bytes.fill(7))
    expect(await rules(inside('read'), board)).toEqual(['bracket-direction'])
    expect(await rules(inside('write'), board)).toEqual([])
  })

  test('a CPU access that is still open when the display takes the buffer is a finding', async () => {
    const open = (ends: boolean) => async (buffer: DmaBuf) => {
      await buffer.startCpuAccess('write')
      if (ends) await buffer.endCpuAccess('write')
    }
    expect(await rules(open(false), board)).toEqual(['bracket-over-dma'])
    expect(await rules(open(true), board)).toEqual([])
  })
})
