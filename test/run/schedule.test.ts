/** Choices go through one interface, and a schedule replays them. */
import type { Kernel } from 'dmabuf'
import { DmaHeap } from 'dmabuf'
import {
  type ChoicePoint,
  type Choices,
  firstChoices,
  parseSchedule,
  runProgram,
  scheduleText,
} from 'dmabuf/sim'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import pipeline from '../../examples/pipeline.ts'
import type { DmabufEvent } from '../../src/events/event.ts'
import { DivergedError, RecordingChoices, ReplayedChoices } from '../../src/machine/choices.ts'
import { Scheduler } from '../../src/machine/scheduler.ts'
import { loadProgram, programNames } from '../bugs/programs.ts'

const RUNS = 200

const made = fc.array(
  fc
    .integer({ min: 2, max: 99 })
    .chain((options) => fc.record({ options: fc.constant(options), chosen: fc.nat(options - 1) })),
  { maxLength: 40 },
)
const schedule = fc.record({
  timeless: fc.constantFrom(true, undefined),
  failures: fc.constantFrom(true, undefined),
  seed: fc.option(fc.nat(2 ** 32 - 1), { nil: undefined }),
  made,
})

/** Three tasks that meet at a lock of the kernel; the order is in the events. */
async function tasks(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel)
  const body = (size: number) => async (): Promise<void> => {
    using buffer = await heap.allocate(size)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
    await kernel.sleep(1000)
  }
  await Promise.all([4096, 8192, 12_288].map((size) => kernel.spawn(`task ${size}`, body(size))))
}

async function eventsOf(
  program: Parameters<typeof runProgram>[0],
  options: Parameters<typeof runProgram>[1],
): Promise<{ events: string; schedule: string | undefined }> {
  const events: DmabufEvent[] = []
  const { schedule: text } = await runProgram(program, {
    ...options,
    onEvent: (event) => events.push(event),
  })
  return {
    events: JSON.stringify(events, (key, value) => (key === 'origin' ? 0 : value)),
    schedule: text,
  }
}

describe('a schedule', () => {
  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(schedule, (one) => {
        const text = scheduleText(one)
        expect(text).toMatch(/^[\w.-]+$/)
        expect(parseSchedule(text)).toEqual(one)
      }),
      { numRuns: RUNS },
    )
  })

  it('is refused with any one character changed, or cut anywhere', () => {
    fc.assert(
      fc.property(
        schedule,
        fc.nat(),
        fc.constantFrom('0', '7', 'z', '.', 'X'),
        (one, at, other) => {
          fc.pre(one.made.length > 0)
          const text = scheduleText(one)
          const index = at % text.length
          fc.pre(text[index] !== other)
          const changed = `${text.slice(0, index)}${other}${text.slice(index + 1)}`
          expect(() => parseSchedule(changed)).toThrow('is not a schedule')
          expect(() => parseSchedule(text.slice(0, -1))).toThrow('is not a schedule')
        },
      ),
      { numRuns: RUNS },
    )
  })

  it.each([
    ['', "begins with '.'"],
    ['2.f', "begins with '2.'"],
    ['1.x', "second part is 'f'"],
    ['1.zz', "second part is 'f'"],
    ['1.ezf', "second part is 'f'"],
    ['1.s4294967296', 'a seed up to'],
    ['1.f.1-2', 'check sum'],
  ])('%j is refused', (text, problem) => {
    expect(() => parseSchedule(text)).toThrow(problem)
  })

  it('of a run replays it, event by event', async () => {
    for (const policy of ['lazy', 'random'] as const) {
      const first = await eventsOf(pipeline, {
        policy,
        ...(policy === 'random' ? { seed: 9 } : {}),
      })
      expect(first.schedule).toBe(policy === 'random' ? '1.s9' : '1.f')
      const again = await eventsOf(pipeline, { policy, schedule: first.schedule })
      expect(again).toEqual(first)
    }
  })

  it.each(programNames().slice(0, 20))('of %s replays it with any seed', async (name) => {
    const { program, prepare, drivers } = await loadProgram(name)
    for (const seed of [3, 77]) {
      const first = await eventsOf(program, { prepare, drivers, policy: 'random', seed })
      const { schedule: text } = first
      expect(
        await eventsOf(program, { prepare, drivers, policy: 'random', schedule: text }),
      ).toEqual(first)
    }
  })

  it('with a seed changes the order of tasks under any policy', async () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 8; seed++) {
      orders.add((await eventsOf(tasks, { schedule: `1.s${seed}` })).events)
    }
    expect(orders.size).toBeGreaterThan(1)
  })

  it('of another program ends the run with the first difference', async () => {
    const text = scheduleText({ made: [{ chosen: 1, options: 9 }] })
    const { error } = await runProgram(tasks, { schedule: text })
    expect(error?.message).toMatch(/diverges from the schedule at choice 1: 9 ways were recorded/)
  })

  it('of a run with custom choices replays them, under every policy', async () => {
    for (const policy of ['lazy', 'random'] as const) {
      const asked = new Set<string>()
      const choices: Choices = {
        choose: ({ kind, options }) => {
          asked.add(kind)
          return options - 1
        },
      }
      const first = await eventsOf(tasks, { policy, choices })
      expect(asked).not.toContain('cache')
      expect(first.schedule).toMatch(/^1\.(f|s1)\.(.*)\.k/)
      expect(await eventsOf(tasks, { policy, schedule: first.schedule })).toEqual(first)
      const usual = await eventsOf(tasks, { policy })
      expect(usual.events).not.toBe(first.events)
    }
  })

  it.each([-1, 0.5, 99, Number.NaN])('has no choice %d: the run ends', async (answer) => {
    const { error } = await runProgram(tasks, { choices: { choose: () => answer } })
    expect(error?.message).toContain(`choices.choose threw: it returned ${answer}`)
  })

  it('excludes custom choices', async () => {
    await expect(runProgram(tasks, { schedule: '1.f', choices: firstChoices })).rejects.toThrow(
      'exclude each other',
    )
  })

  it('excludes a seed', async () => {
    await expect(runProgram(tasks, { schedule: '1.f', seed: 2 })).rejects.toThrow(
      'exclude each other',
    )
    await expect(runProgram(tasks, { schedule: 'once' })).rejects.toThrow('is not a schedule')
  })
})

describe('choices between tasks and timers', () => {
  /** The order in which tasks and timers run. */
  async function orderWith(choose: (point: ChoicePoint) => number): Promise<string[]> {
    const seen: string[] = []
    const scheduler = new Scheduler({ choices: { choose } })
    const body = (name: string) => async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        await scheduler.point([])
        seen.push(name)
      }
      await scheduler.sleep(10)
      seen.push(`${name} slept`)
    }
    for (const name of ['x', 'y']) scheduler.at(5, () => seen.push(`timer ${name}`))
    await Promise.all(['a', 'b', 'c'].map((name) => scheduler.spawn(name, body(name))))
    return seen
  }

  it('that are recorded lead to the same order again, whatever made them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(99)), async (answers) => {
        const choose = ({ options }: ChoicePoint): number => (answers.next().value ?? 0) % options
        const recording = new RecordingChoices({ choose })
        const order = await orderWith((point) => recording.choose(point))
        const replayed = new ReplayedChoices(recording.made, {
          choose: () => {
            throw new Error('there is no choice after the recorded ones')
          },
        })
        expect(await orderWith((point) => replayed.choose(point))).toEqual(order)
      }),
      { numRuns: 50 },
    )
  })

  it('name the tasks that could run, and have at least two ways', async () => {
    const kinds = new Set<string>()
    await orderWith((point) => {
      kinds.add(point.kind)
      expect(point.options).toBeGreaterThan(1)
      if (point.kind === 'task') {
        expect(point.candidates.length).toBe(point.options)
        expect(new Set(point.candidates.map(({ task }) => task)).size).toBe(point.options)
      }
      return 0
    })
    expect(kinds).toEqual(new Set(['task', 'timer']))
  })

  it('that differ from the recorded ones in their ways are refused', () => {
    const replayed = new ReplayedChoices([{ chosen: 0, options: 2 }], { choose: () => 0 })
    const point: ChoicePoint = { kind: 'timer', options: 3, time: 1 }
    expect(() => replayed.choose(point)).toThrow(DivergedError)
  })
})
