/** CPU accesses that end after the mapping whose bytes they covered. */
import type { DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../history.ts'
import { agentName, bracketName, flagsOf } from '../words.ts'
import type { Rule } from './rule.ts'

export class OrderRule implements Rule {
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
