/** CPU accesses that end after the mapping whose bytes they covered. */
import type { DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Detector } from '../detectors/detector.ts'
import type { History } from '../model/history.ts'
import { agentName, bracketName, flagsOf } from '../words.ts'
import type { Rule } from './rule.ts'

export const bracketOrder: Rule<'bracket-order'> = {
  id: 'bracket-order',
  group: 'C3',
  severity: 'lint',
  claim: 'A CPU access ends before the mapping whose bytes it covered is unmapped.',
  hardware:
    'It is harmless as long as the bytes are not touched in between, but the END belongs to an access that has already ended.',
  fix: 'Send END first, then munmap: with `using`, declare the mapping before the CPU access.',
  driverFix: 'Call dma_buf_end_cpu_access first, then dma_buf_vunmap.',
  byCalls: 'whole',
  detect: ({ history, out }) => new OrderDetector(history, out),
}

class OrderDetector implements Detector {
  readonly #history: History
  readonly #out: Collector

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    if (event.kind !== 'cpu-access-end' || event.result < 0) return
    const buffer = this.#history.buffer(event.buffer)
    const bracket = buffer.endedBy(event)
    const unmapped = bracket?.unmapped
    if (bracket === undefined || unmapped === undefined) return
    this.#out.lint({
      rule: 'bracket-order',
      event,
      message: `${agentName(event.agent)} sends ${flagsOf(event)} for ${buffer.name} (event ${event.id}) after ${agentName(unmapped.agent)} had unmapped the bytes that it used in the access (event ${unmapped.id}).`,
      because: {
        text: `The mapping was unmapped inside ${bracketName(bracket)}.`,
        event: unmapped.id,
        origin: unmapped.origin,
      },
      origin: event.origin ?? unmapped.origin,
      related: [{ label: 'it was unmapped here', origin: unmapped.origin }],
      buffer: buffer.id,
    })
  }
}
