/** vgem and the fences of buffers, by raw calls on the waist of a simulated kernel. */

import * as drm from '../../../src/abi/drm.ts'
import * as dumb from '../../../src/abi/drm-dumb.ts'
import { errnoName } from '../../../src/abi/errno.ts'
import type { Struct } from '../../../src/abi/struct.ts'
import * as sync from '../../../src/abi/sync-file.ts'
import * as vgem from '../../../src/abi/vgem.ts'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import type { DmabufEvent } from '../../../src/events/event.ts'
import { lazyPolicy } from '../../../src/machine/policy.ts'
import { SimKernel, type SimOptions } from '../../../src/sim/kernel.ts'
import type { IoctlArg } from '../../../src/syscalls/ioctl-arg.ts'
import * as uapi from '../../uapi.ts'

export const SIZE = 8192
export const { POLLIN, POLLOUT } = uapi

/** The result of a call, by name if it is an error; and its structure afterwards. */
export interface Answer<V> {
  readonly code: string
  readonly args: V
}

/** The name of a negative result, else `ok`. */
export function codeOf(result: number): string {
  return result < 0 ? (errnoName(result) ?? String(result)) : 'ok'
}

export class VgemRig {
  readonly kernel: SimKernel
  readonly events: DmabufEvent[] = []
  /** An open vgem. */
  readonly card: number

  constructor(options: Partial<SimOptions> = {}) {
    this.kernel = new SimKernel({ board: armSoc, policy: lazyPolicy, ...options })
    this.kernel.events.listen((event) => this.events.push(event))
    this.card = this.open()
  }

  get sys(): SimKernel['sys'] {
    return this.kernel.sys
  }

  open(path = '/dev/dri/card1'): number {
    return this.sys.open(path, uapi.O_RDWR)
  }

  async ioctl<V>(
    fd: number,
    request: number,
    layout: Struct<V>,
    values: Partial<V> = {},
    pointers: ReadonlyMap<number, IoctlArg> = new Map(),
    signal?: AbortSignal,
  ): Promise<Answer<V>> {
    const bytes = layout.create(values)
    const result = await this.sys.ioctl(fd, request, { bytes, pointers }, { signal })
    return { code: codeOf(result), args: layout.decode(bytes) }
  }

  /** A buffer of the system heap. */
  async buffer(len = SIZE): Promise<number> {
    const heap = this.sys.open('/dev/dma_heap/system', uapi.O_RDWR)
    const values = { len, fd_flags: uapi.O_RDWR }
    const layout = uapi.dmaHeapAllocationData
    const { args } = await this.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, layout, values)
    this.sys.close(heap)
    return args.fd
  }

  import(fd: number, card = this.card): Promise<Answer<drm.DrmPrimeHandle>> {
    return this.ioctl(card, drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, drm.drmPrimeHandle, { fd })
  }

  export(handle: number, flags = drm.DRM_RDWR): Promise<Answer<drm.DrmPrimeHandle>> {
    const request = drm.DRM_IOCTL_PRIME_HANDLE_TO_FD
    return this.ioctl(this.card, request, drm.drmPrimeHandle, { handle, flags })
  }

  closeHandle(handle: number): Promise<Answer<drm.DrmGemClose>> {
    return this.ioctl(this.card, drm.DRM_IOCTL_GEM_CLOSE, drm.drmGemClose, { handle })
  }

  dumb(width = 32, height = 32): Promise<Answer<dumb.DrmModeCreateDumb>> {
    const values = { width, height, bpp: 32 }
    return this.ioctl(this.card, dumb.DRM_IOCTL_MODE_CREATE_DUMB, dumb.drmModeCreateDumb, values)
  }

  mapDumb(handle: number): Promise<Answer<dumb.DrmModeMapDumb>> {
    return this.ioctl(this.card, dumb.DRM_IOCTL_MODE_MAP_DUMB, dumb.drmModeMapDumb, { handle })
  }

  attach(values: Partial<vgem.DrmVgemFenceAttach>): Promise<Answer<vgem.DrmVgemFenceAttach>> {
    const request = vgem.DRM_IOCTL_VGEM_FENCE_ATTACH
    return this.ioctl(this.card, request, vgem.drmVgemFenceAttach, values)
  }

  /** The number of a new fence. */
  async fence(handle: number, access: 'read' | 'write' = 'write'): Promise<number> {
    const flags = access === 'write' ? vgem.VGEM_FENCE_WRITE : 0
    return (await this.attach({ handle, flags })).args.out_fence
  }

  async signal(fence: number, flags = 0): Promise<string> {
    const request = vgem.DRM_IOCTL_VGEM_FENCE_SIGNAL
    return (await this.ioctl(this.card, request, vgem.drmVgemFenceSignal, { fence, flags })).code
  }

  /** A heap buffer, imported, with a fence on it. */
  async busy(
    access: 'read' | 'write' = 'write',
  ): Promise<{ fd: number; handle: number; fence: number }> {
    const fd = await this.buffer()
    const { handle } = (await this.import(fd)).args
    return { fd, handle, fence: await this.fence(handle, access) }
  }

  exportSync(fd: number, flags = uapi.DMA_BUF_SYNC_READ): Promise<Answer<uapi.DmaBufSyncFile>> {
    const request = uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE
    return this.ioctl(fd, request, uapi.dmaBufExportSyncFile, { flags, fd: -7 })
  }

  async importSync(fd: number, flags: number, file: number): Promise<string> {
    const request = uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE
    return (await this.ioctl(fd, request, uapi.dmaBufImportSyncFile, { flags, fd: file })).code
  }

  merge(fd: number, values: Partial<sync.SyncMergeData>): Promise<Answer<sync.SyncMergeData>> {
    return this.ioctl(fd, sync.SYNC_IOC_MERGE, sync.syncMergeData, { fence: -7, ...values })
  }

  /** FILE_INFO with room for `count` fences. */
  async info(
    fd: number,
    count = 0,
    values: Partial<sync.SyncFileInfo> = {},
  ): Promise<Answer<sync.SyncFileInfo> & { fences: sync.SyncFenceInfo[] }> {
    const { size } = sync.syncFenceInfo
    const table = new Uint8Array(count * size)
    const pointers = new Map([[sync.syncFileInfo.offsets.sync_fence_info, { bytes: table }]])
    const all = { num_fences: count, ...values }
    const request = sync.SYNC_IOC_FILE_INFO
    const answer = await this.ioctl(fd, request, sync.syncFileInfo, all, pointers)
    const fences = Array.from({ length: Math.min(count, answer.args.num_fences) }, (_, i) =>
      sync.syncFenceInfo.decode(table.subarray(i * size)),
    )
    return { ...answer, fences }
  }

  /** SYNC. */
  async access(fd: number, flags: number, signal?: AbortSignal): Promise<string> {
    const request = uapi.DMA_BUF_IOCTL_SYNC
    return (await this.ioctl(fd, request, uapi.dmaBufSync, { flags }, new Map(), signal)).code
  }

  /** The events that are ready now, or within `timeout` nanoseconds. */
  async poll(fd: number, events = POLLIN | POLLOUT, timeout = 0): Promise<number> {
    const entry = { fd, events, revents: 0 }
    await this.sys.poll([entry], timeout)
    return entry.revents
  }

  of<K extends DmabufEvent['kind']>(...kinds: K[]): (DmabufEvent & { readonly kind: K })[] {
    return this.events.filter((event): event is DmabufEvent & { readonly kind: K } =>
      (kinds as string[]).includes(event.kind),
    )
  }

  readText(path: string): string {
    const fd = this.sys.open(path, uapi.O_RDONLY)
    const bytes = new Uint8Array(4096)
    const length = this.sys.read(fd, bytes)
    this.sys.close(fd)
    return new TextDecoder().decode(bytes.subarray(0, length))
  }
}
