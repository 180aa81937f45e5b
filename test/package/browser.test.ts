import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const entries = [
  ...['src/index.ts', 'src/run/index.ts', 'src/run/test/index.ts', 'src/check/index.ts'],
  ...['src/abi.ts', 'src/driver/index.ts'],
]

const nodeGlobals = ['process', 'Buffer', 'require', '__dirname', '__filename', 'global', 'module']

/**
 * A name that no source contains. esbuild's `define` replaces free uses of an identifier only, so a
 * marker in the bundle is a real use of the global: no local variable, no comment.
 */
const marker = (name: string): string =>
  `${name}_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`

interface Bundle {
  text: string
  externals: string[]
  globalsUsed: string[]
}

async function bundle(entry: { file: string } | { text: string }): Promise<Bundle> {
  const result = await build({
    ...('file' in entry
      ? { entryPoints: [join(root, entry.file)] }
      : { stdin: { contents: entry.text, resolveDir: root, loader: 'ts' } }),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'bundled',
    target: 'es2022',
    logLevel: 'silent',
    define: Object.fromEntries(
      nodeGlobals.flatMap((name) => [
        [name, marker(name)],
        [`globalThis.${name}`, marker(name)],
      ]),
    ),
  })
  const text = result.outputFiles[0]?.text ?? ''
  const outputs = Object.values(result.metafile.outputs)
  return {
    text,
    externals: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
    globalsUsed: nodeGlobals.filter((name) => text.includes(marker(name))),
  }
}

/** The globals a browser page has and this package may use; `setImmediate` is not one of them. */
function browserContext(): object {
  return createContext({
    console,
    structuredClone,
    setTimeout,
    clearTimeout,
    queueMicrotask,
    MessageChannel,
    TextEncoder,
    TextDecoder,
    URL,
    AbortController,
    AbortSignal,
    performance,
  })
}

describe.each(entries)('%s in a browser', (file) => {
  it('bundles without a node: module, a package or a Node global', async () => {
    const { externals, globalsUsed } = await bundle({ file })
    expect({ externals, globalsUsed }).toEqual({ externals: [], globalsUsed: [] })
  })

  it('loads where only browser globals exist', async () => {
    const { text } = await bundle({ file })
    const names: unknown = runInContext(`${text}\n;Object.keys(bundled).join()`, browserContext())
    expect(names).not.toBe('')
  })
})

describe('the bundle check itself', () => {
  it.each(['process.pid', 'Buffer.alloc(1)', 'require("x")', 'globalThis.process', '__dirname'])(
    'finds %s',
    async (use) => {
      const { globalsUsed } = await bundle({ text: `export const a: unknown = ${use}` })
      expect(globalsUsed).toHaveLength(1)
    },
  )

  it('lets a local of the same name pass', async () => {
    const text = 'export const f = (process: { pid: number }): number => process.pid // Buffer'
    expect((await bundle({ text })).globalsUsed).toEqual([])
  })

  it('refuses a node: import', async () => {
    await expect(bundle({ text: `export * from 'node:fs'` })).rejects.toThrow('node:fs')
  })
})
