import { errno, errnoName } from '../abi/errno.ts'
import { PAGE_SIZE } from '../abi/fcntl.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Calls } from './calls.ts'

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Bytes of a buffer whose pages do not lie in one piece, as one array: a copy, gathered from the pieces
 * when it is made, and merged into them when it ends. Only changed bytes are merged, so that
 * the stores of others meanwhile stay.
 */
export class GatheredBytes {
  readonly #pieces: readonly Piece[]
  readonly #before: Uint8Array
  #bytes: Uint8Array<ArrayBuffer>

  /** Throws EFAULT where nothing is mapped. */
  constructor(calls: Calls, address: number, length: number) {
    this.#pieces = piecesOf(calls, address, length)
    this.#bytes = new Uint8Array(length)
    for (const { offset, bytes } of this.#pieces) this.#bytes.set(bytes, offset)
    this.#before = this.#bytes.slice()
  }

  /** The copy; empty once merged. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes
  }

  /** Stores the changed bytes into the pieces, and ends the array as the end of a CPU access does. */
  merge(): void {
    if (this.#bytes.length !== this.#before.length) throw transferred()
    for (const { offset, bytes } of this.#pieces) {
      for (let i = 0; i < bytes.length; i++) {
        const value = this.#bytes[offset + i] as number
        if (value !== this.#before[offset + i]) bytes[i] = value
      }
    }
    const { buffer } = this.#bytes
    structuredClone(buffer, { transfer: [buffer] })
    this.#bytes = new Uint8Array(0)
  }
}

/** Not merged: the bytes have moved to another buffer. */
function transferred(): Error {
  return systemError({
    errno: -errno.EFAULT,
    syscall: 'view',
    detail:
      'the memory of the bytes was transferred by structuredClone or postMessage, and its stores are ' +
      'lost: pass a copy, such as bytes.slice()',
  })
}

/** Arrays over `[address, address + length)`, as few as halving finds. */
function piecesOf(calls: Calls, address: number, length: number): Piece[] {
  const pieces: Piece[] = []
  const collect = (offset: number, size: number): void => {
    const view = calls.run(() => calls.sys.view(address + offset, size, 'bracket'))
    if (typeof view !== 'number') {
      pieces.push({ offset, bytes: view })
      return
    }
    if (view !== -errno.EINVAL || size <= PAGE_SIZE) {
      const detail = `${errnoName(view)} at byte ${offset}`
      throw systemError({ errno: view, syscall: 'view', detail })
    }
    const half = Math.ceil(size / PAGE_SIZE / 2) * PAGE_SIZE
    collect(offset, half)
    collect(offset + half, size - half)
  }
  collect(0, length)
  return pieces
}
