/**
 * Buffers and descriptors.
 * Source: dma_buf_fd and dma_buf_get in drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import type { DriverName } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBufCore } from './core.ts'
import type { DmaBuf } from './dma-buf.ts'
import { DmaBufFile, dmaBufOf } from './dma-buf-file.ts'
import type { CallerFiles } from './file.ts'

/** The parts of the kernel that a descriptor needs. */
export interface FdContext {
  readonly machine: Machine
  readonly core: DmaBufCore
}

/**
 * dma_buf_fd: a new descriptor of the caller's process, which consumes the caller's reference: from
 * here on user space may close it, and the buffer with it. EMFILE, and then the reference is still
 * the caller's.
 */
export function dmaBufFd(
  { machine, core }: FdContext,
  buffer: DmaBuf,
  flags: number,
  files: CallerFiles,
): number {
  machine.faults.pass('get_unused_fd_flags')
  return files.install(new DmaBufFile(machine, core, buffer, flags), flags)
}

/** dma_buf_get: the buffer behind a descriptor, with one more reference. EBADF, EINVAL. */
export function dmaBufGet(
  { core }: Pick<FdContext, 'core'>,
  fd: number,
  files: CallerFiles,
  driver?: DriverName,
): DmaBuf {
  const file = files.lookup(fd)
  if (file === undefined) throw new KernelError('EBADF', `fd ${fd} is not open`)
  const buffer = dmaBufOf(file)
  if (buffer === undefined)
    throw new KernelError('EINVAL', `fd ${fd} is ${file.what}, and not a dma-buf`)
  return core.get(buffer, driver)
}
