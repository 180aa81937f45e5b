/** How findings put things. */
import { errnoName } from '../abi/errno.ts'
import type {
  AccessEdgeEvent,
  Agent,
  BufferId,
  CpuAccess,
  DmaDirection,
  DmaMapEvent,
  EventOrigin,
  Range,
} from '../events/event.ts'
import type { Bracket } from './model/bracket.ts'
import type { Store } from './model/store.ts'

/** Names a buffer by its number or its description. */
export function bytesOf(
  range: Range | undefined,
  buffer: BufferId | { readonly name: string } | undefined,
): string {
  const of =
    buffer === undefined
      ? 'a buffer'
      : typeof buffer === 'number'
        ? `buffer ${buffer}`
        : buffer.name
  return range === undefined ? of : `bytes ${range.start} to ${range.end} of ${of}`
}

export function agentName({ kind, name }: Agent): string {
  if (kind === 'task') return name === 'main' ? 'the program' : `task ${name}`
  return kind === 'kernel' ? `the kernel (${name})` : name
}

/** Who had a mapping for a device made or ended: the importer, where one asked; a user's driver by its name. */
export function mapperName({ agent, driver, importer }: DmaMapEvent): string {
  const by = importer?.driver ?? driver
  return by?.modelled === false ? by.name : agentName(agent)
}

/** Where that was asked for. */
export function mappedFrom({ importer, origin }: DmaMapEvent): EventOrigin | undefined {
  return importer?.origin ?? origin
}

/** Who chose the direction of a mapping: the importer, unless the exporter made another of it. */
function isImportersDirection({ importer, direction }: DmaMapEvent): boolean {
  return importer?.direction === direction
}

export function directionChooser(map: DmaMapEvent): string {
  if (isImportersDirection(map)) return mapperName(map)
  return mapperName({ ...map, importer: undefined })
}

export function directionChosenAt(map: DmaMapEvent): EventOrigin | undefined {
  return isImportersDirection(map) ? mappedFrom(map) : map.origin
}

export function writerName({ event, by }: Store): string {
  if (by === 'device' && 'device' in event) return event.device
  return by === 'kernel' ? `the kernel (${event.agent.name})` : agentName(event.agent)
}

export function accessName(access: CpuAccess): string {
  return access === 'read-write' ? 'reading and writing' : access === 'read' ? 'reading' : 'writing'
}

/** As its caller wrote it: the ioctl's flags, or a driver's call. */
export function flagsOf({
  kind,
  access,
  agent,
}: Pick<AccessEdgeEvent, 'kind' | 'access'> & { readonly agent?: Agent }): string {
  if (agent?.kind === 'kernel') {
    const call = kind === 'cpu-access-begin' ? 'dma_buf_begin_cpu_access' : 'dma_buf_end_cpu_access'
    return `${call}(${directionName(directionOf(access))})`
  }
  const flags = { read: 'READ', write: 'WRITE', 'read-write': 'READ | WRITE' } as const
  return `${kind === 'cpu-access-begin' ? 'START' : 'END'} | ${flags[access]}`
}

export function bracketName({ access, start }: Bracket): string {
  return `the CPU access for ${accessName(access)} that began at event ${start.id}`
}

/** The direction that a driver's CPU access of that kind has. */
export function directionOf(access: CpuAccess): DmaDirection {
  const directions = { read: 'from-device', write: 'to-device', 'read-write': 'bidirectional' }
  return directions[access] as DmaDirection
}

/** The kernel's name: DMA_TO_DEVICE. */
export function directionName(direction: DmaDirection): string {
  return `DMA_${direction.toUpperCase().replace('-', '_')}`
}

export function syncedFor({ synced }: AccessEdgeEvent): string {
  return synced.length === 0 ? 'synced no device' : `synced ${[...new Set(synced)].join(', ')} only`
}

export function hull(ranges: readonly Range[]): Range {
  return {
    start: Math.min(...ranges.map(({ start }) => start)),
    end: Math.max(...ranges.map(({ end }) => end)),
  }
}

/** A SYNC that failed, with its error. */
export function failureText(event: AccessEdgeEvent): string {
  return `${flagsOf(event)} failed with ${errnoName(event.result) ?? event.result}`
}
