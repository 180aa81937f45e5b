/**
 * The text of /sys/kernel/debug/dma_buf/bufinfo. Source: dma_buf_debug_show in
 * drivers/dma-buf/dma-buf.c of Linux 6.12; the mode is that of alloc_file_pseudo for a file that
 * seeks and neither reads nor writes (include/linux/fs.h).
 */
import type { DmaBufCore } from './core.ts'
import type { DmaBuf } from './dma-buf.ts'

const FMODE_LSEEK = 0x4
const FMODE_OPENED = 0x80000
const TITLE = 'size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n'

/** The live buffers, newest first, with their fences and their attachments, newest first. Sizes are in bytes. */
export function bufinfo(core: DmaBufCore): string {
  const { buffers } = core
  const bytes = buffers.reduce((sum, { size }) => sum + size, 0)
  const objects = buffers.map(objectText).join('')
  return `\nDma-buf Objects:\n${TITLE}${objects}\nTotal ${buffers.length} objects, ${bytes} bytes\n`
}

function objectText(buffer: DmaBuf): string {
  const { size, flags, references, uncounted, exporter, inode, name, attachments, resv } = buffer
  const mode = ((flags + 1) & 3) | FMODE_LSEEK | FMODE_OPENED
  const columns = [
    decimal(size),
    hexadecimal(flags),
    hexadecimal(mode),
    decimal(references - uncounted),
    exporter,
    decimal(inode),
    name ?? '<none>',
  ]
  const fences = resv.describeFences().map((line) => `\t${line}\n`)
  const devices = [...attachments].map(({ device }) => `\t${device}\n`).join('')
  const total = `Total ${attachments.length} devices attached\n\n`
  return `${columns.join('\t')}\n${fences.join('')}\tAttached Devices:\n${devices}${total}`
}

function decimal(value: number): string {
  return String(value).padStart(8, '0')
}

function hexadecimal(value: number): string {
  return value.toString(16).padStart(8, '0')
}
