/** All figures are ratios within this one run: median, and the tenth to the ninetieth percentile. */
import { benchBookkeeping } from './bookkeeping.ts'
import { benchCycle } from './cycle.ts'
import { benchMemory } from './memory.ts'
import { benchUserLoop } from './user-loop.ts'

await benchCycle()
await benchBookkeeping()
await benchUserLoop()
await benchMemory()
