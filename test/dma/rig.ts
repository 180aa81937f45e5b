/** A machine with its DMA layer, and nothing above. */

import type { DmabufEvent, MisuseEvent } from '../../src/events/event.ts'
import { DmaLayer } from '../../src/kernel/dma/dma-layer.ts'
import {
  allocateMemory,
  type KernelMemory,
  type MemoryKind,
} from '../../src/kernel/dma/kernel-memory.ts'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import type { Board } from '../../src/machine/board.ts'
import { Machine } from '../../src/machine/machine.ts'
import { type CachePolicy, lazyPolicy } from '../../src/machine/policy.ts'

export const DRIVER = { name: 'test driver', modelled: false } as const
export const PAGE = 4096

export class Rig {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly events: DmabufEvent[] = []

  constructor(board: Board, policy: CachePolicy = lazyPolicy) {
    this.machine = new Machine({ board, policy })
    this.machine.events.listen((event) => {
      this.events.push(event)
    })
    this.dma = new DmaLayer(this.machine)
  }

  memory(size: number, kind: MemoryKind = 'pages', below?: number): KernelMemory {
    const request = { size, kind, below, driver: DRIVER, what: `${kind} memory` }
    return allocateMemory(this.machine, request)
  }

  /** Maps all of the memory by its list. */
  map(
    memory: KernelMemory,
    device: string,
    direction: DmaMapping['direction'],
    more: { skipCpuSync?: boolean; buffer?: number } = {},
  ): DmaMapping {
    const { table, id: buffer } = memory
    return this.dma.map({ device, table, direction, buffer, driver: DRIVER, ...more })
  }

  /** The bytes that the CPU reads. */
  seen(memory: KernelMemory): Uint8Array {
    const bytes = new Uint8Array(memory.size)
    memory.load(0, bytes)
    return bytes
  }

  /** The bytes that the device reads. */
  reached(mapping: DmaMapping, offset = 0, length = mapping.size - offset): Uint8Array {
    const bytes = new Uint8Array(length)
    this.dma.access.load(mapping, offset, bytes)
    return bytes
  }

  deviceStores(mapping: DmaMapping, offset: number, bytes: Uint8Array): void {
    this.dma.access.store(mapping, offset, bytes)
  }

  of<K extends DmabufEvent['kind']>(kind: K): (DmabufEvent & { readonly kind: K })[] {
    return this.events.filter(
      (event): event is DmabufEvent & { readonly kind: K } => event.kind === kind,
    )
  }

  get misuse(): MisuseEvent['code'][] {
    return this.of('misuse').map(({ code }) => code)
  }
}

export function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}
