import { O_CLOEXEC, O_RDONLY } from '../../abi/fcntl.ts'
import { decodeText } from '../../abi/field-kinds.ts'
import type { Syscalls } from '../../syscalls/syscalls.ts'

/** The kernel's data on an open file; absent fields were not given. */
export interface FdInfo {
  /** Since Linux 5.14. */
  readonly inode: number | undefined
  /** Bytes; of a dma-buf alone. */
  readonly size: number | undefined
  /** Set on a dma-buf alone. */
  readonly exporter: string | undefined
}

/** More than fdinfo of a dma-buf ever has. */
const MOST = 1024

/**
 * /proc/self/fdinfo of `fd`, by three calls of `sys`; undefined if it cannot be read: the
 * descriptor is not open, none is free, there is no /proc. Source: seq_show in fs/proc/fd.c and
 * dma_buf_show_fdinfo in drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
export function readFdInfo(sys: Syscalls, fd: number): FdInfo | undefined {
  const file = sys.open(`/proc/self/fdinfo/${fd}`, O_RDONLY | O_CLOEXEC)
  if (file < 0) return undefined
  const bytes = new Uint8Array(MOST)
  const length = sys.read(file, bytes)
  sys.close(file)
  return length < 0 ? undefined : parseFdInfo(decodeText(bytes.subarray(0, length)))
}

/**
 * Its lines are a name, a colon, white space, and a value. The last one, a dma-buf's own name, may
 * hold anything: of lines with the same name the first is the kernel's.
 */
export function parseFdInfo(text: string): FdInfo {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (!values.has(name)) values.set(name, line.slice(colon + 1).trim())
  }
  const numberOf = (name: string): number | undefined => {
    const value = values.get(name)
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
  }
  return { inode: numberOf('ino'), size: numberOf('size'), exporter: values.get('exp_name') }
}
