import { assertClean, matchers, NotCleanError, type RunAllResult, runAll } from 'dmabuf/test'
import { expect as jestExpect } from 'expect'
import { beforeAll, describe, expect, it } from 'vitest'
import { findsThenThrows, good, throwing, unbracketed } from './programs.ts'

const RULE = 'write-outside-bracket'
const STORE = { file: 'programs.ts', line: 20 }

const results = {} as Record<'clean' | 'found' | 'failed' | 'foundThenFailed', RunAllResult>

beforeAll(async () => {
  jestExpect.extend(matchers)
  results.clean = await runAll(good)
  results.found = await runAll(unbracketed)
  results.failed = await runAll(throwing)
  results.foundThenFailed = await runAll(findsThenThrows)
})

/** The two runners' `expect`, whose matchers are called alike. */
const runners = { vitest: expect, jest: jestExpect as unknown as typeof expect }

function thrownBy(body: () => unknown): Error {
  try {
    body()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

/** The first line of an error's stack that a runner shows: with a position, outside of packages. */
function topFrame({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
  return frames.find((line) => !line.includes('node_modules')) ?? ''
}

describe.each(Object.entries(runners))('with the expect of %s', (_, expectOf) => {
  it('toBeClean passes for a clean result, and not for findings or a failed program', () => {
    expectOf(results.clean).toBeClean()
    expectOf(results.found).not.toBeClean()
    expectOf(results.failed).not.toBeClean()
    expect(() => expectOf(results.clean).not.toBeClean()).toThrow('expected findings')
  })

  it('toBeClean fails with every finding in its text, at the line of the first', () => {
    const error = thrownBy(() => expectOf(results.found).toBeClean())
    expect(error).toBeInstanceOf(NotCleanError)
    expect(error.message).toMatch(/^error\[write-outside-bracket\][\s\S]*\n {2}fix: /)
    expect(error.message).toMatch(/\n {2}seen on: {3}every run/)
    expect(topFrame(error)).toContain('programs.ts:20:11')
    expect(error.stack).toContain('matchers.test.ts')
    expect(error.stack).not.toMatch(/src[/\\]run[/\\]test/)
  })

  it('toBeClean fails at the line where the program threw', () => {
    const error = thrownBy(() => expectOf(results.failed).toBeClean())
    expect(error.message).toBe('the program failed: the program threw: no camera')
    expect(topFrame(error)).toMatch(/programs\.ts:27:\d+/)
  })

  it('toFind passes for a finding of the rule, at the place if one is given', () => {
    expectOf(results.found).toFind(RULE)
    expectOf(results.found).toFind(RULE, STORE)
    expectOf(results.found).not.toFind('fd-leak')
    expectOf(results.found).not.toFind(RULE, { line: 21 })
    expectOf(results.clean).not.toFind(RULE)
  })

  it('toFind fails with what was found instead', () => {
    const atOther = thrownBy(() => expectOf(results.found).toFind(RULE, { line: 21 }))
    expect(atOther.message).toMatch(
      /^expected a finding write-outside-bracket at line 21, found:\n\nerror/,
    )
    const none = thrownBy(() => expectOf(results.clean).toFind('fd-leak'))
    expect(none.message).toBe('expected a finding fd-leak, but the result is clean')
  })

  it('not.toFind fails at the finding, with that finding alone', () => {
    const error = thrownBy(() => expectOf(results.found).not.toFind(RULE))
    expect(topFrame(error)).toContain('programs.ts:20:11')
    expect((error as NotCleanError).findings.map(({ rule }) => rule)).toEqual([RULE])
  })

  it('not.toFind fails for a program that did not come to its end', () => {
    const error = thrownBy(() => expectOf(results.failed).not.toFind(RULE))
    expect(error.message).toContain('no camera')
    expectOf(results.foundThenFailed).toFind(RULE)
  })

  it('names the mistake of the test', () => {
    const promise = thrownBy(() => expectOf(Promise.resolve(results.clean)).toBeClean())
    expect(promise.message).toMatch(/got a promise: write `expect\(await runAll\(program\)\)/)
    expect(topFrame(promise)).toContain('matchers.test.ts')
    const rule = thrownBy(() => expectOf(results.clean).toFind('no-such-rule' as typeof RULE))
    expect(rule.message).toBe("there is no rule 'no-such-rule': `dmabuf explain` lists the rules")
  })
})

describe('assertClean', () => {
  it('throws at the line of the first finding, and carries the findings', () => {
    const error = thrownBy(() => assertClean(results.found))
    expect(topFrame(error)).toContain('programs.ts:20:11')
    expect((error as NotCleanError).findings).toBe(results.found.findings)
    expect(() => assertClean(results.clean)).not.toThrow()
  })
})
