/** Programs that throw any value. */
import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { errorsIn, originOf } from '../../src/run/thrown.ts'

const trap = (): never => {
  throw new Error('a trap')
}
const throwing = new Proxy(
  {},
  { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap },
)
const noMessage = Object.defineProperty(new Error('x'), 'message', { get: trap })
const noStack = Object.defineProperty(new Error('stackless'), 'stack', { get: trap })
const oddStack = Object.assign(new Error('odd'), { stack: 7 })

/** The error of a scope whose body fails and whose disposal fails after it. */
function suppressed(error: unknown, first: unknown): Error {
  return Object.assign(new Error('An error was suppressed during disposal'), {
    name: 'SuppressedError',
    error,
    suppressed: first,
  })
}

describe('a program that throws', () => {
  it.each<[what: string, thrown: unknown, message: RegExp]>([
    ['an object without a prototype', Object.create(null), /a value without a message \(object\)/],
    ['a proxy with traps', throwing, /a value without a message \(object\)/],
    ['an error without a message', noMessage, /a value without a message/],
    ['an error whose stack throws', noStack, /stackless/],
    ['an error whose stack is a number', oddStack, /odd/],
    ['a symbol', Symbol('sign'), /Symbol\(sign\)/],
    ['nothing', undefined, /undefined/],
  ])('%s fails with a text', async (_what, thrown, message) => {
    const { verdict, error } = await runProgram(() => Promise.reject(thrown))
    expect(verdict).toBe('failed')
    expect(error?.kind).toBe('threw')
    expect(error?.message).toMatch(message)
  })

  it('is stopped with a text whatever the reason is', async () => {
    const stop = new AbortController()
    stop.abort(throwing)
    const { error } = await runProgram(() => {}, { signal: stop.signal })
    expect(error?.message).toBe('the run was stopped: a value without a message (object)')
  })

  it('reports the first error first, then what disposing threw', async () => {
    const first = new RangeError('the body failed')
    const thrown = suppressed(new Error('outer close'), suppressed(new Error('inner close'), first))
    const { error } = await runProgram(() => Promise.reject(thrown))
    expect(error?.message).toBe(
      'the program threw: the body failed; disposing failed too: inner close; ' +
        'disposing failed too: outer close',
    )
    expect(error?.cause).toBe(thrown)
  })
})

describe('the errors in a SuppressedError', () => {
  it('come in the order in which they were thrown', () => {
    const outer = suppressed('third', suppressed('second', 'first'))
    expect(errorsIn(outer)).toEqual(['first', 'second', 'third'])
    expect(errorsIn('alone')).toEqual(['alone'])
  })

  it('have the place of the first that is an error', () => {
    const second = new Error('second')
    expect(originOf(suppressed(second, 'first'))).toBe(second)
    expect(originOf('alone')).toBeUndefined()
  })

  it('end for an error that holds itself', () => {
    const itself = suppressed(1, undefined) as Error & { suppressed: unknown }
    itself.suppressed = itself
    expect(errorsIn(itself).length).toBeGreaterThan(1)
  })
})
