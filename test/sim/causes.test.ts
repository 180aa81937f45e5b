/** Events name the call that they are part of, also where calls of one task overlap. */
import { DmaHeap, type Kernel } from 'dmabuf'
import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import pipeline from '../../examples/pipeline.ts'
import type { DmabufEvent } from '../../src/events/event.ts'

async function eventsOf(program: (kernel: Kernel) => Promise<unknown>): Promise<DmabufEvent[]> {
  const events: DmabufEvent[] = []
  const { error, findings } = await runProgram(program, { onEvent: (event) => events.push(event) })
  expect(error).toBeUndefined()
  expect(findings).toEqual([])
  return events
}

describe('the cause of an event', () => {
  it('is a call or a method that has begun and not returned', async () => {
    const open = new Map<number, DmabufEvent>()
    for (const event of await eventsOf(pipeline)) {
      if (event.within !== undefined) expect(open.has(event.within)).toBe(true)
      if (event.kind === 'call' && event.phase === 'enter') open.set(event.id, event)
      if (event.kind === 'call' && event.phase === 'exit') {
        expect(open.get(event.within ?? 0)).toMatchObject({ call: event.call, task: event.task })
        open.delete(event.within ?? 0)
      }
      if (event.kind === 'operation' && event.phase === 'begin') open.set(event.id, event)
    }
  })

  it('is the right one of two calls that one task makes at once', async () => {
    const events = await eventsOf(async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffers = await Promise.all([heap.allocate(4096), heap.allocate(8192)])
      const accesses = await Promise.all(buffers.map((buffer) => buffer.beginCpuAccess('write')))
      await Promise.all(accesses.map((access) => access.end()))
      for (const buffer of buffers) buffer.close()
    })
    const entered = new Map(events.map((event) => [event.id, event]))
    const callOf = ({ within = 0 }: DmabufEvent): DmabufEvent | undefined => entered.get(within)
    const opened = events.filter((event) => event.kind === 'fd-open' && event.buffer !== undefined)
    const allocations = opened.map((event) => callOf(event))
    expect(new Set(allocations).size).toBe(2)
    const exits = events.filter((event) => event.kind === 'call' && event.phase === 'exit')
    for (const event of events.filter(({ kind }) => kind.startsWith('cpu-access'))) {
      const exit = exits.find(({ within }) => within === event.within)
      const buffer = 'buffer' in event ? event.buffer : undefined
      const fd = opened.find((one) => 'buffer' in one && one.buffer === buffer)
      expect(exit).toMatchObject({ fd: fd !== undefined && 'fd' in fd ? fd.fd : -1 })
    }
  })

  it('is the task for the program, and none for a device', async () => {
    const events = await eventsOf(async (kernel) => {
      await pipeline(kernel)
      await kernel.spawn('second', async () => {
        using heap = DmaHeap.open(kernel)
        using buffer = await heap.allocate(4096)
        await buffer.setName('second')
      })
    })
    const tasksOf = (agent: string): number[] => [
      ...new Set(events.filter((event) => event.agent.name === agent).map(({ task }) => task)),
    ]
    expect(tasksOf('main')).toEqual([1])
    expect(tasksOf('second')).toEqual([2])
    const stores = events.filter(({ kind }) => kind === 'device-store')
    expect(stores.length).toBeGreaterThan(0)
    expect(new Set(stores.map(({ task, process }) => `${task} ${process}`))).toEqual(
      new Set(['0 0']),
    )
  })
})
