/** The contradictions in a board's table, in sentences that name the field and its value. */
import { PAGE_SIZE } from '../abi/fcntl.ts'
import {
  allTraits,
  type Board,
  type CostTable,
  type DeviceTraits,
  ramEnd,
  SLOT_SIZE,
} from './board.ts'
import { shapeProblems } from './board-shape.ts'

/** Empty when the table is sound. */
export function boardProblems(board: Board): string[] {
  const shape = shapeProblems(board)
  if (shape.length > 0) return shape
  return [
    ...lineProblems(board),
    ...ramProblems(board),
    ...choiceProblems(board),
    ...costProblems(board),
    ...deviceProblems(board),
    ...poolProblems(board),
    ...cmaProblems(board),
  ]
}

function lineProblems({ lineSize }: Board): string[] {
  const sound =
    Number.isInteger(lineSize) &&
    lineSize >= 16 &&
    lineSize <= 256 &&
    (lineSize & (lineSize - 1)) === 0
  return sound ? [] : [`lineSize is ${lineSize}: it must be a power of two from 16 to 256`]
}

function isPages(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value % PAGE_SIZE === 0
}

function ramProblems({ ram }: Board): string[] {
  const { base, size, normal = base } = ram
  if (!isPages(base) || !isPages(size) || size === 0 || !Number.isSafeInteger(base + size)) {
    return [`ram is ${size} bytes at ${base}: both must be whole pages of ${PAGE_SIZE}`]
  }
  if (isPages(normal) && normal >= base && normal <= base + size) return []
  return [`ram.normal is ${normal}: it must be a page's address within the RAM, or its end`]
}

function choiceProblems(board: Board): string[] {
  const problems: string[] = []
  const isOneOf = (name: string, value: unknown, allowed: readonly unknown[]): void => {
    if (allowed.includes(value)) return
    problems.push(`${name} is ${String(value)}: it must be ${allowed.map(String).join(' or ')}`)
  }
  isOneOf('fromDeviceMap', board.fromDeviceMap, ['clean', 'invalidate'])
  isOneOf('edges', board.edges, ['clean-invalidate', 'invalidate'])
  isOneOf('uncachedSnoops', board.uncachedSnoops, [true, false])
  isOneOf('ram.fragmented', board.ram.fragmented ?? false, [true, false])
  if (board.iommu !== undefined) {
    isOneOf('iommu.unmap', board.iommu.unmap, ['strict', 'lazy'])
  }
  if (board.bounce !== undefined) isOneOf('bounce.forced', board.bounce.forced, [true, false])
  for (const [name, device] of named(board)) {
    isOneOf(`${name}.snoops`, device.snoops, [true, false])
    isOneOf(`${name}.iommu`, device.iommu ?? false, [true, false])
    isOneOf(`${name}.contiguous`, device.contiguous ?? false, [true, false])
  }
  return problems
}

function costProblems({ cost }: Board): string[] {
  return (Object.keys(cost) as (keyof CostTable)[])
    .filter((name) => {
      const { [name]: time = 0 } = cost
      return !(time >= 0 && time < Number.POSITIVE_INFINITY)
    })
    .map((name) => `cost.${name} is ${cost[name]}: it must be zero or more nanoseconds`)
}

/** Every table of a device with the path to it. */
function named(board: Board): [string, DeviceTraits][] {
  return [
    ...Object.entries(board.devices).map(([name, device]): [string, DeviceTraits] => [
      `devices.${name}`,
      device,
    ]),
    ['otherDevices', board.otherDevices],
  ]
}

function deviceProblems(board: Board): string[] {
  return named(board).flatMap(([name, device]) => [
    ...reachProblems(board, name, device),
    ...stepProblems(name, device),
    ...(device.iommu === true && board.iommu === undefined
      ? [`${name}.iommu is true, but the board has no iommu`]
      : []),
  ])
}

function stepProblems(name: string, device: DeviceTraits): string[] {
  return (['strideStep', 'heightStep'] as const).flatMap((field) => {
    const { [field]: step = 1 } = device
    const sound =
      Number.isInteger(step) && step >= 1 && step <= PAGE_SIZE && (step & (step - 1)) === 0
    return sound
      ? []
      : [`${name}.${field} is ${step}: it must be a power of two up to ${PAGE_SIZE}`]
  })
}

function reachProblems(board: Board, name: string, { reach, iommu }: DeviceTraits): string[] {
  if (reach === undefined) return []
  if (!Number.isSafeInteger(reach) || reach < PAGE_SIZE) {
    return [`${name}.reach is ${reach}: it must be an address of at least ${PAGE_SIZE}`]
  }
  if (iommu === true || reach > board.ram.base || reachesPool(board, reach)) return []
  return [`${name}.reach is ${reach}: it reaches neither RAM nor a bounce pool, and has no IOMMU`]
}

function reachesPool({ bounce }: Board, reach: number): boolean {
  return bounce !== undefined && bounce.base + bounce.size <= reach
}

function poolProblems(board: Board): string[] {
  const { bounce } = board
  if (bounce === undefined) return []
  const { base, size } = bounce
  if (!isPages(base) || !Number.isSafeInteger(size) || size < SLOT_SIZE || size % PAGE_SIZE !== 0) {
    return [`bounce is ${size} bytes at ${base}: both must be whole pages of ${PAGE_SIZE}`]
  }
  if (base < board.ram.base || base + size > ramEnd(board)) {
    return [`bounce is ${size} bytes at ${base}: the pool must lie within the RAM`]
  }
  if (size === board.ram.size) return ['bounce is all of the RAM: nothing is left for buffers']
  return unreachedPool(board)
}

function cmaProblems(board: Board): string[] {
  const { cma, bounce, ram } = board
  if (cma === undefined) return []
  const { base, size, name } = cma
  if (typeof name !== 'string' || !/^[\w,.-]+$/.test(name) || name === 'system') {
    return [`cma.name is '${String(name)}': it must be a file name that is not 'system'`]
  }
  if (!isPages(base ?? 0) || !isPages(size) || size === 0) {
    return [
      `cma is ${size} bytes at ${base ?? 'any place'}: both must be whole pages of ${PAGE_SIZE}`,
    ]
  }
  if (base === undefined || size * 4 > ram.size) return []
  if (base < ram.base || base + size > ramEnd(board)) {
    return [`cma is ${size} bytes at ${base}: the region must lie within the RAM`]
  }
  const overlaps =
    bounce !== undefined && base < bounce.base + bounce.size && bounce.base < base + size
  return overlaps ? ['cma and bounce overlap: each needs separate memory'] : []
}

/** A pool that no device can reach is of no use to any. */
function unreachedPool(board: Board): string[] {
  const direct = allTraits(board).filter(({ iommu }) => iommu !== true)
  const reached = direct.some(({ reach = Number.POSITIVE_INFINITY }) => reachesPool(board, reach))
  if (direct.length === 0 && board.bounce?.forced !== true) return []
  return reached ? [] : ['bounce: no device that maps directly reaches the pool']
}
