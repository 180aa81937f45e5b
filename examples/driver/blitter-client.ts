/** The user-space class for /dev/blitter. */
import { type BorrowedFd, DmaBuf, type Kernel, type OwnedFd, SystemError } from 'dmabuf'
import { BLIT, CREATE } from './blitter.ts'

const O_RDWR = 2

export class Blitter implements Disposable {
  readonly #kernel: Kernel
  readonly #fd: number

  private constructor(kernel: Kernel, fd: number) {
    this.#kernel = kernel
    this.#fd = fd
  }

  /** Close it with `using`. ENOENT, EMFILE, ENOMEM. */
  static open(kernel: Kernel): Blitter {
    return new Blitter(kernel, succeed('open', kernel.sys.open('/dev/blitter', O_RDWR)))
  }

  /** May sleep. A new buffer of `size` bytes. */
  async create(size: number): Promise<DmaBuf> {
    return DmaBuf.adopt(this.#kernel, (await this.#ioctl('CREATE', CREATE, size)) as OwnedFd)
  }

  /** May sleep. `to` is `from` with `key` XORed into each byte, and `number` in its first four. */
  async blit(from: DmaBuf, to: DmaBuf, key: number, number: number): Promise<void> {
    await this.#ioctl('BLIT', BLIT, from.fd, to.fd, key, number)
  }

  [Symbol.dispose](): void {
    this.#kernel.sys.close(this.#fd)
  }

  async #ioctl(name: string, request: number, ...words: (number | BorrowedFd)[]): Promise<number> {
    const bytes = new Uint8Array(Int32Array.from(words).buffer)
    return succeed(name, await this.#kernel.sys.ioctl(this.#fd, request, { bytes }))
  }
}

function succeed(syscall: string, result: number): number {
  if (result < 0) throw new SystemError({ errno: result, syscall })
  return result
}
