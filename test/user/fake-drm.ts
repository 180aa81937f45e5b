import * as drm from '../../src/abi/drm.ts'
import * as dumb from '../../src/abi/drm-dumb.ts'
import { drmEventVblank } from '../../src/abi/drm-event.ts'
import * as fb from '../../src/abi/drm-framebuffer.ts'
import * as kms from '../../src/abi/drm-mode.ts'
import { errno } from '../../src/abi/errno.ts'
import type { IoctlArg } from '../../src/syscalls/ioctl-arg.ts'
import { makeMode } from '../../src/user/drm-mode-choice.ts'
import type { FakeBuffer, FakeFiles } from './fake-files.ts'

const crtc = 31
const connector = 41
const encoder = 51

/** A display with one screen, whose flips complete when their event is read. */
export class FakeDrm {
  readonly handles = new Map<number, FakeBuffer>()
  readonly framebuffers = new Map<number, FakeBuffer>()
  readonly dumbs = new Set<number>()
  modes: kms.DrmModeModeinfo[] = [makeMode(64, 32)]
  connection: number = kms.DRM_MODE_CONNECTED
  onScreen: number | undefined
  flipping: { framebuffer: number; userData: number } | undefined
  /** Whether a flip's event comes at all. */
  flipsComplete = true
  modeSets = 0
  #next = 100
  readonly #files: FakeFiles

  constructor(files: FakeFiles) {
    this.#files = files
  }

  get ready(): boolean {
    return this.flipping !== undefined && this.flipsComplete
  }

  /** The buffers that the display reads now. */
  reading(): (FakeBuffer | undefined)[] {
    return [this.onScreen, this.flipping?.framebuffer]
      .filter((id) => id !== undefined)
      .map((id) => this.framebuffers.get(id))
  }

  read(target: Uint8Array): number {
    const flip = this.flipping
    if (flip === undefined || !this.flipsComplete) return -errno.EAGAIN
    this.onScreen = flip.framebuffer
    this.flipping = undefined
    const { size } = drmEventVblank
    target.set(drmEventVblank.create({ type: 2, length: size, user_data: flip.userData }))
    return size
  }

  ioctl(name: string, argument: IoctlArg): number {
    const { bytes } = argument
    switch (name) {
      case 'DRM_IOCTL_GET_CAP':
        drm.drmGetCap.over(bytes).value = 3
        return 0
      case 'DRM_IOCTL_MODE_GETRESOURCES':
        return this.#resources(argument)
      case 'DRM_IOCTL_MODE_GETCONNECTOR':
        return this.#connector(argument)
      case 'DRM_IOCTL_MODE_GETENCODER':
        kms.drmModeGetEncoder.over(bytes).possible_crtcs = 1
        return 0
      case 'DRM_IOCTL_PRIME_FD_TO_HANDLE':
        return this.#import(bytes)
      case 'DRM_IOCTL_PRIME_HANDLE_TO_FD':
        return this.#export(bytes)
      case 'DRM_IOCTL_GEM_CLOSE':
        return this.handles.delete(drm.drmGemClose.decode(bytes).handle) ? 0 : -errno.EINVAL
      case 'DRM_IOCTL_MODE_ADDFB2':
        return this.#addFramebuffer(bytes)
      case 'DRM_IOCTL_MODE_RMFB':
        return this.framebuffers.delete(fb.drmModeRmFb.decode(bytes).fb_id) ? 0 : -errno.ENOENT
      case 'DRM_IOCTL_MODE_SETCRTC':
        return this.#setCrtc(bytes)
      case 'DRM_IOCTL_MODE_PAGE_FLIP':
        return this.#flip(bytes)
      default:
        return this.#dumb(name, bytes)
    }
  }

  #ids(argument: IoctlArg, offset: number, count: number, id: number): void {
    const target = argument.pointers?.get(offset)?.bytes
    if (count > 0 && target !== undefined) target.set(new Uint8Array(new Uint32Array([id]).buffer))
  }

  #resources(argument: IoctlArg): number {
    const fields = kms.drmModeCardRes.over(argument.bytes)
    const { offsets } = kms.drmModeCardRes
    this.#ids(argument, offsets.crtc_id_ptr, fields.count_crtcs, crtc)
    this.#ids(argument, offsets.connector_id_ptr, fields.count_connectors, connector)
    fields.count_crtcs = fields.count_connectors = fields.count_encoders = 1
    return 0
  }

  #connector(argument: IoctlArg): number {
    const fields = kms.drmModeGetConnector.over(argument.bytes)
    const { offsets } = kms.drmModeGetConnector
    this.#ids(argument, offsets.encoders_ptr, fields.count_encoders, encoder)
    if (fields.count_modes >= this.modes.length) {
      const target = argument.pointers?.get(offsets.modes_ptr)?.bytes
      this.modes.forEach((mode, i) => {
        target?.set(kms.drmModeModeinfo.create(mode), i * kms.drmModeModeinfo.size)
      })
    }
    fields.count_modes = this.modes.length
    fields.count_encoders = 1
    fields.connection = this.connection
    return 0
  }

  #import(bytes: Uint8Array): number {
    const fields = drm.drmPrimeHandle.over(bytes)
    const buffer = this.#files.buffer(fields.fd)
    if (buffer === undefined) return -errno.EBADF
    const known = [...this.handles].find(([, other]) => other === buffer)
    fields.handle = known?.[0] ?? this.#next++
    this.handles.set(fields.handle, buffer)
    return 0
  }

  #export(bytes: Uint8Array): number {
    const fields = drm.drmPrimeHandle.over(bytes)
    const buffer = this.handles.get(fields.handle)
    if (buffer === undefined) return -errno.ENOENT
    fields.fd = this.#files.install({ kind: 'dmabuf', buffer })
    return 0
  }

  #addFramebuffer(bytes: Uint8Array): number {
    const fields = fb.drmModeFbCmd2.over(bytes)
    const buffer = this.handles.get(fields.handles[0] ?? 0)
    if (buffer === undefined) return -errno.ENOENT
    fields.fb_id = this.#next++
    this.framebuffers.set(fields.fb_id, buffer)
    return 0
  }

  #setCrtc(bytes: Uint8Array): number {
    const { fb_id } = kms.drmModeCrtc.decode(bytes)
    if (fb_id !== 0 && !this.framebuffers.has(fb_id)) return -errno.ENOENT
    this.modeSets++
    this.flipping = undefined
    this.onScreen = fb_id === 0 ? undefined : fb_id
    return 0
  }

  #flip(bytes: Uint8Array): number {
    const { fb_id, user_data } = fb.drmModeCrtcPageFlip.decode(bytes)
    if (this.flipping !== undefined) return -errno.EBUSY
    this.flipping = { framebuffer: fb_id, userData: user_data }
    return 0
  }

  #dumb(name: string, bytes: Uint8Array): number {
    if (name === 'DRM_IOCTL_MODE_CREATE_DUMB') {
      const fields = dumb.drmModeCreateDumb.over(bytes)
      fields.pitch = fields.width * 4
      fields.size = fields.pitch * fields.height
      fields.handle = this.#next++
      this.handles.set(fields.handle, this.#files.newBuffer(fields.size))
      return 0
    }
    const { handle } = dumb.drmModeDestroyDumb.decode(bytes)
    if (name === 'DRM_IOCTL_MODE_MAP_DUMB') {
      dumb.drmModeMapDumb.over(bytes).offset = handle * 0x100000
      return this.handles.has(handle) ? 0 : -errno.ENOENT
    }
    if (name !== 'DRM_IOCTL_MODE_DESTROY_DUMB') return -errno.ENOTTY
    return this.handles.delete(handle) ? 0 : -errno.EINVAL
  }
}
