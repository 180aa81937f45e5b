/**
 * The CPU's side of a buffer: its accesses, and its memory in a process.
 * Source: drivers/dma-buf/dma-buf.c of Linux 6.12.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { AccessOperation, CpuAccess, DmaDirection, DriverName } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { CpuAccessFrame } from '../dma/cpu-access-frame.ts'
import { directionOf } from '../dma/direction.ts'
import { usageToWaitFor } from '../fence/usage.ts'
import { checkAlive } from './alive.ts'
import type { MappingParts } from './attachment-mappings.ts'
import type { DmaBuf } from './dma-buf.ts'
import type { MappedPages } from './file.ts'
import { mustNotHold } from './locking.ts'
import { KERNEL } from './misuse.ts'
import { type Operations, operationOn } from './operations.ts'
import type { CpuPages } from './ops.ts'
import { pagesProblem } from './returned.ts'

/** The first page that an unsigned long cannot count. */
const PAGES_END = 2 ** 64

/** A CPU access that begins or ends. */
interface AccessCall {
  readonly buffer: DmaBuf
  readonly access: CpuAccess
  readonly driver?: DriverName | undefined
  /** Ends the wait for fences. */
  readonly signal?: AbortSignal | undefined
}

export class CpuSide {
  readonly #machine: Machine
  readonly #operations: Operations

  constructor({ machine, operations }: Pick<MappingParts, 'machine' | 'operations'>) {
    this.#machine = machine
    this.#operations = operations
  }

  /** May sleep. See DmaBufCore.beginCpuAccess. */
  async begin(call: AccessCall): Promise<string[]> {
    const { buffer, access, signal } = call
    const synced = await this.#access('begin_cpu_access', call, buffer.ops.beginCpuAccess)
    const usage = usageToWaitFor(access === 'read' ? 'read' : 'write')
    if (buffer.resv.isSignaled(usage)) return synced
    if (await buffer.resv.waitForFences(usage, signal)) return synced
    throw new KernelError('EINTR', 'the wait for the fences of the buffer was interrupted')
  }

  /** May sleep. See DmaBufCore.endCpuAccess: it never waits for fences. */
  async end(call: AccessCall): Promise<string[]> {
    return await this.#access('end_cpu_access', call, call.buffer.ops.endCpuAccess)
  }

  /** May sleep. The common part of both ends; an exporter without the operation does nothing. */
  async #access(
    name: AccessOperation,
    call: AccessCall,
    body: ((buffer: DmaBuf, direction: DmaDirection) => Promise<void> | void) | undefined,
  ): Promise<string[]> {
    const { buffer, access, driver = KERNEL } = call
    checkAlive(this.#machine, buffer, `dma_buf_${name}`, driver)
    mustNotHold(this.#machine, buffer, `dma_buf_${name}`, driver)
    const direction = directionOf(access)
    if (body === undefined) return []
    this.#machine.faults.pass(name)
    const operation = operationOn(buffer, name, `buffer ${buffer.inode}, ${direction}`)
    const frame = new CpuAccessFrame(buffer.inode, name)
    await this.#machine.scheduler.current.run(frame, () =>
      this.#operations.run(operation, () => body.call(buffer.ops, buffer, direction)),
    )
    return [...frame.synced]
  }

  /** See DmaBufCore.mmap. */
  mmap(
    buffer: DmaBuf,
    offset: number,
    length: number,
    driver: DriverName = KERNEL,
    shared = true,
  ): CpuPages {
    checkAlive(this.#machine, buffer, 'mmap', driver)
    mustNotHold(this.#machine, buffer, 'mmap', driver)
    const { ops, exporter, size } = buffer
    if (ops.mmap === undefined) {
      throw new KernelError('EINVAL', `exporter ${exporter} has no mmap operation`)
    }
    const pages = Math.floor(size / PAGE_SIZE)
    const needed = Math.ceil(length / PAGE_SIZE)
    if (offset / PAGE_SIZE + needed > pages) {
      throw new KernelError(
        'EINVAL',
        `bytes ${offset} to ${offset + length} do not lie within the ${pages * PAGE_SIZE} bytes of whole pages of the buffer`,
      )
    }
    const given = `buffer ${buffer.inode}, ${offset}, ${needed * PAGE_SIZE}`
    const operation = operationOn(buffer, 'mmap', given)
    const mapped = this.#operations.ask(operation, () =>
      ops.mmap?.(buffer, offset, needed * PAGE_SIZE, shared),
    )
    const problem = pagesProblem(mapped, needed * PAGE_SIZE)
    if (mapped === undefined || problem !== undefined) {
      throw this.#operations.returned(operation, problem ?? 'no pages')
    }
    return mapped
  }

  /** See DmaBufCore.redirectMmap. */
  redirectMmap(
    buffer: DmaBuf,
    length: number,
    pageOffset: number,
    driver: DriverName = KERNEL,
  ): MappedPages {
    if (buffer.ops.mmap === undefined) {
      throw new KernelError('EINVAL', `exporter ${buffer.exporter} has no mmap operation`)
    }
    if (pageOffset + Math.ceil(length / PAGE_SIZE) >= PAGES_END) {
      throw new KernelError('EOVERFLOW', `page ${pageOffset} and ${length} bytes: no such page`)
    }
    const offset = pageOffset * PAGE_SIZE
    return { buffer, offset, pages: this.mmap(buffer, offset, length, driver) }
  }
}
