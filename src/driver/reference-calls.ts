import { O_CLOEXEC } from '../abi/fcntl.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import { dmaBufFd, dmaBufGet } from '../kernel/dmabuf/dma-buf-fd.ts'
import type { CallerFiles } from '../kernel/dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import type { BufferCalls, FilesOfCall } from './buffer-calls.ts'
import { watchedOps } from './exporter-ops.ts'

/** Buffers, references and descriptors. */
export type References = Pick<
  BufferCalls,
  'dmaBufExport' | 'getDmaBuf' | 'dmaBufPut' | 'dmaBufFd' | 'dmaBufGet'
>

export function referenceCalls(bound: Bound): References {
  const { driver, ledger, underWay } = bound
  const { core } = bound.host
  const calls: References = {
    dmaBufExport: (info) =>
      bound.now(calls.dmaBufExport, () => {
        if (bound.leaving) throw new KernelError('ENOENT', `driver ${driver.name} is being removed`)
        const ops = watchedOps(info?.ops, underWay)
        const buffer = core.export({
          ...info,
          exporter: info?.exporter ?? driver.name,
          ops,
          driver,
        })
        ledger.take(buffer, bound.origin)
        return buffer
      }),
    getDmaBuf: (buffer) =>
      bound.now(calls.getDmaBuf, () => {
        core.get(bound.use(buffer, 'get_dma_buf'), driver)
        ledger.take(buffer, bound.origin)
        return buffer
      }),
    dmaBufPut: (buffer) =>
      bound.now(calls.dmaBufPut, () => {
        bound.use(buffer, 'dma_buf_put')
        takeOver(bound, buffer, 'dma_buf_put')
        core.put(buffer, driver)
      }),
    dmaBufFd: (buffer, flags, call) =>
      bound.now(calls.dmaBufFd, () => {
        // The access mode is the file's, since dma_buf_export.
        const mode = bound.use(buffer, 'dma_buf_fd').flags | (flags & O_CLOEXEC)
        const fd = dmaBufFd(bound.host, buffer, mode, filesOf(call))
        takeOver(bound, buffer, 'dma_buf_fd')
        underWay.publish(buffer)
        return fd
      }),
    dmaBufGet: (fd, call) =>
      bound.now(calls.dmaBufGet, () => {
        const buffer = dmaBufGet(bound.host, fd, filesOf(call), driver)
        ledger.take(buffer, bound.origin)
        return buffer
      }),
  }
  return calls
}

/**
 * `operation` drops one of the driver's references. If it has none left, it drops another owner's:
 * a descriptor's, or another driver's.
 */
export function takeOver(bound: Bound, buffer: DmaBuf, operation: string): void {
  if (bound.ledger.drop(buffer)) return
  if (buffer.released || bound.underWay.isPublished(buffer)) return
  const { inode } = buffer
  const text = `${operation}: driver ${bound.driver.name} has no reference to buffer ${inode} left, and passes on another owner's`
  bound.misuse({ code: 'put-after-release', operation, buffer: inode, text })
}

function filesOf(call: FilesOfCall): CallerFiles {
  return 'files' in call ? call.files : call
}
