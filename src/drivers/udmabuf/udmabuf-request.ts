/**
 * The arguments of UDMABUF_CREATE and UDMABUF_CREATE_LIST, and the checks before any memfd is
 * looked at. Source: udmabuf_create and its ioctls in drivers/dma-buf/udmabuf.c of Linux 6.12.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import {
  UDMABUF_FLAGS_CLOEXEC,
  udmabufCreate,
  udmabufCreateItem,
  udmabufCreateList,
} from '../../abi/udmabuf.ts'
import type { UserMemory } from '../../kernel/dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'

/** Pages of one memfd. */
export interface UdmabufItem {
  readonly memfd: number
  /** Bytes. */
  readonly offset: number
  readonly size: number
}

export interface UdmabufRequest {
  readonly closeOnExec: boolean
  readonly items: readonly UdmabufItem[]
}

/** Module parameters, with their defaults. */
const LIST_LIMIT = 1024
const SIZE_LIMIT = 64 * 1024 * 1024

/** The argument of UDMABUF_CREATE. EFAULT. */
export function readCreate({ bytes }: UserMemory): UdmabufRequest {
  if (bytes.length < udmabufCreate.size) throw new KernelError('EFAULT', 'the structure is cut off')
  const { memfd, flags, offset, size } = udmabufCreate.decode(bytes)
  return { closeOnExec: isCloseOnExec(flags), items: [{ memfd, offset, size }] }
}

/** The argument of UDMABUF_CREATE_LIST: a head and its items. EFAULT; EINVAL for more than 1024. */
export function readCreateList({ bytes }: UserMemory): UdmabufRequest {
  const head = udmabufCreateList.size
  if (bytes.length < head) throw new KernelError('EFAULT', 'the structure is cut off')
  const { flags, count } = udmabufCreateList.decode(bytes)
  if (count > LIST_LIMIT) {
    const why = `the list has ${count} parts, and list_limit of the udmabuf module is ${LIST_LIMIT}`
    throw new KernelError('EINVAL', why)
  }
  const { size } = udmabufCreateItem
  if (bytes.length < head + count * size) throw new KernelError('EFAULT', 'the list is cut off')
  const items = Array.from({ length: count }, (_, i) =>
    udmabufCreateItem.decode(bytes.subarray(head + i * size)),
  )
  return { closeOnExec: isCloseOnExec(flags), items }
}

/** The size of the buffer. EINVAL if it is zero, above 64 MiB, or not whole pages. */
export function checkedSize(items: readonly UdmabufItem[]): number {
  let total = 0
  for (const { offset, size } of items) {
    requirePages('offset', offset)
    requirePages('size', size)
    total += size
    if (total > SIZE_LIMIT) {
      const most = `size_limit_mb of the udmabuf module allows ${SIZE_LIMIT} bytes`
      throw new KernelError('EINVAL', `the buffer would have ${total} bytes or more, and ${most}`)
    }
  }
  if (total === 0) throw new KernelError('EINVAL', 'the buffer would have no pages: its size is 0')
  return total
}

function requirePages(name: string, value: number): void {
  if (value % PAGE_SIZE === 0) return
  throw new KernelError(
    'EINVAL',
    `${name} ${value} is not a multiple of the page size ${PAGE_SIZE}`,
  )
}

/** Other bits are ignored. */
function isCloseOnExec(flags: number): boolean {
  return (flags & UDMABUF_FLAGS_CLOEXEC) !== 0
}
