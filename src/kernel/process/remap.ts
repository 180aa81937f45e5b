import { MREMAP_MAYMOVE } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { type Area, endOf } from './address-space.ts'
import { requirePages, wholePages } from './mapping-checks.ts'
import type { ProcessMemory } from './process-memory.ts'

/**
 * mremap: returns the address of the mapping, which is another one only with MREMAP_MAYMOVE. EINVAL
 * for flags and lengths that make no sense; EFAULT where nothing is mapped, or where the mapping may
 * not become longer (VM_DONTEXPAND); ENOMEM where there is no room and it may not move.
 *
 * MREMAP_FIXED and MREMAP_DONTUNMAP need more than this waist has, and are EINVAL here.
 * Source: mm/mremap.c of Linux 6.12, for the order of checks.
 */
export function remap(
  memory: ProcessMemory,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
): number {
  if ((flags & ~MREMAP_MAYMOVE) !== 0) {
    throw new KernelError(
      'EINVAL',
      `flags 0x${flags.toString(16)}: only MREMAP_MAYMOVE is supported`,
    )
  }
  requirePages('address', address)
  const before = wholePages(oldLength)
  const after = wholePages(newLength)
  if (after === 0) throw new KernelError('EINVAL', 'the new length is 0')
  const area = memory.space.at(address)
  if (area === undefined) {
    throw new KernelError('EFAULT', `nothing is mapped at 0x${address.toString(16)}`)
  }
  if (before >= after) {
    if (before > after) memory.unmap(address + after, before - after)
    return address
  }
  requireExpandable(area, address, before)
  const atEnd = address + before === endOf(area)
  if (atEnd && memory.space.extend(area, after - before)) {
    area.backing.expand(Math.max(area.backing.length, area.at + area.length + after - before))
    return address
  }
  if ((flags & MREMAP_MAYMOVE) === 0) {
    throw new KernelError('ENOMEM', `no room for ${after} bytes there: pass MREMAP_MAYMOVE`)
  }
  return move(memory, address, before, after)
}

function requireExpandable(area: Area, address: number, before: number): void {
  if (before === 0) {
    throw new KernelError('EINVAL', 'an old length of 0 (a second mapping) is not supported')
  }
  if (before > endOf(area) - address) {
    throw new KernelError('EFAULT', `the mapping ends before ${before} bytes`)
  }
  if (!area.backing.expandable) {
    throw new KernelError('EFAULT', 'the exporter forbids a longer mapping (VM_DONTEXPAND)')
  }
}

/** The old address is wild afterwards: arrays that were taken there end. */
function move(memory: ProcessMemory, address: number, before: number, after: number): number {
  const target = memory.room(after)
  const [area] = memory.space.cut(address, address + before) as [Area]
  const { backing, at, readable, writable } = area
  backing.mapping.endViews(at, at + before)
  backing.expand(Math.max(backing.length, at + after))
  return memory.space.add({ address: target, length: after, readable, writable, backing, at })
    .address
}
