// expect: clean
// bytes: right everywhere
// The driver of B28 syncs the page that was written.
import type { Kernel } from 'dmabuf'
import {
  type Driver,
  type DriverContext,
  type DriverFile,
  iowr,
  KernelError,
  PAGE_SIZE,
} from 'dmabuf/driver'

const SIZE = 64 * 2 ** 20
/** The number of a page, and its bytes. */
const WRITE = iowr('N', 0, 4 + PAGE_SIZE)
/** The number of a page, and the sum of its bytes in its place. */
const SUM = iowr('N', 1, 4)

function openUnit(context: DriverContext): DriverFile {
  const { dma } = context
  const pages = context.allocPages(SIZE, { what: 'memory' })
  const mapping = dma.mapSgtable('npu', context.sgAllocTableFromPages(pages), 'to-device')
  return {
    ioctl({ request, argument }) {
      const [page = 0] = new Int32Array(context.copyFromUser(argument, 4).buffer)
      const start = page * PAGE_SIZE
      if (request === WRITE) {
        pages.store(start, context.copyFromUser(argument, PAGE_SIZE, 4))
        dma.syncSingleRangeForDevice(mapping, start, PAGE_SIZE, 'to-device')
      } else if (request === SUM) {
        const bytes = new Uint8Array(PAGE_SIZE)
        const job = context.startJob(mapping, 'read', { start, end: start + PAGE_SIZE })
        job.load(start, bytes)
        job.finish()
        const sum = Int32Array.of(bytes.reduce((total, byte) => total + byte, 0))
        context.copyToUser(argument, new Uint8Array(sum.buffer))
      } else throw new KernelError('ENOTTY', 'WRITE and SUM are known')
      return 0
    },
    release() {
      dma.unmapSgtable(mapping, 'to-device')
      context.freePages(pages)
    },
  }
}

const npu: Driver = {
  name: 'npu driver',
  probe(context) {
    context.registerDevice('npu', { maxSegmentSize: SIZE })
    context.miscRegister({ name: 'npu', open: () => openUnit(context) })
  },
}

export const drivers = [npu]

export default async function infer({ sys }: Kernel): Promise<(number | undefined)[]> {
  const device = sys.open('/dev/npu', 2)
  const sums: (number | undefined)[] = []
  for (const page of [0, 5, 16383]) {
    const bytes = new Uint8Array(4 + PAGE_SIZE).fill(1)
    const argument = new Int32Array(bytes.buffer, 0, 1)
    argument[0] = page
    await sys.ioctl(device, WRITE, { bytes })
    await sys.ioctl(device, SUM, { bytes })
    sums.push(argument[0])
  }
  sys.close(device)
  return sums
}
