import { describe, expect, it } from 'vitest'
import { obligations } from '../../src/check/hazards/obligations.ts'

describe('the obligations between a store and a read', () => {
  it.each(Object.entries(obligations))('of a %s are distinct sentences', (_by, list) => {
    const duties = list.map(({ duty }) => duty)
    expect(new Set(duties).size).toBe(duties.length)
    for (const duty of duties) expect(duty).toMatch(/^[A-Z].*\.$/)
  })

  it.each(Object.entries(obligations))(
    'of a %s end with one that is about every pair',
    (_, list) => {
      expect(list.at(-1)?.of).toBeUndefined()
    },
  )
})
