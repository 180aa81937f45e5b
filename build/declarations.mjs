/**
 * Makes the declarations in dist/ readable for TypeScript from 5.2 on. Before 5.7 `Uint8Array` is not
 * generic: the type that `Uint8Array.of` returns is `Uint8Array<ArrayBuffer>` from 5.7 on, and
 * `Uint8Array` before. Runs after each build, over files that are done already too.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const dist = new URL('../dist/', import.meta.url)
const GENERIC = /\bUint8Array<ArrayBuffer>/g
const PORTABLE = "ReturnType<Uint8ArrayConstructor['of']>"

for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue
  const file = new URL(name.replaceAll('\\', '/'), dist)
  const text = readFileSync(file, 'utf8')
  const portable = text.replace(GENERIC, PORTABLE)
  if (portable !== text) writeFileSync(file, portable)
}
