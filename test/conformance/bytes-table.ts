import * as uapi from '../uapi.ts'
import { summary } from './bytes.ts'
import type { Side } from './side.ts'
import type { BootName } from './sides.ts'

/** Whole pages, and no whole number of the pieces that a heap gives. */
const SIZE = 84 * uapi.PAGE_SIZE
const [BEFORE, AA, BB, CC, DD, EE] = [0x11, 0xaa, 0xbb, 0xcc, 0xdd, 0xee] as const
const { DMA_BUF_SYNC_READ: R, DMA_BUF_SYNC_WRITE: W, DMA_BUF_SYNC_RW: RW } = uapi
const END = uapi.DMA_BUF_SYNC_END

/** A mapped buffer, for a program that begins CPU accesses and fills it. */
export interface Bench {
  sync(flags: number): Promise<void>
  fill(value: number): void
  /** Its bytes, in words. */
  readonly bytes: string
}

/** A program, and the bytes that it reads at its end on a PC with this boot. */
export interface Row {
  readonly program: string
  run(bench: Bench): Promise<void>
  readonly left: Readonly<Record<BootName, number>>
}

/** The results of a real PC, plain and with every DMA bounced. Before each the buffer holds 0x11. */
export const bytesTable: readonly Row[] = [
  {
    program: 'a store with no bracket after START(rw) AA END(rw) is lost',
    async run(bench) {
      await bench.sync(RW)
      bench.fill(AA)
      await bench.sync(RW | END)
      bench.fill(BB)
      await bench.sync(R)
    },
    left: { plain: BB, swiotlb: AA },
  },
  {
    program: 'a store under START(r) and END(r) is lost',
    async run(bench) {
      await bench.sync(R)
      bench.fill(DD)
      await bench.sync(R | END)
      await bench.sync(R)
    },
    left: { plain: DD, swiotlb: BEFORE },
  },
  {
    program: 'a store in an open START(rw) is dropped by a second START(r)',
    async run(bench) {
      await bench.sync(RW)
      bench.fill(AA)
      await bench.sync(RW | END)
      await bench.sync(RW)
      bench.fill(CC)
      await bench.sync(R)
    },
    left: { plain: CC, swiotlb: AA },
  },
  {
    program: 'a store in START(w) and END(w) stays',
    async run(bench) {
      await bench.sync(W)
      bench.fill(EE)
      await bench.sync(W | END)
      await bench.sync(R)
    },
    left: { plain: EE, swiotlb: EE },
  },
]

/** Where a buffer comes from, and who maps it for DMA. */
export const makers = {
  'a heap buffer that a card has imported': heapBuffer,
  'a udmabuf with no importer': udmabuf,
} as const

export type Maker = keyof typeof makers

/** Runs a row on one kernel; returns the bytes that it leaves, in words. */
export async function leftBy(side: Side, maker: Maker, row: Row): Promise<string> {
  const { fd, close } = await makers[maker](side)
  const { sys } = side
  const address = sys.mmap(SIZE, uapi.PROT_READ | uapi.PROT_WRITE, uapi.MAP_SHARED, fd, 0)
  const bench: Bench = {
    sync: (flags) => sync(side, fd, flags),
    fill: (value) => {
      sys.store(address, new Uint8Array(SIZE).fill(value))
    },
    get bytes() {
      const bytes = new Uint8Array(SIZE)
      sys.load(address, bytes)
      return summary(bytes)
    },
  }
  await bench.sync(RW)
  bench.fill(BEFORE)
  await bench.sync(RW | END)
  await row.run(bench)
  const { bytes } = bench
  sys.munmap(address, SIZE)
  close()
  return bytes
}

/** All bytes of a buffer hold `value`. */
export function allOf(value: number): string {
  return `${SIZE} x ${value}`
}

interface Made {
  readonly fd: number
  close(): void
}

async function sync({ sys }: Side, fd: number, flags: number): Promise<void> {
  const bytes = uapi.dmaBufSync.create({ flags })
  must(await sys.ioctl(fd, uapi.DMA_BUF_IOCTL_SYNC, { bytes }))
}

async function heapBuffer({ sys, card: path }: Side): Promise<Made> {
  const heap = must(sys.open('/dev/dma_heap/system', uapi.O_RDWR))
  const bytes = uapi.dmaHeapAllocationData.create({ len: SIZE, fd_flags: uapi.O_RDWR })
  must(await sys.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, { bytes }))
  const { fd } = uapi.dmaHeapAllocationData.decode(bytes)
  const card = must(sys.open(path, uapi.O_RDWR))
  const handle = uapi.drmPrimeHandle.create({ fd })
  must(await sys.ioctl(card, uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, { bytes: handle }))
  return { fd, close: () => closeAll(sys, [card, heap, fd]) }
}

async function udmabuf({ sys }: Side): Promise<Made> {
  const device = must(sys.open('/dev/udmabuf', uapi.O_RDWR))
  const memfd = must(sys.memfdCreate('bytes', uapi.MFD_ALLOW_SEALING))
  sys.ftruncate(memfd, SIZE)
  sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_SHRINK)
  const bytes = uapi.udmabufCreate.create({ memfd, size: SIZE })
  const fd = must(await sys.ioctl(device, uapi.UDMABUF_CREATE, { bytes }))
  return { fd, close: () => closeAll(sys, [device, memfd, fd]) }
}

function must(result: number): number {
  if (result >= 0) return result
  throw new Error(`a call failed with ${uapi.errnoName(result)}`)
}

function closeAll(sys: uapi.Syscalls, fds: readonly number[]): void {
  for (const fd of fds) sys.close(fd)
}
