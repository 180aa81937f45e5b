import { join } from 'node:path'

export const repository: string = join(import.meta.dirname, '..')

/** Packages, the unpacked kernel, the guest's base image. May be deleted at any time. */
export const cache: string = join(repository, 'node_modules/.cache/dmabuf-lab')

/** A dependency of the lab that this machine lacks, with advice. */
export class Missing extends Error {
  override readonly name = 'Missing'
}
