import type { OpenFile } from '../../dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { O_LARGEFILE, O_RDWR, SEEK_CUR, SEEK_END, SEEK_SET } from '../../uapi/fcntl.ts'
import type { Memfd } from './memfd.ts'

/** The open file of a memfd: an offset, and its release. */
export class MemfdFile implements OpenFile {
  readonly what: string
  flags: number = O_RDWR | O_LARGEFILE
  readonly memory: Memfd
  #offset = 0

  constructor(name: string, memory: Memfd) {
    this.what = `memfd:${name}`
    this.memory = memory
  }

  get position(): number {
    return this.#offset
  }

  /**
   * EINVAL for another whence, and for a place before the start; EOVERFLOW beyond 2^53, which no result of
   * the waist can say, as beyond 2^31 where off_t has 32 bits.
   */
  lseek(offset: number, whence: number): number {
    const at = this.#origin(whence) + offset
    if (at < 0) throw new KernelError('EINVAL', `${at} lies before the start of the file`)
    if (!Number.isSafeInteger(at)) throw new KernelError('EOVERFLOW', 'the place is beyond 2^53')
    this.#offset = at
    return at
  }

  read(target: Uint8Array): number {
    const count = this.memory.read(this.#offset, target)
    this.#offset += count
    return count
  }

  release(): void {
    this.memory.release()
  }

  #origin(whence: number): number {
    if (whence === SEEK_SET) return 0
    if (whence === SEEK_CUR) return this.#offset
    if (whence === SEEK_END) return this.memory.size
    throw new KernelError('EINVAL', `whence ${whence} is not known`)
  }
}
