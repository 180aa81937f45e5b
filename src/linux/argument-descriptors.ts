import { errno } from '../abi/errno.ts'
import { namedDescriptors } from '../syscalls/requests/index.ts'
import type { Libc } from './libc.ts'
import { ownDescriptor } from './own-descriptor.ts'

/**
 * Replaces the descriptors that the request names in `bytes` by duplicates, so that the call acts on the
 * files that were open when it was made. Returns a function that restores them; a descriptor that the kernel
 * has overwritten stays as the kernel wrote it.
 */
export function holdDescriptors(libc: Libc, request: number, bytes: Uint8Array): () => void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const owns = new Map<number, number>()
  const held = namedDescriptors(request, bytes).map((offset) => {
    const fd = data.getInt32(offset, true)
    const own = owns.get(fd) ?? ownDescriptor(libc, fd)
    owns.set(fd, own)
    // A number that is not open now stands for nothing, also if it is open when the call is made.
    if (own >= 0 || own === -errno.EBADF) data.setInt32(offset, Math.max(own, -1), true)
    return { offset, fd, own }
  })
  return () => {
    for (const { offset, fd, own } of held) {
      if (data.getInt32(offset, true) === Math.max(own, -1)) data.setInt32(offset, fd, true)
    }
    for (const own of owns.values()) if (own >= 0) libc.close(own)
  }
}
