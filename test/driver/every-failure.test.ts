/** Every unwind path of custom drivers: each place under them that can fail fails once. */
import type { Kernel } from 'dmabuf'
import { type Driver, type IoctlCall, iowr, KernelError } from 'dmabuf/driver'
import { patternSource, runEveryFailure } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import blits, { boards, drivers as exampleDrivers } from '../../examples/driver/program.ts'
import { copier } from './copier.ts'
import { copy, PAGE, told } from './copy-failures.ts'
import { exportPages, pageExporter } from './page-exporter.ts'

const source = patternSource(64, 32)

describe('drivers that undo what they did', () => {
  it.each([
    ['an exporter and an importer', [pageExporter(), copier()], copy, 'arm-soc'],
    ['the same where every transfer is bounced', [pageExporter(), copier()], copy, 'pc-bounce'],
    ['those of the guide', exampleDrivers, blits, boards[0]],
  ] as const)(
    '%s: leave nothing behind',
    async (_what, drivers, program, board) => {
      const result = await runEveryFailure(program, { drivers, board, source, most: 3 })
      expect(told(result)).toEqual([])
      const places = new Set(result.outcomes.map(({ call }) => call))
      const inside = ['alloc_pages', 'dma_buf_export', 'get_unused_fd_flags', 'copy_from_user']
      const mapping = ['attach', 'map_dma_buf', 'dma_map_sgtable', 'begin_cpu_access']
      expect([...places]).toEqual(expect.arrayContaining([...inside, ...mapping]))
    },
    120_000,
  )

  it('are not blamed for a descriptor whose number could not be copied out', async () => {
    const GIVE = iowr('G', 0, 4)
    const giver: Driver = {
      name: 'giver',
      probe(context) {
        const open = () => ({
          ioctl(call: IoctlCall): number {
            const buffer = exportPages(context, PAGE)
            let fd: number
            try {
              fd = context.dmaBufFd(buffer, 2, call)
            } catch (error) {
              context.dmaBufPut(buffer)
              throw error
            }
            context.copyToUser(call.argument, new Uint8Array(Int32Array.of(fd).buffer))
            return 0
          },
        })
        context.miscRegister({ name: 'giver', open })
      },
    }
    const result = await runEveryFailure(
      async ({ sys }) => {
        const device = sys.open('/dev/giver', 2)
        const argument = Int32Array.of(0)
        const bytes = new Uint8Array(argument.buffer)
        const given = await sys.ioctl(device, GIVE, { bytes })
        if (given === 0) sys.close(argument[0] ?? -1)
        if (device >= 0) sys.close(device)
      },
      { drivers: [giver], only: (call) => call !== 'open' },
    )
    expect(told(result)).toEqual([])
    expect(result.outcomes.map(({ call }) => call)).toContain('copy_to_user')
  })
})

describe('a device of which nothing is shared', () => {
  /** Maps its descriptors when it is opened. `checks`: it asks whether that has worked. */
  const device = (checks: boolean): Driver => ({
    name: 'ring',
    probe(context) {
      const { dma } = context
      context.registerDevice('ring')
      const open = () => {
        const memory = context.kmalloc(64, 'descriptors')
        const mapping = dma.mapSingle('ring', memory, 0, 64, 'bidirectional')
        if (checks && dma.mappingError(mapping)) {
          context.kfree(memory)
          throw new KernelError('ENOMEM', 'the descriptors are not mapped')
        }
        return {
          release() {
            dma.unmapSingle(mapping, 64, 'bidirectional')
            context.kfree(memory)
          },
        }
      }
      context.miscRegister({ name: 'ring', open })
    },
  })
  const open = ({ sys }: Kernel): void => {
    const fd = sys.open('/dev/ring', 2)
    if (fd >= 0) sys.close(fd)
  }

  it('is right when it asks whether it could map', async () => {
    const { outcomes, bad } = await runEveryFailure(open, { drivers: [device(true)] })
    expect([bad, outcomes.map(({ call }) => call)]).toEqual([
      [],
      ['open', 'kmalloc', 'alloc_pages', 'dma_map_page'],
    ])
  })

  it('and is wrong when it does not, though nothing has failed', async () => {
    const result = await runEveryFailure(open, { drivers: [device(false)] })
    expect(result.verdict).toBe('findings')
    expect(result.baseline.findings.map(({ rule }) => rule)).toEqual(['dma-api-misuse'])
  })
})
