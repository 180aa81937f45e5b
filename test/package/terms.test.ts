import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

it('docs/terms.md names only types that src exports', () => {
  const rows = readFileSync(join(root, 'docs/terms.md'), 'utf8').matchAll(/^\| [^|]+ \| `(\w+)`/gm)
  const types = [...rows].map(([, type]) => type ?? '')
  expect(types.length).toBeGreaterThan(30)
  const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
    .join('\n')
  const exported = new Set(
    [...source.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm)].map((m) => m[1]),
  )
  expect(types.filter((type) => !exported.has(type))).toEqual([])
})
