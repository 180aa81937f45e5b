import { O_RDONLY, SEEK_CUR, SEEK_SET } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { OpenFile } from '../dmabuf/file.ts'
import { FilePosition } from '../dmabuf/file-position.ts'

/**
 * A file of the kernel that is a text: `show` makes it again at each read from its start, and at
 * each seek. Errors of `show`, also now, are the call's. Source: fs/seq_file.c of Linux 6.12.
 */
export function textFile(path: string, show: () => string): OpenFile {
  const encoder = new TextEncoder()
  let text = encoder.encode(show())
  const position = new FilePosition()
  /** A seek that cannot be shown leaves the file at its start. Source: seq_lseek. */
  const shownFrom = (moved: FilePosition): Uint8Array<ArrayBuffer> => {
    try {
      return encoder.encode(show())
    } catch (error) {
      moved.move(0n, 0)
      throw error
    }
  }
  return {
    what: path,
    flags: O_RDONLY,
    isNoExec: path.startsWith('/proc/'),
    get position() {
      return position.exact
    },
    lseek: (offset, whence) => {
      if (whence !== SEEK_SET && whence !== SEEK_CUR) {
        throw new KernelError('EINVAL', `${path} cannot seek by ${offset} from ${whence}`)
      }
      const before = position.exact
      try {
        return position.move(whence === SEEK_CUR ? before : 0n, offset)
      } finally {
        const after = position.exact
        if (after !== before && after !== 0n) text = shownFrom(position)
      }
    },
    read: (target) => {
      const at = position.near
      if (at === 0) text = encoder.encode(show())
      const part = text.subarray(at, at + target.length)
      target.set(part)
      position.advance(part.length)
      return part.length
    },
    release: () => {},
  }
}
