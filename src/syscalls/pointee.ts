import type { IoctlArg } from './ioctl-arg.ts'

/**
 * The target of the pointer field at byte `offset` of `argument`: the memory, `'null'` for NULL, or
 * `'wild'` for a number that points to nothing (answer EFAULT).
 */
export function pointee(argument: IoctlArg, offset: number): IoctlArg | 'null' | 'wild' {
  const target = argument.pointers?.get(offset)
  if (target !== undefined) return target
  const { buffer, byteOffset } = argument.bytes
  return new DataView(buffer, byteOffset + offset, 8).getBigUint64(0, true) === 0n ? 'null' : 'wild'
}
