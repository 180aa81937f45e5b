import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import koffi from 'koffi'

// The guest's devices, by bare system calls: if these fail, the lab is at fault and not the package.

const libc = koffi.load('libc.so.6')
const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)')
const mmap = libc.func(
  'void *mmap(void *at, size_t length, int prot, int flags, int fd, long offset)',
)
const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)')
const ftruncate = libc.func('int ftruncate(int fd, long length)')
const fcntl = libc.func('int fcntl(int fd, int command, int argument)')

const DMA_HEAP_IOCTL_ALLOC = 0xc0184800
const UDMABUF_CREATE = 0x40187542
const DMA_BUF_IOCTL_SYNC = 0x40086200
const [READ, WRITE, END] = [1n, 2n, 4n]
const DRM_IOCTL_VERSION = 0xc0406400
const DRM_IOCTL_PRIME_FD_TO_HANDLE = 0xc00c642e
const [O_RDWR, O_CLOEXEC] = [0o2, 0o2000000]
const [MFD_ALLOW_SEALING, F_ADD_SEALS, F_SEAL_SHRINK] = [2, 1033, 2]
const [PROT_READ, PROT_WRITE, MAP_SHARED] = [1, 2, 1]

const size = 84 * 4096

function bytesOf(fd: number): Uint8Array {
  return new Uint8Array(
    koffi.view(mmap(null, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), size),
  )
}

function bracket(fd: number, access: bigint, inside: () => void): void {
  assert.equal(ioctl(fd, DMA_BUF_IOCTL_SYNC, new BigUint64Array([access])), 0)
  inside()
  assert.equal(ioctl(fd, DMA_BUF_IOCTL_SYNC, new BigUint64Array([access | END])), 0)
}

function heapBuffer(): number {
  const heap = openSync('/dev/dma_heap/system', 'r')
  const argument = new DataView(new ArrayBuffer(24))
  argument.setBigUint64(0, BigInt(size), true)
  argument.setUint32(12, O_RDWR | O_CLOEXEC, true)
  assert.equal(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, argument), 0)
  closeSync(heap)
  return argument.getUint32(8, true)
}

function udmabuf(): number {
  const memfd = memfdCreate('smoke', MFD_ALLOW_SEALING)
  assert.equal(ftruncate(memfd, size), 0)
  assert.equal(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0)
  const argument = new DataView(new ArrayBuffer(24))
  argument.setUint32(0, memfd, true)
  argument.setBigUint64(16, BigInt(size), true)
  const device = openSync('/dev/udmabuf', 'r+')
  const fd: number = ioctl(device, UDMABUF_CREATE, argument)
  assert.ok(fd > 0)
  closeSync(device)
  closeSync(memfd)
  return fd
}

/** Card numbers differ from boot to boot. */
function openCard(driver: string): number {
  for (const node of readdirSync('/dev/dri').filter((name) => name.startsWith('card'))) {
    const card = openSync(`/dev/dri/${node}`, 'r+')
    if (driverOf(card) === driver) return card
    closeSync(card)
  }
  throw new Error(`No card of ${driver}.`)
}

function driverOf(card: number): string {
  const room = koffi.alloc('uint8_t', 32)
  // struct drm_version: the name's length at 16, its address at 24.
  const argument = new DataView(new ArrayBuffer(64))
  argument.setBigUint64(16, 32n, true)
  argument.setBigUint64(24, koffi.address(room), true)
  assert.equal(ioctl(card, DRM_IOCTL_VERSION, argument), 0)
  const length = Number(argument.getBigUint64(16, true))
  return new TextDecoder().decode(koffi.view(room, length))
}

function importInto(card: number, fd: number): void {
  assert.equal(ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, new Uint32Array([0, 0, fd])), 0)
}

describe('the guest', () => {
  it('is booted as asked', () => {
    console.log(readFileSync('/proc/version', 'utf8').trim())
    const forced = readFileSync('/proc/cmdline', 'utf8').includes('swiotlb=force')
    assert.equal(forced, process.env.LAB_BOOT === 'swiotlb')
  })

  for (const driver of ['vgem', 'cirrus']) {
    it(`has a card of ${driver}`, () => closeSync(openCard(driver)))
  }

  it('has the virtual camera of vivid', () => {
    const names = readdirSync('/sys/class/video4linux').map((node) =>
      readFileSync(`/sys/class/video4linux/${node}/name`, 'utf8').trim(),
    )
    assert.ok(
      names.some((name) => name.startsWith('vivid-')),
      names.join(),
    )
  })

  for (const [name, buffer] of Object.entries({ heapBuffer, udmabuf })) {
    it(`keeps what is stored inside brackets: ${name}`, () => {
      const fd = buffer()
      const bytes = bytesOf(fd)
      bracket(fd, READ | WRITE, () => bytes.fill(0xaa))
      bracket(fd, READ, () => assert.ok(bytes.every((byte) => byte === 0xaa)))
    })
  }

  it('loses what is stored outside brackets in an imported buffer, exactly when it bounces', () => {
    const fd = heapBuffer()
    const card = openCard('vgem')
    importInto(card, fd)
    const bytes = bytesOf(fd)
    bracket(fd, READ | WRITE, () => bytes.fill(0xaa))
    bytes.fill(0xbb)
    const left = process.env.LAB_BOOT === 'swiotlb' ? 0xaa : 0xbb
    bracket(fd, READ, () => assert.ok(bytes.every((byte) => byte === left)))
    // The first one to open the card is its master, which other tests need to be.
    closeSync(card)
  })
})
