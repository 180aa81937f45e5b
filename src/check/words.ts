/** How findings put things. */
import type {
  Agent,
  BracketEvent,
  BufferId,
  CpuAccess,
  DmaDirection,
  DmaMapEvent,
  Range,
} from '../events/event.ts'
import type { Bracket } from './bracket.ts'
import type { Store } from './store.ts'

/** Of a buffer by its number, or by what else it is called. */
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

/** Who made or ended a mapping for a device: a user's driver by its name. */
export function mapperName({ agent, driver }: DmaMapEvent): string {
  return driver?.modelled === false ? driver.name : agentName(agent)
}

export function writerName({ event, by }: Store): string {
  if (by === 'device' && 'device' in event) return event.device
  return by === 'kernel' ? `the kernel (${event.agent.name})` : agentName(event.agent)
}

export function accessName(access: CpuAccess): string {
  return access === 'read-write' ? 'reading and writing' : access === 'read' ? 'reading' : 'writing'
}

export function flagsOf({ kind, access }: Pick<BracketEvent, 'kind' | 'access'>): string {
  const flags = { read: 'READ', write: 'WRITE', 'read-write': 'READ | WRITE' } as const
  return `${kind === 'bracket-start' ? 'START' : 'END'} | ${flags[access]}`
}

export function bracketName({ access, start }: Bracket): string {
  return `the CPU access for ${accessName(access)} that began at event ${start.id}`
}

/** The kernel's name: DMA_TO_DEVICE. */
export function directionName(direction: DmaDirection): string {
  return `DMA_${direction.toUpperCase().replace('-', '_')}`
}

export function syncedFor({ synced }: BracketEvent): string {
  return synced.length === 0 ? 'synced no device' : `synced ${[...new Set(synced)].join(', ')} only`
}

export function hull(ranges: readonly Range[]): Range {
  return {
    start: Math.min(...ranges.map(({ start }) => start)),
    end: Math.max(...ranges.map(({ end }) => end)),
  }
}
