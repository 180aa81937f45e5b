import { describe, expect, it } from 'vitest'
import { Checker, type CheckResult } from '../../src/check/index.ts'
import { hazard, Story } from './story.ts'

function sharedStory(): Story {
  const story = new Story()
  story.buffer()
  story.attach('camera')
  story.attach('display', { mapping: 2 })
  story.map()
  return story
}

/** `frames` of a program that draws outside any access, with each harm that this does. */
function careless(frames: number): Story {
  const story = sharedStory()
  for (let i = 0; i < frames; i++) {
    const frame = story.frame(i)
    const view = story.view(5, 'mapping', [hazard('stale-line', frame, { wrongNow: true })])
    const stored = story.foundStore(view, story.events.length)
    story.show([hazard('memory-behind', stored)])
  }
  return story
}

describe('the same mistake', () => {
  it('is one finding, counted', () => {
    const { findings } = careless(10).check()
    expect(findings.map(({ rule, count, data }) => ({ rule, count, data }))).toEqual([
      { rule: 'write-outside-bracket', count: 10, data: true },
    ])
  })

  it('is merged by the site that the caller gives', () => {
    const story = sharedStory()
    story.store(5)
    story.store(6)
    const count = (site?: () => string): number => {
      const checker = new Checker({ site })
      for (const event of story.events) checker.observe(event)
      return checker.finish().findings.length
    }
    expect(count()).toBe(2)
    expect(count(() => 'one place')).toBe(1)
  })

  it('is one, whether the event loop of the host is below it in the stack or not', () => {
    const story = sharedStory()
    story.store(5)
    story.store(6)
    const host = '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)'
    const checker = new Checker()
    for (const event of story.events) {
      const stack = event.origin?.stack?.replace('line 6', `line 5\n${host}`)
      checker.observe({ ...event, origin: { stack } })
    }
    expect(checker.finish().findings.map(({ count }) => count)).toEqual([2])
  })

  it('keeps what a folded finding knew about bytes', () => {
    const story = sharedStory()
    const frame = story.frame()
    const view = story.view(5, 'mapping', [hazard('stale-line', frame, { wrongNow: true })])
    story.foundStore(view, story.events.length)
    story.unmap()
    const [finding, ...others] = story.check().findings
    expect(others).toEqual([])
    expect(finding).toMatchObject({ rule: 'write-outside-bracket', data: true, wrongNow: true })
  })
})

describe('a long run', () => {
  it('says the same as a short one, in time that grows with its length', () => {
    const rules = ({ findings }: CheckResult): string[] => findings.map(({ rule }) => rule)
    const long = careless(12_000)
    expect(long.events.length).toBeGreaterThan(100_000)
    expect(rules(long.check())).toEqual(rules(careless(3).check()))
  }, 20_000)

  it('still knows what the kernel stored first', () => {
    const story = new Story()
    const zeroed = story.buffer()
    story.dmaMap({ attachment: 2, mapping: 2, device: 'display' })
    for (let i = 0; i < 20_000; i++) story.store(4)
    story.show([hazard('memory-behind', zeroed, { start: 128, end: 192 })])
    const last = story.check().findings.at(-1)
    expect(last?.rule).toBe('sync-is-noop')
    expect(last?.message).toContain('the kernel (system heap) stored there')
  })
})

describe('notes and lints', () => {
  it('tell of the direction that an exporter syncs with, under its name', () => {
    const story = sharedStory()
    story.start('read', 4, { synced: ['camera'] })
    story.end('read', 5, { synced: ['camera'] })
    const { notes, findings } = story.check()
    expect(findings).toEqual([])
    expect(notes.every(({ driver }) => driver === 'system')).toBe(true)
    expect(notes.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('but camera has the buffer mapped bidirectional'),
    )
  })

  it('tell of a second read with nothing new, and not of a new frame', () => {
    const twice = (between: (story: Story) => void): CheckResult => {
      const story = sharedStory()
      for (const job of [1, 2]) {
        if (job === 1) story.frame(job)
        else between(story)
        story.start('read', 4)
        story.end('read', 5)
      }
      return story.check()
    }
    expect(twice(() => {}).lints.map(({ rule }) => rule)).toEqual(['redundant-sync'])
    expect(twice((story) => story.frame(2)).lints).toEqual([])
  })
})

describe('silence', () => {
  it('about a buffer that no device ever sees', () => {
    const story = new Story()
    story.buffer()
    story.map()
    story.view(3)
    story.store(4)
    story.load(5)
    story.start('write', 6, { synced: [] })
    story.start('read', 7, { synced: [] })
    story.end('read', 8, { synced: [] })
    story.end('write', 9, { synced: [] })
    story.unmap()
    story.close(10, 1)
    story.release()
    story.done()
    expect(story.check()).toEqual({
      findings: [],
      notes: [],
      lints: [],
      rulesNotCheckable: [],
      rulesPartlyCheckable: [],
    })
  })

  it('about stores before a device that writes over all of them', () => {
    const story = new Story()
    story.buffer()
    story.map()
    story.store(4)
    story.attach('camera')
    story.frame()
    story.start('read', 5)
    story.load(6)
    story.end('read', 7)
    expect(story.check().findings).toEqual([])
  })

  it('about two tasks that read at once', () => {
    const story = sharedStory()
    story.start('read', 4, { task: 'one' })
    story.start('read', 5, { task: 'two' })
    story.end('read', 6, { task: 'one' })
    story.end('read', 7, { task: 'two' })
    expect(story.check().findings).toEqual([])
  })
})

describe('a buffer that is alive when the program ends', () => {
  const rules = (after: (story: Story) => void): string[] => {
    const story = new Story()
    story.buffer()
    story.close(10, 1)
    story.done()
    after(story)
    return story.check().findings.map(({ rule }) => rule)
  }

  it('is a leak', () => {
    expect(rules(() => {})).toEqual(['fd-leak'])
  })

  it('is none where a driver held it until it was removed', () => {
    expect(rules((story) => story.release())).toEqual([])
  })

  it('is told as what the driver forgot, where that is known', () => {
    const leaked = rules((story) => {
      story.misuse('reference-leak', { operation: 'dma_buf_put', line: 103 })
      story.release()
    })
    expect(leaked).toEqual(['reference-misuse'])
  })
})
