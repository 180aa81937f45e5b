/** The dma-bufs of the system heap as drivers use them. */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import { PageHeap } from '../../../src/drivers/page-heap.ts'
import type { DmabufEvent, DriverName } from '../../../src/events/event.ts'
import { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import { DmaBufCore } from '../../../src/kernel/dmabuf/core.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import { Machine } from '../../../src/machine/machine.ts'
import { lazyPolicy } from '../../../src/machine/policy.ts'

const PAGE = 4096
const IMPORTER: DriverName = { name: 'importer', modelled: false }

function bench(): { core: DmaBufCore; dma: DmaLayer; buffer: DmaBuf; events: DmabufEvent[] } {
  const machine = new Machine({ board: armSoc, policy: lazyPolicy })
  const events: DmabufEvent[] = []
  machine.events.listen((event) => events.push(event))
  const dma = new DmaLayer(machine)
  const core = new DmaBufCore(machine, dma)
  return { core, dma, buffer: new PageHeap(machine, dma, core).allocate(3 * PAGE), events }
}

describe('the vmap of the system heap', () => {
  it('shows all of the buffer, through the cache, and is one mapping for everyone', async () => {
    const { core, buffer } = bench()
    const map = await core.vmapUnlocked(buffer, IMPORTER)
    expect(await core.vmapUnlocked(buffer, IMPORTER)).toBe(map)
    expect([map.info.size, map.info.pages.attribute]).toEqual([3 * PAGE, 'cached'])
    const seen = new Uint8Array(3 * PAGE).fill(1)
    map.load(0, seen)
    expect(seen).toEqual(new Uint8Array(3 * PAGE))
    await core.vunmapUnlocked(buffer, map, IMPORTER)
    expect(buffer.vmapped?.count).toBe(1)
    await core.vunmapUnlocked(buffer, map, IMPORTER)
    expect(buffer.vmapped).toBeUndefined()
  })

  it.each([
    ['hands the stores of a driver to a device, between begin and end of CPU access', true, 7],
    ['leaves it in the cache without them', false, 0],
  ])('%s', async (_what, isSynced, expected) => {
    const { core, dma, buffer } = bench()
    const attachment = await core.attach(buffer, 'display', IMPORTER)
    const mapping = await core.mapAttachmentUnlocked(attachment, 'bidirectional')
    const map = await core.vmapUnlocked(buffer, IMPORTER)
    if (isSynced) await core.beginCpuAccess(buffer, 'write', IMPORTER)
    map.store(PAGE, Uint8Array.of(7))
    if (isSynced) await core.endCpuAccess(buffer, 'write', IMPORTER)
    const seen = new Uint8Array(1)
    dma.deviceLoad(mapping, PAGE, seen)
    expect(seen[0]).toBe(expected)
  })
})
