/**
 * The outcome of the same four programs on a real kernel, booted plain and with `swiotlb=force`: a
 * buffer mapped for one device in both directions, whose CPU accesses sync it as the system heap
 * does.
 */
import { describe, expect, it } from 'vitest'
import { pc } from '../../src/boards/pc.ts'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import type { DmaDirection } from '../../src/events/event.ts'
import { tableOf } from '../../src/kernel/dma/sg-table.ts'
import type { Board } from '../../src/machine/board.ts'
import { DRIVER, Rig } from './rig.ts'

const SIZE = 345_600
const [BEFORE, AA, BB, CC, DD, EE] = [0x11, 0xaa, 0xbb, 0xcc, 0xdd, 0xee] as const

class Lab {
  readonly #rig: Rig
  readonly #memory
  readonly #mapping

  constructor(board: Board) {
    this.#rig = new Rig(board)
    this.#memory = this.#rig.memory(Math.ceil(SIZE / 4096) * 4096, 'vmalloc')
    this.#memory.fill(BEFORE)
    this.#mapping = this.#rig.dma.map({
      device: 'vgem',
      // A heap buffer of this size is made of chunks of 64 KiB and of pages.
      table: tableOf(this.#memory.storage),
      direction: 'bidirectional',
      buffer: this.#memory.id,
      driver: DRIVER,
    })
  }

  start(direction: DmaDirection): void {
    this.#rig.dma.syncForCpu(this.#mapping, direction)
  }

  end(direction: DmaDirection): void {
    this.#rig.dma.syncForDevice(this.#mapping, direction)
  }

  store(value: number): void {
    this.#memory.fill(value)
  }

  read(): number {
    const seen = new Set(this.#rig.seen(this.#memory))
    expect(seen.size).toBe(1)
    return [...seen][0] as number
  }
}

const rows: readonly {
  readonly program: string
  readonly run: (lab: Lab) => void
  readonly plain: number
  readonly bounced: number
}[] = [
  {
    program: 'a store with no bracket after START(rw) AA END(rw)',
    run: (lab) => {
      lab.start('bidirectional')
      lab.store(AA)
      lab.end('bidirectional')
      lab.store(BB)
      lab.start('from-device')
    },
    plain: BB,
    bounced: AA,
  },
  {
    program: 'a store under START(r)/END(r)',
    run: (lab) => {
      lab.start('from-device')
      lab.store(DD)
      lab.end('from-device')
      lab.start('from-device')
    },
    plain: DD,
    bounced: BEFORE,
  },
  {
    program: 'a second START(r) in an open START(rw)',
    run: (lab) => {
      lab.start('bidirectional')
      lab.store(AA)
      lab.end('bidirectional')
      lab.start('bidirectional')
      lab.store(CC)
      lab.start('from-device')
    },
    plain: CC,
    bounced: AA,
  },
  {
    program: 'a store in START(w)/END(w)',
    run: (lab) => {
      lab.start('to-device')
      lab.store(EE)
      lab.end('to-device')
      lab.start('from-device')
    },
    plain: EE,
    bounced: EE,
  },
]

describe('the same bytes as a real kernel', () => {
  for (const { program, run, plain, bounced } of rows) {
    it(program, () => {
      for (const [board, expected] of [
        [pc, plain],
        [pcBounce, bounced],
      ] as const) {
        const lab = new Lab(board)
        run(lab)
        expect(lab.read(), board.name).toBe(expected)
      }
    })
  }
})
