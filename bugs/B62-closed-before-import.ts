// expect: fd-misuse
// bytes: wrong everywhere
// A driver closed the descriptor of a surface one line too early: the PRIME import after it failed with
// EBADF (intel, external-mesa PR 76). A surface that cannot be imported is left out.
import { DmaHeap, type Kernel, VgemDevice } from 'dmabuf'

const SIZE = 64 * 64 * 4
const O_RDWR = 2
const O_CLOEXEC = 0x80000
const DRM_IOCTL_PRIME_FD_TO_HANDLE = 0xc00c642e
const DRM_IOCTL_GEM_CLOSE = 0x40086409

/** The handle of the surface on `device`, which lives as long as the handle; undefined if refused. */
async function importSurface(kernel: Kernel, device: number): Promise<number | undefined> {
  const { sys } = kernel
  using heap = DmaHeap.open(kernel)
  const fd = (await heap.allocate(SIZE)).release()
  const bytes = new Uint8Array(12)
  new DataView(bytes.buffer).setInt32(8, fd, true)
  sys.close(fd)
  const result = await sys.ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, { bytes })
  return result < 0 ? undefined : new DataView(bytes.buffer).getUint32(0, true)
}

export default async function driver(kernel: Kernel): Promise<number> {
  const { sys } = kernel
  await using vgem = await VgemDevice.open(kernel)
  const device = sys.open(vgem.path, O_RDWR | O_CLOEXEC)
  let surfaces = 0
  for (let i = 0; i < 3; i++) {
    const handle = await importSurface(kernel, device)
    if (handle === undefined) continue
    surfaces++
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setUint32(0, handle, true)
    await sys.ioctl(device, DRM_IOCTL_GEM_CLOSE, { bytes })
  }
  sys.close(device)
  return surfaces
}
