import { readFileSync } from 'node:fs'
import type { LinuxKernel } from 'dmabuf/linux'
import { DRM_IOCTL_VERSION, drmVersion } from '../../src/abi/drm.ts'
import { O_RDWR } from '../../src/abi/fcntl.ts'
import { pc } from '../../src/boards/pc.ts'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'
import { patternSource } from '../../src/media/source.ts'
import { SimKernel } from '../../src/sim/kernel.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'
import { Side } from './side.ts'

/** The board that a boot of the lab is compared with. */
export const boardOf = { plain: pc, swiotlb: pcBounce } as const

export type BootName = keyof typeof boardOf

/** A card that imports dma-bufs, mapped in both directions for as long as it has them. */
export async function cardOf(kernel: Kernel, driver: string): Promise<string | undefined> {
  for (let n = 0; n < 16; n++) {
    const path = `/dev/dri/card${n}`
    const fd = kernel.sys.open(path, O_RDWR)
    if (fd < 0) continue
    const name = await driverOf(kernel.sys, fd)
    kernel.sys.close(fd)
    if (name === driver) return path
  }
  return undefined
}

async function driverOf(sys: Syscalls, fd: number): Promise<string> {
  const name = new Uint8Array(16)
  const bytes = drmVersion.create({ name_len: name.length })
  const pointers = new Map([[drmVersion.offsets.name, { bytes: name }]])
  const result = await sys.ioctl(fd, DRM_IOCTL_VERSION, { bytes, pointers })
  if (result < 0) return ''
  const { name_len } = drmVersion.decode(bytes)
  return new TextDecoder().decode(name.subarray(0, name_len))
}

/** `fdLimit`: how many descriptors a process may have. */
export function newSim(boot: BootName, fdLimit?: number): SimKernel {
  // The camera's picture is drawn at the start, and is not used here.
  const source = patternSource(16, 16)
  return new SimKernel({ board: boardOf[boot], policy: lazyPolicy, fdLimit, source })
}

/** RLIMIT_NOFILE of this process. */
function ownLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  return Number(/Max open files\s+(\d+)/.exec(limits)?.[1])
}

/** For each sequence a simulated kernel that was just booted, beside the real one. */
export function simBesideLinux(
  boot: BootName,
  linux: LinuxKernel,
  cards: { readonly sim: string; readonly linux: string },
): () => { sides: Side[]; end(): void } {
  const limit = ownLimit()
  return () => {
    const sim = newSim(boot, limit)
    const sides = [new Side(linux, cards.linux), new Side(sim, cards.sim)]
    return { sides, end: () => sim.exit() }
  }
}
