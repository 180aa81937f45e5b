/** The classes with wrong arguments: errors as Node's own, and no effect before. */
import { describe, expect, test } from 'vitest'
import {
  DmaBuf,
  DmaHeap,
  DrmDevice,
  Memfd,
  SyncFile,
  Udmabuf,
  VgemDevice,
  VideoDevice,
} from '../../src/index.ts'
import type { SimKernel } from '../../src/sim/kernel.ts'
import { start } from '../sim/rig.ts'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'

/** Objects of every class on a fresh kernel. */
async function things() {
  const kernel = start()
  const heap = DmaHeap.open(kernel)
  const buffer = await heap.allocate(8192)
  const memfd = Memfd.create(kernel, 'pages', 8192, { seals: ['shrink'] })
  const camera = await VideoDevice.open(kernel)
  const display = await DrmDevice.open(kernel)
  const vgem = await VgemDevice.open(kernel)
  const file = await buffer.exportSyncFile('read')
  return { kernel, heap, buffer, memfd, camera, display, vgem, file, udmabuf: Udmabuf.open(kernel) }
}
type Things = Awaited<ReturnType<typeof things>>

const none = undefined as never
const layout = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 }

type Row = [what: string, code: string, message: RegExp, body: (on: Things) => unknown]
const rows: Row[] = [
  ['open of no kernel', TYPE, /"kernel" argument must be a Kernel/, () => DmaHeap.open(none)],
  ['open of {}', TYPE, /"kernel"/, () => VideoDevice.open({} as never)],
  ['open of its sys', TYPE, /"kernel"/, ({ kernel }) => DrmDevice.open(kernel.sys as never)],
  ['a name with NUL', VALUE, /without null bytes/, ({ kernel }) => DmaHeap.open(kernel, 'a\0b')],
  [
    'a path',
    TYPE,
    /"path" argument must be of type string/,
    (on) => VideoDevice.open(on.kernel, 5 as never),
  ],
  [
    'allocate(NaN)',
    RANGE,
    /"size".*>= 0 && <= 9007199254740991. Received NaN/,
    ({ heap }) => heap.allocate(Number.NaN),
  ],
  [
    "allocate('4096')",
    TYPE,
    /"size".*of type number. Received type string \('4096'\)/,
    ({ heap }) => heap.allocate('4096' as never),
  ],
  ['allocateBuffers(NaN)', RANGE, /"count"/, ({ heap }) => heap.allocateBuffers(Number.NaN, 4096)],
  [
    'allocateBuffers(2.5)',
    RANGE,
    /"count".*Received 2.5/,
    ({ heap }) => heap.allocateBuffers(2.5, 4096),
  ],
  [
    'a signal',
    TYPE,
    /"options.signal" argument must be an AbortSignal/,
    ({ heap }) => heap.allocate(1, { signal: 5 as never }),
  ],
  ['adopt(-1)', RANGE, /"fd"/, ({ kernel }) => DmaBuf.adopt(kernel, -1)],
  ['SyncFile.adopt', TYPE, /"fd"/, ({ kernel }) => SyncFile.adopt(kernel, {} as never)],
  ['an access', VALUE, /'rw'/, ({ buffer }) => buffer.beginCpuAccess('rw' as never)],
  [
    'an access that is no text',
    TYPE,
    /"access"/,
    ({ buffer }) => buffer.map({ access: 5 as never }),
  ],
  [
    'withCpuAccess without a function',
    TYPE,
    /"use" argument must be of type function. Received undefined/,
    ({ buffer }) => buffer.withCpuAccess('read', none),
  ],
  ['map with a fraction', RANGE, /"options.offset"/, ({ buffer }) => buffer.map({ offset: 0.5 })],
  [
    'map with a misspelt name',
    VALUE,
    /"options" has no option 'lenght', only access, offset, length. Did you mean 'length'\?/,
    ({ buffer }) => buffer.map({ lenght: 5 } as never),
  ],
  [
    'a wait with another name',
    VALUE,
    /"options" has no option 'timeout', only signal\.$/,
    ({ heap }) => heap.allocate(4096, { timeout: 5 } as never),
  ],
  [
    'frames with a misspelt name',
    VALUE,
    /no option 'counts', only count, signal. Did you mean 'count'\?/,
    ({ camera }) => camera.frames({ counts: 5 } as never),
  ],
  [
    'createDumb with a misspelt name',
    VALUE,
    /no option 'bitsPerPixle'.*Did you mean 'bitsPerPixel'\?/,
    ({ display }) => display.createDumb({ width: 8, height: 8, bitsPerPixle: 16 } as never),
  ],
  [
    'createDumb of 7 bits',
    RANGE,
    /"options.bitsPerPixel" is out of range. It must be one of 1, 2, 4, 8, .*64. Received 7/,
    ({ display }) => display.createDumb({ width: 64, height: 64, bitsPerPixel: 7 }),
  ],
  ['map with null', TYPE, /"options"/, ({ buffer }) => buffer.map(null as never)],
  ['sync', RANGE, /"flags"/, ({ buffer }) => buffer.sync(-1)],
  ['setName', TYPE, /"name"/, ({ buffer }) => buffer.setName(5 as never)],
  [
    'importSyncFile',
    TYPE,
    /"file" argument must be a SyncFile/,
    ({ buffer }) => buffer.importSyncFile('read', none),
  ],
  ['setFormat({})', TYPE, /"wanted.width"/, ({ camera }) => camera.setFormat({} as never)],
  [
    'a format',
    VALUE,
    /must be a four-character code such as 'XR24' \(XRGB8888 is 'XR24'\)\. Received 'XRGB8888'/,
    ({ camera }) => camera.setFormat({ ...layout, format: 'XRGB8888' }),
  ],
  [
    'start(buffer)',
    TYPE,
    /"buffers" argument must be an array/,
    ({ camera, buffer }) => camera.start(buffer as never),
  ],
  [
    'start([5])',
    TYPE,
    /"buffers\[0\]" argument must be a DmaBuf/,
    ({ camera }) => camera.start([5 as never]),
  ],
  ['startMmap', RANGE, /"count"/, ({ camera }) => camera.startMmap(-1)],
  ['frames', RANGE, /"options.count"/, ({ camera }) => camera.frames({ count: Number.NaN })],
  ['requestBuffers', VALUE, /"memory"/, ({ camera }) => camera.requestBuffers(1, 'x' as never)],
  [
    'importBuffer(5)',
    TYPE,
    /"buffer" argument must be a DmaBuf. Received type number \(5\)/,
    ({ display }) => display.importBuffer(5 as never),
  ],
  [
    'show(null)',
    TYPE,
    /"what" argument must be a Frame or a DmaBuf. Received null/,
    ({ display }) => display.show(null as never),
  ],
  [
    'show without a layout',
    TYPE,
    /"layout.width"/,
    ({ display, buffer }) => display.show(buffer as never),
  ],
  [
    'show with odd chroma',
    RANGE,
    /"layout.planes\[1\].stride"/,
    ({ display, buffer }) => display.show(buffer, { ...layout, format: 'YU12', bytesPerLine: 63 }),
  ],
  ['removeFramebuffer()', TYPE, /"id"/, ({ display }) => display.removeFramebuffer(none)],
  ['closeHandle(-1)', RANGE, /"handle"/, ({ display }) => display.closeHandle(-1)],
  ['pageFlip', TYPE, /"flip.crtc"/, ({ display }) => display.pageFlip({} as never)],
  [
    'setCrtc',
    TYPE,
    /"setting.mode"/,
    ({ display }) => display.setCrtc({ crtc: 1, connectors: [], framebuffer: 1 } as never),
  ],
  [
    'createDumb',
    RANGE,
    /"options.width"/,
    ({ display }) => display.createDumb({ width: 2 ** 32, height: 1 }),
  ],
  ['Memfd.create without a size', TYPE, /"size"/, ({ kernel }) => Memfd.create(kernel, 'x', none)],
  ['resize(-1)', RANGE, /"size"/, ({ memfd }) => memfd.resize(-1)],
  ['seal', TYPE, /"seal"/, ({ memfd }) => memfd.seal(5 as never)],
  [
    'udmabuf.create(5)',
    TYPE,
    /"memfd" argument must be a Memfd/,
    ({ udmabuf }) => udmabuf.create(5 as never),
  ],
  ['createList', TYPE, /"parts\[0\]"/, ({ udmabuf }) => udmabuf.createList([5 as never])],
  [
    'createList with an offset',
    RANGE,
    /"parts\[1\].offset"/,
    ({ udmabuf, memfd }) => udmabuf.createList([{ memfd }, { memfd, offset: -4096 }]),
  ],
  ['attachFence', TYPE, /"imported"/, ({ vgem }) => vgem.attachFence(5 as never, 'read')],
  [
    'attachFence with an access',
    VALUE,
    /"access" must be one of 'read', 'write'/,
    ({ vgem }) => vgem.attachFence({ handle: 1 } as never, 'x' as never),
  ],
  ['signalFence', RANGE, /"number"/, ({ vgem }) => vgem.signalFence(0.5)],
  ['wait', RANGE, /"options.timeout"/, ({ file }) => file.wait({ timeout: -2 })],
  ['idle', RANGE, /"options.timeout"/, ({ buffer }) => buffer.idle('read', { timeout: -2 })],
  ['idle with an access', VALUE, /"access"/, ({ buffer }) => buffer.idle('x' as never)],
  ['isIdle', VALUE, /"access"/, ({ buffer }) => buffer.isIdle('x' as never)],
  ['merge', TYPE, /"other" argument must be a SyncFile/, ({ file }) => file.merge(none)],
  ['sleep(NaN)', RANGE, /"nanoseconds".*Received NaN/, ({ kernel }) => kernel.sleep(Number.NaN)],
  ['sleep()', TYPE, /"nanoseconds".*Received undefined/, ({ kernel }) => kernel.sleep(none)],
  [
    'sleep(Infinity)',
    RANGE,
    /Received Infinity/,
    ({ kernel }) => kernel.sleep(Number.POSITIVE_INFINITY),
  ],
  [
    'sleep beyond the clock',
    RANGE,
    /where the clock ends/,
    ({ kernel }) => kernel.sleep(2 ** 53 - 1),
  ],
  [
    'sleep with a signal',
    TYPE,
    /"options.signal"/,
    ({ kernel }) => kernel.sleep(1, { signal: {} as never }),
  ],
  ['spawn', TYPE, /"body"/, ({ kernel }) => kernel.spawn('x', none)],
  [
    'fail of no call',
    VALUE,
    /"call".*VIDIOC_QBUF.*mmap.*alloc_pages.*Received 'mmpa'/,
    ({ kernel }) => kernel.fail('mmpa', 1, 'EIO'),
  ],
  [
    'fail with no error',
    VALUE,
    /"code".*'ENOMEM'. Received 'EWHATEVER'/,
    ({ kernel }) => kernel.fail('mmap', 1, 'EWHATEVER' as never),
  ],
  ['fail of call 0', RANGE, /"nth"/, ({ kernel }) => kernel.fail('mmap', 0, 'EIO')],
]

/** Its content: no refused call may change it. */
function holdings({ buffers, memoryInUse, callCounts, scheduler }: SimKernel): unknown {
  return [buffers, memoryInUse, [...callCounts], scheduler.waiting]
}

describe('an argument that is none', () => {
  test.each(rows)('%s is %s before anything is done', async (_what, code, message, body) => {
    const on = await things()
    const before = holdings(on.kernel)
    const call = (async () => await body(on))()
    await expect(call).rejects.toThrow(expect.objectContaining({ code }))
    await expect(call).rejects.toThrow(message)
    await expect(call).rejects.toThrow(code === RANGE ? RangeError : TypeError)
    expect(holdings(on.kernel)).toEqual(before)
    expect(on.buffer.closed).toBe(false)
  })

  test('is told in words, whatever it is, and nothing of it is called', async () => {
    const { buffer } = await things()
    const hostile = new Proxy({}, { get: () => expect.fail('it was asked') })
    const names: [unknown, RegExp][] = [
      [hostile, /Received an object/],
      [Object.create(null), /Received an object/],
      [Symbol('s'), /Received type symbol \(Symbol\(s\)\)/],
      [[1], /Received an array/],
      [1n, /Received type bigint \(1n\)/],
      ['x'.repeat(99), /Received 'x{40}\.\.\.'/],
    ]
    for (const [value, message] of names) {
      await expect(buffer.beginCpuAccess(value as never)).rejects.toThrow(message)
    }
  })
})

describe('exact access', () => {
  const ranges: [start: unknown, end: unknown, code: string][] = [
    [0, 4.5, RANGE],
    [0.5, 4, RANGE],
    [0, Number.NaN, RANGE],
    [0, Number.POSITIVE_INFINITY, RANGE],
    [0, 2 ** 31, RANGE],
    [5, 4, RANGE],
    [-1, 4, RANGE],
    ['0', 4, TYPE],
    [0, null, TYPE],
  ]
  test.each(ranges)('over %s to %s stores and allocates nothing', async (from, to, code) => {
    const { buffer } = await things()
    using map = buffer.map()
    const refused = expect.objectContaining({ code })
    expect(() => map.fill(7, from as number, to as number)).toThrow(refused)
    expect(() => map.read(from as number, to as number)).toThrow(refused)
    await using cpu = await buffer.beginCpuAccess('read-write')
    expect(() => cpu.fill(7, from as number, to as number)).toThrow(refused)
    expect(map.read()).toEqual(new Uint8Array(8192))
  })

  test('with a fraction of a plane as its end says which value is wrong', async () => {
    const { buffer } = await things()
    using map = buffer.map()
    const [width, height] = [33, 33]
    expect(() => map.fill(128, width * height, width * height * 1.5)).toThrow(
      'The value of "end" is out of range. It must be an integer >= 1089 && <= 8192. Received 1633.5',
    )
  })

  test('takes bytes and numbers alone', async () => {
    const { buffer } = await things()
    using map = buffer.map()
    const type = expect.objectContaining({ code: TYPE })
    expect(() => map.set([1, 2] as never)).toThrow(type)
    expect(() => map.copy(new Uint16Array(2) as never)).toThrow(type)
    expect(() => map.view.setUint8(0, '1' as never)).toThrow(type)
    expect(() => map.view.setBigInt64(0, 1 as never)).toThrow(type)
    expect(() => map.view.getUint8(none)).toThrow(type)
    expect(() => map.set(new Uint8Array(8193))).toThrow(/"length" is out of range.*<= 8192/)
    expect(map.read()).toEqual(new Uint8Array(8192))
  })
})

describe('a class with factories', () => {
  test('names its factory to code that constructs it', async () => {
    const { kernel } = await things()
    const made = (type: unknown) => () =>
      new (type as new (...args: unknown[]) => unknown)(kernel, 3)
    expect(made(DmaBuf)).toThrow(/^DmaBuf has no public constructor: use DmaBuf.adopt\(kernel/)
    for (const type of [DmaHeap, DrmDevice, VideoDevice, VgemDevice, Udmabuf]) {
      expect(made(type)).toThrow(
        new TypeError(`${type.name} has no public constructor: use ${type.name}.open(kernel, ...)`),
      )
    }
    expect(made(Memfd)).toThrow(/Memfd\.create\(/)
    expect(made(SyncFile)).toThrow(/SyncFile\.adopt\(/)
  })
})

describe('the size of a dumb buffer', () => {
  test('may be a mode, which has other names too', async () => {
    const { display } = await things()
    const mode = (await display.outputs())[0]?.modes[0]
    if (mode === undefined) throw new Error('there is no mode')
    await using dumb = await display.createDumb(mode)
    expect(dumb.stride).toBeGreaterThanOrEqual(4 * mode.width)
  })
})

describe('a sync file', () => {
  test('merged under a long name costs the name once', async () => {
    const { file } = await things()
    using merged = await file.merge(file, '\u{1f600}'.repeat(200_000))
    expect((await merged.info()).name).toBe('\u{1f600}'.repeat(7))
  })
})
