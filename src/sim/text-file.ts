import type { OpenFile } from '../dmabuf/file.ts'
import { O_RDONLY } from '../uapi/fcntl.ts'

/** A file of the kernel that is a text, made when it is opened and read once from start to end. */
export function textFile(path: string, content: string): OpenFile {
  const text = new TextEncoder().encode(content)
  let at = 0
  return {
    what: path,
    flags: O_RDONLY,
    read: (target) => {
      const part = text.subarray(at, at + target.length)
      target.set(part)
      at += part.length
      return part.length
    },
    release: () => {},
  }
}
