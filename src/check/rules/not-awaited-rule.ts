/** A SYNC that the task did not wait for, before it went on to use the buffer. */
import type { CallEvent, DmabufEvent } from '../../events/event.ts'
import type { History } from '../history.ts'
import { agentName } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Rule } from './rule.ts'

interface Pending {
  readonly call: CallEvent
  readonly buffer: number
  /** Whether its task has made another call since: then it cannot be waiting. */
  wentOn: boolean
}

export class NotAwaitedRule implements Rule {
  readonly #history: History
  readonly #deferred: Deferred
  readonly #pending = new Map<number, Pending>()
  /** By descriptor. Numbers are used again and again: an entry is emptied, never deleted. */
  readonly #buffers = new Map<number, number | undefined>()

  constructor(history: History, deferred: Deferred) {
    this.#history = history
    this.#deferred = deferred
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'fd-open' && event.buffer !== undefined) {
      this.#buffers.set(event.fd, event.buffer)
    } else if (event.kind === 'call') {
      this.#call(event)
    } else if (this.#pending.size > 0) this.#other(event)
    if (event.kind === 'fd-close') this.#buffers.set(event.fd, undefined)
  }

  #call(event: CallEvent): void {
    if (event.phase === 'exit') {
      this.#pending.delete(event.call)
      return
    }
    const buffer = event.fd === undefined ? undefined : this.#buffers.get(event.fd)
    for (const pending of this.#pending.values()) {
      if (!sameTask(pending, event)) continue
      pending.wentOn = true
      if (buffer !== undefined && pending.buffer === buffer) {
        this.#report(pending, event, `calls ${event.name} on it`)
      }
    }
    if (event.name === 'DMA_BUF_IOCTL_SYNC' && buffer !== undefined) {
      this.#pending.set(event.call, { call: event, buffer, wentOn: false })
    }
  }

  #other(event: DmabufEvent): void {
    for (const pending of this.#pending.values()) {
      const done = whatItDoes(pending, event)
      if (done !== undefined) this.#report(pending, event, done)
    }
  }

  #report(pending: Pending, event: DmabufEvent, done: string): void {
    const { call } = pending
    this.#pending.delete(call.call)
    const buffer = this.#history.buffer(pending.buffer)
    const who = agentName(call.agent)
    const then = event.kind === 'program-end' ? done : `${who} ${done}`
    this.#deferred.report(buffer, {
      rule: 'bracket-not-awaited',
      event,
      message: `${who} calls SYNC on buffer ${buffer.id} (event ${call.id}), and before it is back ${then} (event ${event.id}).`,
      because: {
        text: 'The SYNC had not come back.',
        event: call.id,
        origin: call.origin,
      },
      origin: call.origin ?? event.origin,
      related: [{ label: 'the buffer is used here', origin: event.origin }],
      buffer: buffer.id,
    })
  }
}

function sameTask({ call }: Pending, { agent }: DmabufEvent): boolean {
  return agent.kind === 'task' && agent.name === call.agent.name
}

/** What an event does to the buffer of a pending SYNC, if it may not. */
function whatItDoes(pending: Pending, event: DmabufEvent): string | undefined {
  if (event.kind === 'program-end') return event.how === 'stopped' ? undefined : 'the program ends'
  if (!('buffer' in event) || event.buffer !== pending.buffer) return undefined
  if (event.kind === 'job-start') {
    return pending.wentOn ? `hands it to ${event.device}` : undefined
  }
  if (!sameTask(pending, event)) return undefined
  switch (event.kind) {
    case 'queue':
      return `queues it to ${event.device}`
    case 'fd-close':
      return 'closes its descriptor'
    case 'cpu-view':
      return 'takes its bytes'
    case 'cpu-load':
      return 'reads it'
    case 'cpu-store':
      return event.seen === 'exact' ? 'stores to it' : undefined
    default:
      return undefined
  }
}
