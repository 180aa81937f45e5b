/** `dmabuf init`: the files that it writes run, and existing files stay as they are. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, type Result, root } from './command.ts'

const WRITTEN = [
  'package.json',
  'pipeline.test.ts',
  'pipeline.ts',
  'tsconfig.json',
  'vitest.config.ts',
]

/** Links the packages that `npm install` would install. */
function link(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/dmabuf'), 'junction')
  symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'), 'junction')
}

function node(cwd: string, ...words: string[]): Result {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd,
    env,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

describe('dmabuf init in an empty folder', () => {
  it('writes a program and a test that run, and types that compile', async () => {
    const folder = folderWith({})
    const { code, stdout } = await dmabuf(folder, ['init'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^wrote pipeline\.ts\n[\s\S]*\nnext:\n {2}npm install\n {2}npx dmabuf pipeline\.ts\n/,
    )
    expect(readdirSync(folder).sort()).toEqual(WRITTEN)
    link(folder)

    const ran = await dmabuf(folder, ['pipeline.ts'])
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('clean: no findings') })
    const tested = node(folder, join(root, 'node_modules/vitest/vitest.mjs'), 'run')
    expect(tested.stdout).toContain('1 passed')
    expect(tested.code).toBe(0)
    const compiled = node(folder, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.')
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' })
  }, 180_000)

  it('writes a test that fails at the line where the program is made wrong', async () => {
    const folder = folderWith({})
    await dmabuf(folder, ['init'])
    const right = readFileSync(join(folder, 'pipeline.ts'), 'utf8')
    const wrong = right
      .replace(
        "await frame.buffer.withCpuAccess('read-write', (bytes) => {",
        'const { bytes } = frame.buffer.map(); {',
      )
      .replace('})\n    await display', '}\n    await display')
    const files = {
      'pipeline.ts': wrong,
      'pipeline.test.ts': readFileSync(join(folder, 'pipeline.test.ts')),
    }
    const broken = folderWith({
      ...files,
      'vitest.config.ts': readFileSync(join(folder, 'vitest.config.ts')),
    })
    link(broken)
    const tested = node(broken, join(root, 'node_modules/vitest/vitest.mjs'), 'run')
    expect(tested.code).toBe(1)
    expect(tested.stdout + tested.stderr).toContain('write-outside-bracket')
  }, 180_000)

  it('names this package and vitest as dependencies', async () => {
    const folder = folderWith({})
    await dmabuf(folder, ['init', 'made/below'])
    const text = readFileSync(join(folder, 'made/below/package.json'), 'utf8')
    const { scripts, devDependencies } = JSON.parse(text) as Record<string, Record<string, string>>
    expect(scripts).toEqual({ start: 'dmabuf run pipeline.ts', test: 'vitest run' })
    const path = devDependencies?.dmabuf?.replace(/^file:/, '') ?? ''
    const manifest = readFileSync(join(folder, 'made/below', path, 'package.json'), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ name: 'dmabuf' })
    expect(devDependencies?.vitest).toMatch(/^\^\d+\.\d+\.\d+$/)
  })
})

describe.concurrent('dmabuf init where files are', () => {
  it.each(['pipeline.ts', 'pipeline.test.ts'])('names %s and writes nothing', async (name) => {
    const folder = folderWith({ [name]: 'mine' })
    const { code, stdout, stderr } = await dmabuf(folder, ['init'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`error: ${name} exists already`)
    expect(readdirSync(folder)).toEqual([name])
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine')
  })

  it('keeps the files of a project, and prints the commands that it lacks', async () => {
    const mine = {
      'package.json':
        '{ "scripts": { "start": "mine", "test": "echo \\"Error: no test specified\\"" } }',
      'tsconfig.json': '{}',
      'vite.config.js': '',
    }
    const folder = folderWith(mine)
    const { code, stdout } = await dmabuf(folder, ['init'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}npm install --save-dev \S+ vitest@\^/m)
    expect(stdout).toContain('  npm pkg set scripts.test="vitest run"\n')
    for (const [name, text] of Object.entries(mine)) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
    }
    expect(readdirSync(folder)).not.toContain('vitest.config.ts')
  })

  it.each([
    ['file', 'cannot write to'],
    ['file/below', 'cannot write to'],
    ['broken', 'cannot read'],
  ])('%s is no folder for it', async (name, text) => {
    const folder = folderWith({ file: '', 'broken/package.json': '{' })
    const { code, stderr } = await dmabuf(folder, ['init', name])
    expect(code).toBe(2)
    expect(stderr).toContain(text)
    expect(readdirSync(join(folder, 'broken'))).toEqual(['package.json'])
  })
})
