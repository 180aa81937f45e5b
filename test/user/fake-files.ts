import { errno } from '../../src/abi/errno.ts'
import { PROT_WRITE } from '../../src/abi/fcntl.ts'

/** The memory behind a dma-buf of the fake. */
export interface FakeBuffer {
  readonly id: number
  readonly memory: Uint8Array<ArrayBuffer>
  readOnly: boolean
  /** SYNC flags as they came. */
  readonly syncs: number[]
}

/** The file behind a descriptor of the fake. */
export type FakeFile =
  | { readonly kind: 'heap' | 'video' | 'drm' | 'plain' }
  | { readonly kind: 'dmabuf'; readonly buffer: FakeBuffer }

interface FakeMapping {
  readonly buffer: FakeBuffer
  readonly length: number
  readonly protection: number
}

/** Descriptors and mappings, numbered lowest first like the kernel's. */
export class FakeFiles {
  readonly fds = new Map<number, FakeFile>()
  readonly mappings = new Map<number, FakeMapping>()
  #buffers = 0
  #address = 0x10000

  install(file: FakeFile): number {
    let fd = 3
    while (this.fds.has(fd)) fd++
    this.fds.set(fd, file)
    return fd
  }

  newBuffer(size: number): FakeBuffer {
    const memory = new Uint8Array(Math.ceil(size / 4096) * 4096)
    return { id: ++this.#buffers, memory, readOnly: false, syncs: [] }
  }

  buffer(fd: number): FakeBuffer | undefined {
    const file = this.fds.get(fd)
    return file?.kind === 'dmabuf' ? file.buffer : undefined
  }

  map(buffer: FakeBuffer | undefined, length: number, protection: number): number {
    if (buffer === undefined || length > buffer.memory.length || length === 0) return -errno.EINVAL
    if (buffer.readOnly && (protection & PROT_WRITE) !== 0) return -errno.EACCES
    this.#address += 0x1000000
    this.mappings.set(this.#address, { buffer, length, protection })
    return this.#address
  }

  bytes(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    for (const [start, { buffer, length: mapped }] of this.mappings) {
      if (address < start || address + length > start + mapped) continue
      return buffer.memory.subarray(address - start, address - start + length)
    }
    return undefined
  }
}
