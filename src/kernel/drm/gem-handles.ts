import { errno } from '../../abi/errno.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import type { GemObject } from './gem-object.ts'
import type { GemObjects } from './gem-objects.ts'

/**
 * The handles of one open file: small numbers for objects, the lowest free one next.
 *
 * A buffer has at most one handle here, however often it is imported, and nothing counts the imports.
 * Source: drm_gem_handle_create_tail and drm_prime_lookup_buf_handle.
 */
export class GemHandles {
  /** The open file's number in events. */
  file = 0
  readonly #machine: Machine
  readonly #objects: GemObjects
  readonly #byHandle = new Map<number, GemObject>()
  readonly #byBuffer = new Map<DmaBuf, number>()
  /** Handles in the file's table of imports and exports, which holds references to their buffers. */
  readonly #primed = new Set<number>()
  /** All handles below are open. */
  #lowest = 1

  constructor(machine: Machine, objects: GemObjects) {
    this.#machine = machine
    this.#objects = objects
  }

  /** A handle for `object`, whose reference it takes over. ENOMEM, and then it drops the reference. */
  open(object: GemObject): number {
    try {
      this.#machine.faults.pass('idr_alloc')
    } catch (error) {
      this.#objects.put(object)
      throw error
    }
    while (this.#byHandle.has(this.#lowest)) this.#lowest++
    const handle = this.#lowest
    this.#byHandle.set(handle, object)
    this.#byBuffer.set(object.buffer, handle)
    this.#objects.countHandle(object, 1)
    this.#emit('handle-open', { handle, buffer: object.buffer.inode, fresh: true, result: 0 })
    return handle
  }

  /** drm_prime_add_buf_handle, of an open handle: as often as it is imported or exported. */
  prime(handle: number): void {
    if (this.#primed.has(handle)) return
    this.#primed.add(handle)
    this.#objects.hold(this.get(handle))
  }

  /** The handle that stands for `buffer` already, emitted as one that an import returned again. */
  again(buffer: DmaBuf): number | undefined {
    const handle = this.#byBuffer.get(buffer)
    if (handle === undefined) return undefined
    this.#emit('handle-open', { handle, buffer: buffer.inode, fresh: false, result: 0 })
    return handle
  }

  /** The object behind `handle`. ENOENT. */
  get(handle: number): GemObject {
    const object = this.#byHandle.get(handle)
    if (object === undefined)
      throw new KernelError(
        'ENOENT',
        `handle ${handle} is not open in this open file: handles belong to the file that made or imported them`,
      )
    return object
  }

  has(object: GemObject): boolean {
    const handle = this.#byBuffer.get(object.buffer)
    return handle !== undefined && this.#byHandle.get(handle) === object
  }

  /** Drops `handle`. EINVAL for one that is not open. */
  close(handle: number): void {
    const object = this.#byHandle.get(handle)
    if (object === undefined) {
      this.refused(handle, -errno.EINVAL)
      throw new KernelError(
        'EINVAL',
        `handle ${handle} is not open in this open file: it was closed already, or belongs to another`,
      )
    }
    this.#byHandle.delete(handle)
    this.#byBuffer.delete(object.buffer)
    this.#lowest = Math.min(this.#lowest, handle)
    const buffer = object.buffer.inode
    this.#emit('handle-close', { handle, buffer, fresh: false, result: 0 })
    if (this.#primed.delete(handle)) this.#objects.letGo(object)
    this.#objects.countHandle(object, -1)
    this.#objects.put(object)
  }

  /** Emits that closing `handle` failed with `result`, a negative errno. */
  refused(handle: number, result: number): void {
    const buffer = this.#byHandle.get(handle)?.buffer.inode
    this.#emit('handle-close', { handle, buffer, fresh: false, result })
  }

  closeAll(): void {
    for (const handle of [...this.#byHandle.keys()]) this.close(handle)
  }

  #emit(
    kind: 'handle-open' | 'handle-close',
    what: { handle: number; buffer: number | undefined; fresh: boolean; result: number },
  ): void {
    this.#machine.events.emit({ kind, file: this.file, ...what })
  }
}
