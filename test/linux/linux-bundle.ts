import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')

/**
 * A folder with `linux.mjs`, which is dmabuf/linux for plain node programs and their threads, where the
 * loader of TypeScript does not reach. It lies where koffi is found.
 */
export class LinuxBundle implements Disposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<LinuxBundle> {
    const cache = join(root, 'node_modules/.cache')
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'dmabuf-linux-'))
    await build({
      entryPoints: [join(root, 'src/linux/index.ts')],
      outfile: join(folder, 'linux.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'es2022',
      external: ['koffi'],
      ignoreAnnotations: true,
      logLevel: 'warning',
    })
    return new LinuxBundle(folder)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
