/** The table of bytes that a real PC left, on the simulated one; the guest's tests hold the real one to it. */
import { describe, expect, it } from 'vitest'
import { allOf, bytesTable, leftBy, type Maker, makers } from './bytes-table.ts'
import { Side } from './side.ts'
import { type BootName, boardOf, cardOf, newSim } from './sides.ts'

describe.each(Object.keys(boardOf) as BootName[])('a PC booted %s', (boot) => {
  describe.each(Object.keys(makers) as Maker[])('%s', (maker) => {
    it.each(bytesTable)('$program, when bounced', async (row) => {
      const sim = newSim(boot)
      const side = new Side(sim, (await cardOf(sim, 'vgem')) ?? '')
      expect(await leftBy(side, maker, row)).toBe(allOf(row.left[boot]))
      expect(sim.buffers).toEqual([])
    })
  })
})
