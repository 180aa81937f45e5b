import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type OrderPrefix, OrderSearch } from '../../../src/run/explore/order-search.ts'

/** A program as a tree: the count of candidates at each choice depends on the choices before. */
interface Tree {
  readonly children: readonly Tree[]
}
const tree: fc.Arbitrary<Tree> = fc.letrec<{ node: Tree }>((tie) => ({
  node: fc.record({
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
    ),
  }),
})).node

/** The choices of the run that begins with `prefix`. */
function runOf(root: Tree, prefix: OrderPrefix): { chosen: number; options: number }[] {
  const made: { chosen: number; options: number }[] = []
  let node = root
  while (node.children.length > 0) {
    const chosen = prefix[made.length]?.chosen ?? 0
    made.push({ chosen, options: node.children.length })
    node = node.children[chosen] as Tree
  }
  return made
}

/** Every run, naively. */
function allRuns({ children }: Tree): number[][] {
  if (children.length === 0) return [[]]
  return children.flatMap((child, i) => allRuns(child).map((rest) => [i, ...rest]))
}

const deviationsIn = (run: readonly number[]): number => run.filter((one) => one > 0).length

function explored(root: Tree, limits: { bound: number; limit: number }) {
  const search = new OrderSearch(limits)
  const runs: number[][] = []
  for (let prefix = search.next(); prefix !== undefined; prefix = search.next()) {
    const made = runOf(root, prefix)
    runs.push(made.map(({ chosen }) => chosen))
    search.ran(made)
  }
  return { runs, isComplete: search.isComplete, count: search.runs }
}

describe('the search through orders', () => {
  it('tries each order within the bound once, those with few deviations first', () => {
    fc.assert(
      fc.property(tree, fc.nat(4), (root, bound) => {
        const { runs, isComplete } = explored(root, { bound, limit: 100_000 })
        const all = allRuns(root)
        const wanted = all.filter((run) => deviationsIn(run) <= bound)
        expect(new Set(runs.map(String))).toEqual(new Set(wanted.map(String)))
        expect(runs.length).toBe(wanted.length)
        const counts = runs.map(deviationsIn)
        expect(counts).toEqual([...counts].sort((a, b) => a - b))
        if (isComplete) expect(runs.length).toBe(all.length)
        if (bound >= 4 && wanted.length === all.length && !isComplete) {
          expect(Math.max(...counts)).toBe(bound)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is not complete if a run was ended from outside', () => {
    const search = new OrderSearch({ bound: 5, limit: 5 })
    expect(search.next()).toEqual([])
    search.ran(undefined)
    expect([search.next(), search.isComplete]).toEqual([undefined, false])
  })

  it('stops at its limit, and is not complete then', () => {
    const leaf = { children: [] }
    const root = { children: [leaf, leaf, leaf] }
    expect(explored(root, { bound: 5, limit: 2 })).toMatchObject({ count: 2, isComplete: false })
    expect(explored(root, { bound: 5, limit: 3 })).toMatchObject({ count: 3, isComplete: true })
    expect(explored(root, { bound: 0, limit: 9 })).toMatchObject({ count: 1, isComplete: false })
  })
})
