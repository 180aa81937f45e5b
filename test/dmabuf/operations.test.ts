/** Exporters whose operations break their contract: the core survives, and says which and how. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import { tableOf, tableOfPart } from '../../src/kernel/dma/sg-table.ts'
import type { Attachment } from '../../src/kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../../src/kernel/dmabuf/dma-buf.ts'
import { OPERATIONS, type OperationName } from '../../src/kernel/dmabuf/operation-table.ts'
import type { DmaBufOps } from '../../src/kernel/dmabuf/ops.ts'
import type { Storage } from '../../src/machine/storage.ts'
import { EXPORTER, errnoOf, PAGE, Rig } from './rig.ts'

const noOp = (): void => {}

function mapOf(
  rig: Rig,
  { buffer, device, id }: Attachment,
  what: Partial<{
    device: string
    table: ReturnType<typeof tableOf>
    attachment: number | undefined
  }>,
): DmaMapping {
  return rig.dma.map({
    device,
    table: tableOf(buffer.priv as Storage),
    direction: 'to-device',
    buffer: buffer.inode,
    attachment: id,
    driver: EXPORTER,
    ...what,
  })
}

describe('what map returns', () => {
  const wrong: [string, (rig: Rig, attachment: Attachment) => unknown, RegExp][] = [
    ['a number', () => 7, /returned 7: no mapping/],
    ['a look-alike', (rig, it) => ({ ...mapOf(rig, it, {}) }), /returned an object: no mapping/],
    [
      'another device',
      (rig, it) => mapOf(rig, it, { device: 'gpu' }),
      /for device gpu, not for camera/,
    ],
    [
      'a part',
      (rig, it) => mapOf(rig, it, { table: tableOfPart(it.buffer.priv as Storage, 0, PAGE) }),
      /of 4096 bytes: .* exported with 8192/,
    ],
    [
      'a dead one',
      (rig, it) => {
        const mapping = mapOf(rig, it, {})
        rig.dma.unmap(mapping)
        return mapping
      },
      /unmapped already/,
    ],
  ]

  it.each(wrong)('%s: EINVAL, told, and no mapping of the attachment', async (_what, map, text) => {
    const rig = new Rig()
    const mapDmaBuf = (attachment: Attachment): never => map(rig, attachment) as never
    const buffer = rig.export({ mapDmaBuf })
    const attachment = await rig.core.attach(buffer, 'camera')
    const call = (): unknown => rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    expect(await errnoOf(call)).toBe('EINVAL')
    expect(rig.misuse).toMatchObject([
      { code: 'operation-returned', operation: 'map_dma_buf', driver: EXPORTER, device: 'camera' },
    ])
    expect(rig.misuse[0]?.text).toMatch(text)
    expect([attachment.mappings.size, buffer.resv.isLocked]).toEqual([0, false])
  })

  it('is unmapped again when it was made for the attachment', async () => {
    const rig = new Rig()
    const made: DmaMapping[] = []
    const mapDmaBuf = (attachment: Attachment): DmaMapping => {
      const table = tableOfPart(attachment.buffer.priv as Storage, 0, PAGE)
      made.push(mapOf(rig, attachment, { table }))
      return made[0] as DmaMapping
    }
    const attachment = await rig.core.attach(rig.export({ mapDmaBuf }), 'camera')
    await errnoOf(() => rig.core.mapAttachmentUnlocked(attachment, 'to-device'))
    expect([made[0]?.live, rig.called]).toEqual([false, ['mapDmaBuf locked', 'unmapDmaBuf locked']])
  })

  it('may have the bytes of the last page behind a size that is no whole pages', async () => {
    const rig = new Rig()
    const attachment = await rig.core.attach(rig.export({}, { size: 5000 }), 'camera')
    await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    expect(rig.codes).toEqual([])
  })
})

/** How each operation is reached, and how its kernel name is. */
const reached: [keyof DmaBufOps, string, 'EIO' | 'ok', (rig: Rig, buffer: DmaBuf) => unknown][] = [
  ['attach', 'attach', 'EIO', (rig, buffer) => rig.core.attach(buffer, 'camera')],
  ['mapDmaBuf', 'map_dma_buf', 'EIO', mapped],
  [
    'beginCpuAccess',
    'begin_cpu_access',
    'EIO',
    (rig, buffer) => rig.core.beginCpuAccess(buffer, 'read'),
  ],
  ['endCpuAccess', 'end_cpu_access', 'EIO', (rig, buffer) => rig.core.endCpuAccess(buffer, 'read')],
  ['mmap', 'mmap', 'EIO', (rig, buffer) => rig.core.mmap(buffer, 0, PAGE)],
  ['vmap', 'vmap', 'EIO', (rig, buffer) => rig.core.vmapUnlocked(buffer)],
  [
    'unmapDmaBuf',
    'unmap_dma_buf',
    'ok',
    async (rig, buffer) => {
      const { attachment, mapping } = await mapped(rig, buffer)
      await rig.core.unmapAttachmentUnlocked(attachment, mapping, 'to-device')
    },
  ],
  [
    'detach',
    'detach',
    'ok',
    async (rig, buffer) => rig.core.detach(buffer, await rig.core.attach(buffer, 'camera')),
  ],
  [
    'vunmap',
    'vunmap',
    'ok',
    async (rig, buffer) => rig.core.vunmapUnlocked(buffer, await rig.core.vmapUnlocked(buffer)),
  ],
  ['release', 'release', 'ok', (rig, buffer) => rig.core.put(buffer)],
]

async function mapped(
  rig: Rig,
  buffer: DmaBuf,
): Promise<{ attachment: Attachment; mapping: DmaMapping }> {
  const attachment = await rig.core.attach(buffer, 'camera')
  const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
  return { attachment, mapping }
}

/** Operations of exporters that move, which tests of movers reach. */
const MOVERS: readonly OperationName[] = ['pin', 'unpin']

describe('the table of operations', () => {
  const names = Object.keys(OPERATIONS) as OperationName[]

  it('has each operation, with its name and whether it can fail', () => {
    const known = reached.map(([name, kernel, code]) => [name, kernel, code === 'EIO'])
    const wanted = names
      .filter((name) => !MOVERS.includes(name))
      .map((name) => [name, OPERATIONS[name].name, OPERATIONS[name].mayFail])
    expect(known.sort()).toEqual(wanted.sort())
  })

  it.each(reached)('%s: called with the lock as the table says', async (name, _, __, reach) => {
    const rig = new Rig()
    const buffer = rig.export({
      attach: noOp,
      detach: noOp,
      beginCpuAccess: noOp,
      endCpuAccess: noOp,
    })
    await reach(rig, buffer)
    const { locked } = OPERATIONS[name as OperationName]
    expect(rig.called).toContain(locked ? `${name} locked` : name)
  })

  it('is that of the guide', () => {
    const guide = readFileSync(new URL('../../docs/drivers.md', import.meta.url), 'utf8')
    const rows = [...guide.matchAll(/^\| (`\w+`(?:, `\w+`)?) \| (yes|no) \| ([a-z, ]+) \|/gm)]
    const documented = rows.flatMap(([, operations = '', lock, sleeps = '']) =>
      operations.split(', ').map((name, i) => {
        const words = sleeps.split(', ')
        return [name.replaceAll('`', ''), lock === 'yes', (words[i] ?? words[0]) === 'yes']
      }),
    )
    const wanted = names.map((name) => [name, OPERATIONS[name].locked, OPERATIONS[name].maySleep])
    expect(documented.sort()).toEqual(wanted.sort())
  })
})

describe('an operation that throws', () => {
  it.each(reached)(
    '%s: told with its line, and EIO where it can fail',
    async (name, kernel, code, reach) => {
      const rig = new Rig()
      const boom = (): never => {
        throw new TypeError('boom')
      }
      const buffer = rig.export({ [name]: boom })
      expect(await errnoOf(() => reach(rig, buffer))).toBe(code)
      expect(rig.misuse).toMatchObject([
        { code: 'operation-threw', operation: kernel, driver: EXPORTER, buffer: buffer.inode },
      ])
      expect(rig.misuse[0]?.text).toContain('TypeError: boom')
      expect(rig.misuse[0]?.origin?.stack).toContain('operations.test.ts')
      expect(buffer.resv.isLocked).toBe(false)
    },
  )

  it.each(reached)(
    '%s of one of our own: its bug comes through',
    async (name, _kernel, _code, reach) => {
      const rig = new Rig()
      const boom = (): never => {
        throw new TypeError('boom')
      }
      const driver = { name: 'ours', modelled: true }
      const buffer = rig.export({ [name]: boom }, { driver })
      const outcome = async (): Promise<unknown> => await reach(rig, buffer)
      await expect(outcome).rejects.toThrow('boom')
      expect(rig.codes).toEqual([])
    },
  )

  it('something that is no Error', async () => {
    const rig = new Rig()
    const boom = (): never => {
      throw 'a string'
    }
    const buffer = rig.export({ beginCpuAccess: boom })
    expect(await errnoOf(() => rig.core.beginCpuAccess(buffer, 'read'))).toBe('EIO')
    expect(rig.misuse[0]?.text).toContain('threw a string')
  })
})

describe('an operation that sleeps', () => {
  it('rejects as if it threw', async () => {
    const rig = new Rig()
    const buffer = rig.export({ beginCpuAccess: () => Promise.reject(new TypeError('later')) })
    expect(await errnoOf(() => rig.core.beginCpuAccess(buffer, 'read'))).toBe('EIO')
    expect(rig.codes).toEqual(['operation-threw'])
  })

  it('goes on in the task that called it', async () => {
    const rig = new Rig()
    const { scheduler } = rig.machine
    const seen: string[] = []
    const beginCpuAccess = async (): Promise<void> => {
      await scheduler.sleep(1000)
      seen.push(scheduler.current.name)
    }
    const buffer = rig.export({ beginCpuAccess })
    const call = (name: string): Promise<void> =>
      scheduler.spawn(name, async () => {
        await rig.core.beginCpuAccess(buffer, 'read')
        seen.push(`${scheduler.current.name} back`)
      })
    await Promise.all([call('a'), call('b')])
    expect(seen.sort()).toEqual(['a', 'a back', 'b', 'b back'])
  })

  it.each(
    reached.map(([name]) => name as OperationName).filter((name) => !OPERATIONS[name].maySleep),
  )('%s, which may not: told', async (name) => {
    const rig = new Rig()
    const buffer = rig.export({ [name]: async () => {} })
    const entry = reached.find(([operation]) => operation === name)
    await errnoOf(() => entry?.[3](rig, buffer))
    expect(rig.misuse).toMatchObject([{ code: 'operation-returned', operation: entry?.[1] }])
    expect(rig.misuse[0]?.text).toContain('returned a promise')
  })

  it('for ever is named, and everything can still be released', async () => {
    const rig = new Rig()
    const never = (): Promise<never> => new Promise(() => {})
    const buffer = rig.export({ mapDmaBuf: never, detach: noOp })
    const attachment = await rig.core.attach(buffer, 'camera')
    void rig.machine.scheduler.spawn('program', () =>
      rig.core.mapAttachmentUnlocked(attachment, 'to-device'),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rig.stuck.flat().join()).toContain(
      'map_dma_buf(attachment 1 of camera, to-device) of driver exporter',
    )
    expect(buffer.resv.isLocked).toBe(true)
    rig.machine.scheduler.stop()
    rig.core.stop()
    rig.core.shutdown()
    expect(rig.called.slice(1)).toEqual(['detach', 'release'])
    expect(rig.codes).toEqual(['operation-pending', 'reference-leak', 'attachment-leak'])
    expect(rig.core.buffers).toEqual([])
  })
})

describe('an importer', () => {
  it('whose moveNotify throws is told of, and the others are notified', async () => {
    const rig = new Rig()
    const told: string[] = []
    const buffer = rig.export({ pin: noOp, unpin: noOp })
    const driver = { name: 'importer', modelled: false }
    const boom = (): never => {
      throw new Error('boom')
    }
    await rig.core.dynamicAttach(buffer, 'a', { ops: { moveNotify: () => told.push('a') } })
    await rig.core.dynamicAttach(buffer, 'b', { driver, ops: { moveNotify: boom } })
    await buffer.resv.run(() => rig.core.moveNotify(buffer))
    expect(told).toEqual(['a'])
    expect(rig.misuse).toMatchObject([
      { code: 'operation-threw', operation: 'move_notify', driver },
    ])
  })
})
