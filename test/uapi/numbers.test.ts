import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errno, errnoName } from '../../src/abi/errno.ts'
import { decodeIoctl, io, ioctlNumber } from '../../src/abi/ioctl-number.ts'
import { requestName, requestNumber } from '../../src/syscalls/requests/index.ts'
import { isSystemError, systemError } from '../../src/syscalls/system-error.ts'

describe('an ioctl number', () => {
  test('is its parts', () => {
    const parts = fc.record({
      direction: fc.constantFrom('none', 'read', 'write', 'read-write'),
      type: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      nr: fc.nat(255),
      size: fc.nat(0x3fff),
    })
    fc.assert(
      fc.property(parts, (value) => {
        const request = ioctlNumber(value as never)
        expect(request).toBeGreaterThanOrEqual(0)
        expect(decodeIoctl(request)).toEqual(value)
      }),
    )
  })

  test.each([
    [{ type: 'ab' }, /single letter/],
    [{ nr: 256 }, /0\.\.255/],
    [{ size: 0x4000 }, /14 bits/],
  ])('refuses %o', (wrong, message) => {
    const right = { direction: 'read', type: 'x', nr: 0, size: 0 } as const
    expect(() => ioctlNumber({ ...right, ...wrong })).toThrow(message)
  })

  test('has a name, or says its number', () => {
    expect(requestName(0xc0184800)).toBe('DMA_HEAP_IOCTL_ALLOC')
    expect(requestNumber('DMA_HEAP_IOCTL_ALLOC')).toBe(0xc0184800)
    expect(requestNumber('DRM_IOCTL_VGEM_FENCE_ATTACH')).toBe(0xc0106441)
    expect(requestNumber('DRM_IOCTL_VGEM_FENCE_SIGNAL')).toBe(0x40086442)
    expect(requestNumber('NO_SUCH')).toBeUndefined()
    expect(requestName(io('x', 1))).toBe('0x7801')
  })
})

describe('an error', () => {
  test('has one name for each number', () => {
    const numbers = Object.values(errno)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect([errnoName(-22), errnoName(22), errnoName(41)]).toEqual(['EINVAL', 'EINVAL', undefined])
  })

  test("is shaped as Node's", () => {
    const cause = new Error('why')
    const error = systemError({
      errno: -2,
      syscall: 'open',
      path: '/dev/x',
      detail: 'there is none: make one',
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect({ ...error }).toMatchObject({
      code: 'ENOENT',
      errno: -2,
      syscall: 'open',
      path: '/dev/x',
    })
    expect(error.cause).toBe(cause)
    expect(error.message).toBe(
      "ENOENT: no such file or directory, open '/dev/x': there is none: make one",
    )
    expect('fd' in error).toBe(false)
  })

  test('is known by its brand, not its class', () => {
    expect(isSystemError(systemError({ errno: -9, syscall: 'close', fd: 3 }))).toBe(true)
    expect(isSystemError(Object.assign(new Error('x'), { code: 'EBADF' }))).toBe(false)
    expect(isSystemError(undefined)).toBe(false)
  })

  test('of no number asserts', () => {
    expect(() => systemError({ errno: 22, syscall: 'x' })).toThrow(/22 is not a negative errno/)
  })
})
