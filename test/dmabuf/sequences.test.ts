/**
 * Any sequence of calls on a few buffers against a model that only counts: the same errnos and misuse,
 * the same calls of the exporter, and nothing left at the end.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DmaDirection } from '../../src/events/event.ts'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import type { Attachment } from '../../src/kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../../src/kernel/dmabuf/dma-buf.ts'
import type { KernelMapping } from '../../src/kernel/dmabuf/kernel-mapping.ts'
import { errnoOf, Rig } from './rig.ts'

/** The model of a buffer: numbers alone. */
interface CountedBuffer {
  readonly kept: boolean
  references: number
  vmaps: number
}
interface CountedAttachment {
  readonly of: number
  attached: boolean
  live: number
  keptDirection: DmaDirection | undefined
}

const directions: DmaDirection[] = ['to-device', 'from-device', 'bidirectional']
const buffers = 3
const index = fc.nat(buffers - 1)
const pick = fc.nat(1000)

const step = fc.oneof(
  fc.record({ call: fc.constantFrom('get', 'put', 'vmap', 'vunmap', 'attach'), at: index }),
  fc.record({ call: fc.constant('detach'), at: pick, wrong: fc.boolean() }),
  fc.record({ call: fc.constant('map'), at: pick, direction: fc.constantFrom(...directions) }),
  fc.record({ call: fc.constant('unmap'), at: pick, which: pick }),
)
type Step = { call: string; at: number; wrong?: boolean; direction?: DmaDirection; which?: number }

class Both {
  readonly rig = new Rig()
  readonly real: DmaBuf[]
  readonly model: CountedBuffer[]
  readonly realAttachments: Attachment[] = []
  readonly attachments: CountedAttachment[] = []
  readonly vmaps: (KernelMapping | undefined)[] = []
  readonly expected: string[] = []
  readonly mappings: { mapping: DmaMapping; at: number }[] = []

  constructor(kept: boolean[]) {
    this.real = kept.map((keeps) => this.rig.export(keeps ? { cacheSgtMapping: true } : {}))
    this.model = kept.map((keeps) => ({ kept: keeps, references: 1, vmaps: 0 }))
  }

  async run({ call, at, wrong, direction = 'to-device', which = 0 }: Step): Promise<void> {
    if (['get', 'put', 'vmap', 'vunmap', 'attach'].includes(call)) await this.#onBuffer(call, at)
    else if (this.attachments.length > 0) {
      const chosen = at % this.attachments.length
      if (call === 'detach') this.#detach(chosen, wrong ?? false)
      else if (call === 'map') await this.#map(chosen, direction)
      else await this.#unmap(chosen, which)
    }
  }

  async #onBuffer(call: string, at: number): Promise<void> {
    const [buffer, counted] = [this.real[at] as DmaBuf, this.model[at] as CountedBuffer]
    const { core } = this.rig
    // Calls after a release are reported and otherwise undefined, as in the kernel: not modelled.
    if (counted.references === 0) {
      if (call !== 'put') return
      this.expected.push('put-after-release')
      core.put(buffer)
      return
    }
    if (call === 'get') {
      core.get(buffer)
      counted.references++
    } else if (call === 'put') {
      if (counted.references === 1) this.#expectRelease(at, counted)
      else counted.references--
      core.put(buffer)
    } else if (call === 'vmap') {
      counted.vmaps++
      this.vmaps[at] = await core.vmapUnlocked(buffer)
    } else if (call === 'vunmap') {
      const map = this.vmaps[at]
      if (map === undefined) return
      if (counted.vmaps === 0) this.expected.push('vunmap-unbalanced')
      else counted.vmaps--
      await core.vunmapUnlocked(buffer, map)
    } else {
      this.realAttachments.push(await core.attach(buffer, `device${this.attachments.length}`))
      this.attachments.push({ of: at, attached: true, live: 0, keptDirection: undefined })
    }
  }

  #expectRelease(at: number, counted: CountedBuffer): void {
    counted.references = 0
    if (counted.vmaps > 0) this.expected.push('vmap-leak')
    counted.vmaps = 0
    for (const attachment of this.attachments) {
      if (attachment.of === at && attachment.attached) this.expected.push('attachment-leak')
    }
  }

  #detach(at: number, wrong: boolean): void {
    const [attachment, counted] = [this.realAttachments[at] as Attachment, this.#counted(at)]
    const buffer = wrong
      ? this.real.find((other) => other !== attachment.buffer)
      : attachment.buffer
    if (wrong || !counted.attached) this.expected.push('detach-mismatch')
    else {
      counted.attached = false
      for (let left = counted.live; left > 0; left--) this.expected.push('attachment-mapping-leak')
      counted.live = 0
      counted.keptDirection = undefined
    }
    this.rig.core.detach(buffer as DmaBuf, attachment)
  }

  async #map(at: number, direction: DmaDirection): Promise<void> {
    const [attachment, counted] = [this.realAttachments[at] as Attachment, this.#counted(at)]
    if (!counted.attached || this.#isReleased(counted)) return
    const kept = counted.keptDirection
    const code = await errnoOf(async () => {
      const mapping = await this.rig.core.mapAttachmentUnlocked(attachment, direction)
      if (!this.#keeps(counted)) this.mappings.push({ mapping, at })
    })
    if (kept === undefined) {
      expect(code).toBe('ok')
      if (this.#keeps(counted)) counted.keptDirection = direction
      else counted.live++
      return
    }
    expect(code).toBe(kept === direction || kept === 'bidirectional' ? 'ok' : 'EBUSY')
  }

  async #unmap(at: number, which: number): Promise<void> {
    const counted = this.#counted(at)
    if (!counted.attached || this.#isReleased(counted)) return
    const mine = this.mappings.filter((made) => made.at === at)
    const chosen = mine[which % Math.max(1, mine.length)]
    if (chosen === undefined) return
    this.mappings.splice(this.mappings.indexOf(chosen), 1)
    counted.live--
    const { mapping } = chosen
    const attachment = this.realAttachments[at] as Attachment
    await this.rig.core.unmapAttachmentUnlocked(attachment, mapping, mapping.direction)
    expect(mapping.live).toBe(false)
  }

  check(): void {
    expect(this.rig.codes).toEqual(this.expected)
    this.model.forEach(({ references, vmaps }, at) => {
      const buffer = this.real[at] as DmaBuf
      expect([buffer.released, buffer.vmapped?.count ?? 0]).toEqual([references === 0, vmaps])
      if (references > 0) expect(buffer.references).toBe(references)
      const attached = this.attachments.filter((it) => it.of === at && it.attached).length
      expect(buffer.attachments.length).toBe(attached)
    })
    this.attachments.forEach(({ live, keptDirection, attached }, at) => {
      if (!attached) return
      const { mappings } = this.realAttachments[at] as Attachment
      expect(mappings.size).toBe(live + (keptDirection === undefined ? 0 : 1))
    })
  }

  #counted(at: number): CountedAttachment {
    return this.attachments[at] as CountedAttachment
  }

  #isReleased({ of }: CountedAttachment): boolean {
    return this.model[of]?.references === 0
  }

  #keeps({ of }: CountedAttachment): boolean {
    return this.model[of]?.kept === true
  }
}

it('any sequence is counted as the model counts, and all is released at the end, once', async () => {
  const kept = fc.array(fc.boolean(), { minLength: buffers, maxLength: buffers })
  await fc.assert(
    fc.asyncProperty(kept, fc.array(step, { maxLength: 40 }), async (keeps, steps) => {
      const both = new Both(keeps)
      for (const each of steps) {
        await both.run(each)
        both.check()
      }
      both.rig.core.shutdown()
      expect(both.rig.core.buffers).toEqual([])
      expect(both.rig.called.filter((name) => name.startsWith('release'))).toHaveLength(buffers)
      expect(both.rig.called.some((name) => name.endsWith('release locked'))).toBe(false)
    }),
    { numRuns: 200 },
  )
})
