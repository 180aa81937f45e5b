// expect: clean
// bytes: right everywhere
// on: small-mcu
// The radio of B26 with its counter in a line of its own.
import type { Kernel } from 'dmabuf'
import { type Driver, type DriverContext, type DriverFile, iowr, KernelError } from 'dmabuf/driver'
import { armSoc, type Board } from 'dmabuf/sim'

/** Lines of 32 bytes, and no cleaning of a line that an invalidated range covers in part. */
export const boards: Board[] = [
  {
    ...armSoc,
    name: 'small-mcu',
    description: 'microcontroller: invalidating drops whole lines, also where a range ends in one',
    lineSize: 32,
    ram: { base: 0x2400_0000, size: 2 ** 20 },
    fromDeviceMap: 'invalidate',
    edges: 'invalidate',
  },
]

/** The newest packet, and how many there were. */
const RECEIVE = iowr('R', 0, 12)
const PACKET = 8
/** Where in the driver's memory it counts packets. */
const COUNT = 64
const SIZE = 128

function openRadio(context: DriverContext): DriverFile {
  const { dma } = context
  const memory = context.kmalloc(SIZE, 'packet and count')
  memory.fill(0)
  return {
    async ioctl({ request, argument }) {
      if (request !== RECEIVE) throw new KernelError('ENOTTY', 'RECEIVE is known')
      const answer = new Uint8Array(12)
      const count = new DataView(answer.buffer, PACKET)
      memory.load(COUNT, answer.subarray(PACKET))
      count.setInt32(0, count.getInt32(0, true) + 1, true)
      memory.store(COUNT, answer.subarray(PACKET))
      const mapping = dma.mapSingle('radio', memory, 0, PACKET, 'from-device')
      if (dma.mappingError(mapping)) throw new KernelError('ENOMEM', 'the packet is not mapped')
      const job = context.startJob(mapping, 'write')
      await context.sleep(100_000)
      job.store(0, new Uint8Array(PACKET).fill(0x55))
      job.finish()
      dma.unmapSingle(mapping, PACKET, 'from-device')
      memory.load(0, answer.subarray(0, PACKET))
      memory.load(COUNT, answer.subarray(PACKET))
      context.copyToUser(argument, answer)
      return 0
    },
    release: () => context.kfree(memory),
  }
}

const radio: Driver = {
  name: 'radio driver',
  probe(context) {
    context.registerDevice('radio')
    context.miscRegister({ name: 'radio', open: () => openRadio(context) })
  },
}

export const drivers = [radio]

export default async function listen({ sys }: Kernel): Promise<Uint8Array[]> {
  const device = sys.open('/dev/radio', 2)
  const packets: Uint8Array[] = []
  for (let i = 0; i < 3; i++) {
    const bytes = new Uint8Array(12)
    await sys.ioctl(device, RECEIVE, { bytes })
    packets.push(bytes)
  }
  sys.close(device)
  return packets
}
