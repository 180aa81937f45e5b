/** A board with everything on it that a benchmark needs, findings and source lines switched on. */

import { judgedFor } from '../src/boards/index.ts'
import { Checker } from '../src/check/checker.ts'
import { DmaHeapNode } from '../src/drivers/dma-heap-node.ts'
import { PageHeap } from '../src/drivers/page-heap.ts'
import { EventBatch } from '../src/events/batch.ts'
import type { DmaDirection } from '../src/events/event.ts'
import { type DmaBuf, DmaHeap, type Syscalls } from '../src/index.ts'
import { DmaLayer } from '../src/kernel/dma/dma-layer.ts'
import type { DmaMapping } from '../src/kernel/dma/mapping.ts'
import { DmaBufCore } from '../src/kernel/dmabuf/core.ts'
import { DeviceJobs } from '../src/kernel/dmabuf/device-job.ts'
import type { DmaBuf as KernelBuffer } from '../src/kernel/dmabuf/dma-buf.ts'
import { Failures } from '../src/kernel/process/failures.ts'
import { Process } from '../src/kernel/process/process.ts'
import type { Board } from '../src/machine/board.ts'
import { Machine } from '../src/machine/machine.ts'
import { lazyPolicy } from '../src/machine/policy.ts'
import { guarded } from '../src/syscalls/guard.ts'
import { tap } from '../src/tap/tap.ts'

export interface Shared {
  readonly user: DmaBuf
  readonly kernel: KernelBuffer
}

export class Rig {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly jobs: DeviceJobs
  readonly sys: Syscalls
  readonly checker: Checker | undefined

  #latest: KernelBuffer | undefined

  constructor(board: Board, checked = true, fdLimit?: number) {
    const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
    this.machine = new Machine({
      board,
      judged: judgedFor(board),
      policy: lazyPolicy,
      equal,
      checked,
    })
    const dma = new DmaLayer(this.machine)
    this.core = new DmaBufCore(this.machine, dma)
    this.jobs = new DeviceJobs(this.machine, dma)
    const heap = new PageHeap(this.machine, dma, this.core)
    const latest = {
      allocate: (length: number) => {
        this.#latest = heap.allocate(length)
        return this.#latest
      },
    }
    const node = new DmaHeapNode('system', latest, this.machine, this.core)
    const process = new Process({
      machine: this.machine,
      core: this.core,
      nodes: new Map([[node.path, node]]),
      failures: new Failures(this.machine.faults),
      fdLimit,
    })
    this.sys = guarded(tap(process, (event) => this.machine.events.emit(event)))
    if (checked) {
      const checker = new Checker({})
      const batch = new EventBatch((event) => checker.observe(event))
      this.machine.events.listen((event) => batch.add(event))
      this.checker = checker
    }
  }

  async allocate(size: number): Promise<Shared> {
    using heap = DmaHeap.open({ sys: this.sys })
    const user = await heap.allocate(size)
    return { user, kernel: this.#latest as KernelBuffer }
  }

  async map(buffer: KernelBuffer, device: string, direction: DmaDirection): Promise<DmaMapping> {
    return this.core.mapAttachmentUnlocked(await this.core.attach(buffer, device), direction)
  }

  /** The device moves all of `bytes` at once. */
  write(mapping: DmaMapping, bytes: Uint8Array): void {
    const job = this.jobs.start(mapping, 'write', { start: 0, end: bytes.length })
    job.store(0, bytes)
    job.finish()
  }

  read(mapping: DmaMapping, target: Uint8Array): void {
    const job = this.jobs.start(mapping, 'read', { start: 0, end: target.length })
    job.load(0, target)
    job.finish()
  }
}
