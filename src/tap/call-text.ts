import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_VALID_FLAGS_MASK,
  dmaBufSync,
} from '../abi/dma-buf.ts'
import { O_ACCMODE, O_CLOEXEC, O_NONBLOCK } from '../abi/fcntl.ts'
import { decodeText } from '../abi/field-kinds.ts'
import { fourccText } from '../abi/fourcc.ts'
import { decodeIoctl } from '../abi/ioctl-number.ts'
import type { IoctlArg } from '../syscalls/ioctl-arg.ts'
import { requests } from '../syscalls/requests/index.ts'
import type { PollFd } from '../syscalls/syscalls.ts'

/** The flags of open in words. */
export function flagText(flags: number): string {
  const mode = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][flags & O_ACCMODE] ?? ''
  const rest = flags & ~(O_ACCMODE | O_CLOEXEC | O_NONBLOCK)
  return [
    mode,
    ...((flags & O_NONBLOCK) !== 0 ? ['O_NONBLOCK'] : []),
    ...((flags & O_CLOEXEC) !== 0 ? ['O_CLOEXEC'] : []),
    ...(rest !== 0 ? [`0x${(rest >>> 0).toString(16)}`] : []),
  ].join(' | ')
}

/** The flags of DMA_BUF_IOCTL_SYNC in words. */
export function syncText(flags: number): string {
  if (flags > DMA_BUF_SYNC_VALID_FLAGS_MASK) return `flags ${flags}`
  const phase = (flags & DMA_BUF_SYNC_END) !== 0 ? 'END' : 'START'
  const access = ['none', 'READ', 'WRITE', 'RW'][flags & DMA_BUF_SYNC_RW] ?? ''
  return `${phase} | ${access}`
}

/** The descriptors and the time of a poll. */
export function pollText(fds: readonly PollFd[], timeout: number): string {
  const each = fds.map(({ fd, events }) => `fd ${fd} events ${events}`).join(', ')
  return timeout < 0 ? each : `${each}, at most ${timeout} ns`
}

const formatFields = new Set(['pixelformat', 'pixel_format'])

/** A member's value: numbers as they are, formats as their letters, zeros and raw bytes left out. */
function valueText(key: string, value: unknown): string | undefined {
  if (typeof value === 'number') {
    if (value === 0) return undefined
    return formatFields.has(key) ? `${key} '${fourccText(value)}'` : `${key} ${value}`
  }
  if (typeof value === 'string') return value === '' ? undefined : `${key} '${value}'`
  if (ArrayBuffer.isView(value)) return undefined
  if (Array.isArray(value)) return value.some(Boolean) ? `${key} [${value.join(' ')}]` : undefined
  const inner = membersText(value as object)
  return inner === '' ? undefined : `${key} { ${inner} }`
}

function membersText(values: object): string {
  return Object.entries(values)
    .map(([key, value]) => valueText(key, value))
    .filter((text) => text !== undefined)
    .join(', ')
}

function structText(request: number, { bytes }: IoctlArg): string | undefined {
  if (request === DMA_BUF_IOCTL_SYNC) return syncText(dmaBufSync.decode(bytes).flags)
  if (request === DMA_BUF_SET_NAME_A || request === DMA_BUF_SET_NAME_B) {
    return `'${decodeText(bytes)}'`
  }
  const layout = requests.get(request)?.struct
  return layout === undefined ? undefined : membersText(layout.decode(bytes))
}

/** The argument of an ioctl, for people. Members that are zero are left out. */
export function argumentText(request: number, argument: IoctlArg): string | undefined {
  return structText(request, argument)
}

/** The result in the structure of an ioctl that writes it; `undefined` for others. */
export function answerText(request: number, argument: IoctlArg): string | undefined {
  const { direction } = decodeIoctl(request)
  const writes = direction === 'read' || direction === 'read-write'
  // Memory that was transferred while the call slept has no bytes any more.
  const isThere = argument.bytes.length >= (requests.get(request)?.size ?? 0)
  return writes && isThere ? structText(request, argument) : undefined
}
