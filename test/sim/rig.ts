/** Calls on the waist of a simulated kernel, as the tests of this folder make them. */

import { armSoc } from '../../src/boards/arm-soc.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'
import { SimKernel, type SimOptions } from '../../src/sim/kernel.ts'
import * as uapi from '../uapi.ts'

export const PAGE = 4096
export const RW: number = uapi.PROT_READ | uapi.PROT_WRITE

export function start(options: Partial<SimOptions> = {}): SimKernel {
  return new SimKernel({ board: armSoc, policy: lazyPolicy, ...options })
}

/** A memfd of `size` bytes that may be sealed. */
export function memfd(kernel: SimKernel, size: number, seals = 0): number {
  const fd = kernel.sys.memfdCreate('test', uapi.MFD_ALLOW_SEALING)
  kernel.sys.ftruncate(fd, size)
  kernel.sys.fcntl(fd, uapi.F_ADD_SEALS, seals)
  return fd
}

/** A dma-buf of the system heap. */
export async function allocate(
  kernel: SimKernel,
  len = 8192,
  fd_flags: number = uapi.O_RDWR,
): Promise<number> {
  const heap = kernel.sys.open('/dev/dma_heap/system', uapi.O_RDWR)
  const bytes = uapi.dmaHeapAllocationData.create({ len, fd_flags })
  const result = await kernel.sys.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, { bytes })
  kernel.sys.close(heap)
  return result < 0 ? result : uapi.dmaHeapAllocationData.decode(bytes).fd
}

/** Whether the array has ended: its methods throw, wherever its memory went. */
export function isDead(bytes: Uint8Array): boolean {
  try {
    bytes.at(0)
    return false
  } catch {
    return true
  }
}

export function share(kernel: SimKernel, fd: number, length: number, offset = 0): number {
  return kernel.sys.mmap(length, RW, uapi.MAP_SHARED, fd, offset)
}

/** The byte at `address`, or the negative errno. */
export function peek(kernel: SimKernel, address: number): number {
  const byte = new Uint8Array(1)
  const result = kernel.sys.load(address, byte)
  return result < 0 ? result : (byte[0] as number)
}

export function poke(kernel: SimKernel, address: number, value: number): number {
  return kernel.sys.store(address, Uint8Array.of(value))
}

export function readAll(kernel: SimKernel, fd: number): string {
  let text = ''
  const part = new Uint8Array(16)
  for (let count = 1; count > 0; ) {
    count = kernel.sys.read(fd, part)
    text += new TextDecoder().decode(part.subarray(0, Math.max(0, count)))
  }
  return text
}

export function sync(kernel: SimKernel, fd: number, flags: number): Promise<number> {
  return kernel.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_SYNC, { bytes: uapi.dmaBufSync.create({ flags }) })
}
