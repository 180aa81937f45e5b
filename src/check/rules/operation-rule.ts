/** A method of the classes that the program did not wait for: decided by the promise, not by timing. */
import type { BufferId, DmabufEvent, OperationEvent } from '../../events/event.ts'
import type { BufferDescriptors } from '../buffer-descriptors.ts'
import type { Collector, Draft } from '../collector.ts'
import type { History } from '../history.ts'
import type { Operation, Operations } from '../operations.ts'
import { agentName } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Rule } from './rule.ts'

interface Parts {
  readonly history: History
  readonly operations: Operations
  readonly descriptors: BufferDescriptors
  readonly out: Collector
  readonly deferred: Deferred
}

export class OperationRule implements Rule {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'operation') this.#operation(event)
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
    for (const earlier of operations.live) this.#meet(earlier, event, known)
    operations.begin(event, known)
  }

  /** The other side gets a buffer that an operation of the same task still uses, or may still use. */
  #meet(earlier: Operation, event: OperationEvent, buffers: readonly BufferId[]): void {
    const { begin, told } = earlier
    const buffer = buffers.find((id) => earlier.buffers.includes(id))
    if (told || buffer === undefined || begin.by === event.by) return
    if (begin.access === 'read' && event.access === 'read') return
    if (begin.agent.name !== event.agent.name) return
    if (!earlier.awaited) this.#tell(earlier, event, notAwaitedBefore(earlier, event, buffer))
    else if (earlier.ended === undefined && !this.#isOpen(earlier, buffer)) {
      this.#tell(earlier, event, notBackBefore(earlier, event, buffer))
    }
  }

  /** Another method has failed because this one has not completed. */
  #needed(event: OperationEvent): void {
    const operation = this.#parts.operations.get(event)
    if (operation === undefined || operation.told) return
    this.#tell(operation, event, notBackFor(operation, event))
  }

  /** Whether it has begun a CPU access that is open: that this is too long is another mistake. */
  #isOpen({ begin }: Operation, buffer: BufferId): boolean {
    const { open } = this.#parts.history.buffer(buffer)
    return open.some(({ start }) => start.origin === begin.origin)
  }

  #end(event: DmabufEvent): void {
    for (const operation of this.#parts.operations.live) {
      if (!operation.awaited && !operation.told)
        this.#tell(operation, event, neverAwaited(operation))
    }
  }

  #tell(operation: Operation, event: DmabufEvent, message: string): void {
    const { out, deferred, history } = this.#parts
    const { begin, buffers } = operation
    operation.told = true
    const [id] = buffers
    const draft: Draft = {
      rule: begin.by === 'cpu' ? 'bracket-not-awaited' : 'call-not-awaited',
      event,
      message,
      because: { text: 'Its promise was not awaited.', event: begin.id, origin: begin.origin },
      origin: begin.origin,
      related: [{ label: 'the program continues here', origin: event.origin }],
      buffer: id,
    }
    if (begin.by === 'device' || id === undefined) {
      out.report(draft)
      return
    }
    const buffer = history.buffer(id)
    for (const bracket of buffer.open) {
      if (bracket.task === begin.agent.name) bracket.blamed = true
    }
    deferred.report(buffer, draft)
  }
}

function calls({ begin, buffers }: Operation): string {
  const on = buffers.length === 1 ? ` on buffer ${buffers[0]}` : ''
  return `${agentName(begin.agent)} calls ${begin.name}${on} (event ${begin.id})`
}

function notAwaitedBefore(operation: Operation, next: OperationEvent, buffer: BufferId): string {
  return `${calls(operation)} and does not await it before ${next.name} gives buffer ${buffer} to the ${next.by === 'cpu' ? 'CPU' : 'device'} (event ${next.id}).`
}

function notBackBefore(operation: Operation, next: OperationEvent, buffer: BufferId): string {
  return `${calls(operation)}, and before it has completed ${next.name} gives buffer ${buffer} to the ${next.by === 'cpu' ? 'CPU' : 'device'} (event ${next.id}).`
}

function notBackFor(operation: Operation, next: OperationEvent): string {
  return `${calls(operation)}, and before it has completed ${next.name} needs its result and fails (event ${next.id}).`
}

function neverAwaited(operation: Operation): string {
  return `${calls(operation)} and never awaits it.`
}
