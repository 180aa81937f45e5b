/** The simulated kernel beside the one that runs here: call by call, and byte by byte. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LinuxKernel } from 'dmabuf/linux'
import { allOf, bytesTable, leftBy, type Maker, makers } from '../../conformance/bytes-table.ts'
import { found, rare } from '../../conformance/found.ts'
import { boot, bothCards, compareInGuest } from '../../conformance/guest.ts'
import { leftOut, limits, unverified } from '../../conformance/limits.ts'
import { differenceOf, type RunRequest } from '../../conformance/run.ts'
import { Side } from '../../conformance/side.ts'
import { newSim, simBesideLinux } from '../../conformance/sides.ts'
import { warmUp } from '../../conformance/warm-up.ts'

const CALLS = 20_000
const SEED = 1

async function withBoth(
  body: (request: Pick<RunRequest, 'sides'>, linux: LinuxKernel) => Promise<void>,
): Promise<void> {
  const linux = new LinuxKernel({ reportForgotten: false })
  try {
    await warmUp(linux)
    await body({ sides: simBesideLinux(boot, linux, await bothCards(linux)) }, linux)
  } finally {
    linux.close()
  }
}

describe('both kernels', () => {
  it('answer alike to random calls, and leave the same bytes', async () => {
    assert.ok(await compareInGuest({ calls: CALLS, seed: SEED }), 'see above')
    for (const what of leftOut) console.log(`not compared: ${what}`)
    for (const what of unverified) console.log(`unverified, not in this kernel: ${what}`)
  })

  for (const [what, sequence] of Object.entries(found)) {
    it(`answer alike, where they once did not: ${what}`, () =>
      withBoth(async (request) => {
        const difference = await differenceOf(request, sequence)
        assert.equal(difference?.message, undefined)
      }))
  }

  for (const [what, sequence] of Object.entries(rare)) {
    it(`answer alike ${what}`, () =>
      withBoth(async (request) => {
        const difference = await differenceOf(request, sequence)
        assert.equal(difference?.message, undefined)
      }))
  }

  for (const { name, reason, shownBy } of limits) {
    it(`differ, as they should: ${name}`, () =>
      withBoth(async (request) => {
        const difference = await differenceOf(request, shownBy)
        assert.ok(difference !== undefined, `This is no limit any more: ${reason}`)
        assert.match(difference.message, new RegExp(`^step ${shownBy.length - 1},`))
      }))
  }
})

describe('the table of bytes', () => {
  for (const maker of Object.keys(makers) as Maker[]) {
    for (const row of bytesTable) {
      it(`${maker}: ${row.program}, when bounced`, () =>
        withBoth(async (_request, linux) => {
          const cards = await bothCards(linux)
          const sim = newSim(boot)
          for (const side of [new Side(linux, cards.linux), new Side(sim, cards.sim)]) {
            assert.equal(await leftBy(side, maker, row), allOf(row.left[boot]), side.name)
          }
          sim.exit()
          assert.deepEqual(linux.held, { fds: [], mappings: 0 })
        }))
    }
  }
})
