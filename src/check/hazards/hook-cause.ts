/** A START or an END that came at the right time, and an exporter that did not do its part in it. */
import type {
  AccessEdgeEvent,
  DmaMapEvent,
  DmaSyncEvent,
  MisuseEvent,
  Range,
} from '../../events/event.ts'
import type { Bracket } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { Effects } from '../model/call-effects.ts'
import { overlaps } from '../model/range-map.ts'
import { directionName, flagsOf } from '../words.ts'
import type { Cause } from './cause.ts'

const FIX =
  'In begin_cpu_access call dma_sync_sgtable_for_cpu for every mapping of an attachment, in end_cpu_access dma_sync_sgtable_for_device, each with the direction of the mapping.'
/** For an exporter that is not the user's. */
const OTHER_EXPORTER =
  'Take memory of an exporter that syncs every device that has the buffer mapped (a DMA heap), or let the device map it again after each CPU access.'

/** One end of a CPU access, with the exporter's syncs in it. */
interface Edge {
  readonly event: AccessEdgeEvent
  readonly operation: string
  readonly to: DmaSyncEvent['to']
  readonly effects: Effects
  readonly bracket: Bracket
}

/** A device, and the mapping that it went through: of the buffer, or of the exporter's own memory. */
interface User {
  readonly device: string
  readonly dma: DmaMapEvent | undefined
}

/** Why START did not bring the device's bytes to the CPU. */
export function hookAtStart(
  buffer: BufferHistory,
  bracket: Bracket,
  user: User,
  range: Range,
): Cause | undefined {
  const { start, begun } = bracket
  return causeAt(
    buffer,
    { event: start, operation: 'begin_cpu_access', to: 'cpu', effects: begun, bracket },
    user,
    range,
  )
}

/** Why END did not bring the CPU's bytes to the device. */
export function hookAtEnd(
  buffer: BufferHistory,
  bracket: Bracket,
  user: User,
  range: Range,
): Cause | undefined {
  const edge = edgeAtEnd(bracket)
  return edge && causeAt(buffer, edge, user, range)
}

/** Whether END itself dropped the CPU's bytes, for any device. */
export function droppedAtEnd(
  buffer: BufferHistory,
  bracket: Bracket,
  range: Range,
): Cause | undefined {
  const edge = edgeAtEnd(bracket)
  const sync = edge?.effects.syncs.find(
    ({ to, direction, range: dropped }) =>
      to === 'cpu' && direction !== 'to-device' && overlaps(dropped, range),
  )
  return edge && sync && otherWay(buffer, edge, sync)
}

function edgeAtEnd(bracket: Bracket): Edge | undefined {
  const { end, done } = bracket
  if (end === undefined || done === undefined) return undefined
  return { event: end, operation: 'end_cpu_access', to: 'device', effects: done, bracket }
}

function causeAt(
  buffer: BufferHistory,
  edge: Edge,
  { device, dma }: User,
  range: Range,
): Cause | undefined {
  const maps = buffer.mappedAt(device, edge.event.id)
  if (dma !== undefined && dma.buffer !== buffer.id && dma.id < edge.event.id) maps.push(dma)
  if (maps.length === 0) return undefined
  const ids = new Set(maps.map(({ mapping }) => mapping))
  const mine = edge.effects.syncs.filter(({ mapping }) => ids.has(mapping))
  if (mine.length === 0) {
    // A source without sync events still names the synced devices.
    return edge.event.synced.includes(device) ? undefined : notSynced(buffer, edge, device, maps)
  }
  const right = mine.filter(({ to }) => to === edge.to)
  const sync = right.at(-1)
  if (sync === undefined) return otherWay(buffer, edge, mine[0] as DmaSyncEvent)
  if (!right.some((one) => overlaps(one.range, range))) return otherBytes(buffer, edge, sync)
  const useless = edge.to === 'cpu' ? 'to-device' : 'from-device'
  if (right.every(({ direction }) => direction === useless)) {
    return otherDirection(buffer, edge, sync)
  }
  return undefined
}

function notSynced(
  buffer: BufferHistory,
  edge: Edge,
  device: string,
  maps: readonly DmaMapEvent[],
): Cause {
  const { event, operation, effects } = edge
  const { syncs } = effects
  const others = [...new Set([...syncs.map((sync) => sync.device), ...event.synced])]
  const mapped = maps[0] as DmaMapEvent
  const what =
    others.length === 0
      ? `syncs nothing although ${device} had the buffer mapped`
      : `syncs ${others.join(', ')} only although ${device} had the buffer mapped too`
  const text =
    others.length === 0
      ? `${flagsOf(event)} moved no data: the exporter's ${operation} is missing or syncs nothing.`
      : `${flagsOf(event)} reached ${others.join(', ')}, and not the mapping of ${device} since event ${mapped.id}.`
  return {
    ...place(buffer, edge, syncs[0] ?? unknownSync(effects)),
    rule: 'sync-is-noop',
    reason: `${operation} of exporter ${buffer.exporter} ${what}`,
    because: { text, event: event.id, origin: event.origin },
  }
}

function otherWay(buffer: BufferHistory, edge: Edge, sync: DmaSyncEvent): Cause {
  const { event, operation, to } = edge
  const [did, should] = to === 'cpu' ? ['the device', 'the CPU'] : ['the CPU', 'the device']
  return {
    ...place(buffer, edge, sync),
    rule: 'sync-is-noop',
    reason: `${operation} of exporter ${buffer.exporter} passed ownership to ${did} instead of ${should}`,
    because: {
      text: `In ${flagsOf(event)} the exporter called dma_sync_*_for_${sync.to} (event ${sync.id}), which belongs in the other operation.`,
      event: sync.id,
      origin: sync.origin,
    },
  }
}

function otherBytes(buffer: BufferHistory, edge: Edge, sync: DmaSyncEvent): Cause {
  const { start, end } = sync.range
  return {
    ...place(buffer, edge, sync),
    rule: 'sync-is-noop',
    reason: `${edge.operation} of exporter ${buffer.exporter} syncs bytes ${start} to ${end} only`,
    because: {
      text: `The sync at event ${sync.id} leaves out bytes of the buffer, but SYNC covers all of it.`,
      event: sync.id,
      origin: sync.origin,
    },
  }
}

function otherDirection(buffer: BufferHistory, edge: Edge, sync: DmaSyncEvent): Cause {
  return {
    ...place(buffer, edge, sync),
    rule: 'mapping-direction',
    reason: `${edge.operation} of exporter ${buffer.exporter} syncs with ${directionName(sync.direction)}, which moves no data this way`,
    because: {
      text: `The sync at event ${sync.id} has a direction other than that of the CPU access (${flagsOf(edge.event)}).`,
      event: sync.id,
      origin: sync.origin,
    },
  }
}

/** The exporter synced memory that is not mapped. */
function unknownSync({ warnings }: Effects): MisuseEvent | undefined {
  return warnings.find(({ code }) => code === 'sync-unknown')
}

/** In the driver's file where the exporter is a user's, else where the program made the call. */
function place(
  { driver, exported }: BufferHistory,
  { event, bracket }: Edge,
  sync: DmaSyncEvent | MisuseEvent | undefined,
): Pick<Cause, 'origin' | 'related' | 'fix'> {
  const call = event.origin ?? bracket.start.origin
  const own =
    sync?.driver?.modelled === false
      ? sync.origin
      : driver?.modelled === false
        ? exported?.origin
        : undefined
  return {
    origin: own ?? call,
    related: [{ label: `the program sent ${flagsOf(event)} here`, origin: call }],
    fix: own === undefined ? OTHER_EXPORTER : FIX,
  }
}
