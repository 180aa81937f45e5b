/**
 * The bugs from the field, judged by the report and by the bytes.
 *
 * The bytes of a run are the program's result and all pictures on the display. They are wrong if
 * they differ from those of the fixed twin on board `pc`, where no cache can do harm, with the same
 * policy and seed. `random` stands for several seeds: the bytes must go wrong with one of them, or
 * with none.
 */
import { armSoc, type PolicyName } from 'dmabuf/sim'
import { describe, expect, test } from 'vitest'
import { harmless, type Outcome, outcomeOf } from './outcome.ts'
import {
  type BugProgram,
  isWrong,
  loadProgram,
  parseBytes,
  parseExpect,
  programNames,
} from './programs.ts'

const RANDOM_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const RUNS: readonly { policy: PolicyName; seeds: readonly number[] }[] = [
  { policy: 'lazy', seeds: [1] },
  { policy: 'eager', seeds: [1] },
  { policy: 'random', seeds: RANDOM_SEEDS },
]
const CATALOGUE = `
  B01 B02 B03 B04 B06 B07 B08 B09
  B10 B13 B16 B17 B17 B18 B19
  B21 B22 B24 B26 B27 B28 B29
  B45 B50 B51 B52 B54 B56 B56 B57 B58 B59
  B60 B60 B61 B62 B63 B64 B67 B68
  B70 B78 B79
`
  .trim()
  .split(/\s+/)

/** Programs that are right, and that others call wrong. */
const SILENT = [
  'B06-memfd-written',
  'B12-udmabuf-capture',
  'B15-overlapping-mappings',
  'B15-own-importer',
]

/** Neither a bug nor the fixed twin of one. */
function isSilent({ name, twin }: BugProgram): boolean {
  return name === twin && !name.endsWith('.fixed')
}

const names = programNames()
const programs = new Map<string, BugProgram>()
for (const name of names) programs.set(name, await loadProgram(name))

function named(name: string): BugProgram {
  const found = programs.get(name)
  if (found === undefined) throw new Error(`there is no bugs/${name}.ts`)
  return found
}

const right = new Map<string, Promise<string>>()

/** May sleep. The bytes of the fixed twin where every device snoops; run once for all callers. */
function rightBytes({ twin }: BugProgram, policy: PolicyName, seed: number): Promise<string> {
  const key = `${twin} ${policy} ${seed}`
  const known = right.get(key) ?? runTwin(twin, policy, seed)
  right.set(key, known)
  return known
}

async function runTwin(twin: string, policy: PolicyName, seed: number): Promise<string> {
  const { bytes, error } = await outcomeOf(named(twin), { board: 'pc', policy, seed })
  if (bytes === undefined) throw new Error(`${twin} failed: ${error}`)
  return bytes
}

/** May sleep. For each seed, whether the run's bytes were the right ones. */
async function compare(
  bug: BugProgram,
  outcomes: readonly Outcome[],
  { policy, seeds }: (typeof RUNS)[number],
): Promise<boolean[]> {
  const wanted = await Promise.all(seeds.map((seed) => rightBytes(bug, policy, seed)))
  return outcomes.map(({ bytes }, i) => bytes === wanted[i])
}

describe.each(names)('%s', (name) => {
  const bug = named(name)
  const expected = [...bug.expect].sort()

  describe.each(bug.boards)('on $name', (board) => {
    test.each(RUNS)('$policy: the rules and the bytes that it says', async (run) => {
      const { policy, seeds } = run
      const outcomes = await Promise.all(
        seeds.map((seed) => outcomeOf(bug, { board, policy, seed })),
      )
      for (const { rules, lints, files } of outcomes) {
        expect(rules).toEqual(expected)
        expect(lints).toEqual([...bug.lints].sort())
        expect(files).toEqual(expected.length === 0 ? [] : [`${name}.ts`])
      }
      if (bug.bytes === 'none') {
        for (const { error } of outcomes) expect(error).toBe('threw')
        return
      }
      for (const { error } of outcomes) expect(error).toBeUndefined()
      const isRight = await compare(bug, outcomes, run)
      expect(isRight.includes(false)).toBe(isWrong(bug.bytes, board.name, policy))
      if (bug.bytes === 'everywhere') expect(isRight).not.toContain(true)
    })
  })

  test.each(bug.expect)('without rule %s, it is not what it says', async (rule) => {
    for (const board of bug.boards) {
      const { rules } = await outcomeOf(bug, { board, disabledRules: [rule] })
      expect(rules).toEqual(expected.filter((id) => id !== rule))
      expect(rules).not.toEqual(expected)
    }
  })

  test('without the cache effect the bytes are right, and the findings stay', async () => {
    const board = bug.boards.find(({ name }) => name !== 'pc') ?? armSoc
    for (const run of RUNS) {
      const outcomes = await Promise.all(
        run.seeds.map((seed) =>
          outcomeOf(bug, { board: harmless(board), as: board, policy: run.policy, seed }),
        ),
      )
      // Where the one board bounces and the other does not, copies cannot be judged.
      if (board.bounce === undefined) {
        for (const { rules } of outcomes) expect(rules).toEqual(expected)
      }
      if (bug.bytes === 'none' || bug.bytes === 'everywhere') continue
      expect(await compare(bug, outcomes, run)).not.toContain(false)
    }
  })
})

test('every bug that is claimed is here, with its twin, and what is right is silent', () => {
  const bugs = names.filter((name) => !name.endsWith('.fixed') && !isSilent(named(name)))
  expect(bugs.map((name) => name.slice(0, 3))).toEqual(CATALOGUE)
  for (const name of names) {
    const { twin } = named(name)
    expect(named(twin).expect).toEqual([])
    expect(named(twin).bytes).toEqual(new Set())
    if (twin !== name) expect(named(twin).lints).toEqual([])
  }
  expect(names.filter((name) => isSilent(named(name)))).toEqual(SILENT)
})

test('B08 on a board that invalidates where arm64 cleans: the drawing is lost', async () => {
  const bug = named('B08-direction')
  const board = { ...armSoc, name: 'arm32', fromDeviceMap: 'invalidate' } as const
  for (const policy of ['lazy', 'eager'] as const) {
    const { rules, bytes } = await outcomeOf(bug, { board, policy })
    expect(rules).toEqual(bug.expect)
    expect(bytes).not.toBe(await rightBytes(bug, policy, 1))
    expect((await outcomeOf(named(bug.twin), { board, policy })).bytes).toBe(
      await rightBytes(bug, policy, 1),
    )
  }
})

describe('the first two lines', () => {
  test.each([
    ['// expect: clean', []],
    ['// expect: early-reuse, fd-leak', ['early-reuse', 'fd-leak']],
  ])('%s', (line, rules) => {
    expect(parseExpect(line)).toEqual(rules)
  })

  test.each(['', '// expect:', '// expect: no-such-rule', '// expect: C1', '// Expect: clean'])(
    'not understood: %j',
    (line) => {
      expect(() => parseExpect(line)).toThrow()
    },
  )

  test('where the bytes go wrong', () => {
    expect(parseBytes('// bytes: right everywhere')).toEqual(new Set())
    expect(parseBytes('// bytes: wrong everywhere')).toBe('everywhere')
    expect(parseBytes('// bytes: none, it throws everywhere')).toBe('none')
    expect(parseBytes('// bytes: wrong on arm-soc lazy, arm-soc eager')).toEqual(
      new Set(['arm-soc lazy', 'arm-soc eager']),
    )
  })

  test.each(['', '// bytes: wrong', '// bytes: wrong on mars lazy', '// bytes: wrong on arm-soc'])(
    'not understood: %j',
    (line) => {
      expect(() => parseBytes(line)).toThrow()
    },
  )
})
