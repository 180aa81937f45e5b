/** The core on a board, with exporters that record which of their operations are called. */

import { armSoc } from '../../src/boards/arm-soc.ts'
import type { DmabufEvent, DriverName, MisuseEvent } from '../../src/events/event.ts'
import { DmaLayer } from '../../src/kernel/dma/dma-layer.ts'
import { tableOf } from '../../src/kernel/dma/sg-table.ts'
import { type CoreOptions, DmaBufCore, type ExportInfo } from '../../src/kernel/dmabuf/core.ts'
import type { DmaBuf } from '../../src/kernel/dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../src/kernel/dmabuf/ops.ts'
import { Machine } from '../../src/machine/machine.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'
import type { Storage } from '../../src/machine/storage.ts'

export const PAGE = 4096
export const EXPORTER: DriverName = { name: 'exporter', modelled: false }
export const IMPORTER: DriverName = { name: 'importer', modelled: false }

/** The calls, with whether the reservation lock was held. */
export type Called = `${string}${' locked' | ''}`

export class Rig {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly events: DmabufEvent[] = []
  readonly called: Called[] = []
  readonly stuck: string[][] = []

  constructor(options: CoreOptions = {}) {
    this.machine = new Machine({
      board: armSoc,
      policy: lazyPolicy,
      scheduler: { onStuck: (waiting) => this.stuck.push([...waiting]) },
    })
    this.machine.events.listen((event) => this.events.push(event))
    this.dma = new DmaLayer(this.machine)
    this.core = new DmaBufCore(this.machine, this.dma, options)
  }

  /** A buffer of a custom exporter; `ops` replaces or adds operations. */
  export(ops: Partial<DmaBufOps> = {}, info: Partial<ExportInfo> = {}): DmaBuf {
    const storage = this.machine.ram.allocate(PAGE * 2)
    if (storage === undefined) throw new Error('the board has no memory')
    return this.core.export({
      exporter: 'exporter',
      driver: EXPORTER,
      size: storage.size,
      priv: storage,
      ops: this.#recorded({ ...this.#goodOps(), ...ops }),
      ...info,
    })
  }

  get misuse(): MisuseEvent[] {
    return this.events.filter((event) => event.kind === 'misuse')
  }

  /** Codes of the misuses, in order. */
  get codes(): string[] {
    return this.misuse.map(({ code }) => code)
  }

  kinds(...kinds: DmabufEvent['kind'][]): DmabufEvent[] {
    return this.events.filter(({ kind }) => kinds.includes(kind))
  }

  #goodOps(): DmaBufOps {
    return {
      mapDmaBuf: ({ buffer, device, id }, direction) =>
        this.dma.map({
          device,
          direction,
          table: tableOf(buffer.priv as Storage),
          buffer: buffer.inode,
          attachment: id,
          driver: EXPORTER,
        }),
      unmapDmaBuf: (_attachment, mapping, direction) => this.dma.unmap(mapping, { direction }),
      mmap: (buffer, offset, length) => ({
        runs: [{ storage: buffer.priv as Storage, offset, length }],
        attribute: 'cached',
      }),
      vmap: (buffer) => ({
        runs: [{ storage: buffer.priv as Storage, offset: 0, length: buffer.size }],
        attribute: 'cached',
      }),
      vunmap: () => {},
      release: () => {},
    }
  }

  #recorded(ops: DmaBufOps): DmaBufOps {
    const recorded: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(ops)) {
      if (typeof value !== 'function') {
        if (value !== undefined) recorded[name] = value
        continue
      }
      recorded[name] = (...args: unknown[]) => {
        const [first] = args as { resv?: DmaBuf['resv']; buffer?: DmaBuf }[]
        const resv = first?.resv ?? first?.buffer?.resv
        this.called.push(`${name}${resv?.isHeldByCaller === true ? ' locked' : ''}`)
        return Reflect.apply(value, ops, args)
      }
    }
    return recorded as unknown as DmaBufOps
  }
}

/** May sleep. The name of the errno that `body` fails with, or `ok`. */
export async function errnoOf(body: () => unknown): Promise<string> {
  try {
    await body()
    return 'ok'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return code
  }
}
