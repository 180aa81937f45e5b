// expect: clean
// bytes: right everywhere
// The driver of B19, which says that the device wrote.
import type { Kernel } from 'dmabuf'
import { type Driver, type DriverContext, type DriverFile, iowr, KernelError } from 'dmabuf/driver'

/** The newest sample, eight bytes. */
const SAMPLE = iowr('A', 0, 8)
const RING = 4096

function openConverter(context: DriverContext): DriverFile {
  const { dma } = context
  const ring = context.allocPages(RING, { zero: true, what: 'ring' })
  const table = context.sgAllocTableFromPages(ring)
  const mapping = dma.mapSgtable('converter', table, 'bidirectional')
  let count = 0
  return {
    async ioctl({ request, argument }) {
      if (request !== SAMPLE) throw new KernelError('ENOTTY', 'SAMPLE is known')
      const job = context.startJob(mapping, 'write', { start: 0, end: 8 })
      await context.sleep(10_000)
      job.store(0, new Uint8Array(8).fill(++count))
      job.finish()
      dma.syncSingleRangeForCpu(mapping, 0, 8, 'from-device')
      const sample = new Uint8Array(8)
      ring.load(0, sample)
      context.copyToUser(argument, sample)
      return 0
    },
    release() {
      dma.unmapSgtable(mapping, 'bidirectional')
      context.freePages(ring)
    },
  }
}

const converter: Driver = {
  name: 'converter driver',
  probe(context) {
    context.registerDevice('converter')
    context.miscRegister({ name: 'converter', open: () => openConverter(context) })
  },
}

export const drivers = [converter]

export default async function record({ sys }: Kernel): Promise<Uint8Array[]> {
  const device = sys.open('/dev/converter', 2)
  const samples: Uint8Array[] = []
  for (let i = 0; i < 4; i++) {
    const bytes = new Uint8Array(8)
    await sys.ioctl(device, SAMPLE, { bytes })
    samples.push(bytes)
  }
  sys.close(device)
  return samples
}
