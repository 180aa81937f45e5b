/** The simulated kernel emits everything by itself: the events from the calls must be the same. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { DmabufEvent, ExportEvent } from '../../../src/events/event.ts'
import { alike, told } from './alike.ts'
import { subjects, type Watched, watch } from './watched.ts'

const KNOWN = /^(dmabuf$|sync_file$|memfd:|\/proc\/|\/dev\/(dma_heap\/|dri\/|video|udmabuf$))/

/** The program's own driver has unknown requests, and makes descriptors by them. */
function hasOwnNode({ kernel }: Watched): boolean {
  return kernel.some((event) => event.kind === 'fd-open' && !KNOWN.test(event.what))
}

function exports(events: readonly DmabufEvent[]): Map<number, Pick<ExportEvent, 'size'>> {
  const told = events.filter((event) => event.kind === 'export')
  return new Map(told.map(({ buffer, size, exporter }) => [buffer, { size, exporter }]))
}

/** The content of an event, without the parts that depend on when a descriptor was seen first. */
function gist(event: Readonly<Record<string, unknown>>): string {
  const { kind, buffer, by, at, access, result, seen, scope, fd } = event
  return JSON.stringify({ kind, buffer, by, at, access, result, seen, scope, fd })
}

let compared = 0

describe.each(await subjects())('$name', (subject) => {
  let watched: Watched
  beforeAll(async () => {
    watched = await watch(subject)
  })

  test('the calls tell what the kernel tells of them', () => {
    if (!hasOwnNode(watched)) {
      const { fromCalls, fromKernel } = alike(watched.kernel, watched.user)
      expect(fromCalls.length).toBeGreaterThan(0)
      expect(fromCalls).toEqual(fromKernel)
      compared++
      return
    }
    const all = new Set(told(watched.kernel).map(gist))
    const seen = told(watched.user).filter(({ from }) => from !== 'elsewhere')
    // A mapping that grew past its buffer is emitted as it is; the model adds that it may grow.
    const some = seen.filter(({ kind, attribute }) => kind !== 'cpu-map' || attribute === 'cached')
    expect(some.map(gist).filter((one) => !all.has(one))).toEqual([])
  })

  test('every buffer is told before it is used, as the kernel tells it', () => {
    const { kernel, user } = watched
    const all = exports(kernel)
    for (const [buffer, facts] of exports(user)) expect(all.get(buffer)).toEqual(facts)
    const known = new Set<number>()
    for (const event of user) {
      if (event.kind === 'export' || event.kind === 'memory') known.add(event.buffer)
      else if ('buffer' in event && event.buffer !== undefined) {
        expect(known).toContain(event.buffer)
      }
    }
  })

  test('a device is said to have filled what it did fill', () => {
    const { kernel, user } = watched
    const filled = (events: readonly DmabufEvent[]): number[] =>
      events.flatMap((event) => (event.kind === 'device-store' ? [event.buffer] : []))
    const all = new Set(filled(kernel))
    expect(filled(user).filter((buffer) => !all.has(buffer))).toEqual([])
  })
})

test('most programs are compared event by event', () => {
  expect(compared).toBeGreaterThan(50)
})
