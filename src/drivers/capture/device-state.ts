import { V4L2_BUF_TYPE_VIDEO_CAPTURE } from '../../abi/v4l2.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Mutex } from '../../machine/mutex.ts'
import type { FrameSize } from '../../media/pixel-format.ts'
import type { CaptureContext } from './context.ts'
import type { CaptureFormat, CaptureSteps } from './format.ts'
import type { CaptureQueue } from './queue.ts'

/** The state that all open files of the camera share. */
export interface DeviceState {
  readonly context: CaptureContext
  readonly lock: Mutex
  readonly queue: CaptureQueue
  /** The size of the source's pictures, in pixels. */
  readonly size: FrameSize
  readonly steps: CaptureSteps
  /** LINUX_VERSION_CODE. */
  readonly version: number
  format: CaptureFormat
  /** The open file that requested the buffers: no other may use them. */
  owner: object | undefined
}

/** EINVAL unless `type` is the one kind of queue there is. */
export function checkType(type: number): void {
  if (type === V4L2_BUF_TYPE_VIDEO_CAPTURE) return
  throw new KernelError('EINVAL', `type is ${type}: the camera only has VIDEO_CAPTURE`)
}

/** EBUSY when another open file has the buffers. Source: vb2_queue_is_busy. */
export function checkOwner(state: DeviceState, file: object): void {
  if (state.owner === undefined || state.owner === file) return
  throw new KernelError(
    'EBUSY',
    'another open file of the camera owns its buffers: close it, or stop its stream, first',
  )
}
