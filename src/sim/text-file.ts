import type { OpenFile } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import { O_RDONLY, SEEK_CUR, SEEK_SET } from '../uapi/fcntl.ts'

/**
 * A file of the kernel that is a text: `show` makes it anew whenever it is read from its start, or
 * sought in. What `show` throws, also now, is the call's error. Source: fs/seq_file.c of Linux 6.12.
 */
export function textFile(path: string, show: () => string): OpenFile {
  const encoder = new TextEncoder()
  let text = encoder.encode(show())
  let at = 0
  return {
    what: path,
    flags: O_RDONLY,
    isNoExec: path.startsWith('/proc/'),
    get position() {
      return at
    },
    lseek: (offset, whence) => {
      const to = whence === SEEK_CUR ? at + offset : offset
      if (to < 0 || (whence !== SEEK_SET && whence !== SEEK_CUR)) {
        throw new KernelError('EINVAL', `${path} cannot seek by ${offset} from ${whence}`)
      }
      if (!Number.isSafeInteger(to)) throw new KernelError('EOVERFLOW', 'the place is beyond 2^53')
      if (to !== at && to !== 0) text = encoder.encode(show())
      at = to
      return to
    },
    read: (target) => {
      if (at === 0) text = encoder.encode(show())
      const part = text.subarray(at, at + target.length)
      target.set(part)
      at += part.length
      return part.length
    },
    release: () => {},
  }
}
