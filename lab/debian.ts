import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { need, output } from './command.ts'
import { cache, Missing } from './places.ts'

/** The release whose kernel is 6.12: it has udmabuf and dma-heaps, the one before has not. */
const suite = 'trixie'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The packages taken from Debian, unpacked and not installed: the kernel and the guest's user space. */
export interface Debian {
  /** Names the packages' versions. */
  readonly version: string
  readonly vmlinuz: string
  /** The folder of the kernel's modules, `.ko.xz` files. */
  readonly modules: string
  /** A static executable, also run on the host. */
  readonly busybox: string
}

/**
 * Downloads and unpacks once; later calls use the cache. Packages put into the cache's
 * folder `debs` by hand are used and apt is not asked.
 *
 * @throws Missing without Debian's tools or its archive.
 */
export function debian(): Debian {
  const unpacked = join(cache, 'unpacked')
  if (!existsSync(unpacked)) {
    need('dpkg-deb', 'install the package dpkg')
    unpack(downloaded(join(cache, 'debs')), unpacked)
  }
  const modules = join(unpacked, 'usr/lib/modules')
  const [version] = readdirSync(modules)
  if (version === undefined) throw new Error(`No kernel in ${unpacked}; delete it.`)
  return {
    version,
    vmlinuz: join(unpacked, 'boot', `vmlinuz-${version}`),
    modules: join(modules, version),
    busybox: join(unpacked, 'usr/bin/busybox'),
  }
}

function unpack(packages: string[], to: string): void {
  const part = `${to}.${process.pid}`
  mkdirSync(part)
  for (const deb of packages) output('dpkg-deb', ['-x', deb, part])
  if (existsSync(to)) rmSync(part, { recursive: true })
  else renameSync(part, to)
}

function downloaded(folder: string): string[] {
  if (!existsSync(folder)) {
    const part = `${folder}.${process.pid}`
    mkdirSync(part, { recursive: true })
    download(part)
    if (!existsSync(folder)) renameSync(part, folder)
  }
  return readdirSync(folder).map((file) => join(folder, file))
}

/** By apt, with a separate source list and state: needs no root, and does not change the system's. */
function download(folder: string): void {
  const byHand = `put the .deb files of linux-image-6.12*-amd64 and busybox-static (Debian ${suite}) into ${join(cache, 'debs')}`
  need('apt-get', byHand)
  if (!existsSync(keyring)) throw new Missing('install the package debian-archive-keyring')
  const apt = `${folder}.apt`
  mkdirSync(join(apt, 'lists/partial'), { recursive: true })
  mkdirSync(join(apt, 'archives/partial'), { recursive: true })
  writeFileSync(
    join(apt, 'sources.list'),
    `deb [arch=amd64 signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`,
  )
  const own = [
    `Dir::Etc::SourceList=${apt}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::State::Status=/dev/null',
    `Dir::State=${apt}`,
    `Dir::Cache=${apt}`,
    'APT::Architecture=amd64',
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  try {
    output('apt-get', [...own, 'update', '--error-on=any'])
    // linux-image-amd64 is empty and depends on the kernel of the day.
    const depends = output('apt-cache', [...own, 'depends', '--important', 'linux-image-amd64'])
    const kernel = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
    if (kernel === undefined) throw new Error(`linux-image-amd64 depends on no kernel: ${depends}`)
    output('apt-get', [...own, 'download', kernel, 'busybox-static'], { cwd: folder })
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw new Missing(
      `no kernel package from Debian's archive; get a network, or ${byHand}. ${error}`,
    )
  } finally {
    rmSync(apt, { recursive: true })
  }
}
