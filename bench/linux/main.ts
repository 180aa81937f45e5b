/**
 * The linux side against a C program that makes the same calls, in turn, in one run on the same kernel:
 *
 *     npx tsx lab/main.ts --boot plain --limit 400 --with bench/linux/twin.c -- bench/linux/main.ts
 */
import { execFileSync } from 'node:child_process'
import { DmaBuf, DmaHeap, setOriginCapture } from 'dmabuf'
import { openLinux } from 'dmabuf/linux'
import { DMA_BUF_IOCTL_SYNC, dmaBufSync } from '../../src/abi/dma-buf.ts'
import { F_ADD_SEALS, O_RDWR } from '../../src/abi/fcntl.ts'
import { F_SEAL_SHRINK, MFD_ALLOW_SEALING } from '../../src/abi/memfd.ts'
import { UDMABUF_CREATE, udmabufCreate } from '../../src/abi/udmabuf.ts'
import { loadLibc } from '../../src/linux/libc.ts'
import { plainArg } from '../../src/syscalls/ioctl-arg.ts'

const MIB = 1 << 20
const ROUNDS = 5
const WARM_UP = 4
const kernel = openLinux()
const { sys } = kernel
using heap = DmaHeap.open(kernel)

/** One comparison: the operation of both, how often in a round, and how many times C's time is allowed. */
interface Case {
  readonly name: string
  readonly twin: string
  readonly size: number
  readonly count: number
  readonly limit?: number
  step(): unknown
}

async function cycle(size: number): Promise<void> {
  using buffer = await heap.allocate(size)
  using _map = buffer.map()
  await pair(buffer)
}

async function pair(buffer: DmaBuf): Promise<void> {
  await buffer.startCpuAccess('read-write')
  await buffer.endCpuAccess('read-write')
}

async function udmabuf(size: number): Promise<DmaBuf> {
  const memfd = sys.memfdCreate('bench', MFD_ALLOW_SEALING)
  sys.ftruncate(memfd, size)
  sys.fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK)
  const device = sys.open('/dev/udmabuf', O_RDWR)
  const argument = plainArg(udmabufCreate.create({ memfd, size }))
  const buffer = DmaBuf.adopt(kernel, await sys.ioctl(device, UDMABUF_CREATE, argument))
  sys.close(device)
  sys.close(memfd)
  return buffer
}

async function timeOf({ count, step }: Case): Promise<number> {
  const begin = kernel.now()
  for (let i = 0; i < count; i++) await step()
  return (kernel.now() - begin) / count / 1000
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function compare(each: Case): Promise<void> {
  // Compiling is slow in an emulator: the measurement is of a program that has been running.
  await timeOf({ ...each, count: each.count * WARM_UP })
  const [ours, theirs]: [number[], number[]] = [[], []]
  for (let i = 0; i < ROUNDS; i++) {
    const arguments_ = [each.twin, String(each.size), String(each.count)]
    theirs.push(Number(execFileSync('./twin', arguments_, { encoding: 'utf8' })))
    ours.push(await timeOf(each))
  }
  const ratio = median(ours.map((time, i) => time / (theirs[i] ?? Number.NaN)))
  const goal = each.limit === undefined ? 'reported' : `at most ${each.limit.toFixed(2)}`
  const times = `${median(ours).toFixed(2)} us, C ${median(theirs).toFixed(2)} us`
  console.log(
    `${each.name.padEnd(50)} ${ratio.toFixed(2).padStart(6)}  ${goal.padEnd(12)} ${times}`,
  )
}

using onHeap = await heap.allocate(MIB)
using onPages = await udmabuf(MIB)
using _heapMap = onHeap.map()
using _pagesMap = onPages.map()
const end = dmaBufSync.create({ flags: 7 })
const libc = loadLibc()
const call = { twin: 'ioctl', size: MIB, count: 5000 }

await compare({
  ...call,
  name: 'one ioctl by foreign function call',
  step: () => {
    libc.ioctl(onHeap.fd, DMA_BUF_IOCTL_SYNC, end)
  },
})
await compare({
  ...call,
  name: 'one ioctl on the waist',
  step: () => sys.ioctl(onHeap.fd, DMA_BUF_IOCTL_SYNC, plainArg(end)),
})
for (const origins of [true, false]) {
  setOriginCapture(origins)
  const how = origins ? '' : ', no call sites'
  for (const size of [65_536, MIB]) {
    const name = `allocate to close, ${size >> 10} KiB${how}`
    const count = size < MIB ? 300 : 100
    await compare({ name, twin: 'cycle', size, count, limit: 1.5, step: () => cycle(size) })
  }
  const pairs = { size: MIB, limit: 1.3 }
  await compare({
    ...pairs,
    name: `SYNC pair, heap, 1 MiB${how}`,
    twin: 'heap',
    count: 2000,
    step: () => pair(onHeap),
  })
  await compare({
    ...pairs,
    name: `SYNC pair, udmabuf, 1 MiB${how}`,
    twin: 'udmabuf',
    count: 500,
    step: () => pair(onPages),
  })
}
kernel.close()
