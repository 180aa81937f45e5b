/** Mistakes of programs with buffers, CPU accesses and devices. */
import {
  type DmaBuf,
  DmaHeap,
  DrmDevice,
  type DumbBuffer,
  type Frame,
  type ImageFormat,
  type ImportedBuffer,
  type Kernel,
  type Mapping,
  Memfd,
  Udmabuf,
  VideoDevice,
} from 'dmabuf'
import { armSoc, type Board, patternSource, rpi4 } from 'dmabuf/sim'
import { Engine, engine } from '../driver/engine.ts'
import { type FixCase, ofBug, type Subject } from './fix-case.ts'

const WIDTH = 64
const HEIGHT = 32
const STRIDE = 4 * WIDTH
const SIZE = HEIGHT * STRIDE
const PAGE = 4096
const LAYOUT = { width: WIDTH, height: HEIGHT, format: 'XR24', stride: STRIDE } as const
const [PROT_READ, PROT_WRITE] = [1, 2]
const [MAP_SHARED, MAP_PRIVATE] = [1, 2]

/** A box whose edges lie in the middle of cache lines. */
function draw(bytes: Uint8Array): void {
  for (let y = 4; y < 20; y++) bytes.fill(0xc0, y * STRIDE + 4 * 5, y * STRIDE + 4 * 29)
}

interface Stage {
  readonly kernel: Kernel
  readonly display: DrmDevice
  readonly heap: DmaHeap
}

/** A display and a heap, and their use. */
function staged(play: (stage: Stage) => Promise<unknown>): Subject {
  return {
    async program(kernel) {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      await play({ kernel, display, heap })
    },
  }
}

/** Two buffers that are drawn and shown in turn. */
function slides(play: (buffer: DmaBuf, stage: Stage) => Promise<unknown>): Subject {
  return staged(async (stage) => {
    using first = await stage.heap.allocate(SIZE)
    using second = await stage.heap.allocate(SIZE)
    for (const buffer of [first, second, first, second, first]) await play(buffer, stage)
  })
}

interface Picture {
  readonly map: Mapping
  readonly framebuffer: number
}

interface Screen {
  readonly front: Picture
  readonly back: Picture
  /** May sleep, until the picture is on screen. */
  show(picture: Picture): Promise<void>
}

/** Two dumb buffers that are mapped, and a screen. */
function doubleBuffered(play: (screen: Screen) => Promise<unknown>): Subject {
  return staged(async ({ display }) => {
    const [output] = await display.outputs()
    const mode = output?.modes[0]
    if (output === undefined || mode === undefined) throw new Error('there is no screen')
    const { width, height } = mode
    const { crtc, connector } = output
    await using first = await display.createDumb({ width, height })
    await using second = await display.createDumb({ width, height })
    using above = await first.map()
    using below = await second.map()
    const pictureOf = async ({ handle, stride }: DumbBuffer, map: Mapping): Promise<Picture> => {
      const layout = { width, height, format: 'XR24', stride }
      return { map, framebuffer: await display.addFramebuffer({ ...layout, handle }) }
    }
    const [front, back] = [await pictureOf(first, above), await pictureOf(second, below)]
    let isSet = false
    const show = async ({ framebuffer }: Picture): Promise<void> => {
      if (!isSet) await display.setCrtc({ crtc, connectors: [connector], framebuffer, mode })
      else {
        await display.pageFlip({ crtc, framebuffer, userData: 1 })
        await display.readEvent()
      }
      isSet = true
    }
    await play({ front, back, show })
    for (const { framebuffer } of [front, back]) await display.removeFramebuffer(framebuffer)
  })
}

interface Shot extends Stage {
  readonly frame: Frame
  readonly format: ImageFormat
}

/** A camera that fills buffers of a heap, and the use of each frame. */
function captured(play: (shot: Shot) => Promise<unknown>): Subject {
  return staged(async (stage) => {
    await using camera = await VideoDevice.open(stage.kernel)
    const format = await camera.setFormat(LAYOUT)
    await camera.start(await stage.heap.allocateBuffers(4, format.sizeImage))
    for await (await using frame of camera.frames({ count: 8 })) {
      await play({ ...stage, frame, format })
    }
  })
}

/** Here the display snoops the CPU cache, and the camera does not. */
const SNOOPING_DISPLAY: Board = {
  ...armSoc,
  name: 'snooping-display',
  description: 'The display looks into the CPU cache, the camera does not.',
  devices: { ...armSoc.devices, display: { snoops: true } },
}

/** The display reaches low memory only, and the camera all. */
const SHORT_DISPLAY: Board = {
  ...rpi4,
  name: 'short-display',
  description: 'The display reaches 1 GiB, the camera all memory.',
  devices: { camera: { snoops: false }, display: { snoops: false, reach: 2 ** 30 } },
}

/** Mapping from-device drops lines here. */
const INVALIDATES: Board = {
  ...armSoc,
  name: 'invalidates',
  description: 'Mapping from-device invalidates.',
  fromDeviceMap: 'invalidate',
}

interface Handles {
  /** May sleep. Sets the mode with a framebuffer of the handle. */
  show(handle: number): Promise<void>
  /** May sleep. */
  end(): Promise<void>
}

/** May sleep. The first screen, which shows the buffers behind handles. */
async function screenOf(display: DrmDevice): Promise<Handles> {
  const [output] = await display.outputs()
  const mode = output?.modes[0]
  if (output === undefined || mode === undefined) throw new Error('there is no screen')
  const { crtc, connector } = output
  const framebuffers: number[] = []
  return {
    async show(handle) {
      const framebuffer = await display.addFramebuffer({ ...LAYOUT, handle })
      framebuffers.push(framebuffer)
      await display.setCrtc({ crtc, connectors: [connector], framebuffer, mode })
    },
    async end() {
      for (const framebuffer of framebuffers) await display.removeFramebuffer(framebuffer)
    },
  }
}

export const programCases: readonly FixCase[] = [
  ofBug('B01-no-bracket', {
    rule: 'read-outside-bracket',
    fix: "Read inside `withCpuAccess('read'",
    what: 'reads frames with no CPU access',
  }),
  {
    rule: 'write-outside-bracket',
    fix: "Write inside `withCpuAccess('read-write'",
    what: 'draws into frames with no CPU access',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        if (fixed) await frame.buffer.withCpuAccess('read-write', draw)
        else {
          using map = frame.buffer.map()
          draw(map.bytes)
        }
        await display.show(frame)
      }),
  },
  {
    rule: 'unbalanced-bracket',
    fix: 'Pair each START with one END',
    what: 'begins a second access within the first',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.startCpuAccess('read-write')
        using map = frame.buffer.map()
        draw(map.bytes)
        if (fixed) await frame.buffer.endCpuAccess('read-write')
        await frame.buffer.startCpuAccess('read-write')
        map.bytes.fill(0x30, STRIDE, STRIDE + 20)
        await frame.buffer.endCpuAccess('read-write')
        if (!fixed) await frame.buffer.endCpuAccess('read-write')
        await display.show(frame)
      }),
  },
  {
    rule: 'unbalanced-bracket',
    fix: 'Pair each START with one END',
    what: 'never ends an access',
    make: (fixed) =>
      slides(async (buffer) => {
        const cpu = await buffer.beginCpuAccess('write')
        cpu.fill(1)
        if (fixed) await cpu.end()
      }),
  },
  {
    rule: 'unbalanced-bracket',
    fix: 'Begin each CPU access with a START before its first load',
    what: 'sends an END that no START came before',
    make: (fixed) =>
      slides(async (buffer, { display }) => {
        await buffer.withCpuAccess('write', (bytes) => bytes.fill(7))
        await display.show(buffer, LAYOUT)
        if (!fixed) await buffer.endCpuAccess('write')
      }),
  },
  {
    rule: 'bracket-direction',
    fix: 'Declare the direction of the access',
    what: 'sends other flags with END than with START',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.startCpuAccess('read-write')
        using map = frame.buffer.map()
        draw(map.bytes)
        await frame.buffer.endCpuAccess(fixed ? 'read-write' : 'read')
        await display.show(frame)
      }),
  },
  {
    rule: 'bracket-direction',
    fix: "Begin the access with 'read-write'; 'write' alone suffices only if",
    what: 'draws in an access for reading',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.withCpuAccess(fixed ? 'read-write' : 'read', draw)
        await display.show(frame)
      }),
  },
  {
    rule: 'bracket-direction',
    fix: "Begin the access with 'read-write'.",
    what: 'reads in an access for writing',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        const cpu = await frame.buffer.beginCpuAccess(fixed ? 'read-write' : 'write')
        cpu.set(cpu.read(0, STRIDE), STRIDE)
        await cpu.end()
        await display.show(frame)
      }),
  },
  ofBug('B03-result-ignored', {
    rule: 'sync-result-ignored',
    fix: 'Check the result of DMA_BUF_IOCTL_SYNC',
    what: 'reads after a START that failed',
  }),
  ofBug('B78-eagain-fatal', {
    rule: 'sync-result-ignored',
    fix: 'repeat it on EINTR and EAGAIN',
    what: 'gives up on EAGAIN',
  }),
  ofBug('B79-no-dma-buf', {
    rule: 'sync-result-ignored',
    fix: 'Check a descriptor when it is imported',
    what: 'takes a memfd for a dma-buf',
  }),
  {
    rule: 'bracket-not-awaited',
    fix: '`await` the begin and the end of the CPU access',
    what: 'does not wait for an access',
    make: (fixed) =>
      slides(async (buffer, { display }) => {
        const drawn = buffer.withCpuAccess('write', (bytes) => bytes.fill(9))
        if (fixed) await drawn
        await display.show(buffer, LAYOUT)
      }),
  },
  {
    rule: 'call-not-awaited',
    fix: '`await` the call, or keep its promise',
    what: 'does not wait for the display',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.withCpuAccess('read-write', draw)
        const shown = display.show(frame)
        if (fixed) await shown
      }),
  },
  {
    rule: 'bracket-over-dma',
    fix: 'End the CPU access before the buffer is queued or flipped',
    what: 'ends the access after the picture is shown',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        const cpu = await frame.buffer.beginCpuAccess('read-write')
        draw(cpu.bytes)
        if (fixed) await cpu.end()
        await display.show(frame)
        if (!fixed) await cpu.end()
      }),
  },
  {
    rule: 'bracket-over-dma',
    fix: 'Draw into another buffer, flip to it',
    what: 'begins an access to the picture that is on screen',
    make: (fixed) =>
      staged(async ({ heap, display }) => {
        const buffers = await heap.allocateBuffers(2, SIZE)
        for (let i = 0; i < 3; i++) {
          const buffer = buffers[fixed ? i % 2 : 0] as DmaBuf
          await buffer.withCpuAccess('write', draw)
          await display.show(buffer, LAYOUT)
        }
        for (const buffer of buffers) buffer.close()
      }),
  },
  {
    rule: 'fd-leak',
    fix: 'Dispose each dumb buffer that is no longer shown',
    what: 'makes a dumb buffer for each picture',
    make: (fixed) =>
      staged(async ({ display }) => {
        let before: DumbBuffer | undefined
        for (let i = 0; i < 12; i++) {
          const dumb = await display.createDumb({ width: WIDTH, height: HEIGHT })
          using buffer = await dumb.exportBuffer()
          await display.show(buffer, { ...LAYOUT, stride: dumb.stride })
          if (fixed) await before?.close()
          before = dumb
        }
      }),
  },
  ofBug('B22-dirty-lines', {
    rule: 'dirty-over-dma',
    fix: 'Clean the buffer before it goes to the device',
    what: 'wipes a buffer that goes to the camera',
    also: ['write-outside-bracket'],
  }),
  ofBug('B27-early-invalidate', {
    rule: 'early-invalidate',
    fix: 'Wait for the device (VIDIOC_DQBUF, a fence, poll) first',
    what: 'begins to read before the camera has finished',
  }),
  {
    rule: 'uncovered-mapping',
    fix: 'Map the dma-buf itself for the access',
    what: 'draws through the memfd of a udmabuf',
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        using memfd = Memfd.create(kernel, 'pixels', SIZE, { seals: ['shrink'] })
        using udmabuf = Udmabuf.open(kernel)
        using buffer = await udmabuf.create(memfd)
        await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
        await display.show(buffer, LAYOUT)
        using second = await heap.allocate(SIZE)
        await second.withCpuAccess('write', (bytes) => bytes.fill(2))
        await display.show(second, LAYOUT)
        if (fixed) await buffer.withCpuAccess('read-write', draw)
        else {
          using map = memfd.map()
          draw(map.bytes)
        }
        await display.show(buffer, LAYOUT)
      }),
  },
  {
    rule: 'private-copy',
    fix: 'Map the buffer MAP_SHARED',
    what: 'draws into a private mapping',
    make: (fixed) =>
      staged(async ({ kernel: { sys }, display, heap }) => {
        using page = await heap.allocate(PAGE)
        const flags = fixed ? MAP_SHARED : MAP_PRIVATE
        const address = sys.mmap(PAGE, PROT_READ | PROT_WRITE, flags, page.fd, 0)
        await page.startCpuAccess('write')
        sys.store(address, new Uint8Array(PAGE).fill(3))
        await page.endCpuAccess('write')
        sys.munmap(address, PAGE)
        await display.show(page, { ...LAYOUT, height: PAGE / STRIDE })
      }),
  },
  {
    rule: 'partial-write-over-stale',
    fix: "Begin the access with 'read-write', or store every byte",
    what: 'draws a part in an access for writing alone',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.withCpuAccess(fixed ? 'read-write' : 'write', draw)
        await display.show(frame)
      }),
  },
  {
    rule: 'partial-write-over-stale',
    fix: "Begin the access with 'read-write', or store every byte",
    what: 'stores a part in an access for writing alone',
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        await frame.buffer.withCpuAccess('write', (bytes) => {
          if (fixed) bytes.fill(0)
          draw(bytes)
        })
        await display.show(frame)
      }),
  },
  {
    rule: 'unsynced-handoff',
    fix: 'Put a CPU access (START | READ, END | WRITE) or a new map',
    what: 'lets a display that snoops show what a camera that does not has written',
    boards: [SNOOPING_DISPLAY],
    make: (fixed) =>
      captured(async ({ frame, display }) => {
        if (fixed) await frame.buffer.withCpuAccess('read-write', () => {})
        await display.show(frame)
      }),
  },
  {
    rule: 'early-reuse',
    fix: 'Queue the buffer again after the flip that replaces it',
    what: 'gives the camera a frame that is on screen',
    make: (fixed) =>
      captured(async ({ frame, display, format }) => {
        await display.show(fixed ? frame : { buffer: frame.buffer, format })
      }),
  },
  {
    rule: 'missing-wait',
    fix: 'Wait for the writer first (VIDIOC_DQBUF',
    what: 'shows a buffer that the camera has not given back',
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        const buffers = await heap.allocateBuffers(2, format.sizeImage)
        await camera.start(buffers)
        if (!fixed) await display.show(buffers[0] as DmaBuf, format)
        for await (await using frame of camera.frames({ count: 2 })) {
          if (fixed) await display.show(frame)
        }
      }),
  },
  ofBug('B61-import-took-fd', {
    rule: 'fd-misuse',
    fix: 'Let one owner close the descriptor',
    what: 'closes a descriptor that it gave away',
  }),
  {
    rule: 'fd-leak',
    fix: 'Declare the owner with `using`',
    what: 'never closes a buffer',
    make: (fixed) =>
      staged(async ({ heap }) => {
        const buffer = await heap.allocate(SIZE)
        if (fixed) buffer.close()
      }),
  },
  {
    rule: 'map-leak',
    fix: 'Declare the mapping with `using`',
    what: 'never unmaps a buffer',
    make: (fixed) =>
      slides(async (buffer) => {
        const map = buffer.map()
        if (fixed) map.close()
      }),
  },
  ofBug('B07-read-after-end', {
    rule: 'use-after-release',
    fix: 'Copy the data out before the access ends',
    what: 'reads a picture after its access has ended',
  }),
  {
    rule: 'use-after-release',
    fix: 'Unmap the bytes after their last use',
    what: 'loads from a part that was unmapped',
    make: (fixed) =>
      slides(async (buffer, { kernel: { sys } }) => {
        const address = sys.mmap(SIZE, PROT_READ, MAP_SHARED, buffer.fd, 0)
        if (!fixed) sys.munmap(address + 4096, 4096)
        sys.load(address + 4096, new Uint8Array(16))
        sys.munmap(address, SIZE)
      }),
  },
  {
    rule: 'use-after-release',
    fix: 'Use the address that mremap returned',
    what: 'loads from where a mapping was before mremap moved it',
    make: (fixed) =>
      staged(async ({ kernel }) => {
        const { sys } = kernel
        using memfd = Memfd.create(kernel, 'pixels', 4 * SIZE)
        const before = sys.mmap(SIZE, PROT_READ, MAP_SHARED, memfd.fd, 0)
        const blocked = sys.mmap(SIZE, PROT_READ, MAP_SHARED, memfd.fd, 0)
        const after = sys.mremap(before, SIZE, 2 * SIZE, 1)
        sys.load(fixed ? after : before, new Uint8Array(16))
        sys.munmap(after, 2 * SIZE)
        sys.munmap(blocked, SIZE)
      }),
  },
  ofBug('B51-handle-closed-twice', {
    rule: 'handle-alias',
    fix: 'Count imports per device file and handle',
    what: 'closes a shared handle for each import',
  }),
  ofBug('B52-handle-never-closed', {
    rule: 'handle-alias',
    fix: 'Close the handle as soon as the framebuffer is made',
    what: 'never closes a handle',
  }),
  ofBug('B68-larger-than-buffer', {
    rule: 'out-of-range',
    fix: 'Ask the descriptor for its size',
    what: 'maps more than the buffer has',
  }),
  {
    rule: 'out-of-range',
    fix: 'Map from the page before, at',
    what: 'maps a plane at an offset that is no page',
    make: (fixed) =>
      slides(async (buffer, { kernel: { sys } }) => {
        const [offset, skipped] = fixed ? [4096, 904] : [5000, 0]
        const length = skipped + 64
        const address = sys.mmap(length, PROT_READ, MAP_SHARED, buffer.fd, offset)
        if (address > 0) sys.munmap(address, length)
      }),
  },
  {
    rule: 'out-of-range',
    fix: 'Seal the file against shrinking (F_SEAL_SHRINK)',
    what: 'reads a memfd that its other owner may shorten',
    make: (fixed) => ({
      program: async (kernel) => {
        using memfd = Memfd.create(kernel, 'pool', 65536, fixed ? { seals: ['shrink'] } : {})
        using map = memfd.map({ access: 'read' })
        kernel.sys.ftruncate(memfd.fd, 4096)
        kernel.sys.load(map.address + 32768, new Uint8Array(4))
      },
    }),
  },
  {
    rule: 'early-reuse',
    fix: 'Draw into another buffer, flip to it',
    what: 'draws into the picture that is on screen',
    make: (fixed) =>
      doubleBuffered(async ({ front, back, show }) => {
        await show(front)
        for (const next of [back, front, back]) {
          const shown = next === back ? front : back
          ;(fixed ? next : shown).map.fill(8)
          await show(next)
        }
      }),
  },
  ofBug('B06-udmabuf-mapped', {
    rule: 'sync-is-noop',
    fix: 'Take memory of an exporter that syncs every device',
    what: 'draws into a udmabuf that the display has mapped',
    also: ['unsafe-skip-hint'],
  }),
  {
    rule: 'redundant-sync',
    fix: 'Keep one CPU access open over the loads',
    what: 'begins a second access for reading with nothing between',
    make: (fixed) =>
      captured(async ({ frame }) => {
        const cpu = await frame.buffer.beginCpuAccess('read')
        cpu.read(0, 64)
        if (!fixed) {
          await cpu.end()
          await using again = await frame.buffer.beginCpuAccess('read')
          again.read(64, 128)
          return
        }
        cpu.read(64, 128)
        await cpu.end()
      }),
  },
  ofBug('B04-end-after-unmap', {
    rule: 'bracket-order',
    fix: 'Send END first, then munmap',
    what: 'unmaps before END',
  }),
  {
    rule: 'uncached-read',
    fix: 'Let the device write into heap buffers',
    what: "reads the camera's own buffers",
    boards: ['arm-soc'],
    make: (fixed) => ({
      source: patternSource(640, 360),
      program: async (kernel) => {
        await using camera = await VideoDevice.open(kernel)
        using heap = DmaHeap.open(kernel)
        const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
        if (fixed) await camera.start(await heap.allocateBuffers(4, format.sizeImage))
        else await camera.startMmap(4)
        for await (await using frame of camera.frames({ count: 4 })) {
          await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
        }
      },
    }),
  },
  {
    rule: 'uncached-read',
    fix: 'keep a copy in ordinary memory and read that',
    what: 'reads the picture that it draws',
    boards: ['arm-soc'],
    make: (fixed) => ({
      source: patternSource(640, 360),
      ...doubleBuffered(async ({ front, back, show }) => {
        const copy = new Uint8Array(front.map.length)
        for (const picture of [front, back, front, back]) {
          const before = fixed ? copy : picture.map.read()
          copy.set(before.map((value) => value ^ 1))
          picture.map.set(copy)
          await show(picture)
        }
      }),
    }),
  },
  {
    rule: 'fd-leak',
    fix: 'Dispose each dumb buffer that is no longer shown',
    what: 'makes dumb buffers again and again',
    make: (fixed) =>
      staged(async ({ display }) => {
        for (let count = 0; count < 12; count++) {
          const dumb = await display.createDumb({ width: WIDTH, height: HEIGHT })
          if (fixed) await dumb.close()
        }
      }),
  },
  {
    rule: 'never-read',
    fix: 'Key a cache of imported buffers by the buffer',
    what: 'keeps imports by the number of a descriptor',
    make: (fixed) =>
      staged(async ({ display, heap }) => {
        const imports = new Map<unknown, ImportedBuffer>()
        const screen = await screenOf(display)
        for (let shade = 1; shade <= 4; shade++) {
          using buffer = await heap.allocate(SIZE)
          await buffer.withCpuAccess('write', (bytes) => bytes.fill(shade))
          const key = fixed ? buffer : buffer.fd
          const imported = imports.get(key) ?? (await display.importBuffer(buffer))
          imports.set(key, imported)
          await screen.show(imported.handle)
        }
        await screen.end()
        for (const imported of imports.values()) await imported.close()
      }),
  },
  {
    rule: 'never-written',
    fix: 'Check offset, pitch and height of each plane',
    what: 'shows the second plane from where the rows that are padded are',
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        const rows = HEIGHT + 16
        using picture = await heap.allocate(2 * WIDTH * rows)
        const cpu = await picture.beginCpuAccess('write')
        cpu.fill(90, 0, WIDTH * HEIGHT)
        cpu.fill(128, WIDTH * rows, WIDTH * rows + (WIDTH * HEIGHT) / 2)
        await cpu.end()
        const chroma = WIDTH * (fixed ? rows : HEIGHT)
        const planes = [0, chroma].map((offset) => ({ offset, stride: WIDTH }))
        await display.show(picture, {
          width: WIDTH,
          height: HEIGHT,
          format: 'NV12',
          planes,
        } as never)
        await kernel.sleep(50e6)
      }),
  },
  {
    rule: 'fd-leak',
    fix: 'Dispose each frame when it is no longer used',
    what: 'never disposes its frames',
    make: (fixed) =>
      staged(async ({ kernel, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        await camera.start(await heap.allocateBuffers(4, format.sizeImage))
        for await (const frame of camera.frames({ count: 4 })) {
          await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
          if (fixed) await frame.close()
        }
      }),
  },
  {
    rule: 'unsynced-handoff',
    fix: 'or put an empty CPU access for writing (START | WRITE, then END | WRITE) right after',
    what: 'lets a device that snoops fill a buffer that the camera has mapped',
    boards: ['arm-soc', 'arm-soc-iommu'],
    make: (fixed) => ({
      drivers: [engine('gpu')],
      ...captured(async ({ kernel, frame }) => {
        using gpu = new Engine(kernel, 'gpu')
        await gpu.fill(frame.buffer, 5)
        if (fixed) await frame.buffer.withCpuAccess('write', () => {})
        await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
      }),
    }),
  },
  {
    rule: 'bounce-not-synced',
    fix: 'so that its bounce buffer is the last to be copied back',
    what: 'lets the camera take its buffers after the display did',
    boards: ['pc-bounce'],
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        const buffers = await heap.allocateBuffers(2, format.sizeImage)
        const imports: ImportedBuffer[] = []
        if (fixed) await camera.start(buffers)
        for (const buffer of buffers) imports.push(await display.importBuffer(buffer))
        if (!fixed) await camera.start(buffers)
        for await (await using frame of camera.frames({ count: 4 })) {
          await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
        }
        for (const imported of imports) await imported.close()
      }),
  },
  {
    rule: 'bounce-not-synced',
    fix: 'End the mapping of',
    what: 'keeps buffers imported that the display bounces and the camera does not',
    boards: [SHORT_DISPLAY],
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        const buffers = await heap.allocateBuffers(2, format.sizeImage)
        const imports: ImportedBuffer[] = []
        if (!fixed) for (const each of buffers) imports.push(await display.importBuffer(each))
        await camera.start(buffers)
        for await (await using frame of camera.frames({ count: 4 })) {
          await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
          if (!fixed) continue
          await (await display.importBuffer(frame.buffer)).close()
          await frame.buffer.withCpuAccess('write', () => {})
        }
        for (const imported of imports) await imported.close()
      }),
  },
  {
    rule: 'bounce-not-synced',
    fix: 'after the copy and before',
    what: 'leaves what the display copied back in the cache',
    boards: [SHORT_DISPLAY],
    make: (fixed) =>
      staged(async ({ kernel, display, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        await camera.start(await heap.allocateBuffers(2, format.sizeImage))
        for await (await using frame of camera.frames({ count: 4 })) {
          await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice())
          await (await display.importBuffer(frame.buffer)).close()
          if (fixed) await frame.buffer.withCpuAccess('write', () => {})
        }
      }),
  },
  {
    rule: 'dirty-over-dma',
    fix: 'Read only bytes that were stored',
    what: 'reads beyond what the camera fills',
    boards: [INVALIDATES],
    make: (fixed) =>
      staged(async ({ kernel, heap }) => {
        await using camera = await VideoDevice.open(kernel)
        const format = await camera.setFormat(LAYOUT)
        await camera.start(await heap.allocateBuffers(2, 2 * format.sizeImage))
        for await (await using frame of camera.frames({ count: 4 })) {
          await using cpu = await frame.buffer.beginCpuAccess('read')
          cpu.read(0, fixed ? frame.bytesUsed : 2 * format.sizeImage)
        }
      }),
  },
  ofBug('B06-udmabuf-mapped', {
    rule: 'unsafe-skip-hint',
    fix: 'always maps like this: end a CPU access for writing',
    what: 'draws into a udmabuf, whose map cleans nothing',
    also: ['sync-is-noop'],
  }),
]
