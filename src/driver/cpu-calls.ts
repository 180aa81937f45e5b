import type { CpuAccess, DmaDirection } from '../events/event.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { Attachments } from './attachment-calls.ts'
import type { Bound } from './bound.ts'
import type { BufferCalls } from './buffer-calls.ts'
import { withLines } from './lines.ts'
import type { References } from './reference-calls.ts'

/** The CPU's side: CPU accesses, mmap and vmap. */
export type CpuCalls = Omit<BufferCalls, keyof References | keyof Attachments>

export function cpuCalls(bound: Bound): CpuCalls {
  const { driver } = bound
  const { core } = bound.host
  const calls: CpuCalls = {
    dmaBufBeginCpuAccess: (buffer, direction) =>
      bound.later(calls.dmaBufBeginCpuAccess, () => bracket(bound, 'begin', buffer, direction)),
    dmaBufEndCpuAccess: (buffer, direction) =>
      bound.later(calls.dmaBufEndCpuAccess, () => bracket(bound, 'end', buffer, direction)),
    dmaBufMmap: (buffer, length, pageOffset) =>
      bound.now(calls.dmaBufMmap, () =>
        core.redirectMmap(bound.use(buffer, 'dma_buf_mmap'), length, pageOffset, driver),
      ),
    unmapMappingRange: (buffer, range) =>
      bound.now(calls.unmapMappingRange, () =>
        core.unmapMappings(bound.use(buffer, 'unmap_mapping_range'), range),
      ),
    dmaBufVmap: (buffer) =>
      bound.later(calls.dmaBufVmap, async () =>
        withLines(bound, await core.vmap(bound.use(buffer, 'dma_buf_vmap'), driver)),
      ),
    dmaBufVmapUnlocked: (buffer) =>
      bound.later(calls.dmaBufVmapUnlocked, async () =>
        withLines(bound, await core.vmapUnlocked(bound.use(buffer, 'dma_buf_vmap'), driver)),
      ),
    dmaBufVunmap: (buffer, mapping) =>
      bound.now(calls.dmaBufVunmap, () =>
        core.vunmap(bound.use(buffer, 'dma_buf_vunmap'), mapping, driver),
      ),
    dmaBufVunmapUnlocked: (buffer, mapping) =>
      bound.later(calls.dmaBufVunmapUnlocked, () =>
        core.vunmapUnlocked(bound.use(buffer, 'dma_buf_vunmap'), mapping, driver),
      ),
  }
  return calls
}

/** The kernel's own CPU access around its loads and stores, reported like that of the ioctl. */
async function bracket(
  bound: Bound,
  phase: 'begin' | 'end',
  buffer: DmaBuf,
  direction: DmaDirection,
): Promise<void> {
  const { core, machine } = bound.host
  const name = `dma_buf_${phase}_cpu_access`
  bound.use(buffer, name)
  const access = accessOf(bound.direction(direction, name))
  const origin = bound.origin
  const synced =
    phase === 'begin'
      ? await core.beginCpuAccess(buffer, access, bound.driver)
      : await core.endCpuAccess(buffer, access, bound.driver)
  machine.events.emit({
    kind: phase === 'begin' ? 'cpu-access-begin' : 'cpu-access-end',
    buffer: buffer.inode,
    access,
    result: 0,
    synced,
    agent: { kind: 'kernel', name: bound.driver.name },
    origin,
  })
}

function accessOf(direction: DmaDirection): CpuAccess {
  if (direction === 'from-device') return 'read'
  return direction === 'to-device' ? 'write' : 'read-write'
}
