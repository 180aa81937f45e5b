/** Memory behind a live buffer: freed, swapped, or another one for devices than for the CPU. */
import { DmaBuf as Buffer, DmaHeap, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type DmaMapping,
  type Driver,
  type DriverContext,
  io,
  type KernelMemory,
} from 'dmabuf/driver'
import { boards } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { Engine, type EngineOptions, engine } from './engine.ts'
import { tell } from './harness.ts'

const SIZE = 8192
const EXPORT = io('b', 0)
const MOVE = io('b', 1)
const VMAP = io('b', 2)

interface Memory {
  /** What devices get. */
  pages: KernelMemory
  /** What processes and drivers get; undefined: the same. */
  readonly shadow: KernelMemory | undefined
  readonly mappings: Set<DmaMapping>
  readonly old: KernelMemory[]
}

/** How the exporter moves its buffer, and what it gives to whom. */
interface How {
  readonly shadow?: 'copied' | 'forgotten'
  /** Takes the pages out of processes before. */
  readonly zaps?: boolean
  readonly notifies?: boolean
  /** Frees the pages that were left; without, they stay until release. */
  readonly frees?: boolean
  readonly copies?: boolean
}

const memoryOf = ({ priv }: DmaBuf): Memory => priv as Memory

function copy(from: KernelMemory, to: KernelMemory): void {
  const bytes = new Uint8Array(SIZE)
  from.load(0, bytes)
  to.store(0, bytes)
}

function mover(how: How): Driver {
  return {
    name: 'mover',
    probe(context) {
      const allocate = (): KernelMemory =>
        context.allocPages(SIZE, { zero: true, contiguous: true })
      context.miscRegister({
        name: 'mover',
        open: () => {
          let exported: DmaBuf | undefined
          return {
            async ioctl(call) {
              if (call.request === EXPORT) {
                const shadow = how.shadow === undefined ? undefined : allocate()
                const priv: Memory = { pages: allocate(), shadow, mappings: new Set(), old: [] }
                exported = context.dmaBufExport({
                  size: SIZE,
                  flags: 2,
                  ops: opsOf(context, how),
                  priv,
                })
                return context.dmaBufFd(exported, 0, call)
              }
              const buffer = exported as DmaBuf
              if (call.request === MOVE) await move(context, buffer, how)
              else if (call.request === VMAP) await context.dmaBufVmapUnlocked(buffer)
              return 0
            },
          }
        },
      })
    },
  }
}

async function move(context: DriverContext, buffer: DmaBuf, how: How): Promise<void> {
  const memory = memoryOf(buffer)
  if (memory.shadow !== undefined) return
  if (how.zaps === true) context.unmapMappingRange(buffer)
  await context.dmaResvLock(buffer.resv)
  try {
    if (how.notifies === true) context.dmaBufMoveNotify(buffer)
  } finally {
    context.dmaResvUnlock(buffer.resv)
  }
  const before = memory.pages
  memory.pages = context.allocPages(SIZE, { zero: true, contiguous: true })
  if (how.copies !== false) copy(before, memory.pages)
  if (how.frees === true) context.freePages(before)
  else memory.old.push(before)
}

function opsOf(context: DriverContext, how: How): DmaBufOps {
  const { dma } = context
  return {
    pin: () => {},
    unpin: () => {},
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, mappings } = memoryOf(buffer)
      const mapping = dma.mapSgtable(device, context.sgAllocTableFromPages(pages), direction)
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping, direction) {
      memoryOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      const { mappings, pages, shadow } = memoryOf(buffer)
      for (const mapping of mappings) dma.syncSgtableForCpu(mapping, mapping.direction)
      if (how.shadow === 'copied' && shadow !== undefined) copy(pages, shadow)
    },
    endCpuAccess(buffer) {
      const { mappings, pages, shadow } = memoryOf(buffer)
      if (how.shadow === 'copied' && shadow !== undefined) copy(shadow, pages)
      for (const mapping of mappings) dma.syncSgtableForDevice(mapping, mapping.direction)
    },
    mmap(buffer, offset, length) {
      const { pages, shadow } = memoryOf(buffer)
      return context.remapPages(shadow ?? pages, offset, length)
    },
    vmap(buffer) {
      const { pages, shadow } = memoryOf(buffer)
      return context.remapPages(shadow ?? pages, 0, SIZE)
    },
    release(buffer) {
      const { pages, shadow, old } = memoryOf(buffer)
      for (const memory of [pages, ...old]) context.freePages(memory)
      if (shadow !== undefined) context.freePages(shadow)
    },
  }
}

interface World {
  readonly kernel: Kernel
  readonly buffer: Buffer
  readonly dma: Engine
  move(): Promise<void>
  vmap(): Promise<void>
}

const withMover = (body: (world: World) => Promise<unknown>) => async (kernel: Kernel) => {
  const fd = kernel.sys.open('/dev/mover', 2)
  const call = (request: number): Promise<number> =>
    kernel.sys.ioctl(fd, request, { bytes: new Uint8Array() })
  try {
    using dma = new Engine(kernel, 'dma')
    using buffer = Buffer.adopt(kernel, await call(EXPORT))
    const value = await body({
      kernel,
      buffer,
      dma,
      move: async () => void (await call(MOVE)),
      vmap: async () => void (await call(VMAP)),
    })
    return value
  } finally {
    kernel.sys.close(fd)
  }
}

/** The CPU stores, before and after the move, and a device sums up. */
const cpuToDevice = withMover(async ({ buffer, dma, move }) => {
  using map = buffer.map()
  const sums: number[] = []
  for (const value of [1, 2]) {
    await buffer.startCpuAccess('write')
    map.fill(value)
    await buffer.endCpuAccess('write')
    sums.push((await dma.sum(buffer)) / SIZE)
    if (value === 1) await move()
  }
  return sums
})

/** A device fills, before and after the move, and the CPU reads. */
const deviceToCpu = withMover(async ({ buffer, dma, move }) => {
  using map = buffer.map()
  const seen: (number | undefined)[] = []
  for (const value of [1, 2]) {
    await dma.fill(buffer, value)
    await buffer.startCpuAccess('read')
    seen.push(map.read(0, 1)[0])
    await buffer.endCpuAccess('read')
    if (value === 1) await move()
  }
  return seen
})

/** The same with the array of a CPU access, which stays mapped in between. */
const withArrays = withMover(async ({ buffer, dma, move }) => {
  const seen: (number | undefined)[] = []
  for (const value of [1, 2]) {
    await buffer.withCpuAccess('read-write', (bytes) => bytes.fill(value))
    seen.push((await dma.sum(buffer)) / SIZE)
    await dma.fill(buffer, value + 4)
    await buffer.withCpuAccess('read', (bytes) => void seen.push(bytes[0]))
    if (value === 1) await move()
  }
  return seen
})

const programs = { cpuToDevice, deviceToCpu, withArrays }
const rightValues = { cpuToDevice: [1, 2], deviceToCpu: [1, 2], withArrays: [1, 5, 2, 6] }

async function run(
  name: keyof typeof programs,
  how: How,
  options: EngineOptions = {},
  board = 'arm-soc',
) {
  const drivers = [mover(how), engine('dma', options)]
  const { findings, value, error } = await tell(programs[name], drivers, { board })
  expect(error).toBeUndefined()
  return { rules: findings.map(({ rule }) => rule), findings, value }
}

const names = Object.keys(programs) as (keyof typeof programs)[]
const wholeMove: How = { zaps: true, notifies: true, frees: true }
const dropping: EngineOptions = { keep: true, dynamic: 'drops' }

describe.each([...boards.keys()])('on %s, an exporter', (board) => {
  it.each(names)('that moves as it must is clean, and right: %s', async (name) => {
    for (const options of [dropping, {}]) {
      const { rules, value } = await run(name, wholeMove, options, board)
      expect(rules).toEqual([])
      expect(value).toEqual(rightValues[name])
    }
  })

  it.each(names)('with a shadow that it copies is clean, and right: %s', async (name) => {
    for (const options of [{ keep: true }, {}]) {
      const { rules, value } = await run(name, { shadow: 'copied' }, options, board)
      expect(value).toEqual(rightValues[name])
      expect(rules).toEqual([])
    }
  })

  it.each(names)('with a shadow that it never copies is named: %s', async (name) => {
    const { rules, findings, value } = await run(
      name,
      { shadow: 'forgotten' },
      { keep: true },
      board,
    )
    expect(value).not.toEqual(rightValues[name])
    expect(rules).toEqual(['backing-mismatch'])
    expect(findings[0]?.where).toMatch(/backing\.test\.ts/)
    expect(findings[0]?.related.length).toBeGreaterThan(1)
  })

  it.each(names)('that frees under the mapping of a process is named once: %s', async (name) => {
    const { rules, findings } = await run(name, { ...wholeMove, zaps: false }, dropping, board)
    expect(rules).toEqual(['freed-in-use'])
    expect(findings[0]?.message).toMatch(
      /mover frees pages of mover .* while the program has bytes/,
    )
    expect(findings[0]?.where).toMatch(/backing\.test\.ts/)
  })

  it.each(names)('that frees under the mapping of a device is named once: %s', async (name) => {
    const { rules, findings } = await run(
      name,
      { ...wholeMove, notifies: false },
      { keep: true },
      board,
    )
    expect(rules).toEqual(['freed-in-use'])
    expect(findings[0]?.message).toMatch(/while dma has bytes/)
  })

  it.each(names)('that swaps and takes nothing back is named: %s', async (name) => {
    const { rules, value } = await run(name, { zaps: false, notifies: true }, dropping, board)
    expect(value).not.toEqual(rightValues[name])
    expect(rules).toEqual(['backing-mismatch'])
  })

  it.each(names)('is not named for an importer that goes on as before a move: %s', async (name) => {
    const stubborn: EngineOptions = { keep: true, dynamic: 'stubborn' }
    const { rules, findings } = await run(name, wholeMove, stubborn, board)
    expect(rules).toEqual(['backing-mismatch'])
    expect(findings[0]?.where).toMatch(/engine\.ts/)
    expect(findings[0]?.message).toMatch(/made before the buffer moved/)
  })
})

describe('memory that is freed', () => {
  it('under the mapping of a driver is named', async () => {
    const program = withMover(async ({ vmap, move }) => {
      await vmap()
      await move()
    })
    const { findings } = await tell(program, [mover(wholeMove), engine('dma')])
    const freed = findings.find(({ rule }) => rule === 'freed-in-use')
    expect(freed?.message).toMatch(/while the kernel \(mover\) has bytes/)
  })

  it('and given to another buffer, whose bytes are stored over, is named where it was freed', async () => {
    const program = withMover(async ({ kernel, buffer, dma, move }) => {
      using map = buffer.map()
      map.fill(1)
      await dma.fill(buffer, 1)
      await move()
      using heap = DmaHeap.open(kernel)
      using victim = await heap.allocate(SIZE)
      await victim.withCpuAccess('write', (bytes) => bytes.fill(9))
      await dma.sum(victim)
      await buffer.startCpuAccess('read-write')
      map.fill(3)
      await buffer.endCpuAccess('read-write')
      let first: number | undefined
      await victim.withCpuAccess('read', ([byte]) => {
        first = byte
      })
      await dma.sum(victim)
      return first
    })
    const how = { frees: true, copies: false }
    for (const board of boards.values()) {
      const drivers = [mover(how), engine('dma')]
      const { findings, value } = await tell(program, drivers, { board, policy: 'eager' })
      expect(value).toBe(3)
      expect(findings.map(({ rule }) => rule)).toEqual(['freed-in-use'])
    }
  })
})

describe('a mapping whose pages were taken out', () => {
  it('shows the new ones at the next access, also to arrays of the next CPU access', async () => {
    const program = withMover(async ({ buffer, move }) => {
      using map = buffer.map()
      await buffer.withCpuAccess('write', () => map.bytes.fill(7))
      await move()
      const seen = [map.read(0, 1)[0]]
      await buffer.withCpuAccess('read', () => void seen.push(map.bytes[1]))
      await buffer.withCpuAccess('read', (bytes) => void seen.push(bytes[2]))
      return seen
    })
    const drivers = [mover(wholeMove), engine('dma')]
    const { value, findings } = await tell(program, drivers, { board: 'pc' })
    expect(value).toEqual([7, 7, 7])
    expect(findings).toEqual([])
  })
})
