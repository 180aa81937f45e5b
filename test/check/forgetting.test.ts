/** Data that a checker keeps of released buffers, and its treatment of unknown events. */
import { describe, expect, test } from 'vitest'
import { Checker, type CheckResult } from '../../src/check/index.ts'
import { History } from '../../src/check/model/history.ts'
import type { DmabufEvent, NewEvent } from '../../src/events/event.ts'
import { OWN, Story } from './story.ts'

function check(events: readonly DmabufEvent[]): CheckResult {
  const checker = new Checker()
  for (const event of events) checker.observe(event)
  return checker.finish()
}

/** Buffer 1 is used after it was released, and after `others` more came and went. */
function late(others: number): Story {
  const story = new Story()
  story.buffer(1)
  story.close(10, 1)
  story.release(1)
  for (let buffer = 2; buffer < others + 2; buffer++) {
    story.buffer(buffer)
    story.close(10, buffer)
    story.release(buffer)
  }
  story.emit({
    kind: 'misuse',
    code: 'use-after-release',
    operation: 'dma_buf_attach',
    driver: OWN,
    text: 'the buffer is gone',
    buffer: 1,
  } as NewEvent)
  return story
}

describe('buffers that were released', () => {
  test('are forgotten, but for the newest', () => {
    const history = new History(64, 'everything')
    for (const event of late(5000).events) history.update(event)
    expect([...history.buffers].length).toBeLessThan(1100)
  })

  test('are kept while a mapping of theirs is', () => {
    const story = new Story()
    story.buffer(1)
    story.map()
    story.release(1)
    const history = new History(64, 'everything')
    for (const event of [...story.events, ...late(5000).events]) history.update(event)
    expect([...history.buffers].map(({ id }) => id)).toContain(1)
  })

  test('are named by findings that come late', () => {
    const [finding] = check(late(500).events).findings
    expect(finding?.because.text).toMatch(/^It was released at event \d+\.$/)
  })

  test('and were forgotten are findings still', () => {
    const [finding, ...more] = check(late(5000).events).findings
    expect(more).toEqual([])
    expect(finding).toMatchObject({ rule: 'use-after-release', buffer: 1 })
  })
})

describe('events of a newer version', () => {
  test('with a misuse that is not known are findings about the driver', () => {
    const story = late(0)
    const events = story.events.map((event) =>
      event.kind === 'misuse'
        ? ({ ...event, code: 'of-tomorrow' } as unknown as DmabufEvent)
        : event,
    )
    const [finding] = check(events).findings
    expect(finding).toMatchObject({ rule: 'driver-contract' })
    expect(finding?.message).toMatch(/dma_buf_attach breaks a contract that this version/)
    expect(finding?.fix).toMatch(/Update dmabuf/)
  })

  test('with a kind that is not known are passed over', () => {
    const story = new Story()
    story.buffer()
    story.emit({ kind: 'of-tomorrow', buffer: 1 } as unknown as NewEvent)
    story.close(10, 1)
    story.release()
    expect(check(story.events).findings).toEqual([])
  })
})

describe('a PRIME handle of no known buffer', () => {
  test('is not a finding: the handles of an open device go with it', () => {
    const story = new Story()
    const opened = {
      kind: 'handle-open',
      file: 110,
      handle: 2,
      fd: 11,
      buffer: undefined,
      result: 0,
    }
    story.emit(opened as unknown as NewEvent)
    story.emit({ kind: 'program-end', how: 'returned', error: undefined } as NewEvent)
    expect(check(story.events).findings).toEqual([])
  })
})
