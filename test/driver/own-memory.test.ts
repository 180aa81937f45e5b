/**
 * An exporter whose own device uses the exported pages, mapped as its own memory: failures of START
 * and END of the buffer are reported against the exporter, in words that fit.
 */
import { DmaBuf as Buffer, type Kernel } from 'dmabuf'
import {
  type DmaBufOps,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  type IoctlCall,
  iowr,
} from 'dmabuf/driver'
import { expect, it } from 'vitest'
import { tell } from './harness.ts'

const SIZE = 4096
const EXPORT = iowr('O', 0, 4)
/** The device stores, or loads, all of the memory. */
const WRITE = iowr('O', 1, 4)
const READ = iowr('O', 2, 4)

type Sync = (context: DriverContext, mapping: DmaMapping) => void
const forCpu: Sync = ({ dma }, mapping) => dma.syncSgtableForCpu(mapping, 'bidirectional')
const forDevice: Sync = ({ dma }, mapping) => dma.syncSgtableForDevice(mapping, 'bidirectional')

/** The body of its two operations; `undefined` if it has none. */
interface Hooks {
  readonly begin?: Sync | undefined
  readonly end?: Sync | undefined
}

function owner({ begin, end }: Hooks): Driver {
  const open = (context: DriverContext): DriverFile => {
    const { dma } = context
    const pages = context.allocPages(SIZE, { zero: true })
    const table = context.sgAllocTableFromPages(pages)
    const mapping = dma.mapSgtable('engine', table, 'bidirectional')
    const ops: DmaBufOps = {
      mapDmaBuf: ({ device }, direction) => dma.mapSgtable(device, table, direction),
      unmapDmaBuf: (_attachment, mapped, direction) => dma.unmapSgtable(mapped, direction),
      ...(begin && { beginCpuAccess: () => begin(context, mapping) }),
      ...(end && { endCpuAccess: () => end(context, mapping) }),
      mmap: (_buffer, offset, length) => context.remapPages(pages, offset, length),
      release() {
        dma.unmapSgtable(mapping, 'bidirectional')
        context.freePages(pages)
      },
    }
    const buffer = context.dmaBufExport({ size: SIZE, flags: 2, ops, priv: pages })
    return {
      ioctl(call: IoctlCall) {
        if (call.request === EXPORT) return context.dmaBufFd(context.getDmaBuf(buffer), 0, call)
        const job = context.startJob(mapping, call.request === WRITE ? 'write' : 'read')
        if (call.request === WRITE) job.store(0, new Uint8Array(SIZE).fill(7))
        else job.load(0, new Uint8Array(SIZE))
        job.finish()
        return 0
      },
      release: () => context.dmaBufPut(buffer),
    }
  }
  return {
    name: 'owner',
    probe(context) {
      context.registerDevice('engine')
      context.miscRegister({ name: 'owner', open: () => open(context) })
    },
  }
}

async function readAndWrite(kernel: Kernel): Promise<void> {
  const device = kernel.sys.open('/dev/owner', 2)
  const call = (request: number): Promise<number> =>
    kernel.sys.ioctl(device, request, { bytes: new Uint8Array(4) })
  using buffer = Buffer.adopt(kernel, await call(EXPORT))
  await buffer.withCpuAccess('read', () => {})
  await call(WRITE)
  await buffer.withCpuAccess('read-write', (bytes) => bytes.set(bytes.map((byte) => byte + 1)))
  await call(READ)
  kernel.sys.close(device)
}

/** The device writes over the CPU's stores. */
async function writeOver(kernel: Kernel): Promise<void> {
  const device = kernel.sys.open('/dev/owner', 2)
  const call = (request: number): Promise<number> =>
    kernel.sys.ioctl(device, request, { bytes: new Uint8Array(4) })
  using buffer = Buffer.adopt(kernel, await call(EXPORT))
  await buffer.withCpuAccess('read-write', (bytes) => void bytes.fill(1))
  await call(WRITE)
  await buffer.withCpuAccess('read', (bytes) => bytes.slice())
  kernel.sys.close(device)
}

/** `rule: reason` of each finding, if it is about an operation. */
async function reasons(hooks: Hooks, program = readAndWrite): Promise<string[]> {
  const { findings, error } = await tell(program, [owner(hooks)])
  expect(error).toBeUndefined()
  return findings.map(({ rule, message }) => {
    const [said] = /(begin|end)_cpu_access .*/.exec(message) ?? [message]
    return `${rule}: ${said}`
  })
}

it('is right with both', async () => {
  expect(await reasons({ begin: forCpu, end: forDevice })).toEqual([])
})

const NO_BEGIN =
  'begin_cpu_access of exporter owner syncs nothing although engine had the buffer mapped.'
const NO_END =
  'end_cpu_access of exporter owner syncs nothing although engine had the buffer mapped.'

it.each<[string, Hooks, string[]]>([
  ['no begin_cpu_access', { end: forDevice }, [NO_BEGIN]],
  ['no end_cpu_access', { begin: forCpu }, [NO_END]],
  // Both are reported at the export, which is one place.
  ['neither', {}, [NO_BEGIN]],
  [
    'operations that do the work of each other',
    { begin: forDevice, end: forCpu },
    [
      'begin_cpu_access of exporter owner passed ownership to the device instead of the CPU.',
      'end_cpu_access of exporter owner passed ownership to the CPU instead of the device.',
    ],
  ],
])('has %s', async (_what, hooks, expected) => {
  expect(await reasons(hooks)).toEqual(expected.map((said) => `sync-is-noop: ${said}`))
})

it('has no end_cpu_access, and its device writes over what is still dirty', async () => {
  expect(await reasons({ begin: forCpu, end: forDevice }, writeOver)).toEqual([])
  expect(await reasons({ begin: forCpu }, writeOver)).toEqual([`sync-is-noop: ${NO_END}`])
})
