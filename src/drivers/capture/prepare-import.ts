import { dmaBufOf } from '../../kernel/dmabuf/dma-buf-file.ts'
import type { CallerFiles } from '../../kernel/dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { CaptureContext } from './context.ts'
import { importMemory } from './imported-memory.ts'
import type { Slot } from './slot.ts'

/**
 * The arguments of QBUF about a dma-buf: the program's descriptor and the count of bytes to use.
 */
export interface ImportRequest {
  readonly fd: number
  /** 0 for all of them. */
  readonly length: number
  readonly files: CallerFiles
}

/**
 * May sleep. Puts the dma-buf that QBUF names behind `slot`, or keeps it when it is there already.
 * EINVAL for a bad descriptor or length, EFAULT for a length beyond the dma-buf and for memory in several
 * pieces that the camera cannot take, and the exporter's errors; a slot that fails to take its new memory loses the old as well, as in vb2.
 */
export async function prepareImport(
  context: CaptureContext,
  slot: Slot,
  request: ImportRequest,
): Promise<void> {
  try {
    await exchange(context, slot, request)
  } catch (error) {
    slot.dropMemory()
    throw error
  }
  if (!slot.freed) return
  slot.dropMemory()
  throw new KernelError('EINVAL', 'the device was closed during the call')
}

async function exchange(
  context: CaptureContext,
  slot: Slot,
  { fd, length, files }: ImportRequest,
): Promise<void> {
  const buffer = dmaBufOf(files.lookup(fd))
  if (buffer === undefined)
    throw new KernelError(
      'EINVAL',
      `fd ${fd} is ${files.lookup(fd)?.what ?? 'not open'}, and not a dma-buf`,
    )
  const used = length === 0 ? buffer.size : length
  if (used < slot.frameSize) {
    throw new KernelError(
      'EINVAL',
      `the buffer has ${used} bytes, less than the sizeimage ${slot.frameSize} of the format: allocate sizeImage bytes`,
    )
  }
  if (slot.imported?.buffer !== buffer || slot.length !== used) {
    slot.dropMemory()
    if (used > buffer.size) {
      throw new KernelError('EFAULT', `length is ${used}, the dma-buf has ${buffer.size} bytes`)
    }
    slot.adopt(await importMemory(context, buffer, used))
  }
  slot.length = used
  slot.fd = fd
}
