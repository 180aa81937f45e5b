/** Failures that a program's file plans. */
import { expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'

const folder = folderWith({
  'planned.ts': `import { DmaHeap, type Kernel } from 'dmabuf'
export const prepare = (kernel: { fail(call: string, nth: number, code: string): void }): void => {
  kernel.fail('DMA_HEAP_IOCTL_ALLOC', 1, 'ENOMEM')
  kernel.fail('mmap', 2, 'EAGAIN')
}
export default async (kernel: Kernel): Promise<void> => {
  using heap = DmaHeap.open(kernel)
  await heap.allocate(4096).catch((error: Error) => console.log('failed with', error.message))
}
`,
})

it('dmabuf run notes a planned failure that did not happen, and not one that did', async () => {
  const { code, stdout } = await dmabuf(folder, ['planned.ts', ...once])
  expect(code).toBe(0)
  expect(stdout).toMatch(/failed with .*ENOMEM/)
  const notes = stdout.split('\n').filter((line) => line.startsWith('note[kernel.fail]'))
  expect(notes).toHaveLength(1)
  expect(notes[0]).toMatch(/call 2 of mmap \(EAGAIN\) did not happen/)
})
