import { DMA_BUF_NAME_LEN, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../abi/dma-buf.ts'
import { ioctlSize } from '../abi/ioctl-number.ts'
import { assert } from '../base/assert.ts'
import { U32_MAX } from '../base/bits.ts'
import { isSignal, received } from './arguments.ts'
import type { IoctlArg } from './ioctl-arg.ts'
import { requestName, requests } from './requests/index.ts'
import type { RequestPointer } from './requests/request.ts'
import type { PollFd, ViewScope, WaitOptions } from './syscalls.ts'

/** A value in a message: a number as it is, anything else in words. */
function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : received(value)
}

/** `value` is a text that C can pass on. */
export function text(call: string, name: string, value: string): void {
  assert(
    typeof value === 'string',
    () => `${call}: ${name} is ${shown(value)}; it must be a string`,
  )
  assert(!value.includes('\0'), () => `${call}: the ${name} '${value}' has a NUL inside`)
}

/** The options of a waiting call have a signal that can be listened to, or none. */
export function wait(call: string, options: WaitOptions | undefined): void {
  if (options === undefined) return
  const isObject = typeof options === 'object' && options !== null
  assert(isObject, () => `${call}: the options are ${shown(options)}; they must be an object`)
  const { signal } = options
  assert(
    signal === undefined || isSignal(signal),
    () => `${call}: the signal is ${shown(signal)}; it must be an AbortSignal`,
  )
}

/** `value` fits a C int, or as an unsigned one. */
export function int(call: string, name: string, value: number): void {
  assert(
    Number.isInteger(value) && value >= -0x80000000 && value <= U32_MAX,
    () => `${call}: ${name} is ${shown(value)}; it must be an integer of 32 bits`,
  )
}

/** `value` is an integer that a number holds exactly. */
export function safe(call: string, name: string, value: number): void {
  assert(
    Number.isSafeInteger(value),
    () => `${call}: ${name} is ${shown(value)}; it must be an integer`,
  )
}

/** `value` is a length or an address. */
export function size(call: string, name: string, value: number): void {
  assert(
    Number.isSafeInteger(value) && value >= 0,
    () => `${call}: ${name} is ${shown(value)}; it must be an integer from 0 up`,
  )
}

/** `value` is how long a view may be used. */
export function scope(call: string, value: ViewScope): void {
  const isKnown = value === 'bracket' || value === 'mapping'
  assert(
    isKnown,
    () => `${call}: scope ${typeof value === 'string' ? `'${value}'` : shown(value)} is not known`,
  )
}

/** `value` is memory. */
export function memory(call: string, name: string, value: Uint8Array): void {
  assert(
    ArrayBuffer.isView(value) && value.BYTES_PER_ELEMENT === 1,
    () => `${call}: ${name} must be a Uint8Array`,
  )
}

/** The kernel reads a name up to its NUL, 32 bytes at most. */
function nameEnds(name: string, bytes: Uint8Array): void {
  assert(
    bytes.length >= DMA_BUF_NAME_LEN || bytes.includes(0),
    `ioctl ${name}: the text has no NUL: end it with one, or pass ${DMA_BUF_NAME_LEN} bytes`,
  )
}

function target(name: string, argument: IoctlArg, field: RequestPointer): void {
  const given = argument.pointers?.get(field.offset)
  if (given === undefined) return
  memory(`ioctl ${name}`, field.field, given.bytes)
  const needed = field.length(argument.bytes)
  assert(
    given.bytes.length >= needed,
    () =>
      `ioctl ${name}: ${field.field} leads to ${given.bytes.length} bytes, the counts beside it ` +
      `say ${needed}: pass a larger array or a smaller count`,
  )
}

/** A list is as long as the count in its head says. */
function list(name: string, request: number, bytes: Uint8Array): void {
  const needed = requests.get(request)?.whole?.(bytes) ?? 0
  assert(
    bytes.length >= needed,
    () =>
      `ioctl ${name}: the argument has ${bytes.length} bytes, its count says ${needed}: ` +
      'make it with udmabufList()',
  )
}

/** Bytes of an address. */
const POINTER = 8
/** No kernel structure here leads further. */
const DEEPEST = 4

/** `value` is memory with the memory behind its pointers. */
function argumentOf(call: string, name: string, value: IoctlArg, depth = 0): void {
  assert(depth <= DEEPEST, () => `${call}: the pointers lead deeper than ${DEEPEST} structures`)
  const isObject = typeof value === 'object' && value !== null
  assert(isObject, () => `${call}: ${name} is ${shown(value)}; it must be an object with bytes`)
  memory(call, name, value.bytes)
  const { pointers } = value
  if (pointers === undefined) return
  assert(pointers instanceof Map, () => `${call}: the pointers of ${name} must be a Map`)
  for (const [offset, target] of pointers) {
    const fits = Number.isSafeInteger(offset) && offset >= 0
    assert(
      fits && offset + POINTER <= value.bytes.length,
      () => `${call}: there is no pointer at ${shown(offset)} of ${value.bytes.length} bytes`,
    )
    argumentOf(call, 'the memory behind a pointer', target, depth + 1)
  }
}

/**
 * The structure is as long as the number says, and the memory behind its pointers as long as its
 * counts.
 */
export function ioctl(fd: number, request: number, argument: IoctlArg): void {
  int('ioctl', 'fd', fd)
  int('ioctl', 'request', request)
  const name = requestName(request)
  argumentOf(`ioctl ${name}`, 'argument', argument)
  const { bytes } = argument
  const needed = ioctlSize(request)
  assert(
    bytes.length >= needed,
    () =>
      `ioctl ${name}: the argument has ${bytes.length} bytes, the number says ${needed}: ` +
      'make it with create() of its struct',
  )
  list(name, request, bytes)
  if (request === DMA_BUF_SET_NAME_A || request === DMA_BUF_SET_NAME_B) nameEnds(name, bytes)
  for (const field of requests.get(request)?.pointers ?? []) target(name, argument, field)
}

/** Each entry is a descriptor with a mask, and the timeout -1 or a time. */
export function poll(fds: readonly PollFd[], timeout: number): void {
  assert(Array.isArray(fds), () => `poll: fds is ${shown(fds)}; it must be an array`)
  for (const entry of fds) {
    const isEntry = typeof entry === 'object' && entry !== null && !Object.isFrozen(entry)
    assert(isEntry, () => `poll: an entry is ${shown(entry)}; it must be an object to write to`)
    int('poll', 'fd', entry.fd)
    int('poll', 'events', entry.events)
  }
  assert(
    timeout === -1 || (Number.isSafeInteger(timeout) && timeout >= 0),
    () =>
      `poll: the timeout is ${shown(timeout)}; it must be nanoseconds from 0 up, or -1 for no limit`,
  )
}
