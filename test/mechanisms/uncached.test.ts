/** Uncached system memory: no maintenance, no SYNC, slow loads, and no bounce buffers. */
import { boards, runProgram, uncachedHeap } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { engine } from '../driver/engine.ts'
import { RIGHT, SIZE, turns } from './turns.ts'

const POLICIES = ['lazy', 'eager', 'random'] as const
const BOUNCING = ['pc-bounce', 'rpi4']
const BOARDS = [...boards.keys()].filter((name) => !BOUNCING.includes(name))

const setup = { systemHeap: uncachedHeap('system'), drivers: [engine('dma', { keep: true })] }

describe('buffers of uncached memory', () => {
  it.each(BOARDS)('need no SYNC on %s, though devices keep their mappings', async (board) => {
    for (const policy of POLICIES) {
      const result = await runProgram(turns({ synced: false }), { ...setup, board, policy })
      expect(result.error).toBeUndefined()
      expect([result.findings, result.value]).toEqual([[], RIGHT])
    }
  })

  it('are cleaned once, when they are allocated', async () => {
    const { cost } = await runProgram(turns({ synced: true }), { ...setup, board: 'arm-soc' })
    expect([cost.cleaned, cost.invalidated]).toEqual([SIZE, SIZE])
  })

  it('cost the CPU more for each load', async () => {
    const time = async (systemHeap: typeof setup.systemHeap | undefined): Promise<number> => {
      const { cost } = await runProgram(turns({ synced: true }), {
        ...setup,
        ...{ systemHeap, board: 'pc' },
      })
      return cost.time
    }
    expect(await time(setup.systemHeap)).toBeGreaterThan(await time(undefined))
  })

  it.each(BOUNCING)(
    'lose bytes on %s, where a skipped sync leaves a bounce buffer',
    async (board) => {
      const { findings, value } = await runProgram(turns({ synced: true }), { ...setup, board })
      expect(value).not.toEqual(RIGHT)
      const rules = new Set<string>(findings.map(({ rule }) => rule))
      // A SYNC does not help: the exporter has no operations for it.
      expect(rules).toContain('sync-is-noop')
      rules.delete('sync-is-noop')
      rules.delete('unsafe-skip-hint')
      expect(rules.size).toBe(0)
    },
  )
})
