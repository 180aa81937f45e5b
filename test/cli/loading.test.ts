import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'
import { clean, program } from './programs.ts'

const plain = `import { DmaHeap } from 'dmabuf'
import { boards } from 'dmabuf/sim'
import { ruleIds } from 'dmabuf/check'

export default async (kernel) => {
  const heap = DmaHeap.open(kernel)
  heap[Symbol.dispose]()
  if (boards.size === 0 || ruleIds.length === 0) throw new Error('empty')
}
`
const required = `const dmabuf = require('dmabuf')
module.exports = async (kernel) => {
  using heap = dmabuf.DmaHeap.open(kernel)
  if (require('node:path').basename(__filename).length === 0) throw new Error('no name')
}
`
const esm = '{ "type": "module" }\n'

const folder = folderWith({
  'plain.js': plain,
  'plain.mjs': plain,
  'typed.ts': clean,
  'typed.mts': clean,
  'module/package.json': esm,
  'module/plain.js': plain,
  'module/typed.ts': clean,
  'module/node_modules/dmabuf/package.json': '{ "name": "dmabuf", "exports": "./index.js" }\n',
  'module/node_modules/dmabuf/index.js': 'throw new Error("a second copy")\n',
  'esm.cts': clean,
  'required.cjs': required,
  'required.cts': required.replace(
    "const dmabuf = require('dmabuf')",
    "import dmabuf = require('dmabuf')",
  ),
  'js-name/main.ts': "import run from './part.js'\nexport default run\n",
  'js-name/part.ts': plain,
  'no-extension/main.ts': "import run from './part'\nimport './folder'\nexport default run\n",
  'no-extension/part.ts': plain,
  'no-extension/folder/index.ts': 'export const a: number = 1\n',
  'parts/main.ts': "import run from './part.ts'\nexport default run\n",
  'parts/part.ts': program('throw new Error("in a part")'),
  'space and %23/typed.ts': program('throw new Error("here")'),

  'bad.ts': 'const a = 1\nexport default () => {\n  const x = = a\n}\n',
  'bad.js': 'export default () => {\n  const x = = 1\n}\n',
  'no-default.ts': 'export const run = () => {}\n',
  'number.ts': 'export default 42\n',
  'no-package.ts': "import { a } from 'not-installed-here'\nexport default () => a\n",
  'no-module.ts': "\nimport { a } from './gone.ts'\nexport default () => a\n",
  'no-name.ts': "import { Nope } from 'dmabuf'\nexport default () => Nope\n",
  'throws.ts': '\nthrow new Error("on loading")\nexport default () => {}\n',
})

describe.concurrent('loading a program', () => {
  it.each([
    ...['plain.js', 'plain.mjs', 'typed.ts', 'typed.mts', 'module/plain.js', 'module/typed.ts'],
    ...['esm.cts', 'required.cjs', 'required.cts', 'js-name/main.ts', 'no-extension/main.ts'],
  ])('%s runs, on the one copy of the package', async (file) => {
    const { code, stderr } = await dmabuf(folder, ['run', file, ...once])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.each([
    ['parts/main.ts', 'parts/part.ts:3:9'],
    ['space and %23/typed.ts', 'space and %23/typed.ts:3:9'],
  ])('%s: lines are right', async (file, place) => {
    const { code, stdout } = await dmabuf(folder, ['run', file, ...once])
    expect(stdout).toContain(`--> ${place}`)
    expect(code).toBe(2)
  })
})

describe.concurrent('a file that is not a program', () => {
  const cases: [file: string, texts: string[]][] = [
    ['bad.ts', ['does not compile', '--> bad.ts:3:13', '> 3 |   const x = = a']],
    ['bad.js', ['does not compile', '--> bad.js:2:13']],
    ['no-default.ts', ['no default export', 'export default async (kernel)']],
    ['number.ts', ['must be a function (its type is number)']],
    ['no-package.ts', ["'not-installed-here'", '--> no-package.ts:1:', 'npm install']],
    ['no-module.ts', ["'gone.ts'", '--> no-module.ts:2:']],
    ['no-name.ts', ["'Nope'", '--> no-name.ts:1:10']],
    ['throws.ts', ['on loading', '--> throws.ts:2:7']],
  ]

  it.each(cases)('%s ends with 2 and one message', async (file, texts) => {
    const { code, stdout, stderr } = await dmabuf(folder, ['run', file])
    for (const text of texts) expect(stderr).toContain(text)
    expect(stderr.match(/^error: /gm)).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
