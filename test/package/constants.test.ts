import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../../src')

interface Constant {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** The constants that a file declares as a number: `const NAME = 4096`, `1 << 4`, `iow('b', 0, 8)`. */
function constantsOf(source: string, path: string): Constant[] {
  const declarations = source.matchAll(/^(?:export )?const ([A-Z][A-Z\d_]+)(?:: \w+)? = (.+)$/gm)
  return [...declarations].map(([, name = '', value = '']) => ({ name, value, path }))
}

const constants = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) => constantsOf(readFileSync(join(src, path), 'utf8'), path))
const isAbi = ({ path }: Constant): boolean => path.startsWith('abi')
const abi = new Map(constants.filter(isAbi).map((constant) => [constant.name, constant]))

describe('a constant of the kernel', () => {
  it('is declared in src/abi alone', () => {
    const again = constants.filter((constant) => !isAbi(constant) && abi.has(constant.name))
    expect(again).toEqual([])
  })

  it('is declared once there', () => {
    expect(constants.filter(isAbi)).toHaveLength(abi.size)
  })

  it('is not written as an ioctl number elsewhere', () => {
    const numbers = constants.filter(
      (constant) => !isAbi(constant) && /^0x[4c]0[\da-f]{6}$/.test(constant.value),
    )
    expect(numbers).toEqual([])
  })
})

describe('the search for constants', () => {
  it('finds declarations with and without a type', () => {
    const source =
      'const A_B = 1\nexport const C_D: number = 1 << 4\n  const E_F = 2\nlet G_H = 3\n'
    expect(constantsOf(source, 'x.ts')).toEqual([
      { name: 'A_B', value: '1', path: 'x.ts' },
      { name: 'C_D', value: '1 << 4', path: 'x.ts' },
    ])
  })
})
