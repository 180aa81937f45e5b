/** All figures are ratios within this one run: median, and the tenth to the ninetieth percentile. */
import { benchBookkeeping } from './bookkeeping.ts'
import { benchBounced } from './bounced.ts'
import { benchCycle } from './cycle.ts'
import { benchManyBuffers } from './many-buffers.ts'
import { benchMemory } from './memory.ts'
import { benchScattered } from './scattered.ts'
import { benchUserLoop } from './user-loop.ts'

await benchCycle()
await benchBounced()
await benchBookkeeping()
await benchScattered()
await benchManyBuffers()
await benchUserLoop()
await benchMemory()
