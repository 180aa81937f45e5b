import { describe, expect, test } from 'vitest'
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B } from '../../src/abi/dma-buf.ts'
import {
  DRM_IOCTL_MODE_GETRESOURCES,
  DRM_IOCTL_MODE_SETCRTC,
  drmModeCardRes,
  drmModeCrtc,
} from '../../src/abi/drm-mode.ts'
import { iow } from '../../src/abi/ioctl-number.ts'
import { UDMABUF_CREATE_LIST, udmabufList } from '../../src/abi/udmabuf.ts'
import { guarded } from '../../src/syscalls/guard.ts'
import { plainArg } from '../../src/syscalls/ioctl-arg.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'

const calls: string[] = []
/** Answers every call with 7 and writes its name down. */
const sys = guarded(
  new Proxy({} as Syscalls, {
    get: (_, name) =>
      name === 'ioctl' || name === 'poll'
        ? () => Promise.resolve(calls.push(String(name)) && 7)
        : () => calls.push(String(name)) && 7,
  }),
)
const memory = new Uint8Array(8)

describe('the guard', () => {
  test('lets through what C could pass, however wrong', async () => {
    calls.length = 0
    const results = [
      sys.open('', -1),
      sys.close(-1),
      sys.dup(99),
      sys.lseek(1, -5, 77),
      sys.fcntl(1, 2, 3),
      sys.read(-1, memory),
      await sys.ioctl(-1, DMA_BUF_IOCTL_SYNC, plainArg(memory)),
      await sys.poll([{ fd: -1, events: 0, revents: 0 }], -1),
      sys.mmap(0, 7, 0, -1, 3),
      sys.munmap(1, 0),
      sys.mremap(1, 0, 3, -1),
      sys.memfdCreate('', -1),
      sys.ftruncate(-1, -1),
      sys.view(0, 0, 'mapping'),
      sys.load(0, memory),
      sys.store(0, memory),
    ]
    expect(results).toEqual(results.map(() => 7))
    expect(calls.length).toBe(results.length)
  })

  test.each([
    ['open', () => sys.open('a\0b', 0), /NUL inside/],
    ['open', () => sys.open('a', 0.5), /flags is 0.5/],
    ['close', () => sys.close(1.5), /close: fd is 1.5/],
    ['close', () => sys.close(undefined as never), /fd is undefined/],
    ['lseek', () => sys.lseek(1, Number.NaN, 0), /offset is NaN/],
    ['read', () => sys.read(1, 'x' as never), /target must be a Uint8Array/],
    ['mmap', () => sys.mmap(-1, 0, 0, 0, 0), /length is -1/],
    ['memfd_create', () => sys.memfdCreate('a\0b', 0), /NUL inside/],
    ['ftruncate', () => sys.ftruncate(1, 0.5), /length is 0.5/],
    ['mremap', () => sys.mremap(0, -1, 0, 0), /old length is -1/],
    ['view', () => sys.view(0, 0, 'frame' as never), /scope 'frame'/],
    ['store', () => sys.store(-4, memory), /address is -4/],
  ])('throws for %s', (_, body, message) => {
    expect(body).toThrow(expect.objectContaining({ code: 'ERR_ASSERTION' }))
    expect(body).toThrow(message)
  })

  const ioctl = (request: number, bytes: Uint8Array): Promise<number> =>
    sys.ioctl(3, request, plainArg(bytes))
  test('rejects for an ioctl argument shorter than its number says', async () => {
    await expect(ioctl(DMA_BUF_IOCTL_SYNC, new Uint8Array(7))).rejects.toThrow(
      'ioctl DMA_BUF_IOCTL_SYNC: the argument has 7 bytes, the number says 8',
    )
    await expect(ioctl(iow('z', 9, 24), new Uint8Array(23))).rejects.toThrow(/0x40187a09.*23 bytes/)
    expect(await ioctl(iow('z', 9, 24), new Uint8Array(24))).toBe(7)
  })

  test('rejects for a name that does not end', async () => {
    const long = new Uint8Array(32).fill(65)
    expect(await ioctl(DMA_BUF_SET_NAME_B, long)).toBe(7)
    await expect(ioctl(DMA_BUF_SET_NAME_B, long.subarray(1))).rejects.toThrow(/no NUL/)
  })

  test.each([
    [DRM_IOCTL_MODE_GETRESOURCES, drmModeCardRes.create({ count_crtcs: 2 }), 8],
    [DRM_IOCTL_MODE_SETCRTC, drmModeCrtc.create({ count_connectors: 2 }), 0],
  ])('rejects for an array shorter than its count', async (request, bytes, offset) => {
    const pass = (length: number): Promise<number> => {
      const pointers = new Map([[offset, plainArg(new Uint8Array(length))]])
      return sys.ioctl(3, request, { bytes, pointers })
    }
    expect(await pass(8)).toBe(7)
    await expect(pass(7)).rejects.toThrow(/leads to 7 bytes, the counts beside it say 8/)
  })

  test('rejects for a list shorter than its count', async () => {
    const list = udmabufList(0, [{}, {}])
    expect(await ioctl(UDMABUF_CREATE_LIST, list)).toBe(7)
    await expect(ioctl(UDMABUF_CREATE_LIST, list.subarray(0, 55))).rejects.toThrow(
      /has 55 bytes, its count says 56/,
    )
  })

  test('rejects for a poll that is none', async () => {
    await expect(sys.poll([], -2)).rejects.toThrow(/timeout is -2/)
    await expect(sys.poll([{ fd: 0.5, events: 0, revents: 0 }], 0)).rejects.toThrow(/fd is 0.5/)
  })
})
