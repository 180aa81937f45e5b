/** Where this package is installed, wherever in it the running code was bundled to. */
import { existsSync, readFileSync } from 'node:fs'

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly devDependencies: { readonly vitest: string }
}

/** The package's folder, as a URL that ends in a slash. */
export const packageRoot: URL = rootAbove(new URL('.', import.meta.url))

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as Manifest
}

function rootAbove(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder
  const parent = new URL('..', folder)
  if (parent.href === folder.href) throw new Error(`no package.json above ${import.meta.url}`)
  return rootAbove(parent)
}
