/** A program that must be flagged, and a near twin that must not. */
import type { RuleId } from '../../../src/check/index.ts'
import type { Story } from '../story.ts'

export interface Case {
  readonly rule: RuleId
  readonly what: string
  readonly bad: (story: Story) => void
  readonly good: (story: Story) => void
  /** The line at fault, if one is. */
  readonly line?: number
  /** Whether the finding is about bytes. */
  readonly data?: boolean
  /** Whether other rules may have something to say as well. */
  readonly others?: readonly RuleId[]
}

/** A mapped buffer that a camera and a display share, released at the end. */
export function shared(story: Story, body: () => void): void {
  story.buffer()
  story.attach('camera')
  story.attach('display', { mapping: 2 })
  story.map()
  body()
  story.unmap()
  story.close(10, 1)
  story.release()
  story.done()
}

export const both = (body: (story: Story, isBad: boolean) => void): Pick<Case, 'bad' | 'good'> => ({
  bad: (story) => shared(story, () => body(story, true)),
  good: (story) => shared(story, () => body(story, false)),
})

/** As it is, without the buffer that the others begin with. */
export const bare = (body: (story: Story, isBad: boolean) => void): Pick<Case, 'bad' | 'good'> => ({
  bad: (story) => body(story, true),
  good: (story) => body(story, false),
})
