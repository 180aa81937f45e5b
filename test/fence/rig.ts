import * as fc from 'fast-check'
import { Fence, type FenceOps } from '../../src/kernel/fence/fence.ts'
import { Fences } from '../../src/kernel/fence/fences.ts'
import { Scheduler } from '../../src/machine/scheduler.ts'

/** A scheduler and the fences on its clock. */
export class FenceRig {
  readonly stuck: string[][] = []
  readonly scheduler: Scheduler = new Scheduler({
    onStuck: (waiting) => this.stuck.push([...waiting]),
  })
  readonly fences: Fences = new Fences(this.scheduler)

  fence(context = 1, seqno = 1, ops: Partial<FenceOps> = {}): Fence {
    const names = { driverName: 'driver', timelineName: 'timeline' }
    return new Fence({ context, seqno, ops: { ...names, ...ops }, clock: this.scheduler })
  }
}

/** Fails the test with the smallest counterexample unless `property` holds. */
export const holds: <Ts>(property: fc.IProperty<Ts>) => void = fc.assert
