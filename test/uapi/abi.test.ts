import type { Kernel } from 'dmabuf'
import * as abi from 'dmabuf/abi'
import { runAll } from 'dmabuf/test'
import { describe, expect, it } from 'vitest'
import port from '../../examples/ioctl.ts'
import { requests } from '../../src/syscalls/requests/index.ts'

const exported: Readonly<Record<string, unknown>> = abi

describe('dmabuf/abi', () => {
  it.each([...requests.values()].map((request) => ({ request, name: request.name })))(
    '$name has its number and its structure',
    ({ request }) => {
      expect(exported[request.name]).toBe(request.request)
      if (request.struct !== undefined) expect(Object.values(exported)).toContain(request.struct)
    },
  )

  it('has formats by both headers, which share numbers', () => {
    expect(abi.DRM_FORMAT_XRGB8888).toBe(0x34325258)
    expect(abi.V4L2_PIX_FMT_XBGR32).toBe(abi.DRM_FORMAT_XRGB8888)
    expect(abi.V4L2_PIX_FMT_YUV420).toBe(abi.DRM_FORMAT_YUV420)
  })

  it('defines a structure and a request of your own as a header does', () => {
    // struct blit { __u32 from; __u32 to; __u64 size; };  #define BLIT _IOW('x', 1, struct blit)
    const blit = abi.struct<{ from: number; to: number; size: number }>('blit', 16, {
      from: abi.u32,
      to: abi.u32,
      size: abi.u64,
    })
    expect(abi.iow('x', 1, blit.size)).toBe(0x40107801)
    expect(blit.decode(blit.create({ from: 3, to: 4, size: 8192 }))).toEqual({
      ...{ from: 3, to: 4, size: 8192 },
    })
  })
})

describe('a C program that is ported call by call', () => {
  it('is clean with its SYNC calls', { timeout: 30_000 }, async () => {
    expect(await runAll(port, { boards: ['all'] })).toBeClean()
  })

  it('has a finding at the line of the call where one is missing', {
    timeout: 30_000,
  }, async () => {
    const result = await runAll(withoutSync)
    expect(result).toFind('write-outside-bracket', { file: 'abi.test.ts', line: STORE_LINE })
    expect(result).toFind('map-leak', { file: 'abi.test.ts' })
  })
})

async function withoutSync({ sys }: Kernel): Promise<void> {
  const heap = sys.open('/dev/dma_heap/system', abi.O_RDONLY | abi.O_CLOEXEC)
  const data = abi.dmaHeapAllocationData.create({ len: 4096, fd_flags: abi.O_RDWR })
  await sys.ioctl(heap, abi.DMA_HEAP_IOCTL_ALLOC, abi.plainArg(data))
  const { fd } = abi.dmaHeapAllocationData.decode(data)
  const card = sys.open('/dev/dri/card0', abi.O_RDWR | abi.O_CLOEXEC)
  const prime = abi.plainArg(abi.drmPrimeHandle.create({ fd }))
  await sys.ioctl(card, abi.DRM_IOCTL_PRIME_FD_TO_HANDLE, prime)
  const protection = abi.PROT_READ | abi.PROT_WRITE
  const address = sys.mmap(4096, protection, abi.MAP_SHARED, fd, 0)
  sys.store(address, new Uint8Array(4096).fill(0x55))
  for (const open of [fd, heap, card]) sys.close(open)
}
/** The line of `sys.store` in `withoutSync`. */
const STORE_LINE = 63
