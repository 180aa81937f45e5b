// expect: clean
// bytes: right everywhere
// The library of B60b, which closes its own descriptor.
import { DmaBuf, DmaHeap, DrmDevice, type Kernel, type OwnedFd } from 'dmabuf'

const LAYOUT = { width: 640, height: 360, format: 'XR24', bytesPerLine: 4 * 640 } as const

/** The library: shows what is behind a descriptor. */
async function present(kernel: Kernel, display: DrmDevice, fd: number): Promise<void> {
  using buffer = DmaBuf.borrow(kernel, fd)
  await display.show(buffer, LAYOUT)
}

export default async function animation(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const fds: OwnedFd[] = []
  for (const shade of [0x40, 0xc0]) {
    const buffer = await heap.allocate(640 * 360 * 4)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(shade))
    fds.push(buffer.release())
  }
  for (const fd of [...fds, ...fds, ...fds]) {
    // A picture that cannot be shown is left out.
    await present(kernel, display, fd).catch(() => undefined)
    await kernel.sleep(50e6)
  }
  for (const fd of fds) kernel.sys.close(fd)
}
