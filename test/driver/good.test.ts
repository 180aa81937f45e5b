/** An exporter and an importer written through dmabuf/driver alone: right on every board. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import type { Driver, DriverContext } from 'dmabuf/driver'
import { boards, runProgram, SimKernel } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { pc } from '../../src/boards/pc.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'
import { COPY, copier } from './copier.ts'
import { request, tell } from './harness.ts'
import { exportPages, pageExporter } from './page-exporter.ts'

const SIZE = 8192

async function copyOnce(kernel: Kernel): Promise<number[]> {
  using heap = DmaHeap.open(kernel, 'pages')
  using from = await heap.allocate(SIZE)
  using to = await heap.allocate(SIZE)
  await from.withCpuAccess('write', (bytes) => bytes.set(pattern))
  const result = await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
  return await to.withCpuAccess('read', (seen) => [result, ...seen])
}

const pattern = Array.from({ length: SIZE }, (_, i) => i % 251)
const copied = [0, ...pattern]

describe('an exporter and an importer of one own', () => {
  for (const name of boards.keys()) {
    for (const policy of ['lazy', 'eager', 'random'] as const) {
      it(`copy right and are judged right on ${name}, ${policy}`, async () => {
        const told = await tell(copyOnce, [pageExporter(), copier()], { board: name, policy })
        expect(told.error).toBeUndefined()
        expect(told.value).toEqual(copied)
        expect([told.misuse, told.findings.map(({ message }) => message)]).toEqual([[], []])
        expect(told.left).toEqual({})
      })
    }
  }

  it('go together with the modelled camera and display', async () => {
    const program = async (kernel: Kernel): Promise<number> => {
      await using camera = await VideoDevice.open(kernel)
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel, 'pages')
      const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(3, format.sizeImage))
      for await (await using frame of camera.frames({ count: 3 })) {
        await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1, 0, 64))
        await display.show(frame)
      }
      return 1
    }
    const told = await tell(program, [pageExporter()])
    expect(told.error).toBeUndefined()
    expect([told.value, told.misuse, told.findings, told.left]).toEqual([1, [], [], {}])
  })
})

describe('every way in which a step below fails', () => {
  const places: [string, number, string, number][] = [
    ['alloc_pages', 2, 'ENOMEM', 0],
    ['dma_buf_export', 2, 'ENOMEM', 0],
    ['get_unused_fd_flags', 2, 'EMFILE', 0],
    ['attach', 1, 'ENOMEM', -12],
    ['attach', 2, 'EBUSY', -16],
    ['map_dma_buf', 1, 'ENOMEM', -12],
    ['map_dma_buf', 2, 'EIO', -5],
    ['dma_map_sgtable', 2, 'EIO', -5],
    ['copy_from_user', 1, 'EFAULT', -14],
    ['begin_cpu_access', 2, 'EINTR', 0],
  ]

  it.each(places)(
    '%s, passage %i: %s, and nothing is left or released twice',
    async (place, nth, code, result) => {
      let returned = 0
      const program = async (kernel: Kernel): Promise<void> => {
        using heap = DmaHeap.open(kernel, 'pages')
        using from = await heap.allocate(SIZE)
        using to = await heap.allocate(SIZE)
        await from.withCpuAccess('write', (bytes) => bytes.fill(1))
        returned = await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
        await to.withCpuAccess('read', () => {})
      }
      const drivers = [pageExporter(), copier()]
      const prepare = (kernel: SimKernel): void => kernel.fail(place, nth, code as 'EIO')
      const told = await tell(program, drivers, { prepare })
      expect(returned).toBe(result)
      expect(told.error?.message ?? code).toContain(code)
      expect([told.misuse, told.left]).toEqual([[], {}])
    },
  )
})

describe('a driver in a kernel', () => {
  it('is probed once, before the program, in order; and removed in reverse', async () => {
    const steps: string[] = []
    const driver = (name: string): Driver => ({
      name,
      probe: async (context) => {
        await context.sleep(10)
        steps.push(`probe ${context.name} at ${context.now()}`)
      },
      remove: () => void steps.push(`remove ${name}`),
    })
    await runProgram(() => void steps.push('program'), { drivers: [driver('a'), driver('b')] })
    expect(steps).toEqual(['probe a at 10', 'probe b at 20', 'program', 'remove b', 'remove a'])
  })

  it('whose probe fails ends the run with its name, and everything is released', async () => {
    let ran = false
    const program = (): void => {
      ran = true
    }
    const failing: Driver = {
      name: 'broken',
      probe(context) {
        exportPages(context, 4096)
        throw new Error('no such register')
      },
    }
    const told = await tell(program, [pageExporter(), failing])
    expect(told.error).toMatchObject({
      kind: 'threw',
      message: "driver 'broken' failed in probe: no such register",
    })
    expect([ran, told.left]).toEqual([false, {}])
    expect(told.misuse).toEqual(['reference-leak dma_buf_put broken'])
  })

  it('whose probe never ends is named', async () => {
    const endless: Driver = { name: 'endless', probe: () => new Promise(() => {}) }
    const told = await tell(() => 1, [endless])
    expect(told.error?.kind).toBe('stuck')
    expect(told.error?.message).toContain('probe of driver endless')
  })

  it('must be one: a name and a probe function', async () => {
    for (const driver of [{ name: '', probe: () => {} }, { name: 'x' }, undefined]) {
      const kernel = new SimKernel({ board: pc, policy: lazyPolicy, drivers: [driver as Driver] })
      await expect(kernel.probe()).rejects.toThrow(/drivers\[0\] is not a driver/)
    }
  })

  it('cannot take a name in /dev twice', async () => {
    const twice: Driver = {
      name: 'twice',
      probe: (context) => {
        context.miscRegister({ name: 'x', open: () => ({}) })
        expect(() => context.miscRegister({ name: 'x', open: () => ({}) })).toThrow('EBUSY')
        const allocate = (): never => {
          throw new Error('unused')
        }
        expect(() => context.dmaHeapAdd({ name: 'system', allocate })).toThrow('EINVAL')
        expect(() => context.dmaHeapAdd({ name: '', allocate })).toThrow('EINVAL')
      },
    }
    const told = await tell((kernel) => kernel.sys.open('/dev/x', 0), [twice])
    expect(told.value).toBe(3)
  })

  it('works in the background while the program waits, and is no reason to wait for', async () => {
    const ticks: number[] = []
    const ticker: Driver = {
      name: 'ticker',
      probe(context: DriverContext) {
        context.kthreadRun('tick', async () => {
          for (;;) {
            await context.sleep(1_000_000)
            ticks.push(context.now() / 1000)
          }
        })
        context.schedule(2_500_000, () => void ticks.push(-context.now() / 1000))
        const cancel = context.schedule(1_500_000, () => void ticks.push(0))
        cancel()
      },
    }
    const program = async (kernel: Kernel): Promise<void> => await kernel.sleep(3_500_000)
    const told = await tell(program, [ticker])
    expect(told.verdict).toBe('clean')
    expect(ticks).toEqual([1000, 2000, -2500, 3000])
    const stuck = await tell(
      async (kernel) => {
        const fd = kernel.sys.open('/dev/dri/card0', 2)
        await kernel.sys.poll([{ fd, events: 1, revents: 0 }], -1)
      },
      [ticker],
    )
    expect(stuck.error?.kind).toBe('stuck')
  })

  it('maps a buffer into the kernel, with brackets and exact access', async () => {
    const seen: number[] = []
    const reader: Driver = {
      name: 'reader',
      probe(context) {
        context.miscRegister({
          name: 'reader',
          open: () => ({
            async ioctl(call) {
              const fd = new DataView(call.argument.bytes.buffer).getInt32(0, true)
              const buffer = context.dmaBufGet(fd, call)
              const map = await context.dmaBufVmapUnlocked(buffer)
              await context.dmaBufBeginCpuAccess(buffer, 'from-device')
              const bytes = new Uint8Array(4)
              map.load(0, bytes)
              seen.push(...bytes)
              await context.dmaBufEndCpuAccess(buffer, 'from-device')
              await context.dmaBufVunmapUnlocked(buffer, map)
              context.dmaBufPut(buffer)
              return 0
            },
          }),
        })
      },
    }
    const program = async (kernel: Kernel): Promise<void> => {
      using heap = DmaHeap.open(kernel, 'pages')
      using buffer = await heap.allocate(4096)
      await buffer.withCpuAccess('write', (bytes) => bytes.set([1, 2, 3, 4]))
      expect(await request(kernel, '/dev/reader', COPY, buffer.fd, 0)).toBe(0)
    }
    const told = await tell(program, [pageExporter(), reader])
    expect([seen, told.misuse, told.findings, told.left]).toEqual([[1, 2, 3, 4], [], [], {}])
  })
})
