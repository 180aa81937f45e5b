/** A recorded run is judged like the run, and a damaged record is refused. */
import { checkTrace, reportJson, TraceError } from 'dmabuf/check'
import { runProgram } from 'dmabuf/sim'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import noBracket from '../../examples/no-bracket.ts'
import pipeline from '../../examples/pipeline.ts'
import { EVENT_FIELDS } from '../../src/events/schema.ts'
import { loadProgram, programNames } from '../bugs/programs.ts'

const RUNS = 200

async function recorded(
  program: Parameters<typeof runProgram>[0],
  options: Parameters<typeof runProgram>[1] = {},
): Promise<{ json: string; lines: string[] }> {
  const lines: string[] = []
  const trace = { program: 'it.ts', write: (line: string) => void lines.push(line) }
  const report = await runProgram(program, { ...options, trace })
  return { json: JSON.stringify(reportJson('it.ts', [report])), lines }
}

async function rejudged(lines: readonly string[]): Promise<string> {
  const { report, program } = await checkTrace(lines)
  return JSON.stringify(reportJson(program, [report]))
}

describe('a recorded run', () => {
  it.each(programNames())('%s is judged like the run itself', async (name) => {
    const { program, prepare, drivers } = await loadProgram(name)
    for (const board of ['arm-soc', 'pc-bounce']) {
      const { json, lines } = await recorded(program, { prepare, drivers, board, policy: 'random' })
      expect(await rejudged(lines)).toBe(json)
    }
  })

  it('has only events with the fields of the schema', async () => {
    const { lines } = await recorded(noBracket)
    for (const line of lines) {
      const event: Record<string, unknown> & { kind?: keyof typeof EVENT_FIELDS } = JSON.parse(line)
      if (event.kind === undefined) continue
      const known = ['kind', ...Object.keys(EVENT_FIELDS[event.kind])]
      expect(Object.keys(event).filter((field) => !known.includes(field))).toEqual([])
    }
  })

  it('is judged the same with fields that the reader does not know', async () => {
    const { json, lines } = await recorded(noBracket)
    const extended = lines.map((line) => line.replace(/}\n$/, ',"later":{"field":[1]}}\n'))
    expect(await rejudged(extended)).toBe(json)
  })

  it('has the failure of a program that threw', async () => {
    const { json, lines } = await recorded(async () => {
      throw new Error('enough')
    })
    expect(json).toContain('enough')
    expect(await rejudged(lines)).toBe(json)
  })

  it('ends the run when its target throws', async () => {
    const write = (): void => {
      throw new Error('disk full')
    }
    await expect(
      runProgram(pipeline, { trace: { program: 'it.ts', write } }),
    ).resolves.toMatchObject({ error: { message: expect.stringContaining('disk full') } })
  })
})

/** Every value in `json`, at any depth, as the keys that lead to it. */
function pathsIn(json: unknown): string[][] {
  if (typeof json !== 'object' || json === null) return [[]]
  const inner = Object.entries(json).flatMap(([key, one]) =>
    pathsIn(one).map((path) => [key, ...path]),
  )
  return [[], ...inner]
}

function replaced(json: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value
  const copy = Array.isArray(json) ? [...json] : { ...(json as object) }
  Object.assign(copy, { [key]: replaced((json as Record<string, unknown>)[key], rest, value) })
  return copy
}

describe('a damaged record', () => {
  it.each(['B07-read-after-end', 'B19-sync-direction', 'B21-bounced-scanout'])(
    '%s, with one value of another type or size, is refused from its line on, or judged',
    async (name) => {
      const { program, prepare, drivers } = await loadProgram(name)
      const { lines } = await recorded(program, { prepare, drivers, board: 'pc-bounce' })
      const values = fc.oneof(
        fc.constantFrom(null, -1, 0.5, 2 ** 40, 2 ** 53, [], {}, true, '', undefined),
        fc.jsonValue(),
      )
      await fc.assert(
        fc.asyncProperty(fc.nat(lines.length - 1), fc.nat(), values, async (at, where, value) => {
          const json: unknown = JSON.parse(lines[at] ?? '')
          const paths = pathsIn(json)
          const damaged = replaced(json, paths[where % paths.length] ?? [], value)
          const copy = lines.with(at, JSON.stringify(damaged) ?? '')
          const outcome = await rejudged(copy).catch((error: unknown) => error)
          if (typeof outcome === 'string') return
          expect(outcome).toBeInstanceOf(TraceError)
          expect((outcome as TraceError).line).toBeGreaterThan(at)
        }),
        { numRuns: Number(process.env.TRACE_RUNS ?? RUNS) },
      )
    },
  )

  it('is refused at the line that is wrong, or judged in full: never in part', async () => {
    const { json, lines } = await recorded(noBracket)
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), line: fc.nat(lines.length - 1) }),
      fc.record({ kind: fc.constant('drop' as const), line: fc.nat(lines.length - 1) }),
      fc.record({ kind: fc.constant('swap' as const), line: fc.nat(lines.length - 2) }),
      fc.record({
        kind: fc.constant('text' as const),
        line: fc.nat(lines.length - 1),
        text: fc.oneof(fc.string(), fc.json()),
      }),
    )
    await fc.assert(
      fc.asyncProperty(damage, async (made) => {
        const copy = [...lines]
        const { line } = made
        if (made.kind === 'cut') copy.splice(line)
        else if (made.kind === 'drop') copy.splice(line, 1)
        else if (made.kind === 'swap') copy.splice(line, 2, copy[line + 1] ?? '', copy[line] ?? '')
        else copy[line] = made.text
        try {
          const same = await rejudged(copy)
          // A line that names a source line only, or an event that no rule needs.
          expect(typeof same).toBe('string')
          expect(made.kind).not.toBe('cut')
        } catch (error) {
          expect(error).toBeInstanceOf(TraceError)
          expect((error as TraceError).line).toBeGreaterThan(0)
        }
      }),
      { numRuns: RUNS },
    )
    expect(await rejudged(lines)).toBe(json)
  })

  it.each([
    [[], 'line 1: the trace is empty'],
    [['{}'], 'line 1: it is not the head of a dmabuf-trace'],
    [['[1]'], 'line 1: it is not a JSON object'],
    [['{"format":"dmabuf-trace","version":2}'], 'line 1: the trace has version 2'],
  ])('%j is refused', async (lines, message) => {
    await expect(checkTrace(lines)).rejects.toThrow(message)
  })
})
