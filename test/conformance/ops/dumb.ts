/** Dumb buffers: memory of a card's own. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { fdOf } from '../arbitraries.ts'
import type { Operation } from '../operation.ts'
import type { FdRef } from '../world.ts'
import { addHandle, dropHandle, type HandleRef, handleNumber, handleRef } from './import.ts'

interface DumbWords {
  readonly fd: FdRef
  readonly width: number
  readonly height: number
  readonly bpp: number
  readonly flags: number
}

const createDumb: Operation<DumbWords> = {
  name: 'createDumb',
  group: 'dumb',
  weight: 4,
  arguments: fc.record({
    fd: fdOf('card'),
    width: fc.constantFrom(1, 16, 64, 100, 0, 0xffffffff),
    height: fc.constantFrom(1, 16, 33, 0, 0xffffffff),
    bpp: fc.constantFrom(32, 32, 16, 8, 1, 24, 0, 0xffffffff),
    flags: fc.constantFrom(0, 0, 0, 1),
  }),
  async run(side, { fd, ...words }, world) {
    const bytes = uapi.drmModeCreateDumb.create(words)
    const card = side.fd(world.slot(fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_MODE_CREATE_DUMB, { bytes })
    const { handle, pitch, size } = uapi.drmModeCreateDumb.decode(bytes)
    return result < 0 ? [result] : [result, handle, pitch, size]
  },
  settle({ fd }, [result, handle], world) {
    if (result === 0) addHandle(fd, handle as number, world)
  },
}

/** Requests of features that a card without modes and sync objects lacks, and two that no card has. */
const feature: Operation<{ fd: FdRef; nr: number }> = {
  name: 'feature',
  group: 'dumb',
  weight: 1,
  arguments: fc.record({
    fd: fdOf('card'),
    nr: fc.constantFrom(
      ...[0x3a, 0x3b, 0xa0, 0xa2, 0xa4, 0xab, 0xae, 0xb0, 0xb5, 0xb7, 0xb9, 0xbc, 0xbd],
      ...[0xbf, 0xc0, 0xc1, 0xc3, 0xc6, 0xca, 0xcd, 0xce, 0xcf, 0xd0, 0x43, 0xff],
    ),
  }),
  async run(side, { fd, nr }, world) {
    const card = side.fd(world.slot(fd))
    const bytes = new Uint8Array(64)
    return [await side.sys.ioctl(card, uapi.iowr('d', nr, bytes.length), { bytes })]
  },
}

const destroyDumb: Operation<HandleRef> = {
  name: 'destroyDumb',
  group: 'dumb',
  weight: 1,
  arguments: fc.record(handleRef),
  async run(side, words, world) {
    const bytes = uapi.drmModeDestroyDumb.create({ handle: handleNumber(words, world) })
    const card = side.fd(world.slot(words.fd))
    return [await side.sys.ioctl(card, uapi.DRM_IOCTL_MODE_DESTROY_DUMB, { bytes })]
  },
  settle(words, [result], world) {
    if (result === 0) dropHandle(words, world)
  },
}

/** Asks where, and maps from there. */
const mapDumb: Operation<HandleRef & { length: number; flags: number }> = {
  name: 'mapDumb',
  group: 'dumb',
  weight: 4,
  arguments: fc.record({
    ...handleRef,
    length: fc.constantFrom(4096, 4096, 4096, 8192, 1, 0, 64 * 4096),
    flags: fc.constantFrom(uapi.MAP_SHARED, uapi.MAP_SHARED, uapi.MAP_SHARED, uapi.MAP_PRIVATE),
  }),
  async run(side, words, world) {
    const bytes = uapi.drmModeMapDumb.create({ handle: handleNumber(words, world) })
    const card = side.fd(world.slot(words.fd))
    const result = await side.sys.ioctl(card, uapi.DRM_IOCTL_MODE_MAP_DUMB, { bytes })
    if (result < 0) return [result]
    const { offset } = uapi.drmModeMapDumb.decode(bytes)
    const address = side.sys.mmap(words.length, 3, words.flags, card, offset)
    if (address < 0) return [result, address]
    side.addresses.set(world.mappings.length, address)
    return [result, 'mapped']
  },
  settle({ fd, length }, [, mapped], world) {
    const file = world.file(fd)
    if (mapped === 'mapped' && file !== undefined) world.map(length, file)
  },
}

export const dumb = [createDumb, feature, destroyDumb, mapDumb]
