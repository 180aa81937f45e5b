// expect: bounce-not-synced
// bytes: wrong on rpi4 lazy, rpi4 eager, rpi4 random
// on: rpi4
// On a Raspberry Pi 4 with 8 GiB the video plane was green: the display reaches the first GiB alone, the
// DMA layer gave it bounce copies of a decoder's buffers that lay above, and scanout is never synced. No
// call fails; a copy keeps what was in the buffer when it was imported, and zeros are green in YUV
// (raspberrypi/linux, issue 5727 and PR 5734, which refuses such imports). The decoder below takes
// memory from wherever there is some.
import { DmaBuf as Buffer, DrmDevice, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type Driver,
  type DriverContext,
  type DriverFile,
  iowr,
  KernelError,
  type KernelMemory,
} from 'dmabuf/driver'

const [WIDTH, HEIGHT] = [64, 32]
const SIZE = (WIDTH * HEIGHT * 3) / 2
/** The decoder sits on the bus of the GPU, which reaches all of the memory. */
const DEVICE = 'gpu'

/** Returns a descriptor of one of two buffers; the argument's first byte says which. */
const EXPORT = iowr('D', 0, 4)
/** Decodes a picture into it; the argument's second byte is its grey. */
const DECODE = iowr('D', 1, 4)

function pagesOf({ priv }: DmaBuf): KernelMemory {
  return priv as KernelMemory
}

function pictureOps({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    mapDmaBuf({ buffer, device }, direction) {
      return dma.mapSgtable(device, context.sgAllocTableFromPages(pagesOf(buffer)), direction)
    },
    unmapDmaBuf: (_attachment, mapping, direction) => dma.unmapSgtable(mapping, direction),
    release: (buffer) => context.freePages(pagesOf(buffer)),
  }
}

function makePicture(context: DriverContext): DmaBuf {
  const pages = context.allocPages(SIZE, { zero: true })
  return context.dmaBufExport({ size: pages.size, flags: 2, ops: pictureOps(context), priv: pages })
}

/** May sleep: the decoder writes all of a picture. */
async function decode(context: DriverContext, picture: DmaBuf, grey: number): Promise<void> {
  const attachment = await context.dmaBufAttach(picture, DEVICE)
  const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'from-device')
  const job = context.startJob(mapping, 'write', { start: 0, end: SIZE })
  await context.sleep(20_000_000)
  job.store(0, new Uint8Array(SIZE).fill(grey, 0, WIDTH * HEIGHT).fill(128, WIDTH * HEIGHT))
  job.finish()
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'from-device')
  context.dmaBufDetach(picture, attachment)
}

function openDecoder(context: DriverContext): DriverFile {
  const pictures = [makePicture(context), makePicture(context)]
  return {
    async ioctl(call) {
      const [index = 0, grey = 0] = context.copyFromUser(call.argument, 2)
      const picture = pictures[index]
      if (picture === undefined) throw new KernelError('EINVAL', 'there are two pictures')
      if (call.request === EXPORT) return context.dmaBufFd(context.getDmaBuf(picture), 0, call)
      if (call.request !== DECODE) throw new KernelError('ENOTTY', 'EXPORT and DECODE are known')
      await decode(context, picture, grey)
      return 0
    },
    release() {
      for (const picture of pictures) context.dmaBufPut(picture)
    },
  }
}

const decoder: Driver = {
  name: 'decoder',
  probe(context) {
    context.registerDevice(DEVICE)
    context.miscRegister({ name: 'decoder', open: () => openDecoder(context) })
  },
}

export const drivers = [decoder]

export default async function play(kernel: Kernel): Promise<void> {
  const { sys } = kernel
  await using display = await DrmDevice.open(kernel)
  const device = sys.open('/dev/decoder', 2)
  const call = (request: number, ...values: number[]): Promise<number> =>
    sys.ioctl(device, request, { bytes: Uint8Array.of(...values, 0, 0, 0) })
  using front = Buffer.adopt(kernel, await call(EXPORT, 0))
  using back = Buffer.adopt(kernel, await call(EXPORT, 1))
  await using _front = await display.importBuffer(front)
  await using _back = await display.importBuffer(back)
  const layout = { format: 'YU12', width: WIDTH, height: HEIGHT, bytesPerLine: WIDTH }
  for (let count = 0; count < 4; count++) {
    await call(DECODE, count % 2, 60 * count)
    await display.show(count % 2 === 0 ? front : back, layout)
  }
  sys.close(device)
}
