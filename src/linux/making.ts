import { captureOrigin, currentOrigin, type Origin } from '../syscalls/origin.ts'

/**
 * The line at which the program called `entry`, which makes a resource that has to be released: the origin
 * in force, or a new one.
 */
export function makingOrigin(entry: unknown): Origin | undefined {
  return currentOrigin() ?? captureOrigin(entry)
}
