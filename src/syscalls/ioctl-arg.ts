/**
 * The argument of an ioctl, with the memory that its pointers lead to.
 *
 * The kernel's structures hold user-space addresses. A JavaScript program has none, so an argument
 * names the memory behind each pointer field: linux writes the address of `target` at offset `at`,
 * the sim looks the field up here. A field that holds a number and has no entry is a wild pointer,
 * which both kernels answer with EFAULT; one that holds 0 is NULL.
 */
export interface IoctlArg {
  /** The structure itself, laid out as the kernel's headers say, little endian. */
  readonly bytes: Uint8Array
  /** The memory behind the structure's pointer fields, by the field's byte offset. */
  readonly pointers?: ReadonlyMap<number, IoctlArg>
}

/** An argument without pointers over `bytes`. */
export function plainArg(bytes: Uint8Array): IoctlArg {
  return { bytes }
}
