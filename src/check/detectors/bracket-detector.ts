/** START and END by themselves: pairs, flags, results. */
import type { AccessEdgeEvent, DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { type Bracket, reads, writes } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { accessName, agentName, bracketName, failureText, flagsOf } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Detector } from './detector.ts'

export class BracketDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #deferred: Deferred

  constructor(history: History, out: Collector, deferred: Deferred) {
    this.#history = history
    this.#out = out
    this.#deferred = deferred
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-access-begin':
        if (event.result >= 0) this.#start(event)
        return
      case 'cpu-access-end':
        this.#end(event)
        return
      case 'release':
        this.#leftOpen(this.#history.buffer(event.buffer), event)
        return
      case 'queue':
      case 'scanout-take':
      case 'job-start':
        this.#handedOn(this.#history.buffer(event.buffer), event)
        return
      case 'program-end':
        if (event.how !== 'returned') return
        for (const buffer of this.#history.buffers) {
          this.#handedOn(buffer, event)
          this.#leftOpen(buffer, event)
        }
        return
      default:
        return
    }
  }

  /** The second access shares the blame of the first: that it stays open as well is the same mistake. */
  after(event: DmabufEvent): void {
    if (event.kind !== 'cpu-access-begin' || event.result < 0) return
    const { open, lastBracket } = this.#history.buffer(event.buffer)
    if (lastBracket === undefined) return
    if (open.some(({ interrupted }) => interrupted === event)) lastBracket.blamed = true
  }

  #start(event: AccessEdgeEvent): void {
    if (!reads(event.access)) return
    const buffer = this.#history.buffer(event.buffer)
    const open = buffer.openFor('write')
    if (open === undefined || open.blamed) return
    this.#deferred.report(buffer, {
      rule: 'unbalanced-bracket',
      event,
      message: `${agentName(event.agent)} begins a CPU access for reading buffer ${buffer.id} (event ${event.id}) while the one for writing that ${agentName(open.start.agent)} began at event ${open.start.id} is open, and drops its stores.`,
      because: atStart(open, `No END of ${bracketName(open)} came before.`),
      origin: event.origin ?? open.start.origin,
      related: [{ label: 'the first CPU access began here', origin: open.start.origin }],
      buffer: buffer.id,
    })
  }

  #end(event: AccessEdgeEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    const bracket = buffer.endedBy(event)
    if (bracket === undefined) this.#endOfNone(buffer, event)
    else if (event.result >= 0 && bracket.access !== event.access) {
      this.#otherFlags(buffer, event, bracket)
    }
  }

  #endOfNone(buffer: BufferHistory, event: AccessEdgeEvent): void {
    const { failed } = buffer
    const who = agentName(event.agent)
    if (failed?.kind === 'cpu-access-begin') {
      this.#deferred.report(buffer, {
        rule: 'sync-result-ignored',
        event,
        message: `${who} sends END for buffer ${buffer.id} (event ${event.id}) although the previous START of ${agentName(failed.agent)} had failed.`,
        because: {
          text: `${failureText(failed)}: no CPU access is open.`,
          event: failed.id,
          origin: failed.origin,
        },
        origin: event.origin ?? failed.origin,
        related: [{ label: 'the START that failed', origin: failed.origin }],
        buffer: buffer.id,
      })
      return
    }
    if (event.result < 0) return
    const last = buffer.lastBracket
    this.#deferred.report(buffer, {
      rule: 'unbalanced-bracket',
      event,
      message: `${who} sends END for buffer ${buffer.id} (event ${event.id}) with no matching START.`,
      because: {
        text:
          last?.end === undefined
            ? 'No START came before.'
            : `${bracketName(last)[0]?.toUpperCase()}${bracketName(last).slice(1)} had already ended at event ${last.end.id}.`,
        event: last?.end?.id,
        origin: last?.end?.origin,
      },
      origin: event.origin,
      related: [{ label: 'the last CPU access ended here', origin: last?.end?.origin }],
      hardware:
        'Loads and stores before this END were unprotected: nothing was invalidated for them, and a device may have used the buffer in the meantime.',
      fix:
        event.agent.kind === 'kernel'
          ? undefined
          : 'Begin each CPU access with a START before its first load or store, and end it once.',
      buffer: buffer.id,
    })
  }

  #otherFlags(buffer: BufferHistory, event: AccessEdgeEvent, bracket: Bracket): void {
    const harm =
      writes(bracket.access) && !writes(event.access)
        ? ', so that its stores are not cleaned'
        : ', which differs from the START'
    this.#deferred.report(buffer, {
      rule: 'bracket-direction',
      event,
      message: `${agentName(event.agent)} ends the CPU access to buffer ${buffer.id} that began as ${flagsOf(bracket.start)} (event ${bracket.start.id}) with ${flagsOf(event)}${harm}.`,
      because: atStart(bracket, `${flagsOf(bracket.start)} asks for the same flags at END.`),
      origin: event.origin ?? bracket.start.origin,
      related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
      buffer: buffer.id,
    })
  }

  /** The buffer leaves the CPU although the END failed. */
  #handedOn(buffer: BufferHistory, event: DmabufEvent): void {
    const { failed } = buffer
    const bracket = failed?.kind === 'cpu-access-end' ? buffer.endedBy(failed) : undefined
    if (failed === undefined || bracket === undefined || bracket.blamed) return
    bracket.blamed = true
    const next = 'device' in event ? `${event.device} gets the buffer` : 'the program ends'
    this.#deferred.report(buffer, {
      rule: 'sync-result-ignored',
      event,
      message: `${agentName(failed.agent)} did not repeat the END for buffer ${buffer.id} that failed at event ${failed.id}, and ${next} (event ${event.id}).`,
      because: {
        text: `${failureText(failed)}: the CPU access is still open.`,
        event: failed.id,
        origin: failed.origin,
      },
      origin: failed.origin ?? bracket.start.origin,
      related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
      buffer: buffer.id,
    })
  }

  #leftOpen(buffer: BufferHistory, event: DmabufEvent): void {
    const when = event.kind === 'release' ? 'the buffer is released' : 'the program ends'
    for (const bracket of buffer.open) {
      if (bracket.blamed || hasFailedEnd(buffer, bracket)) continue
      bracket.blamed = true
      // It will never end, so a later sharing of the buffer does not matter.
      this.#out.report({
        rule: 'unbalanced-bracket',
        event,
        message: `${agentName(bracket.start.agent)} began a CPU access for ${accessName(bracket.access)} buffer ${buffer.id} at event ${bracket.start.id}, and it is still open when ${when} (event ${event.id}).`,
        because: { text: `No END of ${bracketName(bracket)} was seen.` },
        origin: bracket.start.origin,
        buffer: buffer.id,
        by: bracket.start.agent,
      })
    }
  }
}

/** Whether an END of the access was sent and failed: it is harmful only where the buffer is handed on. */
function hasFailedEnd(buffer: BufferHistory, bracket: Bracket): boolean {
  const { failed } = buffer
  return failed?.kind === 'cpu-access-end' && buffer.endedBy(failed) === bracket
}

function atStart(
  { start }: Bracket,
  text: string,
): { text: string; event: number; origin: AccessEdgeEvent['origin'] } {
  return { text, event: start.id, origin: start.origin }
}
