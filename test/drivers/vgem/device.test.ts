import { describe, expect, it } from 'vitest'
import * as drm from '../../../src/abi/drm.ts'
import * as fb from '../../../src/abi/drm-framebuffer.ts'
import * as mode from '../../../src/abi/drm-mode.ts'
import { ior, iowr } from '../../../src/abi/ioctl-number.ts'
import { DRM_IOCTL_VGEM_FENCE_SIGNAL, drmVgemFenceSignal } from '../../../src/abi/vgem.ts'
import { pcBounce } from '../../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../../src/boards/rpi4.ts'
import * as uapi from '../../uapi.ts'
import { codeOf, SIZE, VgemRig } from './rig.ts'

async function version(rig: VgemRig, fd: number, room = 32): Promise<[string, string[]]> {
  const { offsets } = drm.drmVersion
  const texts = [new Uint8Array(room), new Uint8Array(room), new Uint8Array(room)] as const
  const pointers = new Map([
    [offsets.name, { bytes: texts[0] }],
    [offsets.date, { bytes: texts[1] }],
    [offsets.desc, { bytes: texts[2] }],
  ])
  const lengths = { name_len: room, date_len: room, desc_len: room }
  const { code, args } = await rig.ioctl(
    fd,
    drm.DRM_IOCTL_VERSION,
    drm.drmVersion,
    lengths,
    pointers,
  )
  const { version_major: major, version_minor: minor } = args
  const read = texts.map((text, i) => {
    const length = [args.name_len, args.date_len, args.desc_len][i]
    return new TextDecoder().decode(text.subarray(0, length))
  })
  return [code, [`${major}.${minor}`, ...read]]
}

describe('vgem', () => {
  it('is found by the name of its driver', async () => {
    const rig = new VgemRig()
    const [code, texts] = await version(rig, rig.card)
    expect([code, texts]).toEqual(['ok', ['1.0', 'vgem', '20120112', 'Virtual GEM provider']])
    expect((await version(rig, rig.open('/dev/dri/card0')))[1][1]).toBe('simdrm')
  })

  it('tells how long its texts are where there is no room, and no memory', async () => {
    const rig = new VgemRig()
    expect((await version(rig, rig.card, 2))[1]).toEqual(['1.0', 'vg', '20', 'Vi'])
    const lengths = { name_len: 9, desc_len: 9 }
    const request = drm.DRM_IOCTL_VERSION
    const { code, args } = await rig.ioctl(rig.card, request, drm.drmVersion, lengths)
    expect([code, args.name_len, args.date_len, args.desc_len]).toEqual(['ok', 4, 8, 20])
    const wild = await rig.ioctl(rig.card, request, drm.drmVersion, { ...lengths, name: 4096 })
    expect(wild.code).toBe('EFAULT')
  })

  it.each([
    [drm.DRM_CAP_PRIME, 'ok', 3],
    [drm.DRM_CAP_TIMESTAMP_MONOTONIC, 'ok', 1],
    [0x13, 'ok', 0],
    [drm.DRM_CAP_DUMB_BUFFER, 'EOPNOTSUPP', 0],
    [99, 'EOPNOTSUPP', 0],
  ])('has a capability %d: %s, %d', async (capability, code, value) => {
    const rig = new VgemRig()
    const values = { capability, value: 7 }
    const answer = await rig.ioctl(rig.card, drm.DRM_IOCTL_GET_CAP, drm.drmGetCap, values)
    expect([answer.code, answer.args.value]).toEqual([code, value])
  })

  it.each([
    ['ENOTTY', 'a request of another device', iowr('V', 0, 64)],
    ['EINVAL', 'a number that it does not have', iowr('d', 0x43, 16)],
    ['EINVAL', 'a signal whose structure does not go in', ior('d', 0x42, 8), 'ENOENT'],
    ['EOPNOTSUPP', 'GETRESOURCES', mode.DRM_IOCTL_MODE_GETRESOURCES],
    ['EOPNOTSUPP', 'GETCRTC', mode.DRM_IOCTL_MODE_GETCRTC],
    ['EOPNOTSUPP', 'SETCRTC', mode.DRM_IOCTL_MODE_SETCRTC],
    ['EOPNOTSUPP', 'GETENCODER', mode.DRM_IOCTL_MODE_GETENCODER],
    ['EOPNOTSUPP', 'GETCONNECTOR', mode.DRM_IOCTL_MODE_GETCONNECTOR],
    ['EOPNOTSUPP', 'ADDFB2', fb.DRM_IOCTL_MODE_ADDFB2],
    ['EOPNOTSUPP', 'RMFB', fb.DRM_IOCTL_MODE_RMFB],
    ['EOPNOTSUPP', 'PAGE_FLIP', fb.DRM_IOCTL_MODE_PAGE_FLIP],
    ['EOPNOTSUPP', 'an atomic request', iowr('d', 0xbc, 56)],
    ['EOPNOTSUPP', 'a plane', iowr('d', 0xb6, 32)],
    ['EOPNOTSUPP', 'a lease', iowr('d', 0xc6, 24)],
    ['EOPNOTSUPP', 'SYNCOBJ_CREATE', iowr('d', 0xbf, 8)],
    ['EOPNOTSUPP', 'SYNCOBJ_TIMELINE_SIGNAL', iowr('d', 0xcd, 24)],
    ['EOPNOTSUPP', 'SYNCOBJ_EVENTFD', iowr('d', 0xcf, 24)],
  ])('is %s for %s', async (code, _what, request, instead = code) => {
    const rig = new VgemRig()
    const bytes = new Uint8Array(256)
    expect(codeOf(await rig.sys.ioctl(rig.card, request, { bytes }))).toBe(instead)
  })

  it('is EACCES for what only the master of the card may ask', async () => {
    const rig = new VgemRig()
    const second = rig.open()
    const bytes = new Uint8Array(256)
    const codes = [mode.DRM_IOCTL_MODE_SETCRTC, fb.DRM_IOCTL_MODE_PAGE_FLIP].map(async (request) =>
      codeOf(await rig.sys.ioctl(second, request, { bytes })),
    )
    expect(await Promise.all(codes)).toEqual(['EACCES', 'EACCES'])
    const known = { fence: 1 }
    const request = DRM_IOCTL_VGEM_FENCE_SIGNAL
    expect((await rig.ioctl(second, request, drmVgemFenceSignal, known)).code).toBe('ENOENT')
  })

  it('has nothing to read, and is never ready', async () => {
    const rig = new VgemRig()
    expect(codeOf(rig.sys.read(rig.card, new Uint8Array(64)))).toBe('EAGAIN')
    expect(await rig.poll(rig.card, uapi.POLLIN | uapi.POLLOUT, 1000)).toBe(0)
  })
})

describe('memory of vgem', () => {
  const GIB = 2 ** 30
  const RUN = 2 * 2 ** 20

  it('is taken at the first access through a mapping, not when the buffer is made', async () => {
    const rig = new VgemRig()
    const { kernel, sys } = rig
    const { handle, size } = (await rig.dumb(32_768, 32_767)).args
    expect([size, kernel.memoryInUse]).toEqual([4 * GIB - 131_072, 0])
    const { offset } = (await rig.mapDumb(handle)).args
    const both = uapi.PROT_READ | uapi.PROT_WRITE
    const address = sys.mmap(size, both, uapi.MAP_SHARED, rig.card, offset)
    expect([address > 0, kernel.memoryInUse]).toEqual([true, 0])
    const byte = new Uint8Array(1).fill(9)
    expect([sys.load(address + 3 * GIB, byte), byte[0]]).toEqual([0, 0])
    expect(kernel.memoryInUse).toBe(RUN)
    sys.munmap(address, size)
    await rig.closeHandle(handle)
    expect(kernel.memoryInUse).toBe(0)
  })

  it('is EFAULT in a mapping where alloc_pages fails, and there the next time', async () => {
    const rig = new VgemRig()
    const { handle, size } = (await rig.dumb()).args
    const { offset } = (await rig.mapDumb(handle)).args
    const address = rig.sys.mmap(size, uapi.PROT_READ, uapi.MAP_SHARED, rig.card, offset)
    rig.kernel.fail('alloc_pages', 1, 'ENOMEM')
    const byte = new Uint8Array(1)
    expect(rig.sys.load(address, byte)).toBe(-uapi.errno.EFAULT)
    expect(rig.sys.load(address, byte)).toBe(0)
  })
})

describe('a dumb buffer of vgem', () => {
  it('is zero, and is mapped write-combining', async () => {
    const rig = new VgemRig()
    const { handle, pitch, size } = (await rig.dumb(33, 32)).args
    expect([pitch, size]).toEqual([132, 8192])
    const { offset } = (await rig.mapDumb(handle)).args
    const address = rig.sys.mmap(
      size,
      uapi.PROT_READ | uapi.PROT_WRITE,
      uapi.MAP_SHARED,
      rig.card,
      offset,
    )
    expect(rig.of('cpu-map')).toMatchObject([{ attribute: 'write-combine', writable: true }])
    const seen = new Uint8Array(size).fill(1)
    rig.sys.load(address, seen)
    expect(seen.every((byte) => byte === 0)).toBe(true)
    rig.sys.store(address, Uint8Array.of(5, 6))
    rig.sys.load(address, seen)
    expect([...seen.subarray(0, 3)]).toEqual([5, 6, 0])
  })

  it('cannot be mapped privately, neither through the device nor as a dma-buf', async () => {
    const rig = new VgemRig()
    const { handle, size } = (await rig.dumb()).args
    const { offset } = (await rig.mapDumb(handle)).args
    const { fd } = (await rig.export(handle)).args
    for (const [file, at] of [
      [rig.card, offset],
      [fd, 0],
    ] as const) {
      const shared = rig.sys.mmap(size, uapi.PROT_READ, uapi.MAP_SHARED, file, at)
      expect(codeOf(shared)).toBe('ok')
      const own = rig.sys.mmap(size, uapi.PROT_READ, uapi.MAP_PRIVATE, file, at)
      expect(codeOf(own)).toBe('EINVAL')
    }
  })

  it('is shown by the display, through one attachment and one mapping', async () => {
    const rig = new VgemRig()
    const { handle } = (await rig.dumb()).args
    const { fd } = (await rig.export(handle)).args
    const display = rig.open('/dev/dri/card0')
    const answer = await rig.import(fd, display)
    expect([answer.code, answer.args.handle]).toEqual(['ok', 1])
    expect(rig.of('attach', 'dma-map')).toMatchObject([
      { kind: 'attach', device: 'display' },
      { kind: 'dma-map', device: 'display', direction: 'bidirectional', skipCpuSync: true },
    ])
    const files = rig.of('handle-open').map(({ file }) => file)
    expect(new Set(files).size).toBe(files.length)
    for (const open of [display, fd, rig.card]) rig.sys.close(open)
    expect(rig.kernel.buffers).toEqual([])
  })

  it('can be bounced in pieces, however large it is', async () => {
    const rig = new VgemRig({ board: pcBounce })
    const { handle } = (await rig.dumb(1024, 512)).args
    const { fd } = (await rig.export(handle)).args
    expect((await rig.import(fd, rig.open('/dev/dri/card0'))).code).toBe('ok')
    expect((await rig.import(await rig.buffer(2 ** 21))).code).toBe('EIO')
  })
})

describe('vgem as importer', () => {
  it('maps in both directions for the life of the object', async () => {
    const rig = new VgemRig()
    const fd = await rig.buffer()
    const { handle } = (await rig.import(fd)).args
    expect((await rig.import(fd)).args.handle).toBe(handle)
    const kinds = ['attach', 'dma-map', 'dma-unmap', 'detach'] as const
    expect(rig.of(...kinds)).toMatchObject([
      { kind: 'attach', device: 'vgem' },
      { kind: 'dma-map', device: 'vgem', direction: 'bidirectional', skipCpuSync: false },
    ])
    await rig.closeHandle(handle)
    expect(rig.of(...kinds).map(({ kind }) => kind)).toEqual([...kinds])
    expect((await rig.closeHandle(handle)).code).toBe('EINVAL')
  })

  it('has its own buffers back as the same objects', async () => {
    const rig = new VgemRig()
    const { handle } = (await rig.dumb()).args
    const { fd } = (await rig.export(handle)).args
    expect((await rig.import(fd)).args.handle).toBe(handle)
    expect((await rig.import(fd, rig.open())).args.handle).toBe(1)
    expect(rig.of('attach')).toEqual([])
  })

  it('maps no imported buffer through the device', async () => {
    const rig = new VgemRig()
    const { handle } = (await rig.import(await rig.buffer())).args
    expect((await rig.mapDumb(handle)).code).toBe('EINVAL')
    expect((await rig.mapDumb(99)).code).toBe('ENOENT')
  })

  it('says EMFILE before it looks at the handle, and flags before that', async () => {
    const rig = new VgemRig({ fdLimit: 4 })
    expect((await rig.export(99)).code).toBe('EMFILE')
    expect((await rig.export(99, 4)).code).toBe('EINVAL')
    expect((await new VgemRig().export(99)).code).toBe('ENOENT')
  })

  it.each([
    ['idr_alloc', 'ENOMEM'],
    ['attach', 'EBUSY'],
    ['map_dma_buf', 'ENOMEM'],
  ] as const)('leaves nothing when %s fails', async (place, code) => {
    const rig = new VgemRig()
    const fd = await rig.buffer()
    rig.kernel.fail(place, 1, code)
    expect((await rig.import(fd)).code).toBe(code)
    expect(rig.of('attach').length).toBe(rig.of('detach').length)
    expect((await rig.import(fd)).args.handle).toBe(1)
    rig.sys.close(fd)
    rig.sys.close(rig.card)
    expect(rig.kernel.buffers).toEqual([])
  })

  it.each(['dma_buf_export', 'idr_alloc'])('makes no dumb buffer when %s fails', async (place) => {
    const rig = new VgemRig()
    rig.kernel.fail(place, 1, 'ENOMEM')
    expect((await rig.dumb()).code).toBe('ENOMEM')
    expect(rig.kernel.buffers).toEqual([])
    const { handle, size } = (await rig.dumb()).args
    expect([handle, size]).toEqual([1, SIZE / 2])
  })

  it('is on no bus that narrows its reach: rpi4 maps a long buffer of high memory for it as it is', async () => {
    const rig = new VgemRig({ board: rpi4 })
    expect((await rig.import(await rig.buffer(2 ** 20))).code).toBe('ok')
    const [map] = rig.of('dma-map')
    expect(map).toMatchObject({ device: 'vgem', bounced: undefined })
    const listed = { ...rpi4, devices: { ...rpi4.devices, vgem: rpi4.otherDevices } }
    const narrow = new VgemRig({ board: listed })
    expect((await narrow.import(await narrow.buffer(2 ** 20))).code).toBe('EIO')
  })
})
