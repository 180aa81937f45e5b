/** Mapping, syncing and unmapping memory that lies in many pieces: time for each piece. */

import { PAGE_SIZE } from '../src/abi/fcntl.ts'
import { armSoc } from '../src/boards/arm-soc.ts'
import { armSocIommu } from '../src/boards/arm-soc-iommu.ts'
import { DmaLayer } from '../src/kernel/dma/dma-layer.ts'
import type { SgTable, StorageRun } from '../src/kernel/dma/sg-table.ts'
import type { Board } from '../src/machine/board.ts'
import type { Storage } from '../src/machine/storage.ts'
import { show, spreadOf } from './ratio.ts'
import { Rig } from './rig.ts'

const PIECES = 4096
const CALLS = 4
const BOARDS: readonly Board[] = [armSoc, armSocIommu]

/** Every second page of a storage first, the others afterwards: no two neighbours in order. */
function scattered(storage: Storage): SgTable {
  const page = (index: number): StorageRun => {
    return { storage, offset: index * PAGE_SIZE, length: PAGE_SIZE }
  }
  const half = PIECES / 2
  const order = Array.from({ length: PIECES }, (_, i) => (i < half ? 2 * i : 2 * (i - half) + 1))
  const runs = order.map(page)
  const base = storage.chunks[0]?.physical ?? 0
  const segments = runs.map(({ offset, length }) => ({ physical: base + offset, length }))
  return { runs, segments, size: PIECES * PAGE_SIZE }
}

async function benchOn(board: Board): Promise<void> {
  const rig = new Rig(board)
  const { kernel } = await rig.allocate(PIECES * PAGE_SIZE)
  const dma = new DmaLayer(rig.machine)
  const request = {
    device: 'camera',
    table: scattered(kernel.priv as Storage),
    direction: 'bidirectional',
    buffer: kernel.inode,
    driver: { name: 'bench', modelled: true },
  } as const
  const spread = await spreadOf(() => {
    const mapping = dma.map(request)
    dma.syncForCpu(mapping, 'bidirectional')
    dma.syncForDevice(mapping, 'bidirectional')
    dma.unmap(mapping)
  })
  const perPiece = (milliseconds: number): number => (milliseconds * 1000) / (PIECES * CALLS)
  const { median, low, high } = spread
  const each = { median: perPiece(median), low: perPiece(low), high: perPiece(high) }
  show(`map, sync, sync, unmap of ${PIECES} pieces, ${board.name}: us a piece and call`, each, 1)
}

export async function benchScattered(): Promise<void> {
  for (const board of BOARDS) await benchOn(board)
}
