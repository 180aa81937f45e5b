import * as udmabuf from '../../abi/udmabuf.ts'
import { type Request, zeroing } from './request.ts'

/** Source: include/uapi/linux/udmabuf.h. */
export const udmabufRequests: readonly Request[] = [
  {
    name: 'UDMABUF_CREATE',
    request: udmabuf.UDMABUF_CREATE,
    struct: udmabuf.udmabufCreate,
    waits: (bytes) => zeroing(udmabuf.udmabufCreate.over(bytes).size),
    makes: (_bytes, result) => result,
    takes: () => [udmabuf.udmabufCreate.offsets.memfd],
    fails: 'ENOMEM',
  },
  {
    name: 'UDMABUF_CREATE_LIST',
    request: udmabuf.UDMABUF_CREATE_LIST,
    struct: udmabuf.udmabufCreateList,
    whole: udmabuf.udmabufListSize,
    makes: (_bytes, result) => result,
    takes: memfdsOf,
    fails: 'ENOMEM',
  },
]

function memfdsOf(bytes: Uint8Array): readonly number[] {
  const { udmabufCreateItem: item, udmabufCreateList: list } = udmabuf
  const room = Math.floor((bytes.length - list.size) / item.size)
  const { count } = list.over(bytes)
  return Array.from(
    { length: Math.min(count, room) },
    (_, i) => list.size + i * item.size + item.offsets.memfd,
  )
}
