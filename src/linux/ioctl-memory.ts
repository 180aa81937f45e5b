import type { IoctlArg } from '../syscalls/ioctl-arg.ts'
import { requests } from '../syscalls/requests/index.ts'

/** An address that no process has mapped (the kernel forbids the first page): always EFAULT. */
const NOWHERE = 1n

/** One pointer field that holds an address for the time of a call. */
interface Written {
  readonly data: DataView
  readonly offset: number
  readonly before: bigint
  readonly address: bigint
}

/**
 * Writes real addresses into the pointer fields of `argument` and, recursively, of the structures that they
 * lead to, for one call. Returns a function that removes them. A field of a known request that holds a number and names no
 * memory gets an address that is never mapped, so that the kernel answers as it does to a wild pointer
 * and cannot write over this process.
 *
 * The arrays stay where they are until they are collected: keep `argument` until the call returns.
 */
export function writeAddresses(
  request: number,
  argument: IoctlArg,
  addressOf: (memory: Uint8Array) => bigint,
): (() => void) | undefined {
  const known = requests.get(request)?.pointers
  if (argument.pointers === undefined && (known === undefined || known.length === 0)) {
    return undefined
  }
  const written: Written[] = []
  for (const { offset } of known ?? []) {
    if (argument.pointers?.has(offset) === true) continue
    const data = dataOf(argument.bytes)
    if (data.getBigUint64(offset, true) !== 0n) put(written, data, offset, NOWHERE)
  }
  putAll(written, argument, addressOf)
  return () => takeOut(written)
}

function putAll(
  written: Written[],
  argument: IoctlArg,
  addressOf: (memory: Uint8Array) => bigint,
): void {
  if (argument.pointers === undefined) return
  const data = dataOf(argument.bytes)
  for (const [offset, target] of argument.pointers) {
    const address = target.bytes.length === 0 ? NOWHERE : addressOf(target.bytes)
    put(written, data, offset, address)
    putAll(written, target, addressOf)
  }
}

function dataOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

function put(written: Written[], data: DataView, offset: number, address: bigint): void {
  written.push({ data, offset, before: data.getBigUint64(offset, true), address })
  data.setBigUint64(offset, address, true)
}

/** Restores the fields, last first; one that the kernel has written is left as it is. */
function takeOut(written: readonly Written[]): void {
  for (const { data, offset, before, address } of [...written].reverse()) {
    if (data.getBigUint64(offset, true) === address) data.setBigUint64(offset, before, true)
  }
}

/** Bytes behind each array of an unknown request: more than any kernel structure without a size has. */
const ROOM = 1 << 16

/**
 * A copy of `argument` and of all the memory that it leads to, for a call that the caller cannot wait
 * for in place. `isUnknown`: the kernel may write more than the number of the request says, as for
 * TCGETS, whose number has no size; each array then has room behind it, which is thrown away.
 */
export function copyArgument(argument: IoctlArg, isUnknown = false): IoctlArg {
  const { pointers } = argument
  const bytes = copyOf(argument.bytes, isUnknown ? ROOM : 0)
  if (pointers === undefined) return { bytes }
  const copies = [...pointers].map(([at, target]): [number, IoctlArg] => [
    at,
    copyArgument(target, isUnknown),
  ])
  return { bytes, pointers: new Map(copies) }
}

function copyOf(bytes: Uint8Array, room: number): Uint8Array {
  const copy = new Uint8Array(bytes.length + room)
  copy.set(bytes)
  return copy.subarray(0, bytes.length)
}

/** Copies the results of the call from `copy` to `argument`; detached arrays are left out. */
export function copyBack(argument: IoctlArg, copy: IoctlArg): void {
  if (argument.bytes.length === copy.bytes.length) argument.bytes.set(copy.bytes)
  for (const [at, target] of argument.pointers ?? []) {
    const source = copy.pointers?.get(at)
    if (source !== undefined) copyBack(target, source)
  }
}
