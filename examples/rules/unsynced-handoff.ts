// The driver changes a table that the device has mapped, and does not sync it for the device.
// Expect: unsynced-handoff.
import type { Kernel } from 'dmabuf'
import { type Driver, type DriverContext, io } from 'dmabuf/driver'

const GO = io('G', 0)
const SIZE = 4096

function blit(context: DriverContext): number {
  const { dma } = context
  const table = context.kmalloc(SIZE)
  table.fill(0)
  const mapping = dma.mapSingle('blitter', table, 0, SIZE, 'to-device')
  if (dma.mappingError(mapping)) return -12
  table.store(0, Uint8Array.of(1, 2, 3, 4))
  const job = context.startJob(mapping, 'read')
  job.load(0, new Uint8Array(SIZE))
  job.finish()
  dma.unmapSingle(mapping, SIZE, 'to-device')
  context.kfree(table)
  return 0
}

export const drivers: Driver[] = [
  {
    name: 'blitter driver',
    probe(context) {
      context.registerDevice('blitter')
      context.miscRegister({ name: 'blitter', open: () => ({ ioctl: () => blit(context) }) })
    },
  },
]

export default async function program({ sys }: Kernel): Promise<void> {
  const device = sys.open('/dev/blitter', 2)
  await sys.ioctl(device, GO, { bytes: new Uint8Array(0) })
  sys.close(device)
}
