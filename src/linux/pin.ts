import { readFileSync } from 'node:fs'
import type { Koffi } from './koffi.ts'

const RTLD_NOW = 2
/** Only a library that is loaded already. */
const RTLD_NOLOAD = 4
/** The object stays mapped until the process ends. */
const RTLD_NODELETE = 0x1000

/**
 * Keeps the foreign function library in memory until the process ends. Node unloads an addon with the
 * last thread that loaded it, and the event loop of that thread then still has to close the library's
 * watch on a descriptor: it would call into memory that is gone.
 *
 * Source of the flags: dlopen(3), the same numbers in glibc and musl.
 */
export function pin(koffi: Koffi): void {
  const dlopen = koffi.load(null).func('dlopen', 'void *', ['str', 'int'])
  for (const path of addons()) dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE)
}

/** The files of the library that this process has mapped; none where /proc is not mounted. */
function addons(): Set<string> {
  try {
    const mapped = readFileSync('/proc/self/maps', 'utf8')
    return new Set([...mapped.matchAll(/\/\S.*\/koffi[^/\n]*\.node$/gm)].map(([path]) => path))
  } catch {
    return new Set()
  }
}
