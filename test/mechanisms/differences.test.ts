/** Two mechanisms are different if a program is right under one and wrong under the other. */
import { type Mechanism, mechanisms, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { engine } from '../driver/engine.ts'
import { RIGHT, turns } from './turns.ts'

type Result = 'right' | 'wrong bytes' | 'finding'

/**
 * With findings it is wrong whatever the bytes are: `finding` where they came out right in this run. A built-in heap
 * reports for all boards, so one coherent and one that is not are enough.
 */
async function judge(
  { heap }: Mechanism,
  { board, synced, keep }: { board: string; synced: boolean; keep: boolean },
): Promise<Result> {
  const { findings, value, error } = await runProgram(turns({ synced }), {
    ...{ board, systemHeap: heap?.('system'), drivers: [engine('dma', { keep })] },
  })
  expect(error).toBeUndefined()
  if (JSON.stringify(value) !== JSON.stringify(RIGHT)) {
    expect(findings).not.toEqual([])
    return 'wrong bytes'
  }
  return findings.length === 0 ? 'right' : 'finding'
}

const CASES = [
  // A device maps for each use.
  { synced: true, keep: false },
  { synced: false, keep: false },
  // A device keeps its mapping, as the camera and the display do.
  { synced: true, keep: true },
  { synced: false, keep: true },
] as const

const EXPECTED: Readonly<Record<string, Readonly<Record<string, readonly Result[]>>>> = {
  sync: {
    pc: ['right', 'finding', 'right', 'finding'],
    'arm-soc': ['right', 'finding', 'right', 'wrong bytes'],
  },
  shootdown: {
    pc: ['right', 'right', 'finding', 'finding'],
    'arm-soc': ['right', 'right', 'wrong bytes', 'wrong bytes'],
  },
  uncached: {
    pc: ['right', 'right', 'right', 'right'],
    'arm-soc': ['right', 'right', 'right', 'right'],
  },
  'temporary-copy': {
    pc: ['right', 'wrong bytes', 'right', 'wrong bytes'],
    'arm-soc': ['right', 'wrong bytes', 'right', 'wrong bytes'],
  },
}

describe.each(mechanisms.map((mechanism) => ({ mechanism, name: mechanism.name })))(
  'a program under $name',
  ({ mechanism, name }) => {
    it.each(['pc', 'arm-soc'])(
      'on %s depends on SYNC and on when the device maps',
      async (board) => {
        const results: Result[] = []
        for (const one of CASES) results.push(await judge(mechanism, { board, ...one }))
        expect(results).toEqual(EXPECTED[name]?.[board])
      },
    )
  },
)

it('tells each two mechanisms apart', () => {
  const rows = Object.values(EXPECTED).map((row) => JSON.stringify(row))
  expect(new Set(rows).size).toBe(mechanisms.length)
})
