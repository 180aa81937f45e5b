/** Whether a board's table has the fields that a board has, and no others: a misspelt one is silent. */

/** Each field that a table may have; `true` where it must. */
type Fields = Readonly<Record<string, boolean>>

const BOARD: Fields = {
  name: true,
  description: true,
  lineSize: true,
  ram: true,
  cma: false,
  bounce: false,
  iommu: false,
  devices: true,
  otherDevices: true,
  fromDeviceMap: true,
  edges: true,
  uncachedSnoops: true,
  judgedAs: false,
  cost: true,
}
const RAM: Fields = { base: true, size: true, normal: false, fragmented: false }
const CMA: Fields = { base: false, size: true, name: true }
const DEVICE: Fields = {
  snoops: true,
  reach: false,
  iommu: false,
  contiguous: false,
  strideStep: false,
  heightStep: false,
}
const BOUNCE: Fields = { base: true, size: true, forced: true }
const IOMMU: Fields = { unmap: true }
const COST: Fields = {
  syscall: true,
  cleanLine: true,
  invalidateLine: true,
  cpuByte: true,
  dmaByte: true,
  uncachedByte: false,
  writeCombineByte: false,
}

type Table = Readonly<Record<string, unknown>>

/** Missing and unknown fields, in sentences; empty when the rest of the table can be looked at. */
export function shapeProblems(board: unknown): string[] {
  if (!isTable(board)) return ['it is not a table']
  const problems = fieldProblems('', board, BOARD)
  if (problems.length > 0) return problems
  const { name, ram, cma, bounce, iommu, devices, otherDevices, cost } = board
  if (typeof name !== 'string' || name === '') return ['name must be a text']
  return [
    ...tableProblems('ram', ram, RAM),
    ...tableProblems('cost', cost, COST),
    ...(cma === undefined ? [] : tableProblems('cma', cma, CMA)),
    ...(bounce === undefined ? [] : tableProblems('bounce', bounce, BOUNCE)),
    ...(iommu === undefined ? [] : tableProblems('iommu', iommu, IOMMU)),
    ...tableProblems('otherDevices', otherDevices, DEVICE),
    ...deviceProblems(devices),
  ]
}

function deviceProblems(devices: unknown): string[] {
  if (!isTable(devices)) return ['devices is not a table']
  return Object.entries(devices).flatMap(([name, device]) =>
    tableProblems(`devices.${name}`, device, DEVICE),
  )
}

function tableProblems(path: string, value: unknown, fields: Fields): string[] {
  if (!isTable(value)) return [`${path} is ${String(value)}: it must be a table`]
  return fieldProblems(`${path}.`, value, fields)
}

function fieldProblems(path: string, table: Table, fields: Fields): string[] {
  const missing = Object.keys(fields).filter(
    (name) => fields[name] === true && table[name] === undefined,
  )
  const unknown = Object.keys(table).filter((name) => !(name in fields))
  return [
    ...missing.map((name) => `${path}${name} is missing`),
    ...unknown.map(
      (name) => `${path}${name} is unknown: there are ${Object.keys(fields).join(', ')}`,
    ),
  ]
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
