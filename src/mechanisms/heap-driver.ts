import { builtIn } from '../driver/built-in.ts'
import type { DmaBuf, Driver, DriverContext } from '../driver/index.ts'

/** The part of the kernel that a mechanism's heap allocates with. */
export interface HeapParts {
  readonly context: DriverContext
  /** A device of the heap, through whose mappings it maintains caches. */
  readonly device: string
}

/**
 * The driver of a mechanism, with a heap /dev/dma_heap/`name` whose buffers `allocate` exports. Its errors are those of
 * the ioctl. Findings name the mechanism, whichever heap it stands for.
 */
export function heapDriver(
  mechanism: string,
  name: string,
  allocate: (parts: HeapParts, length: number, flags: number) => DmaBuf,
): Driver {
  const device = `${mechanism}-heap`
  return builtIn({
    name: device,
    probe(context) {
      context.registerDevice(device, { maxSegmentSize: 2 ** 31 })
      const parts = { context, device }
      context.dmaHeapAdd({
        name,
        allocate: (length, flags) => allocate(parts, length, flags),
      })
    },
  })
}
