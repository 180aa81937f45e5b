import { u32, u64 } from './field.ts'
import { iow } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** udmabuf: the new descriptor does not survive exec. Other bits are ignored. */
export const UDMABUF_FLAGS_CLOEXEC = 1

/** `struct udmabuf_create` */
export interface UdmabufCreate {
  /** The memfd, which must be sealed with F_SEAL_SHRINK. */
  memfd: number
  /** UDMABUF_FLAGS_CLOEXEC or 0. */
  flags: number
  /** Bytes, whole pages. */
  offset: number
  /** Bytes, whole pages. */
  size: number
}
/** Layout of `struct udmabuf_create`. Source: include/uapi/linux/udmabuf.h. */
export const udmabufCreate: Struct<UdmabufCreate> = struct('udmabuf_create', 24, {
  memfd: u32,
  flags: u32,
  offset: u64,
  size: u64,
})

/** `struct udmabuf_create_item`: one part of a buffer that is put together from several. */
export interface UdmabufCreateItem {
  /** The memfd, which must be sealed with F_SEAL_SHRINK. */
  memfd: number
  __pad: number
  /** Bytes, whole pages. */
  offset: number
  /** Bytes, whole pages. */
  size: number
}
/** Layout of `struct udmabuf_create_item`. Source: include/uapi/linux/udmabuf.h. */
export const udmabufCreateItem: Struct<UdmabufCreateItem> = struct('udmabuf_create_item', 24, {
  memfd: u32,
  __pad: u32,
  offset: u64,
  size: u64,
})

/** `struct udmabuf_create_list`, which `count` items follow. */
export interface UdmabufCreateList {
  /** UDMABUF_FLAGS_CLOEXEC or 0. */
  flags: number
  /** How many items follow; 1024 at most. */
  count: number
}
/** Layout of the head of `struct udmabuf_create_list`. Source: include/uapi/linux/udmabuf.h. */
export const udmabufCreateList: Struct<UdmabufCreateList> = struct('udmabuf_create_list', 8, {
  flags: u32,
  count: u32,
})

/**
 * Makes a dma-buf of part of a memfd; returns its descriptor. EINVAL for a part that is not whole pages, is
 * too large, or is sealed wrongly; EBADFD for a file that is not a memfd; EMFILE. May sleep.
 */
export const UDMABUF_CREATE: number = iow('u', 0x42, udmabufCreate.size)
/** Makes a dma-buf of parts of memfds, one after the other; otherwise as UDMABUF_CREATE. */
export const UDMABUF_CREATE_LIST: number = iow('u', 0x43, udmabufCreateList.size)

/** The argument of UDMABUF_CREATE_LIST: the head with the items behind it. */
export function udmabufList(
  flags: number,
  items: readonly Partial<UdmabufCreateItem>[],
): Uint8Array<ArrayBuffer> {
  const head = udmabufCreateList.create({ flags, count: items.length })
  const bytes = new Uint8Array(udmabufListSize(head))
  bytes.set(head)
  items.forEach((item, i) => {
    const at = udmabufCreateList.size + i * udmabufCreateItem.size
    bytes.set(udmabufCreateItem.create(item), at)
  })
  return bytes
}

/** Bytes of a list whose head is at the start of `bytes`. */
export function udmabufListSize(bytes: Uint8Array): number {
  return udmabufCreateList.size + udmabufCreateList.over(bytes).count * udmabufCreateItem.size
}
