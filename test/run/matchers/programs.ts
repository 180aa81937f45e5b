import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const layout = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 } as const

/** Draws inside a CPU access, and shows the picture. */
export async function good(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(8192)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
  await display.show(buffer, layout)
}

/** Stores through a raw mapping at line 20, with no CPU access. */
export async function unbracketed(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(8192)
  using mapping = buffer.map()
  mapping.set(new Uint8Array(8192).fill(1))
  await display.show(buffer, layout)
}

/** Throws at line 27. */
export async function throwing(): Promise<void> {
  const error = 'no camera'
  throw new Error(error)
}

/** Makes the mistake at line 20 and throws after it. */
export async function findsThenThrows(kernel: Kernel): Promise<void> {
  await unbracketed(kernel)
  await throwing()
}
