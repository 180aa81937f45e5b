// expect: clean
// bytes: right everywhere
// The swaps of B45, whose sync files are closed once they were waited for.
import { type DmaBuf, DmaHeap, type ImportedBuffer, type Kernel, VgemDevice } from 'dmabuf'

const SIZE = 64 * 64 * 4

interface Picture {
  readonly buffer: DmaBuf
  readonly imported: ImportedBuffer
}

/** The renderer draws, and its fence is signalled while the compositor waits for the picture. */
async function swap(vgem: VgemDevice, { buffer, imported }: Picture): Promise<void> {
  const fence = await vgem.attachFence(imported, 'write')
  using rendered = await buffer.exportSyncFile('read')
  await vgem.signalFence(fence)
  await rendered.wait()
}

export default async function window(kernel: Kernel): Promise<Uint8Array> {
  await using vgem = await VgemDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(SIZE)
  await using imported = await vgem.importBuffer(buffer)
  for (let frame = 0; frame < 10; frame++) {
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(frame))
    await swap(vgem, { buffer, imported })
  }
  return await buffer.withCpuAccess('read', (bytes) => bytes.slice())
}
