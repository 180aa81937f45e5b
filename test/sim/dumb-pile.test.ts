import { describe, expect, test } from 'vitest'
import { runProgram } from '../../src/run/run-program.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'

const SIZE = { width: 64, height: 32 }

async function lintsOf(program: (kernel: Kernel) => Promise<void>): Promise<readonly string[]> {
  const { findings, lints, error } = await runProgram(program, { board: 'pc' })
  expect([findings, error]).toEqual([[], undefined])
  return lints.map(({ rule, message }) => `${rule}: ${message}`)
}

/** Makes and shows `count` dumb buffers, one a picture, each disposed after the next is shown or not at all. */
function onePerPicture(count: number, disposes: boolean) {
  return async (kernel: Kernel): Promise<void> => {
    await using display = await DrmDevice.open(kernel)
    let before: Awaited<ReturnType<typeof display.createDumb>> | undefined
    for (let i = 0; i < count; i++) {
      const dumb = await display.createDumb(SIZE)
      using buffer = await dumb.exportBuffer()
      await display.show(buffer, { ...SIZE, format: 'XR24', stride: dumb.stride })
      if (disposes) await before?.close()
      before = dumb
    }
  }
}

/** A pool of `count`, made before the first picture, each shown in turn. */
function pool(count: number) {
  return async (kernel: Kernel): Promise<void> => {
    await using display = await DrmDevice.open(kernel)
    const dumbs = []
    for (let i = 0; i < count; i++) dumbs.push(await display.createDumb(SIZE))
    for (const dumb of dumbs) {
      using buffer = await dumb.exportBuffer()
      await display.show(buffer, { ...SIZE, format: 'XR24', stride: dumb.stride })
    }
  }
}

describe('dumb buffers that are not disposed', () => {
  test('one a picture, they are a hint that counts them and changes no verdict', async () => {
    const lints = await lintsOf(onePerPicture(20, false))
    expect(lints).toEqual([
      expect.stringMatching(/^fd-leak: .*makes dumb buffers again and again.*: \d\d of one open/),
    ])
  })

  test('never shown, they are a hint as well', async () => {
    const lints = await lintsOf(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      for (let i = 0; i < 12; i++) await display.createDumb(SIZE)
    })
    expect(lints).toEqual([expect.stringMatching(/: 12 of one open device were alive at once/)])
  })

  test.each([
    ['one a picture, each disposed after the next is shown', onePerPicture(20, true)],
    ['two for double buffering', pool(2)],
    ['a pool of twelve, made before the first picture', pool(12)],
  ])('%s: no hint', async (_, program) => {
    expect(await lintsOf(program)).toEqual([])
  })

  test('their number and the way out are in the ENOMEM of the next one', async () => {
    const { error } = await runProgram(
      async (kernel) => {
        await using display = await DrmDevice.open(kernel)
        for (;;) await display.createDumb({ width: 16_384, height: 8192 })
      },
      { board: 'pc' },
    )
    expect(error?.message).toMatch(
      /ENOMEM.*no memory is left for 16384x8192, and \d+ dumb buffers of this open device are alive: dispose each/,
    )
  })

  test('a buffer that is too large by itself is not explained by others', async () => {
    const { error } = await runProgram(
      async (kernel) => {
        await using display = await DrmDevice.open(kernel)
        await display.createDumb({ width: 32_768, height: 30_000 })
      },
      { board: 'pc' },
    )
    expect(error?.message).toMatch(/ENOMEM/)
    expect(error?.message).not.toMatch(/alive/)
  })
})
