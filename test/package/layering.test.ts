import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')

/** Every form in which a module can name another. */
const forms: Record<string, (from: string) => string> = {
  import: (from) => `import { a } from '${from}'\nexport const b = a\n`,
  'import type': (from) => `import type { A } from '${from}'\nexport type B = A\n`,
  'side effect': (from) => `import '${from}'\n`,
  're-export': (from) => `export { a } from '${from}'\n`,
  'export star': (from) => `export * from '${from}'\n`,
  'dynamic import': (from) => `export const a = import('${from}')\n`,
}

/** What each folder of src may stand on; `linux` and `cli` also take packages. */
const layers: Record<string, string[]> = {
  events: [],
  machine: ['events'],
  dma: ['events', 'machine'],
  fence: ['events', 'machine'],
  dmabuf: ['events', 'machine', 'dma', 'fence'],
  driver: ['events', 'machine', 'dma', 'fence', 'dmabuf', 'uapi'],
  drivers: ['events', 'machine', 'dma', 'fence', 'dmabuf', 'driver', 'uapi'],
  uapi: [],
  tap: ['events', 'uapi'],
  user: ['uapi'],
  sim: ['events', 'machine', 'dma', 'fence', 'dmabuf', 'driver', 'drivers', 'uapi', 'tap'],
  check: ['events'],
  run: ['sim', 'tap', 'check', 'events', 'uapi', 'user'],
}
const folders = [...Object.keys(layers), 'linux', 'cli']

interface Case {
  file: string
  specifier: string
  form: string
  allowed: boolean
}
const cases: Case[] = []
function addCase(folder: string, specifier: string, allowed: boolean, form = 'import'): void {
  cases.push({ file: join('src', folder, `case-${cases.length}.ts`), specifier, form, allowed })
}

for (const [folder, below] of Object.entries(layers)) {
  for (const other of folders) {
    if (other === folder) continue
    addCase(folder, `../${other}/x.ts`, below.includes(other))
    addCase(`${folder}/part`, `../../${other}/x.ts`, below.includes(other))
  }
  addCase(folder, './x.ts', folder !== 'drivers')
  addCase(`${folder}/part`, './x.ts', true)
  addCase(`${folder}/part`, '../x.ts', folder !== 'drivers')
  for (const outside of ['../index.ts', 'dmabuf', 'dmabuf/sim', 'picocolors', 'node:fs', 'fs']) {
    addCase(folder, outside, false)
  }
}
for (const form of Object.keys(forms)) {
  for (const specifier of ['../sim/x.ts', 'commander', '@babel/code-frame', 'node:fs/promises']) {
    addCase('user', specifier, false, form)
  }
  addCase('user', '../uapi/x.ts', true, form)
}
addCase('user', '../uapi/../sim/x.ts', false)
addCase('user', './../sim/x.ts', false)
addCase('user', 'some-package/uapi/x', false)
addCase('linux', '../uapi/x.ts', true)
addCase('linux', '../tap/x.ts', true)
addCase('linux', '../sim/x.ts', false)
addCase('linux', '../user/x.ts', false)
addCase('linux', 'node:fs', true)
addCase('linux', 'koffi', true)
addCase('cli', '../sim/x.ts', true)
addCase('cli', 'node:fs/promises', true)
addCase('cli', 'tsx/esm/api', false)
for (const name of Object.keys(readManifest().dependencies)) addCase('cli', name, true)
addCase('cli', 'vitest', false)
addCase('.', './sim/x.ts', true)
addCase('.', './cli/x.ts', false)
addCase('.', 'node:fs', false)

function readManifest(): { dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}

describe('imports between the folders of src', () => {
  const work = mkdtempSync(join(tmpdir(), 'dmabuf-layering-'))
  const flagged = new Set<string>()

  beforeAll(() => {
    cpSync(join(root, 'biome.json'), join(work, 'biome.json'))
    cpSync(join(root, '.gitignore'), join(work, '.gitignore'))
    for (const { file, specifier, form } of cases) {
      mkdirSync(join(work, dirname(file)), { recursive: true })
      writeFileSync(join(work, file), forms[form]?.(specifier) ?? '')
    }
    const run = spawnSync(
      process.execPath,
      [
        biome,
        'lint',
        '--only=style/noRestrictedImports',
        '--reporter=json',
        '--max-diagnostics=none',
      ],
      { cwd: work, encoding: 'utf8' },
    )
    const report: { diagnostics: { category: string; location: { path: string } }[] } = JSON.parse(
      run.stdout,
    )
    for (const { category, location } of report.diagnostics) {
      if (category === 'lint/style/noRestrictedImports') flagged.add(location.path)
    }
  }, 60_000)
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it('lets a folder use what it stands on', () => {
    const wrong = cases.filter(({ file, allowed }) => allowed && flagged.has(file))
    expect(wrong).toEqual([])
  })

  it('refuses everything else, in every form of import', () => {
    const missed = cases.filter(({ file, allowed }) => !allowed && !flagged.has(file))
    expect(missed).toEqual([])
  })

  it('has a rule for every folder there is', () => {
    const present = readdirSync(join(root, 'src'), { withFileTypes: true })
    const unknown = present.filter((entry) => entry.isDirectory() && !folders.includes(entry.name))
    expect(unknown.map((entry) => entry.name)).toEqual([])
  })

  it('has no import() or require() in neutral folders, which the rule reads only in part', () => {
    const found = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/^(cli|linux)\b/.test(path))
      .filter((path) =>
        /(?<![\w.])(?:import|require)\(/.test(readFileSync(join(root, 'src', path), 'utf8')),
      )
    expect(found).toEqual([])
  })
})
