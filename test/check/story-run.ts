import { Checker, type RunReport, type SourcePlace } from '../../src/check/index.ts'
import { Story } from './story.ts'

/** The number in a stack of the story's as the line of a program. */
export const storyPlace = ({ stack }: { stack?: string | undefined }): SourcePlace | undefined => {
  const line = /\d+/.exec(stack ?? '')?.[0]
  return line === undefined ? undefined : { file: '/app/program.ts', line: Number(line), column: 1 }
}

/** A run whose events are those of the story. */
export function storyRun(body: (story: Story) => void, how: Partial<RunReport> = {}): RunReport {
  const story = new Story()
  body(story)
  const checker = new Checker({ locate: storyPlace, site: ({ stack }) => stack ?? '' })
  for (const event of story.events) checker.observe(event)
  return {
    board: 'pc',
    judgedAs: 'arm-soc',
    policy: 'lazy',
    seed: 1,
    ...checker.finish(),
    cost: { cleaned: 4096, syncs: 2 },
    ...{ frames: 0, wrongFrames: 0 },
    ...how,
  }
}
