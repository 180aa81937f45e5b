import { describe, expect, it } from 'vitest'
import type { CheckResult } from '../../src/check/index.ts'
import type { MisuseCode } from '../../src/events/misuse-code.ts'
import { hazard, MODEL, OWN, Story } from './story.ts'

function told(body: (story: Story) => void): CheckResult {
  const story = new Story()
  story.buffer()
  body(story)
  return story.check()
}

const operation = 'dma_sync_sgtable_for_cpu'

describe('what a modelled driver breaks', () => {
  it('is one note for each thing, under its name, and no finding', () => {
    const { findings, notes } = told((s) => {
      for (let i = 0; i < 3; i++) s.misuse('sync-direction', { driver: MODEL, operation })
      s.misuse('unmap-size', { driver: MODEL })
      s.misuse('sync-unknown', { driver: MODEL, operation })
    })
    expect(findings).toEqual([])
    expect(notes.map(({ driver, count }) => [driver, count])).toEqual([
      ['system heap', 3],
      ['system heap', 1],
      ['system heap', 1],
    ])
    expect(notes[0]?.message).toBe(
      'dma_sync_sgtable_for_cpu syncs with a direction other than that of the map: map size=4096 bytes, unmap size=8192 bytes.',
    )
  })

  it('is told once: a sync that the kernel warns of is not noted as a cost as well', () => {
    const syncs = (warned: boolean): CheckResult =>
      told((s) => {
        s.dmaMap({ attachment: 1, direction: 'from-device', driver: MODEL })
        if (warned) s.misuse('sync-direction', { driver: MODEL, operation })
        s.sync('cpu', { driver: MODEL })
        s.start('read-write', 4)
      })
    expect(syncs(false).notes).toHaveLength(1)
    expect(syncs(true).notes).toHaveLength(1)
  })
})

describe("a finding in a driver's file", () => {
  it('names the driver, and counts what happens again and again', () => {
    const [finding, ...others] = told((s) => {
      s.dmaMap({ line: 105 })
      for (let i = 0; i < 5; i++) s.misuse('unmap-size', { mapping: 1, line: 109 })
    }).findings
    expect(others).toEqual([])
    expect(finding).toMatchObject({ rule: 'dma-api-misuse', count: 5, severity: 'error' })
    expect(finding?.message).toMatch(
      /^vpdma: dma_unmap_sgtable frees with a size other than that of the map/,
    )
    expect(finding?.because.origin?.stack).toBe('line 105')
  })

  it('is one for each thing that is wrong there', () => {
    const { findings } = told((s) => {
      s.misuse('unmap-size', { line: 109 })
      s.misuse('map-error-unchecked', { line: 109 })
      s.misuse('unmap-size', { line: 109 })
    })
    expect(findings.map(({ rule, count }) => [rule, count])).toEqual([
      ['dma-api-misuse', 2],
      ['dma-api-misuse', 1],
    ])
  })

  it('is one for what follows: a reference behind an attachment, the put of a dead reference', () => {
    const rules = (codes: readonly MisuseCode[]): string[] =>
      told((s) => {
        for (const code of codes) s.misuse(code, { line: 103 })
      }).findings.map(({ rule }) => rule)
    expect(rules(['attachment-leak', 'reference-leak'])).toEqual(['mapping-leak'])
    expect(rules(['reference-leak'])).toEqual(['reference-misuse'])
    expect(rules(['use-after-release', 'put-after-release'])).toEqual(['use-after-release'])
    expect(rules(['put-after-release'])).toEqual(['reference-misuse'])
  })

  it('is one for an attachment that is left when its buffer goes, and still when the driver goes', () => {
    const told = (...operations: string[]): number => {
      const story = new Story()
      story.buffer()
      operations.forEach((operation, i) => {
        story.misuse('attachment-leak', { operation, line: 103 + i })
      })
      return story.check().findings.length
    }
    expect(told('dma_buf_release', 'dma_buf_attach')).toBe(1)
    expect(told('dma_buf_attach', 'dma_buf_attach')).toBe(2)
  })

  it("is told where it is the driver's: what the kernel's own code meets then is no note", () => {
    const notes = (...codes: MisuseCode[]): number =>
      told((s) => {
        for (const code of codes) s.misuse(code, { line: 103 })
        s.misuse('put-after-release', { driver: MODEL })
      }).notes.length
    expect([notes(), notes('early-publish'), notes('unmap-size')]).toEqual([1, 0, 1])
  })

  it('says when it went', () => {
    const [finding] = told((s) => {
      s.emit({ kind: 'release', buffer: 1 }, { line: 102 })
      s.misuse('use-after-release', { operation: 'get_dma_buf', line: 103 })
    }).findings
    expect(finding?.because).toMatchObject({ origin: { stack: 'line 102' } })
  })

  it('is a warning where memory is only kept', () => {
    const severity = (code: 'reference-leak' | 'put-after-release'): string | undefined =>
      told((s) => s.misuse(code)).findings[0]?.severity
    expect(severity('reference-leak')).toBe('warning')
    expect(severity('put-after-release')).toBe('error')
  })

  it("has the program's line beside it", () => {
    const [finding] = told((s) => {
      s.misuse('sync-unknown', { operation, line: 103, driver: OWN })
      s.start('read', 4, { synced: [] })
    }).findings
    expect(finding?.rule).toBe('sync-is-noop')
    expect(finding?.origin?.stack).toBe('line 103')
    expect(finding?.related.map(({ origin }) => origin?.stack)).toEqual(['line 4'])
  })
})

describe('the way out of a CPU sync that was skipped', () => {
  const fixWith = (driver: typeof MODEL | typeof OWN): string | undefined =>
    told((s) => {
      s.mapOf(1, 7)
      s.start('write', 4, { synced: [] })
      const stored = s.store(5)
      s.end('write', 6, { synced: [] })
      s.dmaMap({ attachment: 1, skip: true, line: 102, driver })
      s.bus('load', { hazards: [hazard('memory-behind', stored)] })
    }).findings.find(({ rule }) => rule === 'unsafe-skip-hint')?.fix

  it('is the program’s where a model skips as Linux does, and else the driver’s', () => {
    expect(fixWith(MODEL)).toContain('system heap always maps like this')
    expect(fixWith(OWN)).toContain('DMA_ATTR_SKIP_CPU_SYNC')
  })
})
