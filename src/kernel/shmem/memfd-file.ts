import { O_LARGEFILE, O_RDWR, SEEK_CUR, SEEK_END, SEEK_SET } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { MappedMemory, MapRequest, OpenFile } from '../dmabuf/file.ts'
import { FilePosition } from '../dmabuf/file-position.ts'
import type { Memfd } from './memfd.ts'

/** The open file of a memfd: an offset, and its release. */
export class MemfdFile implements OpenFile {
  readonly what: string
  flags: number = O_RDWR | O_LARGEFILE
  readonly memory: Memfd
  readonly #position = new FilePosition()

  constructor(name: string, memory: Memfd) {
    this.what = `memfd:${name}`
    this.memory = memory
  }

  get position(): bigint {
    return this.#position.exact
  }

  /** EINVAL for another whence and for a place that no file has; EOVERFLOW, see FilePosition. */
  lseek(offset: number, whence: number): number {
    return this.#position.move(this.#origin(whence), offset)
  }

  mmap(request: MapRequest): MappedMemory {
    return this.memory.map(request)
  }

  read(target: Uint8Array): number {
    const count = this.memory.read(this.#position.near, target)
    this.#position.advance(count)
    return count
  }

  release(): void {
    this.memory.release()
  }

  #origin(whence: number): bigint {
    if (whence === SEEK_SET) return 0n
    if (whence === SEEK_CUR) return this.#position.exact
    if (whence === SEEK_END) return BigInt(this.memory.size)
    throw new KernelError('EINVAL', `whence ${whence} is not known`)
  }
}

/** The memory of a memfd; undefined for another kind of file. */
export function memfdOf(file: OpenFile | undefined): Memfd | undefined {
  return file instanceof MemfdFile ? file.memory : undefined
}
