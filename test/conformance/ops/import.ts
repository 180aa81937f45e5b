/** PRIME: dma-bufs as handles of a card, and handles as dma-bufs. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { fdOf } from '../arbitraries.ts'
import type { Operation } from '../operation.ts'
import type { FdRef, World } from '../world.ts'

/** A GEM handle: the `nth` of those that the card has given out, or a number where there is none. */
export interface HandleRef {
  readonly fd: FdRef
  readonly handle: number
}

export const handleRef = {
  fd: fdOf('card'),
  handle: fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(100, 0xffffffff) },
  ),
}

export function handleNumber({ fd, handle }: HandleRef, world: World): number {
  const handles = world.file(fd)?.handles ?? []
  return handles[handle % Math.max(1, handles.length)] ?? handle
}

export function addHandle(fd: FdRef, handle: number, world: World): void {
  const handles = world.file(fd)?.handles
  if (handles !== undefined && !handles.includes(handle)) handles.push(handle)
}

export function dropHandle(words: HandleRef, world: World): void {
  const handles = world.file(words.fd)?.handles
  const at = handles?.indexOf(handleNumber(words, world)) ?? -1
  if (at >= 0) handles?.splice(at, 1)
}

const primeImport: Operation<{ fd: FdRef; buffer: FdRef; flags: number }> = {
  name: 'import',
  group: 'import',
  weight: 6,
  arguments: fc.record({
    fd: fdOf('card'),
    buffer: fdOf('dma-buf'),
    flags: fc.constantFrom(0, 0, 0, uapi.DRM_CLOEXEC, 0xffffffff),
  }),
  async run(side, { fd, buffer, flags }, world) {
    const bytes = uapi.drmPrimeHandle.create({ flags, fd: side.fd(world.slot(buffer)) })
    const card = side.fd(world.slot(fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, { bytes })
    return result < 0 ? [result] : [result, uapi.drmPrimeHandle.decode(bytes).handle]
  },
  settle({ fd }, [result, handle], world) {
    if (result === 0) addHandle(fd, handle as number, world)
  },
}

const primeExport: Operation<HandleRef & { flags: number }> = {
  name: 'export',
  group: 'import',
  weight: 4,
  arguments: fc.record({
    ...handleRef,
    flags: fc.constantFrom(0, uapi.DRM_RDWR, uapi.DRM_RDWR, uapi.DRM_RDWR | uapi.DRM_CLOEXEC, 1, 4),
  }),
  async run(side, words, world) {
    const handle = handleNumber(words, world)
    const bytes = uapi.drmPrimeHandle.create({ handle, flags: words.flags })
    const card = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, { bytes })
    return result < 0 ? [result] : [result, side.slot(uapi.drmPrimeHandle.decode(bytes).fd)]
  },
  settle(_words, [result, slot], world) {
    if (result === 0) world.add(slot as number, 'dma-buf')
  },
}

const gemClose: Operation<HandleRef & { pad: number }> = {
  name: 'gemClose',
  group: 'import',
  weight: 3,
  arguments: fc.record({ ...handleRef, pad: fc.constantFrom(0, 0, 0, 1) }),
  async run(side, words, world) {
    const bytes = uapi.drmGemClose.create({ handle: handleNumber(words, world), pad: words.pad })
    const card = side.fd(world.slot(words.fd))
    return [await side.sys.ioctl(card, uapi.DRM_IOCTL_GEM_CLOSE, { bytes })]
  },
  settle(words, [result], world) {
    if (result === 0) dropHandle(words, world)
  },
}

const capability: Operation<{ fd: FdRef; capability: number }> = {
  name: 'capability',
  group: 'import',
  weight: 1,
  arguments: fc.record({
    fd: fdOf('card'),
    capability: fc.constantFrom(uapi.DRM_CAP_PRIME, uapi.DRM_CAP_DUMB_BUFFER, 6, 0, 0x999),
  }),
  async run(side, words, world) {
    const bytes = uapi.drmGetCap.create({ capability: words.capability })
    const card = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_GET_CAP, { bytes })
    return [result, uapi.drmGetCap.decode(bytes).value]
  },
}

const version: Operation<{ fd: FdRef; room: number }> = {
  name: 'version',
  group: 'import',
  weight: 1,
  arguments: fc.record({ fd: fdOf('card'), room: fc.constantFrom(0, 2, 4, 16) }),
  async run(side, words, world) {
    const name = new Uint8Array(words.room)
    const bytes = uapi.drmVersion.create({ name_len: words.room })
    const at = uapi.drmVersion.offsets.name
    const pointers = words.room === 0 ? new Map() : new Map([[at, { bytes: name }]])
    const card = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_VERSION, { bytes, pointers })
    const { name_len } = uapi.drmVersion.decode(bytes)
    return [result, name_len, new TextDecoder().decode(name)]
  },
}

export const prime = [primeImport, primeExport, gemClose, capability, version]
