/** Mistakes with buffers whose exporter keeps user mappings coherent by faults. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { Driver, DriverContext } from 'dmabuf/driver'
import { shootdownHeap } from 'dmabuf/sim'
import { Engine, engine } from '../driver/engine.ts'
import type { FixCase, Subject } from './fix-case.ts'

const SIZE = 8192
const PLAIN = ['pc', 'arm-soc', 'arm-soc-iommu']

type Use = (tools: {
  readonly kernel: Kernel
  readonly buffer: Awaited<ReturnType<DmaHeap['allocate']>>
  readonly dma: Engine
}) => Promise<unknown>

function used(use: Use, drivers: readonly Driver[], heapName = 'shootdown'): Subject {
  const program = async (kernel: Kernel): Promise<void> => {
    using heap = DmaHeap.open(kernel, heapName)
    using buffer = await heap.allocate(SIZE)
    using dma = new Engine(kernel, 'dma')
    await use({ kernel, buffer, dma })
  }
  return { program, drivers }
}

/** The device fills, the CPU stores, the device sums up. */
const turns: Use = async ({ buffer, dma }) => {
  using map = buffer.map()
  await dma.fill(buffer, 1)
  map.fill(2)
  await dma.sum(buffer)
}

/** The CPU stores, the device fills, the CPU reads. */
const readBack: Use = async ({ buffer, dma }) => {
  using map = buffer.map()
  map.fill(3)
  await dma.fill(buffer, 1)
  map.read(0, 1)
}

/** With SYNC. */
const governed: Use = async ({ buffer, dma }) => {
  await dma.fill(buffer, 1)
  await buffer.withCpuAccess('read-write', (bytes) => bytes.fill(2))
  await dma.sum(buffer)
}

/** The heap without its invalidate. */
function forgetful(): Driver {
  const heap = shootdownHeap()
  const probe = (context: DriverContext): ReturnType<Driver['probe']> =>
    heap.probe({ ...context, dma: { ...context.dma, syncSingleRangeForCpu: () => {} } })
  return { name: heap.name, probe }
}

export const faultCases: readonly FixCase[] = [
  {
    rule: 'import-not-renewed',
    fix: 'Unmap after each use and map again before the next one',
    what: 'an importer keeps its mapping',
    boards: PLAIN,
    make: (fixed) => used(turns, [shootdownHeap(), engine('dma', { keep: !fixed })]),
  },
  {
    rule: 'touched-over-dma',
    fix: 'Wait until the device has finished and its driver has unmapped the buffer',
    what: 'the CPU touches the buffer while a device fills it',
    boards: PLAIN,
    make: (fixed) =>
      used(
        async ({ kernel, buffer, dma }) => {
          using map = buffer.map()
          const filling = kernel.spawn('device', () => dma.fill(buffer, 7, { duration: 1_000_000 }))
          await kernel.sleep(500_000)
          if (fixed) await filling
          map.read(0, 1)
          await filling
          map.read(0, 1)
        },
        [shootdownHeap(), engine('dma')],
      ),
  },
  {
    rule: 'sync-is-noop',
    fix: 'in the fault handler invalidate the page for every device that may have written it',
    what: 'the fault handler does not invalidate',
    boards: PLAIN,
    make: (fixed) => used(readBack, [fixed ? shootdownHeap() : forgetful(), engine('dma')]),
  },
  {
    rule: 'bounce-not-synced',
    fix: 'Take memory within the reach of the device, or of an exporter that syncs every mapping',
    what: 'the device has a bounce buffer',
    boards: ['pc-bounce'],
    make: (fixed) =>
      fixed
        ? used(governed, [engine('dma')], 'system')
        : used(readBack, [shootdownHeap(), engine('dma')]),
  },
]
