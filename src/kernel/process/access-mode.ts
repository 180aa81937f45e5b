import { O_ACCMODE } from '../../abi/fcntl.ts'

/** FMODE_READ: whether a file with these flags may be read. Never with the mode 3 (OPEN_FMODE). */
export function canRead(flags: number): boolean {
  return (((flags & O_ACCMODE) + 1) & 1) !== 0
}

/** FMODE_WRITE: whether a file with these flags may be written. Never with the mode 3. */
export function canWrite(flags: number): boolean {
  return (((flags & O_ACCMODE) + 1) & 2) !== 0
}
