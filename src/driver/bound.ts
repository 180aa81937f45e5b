/**
 * A driver as its calls see it: its name, its resources, and its operations under way.
 *
 * A call of the driver is a frame of the task, with the driver's line, until it returns or its
 * promise settles.
 */

import type { DmaDirection, DriverName, EventOrigin } from '../events/event.ts'
import { isDirection } from '../kernel/dma/direction.ts'
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import { type Misuse, reportMisuse } from '../kernel/dmabuf/misuse.ts'
import { Operations } from '../kernel/dmabuf/operations.ts'
import { assert } from '../machine/kernel-error.ts'
import { Frame } from '../machine/task.ts'
import { captureCaller } from '../syscalls/origin.ts'
import type { DriverHost } from './host.ts'
import { Ledger } from './ledger.ts'
import { MemoryNames } from './memory-names.ts'
import { UnderWay } from './under-way.ts'

export class Bound {
  readonly host: DriverHost
  readonly driver: DriverName
  readonly ledger: Ledger = new Ledger()
  readonly underWay: UnderWay
  readonly names: MemoryNames
  readonly operations: Operations
  /** Actions that undo the driver's registrations when it is removed, oldest first. */
  readonly undo: (() => void)[] = []
  /** The devices that it is bound to. */
  readonly devices: Set<string> = new Set()
  /** The driver is being removed: it can export nothing any more. */
  leaving = false

  constructor(host: DriverHost, driver: DriverName) {
    this.host = host
    this.driver = driver
    this.underWay = new UnderWay(host.machine.scheduler)
    this.names = new MemoryNames(this.underWay)
    this.operations = new Operations(host.machine)
  }

  /** The line of the driver that is making a call. */
  get origin(): EventOrigin | undefined {
    return this.host.machine.scheduler.current.origin
  }

  /** A call of the driver that does not sleep; `entry` is the function that it called. */
  now<T>(entry: unknown, body: () => T): T {
    return this.host.machine.scheduler.current.run(new Frame(captureCaller(entry)), body)
  }

  /**
   * A call of the driver that may sleep. An error of `body` before it sleeps is thrown, not
   * rejected: a promise that is not awaited would lose it.
   */
  later<T>(entry: unknown, body: () => Promise<T> | T): Promise<T> {
    const task = this.host.machine.scheduler.current
    return task.run(new Frame(captureCaller(entry)), () => Promise.resolve(body()))
  }

  misuse(what: Omit<Misuse, 'driver'>): void {
    reportMisuse(this.host.machine, { ...what, driver: this.driver })
  }

  /**
   * Throws for a value that is not a buffer; reports a buffer that was published in the call under
   * way.
   */
  use(buffer: DmaBuf, operation: string): DmaBuf {
    assert(
      typeof buffer === 'object' && buffer !== null && 'inode' in buffer,
      `${this.driver.name}: the buffer that ${operation} is given is one that was exported`,
    )
    if (this.underWay.isPublished(buffer) && this.ledger.references(buffer) === 0) {
      const text =
        `${operation}: buffer ${buffer.inode} has a descriptor since dma_buf_fd, and user space ` +
        'may have closed it: the driver has no other reference'
      this.misuse({ code: 'early-publish', operation, buffer: buffer.inode, text })
    }
    return buffer
  }

  /** The same for the buffer of an attachment. */
  attachment(attachment: Attachment, operation: string): Attachment {
    assert(
      typeof attachment === 'object' && attachment !== null && 'buffer' in attachment,
      `${this.driver.name}: the attachment that ${operation} is given is one that was attached`,
    )
    this.use(attachment.buffer, operation)
    return attachment
  }

  /** Throws for a value that is not a direction, as the kernel's BUG_ON does. */
  direction(direction: DmaDirection, operation: string): DmaDirection {
    assert(
      isDirection(direction),
      `${this.driver.name}: the direction of ${operation} is to-device, from-device or bidirectional, not ${String(direction)}`,
    )
    return direction
  }
}
