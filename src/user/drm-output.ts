import * as kms from '../abi/drm-mode.ts'
import { errno } from '../abi/errno.ts'
import { type IoctlArg, plainArg } from '../syscalls/ioctl-arg.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Calls } from './calls.ts'
import { type DrmMode, drmMode } from './drm-mode.ts'

/** A screen that is attached to a display device, and the CRTC that can drive it. */
export interface DrmOutput {
  /** The connector's id. */
  readonly connector: number
  /** DRM_MODE_CONNECTOR_ */
  readonly type: number
  /** The CRTC that drives it, or can. */
  readonly crtc: number
  /** The screen's own modes, usually the preferred one first. */
  readonly modes: readonly DrmMode[]
}

interface Resources {
  readonly crtcs: readonly number[]
  readonly connectors: readonly number[]
}

/** Memory for `count` elements of `size` bytes, to be pointed at. */
const room = (count: number, size = 4): IoctlArg => plainArg(new Uint8Array(count * size))

function idsIn(argument: IoctlArg, count: number): number[] {
  const { buffer, byteOffset, length } = argument.bytes
  const data = new DataView(buffer, byteOffset, length)
  return Array.from({ length: Math.min(count, length / 4) }, (_, i) => data.getUint32(i * 4, true))
}

/** Asks for the counts, then for as many; again when a hotplug changed them in between. */
async function resources(calls: Calls, fd: number): Promise<Resources> {
  const { offsets } = kms.drmModeCardRes
  let counts = { count_crtcs: 0, count_connectors: 0 }
  for (;;) {
    const bytes = kms.drmModeCardRes.create(counts)
    const crtcs = room(counts.count_crtcs)
    const connectors = room(counts.count_connectors)
    const pointers = new Map([
      [offsets.crtc_id_ptr, crtcs],
      [offsets.connector_id_ptr, connectors],
    ])
    await calls.ioctl(
      fd,
      kms.DRM_IOCTL_MODE_GETRESOURCES,
      { bytes, pointers },
      {
        why: () => ({ EOPNOTSUPP: 'this device drives no screen: try another /dev/dri/card*' }),
      },
    )
    const { count_crtcs, count_connectors } = kms.drmModeCardRes.decode(bytes)
    if (count_crtcs <= counts.count_crtcs && count_connectors <= counts.count_connectors) {
      return {
        crtcs: idsIn(crtcs, count_crtcs),
        connectors: idsIn(connectors, count_connectors),
      }
    }
    counts = { count_crtcs, count_connectors }
  }
}

interface Connector {
  readonly facts: kms.DrmModeGetConnector
  readonly modes: readonly kms.DrmModeModeinfo[]
  readonly encoders: readonly number[]
}

async function connectorOf(calls: Calls, fd: number, connector_id: number): Promise<Connector> {
  const { offsets } = kms.drmModeGetConnector
  const { size } = kms.drmModeModeinfo
  let counts = { count_modes: 0, count_encoders: 0 }
  for (;;) {
    const bytes = kms.drmModeGetConnector.create({ connector_id, ...counts })
    const modes = room(counts.count_modes, size)
    const encoders = room(counts.count_encoders)
    const pointers = new Map([
      [offsets.modes_ptr, modes],
      [offsets.encoders_ptr, encoders],
    ])
    await calls.ioctl(fd, kms.DRM_IOCTL_MODE_GETCONNECTOR, { bytes, pointers })
    const facts = kms.drmModeGetConnector.decode(bytes)
    if (facts.count_modes <= counts.count_modes && facts.count_encoders <= counts.count_encoders) {
      const each = Array.from({ length: facts.count_modes }, (_, i) =>
        kms.drmModeModeinfo.decode(modes.bytes.subarray(i * size)),
      )
      return { facts, modes: each, encoders: idsIn(encoders, facts.count_encoders) }
    }
    counts = { count_modes: facts.count_modes, count_encoders: facts.count_encoders }
  }
}

async function encoderOf(
  calls: Calls,
  fd: number,
  encoder_id: number,
): Promise<kms.DrmModeGetEncoder> {
  const bytes = kms.drmModeGetEncoder.create({ encoder_id })
  await calls.ioctl(fd, kms.DRM_IOCTL_MODE_GETENCODER, plainArg(bytes))
  return kms.drmModeGetEncoder.decode(bytes)
}

/** The CRTC that drives the connector now, or the first that could and is not `taken`. */
async function crtcFor(
  calls: Calls,
  fd: number,
  connector: Connector,
  crtcs: readonly number[],
  taken: ReadonlySet<number>,
): Promise<number | undefined> {
  const current = connector.facts.encoder_id
  const encoders = current === 0 ? connector.encoders : [current, ...connector.encoders]
  for (const id of encoders) {
    const encoder = await encoderOf(calls, fd, id)
    const possible = crtcs.filter((_, i) => ((encoder.possible_crtcs >>> i) & 1) === 1)
    const crtc = [encoder.crtc_id, ...possible].find((one) => one !== 0 && !taken.has(one))
    if (crtc !== undefined) return crtc
  }
  return undefined
}

/** May sleep. The attached screens, each with a separate CRTC. */
export async function findOutputs(calls: Calls, fd: number): Promise<DrmOutput[]> {
  const { crtcs, connectors } = await resources(calls, fd)
  const outputs: DrmOutput[] = []
  const taken = new Set<number>()
  for (const id of connectors) {
    const connector = await connectorOf(calls, fd, id)
    if (connector.facts.connection !== kms.DRM_MODE_CONNECTED) continue
    const crtc = await crtcFor(calls, fd, connector, crtcs, taken)
    if (crtc === undefined) continue
    taken.add(crtc)
    outputs.push({
      connector: id,
      type: connector.facts.connector_type,
      crtc,
      modes: connector.modes.map(drmMode),
    })
  }
  return outputs
}

/** May sleep. The first attached screen. ENXIO when there is none. */
export async function firstOutput(calls: Calls, fd: number): Promise<DrmOutput> {
  const [output] = await findOutputs(calls, fd)
  if (output !== undefined) return output
  throw systemError({
    errno: -errno.ENXIO,
    syscall: 'DRM_IOCTL_MODE_GETCONNECTOR',
    fd,
    detail: 'no screen is attached to this device: plug one in, or try another /dev/dri/card*',
  })
}
