/** How each defect gets into the machine: a method that does something else, until mocks are restored. */
import { vi } from 'vitest'
import { DmaLayer } from '../../src/kernel/dma/dma-layer.ts'
import { CPU_STORE } from '../../src/machine/line-op.ts'
import { SET_CODES } from '../../src/machine/line-state.ts'
import { Memory } from '../../src/machine/memory.ts'
import { type Mirror, Mirrors } from '../../src/machine/mirror.ts'
import { Scheduler } from '../../src/machine/scheduler.ts'
import { StateTables } from '../../src/machine/state-table.ts'
import type { Storage } from '../../src/machine/storage.ts'
import { LINE_SIZE } from '../naive/program.ts'

type Method = (...args: never[]) => unknown
type MethodsOf<T> = { [K in keyof T]: T[K] extends Method ? K : never }[keyof T] & string
type ArgsOf<F> = F extends (...args: infer A) => unknown ? A : never

/** Replaces a method; `change` gets the original, bound to its object, and the arguments. */
function replace<T extends object, K extends MethodsOf<T>>(
  { prototype }: { prototype: T },
  name: K,
  change: (original: T[K], ...args: ArgsOf<T[K]>) => unknown,
): void {
  const original = prototype[name] as (...args: unknown[]) => unknown
  const replaced = function (this: T, ...args: unknown[]): unknown {
    return change(original.bind(this) as T[K], ...(args as ArgsOf<T[K]>))
  }
  vi.spyOn(prototype as Record<string, Method>, name).mockImplementation(replaced)
}

const ignore = (): void => {}
const wholeLines = (at: number): number => Math.ceil(at / LINE_SIZE) * LINE_SIZE

/** While a method of the DMA layer runs, another does something else. */
function during(name: 'map' | 'unmap' | 'syncForDevice', put: (isIn: () => boolean) => void): void {
  let depth = 0
  replace(DmaLayer, name, (original, ...args) => {
    depth++
    try {
      return (original as (...given: unknown[]) => unknown)(...args)
    } finally {
      depth--
    }
  })
  put(() => depth > 0)
}

export const inject = {
  snoopedStoresGoBehind(): void {
    const behind = { actual: false, judged: false }
    replace(Memory, 'deviceStore', (store, storage, start, source, _snoops, writer) =>
      store(storage, start, source, behind, writer),
    )
  },

  besideStaysClean(): void {
    const same = Uint16Array.from({ length: SET_CODES }, (_, set) => set)
    replace(StateTables, 'of', (of, op) =>
      op === CPU_STORE ? { ...of(op), beside: same } : of(op),
    )
  },

  uncachedLooksIntoCache(): void {
    replace(Memory, 'cpuHazards', (hazards, storage, start, end) =>
      hazards(storage, start, end, 'cached'),
    )
  },

  storesOfNobody(): void {
    replace(Memory, 'deviceStore', (store, storage, start, source, snoops) =>
      store(storage, start, source, snoops, 1),
    )
  },

  edgesForgotten(): void {
    replace(Memory, 'maintain', (maintain, storage, start, end, ops) =>
      maintain(storage, wholeLines(start), end - (end % LINE_SIZE), ops),
    )
  },

  mapsSkip(): void {
    replace(DmaLayer, 'map', (map, request) => map({ ...request, skipCpuSync: true }))
  },

  noSyncForCpu(): void {
    replace(DmaLayer, 'syncForCpu', ignore)
  },

  noSyncForDevice(): void {
    replace(DmaLayer, 'syncForDevice', ignore)
  },

  wholeSyncs(): void {
    replace(DmaLayer, 'syncForCpu', (sync, mapping, direction) => sync(mapping, direction))
  },

  neverReconciles(): void {
    replace(Memory, 'reconcile', ignore)
  },

  noCopyAtMap(): void {
    during('map', (isMapping) =>
      replace(Memory, 'copyOut', (copyOut, mirror, start, end) => {
        if (!isMapping()) copyOut(mirror, start, end)
      }),
    )
  },

  noCopyAtUnmap(): void {
    during('unmap', (isUnmapping) =>
      replace(Memory, 'copyBack', (copyBack, mirror, start, end) => {
        if (!isUnmapping()) copyBack(mirror, start, end)
      }),
    )
  },

  syncsCopyBack(): void {
    during('syncForDevice', (isSyncing) => {
      const { copyOut } = Memory.prototype
      const wrongWay = function (this: Memory, mirror: Mirror, start: number, end: number): void {
        if (isSyncing()) this.copyBack(mirror, start, end)
        else copyOut.call(this, mirror, start, end)
      }
      vi.spyOn(Memory.prototype, 'copyOut').mockImplementation(wrongWay)
    })
  },

  otherHomesStayCurrent(): void {
    replace(Mirrors, 'others', () => [])
  },

  originalsMaintained(): void {
    const mirrors = new Map<Storage, Mirror>()
    replace(Memory, 'link', (link, mirror) => {
      mirrors.set(mirror.copy, mirror)
      link(mirror)
    })
    replace(Memory, 'maintain', (maintain, storage, start, end, ops) => {
      const mirror = mirrors.get(storage)
      const by = mirror === undefined ? 0 : mirror.start - mirror.at
      maintain(mirror?.original ?? storage, start + by, end + by, ops)
    })
  },

  timeStands(): void {
    replace(Scheduler, 'sleep', () => Promise.resolve('woken' as const))
  },
}
