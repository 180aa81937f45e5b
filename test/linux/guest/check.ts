import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import { describe, it } from 'node:test'
import { DmaBuf, DmaHeap, type Kernel, Memfd, Udmabuf, VgemDevice, VideoDevice } from 'dmabuf'
import { LinuxKernel, type MemoryMode } from 'dmabuf/linux'
import { type DmabufEvent, type RunResult, runProgram } from 'dmabuf/sim'
import { formatOrigin } from '../../../src/tap/format-origin.ts'
import { parseStack } from '../../../src/tap/stack.ts'
import { failure, heapBuffer, openFds, SIZE } from './fixtures.ts'

/** The lines of the calls that a finding should point to. */
let lines: (number | undefined)[] = []

/** `value`, made by a call on the line that this is called from, which is remembered. */
function noted<T>(value: T): T {
  lines.push(parseStack(new Error().stack ?? '')[1]?.line)
  return value
}

/** May sleep. Runs `program` on this kernel under the checker. */
async function checked(
  program: (kernel: LinuxKernel) => unknown,
  options: { memory?: MemoryMode; onEvent?: (event: DmabufEvent) => void } = {},
): Promise<RunResult> {
  const { memory = 'direct', onEvent } = options
  lines = []
  const kernel = new LinuxKernel({ memory, reportForgotten: false })
  try {
    return await runProgram((given) => program(given as LinuxKernel), { kernel, onEvent })
  } finally {
    kernel.close()
  }
}

/** `rule line` of each finding: a line of this file, with which the package is bundled here. */
function found({ findings, error }: RunResult): string[] {
  assert.equal(error, undefined)
  return findings.map(({ rule, origin }) => {
    const frames = formatOrigin(origin)?.frames ?? []
    return `${rule} ${frames.find(({ file }) => file.endsWith('guest/check.ts'))?.line}`
  })
}

async function draw(kernel: Kernel): Promise<void> {
  await using vgem = await VgemDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using memory = Memfd.create(kernel, 'picture', SIZE, { seals: ['shrink'] })
  using device = Udmabuf.open(kernel)
  for (const buffer of [await heap.allocate(SIZE), await device.create(memory)]) {
    using owned = buffer
    await using _imported = await vgem.importBuffer(owned)
    await owned.withCpuAccess('write', (bytes) => bytes.fill(7))
    using map = owned.map()
    await using _access = await owned.beginCpuAccess('read')
    assert.deepEqual([...map.read(0, 2)], [7, 7])
  }
}

describe('a program under the checker', () => {
  for (const memory of ['direct', 'copy'] as const) {
    it(`is clean where it is right (${memory})`, async () => {
      const before = openFds()
      const result = await checked(draw, { memory })
      assert.deepEqual(found(result), [])
      assert.deepEqual(result.lints, [])
      assert.equal(result.verdict, 'clean')
      assert.equal(result.board, 'linux')
      assert.ok(result.rulesNotCheckable.includes('sync-is-noop'))
      assert.ok(result.rulesPartlyCheckable.includes('read-outside-bracket'))
      assert.equal(openFds(), before)
    })
  }

  it('that forgets its END is told where it began', async () => {
    const result = await checked(async (kernel) => {
      await using vgem = await VgemDevice.open(kernel)
      using buffer = await heapBuffer(kernel)
      await using _imported = await vgem.importBuffer(buffer)
      await noted(buffer.startCpuAccess('write'))
      using map = buffer.map()
      map.fill(3)
    })
    assert.deepEqual(found(result), [`unbalanced-bracket ${lines[0]}`])
  })

  it('that stores outside any access is told where, and one under READ alone', async () => {
    const result = await checked(async (kernel) => {
      await using vgem = await VgemDevice.open(kernel)
      using buffer = await heapBuffer(kernel)
      await using _imported = await vgem.importBuffer(buffer)
      using map = buffer.map()
      noted(map.fill(3))
      await noted(buffer.startCpuAccess('read'))
      map.fill(4)
      await buffer.endCpuAccess('read')
    })
    const [outside, under] = lines
    assert.deepEqual(found(result), [
      `write-outside-bracket ${outside}`,
      `bracket-direction ${under}`,
    ])
  })

  it('that never begins an access while a device has the buffer is told where it took the bytes', async () => {
    const result = await checked(async (kernel) => {
      await using vgem = await VgemDevice.open(kernel)
      using buffer = await heapBuffer(kernel)
      await using _imported = await vgem.importBuffer(buffer)
      using map = buffer.map()
      noted(map.bytes).fill(1)
    })
    assert.deepEqual(found(result), [`read-outside-bracket ${lines[0]}`])
  })

  it('that closes a descriptor twice is told where it did so again', async () => {
    const result = await checked(async (kernel) => {
      const fd = (await heapBuffer(kernel)).release()
      assert.equal(kernel.sys.close(fd), 0)
      const again = noted(kernel.sys.close(fd))
      assert.equal(again, failure('EBADF'))
    })
    assert.deepEqual(found(result), [`fd-misuse ${lines[0]}`])
  })

  it('that keeps a descriptor and a mapping is told where it made them', async () => {
    const result = await checked(async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffer = await noted(heap.allocate(SIZE))
      noted(buffer.map())
    })
    const [fd, map] = lines
    assert.deepEqual(found(result).sort(), [`fd-leak ${fd}`, `map-leak ${map}`])
  })

  it('that uses an address after munmap is told so, also where a new mapping lies there', async () => {
    const result = await checked(async (kernel) => {
      const { sys } = kernel
      using buffer = await heapBuffer(kernel)
      const address = sys.mmap(SIZE, 3, 1, buffer.fd, 0)
      sys.munmap(address, SIZE)
      const lost = noted(sys.load(address, new Uint8Array(8)))
      assert.equal(lost, failure('EFAULT'))
      // The kernel gives the same address again: a store to a read-only mapping is another mistake.
      const again = sys.mmap(SIZE, 1, 1, buffer.fd, 0)
      assert.equal(sys.store(again, new Uint8Array(8)), failure('EFAULT'))
      sys.munmap(again, SIZE)
    })
    assert.deepEqual(found(result), [`use-after-release ${lines[0]}`])
  })

  it('that asks for more than a buffer has is told so', async () => {
    const result = await checked(async (kernel) => {
      using buffer = await heapBuffer(kernel)
      const address = noted(kernel.sys.mmap(2 * SIZE, 1, 1, buffer.fd, 0))
      assert.equal(address, failure('EINVAL'))
    })
    assert.deepEqual(found(result), [`out-of-range ${lines[0]}`])
  })
})

describe('a camera under the checker', () => {
  it('that gets a buffer which the CPU still has is told where that began', async () => {
    const result = await checked(async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 320, height: 180, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(3, format.sizeImage))
      for await (await using frame of camera.frames({ count: 2 })) {
        await frame.buffer.withCpuAccess('read', (bytes) => assert.ok(bytes.length > 0))
      }
      for await (await using frame of camera.frames({ count: 1 })) {
        await noted(frame.buffer.startCpuAccess('read'))
      }
    })
    assert.deepEqual(found(result), [`bracket-over-dma ${lines[0]}`])
  })

  it('whose frame is read outside any access is told where', async () => {
    const result = await checked(async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 320, height: 180, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(2, format.sizeImage))
      for await (await using frame of camera.frames({ count: 1 })) {
        using map = frame.buffer.map()
        noted(map.read(0, 16))
      }
    })
    assert.deepEqual(found(result), [`read-outside-bracket ${lines[0]}`])
  })
})

describe('a buffer in events', () => {
  it('is its inode, by whichever descriptor', async () => {
    const events: DmabufEvent[] = []
    let inode = 0
    const onEvent = (event: DmabufEvent): void => void events.push(event)
    const result = await checked(
      async (kernel) => {
        await using vgem = await VgemDevice.open(kernel)
        using buffer = await heapBuffer(kernel)
        inode = fstatSync(buffer.fd).ino
        using copy = buffer.dup()
        await using _imported = await vgem.importBuffer(copy)
        using _again = buffer.dup()
      },
      { onEvent },
    )
    assert.deepEqual(found(result), [])
    const exported = events.filter((event) => event.kind === 'export')
    assert.deepEqual(
      exported.map(({ buffer, size, exporter }) => ({ buffer, size, exporter })),
      [{ buffer: inode, size: SIZE, exporter: 'system' }],
    )
    const opened = events.flatMap((event) => (event.kind === 'fd-open' ? [event.buffer] : []))
    assert.equal(opened.filter((buffer) => buffer === inode).length, 3)
    const handles = events.flatMap((event) => (event.kind === 'handle-open' ? [event.buffer] : []))
    assert.deepEqual(handles, [inode])
  })

  it('that came from elsewhere is known, and no leak where it is not closed', async () => {
    const other = new LinuxKernel({ reportForgotten: false })
    using theirs = await heapBuffer(other)
    const events: DmabufEvent[] = []
    const onEvent = (event: DmabufEvent): void => void events.push(event)
    const result = await checked(
      async (kernel) => {
        using own = DmaBuf.borrow(kernel, theirs.fd)
        await own.withCpuAccess('read', () => undefined)
      },
      { onEvent },
    )
    assert.deepEqual(found(result), [])
    const inode = fstatSync(theirs.fd).ino
    const opened = events.filter((event) => event.kind === 'fd-open')
    assert.deepEqual(
      opened.map(({ buffer, from }) => ({ buffer, from })),
      [
        { buffer: inode, from: 'elsewhere' },
        { buffer: inode, from: undefined },
      ],
    )
    other.close()
  })
})
