/**
 * The findings of a checker with the calls alone, for every example and bug: none beyond those of
 * one with all events, and which of its findings are lost.
 */
import { Checker } from 'dmabuf/check'
import { describe, expect, test } from 'vitest'
import { rulesSeen } from '../../../src/check/rules/lookup.ts'
import type { DmabufEvent, EventOrigin } from '../../../src/events/event.ts'
import { formatOrigin } from '../../../src/tap/format-origin.ts'
import { subjects, watch } from './watched.ts'

function placeOf(origin: EventOrigin | undefined): string {
  const site = formatOrigin(origin)
  return site === undefined ? '' : `${site.file.split('/').at(-1)}:${site.line}`
}

function found(user: readonly DmabufEvent[]): string[] {
  const checker = new Checker({ shown: 'calls', site: placeOf })
  for (const event of user) checker.observe(event)
  const { findings, lints } = checker.finish()
  return [...findings, ...lints].map(({ rule, origin }) => `${rule} ${placeOf(origin)}`)
}

/** If the first is found at a place, it stands for the second, which only devices' events show. */
const LESS: Readonly<Record<string, string>> = {
  'read-outside-bracket': 'write-outside-bracket',
  'bracket-over-dma': 'early-invalidate',
}

/** The report on the mapping in place of the line in the driver that lets it grow. */
const ELSEWHERE = ['growable-mapping']

const WHOLE: readonly string[] = rulesSeen('whole', 'calls')
const NONE: readonly string[] = rulesSeen('none', 'calls')

function rulesOf(places: readonly string[]): string[] {
  return [...new Set(places.map((one) => one.split(' ')[0] ?? ''))].sort()
}

const seen: Record<string, string[]> = {}

describe.each(await subjects())('$name', (subject) => {
  test('is told nothing that is not there, and all that can be seen', async () => {
    const { result, user } = await watch(subject)
    const all = [...result.findings, ...result.lints]
    const there = all.map(({ rule, origin }) => `${rule} ${placeOf(origin)}`)
    const rules = rulesOf(there)
    const isThere = (one: string): boolean => {
      const [rule = '', place] = one.split(' ')
      if (ELSEWHERE.includes(rule)) return rules.includes(rule)
      return there.includes(one) || there.includes(`${LESS[rule]} ${place}`)
    }
    const some = found(user)
    expect(some.filter((one) => !isThere(one))).toEqual([])
    seen[subject.name] = rulesOf(some)
    const lost = there.filter((one) => !some.includes(one))
    expect(rulesOf(lost).filter((rule) => WHOLE.includes(rule))).toEqual([])
    expect(rulesOf(some).filter((rule) => NONE.includes(rule))).toEqual([])
  })
})

test('most of what programs do wrong by themselves is found', () => {
  expect(seen).toMatchObject({
    'B01-no-bracket': ['read-outside-bracket'],
    'B02-drift': ['redundant-sync', 'unbalanced-bracket'],
    'B03-result-ignored': ['sync-result-ignored'],
    'B04-end-after-unmap': ['bracket-order'],
    'B07-read-after-end': ['use-after-release'],
    'B09-app-buffers': ['read-outside-bracket', 'write-outside-bracket'],
    'B10-cached-capture': ['read-outside-bracket'],
    'B22-dirty-lines': ['write-outside-bracket'],
    // Only the device's store shows that it came too early.
    'B27-early-invalidate': ['bracket-over-dma'],
    'B51-handle-closed-twice': ['handle-alias'],
    'B52-handle-never-closed': ['handle-alias'],
    'B68-larger-than-buffer': ['out-of-range'],
    'B78-eagain-fatal': ['sync-result-ignored'],
    'held-across-queueing': ['bracket-over-dma'],
    leak: ['fd-leak'],
    'no-bracket': ['map-leak', 'read-outside-bracket'],
    pipeline: [],
    // Stores through an array, and a display that reads, are not seen.
    'read-bracket': [],
    'requeue-too-early': [],
    'second-start': ['redundant-sync', 'unbalanced-bracket'],
  })
})
