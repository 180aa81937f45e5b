import type { OpenFile } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import { O_RDONLY, SEEK_CUR, SEEK_SET } from '../uapi/fcntl.ts'

/** A file of the kernel that is a text, made when it is opened (struct seq_file). */
export function textFile(path: string, content: string): OpenFile {
  const text = new TextEncoder().encode(content)
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
      at = to
      return to
    },
    read: (target) => {
      const part = text.subarray(at, at + target.length)
      target.set(part)
      at += part.length
      return part.length
    },
    release: () => {},
  }
}
