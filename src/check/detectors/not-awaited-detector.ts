/** A SYNC that the task did not wait for, before it went on to use the buffer. */
import type { CallEvent, DmabufEvent } from '../../events/event.ts'
import type { BufferDescriptors } from '../model/buffer-descriptors.ts'
import type { History } from '../model/history.ts'
import type { Operation, Operations } from '../model/operations.ts'
import { agentName } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Detector } from './detector.ts'

interface Pending {
  readonly call: CallEvent
  readonly buffer: number
  /** The method of the classes that makes the call. */
  readonly operation: Operation | undefined
  /** Whether its task has made another call since: then it cannot be waiting. */
  wentOn: boolean
}

export class NotAwaitedDetector implements Detector {
  readonly #history: History
  readonly #deferred: Deferred
  readonly #operations: Operations
  readonly #descriptors: BufferDescriptors
  readonly #pending = new Map<number, Pending>()

  constructor(
    history: History,
    deferred: Deferred,
    known: { readonly operations: Operations; readonly descriptors: BufferDescriptors },
  ) {
    this.#history = history
    this.#deferred = deferred
    this.#operations = known.operations
    this.#descriptors = known.descriptors
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'call') this.#call(event)
    else if (this.#pending.size > 0) this.#other(event)
    this.#descriptors.observe(event)
  }

  #call(event: CallEvent): void {
    if (event.phase === 'exit') {
      this.#pending.delete(event.call)
      return
    }
    const buffer = this.#descriptors.of(event.fd)
    for (const pending of this.#pending.values()) {
      if (!sameTask(pending, event)) continue
      pending.wentOn = true
      // Of a method's promise it is known whether it is awaited; of a bare call only that it is not.
      const isBare = pending.operation === undefined
      if (isBare && buffer !== undefined && pending.buffer === buffer) {
        this.#report(pending, event, `calls ${event.name} on it`)
      }
    }
    if (event.name === 'DMA_BUF_IOCTL_SYNC' && buffer !== undefined) {
      const operation = this.#operations.of(event)
      this.#pending.set(event.call, { call: event, buffer, operation, wentOn: false })
    }
  }

  #other(event: DmabufEvent): void {
    for (const pending of this.#pending.values()) {
      if (this.#isOtherAccess(pending, event)) continue
      const done = whatItDoes(pending, event)
      if (done !== undefined) this.#report(pending, event, done)
    }
  }

  /** Whether the bytes are used in a second CPU access, which the task has under way beside this one. */
  #isOtherAccess({ operation, buffer }: Pending, event: DmabufEvent): boolean {
    if (operation === undefined || event.kind === 'program-end') return false
    const isRead = operation.begin.access === 'read'
    if (event.kind === 'scanout-take') return isRead
    if (event.kind === 'job-start') return isRead && event.access === 'read'
    if (event.kind !== 'cpu-view' && event.kind !== 'cpu-load' && event.kind !== 'cpu-store') {
      return false
    }
    const { open } = this.#history.buffer(buffer)
    const { origin, ends } = operation.begin
    const others = open.filter(({ start }) => start.origin !== origin).length
    return others > (ends === true ? 1 : 0)
  }

  #report(pending: Pending, event: DmabufEvent, done: string): void {
    const { call } = pending
    this.#pending.delete(call.call)
    const { operation } = pending
    const around = operation === undefined ? undefined : this.#operations.forgotten(operation)
    if (around?.told === true) return
    const mistaken = around ?? operation
    const buffer = this.#history.buffer(pending.buffer)
    // A deferred finding may never be reported. It is none while the call is under way at the end.
    if (mistaken !== undefined && buffer.shared !== undefined) mistaken.told = true
    const who = agentName(call.agent)
    const then = event.kind === 'program-end' ? done : `${who} ${done}`
    this.#deferred.report(buffer, {
      rule: 'bracket-not-awaited',
      event,
      message: `${who} calls SYNC on buffer ${buffer.id} (event ${call.id}), and ${then} before SYNC has completed (event ${event.id}).`,
      because:
        around === undefined
          ? { text: 'SYNC had not completed.', event: call.id, origin: call.origin }
          : {
              text: `SYNC is called within ${around.begin.name}, which is not awaited.`,
              event: around.begin.id,
              origin: around.begin.origin,
            },
      origin: around?.begin.origin ?? call.origin ?? event.origin,
      related: [{ label: 'the buffer is used here', origin: event.origin }],
      buffer: buffer.id,
    })
  }
}

function sameTask({ call }: Pending, { agent, task }: DmabufEvent): boolean {
  return agent.kind === 'task' && task === call.task
}

/** The effect of an event on the buffer of a pending SYNC, if it is not allowed. */
function whatItDoes(pending: Pending, event: DmabufEvent): string | undefined {
  if (event.kind === 'program-end') return event.how === 'stopped' ? undefined : 'the program ends'
  if (!('buffer' in event) || event.buffer !== pending.buffer) return undefined
  if (event.kind === 'job-start') {
    return pending.wentOn ? `passes it to ${event.device}` : undefined
  }
  if (!sameTask(pending, event)) return undefined
  switch (event.kind) {
    case 'queue':
      return `queues it to ${event.device}`
    case 'scanout-take':
      return `gives it to ${event.device}`
    case 'fd-close':
      return 'closes its descriptor'
    case 'cpu-view':
      return event.kept === true ? undefined : 'takes its bytes'
    case 'cpu-load':
      return 'reads it'
    case 'cpu-store':
      return event.seen === 'exact' ? 'stores to it' : undefined
    default:
      return undefined
  }
}
