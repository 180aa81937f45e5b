/** If any step inside fails, the call fails, and all its resources are released. */
import { expect, it } from 'vitest'
import { type ErrnoCode, errno } from '../../../src/abi/errno.ts'
import * as uapi from '../../uapi.ts'
import { PAGE, Rig } from './rig.ts'

const places: [place: string, nth: number, code: ErrnoCode][] = [
  ['UDMABUF_CREATE_LIST', 1, 'ENOMEM'],
  ['copy_from_user', 1, 'EFAULT'],
  ['kmalloc', 1, 'ENOMEM'],
  ['memfd_pin_folios', 1, 'ENOMEM'],
  ['memfd_pin_folios', 2, 'EINVAL'],
  ['dma_buf_export', 1, 'ENOMEM'],
  ['get_unused_fd_flags', 1, 'EMFILE'],
]

it.each(places)('making one, %s fails at passage %i with %s', async (place, nth, code) => {
  const rig = new Rig()
  const { sys } = rig.kernel
  const memfds = [rig.memfd(1), rig.memfd(1)]
  rig.kernel.fail(place, nth, code)
  const items = memfds.map((memfd) => ({ memfd, size: PAGE }))
  expect(await rig.createList(items)).toBe(-errno[code])
  expect(rig.kernel.buffers).toEqual([])
  for (const memfd of memfds) {
    expect(sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_WRITE)).toBe(0)
  }
  const exports = rig.events.filter(({ kind }) => kind === 'export').length
  expect(rig.events.filter((event) => event.kind === 'release' && event.buffer > 0).length).toBe(
    exports,
  )
})

it('making one without a free descriptor gives everything back', async () => {
  const rig = new Rig({ fdLimit: 5 })
  const memfd = rig.memfd(1)
  expect(await rig.create({ memfd, size: PAGE })).toBe(-errno.EMFILE)
  expect(rig.kernel.buffers).toEqual([])
  expect(rig.kernel.sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_WRITE)).toBe(0)
})

it('a first access that cannot map fails, and a second one works', async () => {
  const rig = new Rig()
  const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
  rig.kernel.fail('dma_map_sgtable', 1, 'ENOMEM')
  expect(await rig.sync(fd, uapi.DMA_BUF_SYNC_RW)).toBe(-errno.ENOMEM)
  expect(await rig.sync(fd, uapi.DMA_BUF_SYNC_END | uapi.DMA_BUF_SYNC_RW)).toBe(-errno.EINVAL)
  expect(await rig.sync(fd, uapi.DMA_BUF_SYNC_RW)).toBe(0)
})
