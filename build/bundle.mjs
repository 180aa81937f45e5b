/**
 * The published code: what `tsc` has written into compiled/, as few files in dist/ with the same names of
 * entries, and the declarations beside them. A file for each module would take a third of a second to load.
 *
 * Entries share chunks, so that every class exists once, whichever door a program comes through.
 */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { build, transform } from 'esbuild'

const FROM = 'compiled'
const TO = 'dist'
/** What the command starts beside what package.json names. */
const STARTED = ['cli/worker/entry.js', 'cli/worker/hooks.js']

const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8'))
const doors = Object.values(exports).flatMap((door) => door.default ?? [])
const published = [...doors, ...Object.values(bin)].map((file) => relative(TO, file))

/** src/base/host.ts without its module syntax and comments. */
const hostModule = readFileSync(join(FROM, 'base/host.js'), 'utf8')
const { code: hostCode } = await transform(hostModule.replace(/^export \{\};?$/m, ''), {
  minifyWhitespace: true,
})

const { metafile } = await build({
  entryPoints: [...published, ...STARTED].map((file) => join(FROM, file)),
  outbase: FROM,
  outdir: TO,
  // src/tap/format-origin.ts knows this package's own frames by these names.
  chunkNames: 'shared/dmabuf-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // package.json says of dist/ which files have side effects, and nothing of compiled/.
  ignoreAnnotations: true,
  // esbuild orders chunks as it likes: each begins with what its classes need of the host.
  banner: { js: hostCode },
  metafile: true,
  logLevel: 'warning',
})

for (const file of Object.keys(metafile.outputs)) {
  writeFileSync(file, withClassNames(readFileSync(file, 'utf8')))
}

const written = new Set(Object.keys(metafile.outputs).map((file) => relative(TO, file)))
for (const file of filesIn(FROM)) {
  if (!file.endsWith('.d.ts')) continue
  mkdirSync(join(TO, file, '..'), { recursive: true })
  cpSync(join(FROM, file), join(TO, file))
  written.add(file)
}
for (const file of filesIn(TO)) if (!written.has(file)) rmSync(join(TO, file))
for (const file of Object.values(bin)) chmodSync(file, 0o755)

/**
 * esbuild writes `var DmaBuf = class _DmaBuf`, and V8 takes a class's name in stacks and logs from there.
 * Inside its body, a class of the variable's name is what the variable is.
 */
function withClassNames(code) {
  const classes = [...code.matchAll(/^\s*(?:var|let|const) (\w+) = class _(\w+)\b/gm)]
  const names = new Set(classes.filter(([, variable, name]) => variable === name).map(([, n]) => n))
  return code.replace(/(?<![\w$.#'"`])_(\w+)\b/g, (word, name) => (names.has(name) ? name : word))
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
}
