import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const src = join(root, 'src')
const folders = readdirSync(src, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

describe('each folder of src', () => {
  it.each(folders)('%s has a README of at most 25 lines', (folder) => {
    const lines = readFileSync(join(src, folder, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.length).toBeLessThanOrEqual(25)
  })

  it.each(folders)('%s has a README that names only files that exist', (folder) => {
    const text = readFileSync(join(src, folder, 'README.md'), 'utf8')
    const paths = [...text.matchAll(/`([\w/-]+(?:\.ts|\/))`|\]\(([^)#]+)\)/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    )
    const missing = paths.filter(
      (path) => ![join(src, folder, path), join(root, path), join(src, path)].some(existsSync),
    )
    expect(missing).toEqual([])
  })

  it.each(readdirSync(join(src, 'kernel')).filter((name) => !name.includes('.')))(
    'kernel/%s has a row in the README of kernel',
    (folder) => {
      expect(readFileSync(join(src, 'kernel/README.md'), 'utf8')).toContain(`\`${folder}/\``)
    },
  )
})
