import { captureOrigin, currentOrigin, type Origin } from '../syscalls/origin.ts'

/**
 * Where the program called `entry`, which makes something that has to be given back: the origin in
 * force, or a new one. Never sleeps.
 */
export function makingOrigin(entry: unknown): Origin | undefined {
  return currentOrigin() ?? captureOrigin(entry)
}
