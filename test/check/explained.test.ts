import { describe, expect, it } from 'vitest'
import type { Failure, Finding } from '../../src/check/index.ts'
import { withExplanation } from '../../src/check/report/explained.ts'

const place = { file: '/p.ts', line: 3, column: 1 }
const elsewhere = { ...place, line: 9 }

type Found = Pick<Finding, 'rule' | 'place'>

function found(rule: Finding['rule']): Found {
  return { rule, place }
}

function isExplained(failure: Omit<Failure, 'message'>, finding: Found, thrown?: unknown) {
  return withExplanation({ message: '', ...failure }, [finding], thrown).explained === true
}

describe('a failure is the consequence of a finding', () => {
  it('on the same line, or one that called it', () => {
    expect(isExplained({ kind: 'threw', place }, found('fd-misuse'))).toBe(true)
    const called = { kind: 'threw', place: elsewhere, callers: [place] } as const
    expect(isExplained(called, found('fd-misuse'))).toBe(true)
  })

  it('but not on another line, and never of a leak', () => {
    expect(isExplained({ kind: 'threw', place: elsewhere }, found('fd-misuse'))).toBe(false)
    expect(isExplained({ kind: 'threw', place }, found('fd-leak'))).toBe(false)
    expect(isExplained({ kind: 'stuck' }, found('fd-misuse'))).toBe(false)
  })

  it('when a view died, wherever its TypeError comes from', () => {
    const failure = { kind: 'threw', place: elsewhere } as const
    expect(isExplained(failure, found('use-after-release'), new TypeError('x'))).toBe(true)
    expect(isExplained(failure, found('use-after-release'), new Error('x'))).toBe(false)
  })

  it.each(['pending', 'rejected', 'rejected-after-return'] as const)(
    'when an await was forgotten and the call is %s',
    (kind) => expect(isExplained({ kind }, found('bracket-not-awaited'))).toBe(true),
  )
})
