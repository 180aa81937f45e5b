import { reportJson } from 'dmabuf/check'
import { boards, pc, type RunName, runAll, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { findsThenThrows, good, throwing, unbracketed } from './matchers/programs.ts'

const nameOf = ({ board, policy, seed }: RunName): string => `${board} ${policy} ${seed}`

describe('runAll', () => {
  it('runs two boards by three policies, in the order of the command', async () => {
    const { runs, verdict } = await runAll(good)
    expect(runs.map(nameOf)).toEqual([
      ...['pc lazy 1', 'pc eager 1', 'pc random 1'],
      ...['arm-soc lazy 1', 'arm-soc eager 1', 'arm-soc random 1'],
    ])
    expect(verdict).toBe('clean')
  })

  it('merges one mistake into one finding, and says which runs saw it and how', async () => {
    const { findings, runs, verdict } = await runAll(unbracketed, { policies: ['lazy'] })
    expect(verdict).toBe('findings')
    expect(runs.map((run) => run.findings.length)).toEqual([1, 1])
    expect(findings).toHaveLength(1)
    expect(findings[0]?.seenOn.map(nameOf)).toEqual(['pc lazy 1', 'arm-soc lazy 1'])
    const [finding] = findings
    for (const [index, run] of runs.entries()) {
      const name = nameOf(run)
      const [own] = runs[index]?.findings ?? []
      expect(finding?.wrongOn.map(nameOf).includes(name)).toBe(own?.wrongNow)
      expect(finding?.hiddenOn.map(nameOf).includes(name)).toBe(own?.hidden)
    }
  })

  it('takes names, tables and all; a board that is named twice runs once', async () => {
    const mine = { ...pc, name: 'mine' }
    const some = await runAll(good, {
      boards: ['rpi4', mine, 'rpi4'],
      policies: ['random'],
      seed: 7,
    })
    expect(some.runs.map(nameOf)).toEqual(['rpi4 random 7', 'mine random 7'])
    const all = await runAll(good, { boards: ['all'], policies: ['lazy'] })
    // Whose camera and display take contiguous memory alone is asked for by name.
    const any = [...boards.keys()].filter((name) => name !== 'arm-soc-cma')
    expect(all.runs.map(({ board }) => board)).toEqual(any)
  })

  it('makes the runs that runProgram makes', async () => {
    const { runs } = await runAll(unbracketed, { boards: ['arm-soc'], policies: ['eager'] })
    const alone = await runProgram(unbracketed, { board: 'arm-soc', policy: 'eager' })
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
    expect(plain(runs[0])).toEqual(plain(alone))
  })

  it('is failed where a run is, with its error and its place', async () => {
    const { verdict, error } = await runAll(throwing)
    expect(verdict).toBe('failed')
    expect(error).toMatchObject({ kind: 'threw', place: { line: 27 } })
    const both = await runAll(findsThenThrows, { boards: ['pc'], policies: ['lazy'] })
    expect([both.verdict, both.findings.length]).toEqual(['failed', 1])
  })

  it('says of each shown frame which run it is of', async () => {
    const seen: string[] = []
    await runAll(good, { policies: ['lazy'], onFrame: (_, run) => seen.push(run.board) })
    expect(new Set(seen)).toEqual(new Set(['pc', 'arm-soc']))
  })

  it('has results that make a report', async () => {
    const { runs } = await runAll(unbracketed, { policies: ['lazy'] })
    const report = reportJson('programs.ts', runs, (path) => path.split('/').at(-1) ?? path)
    expect(report.verdict).toBe('findings')
    expect(report.runs[1]?.findings[0]).toMatchObject({ file: 'programs.ts', line: 20, column: 11 })
  })

  it.each([
    [{ boards: [] }, /"options.boards.length" is out of range/],
    [{ boards: ['arm'] }, /board is 'arm': there are pc,/],
    [
      { policies: ['lazily' as 'lazy'] },
      /"options.policies\[\]" must be one of 'lazy', 'eager', 'random'. Received 'lazily'/,
    ],
    [{ board: 'pc' } as object, /"options" has only the options boards,.* Received 'board'/],
  ])('refuses %j', async (options, message) => {
    await expect(runAll(good, options)).rejects.toThrow(message)
  })
})
