import * as drm from '../../../src/abi/drm.ts'
import * as dumb from '../../../src/abi/drm-dumb.ts'
import { type DrmEventVblank, drmEventVblank } from '../../../src/abi/drm-event.ts'
import * as fb from '../../../src/abi/drm-framebuffer.ts'
import * as mode from '../../../src/abi/drm-mode.ts'
import type { Struct } from '../../../src/abi/struct.ts'
import type { OpenFile, UserMemory } from '../../../src/kernel/dmabuf/file.ts'
import { KernelError } from '../../../src/machine/kernel-error.ts'
import { type Bench, memory } from './bench.ts'

/** An open card and its requests, as a small libdrm would have them. */
export class Drm {
  readonly bench: Bench
  readonly file: OpenFile
  #closed = false

  constructor(bench: Bench) {
    this.bench = bench
    this.file = bench.open()
  }

  /** Closes the last descriptor: calls under way go on, new ones do not reach the device. */
  release(): void {
    this.#closed = true
    this.file.release()
  }

  /** Carries out a request; the structure as the kernel left it. */
  async ioctl<V>(
    request: number,
    layout: Struct<V>,
    values: Partial<V> = {},
    pointers?: ReadonlyMap<number, UserMemory>,
    signal?: AbortSignal,
  ): Promise<V> {
    if (this.#closed) throw new KernelError('EBADF', 'closed')
    const bytes = layout.create(values)
    const argument = pointers === undefined ? { bytes } : { bytes, pointers }
    await this.file.ioctl?.({ request, argument, files: this.bench.files, signal })
    return layout.decode(bytes)
  }

  async import(fd: number): Promise<number> {
    const request = drm.DRM_IOCTL_PRIME_FD_TO_HANDLE
    return (await this.ioctl(request, drm.drmPrimeHandle, { fd })).handle
  }

  async export(handle: number, flags: number = drm.DRM_CLOEXEC | drm.DRM_RDWR): Promise<number> {
    const request = drm.DRM_IOCTL_PRIME_HANDLE_TO_FD
    return (await this.ioctl(request, drm.drmPrimeHandle, { handle, flags })).fd
  }

  close(handle: number): Promise<unknown> {
    return this.ioctl(drm.DRM_IOCTL_GEM_CLOSE, drm.drmGemClose, { handle })
  }

  dumb(width: number, height: number, bpp = 32): Promise<dumb.DrmModeCreateDumb> {
    const values = { width, height, bpp }
    return this.ioctl(dumb.DRM_IOCTL_MODE_CREATE_DUMB, dumb.drmModeCreateDumb, values)
  }

  async mapOffset(handle: number): Promise<number> {
    const request = dumb.DRM_IOCTL_MODE_MAP_DUMB
    return (await this.ioctl(request, dumb.drmModeMapDumb, { handle })).offset
  }

  destroyDumb(handle: number): Promise<unknown> {
    return this.ioctl(dumb.DRM_IOCTL_MODE_DESTROY_DUMB, dumb.drmModeDestroyDumb, { handle })
  }

  async addFb(values: Partial<fb.DrmModeFbCmd2>): Promise<number> {
    return (await this.ioctl(fb.DRM_IOCTL_MODE_ADDFB2, fb.drmModeFbCmd2, values)).fb_id
  }

  rmFb(id: number): Promise<unknown> {
    return this.ioctl(fb.DRM_IOCTL_MODE_RMFB, fb.drmModeRmFb, { fb_id: id })
  }

  flip(values: Partial<fb.DrmModeCrtcPageFlip>): Promise<unknown> {
    const crtc = { crtc_id: CRTC, ...values }
    return this.ioctl(fb.DRM_IOCTL_MODE_PAGE_FLIP, fb.drmModeCrtcPageFlip, crtc)
  }

  flipWithEvent(id: number, userData = 0): Promise<unknown> {
    return this.flip({ fb_id: id, flags: fb.DRM_MODE_PAGE_FLIP_EVENT, user_data: userData })
  }

  /** The mode that the connector prefers. */
  async preferred(): Promise<mode.DrmModeModeinfo> {
    const modes = mode.drmModeModeinfo.create()
    await this.connector({ count_modes: 1 }, new Map([['modes_ptr', modes]]))
    return mode.drmModeModeinfo.decode(modes)
  }

  connector(
    values: Partial<mode.DrmModeGetConnector>,
    targets: ReadonlyMap<keyof mode.DrmModeGetConnector, Uint8Array> = new Map(),
  ): Promise<mode.DrmModeGetConnector> {
    const layout = mode.drmModeGetConnector
    const request = mode.DRM_IOCTL_MODE_GETCONNECTOR
    const all = { connector_id: CONNECTOR, ...values }
    return this.ioctl(request, layout, all, pointersOf(layout, targets))
  }

  resources(
    values: Partial<mode.DrmModeCardRes> = {},
    targets: ReadonlyMap<keyof mode.DrmModeCardRes, Uint8Array> = new Map(),
  ): Promise<mode.DrmModeCardRes> {
    const layout = mode.drmModeCardRes
    const request = mode.DRM_IOCTL_MODE_GETRESOURCES
    return this.ioctl(request, layout, values, pointersOf(layout, targets))
  }

  getCrtc(id = CRTC): Promise<mode.DrmModeCrtc> {
    return this.ioctl(mode.DRM_IOCTL_MODE_GETCRTC, mode.drmModeCrtc, { crtc_id: id })
  }

  /** SETCRTC as it stands, with these connectors. */
  setCrtc(
    values: Partial<mode.DrmModeCrtc>,
    connectors: readonly number[] = [CONNECTOR],
    signal?: AbortSignal,
  ): Promise<unknown> {
    const ids = new Uint8Array(new Uint32Array(connectors).buffer)
    const at = mode.drmModeCrtc.offsets.set_connectors_ptr
    const all = { crtc_id: CRTC, count_connectors: connectors.length, ...values }
    const pointers = new Map([[at, memory(ids)]])
    return this.ioctl(mode.DRM_IOCTL_MODE_SETCRTC, mode.drmModeCrtc, all, pointers, signal)
  }

  /** Shows a framebuffer in the preferred mode, or another one. */
  async show(id: number, values: Partial<mode.DrmModeCrtc> = {}): Promise<void> {
    const preferred = await this.preferred()
    await this.setCrtc({ fb_id: id, mode_valid: 1, mode: preferred, ...values })
  }

  off(): Promise<unknown> {
    return this.setCrtc({}, [])
  }

  /** The readable events, as whole ones. */
  read(room = 4096): DrmEventVblank[] {
    const target = new Uint8Array(room)
    const length = this.file.read?.(target) ?? 0
    const count = length / drmEventVblank.size
    return Array.from({ length: count }, (_, index) =>
      drmEventVblank.decode(target.subarray(index * drmEventVblank.size)),
    )
  }
}

export const CRTC = 32
export const CONNECTOR = 34

function pointersOf<V>(
  layout: Struct<V>,
  targets: ReadonlyMap<keyof V, Uint8Array>,
): ReadonlyMap<number, UserMemory> {
  return new Map([...targets].map(([field, bytes]) => [layout.offsets[field], memory(bytes)]))
}
