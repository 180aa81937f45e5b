/**
 * udmabuf: dma-bufs made of memfds' pages.
 *
 * A CPU access syncs the pages for a pseudo-device, `udmabuf`, and for no other: importers that have
 * the buffer mapped are not synced. A process that maps the memfd itself is not governed by it at all.
 * Source: drivers/dma-buf/udmabuf.c of Linux 6.12; its cache work goes by the stable release.
 */

import { O_RDWR } from '../../abi/fcntl.ts'
import type { DmaDirection } from '../../events/event.ts'
import type { DmaLayer } from '../../kernel/dma/dma-layer.ts'
import type { DmaMapping } from '../../kernel/dma/mapping.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import type { CpuPages, DmaBufOps } from '../../kernel/dmabuf/ops.ts'
import type { PinnedPages } from '../../kernel/shmem/memfd.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { LinuxRelease } from '../../syscalls/kernel-release.ts'
import { partOf, tableByPages } from './pages.ts'

/** The pseudo-device (struct miscdevice) as boards, events and attachments name it. */
export const UDMABUF_DEVICE = 'udmabuf'
const DRIVER = { name: 'udmabuf', modelled: true } as const

/**
 * The cache work of mapping and of the first begin. `late`: everything is mapped and unmapped without
 * cache work, for importers too, and every begin syncs. `original`: mapping syncs, so the first begin only
 * maps, and later ones sync for the CPU; memory that was mapped in one direction is unmapped in both.
 */
type UdmabufSync = 'late' | 'original'

/**
 * The first update of 6.12 that is known to map without cache work. Trace events of 6.12.95 show the cache
 * work of mapping, those of 6.12.107 and 6.12.117 do not; the updates in between were not measured.
 */
const FIRST_LATE_UPDATE = 107

function syncOf({ update }: LinuxRelease): UdmabufSync {
  return update >= FIRST_LATE_UPDATE ? 'late' : 'original'
}

/** One buffer (struct udmabuf). */
interface Pages {
  readonly pinned: PinnedPages
  /** The pseudo-device's mapping, from the first begin to the release. */
  mapping: DmaMapping | undefined
}

export class Udmabufs {
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #sync: UdmabufSync
  readonly #ops: DmaBufOps

  constructor(dma: DmaLayer, core: DmaBufCore, release: LinuxRelease) {
    this.#dma = dma
    this.#core = core
    this.#sync = syncOf(release)
    this.#ops = this.#makeOps()
    dma.devices.set(UDMABUF_DEVICE, { virtual: true })
    dma.devices.setMask(UDMABUF_DEVICE, 64)
  }

  /** A buffer of these pages, which it then holds until it is released. ENOMEM. */
  export(pinned: PinnedPages, size: number): DmaBuf {
    const priv: Pages = { pinned, mapping: undefined }
    const what = { exporter: 'udmabuf', driver: DRIVER, size, flags: O_RDWR }
    return this.#core.export({ ...what, ops: this.#ops, priv })
  }

  /** Begin and end do nothing for an importer's mapping, and since `late` neither does mapping. */
  #makeOps(): DmaBufOps {
    return {
      cacheSgtMapping: true,
      mapDmaBuf: ({ buffer, device, id }, direction) =>
        this.#dma.map({
          device,
          table: tableByPages(pagesOf(buffer).pinned.runs),
          direction,
          skipCpuSync: this.#sync === 'late',
          buffer: buffer.inode,
          attachment: id,
          driver: DRIVER,
        }),
      unmapDmaBuf: (_attachment, mapping, direction) => this.#dma.unmap(mapping, { direction }),
      beginCpuAccess: (buffer, direction) => this.#begin(buffer, direction),
      endCpuAccess: (buffer, direction) => this.#end(buffer, direction),
      mmap: (buffer, offset, length, shared) => {
        if (!shared) throw new KernelError('EINVAL', 'a udmabuf cannot be mapped MAP_PRIVATE')
        return cpuPages(buffer, offset, offset + length)
      },
      vmap: (buffer) => cpuPages(buffer, 0, buffer.size),
      vunmap: () => {},
      release: (buffer) => this.#release(pagesOf(buffer)),
    }
  }

  #begin(buffer: DmaBuf, direction: DmaDirection): void {
    const pages = pagesOf(buffer)
    const first = pages.mapping === undefined
    pages.mapping ??= this.#dma.map({
      device: UDMABUF_DEVICE,
      table: tableByPages(pages.pinned.runs),
      direction,
      skipCpuSync: this.#sync === 'late',
      buffer: buffer.inode,
      driver: DRIVER,
    })
    if (first && this.#sync === 'original') return
    this.#dma.syncForCpu(pages.mapping, direction)
  }

  #end(buffer: DmaBuf, direction: DmaDirection): void {
    const { mapping } = pagesOf(buffer)
    if (mapping === undefined) throw new KernelError('EINVAL', 'no CPU access was ever begun')
    this.#dma.syncForDevice(mapping, direction)
  }

  #release({ mapping, pinned }: Pages): void {
    if (mapping !== undefined) {
      const direction = this.#sync === 'late' ? mapping.direction : 'bidirectional'
      this.#dma.unmap(mapping, { direction })
    }
    pinned.unpin()
  }
}

function cpuPages(buffer: DmaBuf, start: number, end: number): CpuPages {
  const runs = partOf(pagesOf(buffer).pinned.runs, start, end)
  return { runs, attribute: 'cached', expandable: false }
}

function pagesOf(buffer: DmaBuf): Pages {
  return buffer.priv as Pages
}
