import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf, LAYERS, ON_NODE, refusal, roomOf } from './layers.ts'

const root = join(import.meta.dirname, '../..')
const src = join(root, 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
const { dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

describe('imports between the folders of src', () => {
  it('go where the table of layers allows', () => {
    const refused = files.flatMap((path) =>
      importsOf(readFileSync(join(src, path), 'utf8')).flatMap((specifier) => {
        const why = refusal(path, specifier)
        return why === undefined ? [] : [`${path} imports ${specifier}: ${why}`]
      }),
    )
    expect(refused).toEqual([])
  })

  it('take packages that package.json depends on', () => {
    const known = Object.keys({ ...dependencies, ...optionalDependencies })
    const unknown = files
      .filter((path) => ON_NODE.includes(roomOf(path)))
      .flatMap((path) => importsOf(readFileSync(join(src, path), 'utf8')))
      .filter((name) => !/^(?:\.|node:|dmabuf$)/.test(name))
      .filter((name) => !known.some((one) => name === one || name.startsWith(`${one}/`)))
    expect(unknown).toEqual([])
  })

  it('have a row in the table for every folder', () => {
    const rooms = new Set(files.map(roomOf))
    expect([...rooms].filter((room) => !(room in LAYERS))).toEqual([])
  })

  it('go downward: no room imports one that imports it', () => {
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
      if (seen.has(from)) return false
      seen.add(from)
      const below = expand(LAYERS[from] ?? [])
      return below.includes(to) || below.some((next) => reaches(next, to, seen))
    }
    const rooms = Object.keys(LAYERS).filter((room) => room !== 'cli')
    expect(rooms.filter((room) => reaches(room, room))).toEqual([])
  })
})

/** `kernel` stands for every room in it. */
function expand(below: readonly string[]): string[] {
  return below.flatMap((name) =>
    name in LAYERS ? [name] : Object.keys(LAYERS).filter((room) => room.startsWith(`${name}/`)),
  )
}

describe('the check of imports', () => {
  it.each([
    `import { a } from '../sim/x.ts'`,
    `import type { A } from '../sim/x.ts'`,
    `import {\n  a,\n  b,\n} from '../sim/x.ts'`,
    `import * as sim from '../sim/x.ts'`,
    `import '../sim/x.ts'`,
    `export { a } from '../sim/x.ts'`,
    `export type { A } from '../sim/x.ts'`,
    `export * from '../sim/x.ts'`,
    `export const a = import('../sim/x.ts')`,
    `const a = require('../sim/x.ts')`,
  ])('reads %j', (source) => {
    expect(importsOf(source)).toEqual(['../sim/x.ts'])
  })

  it.each([
    ['user/a.ts', '../sim/x.ts'],
    ['user/part/a.ts', '../../sim/x.ts'],
    ['user/a.ts', '../abi/../sim/x.ts'],
    ['user/a.ts', './../sim/x.ts'],
    ['check/a.ts', '../syscalls/x.ts'],
    ['kernel/dma/a.ts', '../dmabuf/x.ts'],
    ['machine/a.ts', '../kernel/dma/x.ts'],
    ['linux/a.ts', '../sim/x.ts'],
    ['sim/a.ts', 'node:fs'],
    ['run/a.ts', 'picocolors'],
    ['index.ts', './cli/x.ts'],
    ['index.ts', 'node:fs'],
  ])('refuses %s the import of %s', (path, specifier) => {
    expect(refusal(path, specifier)).toBeDefined()
  })

  it.each([
    ['user/a.ts', './x.ts'],
    ['user/part/a.ts', '../x.ts'],
    ['user/a.ts', '../abi/x.ts'],
    ['drivers/camera/a.ts', '../../kernel/dma/x.ts'],
    ['linux/a.ts', 'koffi'],
    ['cli/a.ts', '../sim/x.ts'],
  ])('allows %s the import of %s', (path, specifier) => {
    expect(refusal(path, specifier)).toBeUndefined()
  })
})
