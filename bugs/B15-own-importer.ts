// expect: clean
// bytes: right everywhere
// The overlap of B15 again, with an importer of one's own: a video wall has one buffer attached and
// mapped for each of its tiles, so that all of these mappings share their cache lines. They are of one
// dma-buf, and START and END sync every one of them: nothing is wrong (linux-media,
// 20260331061657.79983-1).
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import {
  type Attachment,
  type DmaBuf,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  type IoctlCall,
  iow,
  KernelError,
} from 'dmabuf/driver'

const TILES = 3
/** Turns the picture in the dma-buf, whose descriptor is given, into its negative. */
const INVERT = iow('W', 0, 4)

interface Tile {
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

/** May sleep: the device reads a part of the buffer and writes it. */
async function invert(context: DriverContext, { mapping }: Tile, start: number): Promise<void> {
  const end = Math.min(start + Math.ceil(mapping.size / TILES), mapping.size)
  const bytes = new Uint8Array(end - start)
  const read = context.startJob(mapping, 'read', { start, end })
  read.load(start, bytes)
  read.finish()
  const write = context.startJob(mapping, 'write', { start, end })
  await context.sleep(100_000)
  write.store(
    start,
    bytes.map((byte) => 255 - byte),
  )
  write.finish()
}

/** May sleep. */
async function attach(context: DriverContext, buffer: DmaBuf): Promise<Tile> {
  const attachment = await context.dmaBufAttach(buffer, 'wall')
  const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'bidirectional')
  return { attachment, mapping }
}

function openWall(context: DriverContext): DriverFile {
  const walls = new Map<DmaBuf, Tile[]>()
  const tilesOf = async (buffer: DmaBuf): Promise<Tile[]> => {
    const tiles = walls.get(buffer) ?? []
    if (!walls.has(buffer)) walls.set(context.getDmaBuf(buffer), tiles)
    while (tiles.length < TILES) tiles.push(await attach(context, buffer))
    return tiles
  }
  return {
    async ioctl(call: IoctlCall) {
      if (call.request !== INVERT) throw new KernelError('ENOTTY', 'INVERT is known')
      const fd = new DataView(context.copyFromUser(call.argument, 4).buffer).getInt32(0, true)
      const buffer = context.dmaBufGet(fd, call)
      let start = 0
      for (const tile of await tilesOf(buffer)) {
        await invert(context, tile, start)
        start += Math.ceil(buffer.size / TILES)
      }
      context.dmaBufPut(buffer)
      return 0
    },
    release() {
      for (const [buffer, tiles] of walls) {
        for (const { attachment, mapping } of tiles) {
          void context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'bidirectional')
          context.dmaBufDetach(buffer, attachment)
        }
        context.dmaBufPut(buffer)
      }
    },
  }
}

const wall: Driver = {
  name: 'wall driver',
  probe(context) {
    context.registerDevice('wall')
    context.miscRegister({ name: 'wall', open: () => openWall(context) })
  },
}

export const drivers = [wall]

export default async function negatives(kernel: Kernel): Promise<Uint8Array[]> {
  const { sys } = kernel
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const device = sys.open('/dev/wall', 2)
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 5 })) {
    const bytes = new Uint8Array(Int32Array.of(frame.buffer.fd).buffer)
    await sys.ioctl(device, INVERT, { bytes })
    await frame.buffer.withCpuAccess('read-write', (picture) => {
      pictures.push(picture.slice())
      picture.fill(255, 0, format.bytesPerLine)
    })
    await sys.ioctl(device, INVERT, { bytes })
    await frame.buffer.withCpuAccess('read', (picture) => pictures.push(picture.slice()))
  }
  sys.close(device)
  return pictures
}
