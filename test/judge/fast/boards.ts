/** The board that a naive machine's traits are of. */

import { armSoc } from '../../../src/boards/arm-soc.ts'
import type { Board } from '../../../src/machine/board.ts'
import { LINE_SIZE } from '../../naive/program.ts'
import { isBounced, snoops, type Traits } from '../../naive/traits.ts'

const DEVICES: readonly string[] = ['dma', 'gpu', 'pseudo', 'coherent-pseudo']
const MIB = 2 ** 20
const LOW = 16 * MIB

export function boardFor(traits: Traits): Board {
  const { base } = armSoc.ram
  const bounced = DEVICES.filter((device) => isBounced(traits, device))
  const forced = bounced.length === DEVICES.length
  const devices = DEVICES.map((device) => {
    const reach = !forced && bounced.includes(device) ? { reach: base + LOW } : {}
    const iommu = traits.iommu === undefined ? {} : { iommu: true }
    return [device, { snoops: snoops(traits, device), ...reach, ...iommu }] as const
  })
  return {
    ...armSoc,
    name: 'judge',
    lineSize: LINE_SIZE,
    ram: { ...armSoc.ram, normal: base + LOW },
    devices: Object.fromEntries(devices),
    otherDevices: { snoops: traits.coherent === true },
    uncachedSnoops: traits.coherent === true,
    fromDeviceMap: traits.fromDevice,
    edges: traits.edges,
    ...(bounced.length === 0 ? {} : { bounce: { base, size: MIB, forced } }),
    ...(traits.iommu === undefined ? {} : { iommu: { unmap: traits.iommu } }),
  }
}
