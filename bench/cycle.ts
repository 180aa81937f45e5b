/** One frame of 3840x2160 NV12 from the camera through the CPU to the display. */

import { armSoc } from '../src/boards/arm-soc.ts'
import { pc } from '../src/boards/pc.ts'
import type { Board } from '../src/machine/board.ts'
import { ratioOf, show } from './ratio.ts'
import { Rig } from './rig.ts'

const FRAME = (3840 * 2160 * 3) / 2

interface Case {
  readonly name: string
  readonly board: Board
  readonly views: 'bracket' | 'mapping'
  readonly checked: boolean
  readonly limit?: number
}

const CASES: readonly Case[] = [
  {
    name: 'cycle, arm-soc, views die with their bracket',
    board: armSoc,
    views: 'bracket',
    checked: true,
    limit: 1.25,
  },
  {
    name: 'cycle, arm-soc, a raw view stays alive',
    board: armSoc,
    views: 'mapping',
    checked: true,
    limit: 1.6,
  },
  { name: 'cycle, pc, content rules off', board: pc, views: 'bracket', checked: false, limit: 1.1 },
  { name: 'cycle, pc, content rules on', board: pc, views: 'bracket', checked: true },
]

/** The copies that the hardware itself makes, between separate arrays. */
function hardwareCopies(coherent: boolean): (value: number) => void {
  const [camera, memory, cache, screen] = Array.from({ length: 4 }, () =>
    new Uint8Array(FRAME).fill(1),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  if (coherent) {
    return (value) => {
      memory.set(camera)
      memory.fill(value)
      screen.set(memory)
    }
  }
  return (value) => {
    memory.set(camera)
    cache.set(memory)
    cache.fill(value)
    memory.set(cache)
    screen.set(memory)
  }
}

async function fullCycle(which: Case): Promise<(value: number) => Promise<void>> {
  const rig = new Rig(which.board, which.checked)
  const { user, kernel } = await rig.allocate(FRAME)
  const camera = await rig.map(kernel, 'camera', 'from-device')
  const display = await rig.map(kernel, 'display', 'bidirectional')
  const source = new Uint8Array(FRAME).fill(1)
  const screen = new Uint8Array(FRAME)
  const raw = which.views === 'mapping' ? user.map() : undefined
  return async (value) => {
    rig.write(camera, source)
    if (raw === undefined) {
      await user.withCpuAccess('read-write', (bytes) => bytes.fill(value, 0, FRAME))
    } else {
      await user.startCpuAccess('read-write')
      raw.bytes.fill(value, 0, FRAME)
      await user.endCpuAccess('read-write')
    }
    rig.read(display, screen)
  }
}

export async function benchCycle(): Promise<void> {
  for (const which of CASES) {
    const cycle = await fullCycle(which)
    const copies = hardwareCopies(which.board === pc)
    let value = 0
    const ratio = await ratioOf(
      () => cycle(++value & 255),
      () => copies(value & 255),
    )
    show(which.name, ratio, which.limit)
  }
}
