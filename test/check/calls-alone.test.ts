/** A checker that gets a program's calls alone takes unshown events for unknown, not for absent. */
import { Checker, type CheckResult, ruleIds, type Shown } from 'dmabuf/check'
import { describe, expect, it } from 'vitest'
import { rulesSeen } from '../../src/check/rules/lookup.ts'
import { SIZE, Story } from './story.ts'

function check({ events }: Story, shown: Shown): CheckResult {
  const checker = new Checker({ shown })
  for (const event of events) checker.observe(event)
  return checker.finish()
}

/** Rules that each of the two finds. */
function found(story: Story): Record<Shown, string[]> {
  const rules = (shown: Shown): string[] => {
    const { findings, lints } = check(story, shown)
    return [...findings, ...lints].map(({ rule }) => rule)
  }
  return { everything: rules('everything'), calls: rules('calls') }
}

describe('a checker that is shown the calls alone', () => {
  it('knows of each rule how much of it can be seen', () => {
    const all = (['whole', 'part', 'none'] as const).flatMap((sight) => rulesSeen(sight, 'calls'))
    expect(all.sort()).toEqual([...ruleIds].sort())
    expect(rulesSeen('whole', 'everything').sort()).toEqual([...ruleIds].sort())
    const { rulesNotCheckable, rulesPartlyCheckable } = check(new Story(), 'calls')
    expect(rulesNotCheckable).toEqual(rulesSeen('none', 'calls'))
    expect(rulesPartlyCheckable).toEqual(rulesSeen('part', 'calls'))
    expect(check(new Story(), 'everything').rulesPartlyCheckable).toEqual([])
  })

  it('does not take a buffer for leaked because nobody told of its release', () => {
    const story = new Story()
    story.buffer()
    story.close(10, 1)
    story.done()
    expect(found(story)).toEqual({ everything: ['fd-leak'], calls: [] })
  })

  it('does not call a second START for reading needless: a device may have stored', () => {
    const story = new Story()
    story.buffer()
    story.handle('handle-open', 1)
    for (const line of [2, 3]) {
      story.start('read', line, { synced: [] })
      story.end('read', line, { synced: [] })
    }
    expect(found(story)).toEqual({ everything: ['redundant-sync'], calls: [] })
  })

  it('still calls one inside another needless', () => {
    const story = new Story()
    story.buffer()
    story.handle('handle-open', 1)
    story.start('read-write', 2, { synced: [] })
    story.start('write', 3, { synced: [] })
    story.end('write', 4, { synced: [] })
    story.end('read-write', 5, { synced: [] })
    expect(found(story).calls).toEqual(['redundant-sync'])
  })
})

describe('a descriptor', () => {
  const opened = (from?: 'elsewhere'): Story => {
    const story = new Story()
    story.emit({ kind: 'fd-open', fd: 10, file: 1, what: 'dmabuf', from })
    story.done()
    return story
  }

  it('that no call of the program made is somebody else to close', () => {
    expect(found(opened('elsewhere')).calls).toEqual([])
    expect(found(opened()).calls).toEqual(['fd-leak'])
  })
})

describe('an address', () => {
  const EFAULT = -14
  const address = 0x7000

  function refused(again: boolean): string[] {
    const story = new Story()
    story.call('mmap', { fd: 10, length: SIZE, result: address }, 1)
    story.call('munmap', { address, length: SIZE, result: 0 }, 2)
    if (again) story.call('mmap', { fd: 10, length: SIZE, result: address }, 3)
    story.call('store', { address, length: 8, result: EFAULT }, 4)
    return found(story).calls
  }

  it('that was unmapped is not used any more', () => {
    expect(refused(false)).toEqual(['use-after-release'])
  })

  it('that the kernel has given out again is a new one: it may refuse stores', () => {
    expect(refused(true)).toEqual([])
  })
})

describe('a queue of a video device', () => {
  it('that only reads leaves the CPU its reading', () => {
    const rules = (access: 'read' | 'write', cpu: 'read' | 'write'): string[] => {
      const story = new Story()
      story.buffer()
      story.emit({ kind: 'queue', device: '/dev/video1', index: 0, buffer: 1, access })
      story.start(cpu, 2, { synced: [] })
      story.end(cpu, 3, { synced: [] })
      return found(story).calls
    }
    expect(rules('read', 'read')).toEqual([])
    expect(rules('read', 'write')).toEqual(['bracket-over-dma'])
    expect(rules('write', 'read')).toEqual(['bracket-over-dma'])
  })
})
