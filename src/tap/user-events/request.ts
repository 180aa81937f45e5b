import type { IoctlArg } from '../../syscalls/ioctl-arg.ts'
import type { OpenFile } from './files.ts'

/** An ioctl on an open file. */
export interface Request {
  readonly file: OpenFile
  readonly argument: IoctlArg
}
