/** The ioctls that this package knows. A new request is a row in the file of its header. */
import type { ErrnoCode } from '../../abi/errno.ts'
import { ioctlSize } from '../../abi/ioctl-number.ts'
import { dmaBufRequests } from './dma-buf.ts'
import { dmaHeapRequests } from './dma-heap.ts'
import { drmRequests } from './drm.ts'
import type { Request, RequestPointer, Waiting } from './request.ts'
import { syncFileRequests } from './sync-file.ts'
import { udmabufRequests } from './udmabuf.ts'
import { v4l2Requests } from './v4l2.ts'

/** The facts of one ioctl number. */
export interface RequestInfo extends Request {
  /** Bytes, as the number says. */
  readonly size: number
  readonly pointers: readonly RequestPointer[]
}

const rows: readonly Request[] = [
  ...dmaHeapRequests,
  ...dmaBufRequests,
  ...syncFileRequests,
  ...udmabufRequests,
  ...v4l2Requests,
  ...drmRequests,
]

/** Every ioctl that this package knows, by its number. */
export const requests: ReadonlyMap<number, RequestInfo> = new Map(
  rows.map((row): [number, RequestInfo] => [
    row.request,
    { ...row, size: ioctlSize(row.request), pointers: row.pointers ?? [] },
  ]),
)

const byName: ReadonlyMap<string, Request> = new Map(
  rows.map((row): [string, Request] => [row.name, row]),
)

/** The header file's name of `request`, or the number in hexadecimal. */
export function requestName(request: number): string {
  return requests.get(request)?.name ?? `0x${request.toString(16)}`
}

/** The number of the request that the header files call `name`, if known. */
export function requestNumber(name: string): number | undefined {
  return byName.get(name)?.request
}

/** Whether `request` makes a descriptor when it succeeds. */
export function makesDescriptor(request: number): boolean {
  return requests.get(request)?.makes !== undefined
}

/** The descriptor that a successful `request` has made, if it makes one. */
export function newDescriptor(
  request: number,
  bytes: Uint8Array,
  result: number,
): number | undefined {
  return result < 0 ? undefined : requests.get(request)?.makes?.(bytes, result)
}

/** Where `request` names descriptors in its structure `bytes`: the offsets of those in use. */
export function namedDescriptors(request: number, bytes: Uint8Array): readonly number[] {
  return requests.get(request)?.takes?.(bytes) ?? []
}

/** How `request` with the structure `bytes` may wait. */
export function waitingOf(request: number, bytes: Uint8Array): Waiting {
  const row = requests.get(request)
  if (row === undefined) return 'unknown'
  const { waits = 'later' } = row
  return typeof waits === 'function' ? waits(bytes) : waits
}

/** The error that the request called `name` usually fails with, as its row says it. */
export function usualErrorOf(name: string): ErrnoCode | 'never' | undefined {
  return byName.get(name)?.fails
}
