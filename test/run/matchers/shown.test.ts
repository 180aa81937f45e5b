import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
)

it('vitest shows a failure of toBeClean at the line of the program', { timeout: 60_000 }, () => {
  const config = 'test/run/matchers/vitest.config.ts'
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/VITEST/.test(key)))
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--config', config, '--no-color'],
    { cwd: root, encoding: 'utf8', env: { ...env, NO_COLOR: '1' } },
  )
  const shown = `${stdout}${stderr}`
  expect(shown).toMatch(/programs\.ts:20:11\n.*18\|.*\n.*19\|.*\n\s+20\|\s+mapping\.set\(/)
  expect(shown).toContain('shown.case.ts:7')
  expect(status).toBe(1)
})
