/** Mapping, syncing and bracketing without touching a byte must not depend on the buffer's size. */

import { armSoc } from '../src/boards/arm-soc.ts'
import { DmaLayer } from '../src/kernel/dma/dma-layer.ts'
import { tableOf } from '../src/kernel/dma/sg-table.ts'
import type { Storage } from '../src/machine/storage.ts'
import { ratioOf, show } from './ratio.ts'
import { Rig } from './rig.ts'

const SMALL = 64 * 1024
const LARGE = 256 * 1024 * 1024
const OPERATIONS = 200

async function operations(size: number): Promise<() => Promise<void>> {
  const rig = new Rig(armSoc)
  const { kernel } = await rig.allocate(size)
  const dma = new DmaLayer(rig.machine)
  const camera = await rig.map(kernel, 'camera', 'from-device')
  const table = tableOf(kernel.priv as Storage)
  const request = {
    device: 'display',
    table,
    direction: 'bidirectional',
    buffer: kernel.inode,
    driver: { name: 'bench', modelled: true },
  } as const
  return async () => {
    for (let i = 0; i < OPERATIONS; i++) {
      const mapping = dma.map(request)
      dma.syncForCpu(camera, 'from-device')
      dma.syncForDevice(camera, 'from-device')
      await rig.core.beginCpuAccess(kernel, 'read-write')
      await rig.core.endCpuAccess(kernel, 'read-write')
      dma.unmap(mapping)
    }
  }
}

export async function benchBookkeeping(): Promise<void> {
  const small = await operations(SMALL)
  const large = await operations(LARGE)
  show('map, sync, unmap, begin, end: 256 MiB over 64 KiB', await ratioOf(large, small), 1.3)
}
