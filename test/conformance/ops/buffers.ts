/** dma-bufs: their allocation, their CPU accesses and names. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { fdOf, flags, huge, length, offset } from '../arbitraries.ts'
import { putU64 } from '../bytes.ts'
import type { Operation, Outcome } from '../operation.ts'
import type { Side } from '../side.ts'
import type { FdRef, World } from '../world.ts'

interface AllocWords {
  readonly fd: FdRef
  readonly len: number
  readonly fdIn: number
  readonly fdFlags: number
  readonly heapFlags: number
}

/** Lengths that are too large only because rounding up overflows: others would eat all memory. */
const overflowing = fc.constantFrom(2 ** 64 - 2 ** 11)

const alloc: Operation<AllocWords> = {
  name: 'alloc',
  group: 'buffers',
  weight: 8,
  arguments: fc.record({
    fd: fdOf('heap'),
    len: fc.oneof({ weight: 12, arbitrary: length }, { weight: 1, arbitrary: overflowing }),
    fdIn: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(1, 0xffffffff)),
    fdFlags: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(uapi.O_RDWR, uapi.O_RDWR | uapi.O_CLOEXEC) },
      {
        weight: 1,
        arbitrary: flags([1, 2, uapi.O_CLOEXEC], [4, uapi.O_NONBLOCK, 0o100, 0x80000000]),
      },
    ),
    heapFlags: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2 ** 63)),
  }),
  async run(side, words, world) {
    const { heap, layout } = {
      heap: side.fd(world.slot(words.fd)),
      layout: uapi.dmaHeapAllocationData,
    }
    const bytes = layout.create({ fd: words.fdIn, fd_flags: words.fdFlags })
    putU64(bytes, layout.offsets.len, words.len)
    putU64(bytes, layout.offsets.heap_flags, words.heapFlags)
    const result = await side.sys.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, { bytes })
    return result < 0 ? [result] : [result, side.slot(layout.decode(bytes).fd)]
  },
  settle(_words, [result, slot], world) {
    if (result === 0) world.add(slot as number, 'dma-buf')
  },
}

interface ItemWords {
  readonly memfd: FdRef
  readonly offset: number
  readonly size: number
}

const item = fc.record({
  memfd: fdOf('memfd'),
  offset: fc.oneof({ weight: 12, arbitrary: offset }, { weight: 1, arbitrary: huge }),
  size: fc.oneof({ weight: 12, arbitrary: length }, { weight: 1, arbitrary: huge }),
})
const createFlags = fc.constantFrom(0, 0, uapi.UDMABUF_FLAGS_CLOEXEC, 6)

const udmabuf: Operation<ItemWords & { fd: FdRef; flags: number }> = {
  name: 'udmabuf',
  group: 'buffers',
  weight: 6,
  arguments: fc
    .tuple(item, fc.record({ fd: fdOf('udmabuf-node'), flags: createFlags }))
    .map(([one, rest]) => ({ ...rest, ...one })),
  async run(side, words, world) {
    const bytes = uapi.udmabufCreate.create({
      memfd: memfdNumber(side, words.memfd, world),
      flags: words.flags,
    })
    putU64(bytes, uapi.udmabufCreate.offsets.offset, words.offset)
    putU64(bytes, uapi.udmabufCreate.offsets.size, words.size)
    const device = side.fd(world.slot(words.fd))
    return [side.slot(await side.sys.ioctl(device, uapi.UDMABUF_CREATE, { bytes }))]
  },
  settle: addBuffer,
}

const udmabufList: Operation<{ fd: FdRef; flags: number; items: ItemWords[] }> = {
  name: 'udmabufList',
  group: 'buffers',
  weight: 3,
  arguments: fc.record({
    fd: fdOf('udmabuf-node'),
    flags: createFlags,
    items: fc.array(item, { maxLength: 4 }),
  }),
  async run(side, words, world) {
    const items = words.items.map(({ memfd }) => ({ memfd: memfdNumber(side, memfd, world) }))
    const bytes = uapi.udmabufList(words.flags, items)
    words.items.forEach(({ offset: start, size }, i) => {
      const at = uapi.udmabufCreateList.size + i * uapi.udmabufCreateItem.size
      putU64(bytes, at + uapi.udmabufCreateItem.offsets.offset, start)
      putU64(bytes, at + uapi.udmabufCreateItem.offsets.size, size)
    })
    const device = side.fd(world.slot(words.fd))
    return [side.slot(await side.sys.ioctl(device, uapi.UDMABUF_CREATE_LIST, { bytes }))]
  },
  settle: addBuffer,
}

function memfdNumber(side: Side, memfd: FdRef, world: World): number {
  return side.fd(world.slot(memfd)) >>> 0
}

function addBuffer(_words: object, [slot]: Outcome, world: World): void {
  world.add(slot as number, 'dma-buf')
}

const sync: Operation<{ fd: FdRef; flags: number }> = {
  name: 'sync',
  group: 'buffers',
  weight: 10,
  arguments: fc.record({
    fd: fdOf('dma-buf'),
    flags: fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom(1, 2, 3, 5, 6, 7) },
      { weight: 1, arbitrary: fc.oneof(fc.nat({ max: 20 }), huge, fc.constant(2 ** 32)) },
    ),
  }),
  // A heap looks at the number's end alone, and would take this for a length to allocate.
  isLeftOut: (_sides, { fd, flags: len }, world) => world.file(fd)?.kind === 'heap' && len !== 0,
  async run(side, words, world) {
    const bytes = new Uint8Array(8)
    putU64(bytes, 0, words.flags)
    const fd = side.fd(world.slot(words.fd))
    if (await wouldWait(side, fd, words.flags)) return ['waits']
    return [await side.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_SYNC, { bytes })]
  },
}

/** Whether a START with these flags finds fences that are not signalled. */
async function wouldWait(side: Side, fd: number, flags: number): Promise<boolean> {
  if (flags < 1 || flags > uapi.DMA_BUF_SYNC_RW) return false
  const events = flags === uapi.DMA_BUF_SYNC_READ ? uapi.POLLIN : uapi.POLLOUT
  return (await side.sys.poll([{ fd, events, revents: 0 }], 0)) === 0
}

/** A START that is interrupted at once where it waits. */
const interruptedSync: Operation<{ fd: FdRef; flags: number }> = {
  name: 'interruptedSync',
  group: 'buffers',
  weight: 0,
  arguments: fc.record({ fd: fdOf('dma-buf'), flags: fc.constantFrom(1, 2, 3) }),
  async run(side, words, world) {
    const bytes = uapi.dmaBufSync.create({ flags: words.flags })
    const fd = side.fd(world.slot(words.fd))
    return [await interrupted(side, fd, uapi.DMA_BUF_IOCTL_SYNC, bytes)]
  },
}

/** The request, interrupted at once where it would wait. */
async function interrupted(
  side: Side,
  fd: number,
  request: number,
  bytes: Uint8Array,
): Promise<number> {
  const controller = new AbortController()
  const result = side.sys.ioctl(fd, request, { bytes }, { signal: controller.signal })
  controller.abort()
  return await result
}

const setName: Operation<{ fd: FdRef; letter: 'A' | 'B'; text: string; padding: number }> = {
  name: 'setName',
  group: 'buffers',
  weight: 3,
  arguments: fc.record({
    fd: fdOf('dma-buf'),
    letter: fc.constantFrom('A', 'B'),
    text: fc.oneof(
      fc.constantFrom('', 'a', 'n'.repeat(30), 'n'.repeat(31), 'n'.repeat(32), 'n'.repeat(60)),
      fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '%s', 'ü'), maxLength: 18 }),
    ),
    padding: fc.constantFrom(1, 1, 40),
  }),
  async run(side, words, world) {
    const text = new TextEncoder().encode(words.text)
    const bytes = new Uint8Array(Math.max(text.length + words.padding, 8))
    bytes.set(text)
    const request = words.letter === 'A' ? uapi.DMA_BUF_SET_NAME_A : uapi.DMA_BUF_SET_NAME_B
    return [await side.sys.ioctl(side.fd(world.slot(words.fd)), request, { bytes })]
  },
}

export const buffers = [alloc, udmabuf, udmabufList, sync, interruptedSync, setName]
