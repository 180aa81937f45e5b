import { describe, expect, it } from 'vitest'
import { O_CLOEXEC, O_RDONLY, O_RDWR } from '../../../src/abi/fcntl.ts'
import { bufferOwner } from '../../../src/kernel/dmabuf/brackets.ts'
import { CpuMapping } from '../../../src/kernel/dmabuf/cpu-mapping.ts'
import type { MappedMemory, MappedPages } from '../../../src/kernel/dmabuf/file.ts'
import { patternSource } from '../../../src/media/source.ts'
import { runProgram } from '../../../src/run/run-program.ts'
import type { Kernel } from '../../../src/syscalls/kernel.ts'
import { DrmDevice } from '../../../src/user/drm-device.ts'
import { VideoDevice } from '../../../src/user/video-device.ts'
import { DMABUF, FRAME, INTERVAL, MMAP, Rig } from './rig.ts'

type Mapped = MappedPages | MappedMemory

/** The bytes that a program loads through a mapping of the camera, and their hazards. */
function load(rig: Rig, mapped: Mapped): { bytes: Uint8Array; hazards: unknown } {
  const { offset, pages } = mapped
  const owner =
    'buffer' in mapped ? bufferOwner(mapped.buffer) : { buffer: mapped.memory, brackets: undefined }
  const mapping = new CpuMapping(rig.machine, {
    ...owner,
    id: 1,
    offset,
    length: 4096,
    pages,
    writable: true,
  })
  const bytes = new Uint8Array(FRAME)
  mapping.load(0, bytes)
  const event = rig.events.at(-1)
  return { bytes, hazards: event?.kind === 'cpu-load' ? event.hazards : undefined }
}

const READ_WRITE = { readable: true, writable: true, shared: true }

function map(rig: Rig, offset: number, length = 4096, access = READ_WRITE): Mapped {
  const mapped = rig.file.mmap?.({ offset, length, ...access })
  if (mapped === undefined) throw new Error('the camera cannot be mapped')
  return mapped
}

async function streamOwn(rig: Rig, count: number): Promise<void> {
  await rig.request(count, MMAP)
  for (let index = 0; index < count; index++) await rig.queue({ index, memory: MMAP })
  await rig.streamOn()
}

describe("the driver's own memory", () => {
  it('is zeroed, and not through the cache alone', async () => {
    const rig = new Rig()
    await rig.request(1, MMAP)
    expect(load(rig, map(rig, 0))).toEqual({ bytes: new Uint8Array(FRAME), hazards: [] })
    expect(rig.core.buffers).toEqual([])
  })

  it('shows each frame to loads without any CPU access being announced', async () => {
    const rig = new Rig()
    await streamOwn(rig, 2)
    for (let sequence = 0; sequence < 5; sequence++) {
      const filled = await rig.dequeue()
      expect(filled).toMatchObject({ sequence, memory: MMAP, length: FRAME })
      const seen = load(rig, map(rig, filled.m_offset))
      expect(seen).toEqual({ bytes: rig.source.frame(sequence), hazards: [] })
      await rig.queue({ index: filled.index, memory: MMAP })
    }
  })

  it('is mapped uncached, unless the camera looks into the cache', async () => {
    for (const [snoops, attribute] of [
      [false, 'uncached'],
      [true, 'cached'],
    ] as const) {
      const rig = new Rig({ board: { devices: { camera: { snoops } } } })
      await streamOwn(rig, 1)
      const { m_offset } = await rig.dequeue()
      const mapped = map(rig, m_offset)
      expect(mapped.pages.attribute).toBe(attribute)
      expect(load(rig, mapped)).toEqual({ bytes: rig.source.frame(0), hazards: [] })
    }
  })

  it('is found at the offsets that QUERYBUF tells, and nowhere else', async () => {
    const rig = new Rig()
    await rig.request(3, MMAP)
    const offsets = await Promise.all(
      [0, 1, 2].map(async (index) => (await rig.query(index)).m_offset),
    )
    const storages = offsets.map((offset) => map(rig, offset).pages.runs[0]?.storage)
    expect(new Set(storages).size).toBe(3)
    expect(() => map(rig, 4096)).toThrow('EINVAL')
    expect(() => map(rig, 0, 8192)).toThrow('EINVAL')
    await rig.request(3, DMABUF)
    expect(() => map(rig, 0)).toThrow('EINVAL')
  })

  it('is mapped shared and readable, and in no other way', async () => {
    const rig = new Rig()
    await rig.request(1, MMAP)
    expect(() => map(rig, 0, 4096, { ...READ_WRITE, shared: false })).toThrow('EINVAL')
    expect(() => map(rig, 0, 4096, { ...READ_WRITE, readable: false })).toThrow('EINVAL')
    expect(map(rig, 0, 4096, { ...READ_WRITE, writable: false }).pages.runs).toHaveLength(1)
  })

  it('is shared as a dma-buf that needs no maintenance', async () => {
    const rig = new Rig()
    await streamOwn(rig, 1)
    const fd = await rig.export(0)
    const buffer = rig.bufferOf(fd)
    expect((await rig.query(0)).flags & 1).toBe(1)
    const attachment = await rig.core.attach(buffer, 'display')
    const before = rig.kinds('maintenance').length
    const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    expect(mapping.skipCpuSync).toBe(true)
    await rig.dequeue()
    expect(await rig.core.beginCpuAccess(buffer, 'read')).toEqual([])
    expect(await rig.core.endCpuAccess(buffer, 'read')).toEqual([])
    const seen = new Uint8Array(FRAME)
    expect(rig.dma.deviceLoad(mapping, 0, seen)).toEqual([])
    expect(seen).toEqual(rig.source.frame(0))
    await rig.core.unmapAttachmentUnlocked(attachment, mapping, 'to-device')
    rig.core.detach(buffer, attachment)
    expect(rig.kinds('maintenance')).toHaveLength(before)
  })

  it('outlives the queue as long as it is exported', async () => {
    const rig = new Rig()
    await streamOwn(rig, 2)
    const fd = await rig.export(1)
    await rig.sleep(2.5 * INTERVAL)
    await rig.streamOff()
    await rig.request(0, MMAP)
    expect(rig.core.buffers).toEqual([rig.bufferOf(fd)])
    const pages = rig.core.mmap(rig.bufferOf(fd), 0, 4096)
    const seen = load(rig, { buffer: rig.bufferOf(fd), offset: 0, pages })
    expect(seen).toEqual({ bytes: rig.source.frame(1), hazards: [] })
    rig.files.closeAll()
    expect(rig.core.buffers).toEqual([])
    expect(rig.machine.ram.liveBytes).toBe(0)
  })

  it('becomes another dma-buf at each EXPBUF, of the same bytes', async () => {
    const rig = new Rig()
    await streamOwn(rig, 1)
    const [first, second] = [await rig.export(0), await rig.export(0)].map((fd) => rig.bufferOf(fd))
    expect(first).not.toBe(second)
    expect(first?.inode).not.toBe(second?.inode)
    await rig.dequeue()
    for (const buffer of [first, second]) {
      if (buffer === undefined) throw new Error('nothing was exported')
      expect(buffer).toMatchObject({ exporter: 'videobuf2_dma_contig', size: 4096, references: 1 })
      const seen = load(rig, { buffer, offset: 0, pages: rig.core.mmap(buffer, 0, 4096) })
      expect(seen).toEqual({ bytes: rig.source.frame(0), hazards: [] })
    }
    rig.files.closeAll()
    expect(rig.core.buffers).toEqual([])
    const again = rig.bufferOf(await rig.export(0))
    expect([first?.inode, second?.inode]).not.toContain(again.inode)
  })

  it('is exported with the access mode and the close-on-exec flag that were asked for', async () => {
    const rig = new Rig()
    await rig.request(1, MMAP)
    const plain = await rig.export(0, O_RDONLY)
    const onExec = await rig.export(0, O_RDWR | O_CLOEXEC)
    expect(rig.files.flags.get(plain)).toBe(O_RDONLY)
    expect(rig.files.flags.get(onExec)).toBe(O_RDWR | O_CLOEXEC)
    expect(rig.files.lookup(onExec)?.flags).toBe(O_RDWR)
  })

  it('is given to the camera and back under every name that it has', async () => {
    const rig = new Rig()
    await rig.request(1, MMAP)
    const before = rig.bufferOf(await rig.export(0)).inode
    await rig.queue({ index: 0, memory: MMAP })
    const meanwhile = rig.bufferOf(await rig.export(0)).inode
    await rig.streamOn()
    await rig.dequeue()
    const told = (kind: 'queue' | 'dequeue'): number[] =>
      rig.events.flatMap((event) => (event.kind === kind ? event.buffer : []))
    const [first, memory, last] = told('queue')
    expect([first, last]).toEqual([before, meanwhile])
    expect(memory).toBeLessThan(0)
    expect(told('dequeue')).toEqual([before, meanwhile, memory])
  })

  it('is as much as there is, and ENOMEM when not one buffer fits', async () => {
    const rig = new Rig({ board: { ram: { base: 0, size: 3 * 4096 } } })
    await rig.request(8, MMAP)
    expect(rig.machine.ram.liveBytes).toBe(3 * 4096)
    await rig.request(0, MMAP)
    rig.heapFd(3 * 4096)
    expect(await rig.request(1, MMAP)).toBe('ENOMEM')
    expect(await rig.request(1, DMABUF)).toBe('ok')
  })

  it('is not lost with an EXPBUF that finds no free descriptor', async () => {
    const rig = new Rig()
    await rig.request(1, MMAP)
    rig.files.full = true
    await expect(rig.export(0)).rejects.toThrow('EMFILE')
    expect(rig.core.buffers).toEqual([])
    expect((await rig.query(0)).flags & 1).toBe(0)
    rig.files.full = false
    expect(rig.bufferOf(await rig.export(0)).references).toBe(1)
  })
})

describe('a program that shows frames of the driver’s own memory', () => {
  const show = (what: 'frame' | 'buffer') => async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    await camera.startMmap(2)
    for await (await using frame of camera.frames({ count: 6 })) {
      if (what === 'frame') await display.show(frame)
      else await display.show(frame.buffer, format)
    }
  }

  it.each([
    ['buffer', ['early-reuse']],
    ['frame', []],
  ] as const)('by its %s has findings %j', async (what, expected) => {
    const source = patternSource(64, 32)
    const { findings, error } = await runProgram(show(what), { source })
    expect(error).toBeUndefined()
    expect(findings.map(({ rule }) => rule)).toEqual(expected)
    // The dma-buf that the program has, and not the memory behind it.
    expect(findings.every(({ buffer = 0 }) => buffer > 0)).toBe(true)
  })
})
