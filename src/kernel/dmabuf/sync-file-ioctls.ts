/**
 * EXPORT_SYNC_FILE and IMPORT_SYNC_FILE: from implicit to explicit synchronisation and back.
 * Source: dma_buf_export_sync_file and dma_buf_import_sync_file in drivers/dma-buf/dma-buf.c of Linux
 * 6.12, with their order of checks.
 */

import * as abi from '../../abi/dma-buf.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { leavesOf } from '../fence/fence-array.ts'
import { usageToWaitFor } from '../fence/usage.ts'
import type { DmaBuf } from './dma-buf.ts'
import type { FdContext } from './dma-buf-fd.ts'
import type { IoctlCall, UserMemory } from './file.ts'
import { fenceOf, installSyncFile, requireDescriptor } from './sync-file.ts'

/**
 * Does not sleep. The fences that such an access has to wait for, as they are now. EFAULT, EINVAL for
 * flags, EMFILE, ENOMEM.
 */
export function exportSyncFile(kernel: FdContext, buffer: DmaBuf, call: IoctlCall): void {
  const { machine, core } = kernel
  const { argument, files } = call
  const access = accessOf(kernel, argument)
  requireDescriptor(kernel, files)
  machine.faults.pass('kmalloc')
  const fence = core.fences.singleton(buffer.resv.activeFences(usageToWaitFor(access)))
  machine.faults.pass('copy_to_user')
  abi.dmaBufExportSyncFile.over(argument.bytes).fd = installSyncFile(kernel, fence, files)
}

/**
 * May sleep, until the reservation lock is free. The buffer is used in this way until the sync
 * file's fences are signalled. EFAULT, EINVAL for flags and for a descriptor that is not a sync
 * file, ENOMEM.
 */
export async function importSyncFile(
  kernel: FdContext,
  buffer: DmaBuf,
  call: IoctlCall,
): Promise<void> {
  const { argument, files } = call
  const access = accessOf(kernel, argument)
  const { fd } = abi.dmaBufImportSyncFile.over(argument.bytes)
  const fence = fenceOf(files.lookup(fd))
  if (fence === undefined) throw new KernelError('EINVAL', `fd ${fd} is not a sync file`)
  const leaves = leavesOf(fence)
  await buffer.resv.run(() => {
    kernel.machine.faults.pass('dma_resv_reserve_fences')
    buffer.resv.reserveFences(leaves.length)
    for (const leaf of leaves) buffer.resv.addFence(leaf, access)
  })
}

function accessOf({ machine }: FdContext, argument: UserMemory): 'read' | 'write' {
  machine.faults.pass('copy_from_user')
  const { flags } = abi.dmaBufImportSyncFile.over(argument.bytes)
  if (flags === 0 || (flags & ~abi.DMA_BUF_SYNC_RW) !== 0) {
    throw new KernelError('EINVAL', `flags are 0x${flags.toString(16)}: READ or WRITE or both`)
  }
  return (flags & abi.DMA_BUF_SYNC_WRITE) === 0 ? 'read' : 'write'
}
