/**
 * The common events of both sides, in a form to compare: numbers of one side are renamed in the
 * order in which they come up.
 */
import type { DmabufEvent } from '../../../src/events/event.ts'
import { formatOrigin } from '../../../src/tap/format-origin.ts'

type Told = Record<string, unknown> & { readonly kind: DmabufEvent['kind'] }

/** Events that follow from the program's calls; exports are compared by themselves. */
const TOLD: ReadonlySet<DmabufEvent['kind']> = new Set([
  ...(['fd-open', 'fd-close', 'memory', 'cpu-map', 'cpu-unmap', 'cpu-view'] as const),
  ...(['private-load', 'private-store'] as const),
  ...(['cpu-load', 'cpu-store', 'cpu-access-begin', 'cpu-access-end', 'queue', 'dequeue'] as const),
  ...(['handle-open', 'handle-close'] as const),
])

/** Known to the kernel alone, or to the user's side alone. */
const LEFT_OUT = ['id', 'time', 'hazards', 'placement', 'expandable', 'synced', 'device', 'access']

/** Numbers as the order in which they were first met. */
class Renamed {
  readonly #names = new Map<number, number>()

  of(number: number): number {
    const known = this.#names.get(number) ?? this.#names.size + 1
    this.#names.set(number, known)
    return known
  }
}

/** The events of calls until the program ends, in order, renumbered. */
export function told(events: readonly DmabufEvent[]): Told[] {
  const names = { file: new Renamed(), handleFile: new Renamed(), mapping: new Renamed() }
  const memfds = new Renamed()
  const shown = shownBuffers(events)
  const end = events.findIndex(({ kind }) => kind === 'program-end')
  return events
    .slice(0, end === -1 ? undefined : end)
    .filter((event) => isOfCalls(event, shown))
    .map((event) => {
      const { origin, agent, within: _, during: __, ...rest } = event
      const plain: Record<string, unknown> = rest
      for (const name of LEFT_OUT) {
        if (!(name === 'access' && event.kind.startsWith('cpu-access'))) delete plain[name]
      }
      if ('mapping' in event) plain.mapping = names.mapping.of(event.mapping as number)
      if ('buffer' in event && (event.buffer ?? 0) < 0) plain.buffer = -memfds.of(event.buffer ?? 0)
      if ('file' in event) {
        const files = event.kind.startsWith('handle') ? names.handleFile : names.file
        plain.file = files.of(event.file)
      }
      return { ...plain, kind: event.kind, by: agent.name, at: placeOf(origin) }
    })
    .reduce(sortedDequeues, [])
}

/** Buffers that a descriptor of the program stands for. */
function shownBuffers(events: readonly DmabufEvent[]): ReadonlySet<number> {
  const shown = events.map((event) => (event.kind === 'fd-open' ? event.buffer : undefined))
  return new Set(shown.filter((buffer) => buffer !== undefined))
}

function isOfCalls(event: DmabufEvent, shown: ReadonlySet<number>): boolean {
  if (!TOLD.has(event.kind) || event.agent.kind !== 'task') return false
  switch (event.kind) {
    case 'fd-open':
    case 'fd-close':
      return !event.what.startsWith('/proc/')
    case 'cpu-load':
    case 'cpu-store':
      return event.seen === 'exact' && event.mapping !== undefined
    case 'queue':
    case 'dequeue':
      return shown.has(event.buffer)
    case 'memory':
      return !event.what.startsWith('memory of ')
    default:
      return true
  }
}

/** STREAMOFF gives buffers back in an order of the driver's. */
function sortedDequeues(list: Told[], event: Told): Told[] {
  let at = list.length
  const before = (): Told | undefined => list[at - 1]
  while (
    event.kind === 'dequeue' &&
    before()?.kind === 'dequeue' &&
    Number(before()?.index) > Number(event.index)
  ) {
    at--
  }
  list.splice(at, 0, event)
  return list
}

function placeOf(origin: DmabufEvent['origin']): string {
  const site = formatOrigin(origin)
  return site === undefined ? 'nowhere' : `${site.file}:${site.line}:${site.column}`
}

/** Facts that cannot be known from outside are removed from the kernel's events, one by one. */
export function alike(
  kernel: readonly DmabufEvent[],
  user: readonly DmabufEvent[],
): { readonly fromKernel: readonly Told[]; readonly fromCalls: readonly Told[] } {
  const fromCalls = told(user)
  const fromKernel = told(kernel).map((event, i) => {
    const other = fromCalls[i]
    const own = { ...event }
    if (other?.attribute === 'unknown') own.attribute = 'unknown'
    // A driver's own buffer goes by another number where no descriptor stands for it.
    const isDriversOwn = Number(other?.buffer) < 0 && Number(own.buffer) > 0
    if (isDriversOwn || (other !== undefined && other.buffer === undefined)) {
      own.buffer = other?.buffer
    }
    return own
  })
  return { fromKernel, fromCalls }
}
