import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Debian } from './debian.ts'
import { insertionOrder } from './modules.ts'
import { cache } from './places.ts'

/** The host's folders; importers and exporters to test with. Heaps and udmabuf are built in. */
const usual = ['9pnet_virtio', '9p', 'vgem', 'vivid', 'cirrus']
const init = join(import.meta.dirname, 'guest/init')

/**
 * The guest's root: busybox, this node with its libraries, the modules, the first process. Built
 * again only when one of them changes. The files of a run are not in here. `more` are names of
 * modules that are inserted after the usual ones.
 */
export function initramfs(debian: Debian, more: readonly string[]): string {
  const modules = [...usual, ...more]
  const parts = [process.execPath, ...libraries(process.execPath)]
  const key = createHash('sha256')
  key.update(JSON.stringify([debian.version, process.version, parts, modules]))
  key.update(readFileSync(init))
  const image = join(cache, `initramfs-${key.digest('hex').slice(0, 12)}.cpio`)
  if (existsSync(image)) return image
  for (const old of readdirSync(cache).filter((name) => name.startsWith('initramfs-'))) {
    rmSync(join(cache, old), { recursive: true })
  }
  build(image, debian, parts, modules)
  return image
}

/** The shared libraries a program needs, its loader among them; none if it is static. */
function libraries(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' })
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '')
}

function build(
  image: string,
  debian: Debian,
  [node = '', ...libraries]: string[],
  modules: readonly string[],
): void {
  const order = insertionOrder(modules, debian)
  const root = `${image}.${process.pid}`
  for (const folder of ['bin', 'modules']) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync(debian.busybox, join(root, 'bin/busybox'))
  copyFileSync(node, join(root, 'bin/node'))
  for (const library of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true })
    copyFileSync(library, join(root, library))
  }
  for (const { name, bytes } of order) writeFileSync(join(root, `modules/${name}.ko`), bytes)
  writeFileSync(join(root, 'modules/order'), order.map(({ name }) => `${name}\n`).join(''))
  copyFileSync(init, join(root, 'init'))
  chmodSync(join(root, 'init'), 0o755)
  const pack = `'${debian.busybox}' find . | '${debian.busybox}' cpio -o -H newc`
  execFileSync('sh', ['-c', `${pack} > '${root}.cpio'`], { cwd: root, stdio: 'ignore' })
  renameSync(`${root}.cpio`, image)
  rmSync(root, { recursive: true })
}
