/** /dev/udmabuf on a simulated kernel, with memfds to make buffers of. */
import type { DmabufEvent } from '../../../src/events/event.ts'
import type { SimKernel, SimOptions } from '../../../src/sim/kernel.ts'
import { memfd, PAGE, start } from '../../sim/rig.ts'
import * as uapi from '../../uapi.ts'

export { PAGE }

export class Rig {
  readonly kernel: SimKernel
  readonly device: number
  readonly events: DmabufEvent[] = []

  constructor(options: Partial<SimOptions> = {}) {
    this.kernel = start(options)
    this.kernel.events.listen((event) => this.events.push(event))
    this.device = this.kernel.sys.open('/dev/udmabuf', uapi.O_RDWR)
  }

  /** A memfd of `pages` pages that fits. */
  memfd(pages: number, seals: number = uapi.F_SEAL_SHRINK): number {
    return memfd(this.kernel, pages * PAGE, seals)
  }

  create(values: Partial<uapi.UdmabufCreate>): Promise<number> {
    const bytes = uapi.udmabufCreate.create(values)
    return this.kernel.sys.ioctl(this.device, uapi.UDMABUF_CREATE, { bytes })
  }

  createList(items: readonly Partial<uapi.UdmabufCreateItem>[], flags = 0): Promise<number> {
    const bytes = uapi.udmabufList(flags, items)
    return this.kernel.sys.ioctl(this.device, uapi.UDMABUF_CREATE_LIST, { bytes })
  }

  sync(fd: number, flags: number): Promise<number> {
    const bytes = uapi.dmaBufSync.create({ flags })
    return this.kernel.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_SYNC, { bytes })
  }

  map(fd: number, pages: number, offset = 0): number {
    const both = uapi.PROT_READ | uapi.PROT_WRITE
    return this.kernel.sys.mmap(pages * PAGE, both, uapi.MAP_SHARED, fd, offset * PAGE)
  }

  /** The kinds of events about DMA since this was last asked. */
  dmaEvents(): string[] {
    return this.events.splice(0).flatMap((event) => {
      if (event.kind === 'maintenance') return [event.op]
      if (event.kind === 'dma-map' || event.kind === 'dma-unmap') return [event.kind]
      return event.kind === 'dma-sync' ? [`for ${event.to}`] : []
    })
  }
}
