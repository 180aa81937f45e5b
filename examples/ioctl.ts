// A C program, ported call by call: dma-heap, mmap, DMA_BUF_IOCTL_SYNC and udmabuf, with the structures
// and numbers of the kernel's headers. The C source is above each block. Expect: clean.
import type { Kernel } from 'dmabuf'
import * as abi from 'dmabuf/abi'

const SIZE = 2 * abi.PAGE_SIZE

/** `if (result < 0) err(1, call)`, with the error number in the result as the kernel returns it. */
function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: ${abi.errnoName(result)}`)
  return result
}

/** memset(p, value, SIZE) between START and END, and back. */
async function fill({ sys }: Kernel, fd: number, value: number): Promise<void> {
  // void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const protection = abi.PROT_READ | abi.PROT_WRITE
  const address = check('mmap', sys.mmap(SIZE, protection, abi.MAP_SHARED, fd, 0))

  // struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE };
  // ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
  const bytes = abi.dmaBufSync.create({ flags: abi.DMA_BUF_SYNC_START | abi.DMA_BUF_SYNC_WRITE })
  check('SYNC', await sys.ioctl(fd, abi.DMA_BUF_IOCTL_SYNC, abi.plainArg(bytes)))

  // memset(p, value, SIZE);
  const p = sys.view(address, SIZE, 'mapping')
  if (typeof p === 'number') throw new Error(`view: ${abi.errnoName(p)}`)
  p.fill(value)

  // sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE;
  // ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
  abi.dmaBufSync.over(bytes).flags = abi.DMA_BUF_SYNC_END | abi.DMA_BUF_SYNC_WRITE
  check('SYNC', await sys.ioctl(fd, abi.DMA_BUF_IOCTL_SYNC, abi.plainArg(bytes)))

  // munmap(p, SIZE);
  check('munmap', sys.munmap(address, SIZE))
}

/** int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC); ... */
async function fromHeap({ sys }: Kernel): Promise<number> {
  const heap = check('open', sys.open('/dev/dma_heap/system', abi.O_RDONLY | abi.O_CLOEXEC))

  // struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
  // ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data);
  const fd_flags = abi.O_RDWR | abi.O_CLOEXEC
  const data = abi.dmaHeapAllocationData.create({ len: SIZE, fd_flags })
  check('ALLOC', await sys.ioctl(heap, abi.DMA_HEAP_IOCTL_ALLOC, abi.plainArg(data)))
  check('close', sys.close(heap))

  // return data.fd;
  return abi.dmaHeapAllocationData.decode(data).fd
}

/** int memfd = memfd_create("frame", MFD_ALLOW_SEALING | MFD_CLOEXEC); ... */
async function fromMemfd({ sys }: Kernel): Promise<number> {
  const flags = abi.MFD_ALLOW_SEALING | abi.MFD_CLOEXEC
  const memfd = check('memfd_create', sys.memfdCreate('frame', flags))
  check('ftruncate', sys.ftruncate(memfd, SIZE))
  check('fcntl', sys.fcntl(memfd, abi.F_ADD_SEALS, abi.F_SEAL_SHRINK))

  // struct udmabuf_create create = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE };
  // int fd = ioctl(open("/dev/udmabuf", O_RDWR), UDMABUF_CREATE, &create);
  const device = check('open', sys.open('/dev/udmabuf', abi.O_RDWR | abi.O_CLOEXEC))
  const create = { memfd, flags: abi.UDMABUF_FLAGS_CLOEXEC, size: SIZE }
  const argument = abi.plainArg(abi.udmabufCreate.create(create))
  const fd = check('CREATE', await sys.ioctl(device, abi.UDMABUF_CREATE, argument))
  check('close', sys.close(device))
  check('close', sys.close(memfd))
  return fd
}

export default async function main(kernel: Kernel): Promise<void> {
  for (const allocate of [fromHeap, fromMemfd]) {
    const fd = await allocate(kernel)
    await fill(kernel, fd, 0x55)
    check('close', kernel.sys.close(fd))
  }
}
