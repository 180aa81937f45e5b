/** A method of the classes that the program did not wait for: decided by the promise, not by timing. */
import type { BufferId, DmabufEvent, OperationEvent, ReleaseEvent } from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import type { RelatedPlace } from '../finding.ts'
import type { BufferDescriptors } from '../model/buffer-descriptors.ts'
import type { History } from '../model/history.ts'
import type { Operation, Operations } from '../model/operations.ts'
import { callerOf } from '../model/program-frames.ts'
import { agentName } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Detector } from './detector.ts'

interface Parts {
  readonly history: History
  readonly operations: Operations
  readonly descriptors: BufferDescriptors
  readonly out: Collector
  readonly deferred: Deferred
}

export class OperationDetector implements Detector {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'operation') this.#operation(event)
    else if (event.kind === 'release') this.#release(event)
    else if (event.kind === 'program-end' && event.how === 'returned') this.#end(event)
  }

  #operation(event: OperationEvent): void {
    const { operations, descriptors } = this.#parts
    if (event.phase === 'needed') {
      this.#needed(event)
      return
    }
    if (event.phase !== 'begin') {
      operations.progress(event)
      return
    }
    const known = event.fds.map((fd) => descriptors.of(fd)).filter((id) => id !== undefined)
    const earlier = [...operations.live]
    const next = operations.begin(event, known)
    for (const one of earlier) this.#meet(one, next)
  }

  /** The other side gets a buffer that an operation of the same task still uses, or may still use. */
  #meet(earlier: Operation, next: Operation): void {
    const { begin, told } = earlier
    const event = next.begin
    const buffer = next.buffers.find((id) => earlier.buffers.includes(id))
    if (told || buffer === undefined || begin.by === event.by) return
    if (begin.access === 'read' && event.access === 'read') return
    if (begin.task !== event.task) return
    if (this.#isApart(earlier, next, buffer)) return
    if (!earlier.awaited) this.#tell(earlier, event, notAwaitedBefore(earlier, event, buffer))
    else if (earlier.ended === undefined && !this.#isOpen(earlier, buffer)) {
      this.#tell(earlier, event, () => notBackBefore(earlier, event, buffer))
    }
  }

  /** Whether they only meet since one of them is within a call that is not awaited: that is the mistake. */
  #isApart(earlier: Operation, next: Operation, buffer: BufferId): boolean {
    const { operations } = this.#parts
    const around = operations.forgotten(earlier)
    const aroundNext = operations.forgotten(next)
    const forgotten = around ?? aroundNext
    if (around === aroundNext || forgotten === undefined || forgotten === earlier) return false
    if (!forgotten.told) {
      const message = notAwaitedBefore(forgotten, next.begin, buffer)
      this.#tell(forgotten, next.begin, message, buffer)
    }
    return true
  }

  /** Another method has failed because this one has not completed. */
  #needed(event: OperationEvent): void {
    const operation = this.#parts.operations.get(event)
    if (operation === undefined || operation.told) return
    this.#tell(operation, event, () => notBackFor(operation, event))
  }

  /** Whether it has begun a CPU access that is open: that this is too long is another mistake. */
  #isOpen({ begin }: Operation, buffer: BufferId): boolean {
    const { open } = this.#parts.history.buffer(buffer)
    return open.some(({ start }) => start.origin === begin.origin)
  }

  #end(event: DmabufEvent): void {
    for (const operation of this.#parts.operations.live) {
      if (operation.told) continue
      if (!operation.awaited) this.#tell(operation, event, () => neverAwaited(operation))
      else if (operation.begin.task === event.task) {
        this.#tell(operation, event, () => notBackAtEnd(operation, 'the program returns', event))
      }
    }
  }

  /** A CPU access that is under way would still have ended: that the buffer goes before is the mistake. */
  #release(event: ReleaseEvent): void {
    for (const operation of this.#parts.operations.live) {
      const { told, ended, begin, awaited, buffers } = operation
      if (told || ended !== undefined || begin.by !== 'cpu') continue
      if (!buffers.includes(event.buffer)) continue
      if (awaited && !this.#isOpen(operation, event.buffer)) continue
      const text = (): string => notBackAtEnd(operation, 'the buffer is released', event)
      this.#tell(operation, event, text)
    }
  }

  /** The texts are made at the end: until then the call may be awaited, though too late. */
  #tell(
    operation: Operation,
    event: DmabufEvent,
    message: () => string,
    id = operation.buffers[0],
  ): void {
    const { out, deferred, history } = this.#parts
    const { begin } = operation
    operation.told = true
    const wasUnderWay = operation.ended === undefined
    const draft: Draft = {
      rule: begin.by === 'cpu' ? 'bracket-not-awaited' : 'call-not-awaited',
      event,
      get message() {
        return message()
      },
      because: {
        get text() {
          return reasonOf(operation, wasUnderWay)
        },
        event: begin.id,
        origin: begin.origin,
      },
      origin: begin.origin,
      get related() {
        return relatedTo(operation, event)
      },
      buffer: id,
    }
    if (begin.by === 'device' || id === undefined) {
      out.report(draft)
      return
    }
    const buffer = history.buffer(id)
    const isOver = event.kind !== 'operation'
    for (const bracket of buffer.open) {
      const isItsOwn = bracket.start.origin === begin.origin || begin.ends === true
      if (bracket.task === begin.task && (isItsOwn || !isOver)) bracket.blamed = true
    }
    // Nothing is shared any more: an operation that is under way at the end is a mistake by itself.
    if (isOver && wasUnderWay) out.report(draft)
    else deferred.report(buffer, draft)
  }
}

function reasonOf({ awaited }: Operation, wasUnderWay: boolean): string {
  if (!awaited) return 'Its promise was not awaited.'
  return wasUnderWay
    ? 'It had not completed by then. If this line waits for it, the function that makes the call is not awaited.'
    : 'Its promise was awaited only later.'
}

function relatedTo({ awaited, begin }: Operation, event: DmabufEvent): RelatedPlace[] {
  const next = { label: 'the program continues here', origin: event.origin }
  const caller = awaited ? callerOf(begin.origin) : undefined
  if (caller === undefined) return [next]
  return [{ label: 'the function that makes the call is called here', origin: caller }, next]
}

function calls({ begin, buffers }: Operation): string {
  const on = buffers.length === 1 ? ` on buffer ${buffers[0]}` : ''
  return `${agentName(begin.agent)} calls ${begin.name}${on} (event ${begin.id})`
}

/** The text is made at the end, when it is known whether the call was awaited at all. */
function notAwaitedBefore(
  operation: Operation,
  next: OperationEvent,
  buffer: BufferId,
): () => string {
  const wasUnderWay = operation.ended === undefined
  return () =>
    operation.awaited && wasUnderWay
      ? notBackBefore(operation, next, buffer)
      : `${calls(operation)} and does not await it before ${next.name} gives buffer ${buffer} to the ${next.by === 'cpu' ? 'CPU' : 'device'} (event ${next.id}).`
}

function notBackBefore(operation: Operation, next: OperationEvent, buffer: BufferId): string {
  return `${calls(operation)}, and before it has completed ${next.name} gives buffer ${buffer} to the ${next.by === 'cpu' ? 'CPU' : 'device'} (event ${next.id}).`
}

function notBackFor(operation: Operation, next: OperationEvent): string {
  return `${calls(operation)}, and before it has completed ${next.name} needs its result and fails (event ${next.id}).`
}

function notBackAtEnd(operation: Operation, when: string, { id }: DmabufEvent): string {
  return `${calls(operation)}, and before it has completed ${when} (event ${id}).`
}

function neverAwaited(operation: Operation): string {
  return `${calls(operation)} and never awaits it.`
}
