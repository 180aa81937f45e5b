import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Debian } from './debian.ts'

export interface Module {
  readonly name: string
  readonly bytes: Buffer
}

/** The modules of these names and all they depend on, in an order in which they can be inserted. */
export function insertionOrder(names: readonly string[], debian: Debian): Module[] {
  const files = moduleFiles(debian.modules)
  const order = new Map<string, Module>()
  function visit(name: string): void {
    if (order.has(name)) return
    const file = files.get(name)
    if (file === undefined) throw new Error(`The kernel ${debian.version} has no module ${name}.`)
    const bytes = execFileSync(debian.busybox, ['xzcat', file], { maxBuffer: 1 << 28 })
    for (const below of dependencies(bytes)) visit(below)
    order.set(name, { name, bytes })
  }
  for (const name of names) visit(name)
  return [...order.values()]
}

/** By name, with `_` where the file's name may have `-`. */
function moduleFiles(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return new Map(
    files
      .filter((file) => file.endsWith('.ko.xz'))
      .map((file) => [basename(file, '.ko.xz').replaceAll('-', '_'), join(folder, file)]),
  )
}

/** A module's `.modinfo` section has `depends=a,b` between two zero bytes. */
function dependencies(module: Buffer): string[] {
  const depends = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? ''
  return depends
    .replaceAll('-', '_')
    .split(',')
    .filter((name) => name !== '')
}
