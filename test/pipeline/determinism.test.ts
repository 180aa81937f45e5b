import { type DmabufEvent, runProgram, y4mSource } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import noBracket from '../../examples/no-bracket.ts'
import pipeline from '../../examples/pipeline.ts'
import { clip } from './naive-overlay.ts'

/** All that an event says, but for the stack, whose text names the host's own frames. */
function text(event: DmabufEvent): string {
  return JSON.stringify({ ...event, origin: undefined })
}

async function trace(program: typeof pipeline, seed: number): Promise<string> {
  const events: string[] = []
  await runProgram(program, {
    board: 'arm-soc',
    policy: 'random',
    seed,
    source: y4mSource(clip),
    onEvent: (event) => events.push(text(event)),
  })
  return events.join('\n')
}

it('emits the same events, byte for byte, for the same seed', async () => {
  for (const program of [pipeline, noBracket]) {
    expect(await trace(program, 11)).toBe(await trace(program, 11))
  }
}, 30_000)

it('does something else for another seed', async () => {
  const hazards = (events: string): string[] => events.match(/"wrongNow":true/g) ?? []
  const counts = await Promise.all(
    [1, 2, 3].map(async (seed) => hazards(await trace(noBracket, seed)).length),
  )
  expect(new Set(counts).size).toBeGreaterThan(1)
}, 30_000)
