import { DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_IOCTL_SYNC } from '../../abi/dma-buf.ts'
import { DMA_HEAP_IOCTL_ALLOC } from '../../abi/dma-heap.ts'
import * as drm from '../../abi/drm.ts'
import * as dumb from '../../abi/drm-dumb.ts'
import { SYNC_IOC_MERGE } from '../../abi/sync-file.ts'
import { UDMABUF_CREATE, UDMABUF_CREATE_LIST } from '../../abi/udmabuf.ts'
import * as v4l2 from '../../abi/v4l2.ts'
import { newDescriptor } from '../../syscalls/requests/index.ts'
import { synced } from './brackets.ts'
import type { Files } from './files.ts'
import type { Handles } from './handles.ts'
import type { Queues } from './queues.ts'
import type { Request } from './request.ts'
import type { Tell } from './tell.ts'

/**
 * The events of ioctls: looks at a request before it is made, and returns a listener for its
 * result.
 */
export type Requests = ReadonlyMap<number, (request: Request) => (result: number) => void>

export interface RequestParts {
  readonly files: Files
  readonly queues: Queues
  readonly handles: Handles
  readonly tell: Tell
}

type Row = readonly [request: number, look: (request: Request) => (result: number) => void]

/** Every request with more events than the call itself. */
export function tellers({ files, queues, handles, tell }: RequestParts): Requests {
  const after = (heard: (request: Request) => void): Row[1] => {
    return (request) => (result) => {
      if (result >= 0) heard(request)
    }
  }
  const made = (number: number, opened: (fd: number) => void): Row => [
    number,
    ({ argument: { bytes } }) =>
      (result) => {
        const fd = newDescriptor(number, bytes, result)
        if (fd !== undefined) opened(fd)
      },
  ]
  const succeeded = (look: (request: Request) => () => void): Row[1] => {
    return (request) => {
      const heard = look(request)
      return (result) => {
        if (result >= 0) heard()
      }
    }
  }
  const rows: readonly Row[] = [
    [DMA_BUF_IOCTL_SYNC, (request) => (result) => synced(request, result, tell)],
    ...[DMA_HEAP_IOCTL_ALLOC, UDMABUF_CREATE, UDMABUF_CREATE_LIST].map((number) =>
      made(number, (fd) => files.openedDmaBuf(fd)),
    ),
    ...[DMA_BUF_IOCTL_EXPORT_SYNC_FILE, SYNC_IOC_MERGE].map((number) =>
      made(number, (fd) => files.opened(fd, 'sync_file')),
    ),
    [v4l2.VIDIOC_QBUF, succeeded((request) => queues.queueing(request))],
    [v4l2.VIDIOC_DQBUF, after((request) => queues.dequeued(request))],
    [v4l2.VIDIOC_EXPBUF, after((request) => queues.exported(request))],
    [v4l2.VIDIOC_STREAMOFF, after((request) => queues.stopped(request))],
    [v4l2.VIDIOC_REQBUFS, after((request) => queues.requested(request))],
    [drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, succeeded((request) => handles.importing(request))],
    [drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, after((request) => handles.exported(request))],
    [dumb.DRM_IOCTL_MODE_CREATE_DUMB, after((request) => handles.created(request))],
    ...[drm.DRM_IOCTL_GEM_CLOSE, dumb.DRM_IOCTL_MODE_DESTROY_DUMB].map(
      (number): Row => [number, (request) => (result) => handles.closed(request, result)],
    ),
  ]
  return new Map(rows)
}
