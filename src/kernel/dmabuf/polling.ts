/**
 * poll on a dma-buf: readable when its writers are done, writable when all users are.
 *
 * All pollers share one callback for each of the two. It sits on the first fence that is not
 * signalled, and holds a reference to the buffer; as long as it does, the answer is no. Source:
 * dma_buf_poll in drivers/dma-buf/dma-buf.c of Linux 6.12.
 */

import { POLLIN, POLLOUT } from '../../abi/fcntl.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import { usageToWaitFor } from '../fence/usage.ts'
import type { DmaBufCore } from './core.ts'
import type { DmaBuf } from './dma-buf.ts'

class Polling {
  readonly changed = new WaitQueue()
  readonly #armed = new Set<'read' | 'write'>()

  /** Whether nothing keeps from the access; else it arranges for `changed`. */
  isReady(core: DmaBufCore, buffer: DmaBuf, access: 'read' | 'write'): boolean {
    if (this.#armed.has(access)) return false
    const done = (): void => {
      this.#armed.delete(access)
      this.changed.wakeAll()
      putLater(core, buffer)
    }
    const fences = buffer.resv.fences(usageToWaitFor(access))
    if (!fences.some(({ fence }) => fence.addCallback(done))) return true
    this.#armed.add(access)
    core.get(buffer)
    return false
  }
}

const byBuffer = new WeakMap<DmaBuf, Polling>()

function pollingOf(buffer: DmaBuf): Polling {
  let polling = byBuffer.get(buffer)
  if (polling === undefined) {
    polling = new Polling()
    byBuffer.set(buffer, polling)
  }
  return polling
}

/** Which of the events POLLIN and POLLOUT are ready. Does not sleep. */
export function pollBuffer(core: DmaBufCore, buffer: DmaBuf, events: number): number {
  const polling = pollingOf(buffer)
  const writable = (events & POLLOUT) !== 0 && polling.isReady(core, buffer, 'write')
  const readable = (events & POLLIN) !== 0 && polling.isReady(core, buffer, 'read')
  return (writable ? POLLOUT : 0) | (readable ? POLLIN : 0)
}

/** Calls `listener` whenever `pollBuffer` may have a new answer; returns how to take it back. */
export function whenPollChanges(buffer: DmaBuf, listener: () => void): () => void {
  return pollingOf(buffer).changed.listen(listener)
}

/** A fence may be signalled under any lock; the file is put where no lock is held. */
function putLater(core: DmaBufCore, buffer: DmaBuf): void {
  const waiting = buffer.resv.runSoon(() => {})
  if (waiting === undefined) core.put(buffer)
  else void waiting.then(() => core.put(buffer))
}
