import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Frame, Task } from '../../src/machine/task.ts'

const originOf = (line: number): { stack: string } => ({ stack: `line ${line}` })

describe('the frames of a task', () => {
  it('give the cause of the innermost one that has not ended, in whatever order they end', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('enter' as const),
        line: fc.option(fc.nat(9)),
        event: fc.option(fc.nat(9)),
      }),
      fc.record({ kind: fc.constant('end' as const), nth: fc.nat(9) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const task = new Task({ id: 1, name: 'main' })
        const open: { line: number | null; event: number | null; end: () => Promise<void> }[] = []
        for (const made of steps) {
          if (made.kind === 'enter') {
            const { line, event } = made
            let settle = (): void => {}
            const frame = new Frame(line === null ? undefined : originOf(line), event ?? undefined)
            const done = task.run(frame, () => new Promise<void>((resolve) => (settle = resolve)))
            const end = async (): Promise<void> => {
              settle()
              await done
            }
            open.push({ line, event, end })
          } else if (open.length > 0) {
            const [ended] = open.splice(made.nth % open.length, 1)
            await ended?.end()
          }
          const line = open.findLast((one) => one.line !== null)?.line
          expect(task.origin).toEqual(line == null ? undefined : originOf(line))
          expect(task.within).toBe(open.findLast((one) => one.event !== null)?.event ?? undefined)
        }
      }),
    )
  })

  it('end when the function throws', () => {
    const task = new Task({ id: 1, name: 'main' })
    const failing = (): void =>
      task.run(new Frame(originOf(1), 7), () => {
        throw new Error('no')
      })
    expect(failing).toThrow('no')
    expect(task.origin).toBeUndefined()
    expect(task.within).toBeUndefined()
  })

  it('are not those of another thread of the task', () => {
    const task = new Task({ id: 3, name: 'copier' })
    task.run(new Frame(originOf(1), 7), () => {
      const thread = task.thread()
      expect([thread.id, thread.name, thread.within]).toEqual([3, 'copier', undefined])
    })
  })
})
