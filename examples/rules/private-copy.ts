// The picture goes into a private mapping: a copy that the display never sees.
// Expect: private-copy.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import * as abi from 'dmabuf/abi'

const SIZE = 4096
const LAYOUT = { width: 64, height: 16, format: 'XR24', stride: 256 } as const

export default async function slide(kernel: Kernel): Promise<void> {
  const { sys } = kernel
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(SIZE)
  const address = sys.mmap(SIZE, abi.PROT_READ | abi.PROT_WRITE, abi.MAP_PRIVATE, buffer.fd, 0)
  await buffer.startCpuAccess('write')
  sys.store(address, new Uint8Array(SIZE).fill(200))
  await buffer.endCpuAccess('write')
  sys.munmap(address, SIZE)
  await display.show(buffer, LAYOUT)
}
