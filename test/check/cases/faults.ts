/** Mappings that an exporter keeps coherent by faults. */
import { hazard, SIZE, type Story } from '../story.ts'
import { bare, type Case } from './case.ts'

const WHOLE = { start: 0, end: SIZE }

/** A buffer of a heap with a fault handler, mapped without pages. */
function faulting(s: Story): void {
  s.buffer()
  s.emit({
    ...{ kind: 'cpu-map', buffer: 1, mapping: 7, range: WHOLE, attribute: 'cached' },
    ...{ writable: true, coherence: 'fault' },
  })
}

function pages(s: Story, kind: 'cpu-fault' | 'cpu-zap', line = 0): void {
  s.emit({ kind, buffer: 1, mapping: 7, range: WHOLE }, { line })
}

/** A device maps for one use. */
function mapFor(s: Story, device: string, mapping: number): void {
  pages(s, 'cpu-zap')
  s.attach(device, { mapping, skip: true })
}

export const faults: readonly Case[] = [
  {
    rule: 'import-not-renewed',
    what: 'a display reads through a mapping from before the store',
    line: 4,
    data: true,
    ...bare((s, bad) => {
      faulting(s)
      mapFor(s, 'display', 1)
      pages(s, 'cpu-fault', 3)
      const stored = s.store(4)
      if (!bad) mapFor(s, 'display', 2)
      s.jobStart(1, 'display', 'read', bad ? 1 : 2, { line: 5 })
      s.deviceLoad(1, 'display', bad ? [hazard('memory-behind', stored)] : [])
      s.jobEnd(1, 'display', 'read')
    }),
  },
  {
    rule: 'touched-over-dma',
    what: 'the CPU touches the page while the camera fills it',
    line: 3,
    data: true,
    ...bare((s, bad) => {
      faulting(s)
      mapFor(s, 'camera', 1)
      s.queue()
      s.jobStart(1, 'camera', 'write')
      if (bad) pages(s, 'cpu-fault', 3)
      const stored = s.deviceStore(1)
      s.jobEnd(1, 'camera', 'write')
      s.dequeue()
      if (!bad) pages(s, 'cpu-fault', 3)
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
    }),
  },
]
