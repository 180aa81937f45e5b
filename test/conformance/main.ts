/**
 * A long run by hand, in the lab:
 *
 *     npx tsx lab/main.ts --limit 3600 -- test/conformance/main.ts --calls 500000 --seed 7
 *     npx tsx lab/main.ts --boot plain -- test/conformance/main.ts --groups memory,files
 *
 * Prints the compared operations; for a difference, the shortest known sequence that shows it, as code.
 */
import { parseArgs } from 'node:util'
import { compareInGuest } from './guest.ts'
import type { Group } from './operation.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    groups: { type: 'string' },
    longest: { type: 'string', default: '60' },
  },
})

const isClean = await compareInGuest({
  calls: Number(values.calls),
  seed: Number(values.seed),
  longest: Number(values.longest),
  groups: values.groups?.split(',') as Group[] | undefined,
})
process.exitCode = isClean ? 0 : 1
