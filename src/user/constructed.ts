import type { Syscalls } from '../syscalls/syscalls.ts'

/** The static methods that make objects, the first that a class has. */
const FACTORIES = ['open', 'adopt', 'create']

/** A class with factories was constructed by `new`: a TypeError that names the factory. */
export function requireFactory(type: { readonly name: string }, sys: Syscalls): void {
  if (typeof (sys as Partial<Syscalls> | undefined)?.ioctl === 'function') return
  const factory = FACTORIES.find((name) => name in type) ?? 'open'
  throw new TypeError(
    `${type.name} has no public constructor: use ${type.name}.${factory}(kernel, ...)`,
  )
}
