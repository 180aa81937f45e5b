/** The code that the tests in the guest and the long run share. */
import { LinuxKernel } from 'dmabuf/linux'
import type { Group } from './operation.ts'
import { asCode, compareKernels, type RunResult } from './run.ts'
import { type BootName, cardOf, newSim, simBesideLinux } from './sides.ts'
import { warmUp } from './warm-up.ts'

/** vgem on both, once the simulation has it; until then its display imports as vgem does. */
const SIM_CARDS = ['vgem', 'simdrm']

export interface GuestRequest {
  readonly calls: number
  readonly seed: number
  readonly longest?: number | undefined
  readonly groups?: readonly Group[] | undefined
}

export const boot: BootName = process.env.LAB_BOOT === 'swiotlb' ? 'swiotlb' : 'plain'

/** Compares, and prints to stdout. Returns whether no difference was found. */
export async function compareInGuest(request: GuestRequest): Promise<boolean> {
  const began = performance.now()
  const result = await compare(request)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  for (const line of result.tally.lines) console.log(`  ${line}`)
  const { calls, sequences, tally } = result
  console.log(
    `${boot}: ${calls} calls on each kernel, ${tally.operations} operations in ${sequences} sequences, ${seconds} s`,
  )
  for (const difference of result.differences) console.log(asCode(difference))
  return result.differences.length === 0
}

async function compare({ groups, ...request }: GuestRequest): Promise<RunResult> {
  const linux = new LinuxKernel({ reportForgotten: false })
  try {
    await warmUp(linux)
    const cards = await bothCards(linux)
    const sides = simBesideLinux(boot, linux, cards)
    return await compareKernels({ ...request, sides, groups: groups ?? cards.groups })
  } finally {
    linux.close()
  }
}

/** The cards to import into, and the operations that can be compared on them. */
export async function bothCards(
  linux: LinuxKernel,
): Promise<{ sim: string; linux: string; groups: Group[] }> {
  const sim = newSim(boot)
  const groups: Group[] = ['files', 'memory', 'buffers', 'sync-files']
  try {
    for (const driver of SIM_CARDS) {
      const card = await cardOf(sim, driver)
      if (card === undefined) continue
      const more: Group[] = driver === 'vgem' ? ['import', 'fences', 'dumb'] : []
      const real = (await cardOf(linux, 'vgem')) ?? '/dev/dri/none'
      return { sim: card, linux: real, groups: [...groups, ...more] }
    }
    throw new Error('The simulated kernel has no card to import into.')
  } finally {
    sim.exit()
  }
}
