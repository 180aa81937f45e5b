/** The ioctls about the camera and its pictures. All are synchronous. */

import * as v4l2 from '../../abi/v4l2.ts'
import { v4l2Capability, v4l2Fmtdesc, v4l2Format } from '../../abi/v4l2-struct.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { checkType, type DeviceState } from './device-state.ts'
import { captureFormats, nearestFormat, writeFormat } from './format.ts'

/** V4L2_CAP_EXT_PIX_FORMAT, which the V4L2 core adds for every driver. */
const EXT_PIX_FORMAT = 0x200000
const CAPABILITIES = v4l2.V4L2_CAP_VIDEO_CAPTURE | v4l2.V4L2_CAP_STREAMING | EXT_PIX_FORMAT
/** Where the pixel format lies in `struct v4l2_format`. */
const PIX = v4l2Format.offsets.pix

/** QUERYCAP. */
export function queryCapability({ version }: DeviceState, bytes: Uint8Array): void {
  const answer = v4l2Capability.create({
    driver: 'dmabuf-camera',
    card: 'Simulated camera',
    bus_info: 'platform:camera',
    version,
    capabilities: (CAPABILITIES | v4l2.V4L2_CAP_DEVICE_CAPS) >>> 0,
    device_caps: CAPABILITIES,
  })
  bytes.set(answer)
}

/** ENUM_FMT. EINVAL for the type and past the last format. */
export function enumFormat(bytes: Uint8Array): void {
  const { index, type } = v4l2Fmtdesc.decode(bytes)
  checkType(type)
  const format = captureFormats[index]
  if (format === undefined) {
    throw new KernelError('EINVAL', `index is ${index}: there are ${captureFormats.length} formats`)
  }
  const { description, fourcc } = format
  bytes.set(v4l2Fmtdesc.create({ index, type, description, pixelformat: fourcc }))
}

/** G_FMT. EINVAL for the type. */
export function getFormat(state: DeviceState, bytes: Uint8Array): void {
  const { type, pix } = v4l2Format.over(bytes)
  checkType(type)
  bytes.fill(0, PIX, v4l2Format.size)
  writeFormat(pix, state.format)
}

/** TRY_FMT: the nearest format there is. EINVAL for the type alone. */
export function tryFormat(state: DeviceState, bytes: Uint8Array): void {
  const { type, pix } = v4l2Format.over(bytes)
  checkType(type)
  const format = nearestFormat(state.size, pix.pixelformat, state.steps)
  bytes.fill(0, PIX, v4l2Format.size)
  writeFormat(pix, format)
}

/** S_FMT. EINVAL for the type, EBUSY while buffers exist. */
export function setFormat(state: DeviceState, bytes: Uint8Array): void {
  const { type, pix } = v4l2Format.over(bytes)
  checkType(type)
  if (state.queue.slots.length > 0) {
    throw new KernelError(
      'EBUSY',
      'the format is fixed while buffers exist: stop() the camera (REQBUFS with count 0) first',
    )
  }
  state.format = nearestFormat(state.size, pix.pixelformat, state.steps)
  bytes.fill(0, PIX, v4l2Format.size)
  writeFormat(pix, state.format)
}
