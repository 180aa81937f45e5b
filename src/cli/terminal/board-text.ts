/** One board, with everything that its table says. */

import { judgedFor } from '../../boards/index.ts'
import { type Board, type DeviceTraits, isCoherent } from '../../machine/board.ts'
import { bytesText, type Style } from './style.ts'
import { tableText, textTable } from './table.ts'

const EDGES: Readonly<Record<Board['edges'], string>> = {
  'clean-invalidate': 'written back, then dropped',
  invalidate: "dropped, with the CPU's stores beside the range",
}

export function boardText(board: Board, style: Style): string {
  return [
    textTable([{ head: 'board' }, { head: board.name }], traitRows(board), style),
    deviceTable(board, style),
    costTable(board, style),
  ].join('\n')
}

function traitRows(board: Board): string[][] {
  const { lineSize, ram, cma, bounce, iommu, fromDeviceMap, edges, uncachedSnoops } = board
  const judged = judgedFor(board).name
  return [
    ['description', board.description],
    ['judged as', judged === board.name ? 'itself' : `${judged}, unless --as names another board`],
    ['coherent', isCoherent(board) ? 'yes' : 'no'],
    ['cache line', `${lineSize} B`],
    ['RAM', `${rangeText(ram)}${ram.fragmented === true ? ', scattered' : ''}`],
    ['DMA zone', ram.normal === undefined ? 'none' : `below ${hex(ram.normal)}`],
    ['CMA heap', cma === undefined ? 'none' : `${cma.name}: ${rangeText(cma)}`],
    [
      'bounce pool',
      bounce === undefined
        ? 'none'
        : `${rangeText(bounce)}, ${bounce.forced ? 'for every mapping' : 'where a device cannot reach'}`,
    ],
    ['IOMMU', iommu === undefined ? 'none' : `${iommu.unmap} unmap`],
    ['map from device', fromDeviceMap === 'clean' ? 'cleans lines' : 'invalidates lines'],
    ['edge lines', EDGES[edges]],
    ['uncached access', uncachedSnoops ? 'sees the cache' : 'goes around the cache'],
  ]
}

function deviceTable({ devices, otherDevices }: Board, style: Style): string {
  const columns = [
    { head: 'device' },
    { head: 'cache' },
    { head: 'reach' },
    { head: 'IOMMU' },
    { head: 'memory' },
    { head: 'stride step', align: 'right' as const },
    { head: 'height step', align: 'right' as const },
  ]
  const rows = [...Object.entries(devices), ['others', otherDevices] as const].map(
    ([name, traits]) => [name, ...traitCells(traits)],
  )
  return tableText(columns, rows, style)
}

function traitCells(traits: DeviceTraits): string[] {
  const {
    snoops,
    reach,
    iommu = false,
    contiguous = false,
    strideStep = 1,
    heightStep = 1,
  } = traits
  return [
    snoops ? 'snoops' : 'no snoop',
    reach === undefined ? 'all' : `below ${hex(reach)}`,
    iommu ? 'behind it' : 'no',
    contiguous ? 'contiguous' : 'any',
    String(strideStep),
    String(heightStep),
  ]
}

function costTable({ cost }: Board, style: Style): string {
  const columns = [{ head: 'cost' }, { head: 'ns', align: 'right' as const }]
  const rows = Object.entries(cost).map(([name, value]) => [name, String(value ?? 'default')])
  return tableText(columns, rows, style)
}

function rangeText({
  base,
  size,
}: {
  readonly base?: number | undefined
  readonly size: number
}): string {
  return base === undefined
    ? `${bytesText(size)} at the end of the RAM`
    : `${bytesText(size)} at ${hex(base)}`
}

function hex(address: number): string {
  return `0x${address.toString(16)}`
}
