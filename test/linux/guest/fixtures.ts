import { readdirSync } from 'node:fs'
import { DmaBuf, DmaHeap } from 'dmabuf'
import { LinuxKernel, type MemoryMode } from 'dmabuf/linux'
import { errno } from '../../../src/abi/errno.ts'
import { F_ADD_SEALS, O_CLOEXEC, O_RDWR } from '../../../src/abi/fcntl.ts'
import { F_SEAL_SHRINK, MFD_ALLOW_SEALING, MFD_CLOEXEC } from '../../../src/abi/memfd.ts'
import { UDMABUF_CREATE, udmabufCreate } from '../../../src/abi/udmabuf.ts'
import { plainArg } from '../../../src/syscalls/ioctl-arg.ts'
import type { Syscalls } from '../../../src/syscalls/syscalls.ts'

export const SIZE = 84 * 4096

/** Every test has a separate kernel, so its open descriptors and mappings can be counted. */
export async function withKernel(
  body: (kernel: LinuxKernel) => unknown,
  memory: MemoryMode = 'direct',
): Promise<void> {
  const kernel = new LinuxKernel({ memory, reportForgotten: false })
  try {
    await body(kernel)
  } finally {
    kernel.close()
  }
}

export async function heapBuffer(kernel: LinuxKernel, size = SIZE): Promise<DmaBuf> {
  using heap = DmaHeap.open(kernel)
  return await heap.allocate(size)
}

/** A memfd of `size` bytes that can become a udmabuf. */
export function sealedMemfd(sys: Syscalls, size = SIZE): number {
  const fd = sys.memfdCreate('test', MFD_ALLOW_SEALING | MFD_CLOEXEC)
  sys.ftruncate(fd, size)
  sys.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)
  return fd
}

/** UDMABUF_CREATE of all of `memfd`: the descriptor, or the error. */
export async function udmabufFd(sys: Syscalls, memfd: number, size = SIZE): Promise<number> {
  const device = sys.open('/dev/udmabuf', O_RDWR | O_CLOEXEC)
  try {
    const bytes = udmabufCreate.create({ memfd, size })
    return await sys.ioctl(device, UDMABUF_CREATE, plainArg(bytes))
  } finally {
    sys.close(device)
  }
}

/** A dma-buf of the pages of `memfd`. */
export async function udmabuf(kernel: LinuxKernel, memfd: number, size = SIZE): Promise<DmaBuf> {
  return DmaBuf.adopt(kernel, await udmabufFd(kernel.sys, memfd, size))
}

/** How many descriptors this process has. */
export function openFds(): number {
  return readdirSync('/proc/self/fd').length
}

/** The negative number that a call returns for `code`. */
export function failure(code: keyof typeof errno): number {
  return -errno[code]
}
