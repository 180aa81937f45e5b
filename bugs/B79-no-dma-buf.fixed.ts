// expect: clean
// bytes: right everywhere
// The compositor of B79 asks what it is given when it is given it: a memfd is read as plain memory.
import { DmaBuf, DmaHeap, type Kernel, Memfd } from 'dmabuf'

const SIZE = 16_384
const DMA_BUF_IOCTL_SYNC = 0x40086200
const SYNC_READ = 1
const SYNC_END = 4
const PROT_READ = 1
const MAP_SHARED = 1

/** What the compositor knows of a client's memory. */
interface Imported {
  readonly fd: number
  readonly isDmaBuf: boolean
}

async function sync({ sys }: Kernel, fd: number, flags: number): Promise<number> {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(flags), true)
  return await sys.ioctl(fd, DMA_BUF_IOCTL_SYNC, { bytes })
}

function importMemory(kernel: Kernel, fd: number): Imported {
  try {
    using _probe = DmaBuf.borrow(kernel, fd)
    return { fd, isDmaBuf: true }
  } catch {
    return { fd, isDmaBuf: false }
  }
}

async function snapshot(kernel: Kernel, { fd, isDmaBuf }: Imported): Promise<Uint8Array> {
  const { sys } = kernel
  const picture = new Uint8Array(SIZE)
  const address = sys.mmap(SIZE, PROT_READ, MAP_SHARED, fd, 0)
  if (isDmaBuf) await sync(kernel, fd, SYNC_READ)
  sys.load(address, picture)
  if (isDmaBuf) await sync(kernel, fd, SYNC_READ | SYNC_END)
  sys.munmap(address, SIZE)
  return picture
}

export default async function compositor(kernel: Kernel): Promise<Uint8Array[]> {
  using heap = DmaHeap.open(kernel)
  using video = await heap.allocate(SIZE)
  using window = Memfd.create(kernel, 'window', SIZE)
  await video.withCpuAccess('write', (bytes) => bytes.fill(0x40))
  const snapshots: Uint8Array[] = []
  for (const { fd } of [video, window]) {
    snapshots.push(await snapshot(kernel, importMemory(kernel, fd)))
  }
  return snapshots
}
