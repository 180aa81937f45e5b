import type { LinuxKernel } from 'dmabuf/linux'
import { MAP_SHARED, POLLIN } from '../../src/abi/fcntl.ts'

/** Makes the runtime open the descriptors that it opens at first use. */
export async function warmUp(linux: LinuxKernel): Promise<void> {
  const { sys } = linux
  const heap = sys.open('/dev/dma_heap/system', 2)
  // A call on another thread, a wait, and an access that may fail.
  await sys.ioctl(heap, 0x1234, { bytes: new Uint8Array(8) })
  await sys.poll([{ fd: -1, events: POLLIN, revents: 0 }], 1e6)
  const memfd = sys.memfdCreate('warm', 0)
  const address = sys.mmap(4096, 1, MAP_SHARED, memfd, 0)
  sys.load(address, new Uint8Array(1))
  sys.munmap(address, 4096)
  sys.close(memfd)
  sys.close(heap)
}
