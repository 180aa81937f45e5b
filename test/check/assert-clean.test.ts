import { describe, expect, it } from 'vitest'
import { assertClean, Checker, type CheckResult } from '../../src/check/index.ts'
import { Story } from './story.ts'

function checked(bad: boolean): CheckResult {
  const story = new Story()
  story.buffer()
  story.attach('camera')
  story.map()
  story.frame()
  if (!bad) story.start('read', 4)
  story.load(5)
  if (!bad) story.end('read', 6)
  const checker = new Checker({
    locate: ({ stack }) => ({ file: 'program.ts', line: Number(stack?.slice(5)), column: 3 }),
    notCheckable: ['bounce-not-synced'],
  })
  for (const event of story.events) checker.observe(event)
  return checker.finish()
}

describe('assertClean', () => {
  it('throws what the command prints, with places', () => {
    expect(() => assertClean(checked(true))).toThrow(
      /^error\[read-outside-bracket\] the program reads .*\n {2}--> program\.ts:5:3\n {2}because: /,
    )
    expect(() => assertClean(checked(true))).toThrow(/\n {2}fix: {7}Read inside/)
  })

  it('lets a clean result pass, and no program that failed', () => {
    expect(() => assertClean(checked(false))).not.toThrow()
    expect(() => assertClean({ ...checked(false), error: { message: 'no camera' } })).toThrow(
      'the program failed: no camera',
    )
  })
})

describe('a result', () => {
  it('shows the place of a finding in a diff', () => {
    const [finding] = checked(true).findings
    expect(JSON.parse(JSON.stringify(finding))).toMatchObject({
      where: 'program.ts:5:3',
      place: { file: 'program.ts', line: 5, column: 3 },
    })
    expect(checked(true).rulesNotCheckable).toEqual(['bounce-not-synced'])
  })
})
